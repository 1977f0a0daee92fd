//! Beginnings that prompts of one project share are computed once.

use std::collections::VecDeque;

use domain::{OrganisationId, ProjectId, Timestamp};
use engine_cpu::{EngineOptions, KvBytes, KvPrecision, ModelFile};
use inference::{
    FinishReason,
    ports::{EngineEvent, Generate},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    HANG, Running, finished, read, read_with_settlement, start,
    tiny_model::{Format, TinyModel},
    two_threads, without_prefixes,
};

/// Of 32 tokens; see `limits`.
const BYTES_OF_32: usize = 2 * 2 * 16 * 32 * 2 * 2;
const NOTHING: KvBytes = KvBytes { used: 0, held: 0, kept: 0 };

impl Running {
    /// How many tokens of the prompt were known. Nothing may be left over afterwards.
    async fn cached(&self, request: Generate) -> u32 {
        let prompt_tokens = request.prompt.tokens.len();
        let (_, consumed) = read_with_settlement(self.generate(request)).await;
        assert_eq!(consumed.prompt_tokens as usize, prompt_tokens, "all are counted");
        consumed.cached_prompt_tokens
    }

    /// Nobody runs: what is still there is what is kept.
    fn check_idle(&self, kept_max: usize, what: &str) {
        let KvBytes { used, held, kept } = self.engine.kv_bytes();
        assert_eq!((held, used), (0, kept), "{what}");
        assert!(kept <= kept_max, "{what}: {kept} bytes are kept of {kept_max}");
    }

    fn check_nothing_is_left(&self) {
        assert!(self.engine.unload(&"tiny".parse().expect("an id")));
        assert_eq!(self.engine.kv_bytes(), NOTHING);
    }
}

#[tokio::test]
async fn the_second_prompt_computes_only_what_is_new() {
    let running = start(&TinyModel::default(), &two_threads());
    for (seed, prompt_tokens) in (1..).zip([1, 2, 31, 32, 33, 63, 64, 65, 96, 300, 510, 511]) {
        let request = || running.request(seed, prompt_tokens, 1);
        assert_eq!(running.cached(request()).await, 0, "the first of {prompt_tokens}");
        // Whole blocks, and never the last token.
        let known = (prompt_tokens - 1) / 16 * 16;
        assert_eq!(running.cached(request()).await, known, "the second of {prompt_tokens}");
        let mut longer = request();
        longer.prompt.tokens.truncate(200);
        longer.prompt.tokens.push(77);
        let known = prompt_tokens.min(200) / 16 * 16;
        assert_eq!(running.cached(longer).await, known, "one that goes on otherwise");
        running.check_idle(usize::MAX, "between two prompts");
    }
    running.check_nothing_is_left();
}

#[tokio::test]
async fn answers_are_kept_too() {
    let running = start(&TinyModel::default(), &two_threads());
    let mut request = running.request(1, 50, 60);
    let mut generation = running.generate(request.clone());
    while let Some(event) = timeout(HANG, generation.events.recv()).await.expect("in time") {
        if let EngineEvent::Token(piece) = event {
            let chosen = piece.logprobs.iter().map(|one| one.chosen.token);
            request.prompt.tokens.extend(chosen);
        }
    }
    request.prompt.tokens.extend([1, 2, 3]);
    assert_eq!(request.prompt.tokens.len(), 113);
    assert_eq!(running.cached(request).await, 96);
}

#[tokio::test]
async fn no_tenant_sees_what_another_one_asked() {
    let running = start(&TinyModel::default(), &two_threads());
    let of = |organisation: u128, project: u128| Generate {
        organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)),
        project: ProjectId::from_uuid(Uuid::from_u128(project)),
        ..running.request(1, 200, 1)
    };
    for (organisation, project) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        assert_eq!(running.cached(of(organisation, project)).await, 0, "{organisation} {project}");
    }
    assert_eq!(running.cached(of(2, 1)).await, 192, "its own it does");
    running.check_nothing_is_left();
}

#[tokio::test]
async fn prompts_that_come_together_share_too() {
    let running = start(&TinyModel::default(), &two_threads());
    let together: Vec<_> = (0..8).map(|_| running.generate(running.request(1, 300, 9))).collect();
    let (mut answers, mut cached) = (Vec::new(), Vec::new());
    for generation in together {
        let (answer, consumed) = read_with_settlement(generation).await;
        answers.push(answer.tokens);
        cached.push(consumed.cached_prompt_tokens);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "greedy answers are the same");
    // One computes it; another one may begin in the same step.
    assert!(cached.iter().filter(|&&tokens| tokens == 288).count() >= 6, "{cached:?}");
    assert_eq!(
        running.engine.kv_bytes().kept,
        304 / 32 * BYTES_OF_32 + BYTES_OF_32 / 2,
        "one copy"
    );
    running.check_nothing_is_left();
}

/// Not a bit may differ from an answer that is computed as a whole.
#[tokio::test]
async fn what_is_shared_changes_no_bit_of_an_answer() {
    for (weights, kv_precision) in [
        (Format::F32, KvPrecision::F16),
        (Format::Q8_0, KvPrecision::F16),
        (Format::Q4_1, KvPrecision::F16),
        (Format::Q4_1, KvPrecision::Q8),
    ] {
        let model = TinyModel { context: 1024, ..TinyModel::of(weights) };
        let of = |options| start(&model, &EngineOptions { kv_precision, ..options });
        let (cold, warm) = (of(without_prefixes()), of(two_threads()));
        let mut first = warm.request(1, 580, 1);
        first.prompt.tokens[512] = 100;
        assert_eq!(warm.cached(first).await, 0);
        let (answer, consumed) =
            read_with_settlement(warm.generate(warm.request(1, 560, 60))).await;
        assert_eq!(consumed.cached_prompt_tokens, 512);
        let expected = cold.answer(cold.request(1, 560, 60)).await;
        assert_eq!(answer, expected, "{weights:?}, {kv_precision:?}: token for token, bit for bit");
        cold.check_idle(0, "nothing is kept");
    }
}

#[tokio::test]
async fn any_length_that_is_shared_changes_no_bit() {
    for (architecture, kv_precision) in
        ["llama", "gemma3"].into_iter().flat_map(|name| KvPrecision::ALL.map(|one| (name, one)))
    {
        let model = TinyModel { architecture, ..TinyModel::of(Format::Q4_1) };
        let of = |options| start(&model, &EngineOptions { kv_precision, ..options });
        let (cold, warm) = (of(without_prefixes()), of(two_threads()));
        for prompt_tokens in (33..500).step_by(29) {
            let request = || warm.request(prompt_tokens, prompt_tokens, 3);
            warm.answer(request()).await;
            let (known, consumed) = read_with_settlement(warm.generate(request())).await;
            assert!(consumed.cached_prompt_tokens > 0, "after {prompt_tokens}");
            assert_eq!(known, cold.answer(request()).await, "{architecture} after {prompt_tokens}");
        }
    }
}

#[tokio::test]
async fn only_what_is_computed_is_charged() {
    let running = start(&TinyModel::default(), &two_threads());
    running.cached(running.request(1, 400, 1)).await;
    // In the same steps, so that the machine's moods touch both.
    let together = [2, 1].map(|seed| running.generate(running.request(seed, 400, 2)));
    let mut charged = Vec::new();
    for generation in together {
        let (_, consumed) = read_with_settlement(generation).await;
        charged.push((consumed.cached_prompt_tokens, consumed.cpu_seconds));
    }
    assert_eq!((charged[0].0, charged[1].0), (0, 384));
    assert!(charged[1].1 < 0.7 * charged[0].1, "{charged:?}");
}

#[tokio::test]
async fn what_is_kept_makes_way_for_what_is_needed() {
    let options = EngineOptions { kv_bytes_max: 4 * BYTES_OF_32, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    for seed in 0..20 {
        // With its answer it fills the whole memory, which is full of others.
        let answer = running.answer(running.request(seed, 100, 40)).await;
        assert_eq!(answer.end, Some(finished(FinishReason::ModelLength)), "prompt {seed}");
        running.check_idle(4 * BYTES_OF_32, "beside nobody");
    }
    assert_eq!(running.cached(running.request(19, 100, 1)).await, 96, "the last one is known");
    running.check_nothing_is_left();
}

#[tokio::test]
async fn what_is_kept_is_bounded() {
    let options = EngineOptions { prefix_bytes_max: 3 * BYTES_OF_32, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    let mut last: VecDeque<u32> = VecDeque::new();
    for seed in 0..30 {
        running.cached(running.request(seed, 33, 1)).await;
        running.check_idle(3 * BYTES_OF_32, "after a prompt");
        last.push_back(seed);
        if last.len() > 3 {
            last.pop_front();
        }
    }
    for seed in last {
        assert_eq!(running.cached(running.request(seed, 33, 1)).await, 32, "the last are known");
    }
    assert_eq!(running.cached(running.request(1, 33, 1)).await, 0, "the first is not");
}

#[tokio::test]
async fn keeping_can_be_turned_off() {
    let running = start(&TinyModel::default(), &without_prefixes());
    for _ in 0..3 {
        assert_eq!(running.cached(running.request(1, 200, 5)).await, 0);
        assert_eq!(running.engine.kv_bytes(), NOTHING);
    }
}

#[tokio::test]
async fn prompts_at_the_limit_of_the_context_are_shared() {
    let running = start(&TinyModel { context: 128, ..TinyModel::default() }, &two_threads());
    for known in [0, 112, 112] {
        let (answer, consumed) =
            read_with_settlement(running.generate(running.request(1, 127, 9))).await;
        assert_eq!(answer.end, Some(finished(FinishReason::ModelLength)));
        assert_eq!((answer.tokens.len(), consumed.cached_prompt_tokens), (1, known));
    }
    running.check_nothing_is_left();
}

#[tokio::test]
async fn thousands_of_small_prompts_leave_nothing_behind() {
    let options = EngineOptions { prefix_bytes_max: 20 * BYTES_OF_32, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    for round in 0..60 {
        let together: Vec<_> = (0..50)
            .map(|index| running.generate(running.request(round % 7 + index, 1 + index, 1)))
            .collect();
        for generation in together {
            assert_eq!(read(generation).await.tokens.len(), 1);
        }
        running.check_idle(20 * BYTES_OF_32, "after a round");
    }
    running.check_nothing_is_left();
}

#[tokio::test]
async fn whoever_leaves_at_any_moment_leaves_nothing_behind() {
    let options = EngineOptions { kv_bytes_max: 40 * BYTES_OF_32, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    for events in 0..30 {
        let together = [1, 1, 2].map(|seed| running.generate(running.request(seed, 250, 300)));
        for mut generation in together {
            for _ in 0..events {
                timeout(HANG, generation.events.recv()).await.expect("in time").expect("a token");
            }
            drop(generation.events);
            let consumed = timeout(HANG, generation.settled).await.expect("in time");
            let consumed = consumed.expect("settled");
            assert!(consumed.cached_prompt_tokens <= consumed.prompt_tokens, "{consumed:?}");
        }
        running.check_idle(40 * BYTES_OF_32, "everybody has left");
    }
    running.check_nothing_is_left();
}

#[tokio::test]
async fn what_was_kept_of_a_model_goes_with_it() {
    let running = start(&TinyModel::default(), &two_threads());
    assert_eq!(running.cached(running.request(1, 200, 1)).await, 0);
    let request = running.request(1, 200, 300);
    let mut generation = running.generate(request.clone());
    timeout(HANG, generation.events.recv()).await.expect("in time").expect("a token");
    assert!(running.engine.unload(&request.prompt.model));
    assert!(!running.engine.unload(&request.prompt.model), "it is gone");
    assert_eq!(running.engine.kv_bytes().kept, 0);
    let (answer, _) = read_with_settlement(generation).await;
    assert_eq!(answer.end, Some(finished(FinishReason::Length)), "what runs goes on");
    assert_eq!(running.engine.kv_bytes(), NOTHING, "and leaves nothing");

    let file = tempfile::NamedTempFile::new().expect("a file");
    let other = TinyModel { seed: 9, ..TinyModel::default() };
    std::fs::write(file.path(), other.bytes()).expect("written");
    let file = ModelFile {
        id: request.prompt.model.clone(),
        path: file.path().to_owned(),
        digest: "d".repeat(64),
        created_at: Timestamp::from_micros(5),
    };
    running.engine.load(file).expect("another one of that name");
    assert_eq!(running.cached(running.request(1, 200, 1)).await, 0, "what it knew was another's");
}
