//! What a sovereignty assessment asks, and what the answers add up to.
//!
//! A [`Check`] is one question about a deployment, with a [`Kind`], points and, for some, a
//! [`Level`]. Whoever can see the deployment answers each with a [`Measured`]. [`Assessment`] adds
//! up: scores per [`Objective`], levels, knock-outs, and with a [`Tender`] the gate. Names and
//! weights follow the Cloud Sovereignty Framework of the European Commission; [`Framework`] tells
//! which criteria of other texts the same checks answer.
//!
//! Three rules hold everywhere: what was not measured never counts as passed; what is only declared
//! is kept apart and raises no level; nothing is ever called certified.
//!
//! **Never here:** files, sockets, clocks; how anything is measured.
#![deny(missing_docs)]

mod assessment;
mod catalogue;
mod check;
mod day;
mod declaration;
mod framework;
mod objective;
mod report;
mod summary;
mod tender;
mod verdict;

pub use assessment::{Assessment, ObjectiveResult};
pub use catalogue::Check;
pub use check::{Facts, Kind, Share};
pub use day::{Day, DayError};
pub use declaration::{Declaration, Declarations, DeclarationsError, Standing};
pub use framework::{Criterion, CriterionResult, Framework, FrameworkError, frameworks};
pub use objective::{Level, Objective};
pub use report::{
    CheckReport, Circumstances, CriterionReport, FrameworkReport, GateReport, LogReport,
    ObjectiveReport, ProgramReport, Report, ScoreReport,
};
pub use summary::{BANNER, text};
pub use tender::{Gate, Tender, TenderError};
pub use verdict::{Conclusion, Measured, Verdict};
