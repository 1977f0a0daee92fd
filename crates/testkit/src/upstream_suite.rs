//! What every `Upstream` does.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    IdSource as _, ModelId, RequestId, Timestamp,
    chat::{Message, Role},
};
use inference::{
    AnswerFormat, FinishReason, ModelPurpose, Sampling, ToolUse,
    ports::{
        Asking, AskingPassages, Consumed, EngineEvent, Generation, Passage, Upstream, UpstreamError,
    },
};
use tokio::time::timeout;

use crate::SeededIds;

/// No step of a case takes longer on a working upstream, however slow the machine.
const HANG: Duration = Duration::from_mins(2);

/// Found in what was received wherever it was sent.
const CONTENT: &str = "zebras-and-their-stripes";
const OTHER: &str = "giraffes-and-their-spots";

/// What the other end does in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamCase {
    /// Says a text and ends, makes vectors, and is well.
    Answers,
    /// Says a word and then nothing, while somebody listens; where nobody streams, it may say
    /// nothing at all.
    Stalls,
    /// Says a word and breaks off.
    BreaksOff,
    /// Would answer, and may not be asked.
    Denied,
}

/// The other end, as a test sees it.
#[async_trait]
pub trait OtherEnd: Send + Sync {
    /// What has reached it, each request with its content.
    fn received(&self) -> Vec<String>;

    /// Returns when somebody left it who was listening.
    async fn left(&self);
}

/// An upstream, its models, and who is at its other end.
#[derive(Clone)]
pub struct UpstreamUnderTest {
    pub upstream: Arc<dyn Upstream>,
    /// Answers.
    pub model: ModelId,
    /// Makes vectors.
    pub embedder: ModelId,
    pub other_end: Arc<dyn OtherEnd>,
}

/// Runs every case, each on an upstream of its own from `make`.
pub async fn upstream_suite(make: impl AsyncFn(UpstreamCase) -> UpstreamUnderTest) {
    the_card_tells_its_models(&make(UpstreamCase::Answers).await);
    for is_streamed in [false, true] {
        what_is_sent_is_answered(&make(UpstreamCase::Answers).await, is_streamed).await;
    }
    passages_become_vectors(&make(UpstreamCase::Answers).await).await;
    announcing_sends_nothing(&make(UpstreamCase::Answers).await).await;
    a_probe_sends_no_content(&make(UpstreamCase::Answers).await).await;
    who_leaves_ends_the_exchange_and_is_told_what_was_used(&make(UpstreamCase::Stalls).await).await;
    who_drops_everything_ends_the_exchange(&make(UpstreamCase::Stalls).await).await;
    an_answer_that_breaks_off_is_settled(&make(UpstreamCase::BreaksOff).await).await;
    whoever_is_denied_gets_nothing(&make(UpstreamCase::Denied).await).await;
}

/// An answer read to its end.
struct Answer {
    text: String,
    end: EngineEvent,
    consumed: Consumed,
}

impl UpstreamUnderTest {
    fn asking(&self, content: &str, is_streamed: bool) -> Asking {
        Asking {
            request: request(),
            model: self.model.clone(),
            messages: vec![Message::new(Role::User, content)],
            sampling: Sampling::default(),
            format: AnswerFormat::Text,
            tools: ToolUse::default(),
            max_tokens: Some(8),
            stop: Vec::new(),
            top_logprobs: None,
            is_streamed,
        }
    }

    fn asking_passages(&self, texts: &[&str]) -> AskingPassages {
        let passages = texts.iter().map(|&text| Passage::Text(text.to_owned())).collect();
        AskingPassages { request: request(), model: self.embedder.clone(), passages }
    }

    async fn send(&self, content: &str, is_streamed: bool) -> Generation {
        let asking = self.asking(content, is_streamed);
        let announced = timeout(HANG, self.upstream.announce(&asking)).await.expect("in time");
        let sent = timeout(HANG, announced.expect("announced").send()).await.expect("in time");
        sent.expect("a beginning")
    }

    async fn answer(&self, content: &str, is_streamed: bool) -> Answer {
        let Generation { mut events, settled } = self.send(content, is_streamed).await;
        let (mut text, mut end) = (String::new(), None);
        while let Some(event) = timeout(HANG, events.recv()).await.expect("an event in time") {
            assert_eq!(end, None, "nothing comes after the end");
            match event {
                EngineEvent::Token(piece) => text.push_str(&piece.text),
                EngineEvent::Calls(calls) => assert_eq!(calls, [], "nobody asked for them"),
                EngineEvent::Finished(_) | EngineEvent::Failed { .. } => end = Some(event),
            }
        }
        let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
        Answer { text, end: end.expect("the stream says how it ended"), consumed }
    }

    /// How often something reached the other end.
    fn times(&self, content: &str) -> usize {
        self.other_end.received().iter().filter(|received| received.contains(content)).count()
    }
}

fn request() -> RequestId {
    RequestId::from_uuid(SeededIds::new(47).next(Timestamp::from_micros(0)))
}

fn the_card_tells_its_models(one: &UpstreamUnderTest) {
    let card = one.upstream.card();
    let purpose = |id: &ModelId| {
        let model = card.models.iter().find(|model| model.id == *id).expect("the model is told");
        assert!(model.context_tokens > 0);
        model.purpose
    };
    assert_eq!(purpose(&one.model), ModelPurpose::Chat);
    assert!(matches!(purpose(&one.embedder), ModelPurpose::Embeddings { dimensions: 1.. }));
    assert!(card.requests_max > 0);
    assert_eq!(one.upstream.admits(), Ok(()));
}

async fn what_is_sent_is_answered(one: &UpstreamUnderTest, is_streamed: bool) {
    let Answer { text, end, consumed } = one.answer(CONTENT, is_streamed).await;
    assert!(!text.is_empty(), "it says something");
    assert_eq!(end, EngineEvent::Finished(FinishReason::Stop));
    assert!(consumed.prompt_tokens > 0 && consumed.completion_tokens > 0, "{consumed:?}");
    assert!(consumed.cached_prompt_tokens <= consumed.prompt_tokens, "{consumed:?}");
    assert_eq!(one.times(CONTENT), 1, "it is sent once");
}

async fn passages_become_vectors(one: &UpstreamUnderTest) {
    let asking = one.asking_passages(&[CONTENT, OTHER]);
    let announced = timeout(HANG, one.upstream.announce_passages(&asking)).await.expect("in time");
    let announced = announced.expect("announced");
    assert_eq!(one.times(CONTENT), 0, "it is announced, not sent");
    let embedding = timeout(HANG, announced.send()).await.expect("in time").expect("an answer");
    let vectors = timeout(HANG, embedding.vectors).await.expect("in time").expect("told");
    let vectors = vectors.expect("vectors");
    assert_eq!(vectors.len(), 2, "one a passage");
    for vector in &vectors {
        let length: f32 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
    }
    let settled = timeout(HANG, embedding.settled).await.expect("settled in time");
    assert!(settled.expect("settled").prompt_tokens > 0);
    assert_eq!((one.times(CONTENT), one.times(OTHER)), (1, 1));
}

/// What would be sent in the background has been by the time that another request is answered.
async fn announcing_sends_nothing(one: &UpstreamUnderTest) {
    let asking = one.asking(CONTENT, true);
    let kept = timeout(HANG, one.upstream.announce(&asking)).await.expect("in time");
    let kept = kept.expect("announced");
    let dropped = timeout(HANG, one.upstream.announce(&asking)).await.expect("in time");
    drop(dropped.expect("announced"));
    let passages = one.asking_passages(&[CONTENT]);
    let passages = timeout(HANG, one.upstream.announce_passages(&passages)).await;
    let passages = passages.expect("in time").expect("announced");
    one.answer(OTHER, true).await;
    assert_eq!((one.times(CONTENT), one.times(OTHER)), (0, 1));
    drop((kept, passages));
    one.answer(OTHER, false).await;
    assert_eq!((one.times(CONTENT), one.times(OTHER)), (0, 2));
}

async fn a_probe_sends_no_content(one: &UpstreamUnderTest) {
    let asking = one.asking(OTHER, true);
    let announced = timeout(HANG, one.upstream.announce(&asking)).await.expect("in time");
    one.answer(CONTENT, true).await;
    for _ in 0..2 {
        assert_eq!(timeout(HANG, one.upstream.probe()).await.expect("in time"), Ok(()));
    }
    assert_eq!((one.times(CONTENT), one.times(OTHER)), (1, 0), "nothing again, nothing ahead");
    drop(announced.expect("announced"));
}

async fn who_leaves_ends_the_exchange_and_is_told_what_was_used(one: &UpstreamUnderTest) {
    let Generation { mut events, settled } = one.send(CONTENT, true).await;
    let first = timeout(HANG, events.recv()).await.expect("an event in time");
    assert!(matches!(first, Some(EngineEvent::Token(_))), "{first:?}");
    drop(events);
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    assert!(consumed.prompt_tokens > 0, "it was sent: {consumed:?}");
    timeout(HANG, one.other_end.left()).await.expect("the exchange has ended");
}

async fn who_drops_everything_ends_the_exchange(one: &UpstreamUnderTest) {
    drop(one.send(CONTENT, true).await);
    timeout(HANG, one.other_end.left()).await.expect("the exchange has ended");
    assert_eq!(one.times(CONTENT), 1);
}

async fn an_answer_that_breaks_off_is_settled(one: &UpstreamUnderTest) {
    let Answer { end, consumed, .. } = one.answer(CONTENT, true).await;
    assert!(matches!(end, EngineEvent::Failed { .. }), "{end:?}");
    assert!(consumed.prompt_tokens > 0, "it was sent: {consumed:?}");
}

async fn whoever_is_denied_gets_nothing(one: &UpstreamUnderTest) {
    let denial = one.upstream.admits().expect_err("it is denied");
    assert!(!denial.code.is_empty() && !denial.reason.is_empty(), "{denial:?}");
    for is_streamed in [false, true] {
        let asking = one.asking(CONTENT, is_streamed);
        let refused = timeout(HANG, one.upstream.announce(&asking)).await.expect("in time");
        expect_denied(refused.err().as_ref(), denial.code);
    }
    let passages = one.asking_passages(&[CONTENT]);
    let refused = timeout(HANG, one.upstream.announce_passages(&passages)).await.expect("in time");
    expect_denied(refused.err().as_ref(), denial.code);
    assert_eq!(one.other_end.received(), [""; 0], "nothing has reached it");
}

fn expect_denied(refused: Option<&UpstreamError>, code: &str) {
    let is_denied = matches!(refused, Some(UpstreamError::Denied(denial)) if denial.code == code);
    assert!(is_denied, "{refused:?}");
}
