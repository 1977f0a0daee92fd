//! Files that are models, and files that are not quite.

use std::error::Error;

use domain::Timestamp;
use engine_cpu::{CpuEngine, LoadError, ModelFile};
use inference::ports::Engine as _;

use super::{
    start,
    tiny_model::{Format, TinyModel},
    two_threads,
};

/// The error of loading, with its sources.
fn refusal(model: &TinyModel) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), model.bytes()).expect("written");
    let engine = CpuEngine::start(&two_threads()).expect("started");
    let file = ModelFile {
        id: "tiny".parse().expect("an id"),
        path: file.path().to_owned(),
        digest: String::new(),
        created_at: Timestamp::from_micros(0),
    };
    let error: LoadError = engine.load(file).expect_err("refused");
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn check(model: &TinyModel, expected: &str) {
    let text = refusal(model);
    assert!(text.contains(expected), "{text:?} does not say {expected:?}");
}

#[test]
fn the_card_tells_what_the_file_says() {
    let running = start(&TinyModel::of(Format::Q4_1), &two_threads());
    let cards = running.engine.models();
    assert_eq!(cards.len(), 1);
    let card = &cards[0];
    assert_eq!((card.id.as_str(), card.context_tokens), ("tiny", 512));
    let weights = card.weights.as_ref().expect("here");
    assert_eq!((weights.architecture.as_str(), weights.quantization.as_str()), ("llama", "Q4_1"));
    assert_eq!(card.created_at, Timestamp::from_micros(5));
    let blocks = 2 * (64 * 96 + 2 * 64 * 32 + 96 * 64 + 3 * 64 * 96 + 2 * 64);
    assert_eq!(weights.parameters, 259 * 64 + 64 + blocks);
}

#[test]
fn what_cannot_be_run_is_refused_with_its_reason() {
    let model = TinyModel::default;
    check(
        &TinyModel { architecture: "mamba", ..model() },
        "the architecture `mamba` is not supported; supported: llama, mistral3, qwen2, qwen3, \
         qwen3moe, granite, smollm3, phi3, gemma3",
    );
    for (architecture, tensor) in [
        ("qwen3", "blk.0.attn_q_norm.weight"),
        ("gemma3", "blk.1.attn_k_norm.weight"),
        ("gemma3", "blk.1.post_attention_norm.weight"),
        ("gemma3", "blk.0.post_ffw_norm.weight"),
        ("phi3", "blk.0.ffn_up.weight"),
    ] {
        check(&TinyModel { architecture, without: Some(tensor), ..model() }, tensor);
    }
    check(
        &TinyModel { architecture: "phi3", short: Some("blk.0.attn_qkv.weight"), ..model() },
        "the tensor `blk.0.attn_qkv.weight` is [64, 159], but [64, 160] (columns, rows) is needed",
    );
    check(
        &TinyModel { without: Some("blk.1.ffn_up.weight"), ..model() },
        "the tensor `blk.1.ffn_up.weight` is missing",
    );
    check(&TinyModel { without: Some("output_norm.weight"), ..model() }, "`output_norm.weight`");
    check(
        &TinyModel { short: Some("blk.0.attn_k.weight"), ..model() },
        "the tensor `blk.0.attn_k.weight` is [64, 31], but [64, 32] (columns, rows) is needed",
    );
    let mixture = TinyModel { experts: 4, ..model() };
    for part in ["ffn_gate_inp", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"] {
        let tensor: &'static str = format!("blk.1.{part}.weight").leak();
        check(&TinyModel { without: Some(tensor), ..mixture.clone() }, tensor);
    }
    check(
        &TinyModel { short: Some("blk.1.ffn_up_exps.weight"), ..mixture.clone() },
        "the tensor `blk.1.ffn_up_exps.weight` is [64, 95, 4], but [64, 96, 4] (columns, rows, \
         experts) is needed",
    );
    check(&TinyModel { experts: 1, ..model() }, "llama.expert_used_count");
    check(&TinyModel { architecture: "qwen3moe", ..model() }, "qwen3moe.expert_count");
    check(&TinyModel { architecture: "qwen2", experts: 4, ..model() }, "a mixture of experts");
    check(&TinyModel { short: Some("token_embd.weight"), ..model() }, "259 tokens");
    check(&TinyModel { kv_heads: 4, ..model() }, "it must divide the head count");
    check(&TinyModel { layers: 0, ..model() }, "llama.block_count");
}
