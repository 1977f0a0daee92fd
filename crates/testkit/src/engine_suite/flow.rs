use std::time::Duration;

use inference::{
    FinishReason, Sampling,
    ports::{EngineError, EngineEvent, Generate, Generation},
};
use tokio::{task::JoinSet, time::timeout};

use super::{EngineUnderTest, HANG, QUESTION, finished, read};

/// More than any case waits for; an engine that ignores a cancellation shows here.
const TOKENS_MANY: u32 = 200;

pub(super) async fn the_same_seed_gives_the_same_text(engine: &EngineUnderTest) {
    let request = |seed| Generate {
        sampling: Sampling { temperature: 1.0, seed: Some(seed), ..Sampling::default() },
        ..engine.request(QUESTION, 12)
    };
    let (first, second) = (engine.answer(request(7)).await, engine.answer(request(7)).await);
    assert_eq!(first.text, second.text);
}

pub(super) async fn a_dropped_stream_cancels(engine: &EngineUnderTest) {
    let words = "again ".repeat(60);
    // Without a temperature the answer may repeat itself, and all of it fits what a consumer may
    // leave unread.
    let request = || {
        let request = engine.request(&words, 48);
        let sampling = Sampling { temperature: 1.5, ..request.sampling.clone() };
        Generate { sampling, ..request }
    };
    let whole = engine.answer(request()).await;
    assert_eq!(whole.consumed.completion_tokens, 48);

    let Generation { mut events, settled } = engine.engine.generate(request()).expect("started");
    let first = timeout(HANG, events.recv()).await.expect("an event in time");
    assert!(matches!(first, Some(EngineEvent::Token(_))), "{first:?}");
    drop(events);
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    assert!(
        (1..48).contains(&consumed.completion_tokens),
        "it went on to the end, or charged nothing: {consumed:?}"
    );
    assert!(consumed.energy.joules.value() > 0.0, "charged what it used: {consumed:?}");
}

pub(super) async fn a_stream_dropped_at_once_is_settled(engine: &EngineUnderTest) {
    let Generation { events, settled } =
        engine.engine.generate(engine.request(QUESTION, TOKENS_MANY)).expect("started");
    drop(events);
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    assert!(consumed.completion_tokens < TOKENS_MANY, "{consumed:?}");
}

pub(super) async fn a_slow_consumer_holds_up_nobody_else(engine: &EngineUnderTest) {
    let slow = engine.engine.generate(engine.request(QUESTION, 24)).expect("started");
    let quick = engine.answer(engine.request(QUESTION, 24)).await;
    assert_eq!(quick.end, finished(FinishReason::Length));
    let slow = read(slow).await;
    assert_eq!(slow.end, finished(FinishReason::Length), "the slow one lost nothing");
    assert_eq!(slow.consumed.completion_tokens, 24);
}

pub(super) async fn many_at_once_are_all_settled(engine: &EngineUnderTest) {
    let mut tasks = JoinSet::new();
    for max_tokens in [1, 2, 3, 5, 8, 13] {
        let generation = engine.engine.generate(engine.request(QUESTION, max_tokens));
        tasks.spawn(async move { (max_tokens, read(generation.expect("started")).await) });
    }
    for (max_tokens, answer) in tasks.join_all().await {
        assert_eq!(answer.end, finished(FinishReason::Length));
        assert_eq!(answer.consumed.completion_tokens, max_tokens);
    }
}

pub(super) async fn a_stopped_engine_refuses(engine: &EngineUnderTest) {
    let running = engine.engine.generate(engine.request(QUESTION, 4)).expect("started");
    let reading = async { read(running).await };
    let (answer, ()) = tokio::join!(reading, engine.engine.shut_down(HANG));
    assert_eq!(answer.end, finished(FinishReason::Length), "a running one may end");

    let refused = engine.engine.generate(engine.request(QUESTION, 4));
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
    let again = timeout(HANG, engine.engine.shut_down(Duration::ZERO)).await;
    again.expect("stopping twice is no error");
}
