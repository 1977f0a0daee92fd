//! Rules that the customer writes in Cedar: the port `Rules` of `governance`.
//!
//! Start at [`RuleSet`] (what a text of rules says) and [`Keeper`] (which text is in force).
//! Rules only take away: they are asked after everything that is built in has allowed.
//! **Never here:** HTTP, SQL, what roles may do.

mod analysis;
mod applied;
mod circumstances;
mod decisions;
mod evaluation;
mod facts;
mod keeper;
mod rule_set;
mod schema;
mod text_error;

pub use analysis::{Analysis, DestinationKind, Finding, Lattice, ModelKind, Row, Verdict, analyse};
pub use circumstances::{Circumstances, Place};
pub use evaluation::Explanation;
pub use keeper::{Held, Keeper, KeeperError, KeeperParts, NewRules, Status};
pub use rule_set::RuleSet;
pub use schema::{action_names, schema};
pub use text_error::TextError;
