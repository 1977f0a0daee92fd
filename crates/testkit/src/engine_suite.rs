//! What every `Engine` does.

mod calls;
mod ends;
mod flow;
mod preparation;

use std::{sync::Arc, time::Duration};

use domain::{
    IdSource as _, ModelId, OrganisationId, ProjectId, RequestId, Timestamp,
    chat::{Message, Role},
};
use inference::{
    AnswerFormat, BareText, FinishReason, FunctionCall, Priority, Sampling, TokenLogprob, ToolUse,
    ports::{Asked, Consumed, Engine, EngineError, EngineEvent, Generate, Generation, Prompt},
};
use tokio::time::timeout;

use crate::SeededIds;

/// No step of a case takes longer on a working engine, however slow the machine.
const HANG: Duration = Duration::from_mins(2);

/// The question of most cases. An engine must answer it with 24 tokens or more, when it is asked
/// to go on for so long with [`Sampling::min_tokens`].
const QUESTION: &str = "Please repeat these words: one two three four five six seven eight nine \
                        ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen \
                        nineteen twenty and then all of them once more from the start";

/// An engine and one of its models.
#[derive(Clone)]
pub struct EngineUnderTest {
    pub engine: Arc<dyn Engine>,
    pub model: ModelId,
}

/// Runs every case, each on an engine from `make`, which may be the same one again (the last case
/// shuts its engine down). Its context must hold 256 tokens or more, beside what its model is told
/// of two small tools.
pub async fn engine_suite(make: impl AsyncFn() -> EngineUnderTest) {
    let engine = make().await;
    preparation::models_are_told(&engine);
    preparation::prompts_repeat(&engine);
    preparation::what_cannot_be_answered_is_refused(&engine);
    preparation::a_form_that_makes_no_sense_is_refused(&engine);
    preparation::bare_texts_are_prepared(&engine);
    preparation::bare_texts_that_are_none_are_refused(&engine);
    ends::a_bare_text_goes_on(&engine).await;
    ends::a_generation_ends_once_and_is_settled(&engine).await;
    ends::max_tokens_is_kept(&engine).await;
    ends::stop_strings_end_an_answer(&engine).await;
    ends::log_probabilities_are_told_when_asked_for(&engine).await;
    calls::a_forced_call_is_made_and_told_whole(&engine).await;
    calls::tools_that_make_no_sense_are_refused(&engine);
    flow::the_same_seed_gives_the_same_text(&engine).await;
    flow::a_dropped_stream_cancels(&engine).await;
    flow::a_stream_dropped_at_once_is_settled(&engine).await;
    flow::a_slow_consumer_holds_up_nobody_else(&engine).await;
    flow::many_at_once_are_all_settled(&engine).await;
    flow::a_stopped_engine_refuses(&make().await).await;
}

/// An answer read to its end.
#[derive(Debug)]
struct Answer {
    text: String,
    logprobs: Vec<TokenLogprob>,
    calls: Vec<FunctionCall>,
    end: EngineEvent,
    consumed: Consumed,
}

impl EngineUnderTest {
    fn prompt(&self, content: &str) -> Prompt {
        let format = AnswerFormat::Text;
        self.prepare(&self.model, content, &format, &ToolUse::default()).expect("prepared")
    }

    fn prepare(
        &self,
        model: &ModelId,
        content: &str,
        format: &AnswerFormat,
        tools: &ToolUse,
    ) -> Result<Prompt, EngineError> {
        let messages = [Message::new(Role::User, content)];
        let asked = Asked { messages: &messages, format, tools };
        self.engine.prepare(model, asked, Timestamp::from_micros(0))
    }

    fn bare(&self, text: &BareText) -> Result<Prompt, EngineError> {
        self.engine.prepare_text(&self.model, text)
    }

    /// Greedy, so that an answer can be compared with itself.
    fn request(&self, content: &str, max_tokens: u32) -> Generate {
        let ids = SeededIds::new(41);
        let now = Timestamp::from_micros(0);
        Generate {
            request: RequestId::from_uuid(ids.next(now)),
            organisation: OrganisationId::from_uuid(ids.next(now)),
            project: ProjectId::from_uuid(ids.next(now)),
            priority: Priority::Interactive,
            prompt: self.prompt(content),
            sampling: Sampling {
                temperature: 0.0,
                seed: Some(1),
                min_tokens: max_tokens,
                ..Sampling::default()
            },
            format: AnswerFormat::Text,
            tools: ToolUse::default(),
            max_tokens,
            stop: Vec::new(),
            top_logprobs: None,
        }
    }

    async fn answer(&self, request: Generate) -> Answer {
        read(self.engine.generate(request).expect("started")).await
    }
}

/// Reads to the end; the end must come once, be the last event, and be followed by a settlement.
async fn read(generation: Generation) -> Answer {
    let Generation { mut events, settled } = generation;
    let (mut text, mut logprobs, mut end) = (String::new(), Vec::new(), None);
    let mut calls = Vec::new();
    while let Some(event) = timeout(HANG, events.recv()).await.expect("an event in time") {
        assert_eq!(end, None, "nothing comes after the end");
        match event {
            EngineEvent::Token(piece) => {
                text.push_str(&piece.text);
                logprobs.extend(piece.logprobs);
            }
            EngineEvent::Calls(more) => {
                assert!(!more.is_empty(), "calls are told when there are some");
                calls.extend(more);
            }
            EngineEvent::Finished(_) | EngineEvent::Failed { .. } => end = Some(event),
        }
    }
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    Answer { text, logprobs, calls, end: end.expect("the stream says how it ended"), consumed }
}

fn finished(reason: FinishReason) -> EngineEvent {
    EngineEvent::Finished(reason)
}
