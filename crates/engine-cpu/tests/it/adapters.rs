//! Adapters beside their model: what they compute, with whom, and how they come and go.

use std::error::Error;

use cpu_kernels::Path;
use domain::Timestamp;
use engine_cpu::{Direct, LoadError, Model, ModelFile, checkpoint::Checkpoint};
use inference::{
    FinishReason,
    ports::{Engine as _, EngineError, Generate},
};

use super::{
    Running, finished, read_with_settlement, start,
    tiny_adapter::{EVERYTHING, TinyAdapter},
    tiny_model::{Format, TinyModel, Writer},
    two_threads,
};

fn direct(model: &TinyModel, threads: usize) -> Direct {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), model.bytes()).expect("written");
    let file = Checkpoint::open(file.path()).expect("a model file");
    Direct::new(Model::load(&file).expect("loaded"), threads, Path::best()).expect("started")
}

fn adapt(direct: &mut Direct, adapter: &TinyAdapter, model: &TinyModel) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), adapter.gguf(model)).expect("written");
    direct.adapt(&Checkpoint::open(file.path()).expect("an adapter")).expect("it fits");
}

/// The logits after each of 70 tokens, in batches for every way to divide them.
fn logits(direct: &mut Direct) -> Vec<f32> {
    let tokens: Vec<u32> = (0..70).map(|at| (at * 97 + at * at) % 256).collect();
    direct.restart();
    let cuts = [&tokens[..40], &tokens[40..41], &tokens[41..49], &tokens[49..]];
    cuts.into_iter().flat_map(|cut| direct.append_all(cut).expect("computed").to_vec()).collect()
}

fn difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    assert!(left.iter().chain(right).all(|logit| logit.is_finite()), "logits are numbers");
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max)
}

/// The sum of both, computed once and for all, is the oracle.
#[test]
fn an_adapter_is_its_sum_with_the_model() {
    let families = ["llama", "qwen2", "qwen3", "granite", "smollm3", "phi3", "gemma3"];
    for architecture in families {
        let everything = architecture != "gemma3";
        let model = TinyModel { architecture, everything, ..TinyModel::of(Format::F32) };
        for (rank, changes) in [(1, &["attn_q", "attn_qkv"][..]), (5, EVERYTHING), (40, EVERYTHING)]
        {
            let adapter = TinyAdapter { rank, changes, ..TinyAdapter::default() };
            let sum = TinyModel { sums: adapter.sums(&model), ..model.clone() };
            let expected = logits(&mut direct(&sum, 1));
            let plain = logits(&mut direct(&model, 1));
            let what = format!("{architecture}, rank {rank}");
            let effect = difference(&plain, &expected);
            assert!(effect > 0.1, "{what} changes nothing");
            for threads in [1, 2] {
                let mut direct = direct(&model, threads);
                adapt(&mut direct, &adapter, &model);
                let found = difference(&logits(&mut direct), &expected);
                // Keys and values are kept in half precision, which flips with the last bit.
                let what = format!("{what}, {threads} threads: {found}, changes {effect}");
                assert!(found < 4e-3 && found < 0.01 * effect, "{what}");
            }
        }
    }
}

/// Bytes round both factors, and the numbers between them.
#[test]
fn an_adapter_of_a_quantised_model_is_nearly_its_sum() {
    let model = TinyModel::of(Format::Q8_0);
    let adapter = TinyAdapter::default();
    let mut adapted = direct(&model, 2);
    let plain = logits(&mut adapted);
    adapt(&mut adapted, &adapter, &model);
    let found = logits(&mut adapted);
    let half = TinyAdapter { weights: Format::F16, ..adapter };
    adapt(&mut adapted, &half, &model);
    let (effect, rounding) =
        (difference(&found, &plain), difference(&logits(&mut adapted), &found));
    assert!(effect > 0.5 && rounding < 0.05 * effect, "{effect} {rounding}");
}

#[test]
fn directories_of_peft_are_read_as_files_are() {
    let directory = tempfile::tempdir().expect("a directory");
    for format in [Format::F32, Format::Q8_0] {
        let model = TinyModel::of(format);
        let adapter = TinyAdapter::default();
        let mut direct = direct(&model, 2);
        adapt(&mut direct, &adapter, &model);
        let expected = logits(&mut direct);
        adapter.write_peft(&model, directory.path());
        direct.adapt(&Checkpoint::open(directory.path()).expect("an adapter")).expect("it fits");
        assert_eq!(logits(&mut direct), expected, "{format:?}");
    }
}

impl Running {
    fn adapter_file(&self, id: &str, bytes: &[u8]) -> ModelFile {
        let path = self.directory.path().join(format!("{id}.gguf"));
        std::fs::write(&path, bytes).expect("written");
        let (id, created_at) = (id.parse().expect("an id"), Timestamp::from_micros(7));
        ModelFile { id, path, digest: "a".repeat(64), created_at }
    }

    fn adapt(&self, id: &str, adapter: &TinyAdapter, model: &TinyModel) {
        let file = self.adapter_file(id, &adapter.gguf(model));
        let base = "tiny".parse().expect("an id");
        self.engine.load_adapter(file, &base).expect("it fits");
    }

    fn request_of(&self, model: &str, seed: u32, prompt: u32, answer: u32) -> Generate {
        let mut request = self.request(seed, prompt, answer);
        request.prompt.model = model.parse().expect("an id");
        request
    }
}

/// Three adapters of different ranks and places, and the model itself, in the same steps: every
/// answer is that of a server that has nothing else to do.
#[tokio::test]
async fn answers_of_different_adapters_are_computed_together_and_do_not_touch() {
    for format in [Format::F32, Format::Q4_1] {
        let model = TinyModel::of(format);
        let running = start(&model, &two_threads());
        running.adapt("one", &TinyAdapter::of(1), &model);
        running.adapt("two", &TinyAdapter { rank: 33, ..TinyAdapter::of(2) }, &model);
        let changes = &["attn_v", "ffn_down"][..];
        running.adapt("three", &TinyAdapter { changes, ..TinyAdapter::of(3) }, &model);
        let names = ["tiny", "one", "two", "three", "one", "tiny", "two", "three"];
        for prompt in [3, 50, 200] {
            // The same prompt for all.
            let ask = |name: &&str| running.request_of(name, 9, prompt, 20);
            let mut alone = Vec::new();
            for name in &names[..4] {
                let fresh = start(&model, &two_threads());
                fresh.adapt("one", &TinyAdapter::of(1), &model);
                fresh.adapt("two", &TinyAdapter { rank: 33, ..TinyAdapter::of(2) }, &model);
                fresh.adapt("three", &TinyAdapter { changes, ..TinyAdapter::of(3) }, &model);
                alone.push(fresh.answer(ask(name)).await);
            }
            let all: Vec<_> = names.iter().map(|name| running.generate(ask(name))).collect();
            for (name, generation) in names.iter().zip(all) {
                let (answer, _) = read_with_settlement(generation).await;
                let at = names.iter().position(|other| other == name).expect("one of them");
                assert_eq!(answer, alone[at], "{format:?}, {name}, prompt of {prompt}");
            }
            for (left, right) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
                assert_ne!(alone[left].logprobs, alone[right].logprobs, "{left} and {right}");
            }
        }
    }
}

/// Keys and values of an adapter are others than those of its model.
#[tokio::test]
async fn known_beginnings_are_those_of_the_same_adapter() {
    let model = TinyModel::default();
    let running = start(&model, &two_threads());
    running.adapt("one", &TinyAdapter::of(1), &model);
    let cached = async |name: &str| {
        let generation = running.generate(running.request_of(name, 4, 100, 2));
        read_with_settlement(generation).await.1.cached_prompt_tokens
    };
    assert_eq!(cached("tiny").await, 0);
    assert_eq!(cached("one").await, 0);
    assert_eq!(cached("tiny").await, 96);
    assert_eq!(cached("one").await, 96);
}

#[tokio::test]
async fn adapters_come_and_go_while_their_model_answers() {
    let model = TinyModel::default();
    let running = start(&model, &two_threads());
    let expected = running.answer(running.request_of("tiny", 1, 30, 10)).await;
    let long = running.generate(running.request_of("tiny", 1, 30, 10));
    running.adapt("one", &TinyAdapter::of(1), &model);
    let one = "one".parse().expect("an id");
    let cards = running.engine.models();
    let card = cards.iter().find(|card| card.id == one).expect("listed");
    assert_eq!(card.base.as_ref().map(domain::ModelId::as_str), Some("tiny"));
    assert_eq!(card.weights.as_ref().expect("here").digest, "a".repeat(64));
    let first = running.answer(running.request_of("one", 2, 30, 10)).await;
    assert_eq!(first.end, Some(finished(FinishReason::Length)));

    let runs_on = running.generate(running.request_of("one", 2, 30, 10));
    assert!(running.engine.unload(&one) && !running.engine.unload(&one));
    assert_eq!(read_with_settlement(runs_on).await.0, first, "what runs ends as usual");
    let gone = running.engine.generate(running.request_of("one", 2, 30, 10)).err();
    assert!(matches!(gone, Some(EngineError::UnknownModel { .. })), "{gone:?}");
    assert_eq!(read_with_settlement(long).await.0, expected);

    // Another adapter of that name knows nothing of the first.
    running.adapt("one", &TinyAdapter::of(2), &model);
    let (second, used) =
        read_with_settlement(running.generate(running.request_of("one", 2, 30, 10))).await;
    assert_ne!(second.logprobs, first.logprobs);
    assert_eq!(used.cached_prompt_tokens, 0);

    // It keeps the weights that it needs.
    assert!(running.engine.unload(&"tiny".parse().expect("an id")));
    let (again, _) =
        read_with_settlement(running.generate(running.request_of("one", 2, 30, 10))).await;
    assert_eq!(again, second);
}

fn refusal(running: &Running, bytes: &[u8], base: &str) -> String {
    let file = running.adapter_file("new", bytes);
    let error: LoadError =
        running.engine.load_adapter(file, &base.parse().expect("an id")).expect_err("refused");
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let model = TinyModel::default();
    let running = start(&model, &two_threads());
    running.adapt("one", &TinyAdapter::default(), &model);
    let check = |bytes: &[u8], base: &str, expected: &str| {
        let text = refusal(&running, bytes, base);
        assert!(text.contains(expected), "{text:?} does not say {expected:?}");
        assert_eq!(running.engine.models().len(), 2, "{expected}");
    };
    let good = TinyAdapter::default();
    check(&good.gguf(&model), "nobody", "made for `nobody`, which is not loaded");
    check(&good.gguf(&model), "one", "made for `one`, which is not loaded");
    check(&model.bytes(), "tiny", "a whole model, not an adapter");
    let qwen = TinyModel { architecture: "qwen2", ..model.clone() };
    check(&good.gguf(&qwen), "tiny", "architecture `qwen2`; this one is `llama`");
    let deep = TinyModel { layers: 3, ..model.clone() };
    check(&good.gguf(&deep), "tiny", "changes `blk.2.attn_k`");
    let wide = TinyModel { heads: 8, ..model.clone() };
    check(&good.gguf(&wide), "tiny", "`blk.0.attn_output.weight.lora_a` is [128, 5], but [96, 5]");
    let head = TinyAdapter { changes: &["attn_norm"], ..good.clone() };
    check(&head.gguf(&model), "tiny", "it has no tensors");
    let rank = TinyAdapter { rank: 1_025, changes: &["attn_q"], ..good.clone() };
    check(&rank.gguf(&model), "tiny", "has the rank 1025; 1 to 1024");
    let strength = TinyAdapter { alpha: f32::NAN, ..good.clone() };
    check(&strength.gguf(&model), "tiny", "`adapter.lora.alpha` is missing");
    for (name, expected) in [
        ("blk.0.attn_q.weight.lora_a", "has no other half"),
        ("blk.0.attn_q.lora_a", "changes `blk.0.attn_q.lora_a`"),
        ("token_embd.weight.lora_b", "has no other half"),
    ] {
        let mut writer = Writer::default();
        writer.text("general.architecture", "llama");
        writer.text("general.type", "adapter");
        writer.text("adapter.type", "lora");
        writer.float("adapter.lora.alpha", 1.0);
        writer.floats(name, &[64, 1], Format::F32, &[0.0; 64]);
        check(&writer.finish(), "tiny", expected);
    }
    let alone = running.engine.load(running.adapter_file("new", &good.gguf(&model)));
    let alone = alone.expect_err("it needs its model").to_string();
    assert!(alone.contains("loaded with the model that it was made for"), "{alone}");
}

#[test]
fn adapters_of_experts_are_refused_and_those_of_attention_are_not() {
    let model = TinyModel { architecture: "qwen3moe", experts: 4, ..TinyModel::of(Format::F32) };
    let changes = &["attn_q", "attn_k", "attn_v", "attn_output"][..];
    let adapter = TinyAdapter { changes, ..TinyAdapter::default() };
    let sum = TinyModel { sums: adapter.sums(&model), ..model.clone() };
    let expected = logits(&mut direct(&sum, 1));
    let mut adapted = direct(&model, 2);
    adapt(&mut adapted, &adapter, &model);
    let found = difference(&logits(&mut adapted), &expected);
    assert!(found < 1e-3, "logits differ by {found}");

    let running = start(&model, &two_threads());
    let dense = TinyModel { experts: 0, ..model.clone() };
    let experts = TinyAdapter { changes: &["ffn_up"], ..adapter };
    let text = refusal(&running, &experts.gguf(&dense), "tiny");
    assert!(text.contains("its experts are not among them"), "{text}");
}
