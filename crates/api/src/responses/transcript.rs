//! One answer in the shape of Responses: what was written so far, and the events that tell it.

use inference::{ChatEvent, FinishReason, TokenPiece, Usage};
use inference_wire::{
    self as wire,
    responses::{
        ResponsesAnswer, ResponsesEcho, ResponsesEvent, ResponsesEventKind as Kind,
        ResponsesFailure, ResponsesIncomplete, ResponsesInputDetails, ResponsesObject,
        ResponsesOutput, ResponsesOutputDetails, ResponsesPart, ResponsesReason, ResponsesStatus,
        ResponsesUsage,
    },
};

use crate::{answer::Head, convert};

/// Messages have one part.
const PART: u32 = 0;

/// Events in their order.
#[derive(Default)]
pub(crate) struct Events(Vec<ResponsesEvent>);

impl Events {
    /// As server-sent events.
    pub(crate) fn frames(&self) -> Result<Vec<String>, serde_json::Error> {
        let frame = |event: &ResponsesEvent| wire::sse::titled_event(event.kind.name(), event);
        self.0.iter().map(frame).collect()
    }
}

/// The message that is being written.
struct Writing {
    id: String,
    text: String,
    logprobs: Vec<wire::TokenLogprob>,
}

pub(crate) struct Transcript {
    answer: ResponsesAnswer,
    /// What ids of items end in.
    request: String,
    writing: Option<Writing>,
    events: u64,
}

impl Transcript {
    pub(super) fn new(head: Head, echo: ResponsesEcho) -> Self {
        let request = head.request.to_string();
        let answer = ResponsesAnswer {
            id: format!("resp_{request}"),
            object: ResponsesObject::Response,
            created_at: head.created,
            status: ResponsesStatus::InProgress,
            error: None,
            incomplete_details: None,
            model: head.model,
            output: Vec::new(),
            previous_response_id: None,
            store: false,
            truncation: "disabled",
            usage: None,
            echo,
        };
        Self { answer, request, writing: None, events: 0 }
    }

    pub(crate) fn begin(&mut self) -> Events {
        let mut events = Events::default();
        self.tell(&mut events, Kind::Created { response: self.whole() });
        self.tell(&mut events, Kind::InProgress { response: self.whole() });
        events
    }

    pub(crate) fn take(&mut self, event: ChatEvent) -> Events {
        let mut events = Events::default();
        match event {
            ChatEvent::Token(piece) => self.write(piece, &mut events),
            ChatEvent::Call(call) => {
                self.close(ResponsesStatus::Completed, &mut events);
                let call = convert::tool_call(self.next_index(), call);
                self.call(call, &mut events);
            }
            ChatEvent::Finished { reason, usage } => self.end(reason, &usage, &mut events),
            ChatEvent::Stopped { usage }
            | ChatEvent::Failed { usage }
            | ChatEvent::Unrecorded { usage } => self.fail(&usage, &mut events),
        }
        events
    }

    pub(super) fn into_answer(self) -> ResponsesAnswer {
        self.answer
    }

    fn write(&mut self, piece: TokenPiece, events: &mut Events) {
        if piece.text.is_empty() && piece.logprobs.is_empty() {
            return;
        }
        self.open(events);
        let logprobs: Vec<_> = piece.logprobs.iter().map(convert::logprob).collect();
        let output_index = self.next_index();
        let Some(writing) = &mut self.writing else { return };
        writing.text.push_str(&piece.text);
        writing.logprobs.extend(logprobs.iter().cloned());
        let item_id = writing.id.clone();
        let content_index = PART;
        let delta = piece.text;
        let kind = Kind::TextDelta { item_id, output_index, content_index, delta, logprobs };
        self.tell(events, kind);
    }

    /// Begins a message, unless one is being written.
    fn open(&mut self, events: &mut Events) {
        if self.writing.is_some() {
            return;
        }
        let output_index = self.next_index();
        let id = self.item_id("msg");
        let item = message(id.clone(), ResponsesStatus::InProgress, Vec::new());
        self.tell(events, Kind::ItemAdded { output_index, item });
        let part = ResponsesPart::text(String::new(), Vec::new());
        let item_id = id.clone();
        self.tell(events, Kind::PartAdded { item_id, output_index, content_index: PART, part });
        self.writing = Some(Writing { id, text: String::new(), logprobs: Vec::new() });
    }

    /// Ends the message that is being written.
    fn close(&mut self, status: ResponsesStatus, events: &mut Events) {
        let Some(Writing { id, text, logprobs }) = self.writing.take() else { return };
        let (output_index, content_index) = (self.next_index(), PART);
        let part = ResponsesPart::text(text.clone(), logprobs.clone());
        let item_id = id.clone();
        let done = Kind::TextDone { item_id, output_index, content_index, text, logprobs };
        self.tell(events, done);
        let (item_id, whole) = (id.clone(), part.clone());
        self.tell(events, Kind::PartDone { item_id, output_index, content_index, part: whole });
        self.put(message(id, status, vec![part]), events);
    }

    fn call(&mut self, call: wire::ToolCall, events: &mut Events) {
        let output_index = self.next_index();
        let id = self.item_id("fc");
        let wire::ToolCall { id: call_id, function, .. } = call;
        let wire::CalledFunction { name, arguments } = function;
        let item = |status, arguments| ResponsesOutput::FunctionCall {
            id: id.clone(),
            status,
            call_id: call_id.clone(),
            name: name.clone(),
            arguments,
        };
        let begun = item(ResponsesStatus::InProgress, String::new());
        let whole = item(ResponsesStatus::Completed, arguments.clone());
        self.tell(events, Kind::ItemAdded { output_index, item: begun });
        let (item_id, delta) = (id.clone(), arguments.clone());
        self.tell(events, Kind::ArgumentsDelta { item_id, output_index, delta });
        let item_id = id.clone();
        self.tell(
            events,
            Kind::ArgumentsDone { item_id, output_index, name: name.clone(), arguments },
        );
        self.put(whole, events);
    }

    /// An item that is whole.
    fn put(&mut self, item: ResponsesOutput, events: &mut Events) {
        let output_index = self.next_index();
        self.answer.output.push(item.clone());
        self.tell(events, Kind::ItemDone { output_index, item });
    }

    fn end(&mut self, reason: FinishReason, used: &Usage, events: &mut Events) {
        let is_cut = match reason {
            FinishReason::Stop | FinishReason::ToolCalls => false,
            FinishReason::Length | FinishReason::ModelLength => true,
        };
        let status = if is_cut { ResponsesStatus::Incomplete } else { ResponsesStatus::Completed };
        if self.answer.output.is_empty() {
            // An answer without a word is a message all the same: clients look for one.
            self.open(events);
        }
        self.close(status, events);
        self.answer.status = status;
        self.answer.usage = Some(usage(used));
        let kind = if is_cut {
            let reason = ResponsesReason::MaxOutputTokens;
            self.answer.incomplete_details = Some(ResponsesIncomplete { reason });
            Kind::Incomplete { response: self.whole() }
        } else {
            Kind::Completed { response: self.whole() }
        };
        self.tell(events, kind);
    }

    fn fail(&mut self, used: &Usage, events: &mut Events) {
        self.close(ResponsesStatus::Incomplete, events);
        self.answer.status = ResponsesStatus::Failed;
        let message = "the answer broke off".to_owned();
        self.answer.error = Some(ResponsesFailure { code: "server_error", message });
        self.answer.usage = Some(usage(used));
        self.tell(events, Kind::Failed { response: self.whole() });
    }

    fn tell(&mut self, events: &mut Events, kind: Kind) {
        events.0.push(ResponsesEvent { sequence_number: self.events, kind });
        self.events += 1;
    }

    fn whole(&self) -> Box<ResponsesAnswer> {
        Box::new(self.answer.clone())
    }

    fn next_index(&self) -> u32 {
        u32::try_from(self.answer.output.len()).unwrap_or(u32::MAX)
    }

    fn item_id(&self, prefix: &str) -> String {
        format!("{prefix}_{}_{}", self.request, self.next_index())
    }
}

fn message(id: String, status: ResponsesStatus, content: Vec<ResponsesPart>) -> ResponsesOutput {
    ResponsesOutput::Message { id, status, role: wire::AnswerRole::Assistant, content }
}

fn usage(used: &Usage) -> ResponsesUsage {
    let wire::Usage { prompt_tokens, completion_tokens, total_tokens, footprint, .. } =
        convert::usage(used);
    ResponsesUsage {
        input_tokens: prompt_tokens,
        input_tokens_details: ResponsesInputDetails {
            cached_tokens: used.cached_prompt_tokens,
            cache_write_tokens: 0,
        },
        output_tokens: completion_tokens,
        output_tokens_details: ResponsesOutputDetails::default(),
        total_tokens,
        footprint,
    }
}
