//! Everything that a decision follows from, in one flat row.

use domain::Permission;
use governance::{Act, Actor, Asked, ModelFacts};
use residency::{DataClass, Purpose};

use crate::{
    Circumstances, Place,
    circumstances::{ADMINISTRATION, MEANS, UNDECLARED, means},
    schema::{EMBED, HERE, INFER, SEND},
};

/// Two rows that are equal get the same decision.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) principal: Principal<'a>,
    pub(crate) action: &'static str,
    pub(crate) resource: Resource<'a>,
    pub(crate) data_class: &'a str,
    pub(crate) data_zone: &'a str,
    pub(crate) destination_zone: &'a str,
    pub(crate) operator_jurisdiction: &'a str,
    pub(crate) parent_jurisdiction: &'a str,
    pub(crate) purpose: &'a str,
    pub(crate) by: &'static str,
    pub(crate) when: Circumstances,
}

#[derive(Clone, Debug)]
pub(crate) enum Principal<'a> {
    Account { id: String, name: &'a str, kind: &'static str, role: &'static str },
    Installation,
}

#[derive(Clone, Debug)]
pub(crate) enum Resource<'a> {
    Installation,
    Model(ModelFacts<'a>),
    Destination(&'a str),
}

impl<'a> Facts<'a> {
    pub(crate) fn of(asked: &Asked<'a>, place: &'a Place, when: Circumstances) -> Self {
        let (principal, by) = match asked.actor {
            Actor::Account { account, by } => {
                let (id, name) = (account.id.to_string(), account.name.as_str());
                let (kind, role) = (account.kind.as_str(), account.role.as_str());
                (Principal::Account { id, name, kind, role }, means(by))
            }
            Actor::Installation => (Principal::Installation, MEANS[3]),
        };
        let said = |country: &'a Option<String>| country.as_deref().unwrap_or(UNDECLARED);
        let here = Self {
            principal,
            action: SEND,
            resource: Resource::Installation,
            data_class: DataClass::Content.as_str(),
            data_zone: &place.data_zone,
            destination_zone: said(&place.site),
            operator_jurisdiction: said(&place.operator_jurisdiction),
            parent_jurisdiction: said(&place.parent_jurisdiction),
            purpose: Purpose::Inference.as_str(),
            by,
            when,
        };
        match asked.act {
            Act::Use(permission) => {
                let (data_class, purpose) = of_permission(permission);
                Self { action: permission.as_str(), data_class, purpose, ..here }
            }
            Act::Infer(model) => Self { action: INFER, resource: Resource::Model(model), ..here },
            Act::Embed(model) => Self { action: EMBED, resource: Resource::Model(model), ..here },
            Act::Send(destination) => Self {
                resource: Resource::Destination(destination.origin),
                data_class: destination.data_class,
                purpose: destination.purpose,
                destination_zone: destination.zone.unwrap_or(UNDECLARED),
                operator_jurisdiction: destination.operator_jurisdiction.unwrap_or(UNDECLARED),
                parent_jurisdiction: destination.parent_jurisdiction.unwrap_or(UNDECLARED),
                ..here
            },
        }
    }

    /// The row as bytes. Each text stands behind its length: no two rows have the same.
    pub(crate) fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(320);
        match &self.principal {
            Principal::Account { id, name, kind, role } => {
                for text in [id.as_str(), name, kind, role] {
                    push(&mut key, text);
                }
            }
            Principal::Installation => push(&mut key, ""),
        }
        match &self.resource {
            Resource::Installation => push(&mut key, HERE),
            Resource::Model(ModelFacts { id, digest, architecture, is_adapter }) => {
                for text in [id.as_str(), digest, architecture] {
                    push(&mut key, text);
                }
                key.push(u8::from(*is_adapter));
            }
            Resource::Destination(origin) => push(&mut key, origin),
        }
        for text in [
            self.action,
            self.data_class,
            self.data_zone,
            self.destination_zone,
            self.operator_jurisdiction,
            self.parent_jurisdiction,
            self.purpose,
            self.by,
            self.when.weekday,
        ] {
            push(&mut key, text);
        }
        key.push(self.when.hour);
        key
    }
}

fn push(key: &mut Vec<u8>, text: &str) {
    key.extend(text.len().to_le_bytes());
    key.extend(text.as_bytes());
}

/// The gravest data that routes of a permission are about, and what it is processed for.
const fn of_permission(permission: Permission) -> (&'static str, &'static str) {
    match permission {
        Permission::UseModels => (DataClass::Metadata.as_str(), Purpose::Inference.as_str()),
        Permission::Converse => (DataClass::Content.as_str(), Purpose::Inference.as_str()),
        Permission::MakeKeys
        | Permission::ManageAccounts
        | Permission::Provision
        | Permission::BreakGlass
        | Permission::ProtectData => (DataClass::Personal.as_str(), ADMINISTRATION),
        Permission::ReadLog => (DataClass::Metadata.as_str(), ADMINISTRATION),
    }
}
