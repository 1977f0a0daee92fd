//! Decisions, by table and against a second way to take them.

use std::sync::Arc;

use domain::{Clock, ModelId, Permission, Role};
use governance::{Act, Actor, Asked, DestinationFacts, PolicyInForce, RulesError, ports::Rules};
use policy::{Keeper, KeeperParts};
use proptest::prelude::*;

use crate::world::{PERMIT_ALL, RESIDENCY, Standing, account, key, model, place};

fn keeper(folder: &std::path::Path, clock: &Arc<Standing>, text: &str) -> Keeper {
    let keeper = Keeper::open(KeeperParts {
        file: folder.join("rules.cedar"),
        seal_key: [3; 32],
        residency: RESIDENCY,
        place: place(),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        in_force: PolicyInForce::default(),
    });
    let rules = keeper.prepare(Some(text)).unwrap();
    keeper.install(&rules).unwrap();
    keeper
}

fn told(result: Result<(), RulesError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(RulesError::Forbidden { rule }) => rule.to_string(),
        Err(RulesError::NotPermitted) => "none".to_owned(),
        Err(RulesError::Unavailable { .. }) => "unavailable".to_owned(),
    }
}

#[test]
fn rules_see_roles_models_hours_and_destinations() {
    let text = format!(
        "{PERMIT_ALL}\
         @id(\"large\")\nforbid (principal in Role::\"member\", action == Action::\"infer\", resource == Model::\"large\");\n\
         @id(\"night\")\nforbid (principal, action == Action::\"embed\", resource) when {{ context.hour < 6 }};\n\
         @id(\"abroad\")\nforbid (principal, action == Action::\"send\", resource)\n\
         unless {{ context.operator_jurisdiction == \"FR\" }};\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Standing::default());
    let keeper = keeper(folder.path(), &clock, &text);
    let (large, small): (ModelId, ModelId) = ("large".parse().unwrap(), "small".parse().unwrap());
    let check = |role, act, expected: &str| {
        let account = account(5, role);
        let asked = Asked { actor: Actor::Account { account: &account, by: key() }, act };
        assert_eq!(told(keeper.decide(&asked)), expected, "{role:?} {act:?}");
    };
    check(Role::Member, Act::Infer(model(&large)), "large");
    check(Role::Member, Act::Infer(model(&small)), "ok");
    check(Role::Developer, Act::Infer(model(&large)), "ok");
    check(Role::Member, Act::Use(Permission::Converse), "ok");
    clock.put_to(3);
    check(Role::Owner, Act::Embed(model(&small)), "night");
    clock.put_to(7);
    check(Role::Owner, Act::Embed(model(&small)), "ok");
    for (jurisdiction, expected) in [(Some("FR"), "ok"), (Some("US"), "abroad"), (None, "abroad")] {
        let facts = DestinationFacts {
            origin: "https://a.example",
            data_class: "personal",
            purpose: "identity",
            zone: Some("FR"),
            operator_jurisdiction: jurisdiction,
            parent_jurisdiction: jurisdiction,
        };
        let asked = Asked { actor: Actor::Installation, act: Act::Send(facts) };
        assert_eq!(told(keeper.decide(&asked)), expected, "{jurisdiction:?}");
    }
}

#[test]
fn a_rule_that_fails_denies_and_is_asked_again() {
    let text = format!(
        "{PERMIT_ALL}@id(\"overflow\")\nforbid (principal, action == Action::\"infer\", resource)\n\
         when {{ 9223372036854775807 + context.hour + 1 > 0 }};\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let keeper = keeper(folder.path(), &Arc::new(Standing::default()), &text);
    let (account, id) = (account(5, Role::Owner), "m".parse().unwrap());
    let actor = Actor::Account { account: &account, by: key() };
    for _ in 0..2 {
        let asked = Asked { actor, act: Act::Infer(model(&id)) };
        assert_eq!(told(keeper.decide(&asked)), "unavailable");
    }
    assert_eq!(told(keeper.decide(&Asked { actor, act: Act::Use(Permission::ReadLog) })), "ok");
}

/// A rule, as it is written and as it is meant.
#[derive(Clone, Copy, Debug)]
struct Meant {
    permits: bool,
    role: Option<Role>,
    permission: Option<Permission>,
    before_hour: Option<u8>,
}

impl Meant {
    fn text(self, number: usize) -> String {
        let effect = if self.permits { "permit" } else { "forbid" };
        let role =
            self.role.map_or_else(String::new, |role| format!(" in Role::\"{}\"", role.as_str()));
        let action = self
            .permission
            .map_or_else(String::new, |it| format!(" == Action::\"{}\"", it.as_str()));
        let when = self
            .before_hour
            .map_or_else(String::new, |hour| format!(" when {{ context.hour < {hour} }}"));
        let subject = if self.role.is_some() && self.permission.is_none() {
            "principal is Account".to_owned()
        } else {
            "principal".to_owned()
        };
        format!("@id(\"r{number}\")\n{effect} ({subject}{role}, action{action}, resource){when};\n")
    }

    fn applies(self, role: Role, permission: Permission, hour: u8) -> bool {
        self.role.is_none_or(|it| it == role)
            && self.permission.is_none_or(|it| it == permission)
            && self.before_hour.is_none_or(|before| hour < before)
    }
}

prop_compose! {
    fn meant()(
        permits in any::<bool>(),
        role in proptest::option::of(0..Role::ALL.len()),
        permission in proptest::option::of(0..Permission::ALL.len()),
        before_hour in proptest::option::of(0_u8..25),
    ) -> Meant {
        Meant {
            permits,
            role: role.map(|place| Role::ALL[place]),
            permission: permission.map(|place| Permission::ALL[place]),
            before_hour,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Random rules and questions: what is decided is what the rules mean, remembered or not, and
    /// together with what is built in never more than what is built in.
    #[test]
    fn rules_decide_as_they_are_meant_and_only_take_away(
        rules in proptest::collection::vec(meant(), 1..12),
        hours in proptest::collection::vec(0_u8..24, 1..4),
    ) {
        let text: String = rules.iter().enumerate().map(|(number, rule)| rule.text(number)).collect();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Standing::default());
        let keeper = keeper(folder.path(), &clock, &text);
        // Each hour twice: the second time it is remembered.
        for hour in hours.iter().chain(&hours).copied() {
            clock.put_to(hour);
            for role in Role::ALL {
                let account = account(role as u128, role);
                for permission in Permission::ALL {
                    let actor = Actor::Account { account: &account, by: key() };
                    let asked = Asked { actor, act: Act::Use(permission) };
                    let applying = rules.iter().filter(|rule| rule.applies(role, permission, hour));
                    let (permits, forbids): (Vec<&Meant>, Vec<&Meant>) = applying.partition(|rule| rule.permits);
                    let expected = !permits.is_empty() && forbids.is_empty();
                    prop_assert_eq!(keeper.decide(&asked).is_ok(), expected, "{}", text);
                    let built_in = role.permissions().contains(permission);
                    let is_let_through = built_in && keeper.decide(&asked).is_ok();
                    prop_assert!(built_in || !is_let_through);
                }
            }
        }
    }
}
