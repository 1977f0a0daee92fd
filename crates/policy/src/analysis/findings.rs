//! Rules that change nothing, and rules that fail.

use std::fmt;

use cedar_policy::Effect;

use super::Examined;
use crate::{evaluation::Applies, rule_set::Rule};

/// Something that whoever wrote the rules should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The rule applies to no question.
    NeverApplies { rule: String, line: usize },
    /// The rule applies, and without it every decision is the same.
    Shadowed { rule: String, line: usize },
    /// The rule cannot be evaluated for some questions, which are denied.
    Fails { rule: String, line: usize },
    /// Nothing is permitted to anybody.
    NothingPermitted,
}

impl Finding {
    /// Stable name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NeverApplies { .. } => "never_applies",
            Self::Shadowed { .. } => "shadowed",
            Self::Fails { .. } => "fails",
            Self::NothingPermitted => "nothing_permitted",
        }
    }

    /// The rule that it is about, and its line.
    pub fn rule(&self) -> Option<(&str, usize)> {
        match self {
            Self::NeverApplies { rule, line }
            | Self::Shadowed { rule, line }
            | Self::Fails { rule, line } => Some((rule, *line)),
            Self::NothingPermitted => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverApplies { rule, line } => {
                write!(f, "line {line}: the rule `{rule}` never applies")
            }
            Self::Shadowed { rule, line } => write!(
                f,
                "line {line}: the rule `{rule}` is shadowed: without it every decision is the same"
            ),
            Self::Fails { rule, line } => write!(
                f,
                "line {line}: the rule `{rule}` fails for some questions, and they are denied"
            ),
            Self::NothingPermitted => f.write_str("nothing is permitted to anybody"),
        }
    }
}

/// What was seen of one rule.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    applies: bool,
    decides: bool,
    fails: bool,
}

pub(super) fn find(rules: &[Rule], examined: &[Examined]) -> Vec<Finding> {
    let mut seen = vec![Seen::default(); rules.len()];
    for one in examined {
        note(&mut seen, rules, one);
    }
    let mut findings = Vec::new();
    for (rule, seen) in rules.iter().zip(seen) {
        let (name, line) = (rule.id.clone(), rule.line);
        match seen {
            Seen { fails: true, .. } => findings.push(Finding::Fails { rule: name, line }),
            Seen { applies: false, .. } => {
                findings.push(Finding::NeverApplies { rule: name, line });
            }
            Seen { decides: false, .. } => findings.push(Finding::Shadowed { rule: name, line }),
            Seen { .. } => {}
        }
    }
    if !examined.iter().any(|one| one.is_permitted && one.asking.is_allowed()) {
        findings.push(Finding::NothingPermitted);
    }
    findings
}

/// A rule decides where the decision would be another one without it.
fn note(seen: &mut [Seen], rules: &[Rule], one: &Examined) {
    let applying = one.answers.iter().filter(|answer| answer.applies == Applies::Yes);
    let of = |effect| applying.clone().filter(|it| rules[it.rule].effect == effect).count();
    let (permits, forbids) = (of(Effect::Permit), of(Effect::Forbid));
    let fails = one.answers.iter().any(|answer| answer.applies == Applies::Fails);
    for answer in &one.answers {
        let seen = &mut seen[answer.rule];
        if answer.applies == Applies::Fails {
            seen.fails = true;
            continue;
        }
        seen.applies = true;
        seen.decides |= match rules[answer.rule].effect {
            Effect::Permit => permits == 1 && forbids == 0 && !fails,
            Effect::Forbid => forbids == 1 && permits > 0 && !fails,
        };
    }
}
