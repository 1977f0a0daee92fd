//! Who shares a full engine with whom.

use domain::OrganisationId;
use engine_cpu::{EngineOptions, KvPrecision};
use inference::{
    FinishReason, Priority,
    ports::{Engine as _, EngineError, Generate},
};
use uuid::Uuid;

use super::{Running, finished, read, start, tiny_model::TinyModel, two_threads, without_prefixes};

fn of(organisation: u128, request: Generate) -> Generate {
    let organisation = OrganisationId::from_uuid(Uuid::from_u128(organisation));
    Generate { organisation, ..request }
}

fn in_background(request: Generate) -> Generate {
    Generate { priority: Priority::Background, ..request }
}

/// Of three organisations, more than there are places, some of them in no hurry.
fn crowd(running: &Running) -> Vec<Generate> {
    let request = |seed: u32| running.request(seed, 10 + seed * 9, 60 + seed);
    (0..18)
        .map(|seed| match seed {
            0..6 => in_background(of(1, request(seed))),
            6..12 => of(1, request(seed)),
            12..15 => of(2, request(seed)),
            _ => of(3, request(seed)),
        })
        .collect()
}

/// Each makes way for those that follow, and goes on afterwards.
#[tokio::test]
async fn whoever_made_way_answers_as_if_alone() {
    let bytes = EngineOptions { kv_precision: KvPrecision::Q8, ..two_threads() };
    for options in [two_threads(), without_prefixes(), bytes] {
        let running = start(&TinyModel::default(), &EngineOptions { sequences_max: 3, ..options });
        let mut alone = Vec::new();
        for request in crowd(&running) {
            alone.push(running.answer(request).await);
        }
        let mut together = Vec::new();
        for request in crowd(&running) {
            together.push(running.generate(request));
            tokio::task::yield_now().await;
        }
        let answers = futures_util::future::join_all(together.into_iter().map(read)).await;
        for (index, (answer, expected)) in answers.iter().zip(&alone).enumerate() {
            assert_eq!(answer, expected, "{index}");
        }
        let bytes = running.engine.kv_bytes();
        assert_eq!((bytes.held, bytes.used, running.engine.generations()), (0, bytes.kept, 0));
    }
}

#[tokio::test]
async fn thousands_at_once_are_refused_and_leave_nothing() {
    let running = start(&TinyModel::default(), &two_threads());
    let mut accepted = Vec::new();
    let mut refused = 0;
    for seed in 0..10_000 {
        match running.engine.generate(running.request(seed, 1 + seed % 30, 2)) {
            Ok(generation) => accepted.push(generation),
            Err(EngineError::Busy { retry_after_seconds: 1.. }) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "the queue is bounded");
    for generation in accepted {
        assert_eq!(read(generation).await.end, Some(finished(FinishReason::Length)));
    }
    let bytes = running.engine.kv_bytes();
    assert_eq!((bytes.held, bytes.used, running.engine.generations()), (0, bytes.kept, 0));
}
