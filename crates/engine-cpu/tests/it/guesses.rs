//! Tokens that are guessed and checked together change when an answer comes, and nothing else.

use engine_cpu::{EngineOptions, KvPrecision};
use inference::{
    Sampling,
    ports::{EngineEvent, Generate},
};
use tokio::time::timeout;

use super::{
    HANG, Running, read, start,
    tiny_model::{Format, TinyModel},
    two_threads, without_prefixes,
};

fn without_guesses() -> EngineOptions {
    EngineOptions { guesses: false, ..without_prefixes() }
}

/// A prompt that says everything twice, and an answer that prefers two tokens.
fn repetitive(running: &Running, seed: u32) -> Generate {
    let mut request = running.request(seed, 40, 120);
    request.prompt.tokens.extend_from_within(..30);
    request.sampling.logit_bias = vec![(65, 2.0), (66, 2.0)];
    request
}

/// The most tokens that came with one event.
async fn tokens_together(running: &Running, request: Generate) -> usize {
    let mut generation = running.generate(request);
    let mut most = 0;
    while let Some(event) = timeout(HANG, generation.events.recv()).await.expect("in time") {
        if let EngineEvent::Token(piece) = event {
            most = most.max(piece.logprobs.len());
        }
    }
    most
}

#[tokio::test]
async fn right_guesses_come_together() {
    let guessing = start(&TinyModel::default(), &without_prefixes());
    let plain = start(&TinyModel::default(), &without_guesses());
    for (bias, together) in [(0.0, 1..=8), (2.0, 2..=8), (100.0, 8..=8)] {
        let mut request = repetitive(&guessing, 1);
        request.sampling.logit_bias = vec![(65, bias), (66, 0.5 * bias)];
        let most = tokens_together(&guessing, request.clone()).await;
        assert!(together.contains(&most), "with a bias of {bias} {most} tokens at once");
        assert_eq!(tokens_together(&plain, request).await, 1);
    }
}

#[tokio::test]
async fn guesses_change_no_bit_of_an_answer() {
    no_bit_changes(KvPrecision::F16, [Format::F32, Format::Q8_0, Format::Q4_1]).await;
}

#[tokio::test]
async fn guesses_change_no_bit_with_keys_and_values_in_bytes() {
    no_bit_changes(KvPrecision::Q8, [Format::F32, Format::Q4_1]).await;
}

async fn no_bit_changes<const FORMATS: usize>(
    kv_precision: KvPrecision,
    formats: [Format; FORMATS],
) {
    for architecture in ["llama", "gemma3", "qwen3"] {
        for weights in formats {
            let model = TinyModel {
                architecture,
                everything: true,
                layers: 6,
                context: 200,
                ..TinyModel::of(weights)
            };
            let guessing = start(&model, &EngineOptions { kv_precision, ..without_prefixes() });
            let plain = start(&model, &EngineOptions { kv_precision, ..without_guesses() });
            for seed in 0..6 {
                let mut request = repetitive(&plain, seed);
                request.sampling = varied(seed, request.sampling);
                // To the last token, and to the last place of the context.
                request.max_tokens = 100 + 17 * seed;
                let expected = plain.answer(request.clone()).await;
                let answer = guessing.answer(request).await;
                assert_eq!(answer, expected, "{architecture}, {weights:?}, {seed}");
            }
        }
    }
}

/// Greedy, drawn, with penalties that look back, with a minimum.
fn varied(seed: u32, greedy: Sampling) -> Sampling {
    let drawn = Sampling { temperature: 0.4, seed: Some(u64::from(seed)), ..greedy.clone() };
    match seed % 4 {
        0 => greedy,
        1 => drawn,
        2 => Sampling { repetition_penalty: 1.1, frequency_penalty: 0.2, ..drawn },
        _ => Sampling { min_tokens: 20, ..drawn },
    }
}

#[tokio::test]
async fn in_company_too() {
    let guessing = start(&TinyModel::default(), &two_threads());
    let plain = start(&TinyModel::default(), &without_guesses());
    for company in 1..=9 {
        let together: Vec<_> =
            (0..company).map(|seed| guessing.generate(repetitive(&guessing, seed))).collect();
        for (seed, generation) in (0..).zip(together) {
            let expected = plain.answer(repetitive(&plain, seed)).await;
            assert_eq!(read(generation).await, expected, "{seed} of {company}");
        }
    }
    let bytes = guessing.engine.kv_bytes();
    assert_eq!((bytes.held, bytes.used), (0, bytes.kept));
}
