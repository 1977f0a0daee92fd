//! Vectors from the engine: the suite of the port, and what happens beside generations.

use std::{sync::Arc, time::Duration};

use domain::{OrganisationId, RequestId};
use engine_cpu::EngineOptions;
use inference::{
    AnswerFormat, FinishReason, ToolUse,
    ports::{Asked, Embed, Embedding, Engine as _, EngineError, EngineEvent, Passage, WhenTooLong},
};
use rustix::time::{ClockId, clock_gettime};
use testkit::{EngineUnderTest, embedding_suite};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    HANG, Running, finished, read_with_settlement, start, tiny_encoder::TinyEncoder,
    tiny_model::TinyModel, two_threads,
};

fn start_both(encoder: &TinyEncoder, options: &EngineOptions) -> Running {
    let running = start(&TinyModel::default(), options);
    running.load("vectors", &encoder.bytes());
    running
}

fn request(running: &Running, organisation: u128, texts: &[String]) -> Embed {
    let passages = texts.iter().cloned().map(Passage::Text).collect();
    let model = "vectors".parse().expect("an id");
    let passages = running.engine.prepare_passages(&model, passages, WhenTooLong::Refuse);
    Embed {
        request: RequestId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)),
        passages: passages.expect("prepared"),
    }
}

fn embed(running: &Running, organisation: u128, texts: &[String]) -> Embedding {
    running.engine.embed(request(running, organisation, texts)).expect("accepted")
}

/// So many passages of 62 tokens each.
fn documents(count: usize) -> Vec<String> {
    (0..count).map(|index| "abcdefghij".repeat(6)[index % 26..].to_owned()).collect()
}

#[tokio::test]
async fn the_engine_passes_the_suite_for_vectors() {
    embedding_suite(async || {
        let running = start_both(&TinyEncoder::default(), &two_threads());
        let engine = Arc::clone(&running.engine);
        EngineUnderTest { engine, model: "vectors".parse().expect("an id") }
    })
    .await;
}

#[tokio::test]
async fn each_model_does_what_it_is_for() {
    let running = start_both(&TinyEncoder::default(), &two_threads());
    let (tiny, vectors) = ("tiny".parse().expect("an id"), "vectors".parse().expect("an id"));
    let passages = vec![Passage::Text("a".to_owned())];
    let refused = running.engine.prepare_passages(&tiny, passages, WhenTooLong::Refuse);
    assert!(matches!(refused, Err(EngineError::Unsuited { .. })), "{refused:?}");
    let now = domain::Timestamp::from_micros(0);
    let (format, tools) = (AnswerFormat::Text, ToolUse::default());
    let asked = Asked { messages: &[], format: &format, tools: &tools };
    let refused = running.engine.prepare(&vectors, asked, now);
    assert!(matches!(refused, Err(EngineError::Unsuited { .. })), "{refused:?}");
    assert!(running.engine.unload(&vectors) && !running.engine.unload(&vectors));
    let cards = running.engine.models();
    assert_eq!(cards.len(), 1, "{cards:?}");
}

/// An answer goes on while a thousand passages wait, and a question overtakes them.
#[tokio::test]
async fn a_thousand_passages_hold_up_nobody() {
    let running = start_both(&TinyEncoder { layers: 12 }, &two_threads());
    let mut many = embed(&running, 1, &documents(2000));
    let answer = running.answer(running.request(1, 20, 10)).await;
    assert_eq!(answer.end, Some(finished(FinishReason::Length)));
    assert!(many.vectors.try_recv().is_err(), "the passages came before the answer");
    let question = embed(&running, 1, &["abc".to_owned()]);
    let found = timeout(HANG, question.vectors).await.expect("in time").expect("an answer");
    assert_eq!(found.expect("vectors").len(), 1);
    assert!(many.vectors.try_recv().is_err(), "the passages came before the question");
    let found = timeout(HANG, many.vectors).await.expect("in time").expect("an answer");
    assert_eq!(found.expect("vectors").len(), 2000);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let options = EngineOptions { queue_max: 2, ..two_threads() };
    let running = start_both(&TinyEncoder::default(), &options);
    let texts = documents(300);
    let accepted = [embed(&running, 1, &texts), embed(&running, 1, &texts)];
    let refused = running.engine.embed(request(&running, 1, &texts));
    assert!(matches!(refused, Err(EngineError::Busy { retry_after_seconds: 1.. })), "{refused:?}");
    drop(accepted);
}

#[tokio::test]
async fn one_that_leaves_costs_little_more() {
    let running = start_both(&TinyEncoder { layers: 12 }, &two_threads());
    let texts = documents(2000);
    let tokens = request(&running, 1, &texts).passages.count();
    let Embedding { vectors, settled } = embed(&running, 1, &texts);
    drop(vectors);
    let consumed = timeout(HANG, settled).await.expect("in time").expect("settled");
    assert!(consumed.prompt_tokens < tokens, "{consumed:?} of {tokens} tokens");
}

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a second are exact")]
fn process_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[tokio::test]
async fn vectors_and_answers_together_are_charged_the_whole_process() {
    let running = start_both(&TinyEncoder { layers: 12 }, &two_threads());
    let (first, second) =
        (request(&running, 1, &documents(1500)), request(&running, 2, &documents(500)));
    let before = process_cpu_seconds();
    let answer = running.generate(running.request(1, 20, 200));
    let start = |request| running.engine.embed(request).expect("accepted");
    let (first, second) = (start(first), start(second));
    let mut charged = read_with_settlement(answer).await.1.cpu_seconds;
    let mut each = Vec::new();
    for embedding in [first, second] {
        let consumed = timeout(HANG, embedding.settled).await.expect("in time").expect("settled");
        each.push(consumed.cpu_seconds);
        charged += consumed.cpu_seconds;
    }
    let used = process_cpu_seconds() - before;
    assert!((charged - used).abs() <= 0.05 * used, "{charged:.4} s charged of {used:.4} s");
    assert!((2.0..4.5).contains(&(each[0] / each[1])), "three times the passages: {each:?}");
}

#[tokio::test]
async fn shutting_down_lets_vectors_end_or_stops_them() {
    let running = start_both(&TinyEncoder::default(), &two_threads());
    let embedding = embed(&running, 1, &documents(100));
    timeout(HANG, running.engine.shut_down(HANG)).await.expect("in time");
    assert_eq!(embedding.vectors.await.expect("told").expect("there was time").len(), 100);

    let running = start_both(&TinyEncoder { layers: 12 }, &two_threads());
    let embedding = embed(&running, 1, &documents(20_000));
    let answer = running.generate(running.request(1, 5, 400));
    timeout(HANG, running.engine.shut_down(Duration::ZERO)).await.expect("in time");
    assert!(embedding.vectors.await.expect("told").is_err(), "there was no time");
    embedding.settled.await.expect("settled");
    let (answer, _) = read_with_settlement(answer).await;
    assert!(matches!(answer.end, Some(EngineEvent::Failed { .. })), "{:?}", answer.end);
}
