//! The keys under which texts lie at rest.
//!
//! Each organisation has data keys, stored wrapped under a key that a custodian keeps elsewhere. The
//! vault has them unwrapped again and again, so that texts become unreadable soon after the
//! custodian refuses: [`Vault::refresh`] is called at least every [`REFRESH_SECONDS_MAX`].
//! **Never here:** where the wrapping key lies, which rows are sealed.

mod content_keys;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{Caller, Clock, OrganisationId, Principal};
use envelope::{DataKey, KEY_LENGTH};
use zeroize::Zeroizing;

use crate::{
    Action, AuditError, AuditFact, SecretSource, Subject, Trail,
    ports::{AccessStore, CustodyError, DataKeyStore, KeyCustodian, StoreError, StoredDataKey},
};

pub use content_keys::{ContentKeys, Sealer, Unreadable};

/// Texts are unreadable at most this long after the custodian refused, with the time that a
/// refusal may take to come.
pub const REFRESH_SECONDS_MAX: u64 = 30;

/// What has keys of its own in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataClass {
    /// Names, questions, answers, files, drafts and documents.
    Conversations,
    /// The words that a search looks for, and the digests of documents.
    Search,
}

impl DataClass {
    pub const ALL: [Self; 2] = [Self::Conversations, Self::Search];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Search => "search",
        }
    }

    /// The class that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// The texts cannot be read or written now: their keys are not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the texts are locked: the key that wraps their keys is not at hand")]
pub struct Locked;

/// Why the keys are not at hand.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    Custody(#[from] CustodyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// What a [`Vault`] is made of.
pub struct VaultParts {
    pub custodian: Arc<dyn KeyCustodian>,
    pub store: Arc<dyn DataKeyStore>,
    pub access: Arc<dyn AccessStore>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub secrets: Arc<dyn SecretSource>,
}

/// Has the keys at hand, or says that they are locked.
pub struct Vault {
    parts: VaultParts,
    /// Read with every text, replaced at each refresh: a lock, not a task.
    keys: RwLock<Option<KeysByTenant>>,
    /// Whether the store could not be read at the last refresh.
    was_unread: AtomicBool,
}

type KeysByTenant = HashMap<OrganisationId, Arc<ContentKeys>>;

impl Vault {
    /// Locked until the first [`Self::refresh`].
    pub fn new(parts: VaultParts) -> Self {
        Self { parts, keys: RwLock::new(None), was_unread: AtomicBool::new(false) }
    }

    /// The keys of a tenant's texts.
    pub fn keys(&self, organisation: OrganisationId) -> Result<Arc<ContentKeys>, Locked> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.as_ref().and_then(|keys| keys.get(&organisation)).cloned().ok_or(Locked)
    }

    /// As [`Self::keys`]; makes those of an organisation that came while the vault was open.
    pub async fn keys_or_new(
        &self,
        organisation: OrganisationId,
    ) -> Result<Arc<ContentKeys>, Locked> {
        match self.keys(organisation) {
            Err(Locked) if self.is_open() => {
                if let Err(error) = self.found_for_owner(organisation).await {
                    tracing::error!(%error, "an organisation got no keys");
                }
                self.keys(organisation)
            }
            known => known,
        }
    }

    async fn found_for_owner(&self, organisation: OrganisationId) -> Result<(), VaultError> {
        let Some(owner) = self.parts.access.owner(organisation).await? else {
            return Ok(());
        };
        self.found(Caller {
            organisation,
            project: owner.project,
            account: owner.id,
            principal: Principal::Operator,
            permissions: owner.role.permissions(),
        })
        .await
    }

    /// Whether texts can be read now.
    pub fn is_open(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Has every key unwrapped anew, and locks the texts if one cannot be.
    ///
    /// A store that could not be read says nothing of the wrapping key: the texts are locked when
    /// that happens twice in a row.
    pub async fn refresh(&self) -> Result<(), VaultError> {
        let fetched = self.fetch().await;
        let is_unread = matches!(&fetched, Err(VaultError::Store(_)));
        let was_unread = self.was_unread.swap(is_unread, Ordering::SeqCst);
        if is_unread && !was_unread {
            return fetched.map(drop);
        }
        if self.is_open()
            && let Err(error) = &fetched
        {
            tracing::error!(code = "encryption.locked", %error, "the texts are locked");
        }
        let (keys, result) = match fetched {
            Ok(keys) => (Some(keys), Ok(())),
            Err(error) => (None, Err(error)),
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        result
    }

    /// Forgets every key; a refresh brings them back.
    pub fn lock(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Makes keys for an organisation that has none yet. `caller` speaks for it in the log.
    pub async fn found(&self, caller: Caller) -> Result<(), VaultError> {
        let stored = self.parts.store.data_keys().await?;
        for class in DataClass::ALL {
            let is_of = |key: &&StoredDataKey| {
                key.organisation == caller.organisation && key.class == class
            };
            if stored.iter().find(is_of).is_none() {
                self.add(caller, class, 1).await?;
            }
        }
        self.refresh().await
    }

    /// Makes a new key for texts that are written from now on; those of before keep theirs. The
    /// version of the new key.
    pub async fn rotate(&self, caller: Caller) -> Result<u32, VaultError> {
        let class = DataClass::Conversations;
        let stored = self.parts.store.data_keys().await?;
        let of_class = stored
            .iter()
            .filter(|key| (key.organisation, key.class) == (caller.organisation, class));
        let version = of_class.map(|key| key.version).max().unwrap_or(0) + 1;
        self.add(caller, class, version).await?;
        self.refresh().await?;
        Ok(version)
    }

    /// Has every data key wrapped by another custodian. The texts stay as they are.
    ///
    /// `false`, and nothing changed, if a key was made meanwhile.
    pub async fn rewrap(&self, caller: Caller, by: &dyn KeyCustodian) -> Result<bool, VaultError> {
        let mut rewrapped = Vec::new();
        let mut id = None;
        for stored in self.parts.store.data_keys().await? {
            let place = place(stored.organisation, stored.class);
            let key = self.parts.custodian.unwrap(&place, &stored).await?;
            let (wrapping, wrapped) = by.wrap(&place, &key).await?;
            id = Some(wrapping);
            rewrapped.push(StoredDataKey { wrapping, wrapped, ..stored });
        }
        let subject = id.map_or(Subject::Nothing, Subject::WrappingKey);
        let fact = AuditFact::ok(Action::WrappingKeyReplace, caller, subject);
        let entry = self.parts.trail.entry(&fact).await?;
        Ok(self.parts.store.rewrap_data_keys(&rewrapped, &entry).await?)
    }

    async fn add(&self, caller: Caller, class: DataClass, version: u32) -> Result<(), VaultError> {
        let mut secret = Zeroizing::new([0; KEY_LENGTH]);
        self.parts.secrets.fill(&mut *secret);
        let key = DataKey::new(version, secret);
        let place = place(caller.organisation, class);
        let (wrapping, wrapped) = self.parts.custodian.wrap(&place, &key).await?;
        let created_at = self.parts.clock.now();
        let organisation = caller.organisation;
        let stored = StoredDataKey { organisation, class, version, wrapping, wrapped, created_at };
        let subject = Subject::DataKey { class, version };
        let fact = AuditFact::ok(Action::DataKeyCreate, caller, subject);
        let entry = self.parts.trail.entry(&fact).await?;
        // Somebody else was first if it was not inserted: theirs counts.
        self.parts.store.insert_data_key(&stored, &entry).await?;
        Ok(())
    }

    async fn fetch(&self) -> Result<KeysByTenant, VaultError> {
        let mut by_class: HashMap<(OrganisationId, DataClass), Vec<DataKey>> = HashMap::new();
        for stored in self.parts.store.data_keys().await? {
            let place = place(stored.organisation, stored.class);
            let key = self.parts.custodian.unwrap(&place, &stored).await?;
            by_class.entry((stored.organisation, stored.class)).or_default().push(key);
        }
        let tenants: Vec<_> = by_class.keys().map(|(organisation, _)| *organisation).collect();
        let mut keys = KeysByTenant::new();
        for organisation in tenants {
            let texts = by_class.remove(&(organisation, DataClass::Conversations));
            let words = by_class.remove(&(organisation, DataClass::Search));
            if let Some((texts, words)) = texts.zip(words)
                && let Some(content) = ContentKeys::new(texts, words, &self.parts.secrets)
            {
                keys.insert(organisation, Arc::new(content));
            }
        }
        Ok(keys)
    }
}

/// What a wrapped key is bound to.
fn place(organisation: OrganisationId, class: DataClass) -> Vec<u8> {
    [organisation.as_uuid().as_bytes().as_slice(), class.as_str().as_bytes()].concat()
}
