//! Answers a caller with a model: admission, token streams, metering.
//!
//! Start at [`Chat::start`], or at [`Embeddings::embed`] for vectors of texts; models are told by [`Models`],
//! receipts of answers are issued by [`Receipts`], limits are kept by [`Budgets`]; engines plug in at [`ports::Engine`],
//! those that run elsewhere at [`ports::Upstream`], and [`Gateway`] knows who of them answers.
//! **Never here:** wire JSON, HTTP, SQL, kernels.

pub mod ports;

mod admission;
mod answer_format;
mod budget;
mod chat;
mod content;
mod deployment;
mod embeddings;
mod gateway;
mod generation;
mod health;
mod judge;
mod metering;
mod model;
mod price;
mod quote_form;
mod receipt;
mod routing;
mod rules;
mod settlement;
mod several;
mod tool;
mod usage_record;
mod usage_report;

pub use answer_format::AnswerFormat;
pub use budget::{
    Amounts, Budget, BudgetError, BudgetExceeded, BudgetId, BudgetPeriod, BudgetQuantity,
    BudgetScope, BudgetStanding, BudgetWordError, Budgets, BudgetsParts, Rate, Rates, Reservation,
    Spent, TokenEnergy,
};
pub use chat::{
    AnsweredShare, Chat, ChatCommand, ChatError, ChatLimits, ChatStream, Parts, UpstreamOverview,
};
pub use deployment::{AnsweredBy, Declared, Deployment, EngineBuild, UpstreamEngine};
pub use embeddings::{
    EmbedCommand, EmbedError, EmbedLimits, Embedded, Embeddings, EmbeddingsParts,
};
pub use gateway::{Gateway, GatewayError, GatewayParts, RouteState, ShareRule, UpstreamState};
pub use generation::{Choice, FinishReason, Priority, Sampling, TokenLogprob, TokenPiece};
pub use health::Health;
pub use judge::{Bounds, CATEGORIES, Category, JudgeCommand, JudgeError, Judged};
pub use metering::{ChatEvent, Metering, Site, Usage, UsageOpened, UsageOutcome, UsageSettled};
pub use model::{ModelCard, ModelPurpose, Models, Weights};
pub use price::{MicroEuros, Price, Prices};
pub use quote_form::{NO_ANSWER, QuoteForm, QuoteFormError, QuoteRun, QuotesRead};
pub use receipt::{ReceiptError, Receipts, ReceiptsParts, request_of};
pub use routing::{Because, Candidate, Decision, LeftOut, NoRoute, Nobody, Share, route};
pub use several::{BareText, Question, Several, Terms};
pub use tool::{CallCount, FunctionCall, Tool, ToolChoice, ToolUse};
pub use usage_record::{RUNNING, UsageFigures, UsageRecord, UsageSum, UsageTotal};
pub use usage_report::{
    RequestUsage, UsagePage, UsageQuery, UsageReportRow, UsageReports, UsageReportsParts,
    UsageSplit, UsageSplitError,
};
