//! Rows for tests: every call makes another one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use carbon_ledger::{Energy, Joules, Method, Uncertainty, factors};
use domain::{
    Account, AccountId, AccountKind, ApiKey, Caller, Clock as _, IdSource as _, KeyId, ModelDigest,
    Organisation, OrganisationId, Permissions, Principal, Project, ProjectId, RequestId, Role,
    SessionId, SignInLinkId, Timestamp,
};
use governance::{
    AuditEntry, SecretSource as _, Session, SignInLink, TokenHash,
    ports::{Founding, StoredKey},
};
use inference::{
    AnsweredBy, Declared, Deployment, EngineBuild, Metering, MicroEuros, Site, UsageOpened,
    UsageOutcome, UsageSettled, ports::Consumed,
};
use uuid::Uuid;

use crate::{SeededIds, SeededSecrets, SimulatedClock};

const LINK_SECONDS: i64 = 600;
const SESSION_SECONDS: i64 = 43_200;

/// Makes rows from a seed. Each row is one millisecond younger than the one before.
#[derive(Debug)]
pub struct Samples {
    clock: SimulatedClock,
    ids: SeededIds,
    secrets: SeededSecrets,
    count: AtomicU64,
}

impl Samples {
    pub fn new(seed: u64) -> Self {
        Self {
            clock: SimulatedClock::default(),
            ids: SeededIds::new(seed),
            secrets: SeededSecrets::new(seed),
            count: AtomicU64::new(0),
        }
    }

    /// A millisecond later than at the last call.
    pub fn now(&self) -> Timestamp {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.clock.advance(std::time::Duration::from_millis(1));
        self.clock.now()
    }

    pub fn id(&self) -> Uuid {
        self.ids.next(self.clock.now())
    }

    pub fn hash(&self) -> TokenHash {
        let mut bytes = [0; 32];
        self.secrets.fill(&mut bytes);
        TokenHash::from_bytes(bytes)
    }

    pub fn founding(&self) -> Founding {
        let now = self.now();
        let organisation = Organisation {
            id: OrganisationId::from_uuid(self.id()),
            name: "Météo".to_owned(),
            created_at: now,
        };
        let project = Project {
            id: ProjectId::from_uuid(self.id()),
            organisation: organisation.id,
            name: "prévision".to_owned(),
            created_at: now,
        };
        let owner = self.account(&project, Role::Owner);
        let key = self.key(&owner);
        let pseudonym_key = *self.hash().as_bytes();
        Founding { organisation, pseudonym_key, project, owner, key }
    }

    pub fn account(&self, project: &Project, role: Role) -> Account {
        let created_at = self.now();
        let name = format!("{}-{}", role.as_str().replace('_', "-"), self.id().simple());
        Account {
            id: AccountId::from_uuid(self.id()),
            organisation: project.organisation,
            project: project.id,
            kind: AccountKind::Person,
            name: name.parse().expect("a name"),
            role,
            created_at,
            disabled_at: None,
        }
    }

    pub fn key(&self, account: &Account) -> StoredKey {
        let created_at = self.now();
        let key = ApiKey {
            id: KeyId::from_uuid(self.id()),
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            name: format!("key {}", self.count.load(Ordering::SeqCst)),
            permissions: Permissions::OF_PLAIN_KEYS,
            created_at,
            expires_at: None,
            revoked_at: None,
        };
        StoredKey { key, secret: self.hash() }
    }

    pub fn link(&self, account: &Account) -> SignInLink {
        let created_at = self.now();
        SignInLink {
            id: SignInLinkId::from_uuid(self.id()),
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            token: self.hash(),
            created_at,
            expires_at: created_at.plus_seconds(LINK_SECONDS),
        }
    }

    pub fn session(&self, account: &Account) -> Session {
        let created_at = self.now();
        Session {
            id: SessionId::from_uuid(self.id()),
            organisation: account.organisation,
            project: account.project,
            account: account.id,
            token: self.hash(),
            created_at,
            expires_at: created_at.plus_seconds(SESSION_SECONDS),
        }
    }

    pub fn caller(&self, project: &Project, principal: Principal) -> Caller {
        Caller {
            organisation: project.organisation,
            project: project.id,
            account: AccountId::from_uuid(self.id()),
            principal,
            permissions: Role::Owner.permissions(),
        }
    }

    /// An entry of an organisation, or of nobody in particular.
    pub fn entry(&self, organisation: Option<OrganisationId>) -> AuditEntry {
        let (at, id) = (self.now(), self.id());
        let canonical = format!(r#"{{"at":{},"id":"{id}","v":1}}"#, at.as_micros());
        AuditEntry {
            id,
            organisation,
            at,
            action: "chat.complete".to_owned(),
            outcome: "ok".to_owned(),
            request: None,
            canonical: canonical.into_bytes(),
        }
    }

    pub fn opened(&self, caller: &Caller) -> UsageOpened {
        let opened_at = self.now();
        UsageOpened {
            request: RequestId::from_uuid(self.id()),
            organisation: caller.organisation,
            project: caller.project,
            account: caller.account,
            principal: caller.principal,
            model: "fake-model".parse().expect("a model id"),
            prompt_tokens: 17,
            opened_at,
            digest: Some(ModelDigest::from_bytes(*self.hash().as_bytes())),
            deployment: Some(Arc::new(deployment())),
        }
    }

    pub fn settled(&self, opened: &UsageOpened, outcome: UsageOutcome) -> UsageSettled {
        let factor = factors::grid("FR").expect("listed");
        let site = Site { name: "Brest".to_owned(), zone: "FR".to_owned() };
        let count = u32::try_from(self.count.load(Ordering::SeqCst)).unwrap_or(0);
        let consumed = Consumed {
            prompt_tokens: opened.prompt_tokens,
            cached_prompt_tokens: 0,
            completion_tokens: count,
            energy: Energy {
                joules: Joules::new(0.25 * f64::from(count)).expect("a quantity"),
                method: Method::Estimated,
                uncertainty: Uncertainty::from_percent(60.0).expect("a percentage"),
            },
            cpu_seconds: 0.125 * f64::from(count),
        };
        UsageSettled {
            request: opened.request,
            organisation: opened.organisation,
            outcome,
            usage: Metering::new(site, factor).usage(&consumed),
            cost: Some(MicroEuros(3 * u64::from(count))),
            settled_at: self.now(),
            answered_by: None,
        }
    }
}

/// What answers in tests.
pub fn deployment() -> Deployment {
    Deployment {
        engine: AnsweredBy::Here(EngineBuild {
            version: "0.0.0-test".to_owned(),
            commit: None,
            cpu_path: "scalar".to_owned(),
            kv_cache_type: "f16".to_owned(),
        }),
        declared: Declared {
            site: "Brest".to_owned(),
            grid_zone: "FR".to_owned(),
            country: Some("FR".to_owned()),
            operator: Some("Météo \"Ouest\" S.A.".to_owned()),
            operator_country: Some("FR".to_owned()),
            parent_country: None,
        },
    }
}

/// A store whose founding is done, with what it was founded with.
pub(crate) async fn founded<S: governance::ports::AccessStore>(
    store: S,
    samples: Samples,
) -> (S, Arc<Samples>, Founding) {
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    let made = store.found(&founding, &entry).await.expect("founded");
    assert!(made, "an empty store is founded");
    (store, Arc::new(samples), founding)
}
