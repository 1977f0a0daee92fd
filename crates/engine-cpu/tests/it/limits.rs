//! Bounded memory, bounded queue, cancellation and the end.

use std::time::Duration;

use engine_cpu::{EngineOptions, KvBytes, KvPrecision};
use inference::{
    FinishReason,
    ports::{Engine as _, EngineError, EngineEvent},
};
use tokio::time::timeout;

use super::{
    HANG, finished, read, read_with_settlement, start, tiny_model::TinyModel, two_threads,
};

/// Of 32 tokens: two layers, two key heads, 16 values, keys and values of 2 bytes.
const BYTES_OF_32: usize = 2 * 2 * 16 * 32 * 2 * 2;

#[tokio::test]
async fn a_cancelled_generation_gives_everything_back() {
    let running = start(&TinyModel::default(), &two_threads());
    let mut generation = running.generate(running.request(1, 200, 300));
    let event = timeout(HANG, generation.events.recv()).await.expect("in time");
    assert!(matches!(event, Some(EngineEvent::Token(_))), "{event:?}");
    assert!(running.engine.kv_bytes().held > 0);
    drop(generation.events);
    let consumed = timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    assert_eq!(consumed.prompt_tokens, 200);
    assert!((1..300).contains(&consumed.completion_tokens), "{consumed:?}");
    assert!(consumed.cpu_seconds > 0.0 && consumed.energy.joules.value() > 0.0, "{consumed:?}");
    let bytes = running.engine.kv_bytes();
    assert_eq!((bytes.held, running.engine.generations()), (0, 0));
    assert_eq!(bytes.used, bytes.kept, "the rest is kept for prompts that begin alike");
}

#[tokio::test]
async fn a_generation_cancelled_in_the_queue_costs_nothing() {
    let options = EngineOptions { sequences_max: 1, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    // Its channel is never read: it stays where it is.
    let first = running.generate(running.request(1, 5, 300));
    let waiting = running.generate(running.request(2, 50, 5));
    drop(waiting.events);
    let consumed = timeout(HANG, waiting.settled).await.expect("in time").expect("settled");
    assert_eq!((consumed.prompt_tokens, consumed.completion_tokens), (0, 0));
    assert_eq!(consumed.energy.joules.value().to_bits(), 0.0_f64.to_bits());
    assert_eq!(read(first).await.tokens.len(), 300);
}

#[tokio::test]
async fn a_consumer_that_does_not_read_pauses_itself_only() {
    let running = start(&TinyModel::default(), &two_threads());
    let slow = running.generate(running.request(1, 5, 400));
    for index in 2..6 {
        assert_eq!(running.answer(running.request(index, 5, 200)).await.tokens.len(), 200);
    }
    assert_eq!(running.engine.generations(), 1, "the slow one waits");
    assert!(slow.events.len() < 400, "what it has not read is bounded");
    let (answer, consumed) = read_with_settlement(slow).await;
    assert_eq!((answer.tokens.len(), consumed.completion_tokens), (400, 400));
    assert_eq!(answer.end, Some(finished(FinishReason::Length)));
}

#[tokio::test]
async fn the_queue_is_bounded() {
    // One token an event: nobody reads the five yet, so none of them can come to its end.
    let options = EngineOptions { sequences_max: 2, queue_max: 3, guesses: false, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    let accepted: Vec<_> =
        (0..5).map(|index| running.generate(running.request(index, 5, 200))).collect();
    let refused = running.engine.generate(running.request(9, 5, 5));
    assert!(matches!(refused, Err(EngineError::Busy { retry_after_seconds: 1.. })), "{refused:?}");
    for generation in accepted {
        assert_eq!(read(generation).await.end, Some(finished(FinishReason::Length)));
    }
    assert_eq!(running.answer(running.request(9, 5, 5)).await.tokens.len(), 5);
}

#[tokio::test]
async fn generations_share_little_memory() {
    // In bytes 16 values take 16 bytes and a scale of 4.
    for (kv_precision, bytes_of_32) in
        [(KvPrecision::F16, BYTES_OF_32), (KvPrecision::Q8, BYTES_OF_32 / 32 * 20)]
    {
        share_little(kv_precision, bytes_of_32).await;
    }
}

async fn share_little(kv_precision: KvPrecision, bytes_of_32: usize) {
    let options = EngineOptions { kv_bytes_max: 4 * bytes_of_32, kv_precision, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    assert_eq!(running.engine.models()[0].context_tokens, 128, "what the memory holds");
    // Each fits alone, and two prompts fit, but not two whole answers.
    let generations: Vec<_> =
        (0..6).map(|index| running.generate(running.request(index, 40, 80))).collect();
    // Some make way for others and go on later: nobody loses what was begun.
    for generation in generations {
        let answer = read(generation).await;
        assert_eq!((answer.tokens.len(), answer.end), (80, Some(finished(FinishReason::Length))));
    }
    let bytes = running.engine.kv_bytes();
    assert_eq!((bytes.held, bytes.used), (0, bytes.kept));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_before_any_work() {
    let running = start(&TinyModel::default(), &two_threads());
    let refused = running.engine.generate(running.request(1, 512, 5));
    assert!(
        matches!(
            refused,
            Err(EngineError::ContextTooLong { prompt_tokens: 512, context_tokens: 512, .. })
        ),
        "{refused:?}"
    );
    let mut foreign = running.request(1, 5, 5);
    foreign.prompt.tokens[3] = 259;
    let refused = running.engine.generate(foreign);
    assert!(matches!(refused, Err(EngineError::Failed { .. })), "{refused:?}");
    let mut unknown = running.request(1, 5, 5);
    unknown.prompt.model = "other".parse().expect("an id");
    let refused = running.engine.generate(unknown);
    assert!(matches!(refused, Err(EngineError::UnknownModel { .. })), "{refused:?}");
}

#[tokio::test]
async fn shutting_down_lets_answers_end_or_stops_them() {
    let running = start(&TinyModel::default(), &two_threads());
    let generation = running.generate(running.request(1, 5, 20));
    timeout(HANG, running.engine.shut_down(HANG)).await.expect("in time");
    assert_eq!(read(generation).await.tokens.len(), 20, "there was time");

    let running = start(&TinyModel::default(), &two_threads());
    // Nobody reads: without the deadline this would never end.
    let paused = running.generate(running.request(1, 5, 400));
    let others: Vec<_> =
        (0..20).map(|index| running.generate(running.request(index, 5, 300))).collect();
    timeout(HANG, running.engine.shut_down(Duration::ZERO)).await.expect("in time");
    let refused = running.engine.generate(running.request(1, 5, 50));
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
    for generation in others.into_iter().chain([paused]) {
        let (answer, _) = read_with_settlement(generation).await;
        assert!(answer.end.is_some(), "everybody is told");
    }
    assert_eq!(running.engine.kv_bytes(), KvBytes { used: 0, held: 0, kept: 0 });
    timeout(HANG, running.engine.shut_down(Duration::ZERO)).await.expect("again is harmless");
}
