//! Asks Cedar.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};
use governance::RulesError;

use crate::{
    decisions::Decided,
    facts::{Facts, Principal, Resource},
    rule_set::Rule,
    schema::HERE,
};

/// Which rules made a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Rules that permit it, by their ids.
    pub permits: Vec<String>,
    /// Rules that forbid it: one is enough.
    pub forbids: Vec<String>,
    /// Rules that cannot be evaluated: one denies everything that is not forbidden anyway.
    pub fails: Vec<String>,
}

/// What a rule says of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    Yes,
    No,
    Fails,
}

/// A question as Cedar takes it.
pub(crate) struct Question {
    request: Request,
    entities: Entities,
}

impl Question {
    pub(crate) fn new(facts: &Facts<'_>) -> Result<Self, RulesError> {
        let types = &*TYPES;
        let mut entities = Vec::with_capacity(2);
        let principal = match &facts.principal {
            Principal::Account { id, name, kind, role } => {
                let account = uid(&types.account, id);
                let attributes = HashMap::from([
                    ("kind".to_owned(), entity(&types.kind, kind)),
                    ("name".to_owned(), RestrictedExpression::new_string((*name).to_owned())),
                ]);
                let parents = HashSet::from([uid(&types.role, role)]);
                entities.push(
                    Entity::new(account.clone(), attributes, parents)
                        .map_err(|error| broken(&error))?,
                );
                account
            }
            Principal::Installation => uid(&types.installation, HERE),
        };
        let resource = match &facts.resource {
            Resource::Installation => uid(&types.installation, HERE),
            Resource::Destination(origin) => uid(&types.destination, origin),
            Resource::Model(model) => {
                let id = uid(&types.model, model.id.as_str());
                let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
                let attributes = HashMap::from([
                    ("adapter".to_owned(), RestrictedExpression::new_bool(model.is_adapter)),
                    ("architecture".to_owned(), text(model.architecture)),
                    ("digest".to_owned(), text(model.digest)),
                ]);
                entities.push(
                    Entity::new(id.clone(), attributes, HashSet::new())
                        .map_err(|error| broken(&error))?,
                );
                id
            }
        };
        let action = uid(&types.action, facts.action);
        let context = context(facts, types)?;
        let request = Request::new(principal, action, resource, context, None)
            .map_err(|error| broken(&error))?;
        let entities = Entities::from_entities(entities, None).map_err(|error| broken(&error))?;
        Ok(Self { request, entities })
    }

    /// Fails closed: a rule that cannot be evaluated, and an evaluation that breaks off, permit
    /// nothing.
    pub(crate) fn decide(&self, rules: &PolicySet) -> Result<Decided, RulesError> {
        let ask = || Authorizer::new().is_authorized(&self.request, rules, &self.entities);
        let answer = catch_unwind(AssertUnwindSafe(ask)).map_err(|_| broken(&"it broke off"))?;
        let diagnostics = answer.diagnostics();
        let mut reasons: Vec<_> = diagnostics.reason().map(ToString::to_string).collect();
        reasons.sort_unstable();
        let error = diagnostics.errors().next().map(ToString::to_string);
        match (answer.decision(), reasons.into_iter().next(), error) {
            (Decision::Deny, Some(rule), _) => Ok(Decided::Forbidden { rule: rule.into() }),
            (_, _, Some(error)) => Err(broken(&error)),
            (Decision::Deny, None, None) => Ok(Decided::NotPermitted),
            (Decision::Allow, _, None) => Ok(Decided::Permitted),
        }
    }

    pub(crate) fn applies(&self, rule: &Rule) -> Applies {
        let ask = || Authorizer::new().is_authorized(&self.request, &rule.alone, &self.entities);
        let Ok(answer) = catch_unwind(AssertUnwindSafe(ask)) else { return Applies::Fails };
        if answer.diagnostics().errors().next().is_some() {
            return Applies::Fails;
        }
        if answer.diagnostics().reason().next().is_some() { Applies::Yes } else { Applies::No }
    }

    pub(crate) fn explain<'a>(&self, rules: impl Iterator<Item = &'a Rule>) -> Explanation {
        let mut explanation = Explanation::default();
        for rule in rules {
            let place = match (self.applies(rule), rule.effect) {
                (Applies::Yes, Effect::Permit) => &mut explanation.permits,
                (Applies::Yes, Effect::Forbid) => &mut explanation.forbids,
                (Applies::Fails, _) => &mut explanation.fails,
                (Applies::No, _) => continue,
            };
            place.push(rule.id.clone());
        }
        explanation
    }
}

fn context(facts: &Facts<'_>, types: &Types) -> Result<Context, RulesError> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let pairs = [
        ("data_class", entity(&types.data_class, facts.data_class)),
        ("data_zone", text(facts.data_zone)),
        ("destination_zone", text(facts.destination_zone)),
        ("operator_jurisdiction", text(facts.operator_jurisdiction)),
        ("parent_jurisdiction", text(facts.parent_jurisdiction)),
        ("purpose", entity(&types.purpose, facts.purpose)),
        ("hour", RestrictedExpression::new_long(facts.when.hour.into())),
        ("weekday", entity(&types.weekday, facts.when.weekday)),
        ("by", entity(&types.means, facts.by)),
    ];
    Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value)))
        .map_err(|error| broken(&error))
}

/// Names of the schema's types, read once.
struct Types {
    account: EntityTypeName,
    action: EntityTypeName,
    data_class: EntityTypeName,
    destination: EntityTypeName,
    installation: EntityTypeName,
    kind: EntityTypeName,
    means: EntityTypeName,
    model: EntityTypeName,
    purpose: EntityTypeName,
    role: EntityTypeName,
    weekday: EntityTypeName,
}

static TYPES: LazyLock<Types> = LazyLock::new(|| Types {
    account: type_name("Account"),
    action: type_name("Action"),
    data_class: type_name("DataClass"),
    destination: type_name("Destination"),
    installation: type_name("Installation"),
    kind: type_name("Kind"),
    means: type_name("Means"),
    model: type_name("Model"),
    purpose: type_name("Purpose"),
    role: type_name("Role"),
    weekday: type_name("Weekday"),
});

#[expect(clippy::expect_used, reason = "the words above are names")]
fn type_name(name: &str) -> EntityTypeName {
    name.parse().expect("a name")
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}

fn broken(reason: &dyn ToString) -> RulesError {
    let reason: Arc<str> = reason.to_string().chars().take(300).collect::<String>().into();
    RulesError::Unavailable { reason }
}
