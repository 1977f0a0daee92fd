//! Answers from documents: passages are chosen, a model quotes them, and what it writes is checked.
//!
//! [`Question`] is looked up first. [`Answers`] goes through the steps in their order: [`select`] chooses passages, [`ask`] lets the
//! model quote under a form that cannot say anything else, [`quote`] finds the exact place of each
//! quote, [`write`] asks for sentences if the caller wants some, [`check`] holds them against their
//! quotes, [`resolve`] says where on its pages a quote stands, and [`trace`] remembers it all.
//! Texts of documents are data in all of this: requests to the model offer no tools, and what a
//! document says can at most choose which of its own sentences is quoted.

pub(crate) mod ports;

mod answers;
mod ask;
mod check;
mod error;
mod language;
mod prompts;
mod question;
mod quote;
mod resolve;
mod run;
mod select;
mod statement;
mod trace;
mod traces;
mod write;

pub use answers::{
    AnswerCommand, AnswerLimits, AnswerMode, AnswerProgress, Answers, AnswersParts, Fallback,
};
pub use check::{Check, SimilarityBounds};
pub use error::AnswerError;
pub use language::QuestionLanguage;
pub use question::{Question, QuestionError};
pub(crate) use statement::numbered;
pub use statement::{
    Answer, Citation, CitedVersion, Gap, GapReason, Outcome, Searched, Statement, StatementKind,
};
pub use trace::{Rejected, Trace, TraceStep, TraceStepKind, TracedPassage};
pub use traces::{ToldTrace, TraceError, Traces, TracesParts};
