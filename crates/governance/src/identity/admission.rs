//! Decides whom the settings let in whom a provider has identified, and as what.

use std::collections::BTreeMap;

use domain::{Account, Role};

/// Who gets in without an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admit {
    /// Whoever is in a group that stands for a role; an account is made the first time.
    Mapped,
    /// Nobody: people bind their identity to the account that they were invited to.
    Invited,
}

/// The rules of the settings.
#[derive(Clone, Debug)]
pub struct Admission {
    admit: Admit,
    roles: BTreeMap<String, Role>,
}

/// Why rules make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolesError {
    #[error("the group `{group}` would make owners")]
    Owner { group: String },
    #[error("no group stands for a role, so nobody would be let in")]
    Nobody,
    #[error("groups stand for roles, and accounts keep their roles when people are invited")]
    Unused,
}

/// What is done about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Refuse,
    Create(Role),
    /// The account has this role from now on.
    Enter(Role),
}

impl Admission {
    /// # Errors
    /// [`RolesError`] if a group would make owners, or if the roles do not fit `admit`.
    pub fn new(admit: Admit, roles: BTreeMap<String, Role>) -> Result<Self, RolesError> {
        let mut owners = roles.iter().filter(|(_, role)| **role == Role::Owner);
        if let Some((group, _)) = owners.next() {
            return Err(RolesError::Owner { group: group.clone() });
        }
        match (admit, roles.is_empty()) {
            (Admit::Mapped, true) => Err(RolesError::Nobody),
            (Admit::Invited, false) => Err(RolesError::Unused),
            (Admit::Mapped, false) | (Admit::Invited, true) => Ok(Self { admit, roles }),
        }
    }

    /// `account` is the one that the identity is bound to.
    pub(super) fn decide(&self, account: Option<&Account>, groups: &[String]) -> Verdict {
        match (self.admit, account.map(|account| account.role), self.role(groups)) {
            (Admit::Invited, Some(kept), _) => Verdict::Enter(kept),
            // Whoever answers for the organisation is appointed here, not by the provider.
            (Admit::Mapped, Some(Role::Owner), Some(_)) => Verdict::Enter(Role::Owner),
            (Admit::Mapped, Some(_), Some(role)) => Verdict::Enter(role),
            (Admit::Mapped, None, Some(role)) => Verdict::Create(role),
            (Admit::Invited, None, _) | (Admit::Mapped, _, None) => Verdict::Refuse,
        }
    }

    /// Of several roles the one that comes first in [`Role::ALL`].
    fn role(&self, groups: &[String]) -> Option<Role> {
        let given: Vec<Role> =
            groups.iter().filter_map(|group| self.roles.get(group)).copied().collect();
        Role::ALL.into_iter().find(|role| given.contains(role))
    }
}

#[cfg(test)]
mod tests {
    use domain::{AccountId, AccountKind, OrganisationId, ProjectId, Timestamp};
    use uuid::Uuid;

    use super::*;

    fn roles(pairs: &[(&str, Role)]) -> BTreeMap<String, Role> {
        pairs.iter().map(|(group, role)| ((*group).to_owned(), *role)).collect()
    }

    fn account(role: Role) -> Account {
        Account {
            id: AccountId::from_uuid(Uuid::from_u128(1)),
            organisation: OrganisationId::from_uuid(Uuid::from_u128(2)),
            project: ProjectId::from_uuid(Uuid::from_u128(3)),
            kind: AccountKind::Person,
            name: "anne".parse().unwrap(),
            role,
            created_at: Timestamp::from_micros(0),
            disabled_at: None,
        }
    }

    fn check(rules: &Admission, kept: Option<Role>, groups: &[&str], expected: Verdict) {
        let account = kept.map(account);
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        assert_eq!(rules.decide(account.as_ref(), &groups), expected, "{kept:?} {groups:?}");
    }

    #[test]
    fn groups_give_roles_and_take_them_away() {
        let pairs =
            [("staff", Role::Member), ("devs", Role::Developer), ("dpo", Role::DataOfficer)];
        let rules = Admission::new(Admit::Mapped, roles(&pairs)).unwrap();
        check(&rules, None, &["staff"], Verdict::Create(Role::Member));
        check(&rules, None, &["staff", "devs"], Verdict::Create(Role::Developer));
        check(&rules, None, &["devs", "dpo"], Verdict::Create(Role::DataOfficer));
        check(&rules, None, &["guests", "Staff", ""], Verdict::Refuse);
        check(&rules, None, &[], Verdict::Refuse);
        check(&rules, Some(Role::Admin), &["staff"], Verdict::Enter(Role::Member));
        check(&rules, Some(Role::Member), &[], Verdict::Refuse);
        check(&rules, Some(Role::Owner), &["staff"], Verdict::Enter(Role::Owner));
        check(&rules, Some(Role::Owner), &[], Verdict::Refuse);
    }

    #[test]
    fn whoever_was_invited_keeps_the_role_and_nobody_else_gets_in() {
        let rules = Admission::new(Admit::Invited, BTreeMap::new()).unwrap();
        check(&rules, Some(Role::Auditor), &["staff"], Verdict::Enter(Role::Auditor));
        check(&rules, None, &["staff"], Verdict::Refuse);
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let refused = |admit, pairs: &[_]| Admission::new(admit, roles(pairs)).unwrap_err();
        let group = "bosses".to_owned();
        assert_eq!(refused(Admit::Mapped, &[("bosses", Role::Owner)]), RolesError::Owner { group });
        assert_eq!(refused(Admit::Mapped, &[]), RolesError::Nobody);
        assert_eq!(refused(Admit::Invited, &[("staff", Role::Member)]), RolesError::Unused);
    }
}
