//! Reads an answer, whole or as it comes, and says what the engine of this server would say. What is
//! told of a failure goes into logs: it never repeats what an upstream wrote, which may be content.

use std::time::Duration;

use bytes::BytesMut;
use egress::{EgressError, Incoming};
use inference::{
    CallCount, FinishReason, TokenPiece,
    ports::{BrokenOff, Consumed, EngineEvent, UpstreamError},
};
use serde_json::{Value, error::Category};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    answer::{Alternative, Completion, Logprobs, finish_reason, told},
    calls::Calls,
    lines::Lines,
    usage::{Count, EnergyPerToken},
};

/// The line after the last event.
const DONE: &[u8] = b"[DONE]";
/// Of a whole answer: a context of a million tokens with its log-probabilities fits.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long the first piece of an answer is waited for before the caller is told that it begins.
/// Until then another upstream can answer instead.
const FIRST: Duration = Duration::from_secs(2);

/// An answer on its way.
pub(crate) struct Reader {
    incoming: Incoming,
    lines: Lines,
    calls: Calls,
    call_count: CallCount,
    count: Count,
    energy: Option<EnergyPerToken>,
    reason: Option<String>,
    /// The line after the last event has come.
    is_over: bool,
    /// What was read before anybody asked for it.
    first: Vec<EngineEvent>,
}

/// What comes next.
enum Next {
    Events(Vec<EngineEvent>),
    End,
}

impl Reader {
    pub(crate) fn new(
        incoming: Incoming,
        call_count: CallCount,
        count: Count,
        energy: Option<EnergyPerToken>,
    ) -> Self {
        let (lines, calls) = (Lines::default(), Calls::default());
        let (reason, is_over, first) = (None, false, Vec::new());
        Self { incoming, lines, calls, call_count, count, energy, reason, is_over, first }
    }

    /// Waits a moment for the beginning, so that what is no answer is known before anything is said.
    pub(crate) async fn begin(&mut self) -> Result<(), UpstreamError> {
        match timeout(FIRST, self.next()).await {
            Ok(Ok(Next::Events(events))) => {
                self.first = events;
                Ok(())
            }
            Ok(Ok(Next::End)) if self.reason.is_some() => Ok(()),
            Ok(Ok(Next::End)) => Err(failed("it ended before it began")),
            Ok(Err(failure)) => Err(failure.into_error()),
            // It takes its time.
            Err(_) => Ok(()),
        }
    }

    /// Hands everything on until the end, or until nobody takes it.
    pub(crate) async fn run(
        mut self,
        events: mpsc::Sender<EngineEvent>,
        settled: oneshot::Sender<Consumed>,
    ) {
        let last = tokio::select! {
            biased;
            () = events.closed() => None,
            last = self.forward(&events) => last,
        };
        let consumed = self.count.consumed(self.energy);
        // Ends the exchange.
        drop(self);
        if let Some(last) = last {
            events.send(last).await.ok();
        }
        settled.send(consumed).ok();
    }

    /// The last event; `None` if nobody takes any.
    async fn forward(&mut self, events: &mpsc::Sender<EngineEvent>) -> Option<EngineEvent> {
        for event in std::mem::take(&mut self.first) {
            events.send(event).await.ok()?;
        }
        loop {
            match self.next().await {
                Ok(Next::Events(more)) => {
                    for event in more {
                        events.send(event).await.ok()?;
                    }
                }
                Ok(Next::End) => break,
                Err(failure) => return Some(failure.into_event()),
            }
        }
        match self.finish() {
            Ok((calls, reason)) => {
                if let Some(calls) = calls {
                    events.send(calls).await.ok()?;
                }
                Some(EngineEvent::Finished(reason))
            }
            Err(failure) => Some(failure.into_event()),
        }
    }

    /// The next events that say something.
    async fn next(&mut self) -> Result<Next, Failure> {
        loop {
            if self.is_over {
                return Ok(Next::End);
            }
            let too_long = |_| Failure::of("a line without an end");
            while let Some(data) = self.lines.next_data().map_err(too_long)? {
                if *data == *DONE {
                    self.is_over = true;
                    return Ok(Next::End);
                }
                let events = self.take(&data)?;
                if !events.is_empty() {
                    return Ok(Next::Events(events));
                }
            }
            match self.incoming.chunk().await {
                Ok(Some(bytes)) => self.lines.push(&bytes),
                // Some end without the last line; an answer without a reason was cut.
                Ok(None) => self.is_over = true,
                // All of it was there: how the connection ends says nothing of the answer.
                Err(_) if self.reason.is_some() => self.is_over = true,
                Err(error) => return Err(Failure::of(&detail(&error))),
            }
        }
    }

    fn take(&mut self, data: &BytesMut) -> Result<Vec<EngineEvent>, Failure> {
        let part: Completion = serde_json::from_slice(data).map_err(|error| no_answer(&error))?;
        self.note(part)
    }

    fn note(&mut self, part: Completion) -> Result<Vec<EngineEvent>, Failure> {
        if let Some(error) = part.error.filter(|error| !error.is_null()) {
            return Err(Failure::told(&error));
        }
        if part.usage.is_some() {
            self.count.told = part.usage;
        }
        // Only the first alternative was asked for.
        let Some(Alternative { message, finish_reason, logprobs }) = part.choices.0 else {
            return Ok(Vec::new());
        };
        if finish_reason.is_some() {
            self.reason = finish_reason;
        }
        let (text, calls) = message.unwrap_or_default().into_text();
        for call in calls {
            self.calls.take(call).map_err(|_| Failure::of("calls without an end"))?;
        }
        let logprobs = logprobs.map(Logprobs::into_tokens).unwrap_or_default();
        if text.is_empty() && logprobs.is_empty() {
            return Ok(Vec::new());
        }
        self.count.pieces = self.count.pieces.saturating_add(1);
        Ok(vec![EngineEvent::Token(TokenPiece { text, logprobs })])
    }

    fn finish(&mut self) -> Result<(Option<EngineEvent>, FinishReason), Failure> {
        let has_calls = !self.calls.is_empty();
        let reason = self.reason.as_deref().ok_or(Failure::of("it ended in the middle"))?;
        let reason = finish_reason(reason, has_calls).ok_or_else(Failure::of_its_own)?;
        let mut calls = std::mem::take(&mut self.calls).finish();
        if self.call_count == CallCount::One {
            calls.truncate(1);
        }
        self.count.pieces =
            self.count.pieces.saturating_add(u32::try_from(calls.len()).unwrap_or(0));
        Ok(((!calls.is_empty()).then_some(EngineEvent::Calls(calls)), reason))
    }

    /// An answer that comes at once: its events, the end included, and what it used.
    pub(crate) async fn read_whole(
        mut self,
    ) -> Result<(Vec<EngineEvent>, Consumed), UpstreamError> {
        let body = body(&mut self.incoming, ANSWER_BYTES_MAX).await?;
        let whole: Completion =
            serde_json::from_slice(&body).map_err(|error| no_answer(&error).into_error())?;
        if whole.choices.0.is_none() && whole.error.is_none() {
            return Err(failed("an answer without a choice"));
        }
        let mut events = self.note(whole).map_err(Failure::into_error)?;
        let (calls, reason) = self.finish().map_err(Failure::into_error)?;
        events.extend(calls);
        events.push(EngineEvent::Finished(reason));
        Ok((events, self.count.consumed(self.energy)))
    }
}

/// Why there is no answer, or no more of it.
struct Failure {
    /// Without a word of the upstream's.
    detail: String,
    /// What it says is to blame on the request.
    refusal: Option<UpstreamError>,
    because: BrokenOff,
}

impl Failure {
    fn of(detail: &str) -> Self {
        Self { detail: detail.to_owned(), refusal: None, because: BrokenOff::Cut }
    }

    /// It has ended the answer so itself.
    fn of_its_own() -> Self {
        Self { because: BrokenOff::Told, ..Self::of("it says that the answer broke off") }
    }

    /// An error in place of an answer: some programs find out what is wrong with a request after
    /// they have begun to answer.
    fn told(error: &Value) -> Self {
        let number =
            |name: &str| error[name].as_u64().or_else(|| error[name].as_str()?.parse().ok());
        let status = number("code").or_else(|| number("status"));
        let status = status.and_then(|status| u16::try_from(status).ok());
        let refusal = match status {
            Some(status @ (400 | 413 | 422)) => {
                Some(UpstreamError::Refused { status, detail: told(error) })
            }
            Some(429) => Some(UpstreamError::Busy { retry_after_seconds: None }),
            _ => None,
        };
        let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
        let because = if refusal.is_some() { BrokenOff::Refused } else { BrokenOff::Told };
        Self { detail: format!("an error in place of an answer ({status})"), refusal, because }
    }

    /// Once an answer has begun.
    fn into_event(self) -> EngineEvent {
        EngineEvent::Failed { detail: self.detail, because: self.because }
    }

    fn into_error(self) -> UpstreamError {
        self.refusal.unwrap_or(UpstreamError::Failed { detail: self.detail })
    }
}

/// Where it is not JSON; what stands there may be content.
fn no_answer(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        Category::Io | Category::Eof => "cut JSON",
        Category::Syntax => "no JSON",
        Category::Data => "JSON that is no answer",
    };
    Failure::of(&format!("{what} (line {line}, column {column})"))
}

/// All bytes of an answer, which may not have more than so many.
pub(crate) async fn body(
    incoming: &mut Incoming,
    bytes_max: usize,
) -> Result<BytesMut, UpstreamError> {
    let mut body = BytesMut::new();
    loop {
        match incoming.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() > bytes_max => {
                return Err(failed(&format!("an answer of more than {bytes_max} bytes")));
            }
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => return Ok(body),
            Err(error) => return Err(failed(&detail(&error))),
        }
    }
}

pub(crate) fn failed(detail: &str) -> UpstreamError {
    UpstreamError::Failed { detail: detail.to_owned() }
}

/// With its causes.
pub(crate) fn detail(error: &EgressError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
