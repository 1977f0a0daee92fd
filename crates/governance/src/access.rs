//! Who is asking: API keys, sign-in links and sessions.

use std::sync::Arc;

use domain::{
    ApiKey, Caller, Clock, IdSource, KeyId, Organisation, OrganisationId, Principal, Project,
    ProjectId, SessionId, SignInLinkId, Timestamp,
};

use crate::{
    Action, AuditError, AuditFact, InstallationKey, KeySecret, SecretSource, Session, SessionToken,
    SignInLink, Subject, TokenHash, Trail,
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
    #[error("the project has no API key `{id}`")]
    KeyUnknown { id: KeyId },
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
            Self::KeyUnknown { .. } => "key.unknown",
            Self::KeyName { .. } => "request.invalid",
            Self::LinkInvalid => "auth.link_invalid",
            Self::NotFounded => "installation.empty",
            Self::Audit(_) => "audit.unavailable",
            Self::Store(_) => "store.unavailable",
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
        Self { store, trail, installation, clock, ids, secrets }
    }

    /// Creates the first organisation, project and key; `None` if they exist.
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
        let (stored, secret) = self.new_key(&project, "first key");
        let mut pseudonym_key = [0; 32];
        self.secrets.fill(&mut pseudonym_key);
        let subject = Subject::Key(stored.key.id);
        let fact = AuditFact::ok(Action::InstallationFound, operator(&project), subject);
        let audit = self.trail.entry_with(&fact, Some(pseudonym_key)).await?;
        let key = stored.key.clone();
        let founding = Founding { organisation, pseudonym_key, project, key: stored };
        let founded = self.store.found(&founding, &audit).await?;
        Ok(founded.then_some(CreatedKey { key, secret }))
    }

    /// The caller that a command typed on this machine acts as.
    pub async fn operator(&self) -> Result<Caller, AccessError> {
        let (_, project) = self.store.home().await?.ok_or(AccessError::NotFounded)?;
        Ok(operator(&project))
    }

    /// Recognises an API key as a client sent it.
    pub async fn authenticate_key(&self, text: &str) -> Result<Caller, AccessError> {
        let secret = KeySecret::parse(text).map_err(|_| AccessError::KeyInvalid)?;
        let stored = self.store.find_key(secret.id()).await?.ok_or(AccessError::KeyInvalid)?;
        if stored.secret != self.key_hash(&secret) {
            return Err(AccessError::KeyInvalid);
        }
        let ApiKey { id, organisation, project, revoked_at, .. } = stored.key;
        let caller = Caller { organisation, project, principal: Principal::Key(id) };
        match revoked_at {
            None => Ok(caller),
            Some(revoked_at) => Err(AccessError::KeyRevoked { id, caller, revoked_at }),
        }
    }

    pub async fn create_key(&self, caller: &Caller, name: &str) -> Result<CreatedKey, AccessError> {
        let characters = name.chars().count();
        if !(1..=KEY_NAME_MAX).contains(&characters) {
            return Err(AccessError::KeyName { characters });
        }
        let project = Project {
            id: caller.project,
            organisation: caller.organisation,
            name: String::new(),
            created_at: self.clock.now(),
        };
        let (stored, secret) = self.new_key(&project, name);
        let audit = self.entry(Action::KeyCreate, caller, Subject::Key(stored.key.id)).await?;
        self.store.insert_key(&stored, &audit).await?;
        Ok(CreatedKey { key: stored.key, secret })
    }

    /// The project's keys, newest first.
    pub async fn list_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, AccessError> {
        self.record(Action::KeyList, caller, Subject::Nothing).await?;
        Ok(self.store.list_keys(caller.organisation, caller.project).await?)
    }

    pub async fn revoke_key(&self, caller: &Caller, id: KeyId) -> Result<(), AccessError> {
        let audit = self.entry(Action::KeyRevoke, caller, Subject::Key(id)).await?;
        let (organisation, project) = (caller.organisation, caller.project);
        let now = self.clock.now();
        let found = self.store.revoke_key(organisation, project, id, now, &audit).await?;
        if found { Ok(()) } else { Err(AccessError::KeyUnknown { id }) }
    }

    /// Makes a one-time sign-in token; the page reads it from the fragment of its address.
    pub async fn create_link(&self, caller: &Caller) -> Result<String, AccessError> {
        let token = random_token(&*self.secrets);
        let now = self.clock.now();
        let link = SignInLink {
            id: SignInLinkId::from_uuid(self.ids.next(now)),
            organisation: caller.organisation,
            project: caller.project,
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
        let token = random_token(&*self.secrets);
        let session = Session {
            id: SessionId::from_uuid(self.ids.next(now)),
            organisation: link.organisation,
            project: link.project,
            token: self.session_hash(&token),
            created_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        };
        let caller = session_caller(&session);
        let subject = Subject::SignInLink(link.id);
        let audit = self.entry(Action::SessionCreate, &caller, subject).await?;
        if self.store.redeem_link(&hash, &session, &audit).await? {
            Ok(SignedIn { session, token: SessionToken::new(token) })
        } else {
            Err(AccessError::LinkInvalid)
        }
    }

    /// Recognises a session cookie.
    pub async fn authenticate_session(
        &self,
        token: &str,
    ) -> Result<(Caller, Session), AccessError> {
        let hash = self.session_hash(token);
        let session = self.store.find_session(&hash, self.clock.now()).await?;
        let session = session.ok_or(AccessError::SessionInvalid)?;
        Ok((session_caller(&session), session))
    }

    /// Ends the caller's session; without one this changes nothing.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), AccessError> {
        let audit = self.entry(Action::SessionEnd, caller, Subject::Nothing).await?;
        Ok(self.store.end_session(caller, self.clock.now(), &audit).await?)
    }

    fn new_key(&self, project: &Project, name: &str) -> (StoredKey, KeySecret) {
        let now = self.clock.now();
        let id = KeyId::from_uuid(self.ids.next(now));
        let secret = KeySecret::random(id, &*self.secrets);
        let key = ApiKey {
            id,
            organisation: project.organisation,
            project: project.id,
            name: name.to_owned(),
            created_at: now,
            revoked_at: None,
        };
        (StoredKey { key, secret: self.key_hash(&secret) }, secret)
    }

    async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        subject: Subject,
    ) -> Result<crate::AuditEntry, AuditError> {
        self.trail.entry(&AuditFact::ok(action, *caller, subject)).await
    }

    async fn record(
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

const fn operator(project: &Project) -> Caller {
    Caller {
        organisation: project.organisation,
        project: project.id,
        principal: Principal::Operator,
    }
}

const fn session_caller(session: &Session) -> Caller {
    Caller {
        organisation: session.organisation,
        project: session.project,
        principal: Principal::Session(session.id),
    }
}
