//! What tests may rely on beyond the port.

use std::time::Duration;

use domain::{
    OrganisationId, ProjectId, RequestId, Timestamp,
    chat::{Message, Role},
};
use inference::{
    AnswerFormat, FinishReason, Priority, Sampling, ToolUse,
    ports::{Asked, Engine as _, EngineError, EngineEvent, Generate, Generation},
};
use testkit::{Behaviour, Counts, FakeEngine};
use tokio::time::timeout;
use uuid::Uuid;

const HANG: Duration = Duration::from_secs(30);

fn request(engine: &FakeEngine, content: &str) -> Generate {
    let messages = [Message::new(Role::User, content)];
    let (format, tools) = (AnswerFormat::Text, ToolUse::default());
    let asked = Asked { messages: &messages, format: &format, tools: &tools };
    let now = Timestamp::from_micros(0);
    Generate {
        request: RequestId::from_uuid(Uuid::from_u128(1)),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(2)),
        project: ProjectId::from_uuid(Uuid::from_u128(3)),
        priority: Priority::Interactive,
        prompt: engine.prepare(&FakeEngine::model(), asked, now).expect("prepared"),
        sampling: Sampling::default(),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: 100,
        stop: Vec::new(),
        top_logprobs: None,
    }
}

async fn pieces(generation: Generation) -> (Vec<String>, EngineEvent) {
    let mut events = generation.events;
    let mut pieces = Vec::new();
    loop {
        match timeout(HANG, events.recv()).await.expect("in time").expect("an end") {
            EngineEvent::Token(piece) => pieces.push(piece.text),
            EngineEvent::Calls(calls) => assert_eq!(calls, [], "nobody asked for them"),
            end @ (EngineEvent::Finished(_) | EngineEvent::Failed { .. }) => return (pieces, end),
        }
    }
}

#[tokio::test]
async fn it_echoes_or_follows_its_script() {
    let engine = FakeEngine::new();
    engine.answer("say caf\u{e9}", &["ca", "", "f\u{e9}"]);
    for (content, expected) in [
        ("hello  big\nworld", vec!["hello", " big", " world"]),
        ("say  caf\u{e9}", vec!["ca", "", "f\u{e9}"]),
    ] {
        let generation = engine.generate(request(&engine, content)).expect("started");
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        let end = EngineEvent::Finished(FinishReason::Stop);
        assert_eq!(pieces(generation).await, (expected, end), "{content}");
    }
    assert_eq!(engine.requests().len(), 2);
    let counts = timeout(HANG, engine.reached(|counts| counts.finished == 2)).await;
    assert_eq!(counts.expect("in time"), Counts { started: 2, finished: 2, ..Counts::default() });
}

#[tokio::test]
async fn it_ends_where_its_context_ends() {
    let engine = FakeEngine::new().with_context_tokens(5);
    let generation = engine.generate(request(&engine, "a b c")).expect("started");
    let (said, end) = pieces(generation).await;
    assert_eq!((said.len(), end), (2, EngineEvent::Finished(FinishReason::ModelLength)));
}

#[tokio::test]
async fn it_says_one_token_a_step_and_counts_who_leaves() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let mut generation = engine.generate(request(&engine, "a b c")).expect("started");
    assert!(generation.events.try_recv().is_err(), "nothing before the first step");
    stepper.step(1);
    let first = timeout(HANG, generation.events.recv()).await.expect("in time");
    assert!(matches!(first, Some(EngineEvent::Token(piece)) if piece.text == "a"));
    drop(generation.events);
    let consumed = timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    assert_eq!(consumed.completion_tokens, 1, "cancelled within one token");
    let counts = timeout(HANG, engine.reached(|counts| counts.cancelled == 1)).await;
    counts.expect("in time");

    stepper.release();
    let generation = engine.generate(request(&engine, "a b c")).expect("started");
    assert_eq!(pieces(generation).await.0.len(), 3);
}

#[tokio::test]
async fn it_misbehaves_as_told() {
    let engine = FakeEngine::new();
    engine.behave(Behaviour::Busy { retry_after_seconds: 3 });
    let refused = engine.generate(request(&engine, "a"));
    assert!(matches!(refused, Err(EngineError::Busy { retry_after_seconds: 3 })));
    engine.behave(Behaviour::Fail);
    assert!(matches!(engine.generate(request(&engine, "a")), Err(EngineError::Failed { .. })));
    engine.behave(Behaviour::FailAfter { tokens: 2 });
    let generation = engine.generate(request(&engine, "a b c")).expect("started");
    let (said, end) = pieces(generation).await;
    assert_eq!(said.len(), 2);
    assert!(matches!(end, EngineEvent::Failed { .. }), "{end:?}");
    engine.behave(Behaviour::Answer);
    let generation = engine.generate(request(&engine, "a")).expect("started");
    assert_eq!(pieces(generation).await.1, EngineEvent::Finished(FinishReason::Stop));
}

#[tokio::test]
async fn shutting_down_stops_what_nobody_reads() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let generation = engine.generate(request(&engine, "a b c")).expect("started");
    timeout(HANG, engine.shut_down(Duration::ZERO)).await.expect("in time");
    let (said, end) = pieces(generation).await;
    assert_eq!(said.len(), 0);
    assert!(matches!(end, EngineEvent::Failed { .. }), "{end:?}");
}
