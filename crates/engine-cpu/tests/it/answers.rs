//! Answers do not depend on what else runs.

use inference::{FinishReason, Sampling};

use super::{finished, start, tiny_model::TinyModel, two_threads, without_prefixes};

#[tokio::test]
async fn interleaved_generations_answer_as_if_alone() {
    let running = start(&TinyModel::default(), &without_prefixes());
    let request = |index: u32| running.request(index, 1 + index * 23, 24);
    let mut alone = Vec::new();
    for index in 0..9 {
        alone.push(running.answer(request(index)).await);
    }
    let together: Vec<_> = (0..9).map(|index| running.generate(request(index))).collect();
    for (alone, together) in alone.iter().zip(together) {
        assert_eq!(alone.tokens.len(), 24);
        assert_eq!(super::read(together).await, *alone, "token for token, bit for bit");
    }
}

#[tokio::test]
async fn a_seed_repeats_its_answer_in_any_company() {
    let running = start(&TinyModel::default(), &two_threads());
    let request = |seed: u64, id: u32| {
        let mut request = running.request(id, 9, 40);
        request.prompt.tokens = vec![3, 1, 4, 1, 5];
        request.sampling =
            Sampling { temperature: 1.5, seed: Some(seed), min_tokens: 40, ..Sampling::default() };
        request
    };
    let first = running.answer(request(11, 1)).await;
    let others: Vec<_> =
        (0..5).map(|id| running.generate(request(100 + u64::from(id), id))).collect();
    assert_eq!(running.answer(request(11, 2)).await, first, "the seed decides, not the id");
    for other in others {
        assert_ne!(super::read(other).await.tokens, first.tokens, "another seed");
    }
}

#[tokio::test]
async fn without_a_seed_requests_differ() {
    let running = start(&TinyModel::default(), &two_threads());
    let request = |id: u32| {
        let mut request = running.request(id, 9, 40);
        request.prompt.tokens = vec![3, 1, 4, 1, 5];
        request.sampling.temperature = 1.5;
        request
    };
    let first = running.answer(request(1)).await;
    assert_ne!(running.answer(request(2)).await.tokens, first.tokens);
}

#[tokio::test]
async fn a_full_context_ends_an_answer() {
    let model = TinyModel { context: 48, ..TinyModel::default() };
    let running = start(&model, &two_threads());
    let answer = running.answer(running.request(1, 30, 100)).await;
    assert_eq!(answer.end, Some(finished(FinishReason::ModelLength)));
    assert_eq!(answer.tokens.len(), 18, "prompt and answer together fill the context");
    let answer = running.answer(running.request(1, 47, 100)).await;
    assert_eq!((answer.tokens.len(), answer.end), (1, Some(finished(FinishReason::ModelLength))));
    let answer = running.answer(running.request(1, 30, 18)).await;
    assert_eq!((answer.tokens.len(), answer.end), (18, Some(finished(FinishReason::Length))));
}

#[tokio::test]
async fn two_models_answer_side_by_side() {
    let running = start(&TinyModel::default(), &without_prefixes());
    let other = TinyModel { seed: 2, heads: 4, layers: 3, ..TinyModel::default() };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), other.bytes()).expect("written");
    let load = |id: &str| {
        running.engine.load(engine_cpu::ModelFile {
            id: id.parse().expect("an id"),
            path: file.path().to_owned(),
            digest: String::new(),
            created_at: domain::Timestamp::from_micros(0),
        })
    };
    load("other").expect("loaded");
    load("other").expect_err("its name is taken");
    let request = |index: u32| {
        let mut request = running.request(index, 40, 20);
        if index % 2 == 1 {
            request.prompt.model = "other".parse().expect("an id");
        }
        request
    };
    let mut alone = Vec::new();
    for index in 0..6 {
        alone.push(running.answer(request(index)).await);
    }
    let together: Vec<_> = (0..6).map(|index| running.generate(request(index))).collect();
    for (alone, together) in alone.iter().zip(together) {
        assert_eq!(super::read(together).await, *alone);
    }
}
