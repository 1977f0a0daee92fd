//! Accounts and keys.

use domain::{Account, AccountKind, Role};
use sovereignty::Measured;

use super::{Scene, scene::People};

fn people<'a>(scene: &'a Scene<'_>) -> Result<&'a People, Measured> {
    scene.people.as_ref().map_err(|reason| Measured::not_measured(reason.clone()))
}

impl People {
    /// Accounts of persons that may be used.
    fn persons(&self) -> impl Iterator<Item = (&Account, bool)> {
        let may_be_used = |account: &Account| {
            account.kind == AccountKind::Person && account.disabled_at.is_none()
        };
        self.accounts
            .iter()
            .filter(move |(account, _)| may_be_used(account))
            .map(|(account, has_password)| (account, *has_password))
    }

    fn count(&self, role: Role) -> usize {
        self.persons().filter(|(account, _)| account.role == role).count()
    }
}

pub(super) fn has(scene: &Scene<'_>, role: Role) -> Measured {
    match people(scene) {
        Ok(people) => {
            let count = people.count(role);
            Measured::when(count > 0, format!("{count} of the role {}", role.as_str()))
        }
        Err(unknown) => unknown,
    }
}

pub(super) fn owners_two(scene: &Scene<'_>) -> Measured {
    match people(scene) {
        Ok(people) => {
            let count = people.count(Role::Owner);
            Measured::when(count >= 2, format!("{count} of the role owner"))
        }
        Err(unknown) => unknown,
    }
}

/// Numbers and no names: the report is read by more people than the list of accounts.
pub(super) fn keepers_have_passwords(scene: &Scene<'_>) -> Measured {
    let people = match people(scene) {
        Ok(people) => people,
        Err(unknown) => return unknown,
    };
    let keepers =
        people.persons().filter(|(account, _)| matches!(account.role, Role::Owner | Role::Admin));
    let keepers: Vec<_> = keepers.collect();
    let without = keepers.iter().filter(|(_, has_password)| !has_password).count();
    Measured::when(without == 0, format!("{without} of {} have none", keepers.len()))
}

pub(super) fn keys_end(scene: &Scene<'_>) -> Measured {
    match people(scene) {
        Ok(people) => {
            let endless = people.keys.iter().filter(|key| key.expires_at.is_none()).count();
            Measured::when(endless == 0, format!("{endless} of {} never end", people.keys.len()))
        }
        Err(unknown) => unknown,
    }
}

pub(super) fn keys_owned(scene: &Scene<'_>) -> Measured {
    let people = match people(scene) {
        Ok(people) => people,
        Err(unknown) => return unknown,
    };
    let is_good = |id| {
        let mut accounts = people.accounts.iter();
        accounts.any(|(account, _)| account.id == id && account.disabled_at.is_none())
    };
    let orphans = people.keys.iter().filter(|key| !is_good(key.account)).count();
    Measured::when(orphans == 0, format!("{orphans} of {}", people.keys.len()))
}
