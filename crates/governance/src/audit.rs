//! The audit trail: what was done, by whom, with what outcome.
//!
//! An entry's canonical bytes are what becomes a leaf of the transparency log. They are JSON with
//! sorted keys, no white space, strings and integers only, and a version. Persons appear as keyed
//! pseudonyms: the key belongs to the organisation and can be destroyed, the bytes stay valid.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    Caller, Clock, IdSource, KeyId, ModelId, OrganisationId, Principal, RequestId, SessionId,
    SignInLinkId, Timestamp, hexadecimal,
};
use serde::Serialize;
use uuid::Uuid;

use crate::ports::{AccessStore, AuditStore, StoreError};

/// Every kind of access there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    InstallationFound,
    ChatComplete,
    ModelList,
    ModelRead,
    KeyCreate,
    KeyList,
    KeyRevoke,
    SignInLinkCreate,
    SessionCreate,
    SessionRead,
    SessionEnd,
    /// A request that was refused before its action was known.
    RequestRefused,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstallationFound => "installation.found",
            Self::ChatComplete => "chat.complete",
            Self::ModelList => "model.list",
            Self::ModelRead => "model.read",
            Self::KeyCreate => "key.create",
            Self::KeyList => "key.list",
            Self::KeyRevoke => "key.revoke",
            Self::SignInLinkCreate => "sign_in_link.create",
            Self::SessionCreate => "session.create",
            Self::SessionRead => "session.read",
            Self::SessionEnd => "session.end",
            Self::RequestRefused => "request.refused",
        }
    }
}

/// What an action was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Nothing,
    Request(RequestId),
    Model(ModelId),
    Key(KeyId),
    SignInLink(SignInLinkId),
    Session(SessionId),
}

/// Something that happened, before it is written down.
#[derive(Clone, Debug)]
pub struct AuditFact {
    pub action: Action,
    /// `ok`, or the stable code of the error that was returned.
    pub outcome: &'static str,
    pub caller: Option<Caller>,
    pub subject: Subject,
}

/// Something that happened, written down for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: Uuid,
    pub organisation: Option<OrganisationId>,
    pub at: Timestamp,
    pub action: String,
    pub outcome: String,
    /// What is hashed into the log. Holds no content, no secret, no name.
    pub canonical: Vec<u8>,
}

/// The audit trail could not be written, so the access must not be answered.
#[derive(Debug, thiserror::Error)]
#[error("the access could not be written to the audit trail")]
pub struct AuditError {
    pub source: StoreError,
}

/// Keys of the JSON in alphabetical order: serde writes fields as they are declared.
#[derive(Serialize)]
struct Canonical<'a> {
    action: &'a str,
    actor: Option<String>,
    at: i64,
    id: Uuid,
    organisation: Option<String>,
    outcome: &'a str,
    subject: Option<String>,
    v: u32,
}

/// Writes the audit trail. Cheap to clone.
#[derive(Clone)]
pub struct Trail {
    audit: Arc<dyn AuditStore>,
    access: Arc<dyn AccessStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    /// Read on every request, written once an organisation: a lock, not a task.
    pseudonym_keys: Arc<RwLock<HashMap<OrganisationId, [u8; 32]>>>,
}

impl Trail {
    pub fn new(
        audit: Arc<dyn AuditStore>,
        access: Arc<dyn AccessStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self { audit, access, clock, ids, pseudonym_keys: Arc::default() }
    }

    /// Writes an entry on its own; durable when this returns.
    pub async fn record(&self, fact: &AuditFact) -> Result<(), AuditError> {
        let entry = self.entry(fact).await?;
        self.audit.append(&entry).await.map_err(|source| AuditError { source })
    }

    /// Makes an entry for a store method that writes it together with its own change.
    pub async fn entry(&self, fact: &AuditFact) -> Result<AuditEntry, AuditError> {
        let key = match fact.caller {
            Some(caller) => self.pseudonym_key(caller.organisation).await?,
            None => None,
        };
        Ok(self.entry_with(fact, key))
    }

    pub(crate) fn entry_with(&self, fact: &AuditFact, key: Option<[u8; 32]>) -> AuditEntry {
        let at = self.clock.now();
        let id = self.ids.next(at);
        let organisation = fact.caller.map(|caller| caller.organisation);
        let pseudonym = |text: String| key.map(|key| pseudonym(&key, &text));
        let canonical = Canonical {
            action: fact.action.as_str(),
            actor: fact.caller.and_then(|caller| pseudonym(principal_text(caller.principal))),
            at: at.as_micros(),
            id,
            organisation: organisation.and_then(|id| pseudonym(format!("organisation:{id}"))),
            outcome: fact.outcome,
            subject: match &fact.subject {
                Subject::Nothing => None,
                Subject::Request(id) => Some(format!("request:{id}")),
                Subject::Model(id) => Some(format!("model:{id}")),
                Subject::Key(id) => pseudonym(format!("key:{id}")),
                Subject::SignInLink(id) => pseudonym(format!("sign_in_link:{id}")),
                Subject::Session(id) => pseudonym(format!("session:{id}")),
            },
            v: 1,
        };
        AuditEntry {
            id,
            organisation,
            at,
            action: canonical.action.to_owned(),
            outcome: canonical.outcome.to_owned(),
            canonical: to_bytes(&canonical),
        }
    }

    async fn pseudonym_key(
        &self,
        organisation: OrganisationId,
    ) -> Result<Option<[u8; 32]>, AuditError> {
        if let Some(key) = self.known_pseudonym_key(organisation) {
            return Ok(Some(key));
        }
        let found = self.access.pseudonym_key(organisation).await;
        let found = found.map_err(|source| AuditError { source })?;
        if let Some(key) = found {
            let mut keys = self.pseudonym_keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.insert(organisation, key);
        }
        Ok(found)
    }

    /// A method of its own, so that the lock is free again before anything waits.
    fn known_pseudonym_key(&self, organisation: OrganisationId) -> Option<[u8; 32]> {
        let keys = self.pseudonym_keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&organisation).copied()
    }
}

fn principal_text(principal: Principal) -> String {
    match principal {
        Principal::Key(id) => format!("key:{id}"),
        Principal::Session(id) => format!("session:{id}"),
        Principal::Operator => "operator".to_owned(),
    }
}

/// The first 128 bits of a keyed hash: enough to be unique, useless without the key.
fn pseudonym(key: &[u8; 32], text: &str) -> String {
    hexadecimal(&blake3::keyed_hash(key, text.as_bytes()).as_bytes()[..16])
}

#[expect(clippy::expect_used, reason = "strings and integers always serialise")]
fn to_bytes(canonical: &Canonical<'_>) -> Vec<u8> {
    serde_json::to_vec(canonical).expect("strings and integers always serialise")
}
