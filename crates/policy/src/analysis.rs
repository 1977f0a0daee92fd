//! What rules come to: every question that differs is asked, and the answers are compared.
//!
//! There are finitely many: roles, kinds of accounts, means, actions, the models and destinations
//! of the installation, and the hours of a week where rules look at them. Accounts are stand-ins,
//! one a role and kind; those that rules name by their id are asked about too. No solver is used,
//! so nothing is said of models and accounts that do not exist yet.

mod findings;
mod lattice;

use std::collections::BTreeMap;

use cedar_policy::Effect;
use domain::Role;

use self::lattice::Asking;
use crate::{
    Place, RuleSet,
    evaluation::{Applies, Question},
    schema::SEND,
};

pub use self::findings::Finding;
pub use self::lattice::{DestinationKind, Lattice, ModelKind};

/// What rules come to.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// How many questions were asked.
    pub questions: usize,
    pub findings: Vec<Finding>,
    pub table: Vec<Row>,
}

/// What the roles may do to something, as far as rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub action: &'static str,
    /// The model or the destination, if the action is about one.
    pub resource: Option<String>,
    /// One a role, in the order of [`Role::ALL`]; one for the installation where it acts.
    pub verdicts: Vec<Verdict>,
}

/// What all questions of one kind got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Permitted,
    Denied,
    /// It depends on the hour, the means, the kind of account or the account.
    Depends,
    /// What is built in denies it already.
    BuiltIn,
}

impl Verdict {
    /// The word of the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permitted => "yes",
            Self::Denied => "no",
            Self::Depends => "depends",
            Self::BuiltIn => "-",
        }
    }
}

/// What one rule says of one question.
struct Answer {
    rule: usize,
    applies: Applies,
}

/// A question, and the rules that have to do with it.
struct Examined {
    asking: Asking,
    answers: Vec<Answer>,
    is_permitted: bool,
}

/// Asks everything.
pub fn analyse(rules: &RuleSet, lattice: &Lattice, place: &Place) -> Analysis {
    let askings = lattice.askings(rules.text());
    let examined: Vec<_> =
        askings.into_iter().filter_map(|asking| examine(rules, asking, place)).collect();
    let findings = findings::find(rules.rules(), &examined);
    Analysis { questions: examined.len(), findings, table: table(&examined) }
}

fn examine(rules: &RuleSet, asking: Asking, place: &Place) -> Option<Examined> {
    let question = asking.with_facts(place, Question::new).ok()?;
    let about = rules.rules().iter().enumerate().filter(|(_, rule)| rule.is_about(asking.action()));
    let mut answers = Vec::new();
    let (mut permits, mut stops) = (false, false);
    for (rule, one) in about {
        let applies = question.applies(one);
        match (applies, one.effect) {
            (Applies::No, _) => continue,
            (Applies::Yes, Effect::Permit) => permits = true,
            (Applies::Yes, Effect::Forbid) | (Applies::Fails, _) => stops = true,
        }
        answers.push(Answer { rule, applies });
    }
    Some(Examined { asking, answers, is_permitted: permits && !stops })
}

fn table(examined: &[Examined]) -> Vec<Row> {
    let mut rows: BTreeMap<(usize, Option<String>), Vec<Option<Verdict>>> = BTreeMap::new();
    let actions = crate::action_names();
    for one in examined {
        let action = one.asking.action();
        let place = actions.iter().position(|known| *known == action).unwrap_or(0);
        let columns = if action == SEND { 1 } else { Role::ALL.len() };
        let row = rows.entry((place, one.asking.resource())).or_insert_with(|| vec![None; columns]);
        let Some(cell) = row.get_mut(one.asking.column()) else { continue };
        let verdict = if !one.asking.is_allowed() {
            Verdict::BuiltIn
        } else if one.is_permitted {
            Verdict::Permitted
        } else {
            Verdict::Denied
        };
        *cell = match *cell {
            Some(other) if other != verdict => Some(Verdict::Depends),
            _ => Some(verdict),
        };
    }
    let row = |((place, resource), cells): ((usize, _), Vec<Option<Verdict>>)| Row {
        action: actions[place],
        resource,
        verdicts: cells.into_iter().map(|cell| cell.unwrap_or(Verdict::BuiltIn)).collect(),
    };
    rows.into_iter().map(row).collect()
}
