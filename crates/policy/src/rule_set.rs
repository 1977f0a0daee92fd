//! A text of rules, read and checked whole: either all of it can decide, or none of it does.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, ValidationMode, Validator,
};
use domain::{Role, hexadecimal};
use governance::{PolicyDigest, RulesError};
use sha2::{Digest as _, Sha256};

use crate::{
    TextError, action_names,
    decisions::Decisions,
    evaluation::{Explanation, Question},
    facts::Facts,
    schema::{self, schema},
    text_error::line_at,
};

/// A longer text is refused before it is read.
pub(crate) const TEXT_BYTES_MAX: usize = 1 << 20;

/// Names of rules are shown to callers and kept short.
const ID_CHARACTERS_MAX: usize = 64;

/// Rules that can decide.
#[derive(Debug)]
pub struct RuleSet {
    text: String,
    rules: Vec<Rule>,
    /// Those that can apply to an action: the others are not looked at.
    by_action: HashMap<&'static str, PolicySet>,
    decisions: Decisions,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) line: usize,
    pub(crate) effect: Effect,
    /// The rule without the others.
    pub(crate) alone: PolicySet,
    actions: Option<HashSet<String>>,
}

impl RuleSet {
    /// Reads rules and checks them against the schema, strictly.
    ///
    /// # Errors
    /// [`TextError`] tells the first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(TextError::whole(
                format!("the rules are longer than {TEXT_BYTES_MAX} bytes"),
                "name groups of models and people by what they have in common",
            ));
        }
        let read: PolicySet = text.parse().map_err(|errors: cedar_policy::ParseErrors| {
            TextError::found(&errors, text, "https://docs.cedarpolicy.com tells the language")
        })?;
        if read.templates().next().is_some() {
            return Err(TextError::whole(
                "templates are not used here",
                "write a rule without `?principal` and `?resource`",
            ));
        }
        validate(&read, text)?;
        let mut rules = Vec::new();
        for (policy, line) in in_order(&read, text) {
            rules.push(rule(policy, line)?);
        }
        if rules.is_empty() {
            return Err(TextError::whole(
                "there is no rule, and what no rule permits is denied",
                "`galerne policy remove` ends the use of rules",
            ));
        }
        let mut ids = HashSet::new();
        if let Some(twice) = rules.iter().find(|rule| !ids.insert(&rule.id)) {
            let message = format!("another rule is called `{}` too", twice.id);
            return Err(TextError::at(twice.line, message, "give each rule an id of its own"));
        }
        let by_action = action_names().into_iter().map(|action| Ok((action, set(&rules, action)?)));
        let by_action = by_action.collect::<Result<_, TextError>>()?;
        Ok(Self { text: text.to_owned(), rules, by_action, decisions: Decisions::default() })
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Never: a set without rules is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The digest of the whole policy: what is built in, these rules, and the words they use.
    pub fn digest(&self, residency: PolicyDigest) -> PolicyDigest {
        PolicyDigest(Sha256::digest(self.canonical(residency)).into())
    }

    /// What the digest is of: lines of text, the same on every machine.
    pub fn canonical(&self, residency: PolicyDigest) -> String {
        let rules = PolicyDigest(Sha256::digest(&self.text).into());
        canonical(residency, &rules.to_string())
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(crate) fn decide(&self, facts: &Facts<'_>) -> Result<(), RulesError> {
        let key = facts.key();
        if let Some(decided) = self.decisions.find(&key) {
            return decided.into_result();
        }
        let decided = self.decide_anew(facts)?;
        self.decisions.remember(key, decided.clone());
        decided.into_result()
    }

    fn decide_anew(&self, facts: &Facts<'_>) -> Result<crate::decisions::Decided, RulesError> {
        let unknown = || RulesError::Unavailable { reason: "an action has no rules".into() };
        let rules = self.by_action.get(facts.action).ok_or_else(unknown)?;
        Question::new(facts)?.decide(rules)
    }

    pub(crate) fn explain(&self, facts: &Facts<'_>) -> Result<Explanation, RulesError> {
        let rules = self.rules.iter().filter(|rule| rule.is_about(facts.action));
        Ok(Question::new(facts)?.explain(rules))
    }
}

impl Rule {
    pub(crate) fn is_about(&self, action: &str) -> bool {
        self.actions.as_ref().is_none_or(|actions| actions.contains(action))
    }
}

/// What the digest is of where there are rules; the access table is built in and belongs to it.
pub(crate) fn canonical(residency: PolicyDigest, rules: &str) -> String {
    let schema = hexadecimal(&Sha256::digest(schema()));
    let mut text =
        format!("galerne policy 2\nresidency {residency}\nschema sha256:{schema}\nrules {rules}\n");
    for role in Role::ALL {
        // Writing to a string does not fail.
        writeln!(text, "role {}: {}", role.as_str(), role.permissions()).ok();
    }
    text
}

fn validate(read: &PolicySet, text: &str) -> Result<(), TextError> {
    let result = Validator::new(schema::PARSED.clone()).validate(read, ValidationMode::Strict);
    match result.validation_errors().next() {
        Some(error) => {
            Err(TextError::found(error, text, "`galerne policy schema` prints what rules can use"))
        }
        None => Ok(()),
    }
}

fn rule(policy: &Policy, line: usize) -> Result<Rule, TextError> {
    let hint =
        "write `@id(\"no-inference-at-night\")` in front of the rule: a-z, 0-9, `.`, `_`, `-`";
    let id = policy.annotation("id").unwrap_or_default();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if id.is_empty() || id.len() > ID_CHARACTERS_MAX || !id.chars().all(allowed) {
        let message = if id.is_empty() { "a rule has no id" } else { "the id of a rule is none" };
        return Err(TextError::at(line, message, hint));
    }
    let named = policy.new_id(PolicyId::new(id));
    let actions = match policy.action_constraint() {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(action) => Some(HashSet::from([action.id().unescaped().to_owned()])),
        ActionConstraint::In(actions) => {
            Some(actions.iter().map(|action| action.id().unescaped().to_owned()).collect())
        }
    };
    let effect = policy.effect();
    let alone = PolicySet::from_policies([named]).map_err(|error| unusable(line, &error))?;
    Ok(Rule { id: id.to_owned(), line, effect, alone, actions })
}

/// The rules with the lines at which they begin. The language numbers them as they come; each begins
/// behind the one before it.
fn in_order<'a>(read: &'a PolicySet, text: &str) -> Vec<(&'a Policy, usize)> {
    let mut policies: Vec<_> = read.policies().collect();
    let number = |policy: &Policy| {
        let id = policy.id().to_string();
        id.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(usize::MAX)
    };
    policies.sort_by_key(|policy| number(policy));
    let mut end = 0;
    let place = |policy: &'a Policy| {
        let written = policy.to_cedar().unwrap_or_default();
        let written = written.trim();
        let start = text[end..].find(written).map_or(end, |offset| end + offset);
        end = text.floor_char_boundary(start + written.len());
        (policy, line_at(text, start))
    };
    policies.into_iter().map(place).collect()
}

fn set(rules: &[Rule], action: &str) -> Result<PolicySet, TextError> {
    let about = rules.iter().filter(|rule| rule.is_about(action));
    let policies = about.flat_map(|rule| rule.alone.policies().cloned());
    PolicySet::from_policies(policies).map_err(|error| unusable(1, &error))
}

fn unusable(line: usize, error: &dyn std::error::Error) -> TextError {
    TextError::at(line, error.to_string(), "give each rule an id of its own")
}
