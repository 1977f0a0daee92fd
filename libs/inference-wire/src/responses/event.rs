use serde::Serialize;

use super::{ResponsesAnswer, ResponsesOutput, ResponsesPart};
use crate::TokenLogprob;

/// One event of a streamed answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResponsesEvent {
    /// Its number in the answer, from 0.
    pub sequence_number: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: ResponsesEventKind,
}

/// What happened in an answer. `output_index` is the place of the item among the answer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ResponsesEventKind {
    /// The request was admitted.
    #[serde(rename = "response.created")]
    Created {
        /// Without output yet.
        response: Box<ResponsesAnswer>,
    },
    /// The model is at work.
    #[serde(rename = "response.in_progress")]
    InProgress {
        /// Without output yet.
        response: Box<ResponsesAnswer>,
    },
    /// An item begins.
    #[serde(rename = "response.output_item.added")]
    ItemAdded {
        /// Its place.
        output_index: u32,
        /// As it is now.
        item: ResponsesOutput,
    },
    /// A part of a message begins.
    #[serde(rename = "response.content_part.added")]
    PartAdded {
        /// The message.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// Always 0.
        content_index: u32,
        /// Empty.
        part: ResponsesPart,
    },
    /// Text to append.
    #[serde(rename = "response.output_text.delta")]
    TextDelta {
        /// The message.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// Always 0.
        content_index: u32,
        /// The text.
        delta: String,
        /// One entry a token, where they were asked for.
        logprobs: Vec<TokenLogprob>,
    },
    /// A text is whole.
    #[serde(rename = "response.output_text.done")]
    TextDone {
        /// The message.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// Always 0.
        content_index: u32,
        /// The whole text.
        text: String,
        /// One entry a token, where they were asked for.
        logprobs: Vec<TokenLogprob>,
    },
    /// A part of a message is whole.
    #[serde(rename = "response.content_part.done")]
    PartDone {
        /// The message.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// Always 0.
        content_index: u32,
        /// The whole part.
        part: ResponsesPart,
    },
    /// Arguments of a call: always whole, in one event.
    #[serde(rename = "response.function_call_arguments.delta")]
    ArgumentsDelta {
        /// The call.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// All of them.
        delta: String,
    },
    /// The arguments of a call are whole.
    #[serde(rename = "response.function_call_arguments.done")]
    ArgumentsDone {
        /// The call.
        item_id: String,
        /// Its place.
        output_index: u32,
        /// The function.
        name: String,
        /// All of them.
        arguments: String,
    },
    /// An item is whole.
    #[serde(rename = "response.output_item.done")]
    ItemDone {
        /// Its place.
        output_index: u32,
        /// All of it.
        item: ResponsesOutput,
    },
    /// The model ended its answer. The last event.
    #[serde(rename = "response.completed")]
    Completed {
        /// All of it.
        response: Box<ResponsesAnswer>,
    },
    /// A bound ended the answer. The last event.
    #[serde(rename = "response.incomplete")]
    Incomplete {
        /// All of it.
        response: Box<ResponsesAnswer>,
    },
    /// The answer broke off; what was written until then stands. The last event.
    #[serde(rename = "response.failed")]
    Failed {
        /// All of it.
        response: Box<ResponsesAnswer>,
    },
}

impl ResponsesEventKind {
    /// What clients see beside the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "response.created",
            Self::InProgress { .. } => "response.in_progress",
            Self::ItemAdded { .. } => "response.output_item.added",
            Self::PartAdded { .. } => "response.content_part.added",
            Self::TextDelta { .. } => "response.output_text.delta",
            Self::TextDone { .. } => "response.output_text.done",
            Self::PartDone { .. } => "response.content_part.done",
            Self::ArgumentsDelta { .. } => "response.function_call_arguments.delta",
            Self::ArgumentsDone { .. } => "response.function_call_arguments.done",
            Self::ItemDone { .. } => "response.output_item.done",
            Self::Completed { .. } => "response.completed",
            Self::Incomplete { .. } => "response.incomplete",
            Self::Failed { .. } => "response.failed",
        }
    }
}
