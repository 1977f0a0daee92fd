//! Sign-in with an identity provider: a browser leaves with a state and comes back with a code.

mod admission;
mod pending;

use std::sync::Arc;

use domain::{Account, AccountId, AccountKind, AccountName, Caller, Role, Timestamp, hexadecimal};
use zeroize::Zeroizing;

use self::{
    admission::Verdict,
    pending::{Departure, PENDING_SECONDS, Pending},
};
use crate::{
    Access, AccessError, Action, AuditFact, SignedIn, Subject, TokenHash,
    access::session_caller,
    ports::{
        Entered, Entering, EnteringStep, Identified, Identity, IdentityProvider, IdentityStore,
        ProviderError, Question, Reply, StoreError,
    },
    secret::random_token,
};

pub use self::admission::{Admission, Admit, RolesError};

/// What is read of an answer of a browser; more is no state and no code.
const PARAMETER_BYTES_MAX: usize = 4096;

/// Why somebody is not let in by the provider.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// `reason` is for the log of the server, and repeats nothing that was sent.
    #[error("the sign-in with the identity provider is not proved: {reason}")]
    Refused { reason: String },
    #[error("the identity provider knows this person, and nobody lets them in here")]
    Unmapped,
    #[error("the name or the identity belongs to another account here")]
    Conflict,
    #[error("the identity provider cannot be asked")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl IdentityError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "auth.identity_refused",
            Self::Unmapped => "auth.identity_unmapped",
            Self::Conflict => "auth.identity_conflict",
            Self::Unavailable { .. } => "auth.provider_unavailable",
            Self::Access(error) => error.code(),
        }
    }
}

impl From<ProviderError> for IdentityError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Unavailable { source } => Self::Unavailable { source },
            ProviderError::Refused { reason } => Self::Refused { reason },
        }
    }
}

impl From<StoreError> for IdentityError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

/// A browser that is sent to the provider.
#[derive(Debug)]
pub struct Begun {
    pub address: String,
    /// For a cookie: whoever comes back must be the browser that left.
    pub browser: String,
    pub valid_seconds: i64,
}

/// What a browser came back with, as it was sent.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    pub state: Option<String>,
    pub code: Option<String>,
    /// RFC 9207: who sent the browser back.
    pub issuer: Option<String>,
    pub error: Option<String>,
    /// The cookie of [`Begun`].
    pub browser: Option<String>,
}

/// What a return came to.
#[derive(Debug)]
pub enum Arrived {
    SignedIn(SignedIn),
    /// The identity is bound to the account that is signed in already.
    Bound,
}

/// Signs people in with an identity provider. Cheap to clone.
#[derive(Clone)]
pub struct Identities {
    access: Access,
    store: Arc<dyn IdentityStore>,
    provider: Arc<dyn IdentityProvider>,
    admission: Arc<Admission>,
    pending: Arc<Pending>,
}

/// What [`Identities`] is made of.
pub struct IdentitiesParts {
    pub access: Access,
    pub store: Arc<dyn IdentityStore>,
    pub provider: Arc<dyn IdentityProvider>,
    pub admission: Admission,
}

impl Identities {
    pub fn new(parts: IdentitiesParts) -> Self {
        let IdentitiesParts { access, store, provider, admission } = parts;
        let (admission, pending) = (Arc::new(admission), Arc::default());
        Self { access, store, provider, admission, pending }
    }

    /// As people know the provider.
    pub fn provider_name(&self) -> &str {
        self.provider.name()
    }

    /// Sends a browser to the provider. `binds`: whoever is signed in and wants to sign in with
    /// the provider from then on.
    pub async fn begin(&self, binds: Option<Caller>) -> Result<Begun, IdentityError> {
        let secret = || Zeroizing::new(random_token(&*self.access.secrets));
        let (state, nonce, verifier, browser) = (secret(), secret(), secret(), secret());
        let question = Question { state: &state, nonce: &nonce, verifier: &verifier };
        let address = self.provider.address(&question).await?;
        let now = self.access.clock.now();
        let hash = self.state_hash(&state);
        let departure = Departure {
            browser: self.browser_hash(&browser),
            expires_at: now.plus_seconds(PENDING_SECONDS),
            nonce,
            verifier,
            binds,
        };
        self.pending.depart(&hash, departure, now);
        let browser = browser.as_str().to_owned();
        Ok(Begun { address, browser, valid_seconds: PENDING_SECONDS })
    }

    /// Takes a browser back in, or does not.
    pub async fn finish(&self, returned: &Returned) -> Result<Arrived, IdentityError> {
        let now = self.access.clock.now();
        let departure = self.departure(returned, now)?;
        if returned.error.is_some() {
            return Err(refused("the provider sent an error back"));
        }
        let code = short(returned.code.as_ref()).ok_or_else(|| refused("there is no code"))?;
        let reply = Reply { code, nonce: &departure.nonce, verifier: &departure.verifier };
        let identified = self.provider.identify(&reply, now).await?;
        match departure.binds {
            Some(caller) => self.bind(&caller, &identified, now).await,
            None => self.enter(&identified, now).await,
        }
    }

    /// The departure that this is the return of; it is used up whatever is wrong.
    fn departure(&self, returned: &Returned, now: Timestamp) -> Result<Departure, IdentityError> {
        let state = short(returned.state.as_ref()).ok_or_else(|| refused("there is no state"))?;
        let departure = self.pending.take(&self.state_hash(state), now);
        let departure =
            departure.ok_or_else(|| refused("nobody left with this state, or too long ago"))?;
        let browser = short(returned.browser.as_ref()).map(|text| self.browser_hash(text));
        if browser != Some(departure.browser) {
            return Err(refused("another browser left with this state"));
        }
        let issuer = returned.issuer.as_deref();
        if issuer.is_some_and(|issuer| issuer != self.provider.issuer()) {
            return Err(refused("another provider sent the browser back"));
        }
        Ok(departure)
    }

    async fn bind(
        &self,
        caller: &Caller,
        identified: &Identified,
        now: Timestamp,
    ) -> Result<Arrived, IdentityError> {
        let subject = Subject::Account(caller.account);
        let audit = self.access.entry(Action::IdentityBind, caller, subject).await;
        let audit = audit.map_err(AccessError::from)?;
        let identity = Identity {
            organisation: caller.organisation,
            account: caller.account,
            hash: self.identity_hash(identified),
            issuer: self.provider.issuer().to_owned(),
            created_at: now,
        };
        if self.store.bind_identity(&identity, &audit).await? {
            Ok(Arrived::Bound)
        } else {
            Err(IdentityError::Conflict)
        }
    }

    async fn enter(
        &self,
        identified: &Identified,
        now: Timestamp,
    ) -> Result<Arrived, IdentityError> {
        let known = self.store.find_identity(&self.identity_hash(identified)).await?;
        let is_bound = known.is_some();
        let account = match known {
            Some(account) => Some(account),
            None => self.provisioned(identified).await?,
        };
        if let Some(account) = account.as_ref().filter(|account| account.disabled_at.is_some()) {
            let caller = session_caller(&self.access.new_session(account).0, account);
            return Err(AccessError::AccountDisabled { caller }.into());
        }
        match (self.admission.decide(account.as_ref(), &identified.groups), account) {
            (Verdict::Enter(role), Some(account)) => {
                let step = if !is_bound {
                    EnteringStep::Bind(self.identity(&account, identified, now))
                } else if role == account.role {
                    EnteringStep::Nothing
                } else {
                    EnteringStep::ChangeRole(role)
                };
                self.begin_session(Account { role, ..account }, step).await
            }
            (Verdict::Create(role), None) => {
                let account = self.newcomer(identified, role, now).await?;
                let identity = self.identity(&account, identified, now);
                self.begin_session(account, EnteringStep::Create(identity)).await
            }
            (Verdict::Refuse, Some(account)) => {
                self.end_sessions(&account, now).await?;
                Err(IdentityError::Unmapped)
            }
            (Verdict::Refuse | Verdict::Enter(_) | Verdict::Create(_), _) => {
                Err(IdentityError::Unmapped)
            }
        }
    }

    /// Whom the provider has announced under the very subject as its foreign id. Never an owner,
    /// and nobody who signs in otherwise: those connect their accounts themselves.
    async fn provisioned(&self, identified: &Identified) -> Result<Option<Account>, IdentityError> {
        let home = self.access.store.home().await?;
        let (organisation, _) = home.ok_or(AccessError::NotFounded)?;
        let found = self.store.find_external(organisation.id, &identified.subject).await?;
        let Some(account) = found.filter(|account| account.role != Role::Owner) else {
            return Ok(None);
        };
        let is_taken = self.access.has_own_way_in(&account).await?;
        Ok((!is_taken).then_some(account))
    }

    fn identity(&self, account: &Account, identified: &Identified, now: Timestamp) -> Identity {
        Identity {
            organisation: account.organisation,
            account: account.id,
            hash: self.identity_hash(identified),
            issuer: self.provider.issuer().to_owned(),
            created_at: now,
        }
    }

    async fn begin_session(
        &self,
        account: Account,
        step: EnteringStep,
    ) -> Result<Arrived, IdentityError> {
        let (session, token) = self.access.new_session(&account);
        let caller = session_caller(&session, &account);
        let actions: &[Action] = match &step {
            EnteringStep::Nothing => &[Action::SessionCreate],
            EnteringStep::ChangeRole(_) => &[Action::AccountUpdate, Action::SessionCreate],
            EnteringStep::Bind(_) => {
                &[Action::IdentityBind, Action::AccountUpdate, Action::SessionCreate]
            }
            EnteringStep::Create(_) => {
                &[Action::AccountCreate, Action::IdentityBind, Action::SessionCreate]
            }
        };
        let mut audit = Vec::with_capacity(actions.len());
        for action in actions {
            let subject = Subject::Account(account.id);
            let entry = self.access.entry(*action, &caller, subject).await;
            audit.push(entry.map_err(AccessError::from)?);
        }
        let entering = Entering { account, step, session };
        match self.store.enter(&entering, &audit).await? {
            Entered::Done => Ok(Arrived::SignedIn(SignedIn { session: entering.session, token })),
            Entered::Taken => Err(IdentityError::Conflict),
            Entered::Changed => Err(AccessError::AccountDisabled { caller }.into()),
        }
    }

    async fn newcomer(
        &self,
        identified: &Identified,
        role: Role,
        now: Timestamp,
    ) -> Result<Account, IdentityError> {
        let home = self.access.store.home().await?;
        let (organisation, project) = home.ok_or(AccessError::NotFounded)?;
        Ok(Account {
            id: AccountId::from_uuid(self.access.ids.next(now)),
            organisation: organisation.id,
            project: project.id,
            kind: AccountKind::Person,
            name: self.name_of(identified)?,
            role,
            created_at: now,
            disabled_at: None,
        })
    }

    /// What the provider calls them, or a name that says nothing.
    fn name_of(&self, identified: &Identified) -> Result<AccountName, IdentityError> {
        let given = identified.name.as_ref().and_then(|name| name.parse().ok());
        if let Some(name) = given {
            return Ok(name);
        }
        let hash = self.identity_hash(identified);
        let made_up = format!("person-{}", hexadecimal(&hash.as_bytes()[..8]));
        made_up.parse().map_err(|_| IdentityError::Conflict)
    }

    /// The role was taken away at the provider: what began under it ends.
    async fn end_sessions(&self, account: &Account, now: Timestamp) -> Result<(), IdentityError> {
        let caller = session_caller(&self.access.new_session(account).0, account);
        let fact = AuditFact {
            outcome: IdentityError::Unmapped.code(),
            ..AuditFact::ok(Action::SessionEnd, caller, Subject::Account(account.id))
        };
        let audit = self.access.trail.entry(&fact).await.map_err(AccessError::from)?;
        let (organisation, id) = (account.organisation, account.id);
        Ok(self.store.end_sessions(organisation, id, now, &audit).await?)
    }

    fn identity_hash(&self, identified: &Identified) -> TokenHash {
        let (issuer, subject) = (self.provider.issuer(), &identified.subject);
        // An issuer is an address and holds no zero byte.
        self.access.installation.hash("identity", format!("{issuer}\0{subject}").as_bytes())
    }

    fn state_hash(&self, state: &str) -> TokenHash {
        self.access.installation.hash("identity state", state.as_bytes())
    }

    fn browser_hash(&self, cookie: &str) -> TokenHash {
        self.access.installation.hash("identity browser", cookie.as_bytes())
    }
}

fn refused(reason: &str) -> IdentityError {
    IdentityError::Refused { reason: reason.to_owned() }
}

fn short(text: Option<&String>) -> Option<&str> {
    let text = text.map(String::as_str);
    text.filter(|text| !text.is_empty() && text.len() <= PARAMETER_BYTES_MAX)
}
