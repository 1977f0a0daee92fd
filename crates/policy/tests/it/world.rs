//! Accounts, models and destinations to ask about.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::{
    Account, AccountId, AccountKind, AccountName, Clock, KeyId, ModelId, OrganisationId, Principal,
    ProjectId, Role, Timestamp,
};
use governance::{ModelFacts, PolicyDigest};
use policy::Place;
use uuid::Uuid;

pub(crate) const PERMIT_ALL: &str = "@id(\"all\")\npermit (principal, action, resource);\n";
pub(crate) const RESIDENCY: PolicyDigest = PolicyDigest([7; 32]);

/// A clock that stands at the hour it is put to.
#[derive(Default)]
pub(crate) struct Standing(AtomicI64);

impl Standing {
    pub(crate) fn put_to(&self, hour: u8) {
        self.0.store(i64::from(hour) * 3_600_000_000, Ordering::Relaxed);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

pub(crate) fn account(number: u128, role: Role) -> Account {
    Account {
        id: AccountId::from_uuid(Uuid::from_u128(number)),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(1)),
        project: ProjectId::from_uuid(Uuid::from_u128(2)),
        kind: AccountKind::Person,
        name: AccountName::owner(),
        role,
        created_at: Timestamp::from_micros(0),
        disabled_at: None,
    }
}

pub(crate) fn key() -> Principal {
    Principal::Key(KeyId::from_uuid(Uuid::from_u128(9)))
}

pub(crate) fn model(id: &ModelId) -> ModelFacts<'_> {
    ModelFacts { id, digest: "00", architecture: "llama", is_adapter: false }
}

pub(crate) fn place() -> Place {
    Place {
        data_zone: "eu".to_owned(),
        site: Some("FR".to_owned()),
        operator_jurisdiction: Some("FR".to_owned()),
        parent_jurisdiction: None,
    }
}
