//! Erases a person, and says so under a signature.
//!
//! An order is durable before anything is removed; [`Erasures::advance`] goes on with it from
//! wherever it stands, also after a kill. The tree of the log stays as it is: what goes is the key
//! with which its entries could be tied to the person.

mod certificate;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    AccountId, Caller, ErasureId, ErasureReason, HoldId, OrderedBy, OrganisationId, Principal,
    Timestamp,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Access, AccessError, Action, AuditError, AuditFact, ReadError, ReceiptLog, Subject,
    erasure::certificate::Statement,
    ports::{DerivedContent, EntryRef, ErasureOrdered, ProtectionStore, RunningTurns, StoreError},
};

/// Rows that one transaction removes: other writes wait for no more than these.
const ROWS: u32 = 500;

/// Orders that a command beside the server gave are found so soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// From one look at an order to the next, while somebody waits for it.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// An order to erase somebody, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    pub organisation: OrganisationId,
    /// `None` once it is done.
    pub account: Option<AccountId>,
    /// What stands for the account in entries of the log. Nobody can make it again.
    pub subject: String,
    pub reason: ErasureReason,
    pub ordered_by: OrderedBy,
    pub state: ErasureState,
    pub ordered_at: Timestamp,
    /// Since when nothing names the person, and the entry that says so.
    pub removed: Option<(Timestamp, Uuid)>,
    pub erased: Erased,
    pub certificate: Option<String>,
}

/// Rows of each class, in the order of the classes.
pub type Erased = BTreeMap<ErasedClass, u64>;

/// How far an erasure is. Each step follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasureState {
    /// Content is being removed.
    Removing,
    /// Nothing names the person any more.
    Removed,
    /// No file holds a trace.
    Overwritten,
    /// The certificate is signed.
    Done,
}

impl ErasureState {
    pub const ALL: [Self; 4] = [Self::Removing, Self::Removed, Self::Overwritten, Self::Done];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removing => "removing",
            Self::Removed => "removed",
            Self::Overwritten => "overwritten",
            Self::Done => "done",
        }
    }

    /// The state that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What of a person is removed, or taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasedClass {
    /// The row with name, role and password.
    Accounts,
    /// How answers from documents came to be, for whoever asked; of others, those that hold words of
    /// documents that are gone.
    AnswerTraces,
    ApiKeys,
    /// With what they answered and was in no file yet.
    BatchJobs,
    /// Limits on what the account and its keys use.
    Budgets,
    /// With their names and settings, and the tokens of a search.
    Conversations,
    /// Of libraries that nobody else read; with their versions, their bytes and what was read of
    /// them.
    Documents,
    /// Documents that no longer say who added them; they stay in libraries of others.
    DocumentsUnlinked,
    Drafts,
    /// Questions, answers and files, with the tokens of a search.
    Entries,
    /// Uploaded, or written by batch jobs; with their bytes.
    Files,
    IdempotencyKeys,
    /// That a provider counted the person among a group.
    GroupMemberships,
    /// Bindings to somebody of an identity provider.
    Identities,
    /// That nobody else read.
    Libraries,
    /// Libraries that no longer say whose they were; others read them, and they stay.
    LibrariesUnlinked,
    /// That others let the person use their libraries.
    LibraryShares,
    /// Lifted holds on the account.
    LiftedHolds,
    /// Break-glass that the person was the subject of, or asked for, agreed to or ended.
    Openings,
    /// What a provider said of the person: another name, its own id.
    Provisioned,
    /// Keys with which pseudonyms in the log could be made again; destroyed.
    PseudonymKeys,
    Sessions,
    SignInLinks,
    /// Usage records that no longer say whose they are; they stay.
    UsageRecordsUnlinked,
}

impl ErasedClass {
    pub const ALL: [Self; 24] = [
        Self::Accounts,
        Self::AnswerTraces,
        Self::ApiKeys,
        Self::BatchJobs,
        Self::Budgets,
        Self::Conversations,
        Self::Documents,
        Self::DocumentsUnlinked,
        Self::Drafts,
        Self::Entries,
        Self::Files,
        Self::IdempotencyKeys,
        Self::GroupMemberships,
        Self::Identities,
        Self::Libraries,
        Self::LibrariesUnlinked,
        Self::LibraryShares,
        Self::LiftedHolds,
        Self::Openings,
        Self::Provisioned,
        Self::PseudonymKeys,
        Self::Sessions,
        Self::SignInLinks,
        Self::UsageRecordsUnlinked,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AnswerTraces => "answer_traces",
            Self::ApiKeys => "api_keys",
            Self::BatchJobs => "batch_jobs",
            Self::Budgets => "budgets",
            Self::Conversations => "conversations",
            Self::Documents => "documents",
            Self::DocumentsUnlinked => "documents_unlinked",
            Self::Drafts => "drafts",
            Self::Entries => "entries",
            Self::Files => "files",
            Self::IdempotencyKeys => "idempotency_keys",
            Self::GroupMemberships => "group_memberships",
            Self::Identities => "identities",
            Self::Libraries => "libraries",
            Self::LibrariesUnlinked => "libraries_unlinked",
            Self::LibraryShares => "library_shares",
            Self::LiftedHolds => "lifted_holds",
            Self::Openings => "openings",
            Self::Provisioned => "provisioned",
            Self::PseudonymKeys => "pseudonym_keys",
            Self::Sessions => "sessions",
            Self::SignInLinks => "sign_in_links",
            Self::UsageRecordsUnlinked => "usage_records_unlinked",
        }
    }

    /// The class that the store calls so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// Why an order of data protection was refused or not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ProtectionError {
    #[error("there is no such account")]
    AccountUnknown,
    #[error("the account is the last owner that may be used")]
    LastOwner,
    #[error("hold `{id}` is in force; nothing that it covers is removed")]
    Held { id: HoldId },
    #[error("there is no erasure `{id}`")]
    ErasureUnknown { id: ErasureId },
    #[error("there is no hold `{id}` in force")]
    HoldUnknown { id: HoldId },
    #[error("a reference has 1 to {characters_max} characters on one line")]
    Reference { characters_max: usize },
    #[error("the log could not be read")]
    Read { source: ReadError },
    #[error("the certificate could not be signed: {reason}")]
    Sign { reason: String },
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProtectionError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AccountUnknown => "account.unknown",
            Self::LastOwner => "account.last_owner",
            Self::Held { .. } => "hold.in_force",
            Self::ErasureUnknown { .. } => "erasure.unknown",
            Self::HoldUnknown { .. } => "hold.unknown",
            Self::Reference { .. } => "request.invalid",
            Self::Sign { .. } => "internal",
            Self::Access(error) => error.code(),
            Self::Read { .. } | Self::Audit(_) => "audit.unavailable",
            Self::Store(_) => "store.unavailable",
        }
    }
}

/// What [`Erasures`] is made of.
pub struct ErasuresParts {
    pub store: Arc<dyn ProtectionStore>,
    pub access: Access,
    pub log: ReceiptLog,
    /// Whoever computes answers in this process, if anybody does.
    pub turns: Option<Arc<dyn RunningTurns>>,
    /// How long an order is waited for.
    pub patience: Duration,
}

/// Takes orders to erase people and carries them out. Cheap to clone.
#[derive(Clone)]
pub struct Erasures {
    store: Arc<dyn ProtectionStore>,
    access: Access,
    log: ReceiptLog,
    turns: Option<Arc<dyn RunningTurns>>,
    /// `None` where nothing is made of content.
    derived: Option<Arc<dyn DerivedContent>>,
    patience: Duration,
    ordered: Arc<Notify>,
}

impl Erasures {
    pub fn new(parts: ErasuresParts) -> Self {
        let ErasuresParts { store, access, log, turns, patience } = parts;
        Self { store, access, log, turns, derived: None, patience, ordered: Arc::default() }
    }

    /// The same, where something is made of content and kept elsewhere: no certificate is signed
    /// before nothing of it is left.
    #[must_use]
    pub fn with_derived(self, derived: Arc<dyn DerivedContent>) -> Self {
        Self { derived: Some(derived), ..self }
    }

    /// Takes an order. When this returns it is durable, and the account is let in no longer. An
    /// account that is being erased keeps its first order.
    pub async fn order(
        &self,
        caller: &Caller,
        account: AccountId,
        reason: ErasureReason,
    ) -> Result<Erasure, ProtectionError> {
        let organisation = caller.organisation;
        let trail = &self.access.trail;
        if self.access.store.account(organisation, account).await?.is_none() {
            return Err(ProtectionError::AccountUnknown);
        }
        let subject = trail.account_pseudonym(organisation, account).await?;
        let subject = subject.ok_or(ProtectionError::AccountUnknown)?;
        let now = self.access.clock.now();
        let erasure = Erasure {
            id: ErasureId::from_uuid(self.access.ids.next(now)),
            organisation,
            account: Some(account),
            subject,
            reason,
            ordered_by: self.ordered_by(caller).await?,
            state: ErasureState::Removing,
            ordered_at: now,
            removed: None,
            erased: Erased::new(),
            certificate: None,
        };
        let fact = AuditFact::ok(Action::AccountErase, *caller, Subject::Account(account));
        let audit = trail.entry(&fact).await?;
        match self.store.order_erasure(&erasure, &audit).await? {
            ErasureOrdered::Done => {
                self.ordered.notify_one();
                Ok(erasure)
            }
            ErasureOrdered::Unknown => Err(ProtectionError::AccountUnknown),
            ErasureOrdered::LastOwner => Err(ProtectionError::LastOwner),
            ErasureOrdered::Held(id) => Err(ProtectionError::Held { id }),
            ErasureOrdered::UnderWay(id) => {
                trail.record(&fact).await?;
                self.find(organisation, id).await
            }
        }
    }

    /// The erasure once it is done, or as it is when the patience is over.
    pub async fn wait(&self, erasure: Erasure) -> Result<Erasure, ProtectionError> {
        let deadline = Instant::now() + self.patience;
        let mut erasure = erasure;
        while erasure.state != ErasureState::Done && Instant::now() < deadline {
            sleep(ASK_EVERY).await;
            erasure = self.find(erasure.organisation, erasure.id).await?;
        }
        Ok(erasure)
    }

    /// Newest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Erasure>, ProtectionError> {
        let fact = AuditFact::ok(Action::ErasureList, *caller, Subject::Nothing);
        self.access.trail.record(&fact).await?;
        Ok(self.store.erasures(caller.organisation).await?)
    }

    pub async fn read(&self, caller: &Caller, id: ErasureId) -> Result<Erasure, ProtectionError> {
        let erasure = self.find(caller.organisation, id).await?;
        let fact = AuditFact::ok(Action::ErasureRead, *caller, Subject::Nothing);
        self.access.trail.record(&fact).await?;
        Ok(erasure)
    }

    /// Carries out every order, those of an earlier process first, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            match stop.run_until_cancelled(self.advance()).await {
                None => return,
                Some(Ok(())) => {}
                // Everything that was done is kept; the next look goes on.
                Some(Err(error)) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an erasure was not carried out to its end"
                ),
            }
            let wait = timeout(LOOK_EVERY, self.ordered.notified());
            if stop.run_until_cancelled(wait).await.is_none() {
                return;
            }
        }
    }

    /// Goes on with everything that is under way, from wherever it stands. One that waits for a
    /// checkpoint of the log stays [`ErasureState::Overwritten`], and that is no error.
    pub async fn advance(&self) -> Result<(), ProtectionError> {
        let operator = match self.access.operator().await {
            Err(AccessError::NotFounded) => return Ok(()),
            other => other?,
        };
        let organisation = operator.organisation;
        let all = self.store.erasures_under_way(organisation).await?;
        for erasure in all.iter().filter(|one| one.state == ErasureState::Removing) {
            self.remove(&operator, erasure).await?;
        }
        let all = self.store.erasures_under_way(organisation).await?;
        let in_state = |state| all.iter().filter(move |one| one.state == state);
        let removed: Vec<_> = in_state(ErasureState::Removed).map(|one| one.id).collect();
        if !removed.is_empty() {
            // Before the step that the next look takes for done.
            if let Some(derived) = &self.derived {
                derived.forget(organisation).await?;
            }
            self.store.overwrite(organisation, &removed).await?;
        }
        let all = self.store.erasures_under_way(organisation).await?;
        for erasure in all.iter().filter(|one| one.state == ErasureState::Overwritten) {
            self.certify(erasure).await?;
        }
        Ok(())
    }

    async fn remove(&self, operator: &Caller, erasure: &Erasure) -> Result<(), ProtectionError> {
        let Some(account) = erasure.account else { return Ok(()) };
        let (organisation, id) = (erasure.organisation, erasure.id);
        let name = self.access.store.account(organisation, account).await?;
        if let Some(turns) = &self.turns {
            turns.stop_all(organisation, account).await;
        }
        while self.store.erase_some(organisation, id, ROWS).await? {}
        let subject = Subject::Account(account);
        let fact = AuditFact::ok(Action::ErasureComplete, *operator, subject);
        let audit = self.access.trail.entry(&fact).await?;
        let at = audit.at;
        if !self.store.erase_account(organisation, id, at, &audit).await? {
            // A turn that was admitted before the order left something: the next look removes it.
            return Ok(());
        }
        self.access.trail.forget_keys();
        if let Some(account) = name {
            self.access.attempts.forget(account.name.as_str());
        }
        Ok(())
    }

    async fn certify(&self, erasure: &Erasure) -> Result<(), ProtectionError> {
        let Some((_, entry)) = erasure.removed else { return Ok(()) };
        let logged = match self.log.logged(EntryRef::Entry(entry), Duration::ZERO).await {
            Ok(logged) => logged,
            Err(ReadError::NotSigned { .. }) => return Ok(()),
            Err(source) => return Err(ProtectionError::Read { source }),
        };
        let unsigned = |reason: String| ProtectionError::Sign { reason };
        let issued_at = self.access.clock.now();
        let statement = Statement::new(erasure, &logged, self.log.origin(), issued_at).line();
        let statement = statement.map_err(|error| unsigned(error.to_string()))?;
        let certificate = self.log.sign_erasure(&statement);
        let certificate = certificate.map_err(|error| unsigned(error.to_string()))?;
        let (organisation, id) = (erasure.organisation, erasure.id);
        Ok(self.store.conclude_erasure(organisation, id, &certificate).await?)
    }

    async fn find(
        &self,
        organisation: OrganisationId,
        id: ErasureId,
    ) -> Result<Erasure, ProtectionError> {
        let found = self.store.erasure(organisation, id).await?;
        found.ok_or(ProtectionError::ErasureUnknown { id })
    }

    async fn ordered_by(&self, caller: &Caller) -> Result<OrderedBy, ProtectionError> {
        match caller.principal {
            Principal::Operator => Ok(OrderedBy::Operator),
            Principal::Key(_) | Principal::Session(_) => {
                let own = self.access.store.account(caller.organisation, caller.account).await?;
                let own = own.ok_or(ProtectionError::AccountUnknown)?;
                Ok(OrderedBy::Role(own.role))
            }
        }
    }
}
