//! Decides whose role changes when groups change.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{Account, AccountId, Role};

use crate::ports::{Group, Provisioned};

/// Which groups stand for which roles.
#[derive(Clone, Debug)]
pub(super) struct GroupRoles(Arc<BTreeMap<String, Role>>);

impl GroupRoles {
    /// Owners are appointed here and never by a group.
    pub(super) fn new(mut roles: BTreeMap<String, Role>) -> Self {
        roles.retain(|_, role| *role != Role::Owner);
        Self(Arc::new(roles))
    }

    /// The role of everybody who is in a group that stands for one; of several the one that comes
    /// first in [`Role::ALL`].
    fn of_members(&self, groups: &[Group]) -> BTreeMap<AccountId, Role> {
        let mut given: BTreeMap<AccountId, BTreeSet<usize>> = BTreeMap::new();
        for group in groups {
            let Some(role) = self.0.get(&group.display_name) else { continue };
            let rank = Role::ALL.iter().position(|one| one == role).unwrap_or(Role::ALL.len());
            for member in &group.members {
                given.entry(*member).or_default().insert(rank);
            }
        }
        let best =
            |ranks: BTreeSet<usize>| ranks.first().and_then(|rank| Role::ALL.get(*rank)).copied();
        given.into_iter().filter_map(|(id, ranks)| Some((id, best(ranks)?))).collect()
    }
}

/// Everybody whose role follows from the groups and is another one afterwards. Whoever leaves the
/// last group that stands for a role becomes a member; whom no group has ever stood for keeps the
/// role that somebody gave them, and so does an owner.
pub(super) fn follow<'a>(
    roles: &GroupRoles,
    persons: &'a [Provisioned],
    before: &[Group],
    after: &[Group],
) -> Vec<(&'a Account, Role)> {
    let (before, after) = (roles.of_members(before), roles.of_members(after));
    let changed = |account: &Account| {
        let (was, is) = (before.get(&account.id).copied(), after.get(&account.id).copied());
        let wanted = is.or(was.map(|_| Role::Member))?;
        let follows = was != is && wanted != account.role && account.role != Role::Owner;
        follows.then_some(wanted)
    };
    let accounts = persons.iter().map(|person| &person.account);
    accounts.filter_map(|account| Some((account, changed(account)?))).collect()
}

#[cfg(test)]
mod tests {
    use domain::{AccountKind, GroupId, OrganisationId, ProjectId, Timestamp};
    use uuid::Uuid;

    use super::*;

    const ANNE: AccountId = AccountId::from_uuid(Uuid::from_u128(1));

    fn roles() -> GroupRoles {
        let pairs = [
            ("staff", Role::Member),
            ("devs", Role::Developer),
            ("dpo", Role::DataOfficer),
            ("bosses", Role::Owner),
        ];
        GroupRoles::new(pairs.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect())
    }

    fn anne(role: Role) -> Provisioned {
        let account = Account {
            id: ANNE,
            organisation: OrganisationId::from_uuid(Uuid::from_u128(2)),
            project: ProjectId::from_uuid(Uuid::from_u128(3)),
            kind: AccountKind::Person,
            name: "anne".parse().unwrap(),
            role,
            created_at: Timestamp::from_micros(0),
            disabled_at: None,
        };
        let changed_at = Timestamp::from_micros(0);
        Provisioned { account, external_id: None, display_name: None, changed_at }
    }

    fn groups(names: &[&str]) -> Vec<Group> {
        let group = |name: &&str| Group {
            id: GroupId::from_uuid(Uuid::from_u128(9)),
            organisation: OrganisationId::from_uuid(Uuid::from_u128(2)),
            display_name: (*name).to_owned(),
            external_id: None,
            members: vec![ANNE],
            created_at: Timestamp::from_micros(0),
            changed_at: Timestamp::from_micros(0),
        };
        names.iter().map(group).collect()
    }

    fn check(role: Role, before: &[&str], after: &[&str], expected: Option<Role>) {
        let persons = [anne(role)];
        let changes = follow(&roles(), &persons, &groups(before), &groups(after));
        let found = changes.first().map(|(_, role)| *role);
        assert_eq!(found, expected, "{role:?} {before:?} {after:?}");
    }

    #[test]
    fn groups_give_roles_and_take_them_away() {
        check(Role::Member, &[], &["devs"], Some(Role::Developer));
        check(Role::Member, &[], &["staff", "devs", "dpo"], Some(Role::DataOfficer));
        check(Role::DataOfficer, &["devs", "dpo"], &["devs"], Some(Role::Developer));
        check(Role::Developer, &["devs"], &[], Some(Role::Member));
        check(Role::Developer, &["devs"], &["others"], Some(Role::Member));
        check(Role::Developer, &["devs"], &["devs", "staff"], None);
    }

    #[test]
    fn what_no_group_stands_for_stays() {
        check(Role::Auditor, &[], &["others"], None);
        check(Role::Auditor, &["others"], &[], None);
        check(Role::Member, &[], &["bosses"], None);
        check(Role::Member, &[], &["Devs"], None);
        check(Role::Owner, &[], &["staff"], None);
        check(Role::Owner, &["devs"], &[], None);
        // Somebody gave another role by hand since: only a change of the groups counts.
        check(Role::Auditor, &["devs"], &["devs"], None);
    }
}
