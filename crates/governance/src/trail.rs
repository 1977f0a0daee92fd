//! Writes the audit trail.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{AccountId, Caller, Clock, IdSource, OrganisationId, Principal};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    AuditEntry, AuditError, AuditFact, LogFault, LogGate, PolicyDigest, SecretSource, Subject,
    SubjectId,
    audit::{Canonical, VERSION},
    ports::{AccessStore, AuditStore, StoreError},
    pseudonym::{SubjectKey, commitment, keyed_text},
};

/// Keys that are remembered; beyond that all are read again as they are needed.
const KEYS_REMEMBERED_MAX: usize = 16_384;

/// Writes the audit trail. Cheap to clone.
#[derive(Clone)]
pub struct Trail {
    audit: Arc<dyn AuditStore>,
    access: Arc<dyn AccessStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    secrets: Arc<dyn SecretSource>,
    gate: LogGate,
    policy: PolicyInForce,
    /// Read on every request, written once a subject: a lock, not a task.
    keys: Arc<RwLock<HashMap<Owner, [u8; 32]>>>,
}

/// The digest that entries tell: `sha256:` and 64 digits. Shared by the trail and by whoever changes
/// the policy.
#[derive(Clone, Default)]
pub struct PolicyInForce(Arc<RwLock<Option<Arc<str>>>>);

impl PolicyInForce {
    /// Entries made from now on tell this one.
    pub fn set(&self, policy: PolicyDigest) {
        let text = policy.to_string();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(text.into());
    }

    fn get(&self) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What [`Trail`] is made of.
pub struct TrailParts {
    pub audit: Arc<dyn AuditStore>,
    pub access: Arc<dyn AccessStore>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub secrets: Arc<dyn SecretSource>,
    pub gate: LogGate,
}

/// Whose key: an organisation's own, or that of a subject in it.
type Owner = (OrganisationId, Option<SubjectId>);

impl Trail {
    pub fn new(parts: TrailParts) -> Self {
        let TrailParts { audit, access, clock, ids, secrets, gate } = parts;
        Self {
            audit,
            access,
            clock,
            ids,
            secrets,
            gate,
            policy: PolicyInForce::default(),
            keys: Arc::default(),
        }
    }

    /// A trail whose entries tell that this policy was in force.
    #[must_use]
    pub fn under_policy(self, policy: PolicyDigest) -> Self {
        let in_force = PolicyInForce::default();
        in_force.set(policy);
        Self { policy: in_force, ..self }
    }

    /// For whoever changes the policy while entries are made.
    pub fn policy_in_force(&self) -> PolicyInForce {
        self.policy.clone()
    }

    /// Writes an entry on its own; durable when this returns.
    pub async fn record(&self, fact: &AuditFact) -> Result<(), AuditError> {
        let entry = self.entry(fact).await?;
        self.audit.append(&entry).await.map_err(|source| self.failed(source))
    }

    /// Makes an entry for a store method that writes it together with its own change.
    pub async fn entry(&self, fact: &AuditFact) -> Result<AuditEntry, AuditError> {
        let organisation = match fact.caller {
            Some(caller) => self.organisation_key(caller.organisation).await?,
            None => None,
        };
        self.entry_with(fact, organisation).await
    }

    /// `organisation`: the key of an organisation that is just being founded.
    pub(crate) async fn entry_with(
        &self,
        fact: &AuditFact,
        organisation: Option<[u8; 32]>,
    ) -> Result<AuditEntry, AuditError> {
        if let Some(fault) = self.gate.closed() {
            return Err(AuditError::Closed { fault });
        }
        let actor = match fact.caller {
            Some(caller) => self.subject_key(caller.organisation, caller.principal.into()).await?,
            None => None,
        };
        let subject = self.subject_text(fact).await?;
        let at = self.clock.now();
        let id = self.ids.next(at);
        let policy = self.policy.get();
        let pseudonym = |caller: Caller| Some(actor.as_ref()?.pseudonym(caller.principal.into()));
        let canonical = Canonical {
            action: fact.action.as_str(),
            actor: fact.caller.and_then(pseudonym),
            at: at.as_micros(),
            content: actor
                .zip(fact.content)
                .map(|(key, content)| commitment(&key.salt(id), content)),
            id,
            model: fact.model.map(|digest| digest.to_string()),
            organisation: fact.caller.zip(organisation).map(|(caller, key)| {
                keyed_text(&key, &format!("organisation:{}", caller.organisation))
            }),
            outcome: fact.outcome,
            policy: policy.as_deref(),
            subject,
            v: VERSION,
        };
        Ok(AuditEntry {
            id,
            organisation: fact.caller.map(|caller| caller.organisation),
            at,
            action: canonical.action.to_owned(),
            outcome: canonical.outcome.to_owned(),
            request: match fact.subject {
                Subject::Request(id) => Some(id),
                Subject::Nothing
                | Subject::Conversation(_)
                | Subject::File(_)
                | Subject::BatchJob(_)
                | Subject::Library(_)
                | Subject::Document(_)
                | Subject::Model(_)
                | Subject::ModelFiles { .. }
                | Subject::Key(_)
                | Subject::SignInLink(_)
                | Subject::Session(_)
                | Subject::Account(_)
                | Subject::Group(_)
                | Subject::Hold(_)
                | Subject::Expired { .. }
                | Subject::DataKey { .. }
                | Subject::WrappingKey(_)
                | Subject::Party(_)
                | Subject::Report { .. }
                | Subject::Policy { .. } => None,
            },
            canonical: canonical.to_bytes(),
        })
    }

    /// The salt with which an entry of this caller commits to content; `None` once the caller's
    /// key was destroyed.
    pub async fn content_salt(
        &self,
        organisation: OrganisationId,
        asked_by: Principal,
        entry: Uuid,
    ) -> Result<Option<Zeroizing<[u8; 32]>>, AuditError> {
        let key = self.subject_key(organisation, asked_by.into()).await?;
        Ok(key.map(|key| Zeroizing::new(key.salt(entry))))
    }

    /// What stands for the caller's project where others may read it; made with the key of the
    /// organisation, as its own pseudonym is. `None` once that key was destroyed.
    pub async fn project_pseudonym(&self, caller: Caller) -> Result<Option<String>, AuditError> {
        let key = self.organisation_key(caller.organisation).await?;
        Ok(key.map(|key| keyed_text(&key, &format!("project:{}", caller.project))))
    }

    /// What stands for an account in entries; `None` once its key was destroyed.
    pub async fn account_pseudonym(
        &self,
        organisation: OrganisationId,
        id: AccountId,
    ) -> Result<Option<String>, AuditError> {
        let subject = SubjectId::Account(id);
        let key = self.subject_key(organisation, subject).await?;
        Ok(key.map(|key| format!("{}:{}", subject.kind(), key.pseudonym(subject))))
    }

    /// Forgets every key; those that still exist are read again as they are needed.
    pub(crate) fn forget_keys(&self) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn subject_text(&self, fact: &AuditFact) -> Result<Option<String>, AuditError> {
        let subject = match &fact.subject {
            Subject::Nothing => return Ok(None),
            Subject::Request(id) => return Ok(Some(format!("request:{id}"))),
            Subject::Conversation(id) => return Ok(Some(format!("conversation:{id}"))),
            Subject::File(id) => return Ok(Some(format!("file:{id}"))),
            Subject::BatchJob(id) => return Ok(Some(format!("batch_job:{id}"))),
            Subject::Library(id) => return Ok(Some(format!("library:{id}"))),
            Subject::Document(id) => return Ok(Some(format!("document:{id}"))),
            Subject::Group(id) => return Ok(Some(format!("group:{id}"))),
            Subject::Model(id) => return Ok(Some(format!("model:{id}"))),
            Subject::Party(destination) => return Ok(Some(format!("party:{destination}"))),
            Subject::Hold(id) => return Ok(Some(format!("hold:{id}"))),
            Subject::Expired { class, count } => {
                return Ok(Some(format!("expired:{}:{count}", class.as_str())));
            }
            Subject::DataKey { class, version } => {
                return Ok(Some(format!("data_key:{}:{version}", class.as_str())));
            }
            Subject::WrappingKey(id) => return Ok(Some(format!("wrapping_key:{id}"))),
            Subject::Report { sha256 } => return Ok(Some(format!("report:sha256:{sha256}"))),
            Subject::Policy { from, to } => return Ok(Some(format!("policy:{from}->{to}"))),
            Subject::ModelFiles { model, sha256 } => {
                return Ok(Some(format!("model:{model}@sha256:{sha256}")));
            }
            Subject::Key(id) => SubjectId::Key(*id),
            Subject::SignInLink(id) => SubjectId::SignInLink(*id),
            Subject::Session(id) => SubjectId::Session(*id),
            Subject::Account(id) => SubjectId::Account(*id),
        };
        let Some(caller) = fact.caller else { return Ok(None) };
        let key = self.subject_key(caller.organisation, subject).await?;
        Ok(key.map(|key| format!("{}:{}", subject.kind(), key.pseudonym(subject))))
    }

    async fn organisation_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, AuditError> {
        let owner = (organisation, None);
        if let Some(key) = self.known_key(owner) {
            return Ok(Some(key));
        }
        let found = self.access.pseudonym_key(organisation).await;
        let found = found.map_err(|source| self.failed(source))?;
        Ok(self.remember(owner, found))
    }

    async fn subject_key(
        &self,
        organisation: OrganisationId,
        subject: SubjectId,
    ) -> Result<Option<SubjectKey>, AuditError> {
        let owner = (organisation, Some(subject));
        if let Some(key) = self.known_key(owner) {
            return Ok(Some(SubjectKey(key)));
        }
        let mut candidate = Zeroizing::new([0; 32]);
        self.secrets.fill(&mut *candidate);
        let kept = self.access.subject_key(organisation, subject, *candidate).await;
        let kept = kept.map_err(|source| self.failed(source))?;
        Ok(self.remember(owner, kept).map(SubjectKey))
    }

    /// Nothing may be answered until the keeper of the log has seen a write succeed.
    fn failed(&self, source: StoreError) -> AuditError {
        self.gate.set(LogFault::Unavailable, true);
        AuditError::Store { source }
    }

    /// A method of its own, so that the lock is free again before anything waits.
    fn known_key(&self, owner: Owner) -> Option<[u8; 32]> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&owner).copied()
    }

    fn remember(&self, owner: Owner, key: Option<[u8; 32]>) -> Option<[u8; 32]> {
        if let Some(key) = key {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= KEYS_REMEMBERED_MAX {
                keys.clear();
            }
            keys.insert(owner, key);
        }
        key
    }
}
