//! Who is asking: API keys, sign-in links and sessions.

use std::sync::Arc;

use domain::{
    Account, AccountId, AccountKind, AccountName, ApiKey, Caller, Clock, IdSource, KeyId,
    Organisation, OrganisationId, Permissions, Principal, Project, ProjectId, Role, SessionId,
    SignInLinkId, Timestamp,
};

use crate::{
    Action, AuditError, AuditFact, InstallationKey, KeySecret, PasswordError, SecretSource,
    Session, SessionToken, SignInLink, Subject, TokenHash, Trail,
    attempts::Attempts,
    password::{PasswordFailure, Passwords},
    ports::{AccessStore, Founding, StoreError, StoredKey},
    secret::random_token,
    session::{LINK_SECONDS, SESSION_SECONDS},
};

const KEY_NAME_MAX: usize = 200;

/// Why nobody could be recognised, or a key, link or session not be handled.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the API key is not known here")]
    KeyInvalid,
    #[error("the API key `{id}` was revoked on {revoked_at}")]
    KeyRevoked { id: KeyId, caller: Caller, revoked_at: Timestamp },
    #[error("the API key `{id}` was good until {expired_at}")]
    KeyExpired { id: KeyId, caller: Caller, expired_at: Timestamp },
    #[error("the project has no API key `{id}`")]
    KeyUnknown { id: KeyId },
    #[error("the key would be allowed to `{wanted}`, and at most `{possible}` is possible")]
    KeyPermissions { wanted: Permissions, possible: Permissions },
    #[error("the account may not be used any more")]
    AccountDisabled { caller: Caller },
    #[error("there is no such account")]
    AccountUnknown,
    #[error("there is an account `{name}` already")]
    AccountExists { name: AccountName },
    #[error("it is the last owner, without whom nobody could appoint anybody")]
    LastOwner,
    #[error("a program signs in with keys alone")]
    NotAPerson,
    #[error(
        "this account has a password or an identity; who keeps accounts cannot sign in as \
         somebody else"
    )]
    HasPassword,
    /// For roles that this caller does not appoint.
    #[error("the role `{}` does not appoint the role `{}`", by.as_str(), role.as_str())]
    NotAppointed { by: Role, role: Role },
    #[error("the name or the password is wrong")]
    PasswordWrong,
    #[error("too many wrong passwords for this name; the next one counts in {seconds} s")]
    TooManyAttempts { seconds: u32 },
    #[error(transparent)]
    PasswordRefused(#[from] PasswordError),
    #[error(transparent)]
    Password(#[from] PasswordFailure),
    #[error("the name of a key has 1 to {KEY_NAME_MAX} characters, and this one has {characters}")]
    KeyName { characters: usize },
    #[error("the sign-in link was used already, has expired, or is not known here")]
    LinkInvalid,
    #[error("nobody is signed in, or the session has ended")]
    SessionInvalid,
    #[error("the installation has no organisation yet")]
    NotFounded,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccessError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyInvalid | Self::SessionInvalid => "auth.invalid",
            Self::KeyRevoked { .. } => "auth.revoked",
            Self::KeyExpired { .. } => "auth.expired",
            Self::AccountDisabled { .. } => "auth.account_disabled",
            Self::PasswordWrong => "auth.password_wrong",
            Self::TooManyAttempts { .. } => "capacity.exhausted",
            Self::KeyUnknown { .. } => "key.unknown",
            Self::AccountUnknown => "account.unknown",
            Self::AccountExists { .. } => "account.exists",
            Self::LastOwner => "account.last_owner",
            Self::HasPassword => "account.has_password",
            Self::NotAppointed { .. } => "auth.forbidden",
            Self::KeyName { .. }
            | Self::KeyPermissions { .. }
            | Self::NotAPerson
            | Self::PasswordRefused(_) => "request.invalid",
            Self::Password(_) => "internal",
            Self::LinkInvalid => "auth.link_invalid",
            Self::NotFounded => "installation.empty",
            Self::Audit(_) => "audit.unavailable",
            Self::Store(_) => "store.unavailable",
        }
    }

    /// Who was recognised, and refused all the same.
    pub const fn caller(&self) -> Option<Caller> {
        match self {
            Self::KeyRevoked { caller, .. }
            | Self::KeyExpired { caller, .. }
            | Self::AccountDisabled { caller } => Some(*caller),
            _ => None,
        }
    }
}

/// A key that was just made; the only moment at which its secret is known.
#[derive(Debug)]
pub struct CreatedKey {
    pub key: ApiKey,
    pub secret: KeySecret,
}

/// A browser that was just signed in.
#[derive(Debug)]
pub struct SignedIn {
    pub session: Session,
    pub token: SessionToken,
}

/// Recognises callers and handles their keys, links and sessions. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    pub(crate) store: Arc<dyn AccessStore>,
    pub(crate) trail: Trail,
    pub(crate) installation: InstallationKey,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Arc<Attempts>,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    pub name: &'a str,
    /// Whose; `None`: the caller's own.
    pub account: Option<AccountId>,
    pub permissions: Permissions,
    pub expires_at: Option<Timestamp>,
}

impl<'a> NewKey<'a> {
    /// Of the caller's own account, for what a key can do without touching accounts, until it is
    /// revoked.
    pub const fn named(name: &'a str) -> Self {
        Self { name, account: None, permissions: Permissions::OF_PLAIN_KEYS, expires_at: None }
    }
}

/// What [`Access`] is made of.
pub struct AccessParts {
    pub store: Arc<dyn AccessStore>,
    pub trail: Trail,
    pub installation: InstallationKey,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub secrets: Arc<dyn SecretSource>,
}

impl Access {
    pub fn new(parts: AccessParts) -> Self {
        let AccessParts { store, trail, installation, clock, ids, secrets } = parts;
        let (passwords, attempts) = (Passwords::new(), Arc::default());
        Self { store, trail, installation, clock, ids, secrets, passwords, attempts }
    }

    /// Creates the first organisation, project, owner and key; `None` if they exist.
    pub async fn found(&self) -> Result<Option<CreatedKey>, AccessError> {
        if self.store.home().await?.is_some() {
            return Ok(None);
        }
        let now = self.clock.now();
        let organisation = Organisation {
            id: OrganisationId::from_uuid(self.ids.next(now)),
            name: "default".to_owned(),
            created_at: now,
        };
        let project = Project {
            id: ProjectId::from_uuid(self.ids.next(now)),
            organisation: organisation.id,
            name: "default".to_owned(),
            created_at: now,
        };
        let owner = Account {
            id: AccountId::from_uuid(self.ids.next(now)),
            organisation: organisation.id,
            project: project.id,
            kind: AccountKind::Person,
            name: AccountName::owner(),
            role: Role::Owner,
            created_at: now,
            disabled_at: None,
        };
        let (stored, secret) = self.new_key(&owner, &NewKey::named("first key"));
        let mut pseudonym_key = [0; 32];
        self.secrets.fill(&mut pseudonym_key);
        let subject = Subject::Key(stored.key.id);
        let fact = AuditFact::ok(Action::InstallationFound, operator(&owner), subject);
        let audit = self.trail.entry_with(&fact, Some(pseudonym_key)).await?;
        let key = stored.key.clone();
        let founding = Founding { organisation, pseudonym_key, project, owner, key: stored };
        let founded = self.store.found(&founding, &audit).await?;
        Ok(founded.then_some(CreatedKey { key, secret }))
    }

    /// The caller that a command typed on this machine acts as.
    pub async fn operator(&self) -> Result<Caller, AccessError> {
        let (organisation, _) = self.store.home().await?.ok_or(AccessError::NotFounded)?;
        let owner = self.store.owner(organisation.id).await?.ok_or(AccessError::NotFounded)?;
        Ok(operator(&owner))
    }

    /// Recognises an API key as a client sent it.
    pub async fn authenticate_key(&self, text: &str) -> Result<Caller, AccessError> {
        let secret = KeySecret::parse(text).map_err(|_| AccessError::KeyInvalid)?;
        let found = self.store.find_key(secret.id()).await?;
        let (stored, account) = found.ok_or(AccessError::KeyInvalid)?;
        if stored.secret != self.key_hash(&secret) {
            return Err(AccessError::KeyInvalid);
        }
        let ApiKey { id, permissions, expires_at, revoked_at, .. } = stored.key;
        let permissions = permissions.and(account.role.permissions());
        let caller = Caller { permissions, ..caller(&account, Principal::Key(id)) };
        if let Some(revoked_at) = revoked_at {
            return Err(AccessError::KeyRevoked { id, caller, revoked_at });
        }
        if let Some(expired_at) = expires_at.filter(|&until| until <= self.clock.now()) {
            return Err(AccessError::KeyExpired { id, caller, expired_at });
        }
        if account.disabled_at.is_some() {
            return Err(AccessError::AccountDisabled { caller });
        }
        Ok(caller)
    }

    /// The caller that earlier work goes on as: what they may do now, not then. Work of a browser
    /// outlives its session; work of a key ends with the key.
    pub async fn resume(&self, was: &Caller) -> Result<Caller, AccessError> {
        let account = self.store.account(was.organisation, was.account).await?;
        let account = account.ok_or(AccessError::AccountUnknown)?;
        let mut now = Caller { project: was.project, ..caller(&account, was.principal) };
        if let Principal::Key(id) = was.principal {
            let found = self.store.find_key(id).await?.map(|(stored, _)| stored.key);
            let own =
                |key: &ApiKey| (key.organisation, key.account) == (was.organisation, was.account);
            let key = found.filter(own).ok_or(AccessError::KeyInvalid)?;
            now.permissions = key.permissions.and(now.permissions);
            if let Some(revoked_at) = key.revoked_at {
                return Err(AccessError::KeyRevoked { id, caller: now, revoked_at });
            }
            if let Some(expired_at) = key.expires_at.filter(|&until| until <= self.clock.now()) {
                return Err(AccessError::KeyExpired { id, caller: now, expired_at });
            }
        }
        if account.disabled_at.is_some() {
            return Err(AccessError::AccountDisabled { caller: now });
        }
        Ok(now)
    }

    /// The caller that this server works as on something of these accounts, long after anybody
    /// asked: the first of them that may be used, else the owner of the organisation. Whatever
    /// proved who it was may be gone by then, so it is the operator who acts for the account.
    pub async fn working_for(
        &self,
        organisation: OrganisationId,
        accounts: impl IntoIterator<Item = AccountId>,
    ) -> Result<Caller, AccessError> {
        for id in accounts {
            let found = self.store.account(organisation, id).await?;
            if let Some(account) = found.filter(|account| account.disabled_at.is_none()) {
                return Ok(operator(&account));
            }
        }
        let owner = self.store.owner(organisation).await?.ok_or(AccessError::NotFounded)?;
        Ok(operator(&owner))
    }

    pub async fn create_key(
        &self,
        caller: &Caller,
        new: &NewKey<'_>,
    ) -> Result<CreatedKey, AccessError> {
        let characters = new.name.chars().count();
        if !(1..=KEY_NAME_MAX).contains(&characters) {
            return Err(AccessError::KeyName { characters });
        }
        let account = new.account.unwrap_or(caller.account);
        let account = self.store.account(caller.organisation, account).await?;
        let account = account.ok_or(AccessError::AccountUnknown)?;
        let possible = account.role.permissions().and(Permissions::OF_KEYS);
        if new.permissions == Permissions::NONE || !new.permissions.is_within(possible) {
            return Err(AccessError::KeyPermissions { wanted: new.permissions, possible });
        }
        let (stored, secret) = self.new_key(&account, new);
        let audit = self.entry(Action::KeyCreate, caller, Subject::Key(stored.key.id)).await?;
        self.store.insert_key(&stored, &audit).await?;
        Ok(CreatedKey { key: stored.key, secret })
    }

    /// The caller's keys, newest first; all of the project for the operator.
    pub async fn list_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, AccessError> {
        self.record(Action::KeyList, caller, Subject::Nothing).await?;
        let mut keys = self.store.list_keys(caller.organisation, caller.project).await?;
        keys.retain(|key| reaches(caller, key));
        Ok(keys)
    }

    /// One of the caller's keys; any of the project for the operator.
    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<(), AccessError> {
        let found = self.store.find_key(id).await?;
        if !found.is_some_and(|(stored, _)| reaches(caller, &stored.key)) {
            return Err(AccessError::KeyUnknown { id });
        }
        let audit = self.entry(Action::KeyRevoke, caller, Subject::Key(id)).await?;
        let (organisation, project) = (caller.organisation, caller.project);
        let now = self.clock.now();
        let found = self.store.revoke_key(organisation, project, id, now, &audit).await?;
        if found { Ok(()) } else { Err(AccessError::KeyUnknown { id }) }
    }

    /// Makes a one-time sign-in token for the caller's own account; the page reads it from the
    /// fragment of its address.
    pub async fn create_link(&self, caller: &Caller) -> Result<String, AccessError> {
        let account = self.store.account(caller.organisation, caller.account).await?;
        self.link_for(caller, &account.ok_or(AccessError::AccountUnknown)?).await
    }

    pub(crate) async fn link_for(
        &self,
        caller: &Caller,
        account: &Account,
    ) -> Result<String, AccessError> {
        let token = random_token(&*self.secrets);
        let now = self.clock.now();
        let link = SignInLink {
            id: SignInLinkId::from_uuid(self.ids.next(now)),
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            token: self.link_hash(&token),
            created_at: now,
            expires_at: now.plus_seconds(LINK_SECONDS),
        };
        let subject = Subject::SignInLink(link.id);
        let audit = self.entry(Action::SignInLinkCreate, caller, subject).await?;
        self.store.insert_link(&link, &audit).await?;
        Ok(token)
    }

    /// Exchanges a one-time token for a session.
    pub async fn sign_in(&self, link_token: &str) -> Result<SignedIn, AccessError> {
        let now = self.clock.now();
        let hash = self.link_hash(link_token);
        let link = self.store.find_link(&hash, now).await?.ok_or(AccessError::LinkInvalid)?;
        let account = self.store.account(link.organisation, link.account).await?;
        let account = account.filter(|account| account.disabled_at.is_none());
        let account = account.ok_or(AccessError::LinkInvalid)?;
        let (session, token) = self.new_session(&account);
        let caller = session_caller(&session, &account);
        let subject = Subject::SignInLink(link.id);
        let audit = self.entry(Action::SessionCreate, &caller, subject).await?;
        if self.store.redeem_link(&hash, &session, &audit).await? {
            Ok(SignedIn { session, token })
        } else {
            Err(AccessError::LinkInvalid)
        }
    }

    pub(crate) fn new_session(&self, account: &Account) -> (Session, SessionToken) {
        let now = self.clock.now();
        let token = random_token(&*self.secrets);
        let session = Session {
            id: SessionId::from_uuid(self.ids.next(now)),
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            token: self.session_hash(&token),
            created_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        };
        (session, SessionToken::new(token))
    }

    /// Recognises a session cookie.
    pub async fn authenticate_session(
        &self,
        token: &str,
    ) -> Result<(Caller, Session, Account), AccessError> {
        let hash = self.session_hash(token);
        let found = self.store.find_session(&hash, self.clock.now()).await?;
        let (session, account) = found.ok_or(AccessError::SessionInvalid)?;
        let caller = session_caller(&session, &account);
        if account.disabled_at.is_some() {
            return Err(AccessError::AccountDisabled { caller });
        }
        Ok((caller, session, account))
    }

    /// Ends the caller's session; without one this changes nothing.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AccessError> {
        let audit = self.entry(Action::SessionEnd, caller, Subject::Nothing).await?;
        Ok(self.store.end_session(caller, self.clock.now(), &audit).await?)
    }

    fn new_key(&self, account: &Account, new: &NewKey<'_>) -> (StoredKey, KeySecret) {
        let now = self.clock.now();
        let id = KeyId::from_uuid(self.ids.next(now));
        let secret = KeySecret::random(id, &*self.secrets);
        let key = ApiKey {
            id,
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            name: new.name.to_owned(),
            permissions: new.permissions,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        (StoredKey { key, secret: self.key_hash(&secret) }, secret)
    }

    pub(crate) async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<crate::AuditEntry, AuditError> {
        self.trail.entry(&AuditFact::ok(action, *caller, subject)).await
    }

    pub(crate) async fn record(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<(), AuditError> {
        self.trail.record(&AuditFact::ok(action, *caller, subject)).await
    }

    fn key_hash(&self, secret: &KeySecret) -> TokenHash {
        self.installation.hash("api key", secret.secret())
    }

    fn link_hash(&self, token: &str) -> TokenHash {
        self.installation.hash("sign-in link", token.as_bytes())
    }

    fn session_hash(&self, token: &str) -> TokenHash {
        self.installation.hash("session", token.as_bytes())
    }
}

/// The operator of the machine reaches every key of the project, everybody else their own.
fn reaches(caller: &Caller, key: &ApiKey) -> bool {
    key.organisation == caller.organisation
        && (caller.principal == Principal::Operator || key.account == caller.account)
}

const fn operator(owner: &Account) -> Caller {
    caller(owner, Principal::Operator)
}

pub(crate) const fn session_caller(session: &Session, account: &Account) -> Caller {
    caller(account, Principal::Session(session.id))
}

const fn caller(account: &Account, principal: Principal) -> Caller {
    Caller {
        organisation: account.organisation,
        project: account.project,
        account: account.id,
        principal,
        permissions: account.role.permissions(),
    }
}
