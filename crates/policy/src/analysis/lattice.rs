//! Every question that can differ.

use domain::{
    Account, AccountId, AccountKind, AccountName, KeyId, ModelId, OrganisationId, Permission,
    Principal, ProjectId, Role, SessionId, Timestamp,
};
use governance::{Act, Actor, Asked, DestinationFacts, ModelFacts};

use crate::{
    Circumstances, Place,
    facts::Facts,
    schema::{EMBED, INFER, SEND},
};

/// What there is in the installation, besides roles and hours.
#[derive(Clone, Debug, Default)]
pub struct Lattice {
    pub models: Vec<ModelKind>,
    pub destinations: Vec<DestinationKind>,
}

/// A model, as rules see it.
#[derive(Clone, Debug)]
pub struct ModelKind {
    pub id: ModelId,
    pub digest: String,
    pub architecture: String,
    pub is_adapter: bool,
    /// Whether it turns texts into vectors; otherwise it answers.
    pub embeds: bool,
}

/// A destination, as rules see it.
#[derive(Clone, Debug)]
pub struct DestinationKind {
    pub origin: String,
    pub data_class: &'static str,
    pub purpose: &'static str,
    pub zone: Option<String>,
    pub operator_jurisdiction: Option<String>,
    pub parent_jurisdiction: Option<String>,
}

/// What is done.
#[derive(Clone, Debug)]
enum Doing {
    Use(Permission),
    Model(ModelKind),
    Send(DestinationKind),
}

/// One question.
pub(super) struct Asking {
    /// `None`: the installation itself.
    account: Option<(Account, Principal)>,
    doing: Doing,
    when: Circumstances,
}

impl Lattice {
    /// Dimensions that the text does not name are looked at in one place.
    pub(super) fn askings(&self, text: &str) -> Vec<Asking> {
        let hours: Vec<_> = if text.contains("hour") || text.contains("weekday") {
            Circumstances::every().collect()
        } else {
            vec![Circumstances::at(Timestamp::from_micros(0))]
        };
        let actors = actors(text);
        let mut all = Vec::new();
        let permissions = Permission::ALL.into_iter().map(Doing::Use);
        let models = self.models.iter().cloned().map(Doing::Model);
        for doing in permissions.chain(models) {
            for actor in &actors {
                all.extend(hours.iter().map(|&when| Asking {
                    account: Some(actor.clone()),
                    doing: doing.clone(),
                    when,
                }));
            }
        }
        for destination in &self.destinations {
            all.extend(hours.iter().map(|&when| Asking {
                account: None,
                doing: Doing::Send(destination.clone()),
                when,
            }));
        }
        all
    }
}

/// Stand-ins, and the accounts that rules name, each in every role.
fn actors(text: &str) -> Vec<(Account, Principal)> {
    let mut ids = vec![AccountId::from_uuid(uuid::Uuid::nil())];
    ids.extend(named(text));
    let kinds: &[AccountKind] =
        if text.contains("kind") { &AccountKind::ALL } else { &AccountKind::ALL[..1] };
    let all_means = [
        Principal::Key(KeyId::from_uuid(uuid::Uuid::nil())),
        Principal::Session(SessionId::from_uuid(uuid::Uuid::nil())),
        Principal::Operator,
    ];
    let means = if text.contains("context.by") { &all_means[..] } else { &all_means[..1] };
    let mut actors = Vec::new();
    for &id in &ids {
        for role in Role::ALL {
            for &kind in kinds {
                let account = stand_in(id, role, kind);
                actors.extend(means.iter().map(|&by| (account.clone(), by)));
            }
        }
    }
    actors
}

/// Ids in texts such as `Account::"…"`.
fn named(text: &str) -> Vec<AccountId> {
    let behind = text.split("Account::\"").skip(1);
    let ids = behind.filter_map(|rest| rest.split('"').next());
    let mut ids: Vec<_> =
        ids.filter_map(|id| uuid::Uuid::parse_str(id).ok().map(AccountId::from_uuid)).collect();
    ids.sort_unstable_by_key(ToString::to_string);
    ids.dedup();
    ids.truncate(50);
    ids
}

fn stand_in(id: AccountId, role: Role, kind: AccountKind) -> Account {
    Account {
        id,
        organisation: OrganisationId::from_uuid(uuid::Uuid::nil()),
        project: ProjectId::from_uuid(uuid::Uuid::nil()),
        kind,
        name: AccountName::owner(),
        role,
        created_at: Timestamp::from_micros(0),
        disabled_at: None,
    }
}

impl Asking {
    pub(super) fn with_facts<T>(&self, place: &Place, then: impl FnOnce(&Facts<'_>) -> T) -> T {
        let actor = match &self.account {
            Some((account, by)) => Actor::Account { account, by: *by },
            None => Actor::Installation,
        };
        let act = match &self.doing {
            Doing::Use(permission) => Act::Use(*permission),
            Doing::Model(model) if model.embeds => Act::Embed(model.facts()),
            Doing::Model(model) => Act::Infer(model.facts()),
            Doing::Send(destination) => Act::Send(destination.facts()),
        };
        then(&Facts::of(&Asked { actor, act }, place, self.when))
    }

    pub(super) fn action(&self) -> &'static str {
        match &self.doing {
            Doing::Use(permission) => permission.as_str(),
            Doing::Model(ModelKind { embeds: true, .. }) => EMBED,
            Doing::Model(_) => INFER,
            Doing::Send(_) => SEND,
        }
    }

    pub(super) fn resource(&self) -> Option<String> {
        match &self.doing {
            Doing::Use(_) => None,
            Doing::Model(model) => Some(model.id.to_string()),
            Doing::Send(destination) => Some(destination.origin.clone()),
        }
    }

    /// The place of the role among all.
    pub(super) fn column(&self) -> usize {
        let role = self.account.as_ref().map(|(account, _)| account.role);
        role.and_then(|role| Role::ALL.iter().position(|known| *known == role)).unwrap_or(0)
    }

    /// Whether the role may do it at all.
    pub(super) fn is_allowed(&self) -> bool {
        let Some((account, _)) = &self.account else { return true };
        let needed = match &self.doing {
            Doing::Use(permission) => *permission,
            Doing::Model(_) | Doing::Send(_) => Permission::UseModels,
        };
        account.role.permissions().contains(needed)
    }
}

impl ModelKind {
    /// What rules see.
    pub fn facts(&self) -> ModelFacts<'_> {
        ModelFacts {
            id: &self.id,
            digest: &self.digest,
            architecture: &self.architecture,
            is_adapter: self.is_adapter,
        }
    }
}

impl DestinationKind {
    /// What rules see.
    pub fn facts(&self) -> DestinationFacts<'_> {
        DestinationFacts {
            origin: &self.origin,
            data_class: self.data_class,
            purpose: self.purpose,
            zone: self.zone.as_deref(),
            operator_jurisdiction: self.operator_jurisdiction.as_deref(),
            parent_jurisdiction: self.parent_jurisdiction.as_deref(),
        }
    }
}
