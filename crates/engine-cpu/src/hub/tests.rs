//! Directories that are models, and directories that are not quite.

use std::{error::Error, fs, path::Path};

use serde_json::{Value as Json, json};

use super::safetensors::{Entry, parse};
use crate::{
    checkpoint::{Checkpoint, Layout},
    gguf::mutations::Mutations,
    model::{Model, ModelConfig},
    template::ChatTemplate,
    tokenizer::{SpecialTokens, Tokenizer},
};

const HIDDEN: usize = 64;

/// A directory with the files of a tiny Llama.
pub(crate) fn written_tiny() -> tempfile::TempDir {
    tiny().written()
}

/// The files of a tiny Llama.
#[derive(Clone)]
struct Tiny {
    config: Json,
    tokenizer: Json,
    settings: Json,
    tensors: Vec<(String, Vec<usize>)>,
}

fn tiny() -> Tiny {
    let mut tensors = vec![
        ("model.embed_tokens.weight".to_owned(), vec![9, HIDDEN]),
        ("model.norm.weight".to_owned(), vec![HIDDEN]),
    ];
    for (name, shape) in [
        ("input_layernorm", vec![HIDDEN]),
        ("self_attn.q_proj", vec![64, HIDDEN]),
        ("self_attn.k_proj", vec![32, HIDDEN]),
        ("self_attn.v_proj", vec![32, HIDDEN]),
        ("self_attn.o_proj", vec![HIDDEN, 64]),
        ("post_attention_layernorm", vec![HIDDEN]),
        ("mlp.gate_proj", vec![96, HIDDEN]),
        ("mlp.up_proj", vec![96, HIDDEN]),
        ("mlp.down_proj", vec![HIDDEN, 96]),
    ] {
        tensors.push((format!("model.layers.0.{name}.weight"), shape));
    }
    let config = json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN, "num_hidden_layers": 1,
        "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu", "tie_word_embeddings": true, "eos_token_id": [7, 8],
    });
    let tokenizer = json!({
        "model": {
            "type": "BPE",
            "vocab": {"a": 0, "b": 1, "c": 2, "Ġ": 3, "ab": 4, "abc": 5, "Ġab": 6},
            "merges": ["a b", ["ab", "c"], "Ġ ab"],
        },
        "added_tokens": [
            {"id": 7, "content": "<end>", "special": true},
            {"id": 8, "content": "<stop>", "special": true},
        ],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    });
    let settings = json!({
        "eos_token": {"content": "<stop>"}, "bos_token": "<end>",
        "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}",
    });
    Tiny { config, tokenizer, settings, tensors }
}

impl Tiny {
    fn safetensors(&self) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
        let mut data = Vec::new();
        for (name, shape) in &self.tensors {
            let start = data.len();
            let count: usize = shape.iter().product();
            let number = |at: usize| f32::from(u8::try_from(at * 37 % 101).unwrap());
            let value = |at: usize| half::bf16::from_f32((number(at) - 50.0) / 200.0);
            data.extend((0..count).flat_map(|at| value(at).to_le_bytes()));
            let offsets = [start, data.len()];
            let entry = json!({"dtype": "BF16", "shape": shape, "data_offsets": offsets});
            header.insert(name.clone(), entry);
        }
        file(&Json::Object(header).to_string(), &data)
    }

    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("config.json", self.config.to_string().into_bytes()),
            ("tokenizer.json", self.tokenizer.to_string().into_bytes()),
            ("tokenizer_config.json", self.settings.to_string().into_bytes()),
            ("model.safetensors", self.safetensors()),
        ]
    }

    fn written(&self) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in self.files() {
            fs::write(directory.path().join(name), bytes).unwrap();
        }
        directory
    }

    /// The error of loading it, with its sources.
    fn refusal(&self) -> String {
        match load(self.written().path()) {
            Ok(_) => panic!("accepted"),
            Err(text) => text,
        }
    }
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn load(directory: &Path) -> Result<(Checkpoint, Tokenizer, Model), String> {
    let checkpoint = Checkpoint::open(directory).map_err(|error| chain(&error))?;
    let tokenizer = Tokenizer::from_checkpoint(&checkpoint).map_err(|error| chain(&error))?;
    ChatTemplate::from_checkpoint(&checkpoint, &tokenizer).map_err(|error| chain(&error))?;
    let model = Model::load(&checkpoint).map_err(|error| chain(&error))?;
    Ok((checkpoint, tokenizer, model))
}

fn chain(error: &dyn Error) -> String {
    let source = error.source().map(|source| format!(": {}", chain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

#[test]
fn a_directory_is_a_model() {
    let directory = tiny().written();
    let (checkpoint, tokenizer, model) = load(directory.path()).unwrap();
    assert_eq!((checkpoint.layout(), checkpoint.architecture()), (Layout::Safetensors, "llama"));
    let config = model.config();
    assert_eq!((config.layers, config.heads, config.kv_heads, config.head_dim), (1, 4, 2, 16));
    assert_eq!((config.vocabulary, config.context_tokens), (9, 128));
    assert_eq!(config.quantization, "Q8_0");
    assert_eq!(config.rope.style, cpu_kernels::RopeStyle::Halves);
    assert_eq!(tokenizer.encode("abc ab", SpecialTokens::Parse), [5, 6]);
    assert_eq!(tokenizer.encode("<end>", SpecialTokens::Parse), [7]);
    assert_eq!((tokenizer.end_tokens(), tokenizer.bos()), (&[8, 7][..], Some(7)));
    let files = Checkpoint::files_of(directory.path()).unwrap();
    let expected = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
    assert_eq!(files, expected);
}

#[test]
fn an_index_says_where_tensors_are() {
    let directory = tiny().written();
    let path = |name: &str| directory.path().join(name);
    let shard = "model-00001-of-00001.safetensors";
    fs::rename(path("model.safetensors"), path(shard)).unwrap();
    let write = |map: Json| {
        fs::write(path("model.safetensors.index.json"), json!({"weight_map": map}).to_string())
            .unwrap();
        Checkpoint::open(directory.path()).map(|found| found.tensors().len())
    };
    let refusal = |map: Json| chain(&write(map).unwrap_err());
    assert_eq!(write(json!({"model.norm.weight": shard})).unwrap(), 11);
    assert_eq!(Checkpoint::files_of(directory.path()).unwrap().len(), 5);
    let text = refusal(json!({"model.layers.9.mlp.up_proj.weight": shard}));
    assert!(text.contains("does not hold it"), "{text}");
    for name in ["../secret.safetensors", ".hidden.safetensors", "/etc/passwd", "a\0.safetensors"] {
        let text = refusal(json!({ "model.norm.weight": name }));
        assert!(text.contains("not a file name of weights"), "{text}");
    }
    assert!(refusal(json!({})).contains("0 files"));
    fs::copy(path(shard), path("other.safetensors")).unwrap();
    let twice = json!({"model.norm.weight": shard, "lm_head.weight": "other.safetensors"});
    assert!(refusal(twice).contains("does not hold it"));
    let twice =
        json!({"model.norm.weight": shard, "model.embed_tokens.weight": "other.safetensors"});
    assert!(refusal(twice).contains("does not hold it"));
}

/// What is refused when one value of a JSON file is another one.
fn check(change: impl FnOnce(&mut Tiny), expected: &str) {
    let mut tiny = tiny();
    change(&mut tiny);
    let text = tiny.refusal();
    assert!(text.contains(expected), "{text:?} does not say {expected:?}");
}

#[test]
fn settings_that_are_not_computed_are_refused() {
    let check = |key: &str, value: Json, expected: &str| {
        check(|tiny| tiny.config[key] = value, expected);
    };
    check("architectures", json!(["BertModel"]), "`BertModel`");
    check("architectures", json!([]), "architectures");
    check("hidden_size", json!("many"), "`hidden_size`");
    check("hidden_size", json!(1_u64 << 40), "llama.embedding_length");
    check("hidden_act", json!("relu"), "the activation `relu`");
    check("quantization_config", json!({"bits": 4}), "already quantised");
    check("rope_scaling", json!({"type": "dynamic"}), "`dynamic`");
    check("rope_scaling", json!({"type": "longrope"}), "rope_scaling.long_factor");
    check("rope_scaling", json!({"type": "longrope", "long_mscale": 1.2}), "`long_mscale`");
    check("rope_scaling", json!({"rope_type": "linear"}), "rope_scaling.factor");
    check("rope_scaling", json!({"rope_type": "yarn", "factor": 2, "mscale": 1}), "`mscale`");
    check("partial_rotary_factor", json!(7.0), "partial_rotary_factor");
    check("tie_word_embeddings", json!(false), "an output head, which is missing");
    check("num_hidden_layers", json!(2), "blk.1.");
    check("intermediate_size", json!(128), "[96, 64], but [128, 64]");
    check("num_attention_heads", json!(0), "num_attention_heads");
    check("architectures", json!(["MixtralForCausalLM"]), "num_local_experts");
    check("architectures", json!(["Qwen3ForCausalLM"]), "blk.0.attn_q_norm.weight");
    check("architectures", json!(["Gemma3ForCausalLM"]), "the activation `silu`");
    check("architectures", json!(["GraniteForCausalLM"]), "embedding_multiplier");
}

#[test]
fn tokenizers_that_are_not_computed_are_refused() {
    let check = |path: &str, value: Json, expected: &str| {
        check(|tiny| *tiny.tokenizer.pointer_mut(path).unwrap() = value, expected);
    };
    check("/model/type", json!("Unigram"), "`Unigram`");
    check("/normalizer", json!({"type": "Lowercase"}), "`Lowercase`");
    check("/pre_tokenizer", json!(null), "without a rule");
    check("/pre_tokenizer", json!({"type": "Whitespace"}), "`ByteLevel`");
    check("/pre_tokenizer/add_prefix_space", json!(true), "without a prefix");
    let split = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
    ]});
    check("/pre_tokenizer", split, "`\\w+`");
    let mut known = tiny();
    known.tokenizer["pre_tokenizer"] = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": super::tokenizer::TEKKEN},
            "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
    ]});
    load(known.written().path()).unwrap();
    check("/model/vocab/a", json!(1 << 20), "1048577 tokens");
    check("/model/merges/0", json!("a z"), "merge 0");
    check("/model/merges/0", json!([1, 2]), "tokenizer.json");
    check("/added_tokens/0/id", json!(-1), "tokenizer.json");
}

#[test]
fn vocabularies_with_spaces_as_text_are_read() {
    let mut tiny = tiny();
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    tiny.tokenizer = json!({
        "model": {
            "type": "BPE", "byte_fallback": true, "unk_token": "<unk>",
            "vocab": {"<unk>": 0, "a": 1, "b": 2, "▁": 3, "▁a": 4, "<0x63>": 5, "ab": 6},
            "merges": [["▁", "a"], ["a", "b"]],
        },
        "added_tokens": [
            {"id": 0, "content": "<unk>", "special": true},
            {"id": 7, "content": "<end>", "special": true},
            {"id": 8, "content": "<stop>", "special": true},
        ],
        "normalizer": replace,
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "},
            "behavior": "MergedWithPrevious", "invert": false},
    });
    let (_, tokenizer, _) = load(tiny.written().path()).unwrap();
    assert_eq!(tokenizer.encode("ab abc", SpecialTokens::AsText), [6, 4, 2, 5]);
    assert_eq!(tokenizer.token_bytes(4), b" a");
    assert_eq!(tokenizer.token_bytes(5), b"c");

    tiny.tokenizer["normalizer"] = json!({"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, replace,
    ]});
    let (_, tokenizer, _) = load(tiny.written().path()).unwrap();
    assert_eq!(tokenizer.encode("ab abc<stop>a", SpecialTokens::Parse), [4, 2, 4, 2, 5, 8, 4]);

    let metaspace = |scheme: &str| {
        let mut tiny = tiny.clone();
        tiny.tokenizer["normalizer"] = Json::Null;
        tiny.tokenizer["pre_tokenizer"] = json!({"type": "Metaspace", "replacement": "▁",
            "prepend_scheme": scheme, "split": false});
        load(tiny.written().path())
            .map(|(_, tokenizer, _)| tokenizer.encode("ab", SpecialTokens::Parse))
    };
    assert_eq!(metaspace("always").unwrap(), [4, 2]);
    assert_eq!(metaspace("never").unwrap(), [6]);
    assert!(metaspace("first").unwrap_err().contains("the first text only"));
    tiny.tokenizer["added_tokens"][1]["lstrip"] = json!(true);
    assert!(tiny.refusal().contains("`<end>`, which takes white space before it away"));
    tiny.tokenizer["added_tokens"][1]["lstrip"] = json!(false);
    tiny.tokenizer["added_tokens"][2]["rstrip"] = json!(true);
    let (_, tokenizer, _) = load(tiny.written().path()).unwrap();
    assert_eq!(tokenizer.encode("a<stop> \na<end> a", SpecialTokens::Parse), [4, 8, 4, 7, 3, 4]);
}

#[test]
fn shapes_of_gemma_and_of_experts_are_understood() {
    let config = |change: Json| {
        let mut tiny = tiny();
        for (key, value) in change.as_object().unwrap() {
            tiny.config[key] = value.clone();
        }
        let checkpoint = Checkpoint::open(tiny.written().path()).map_err(|error| chain(&error))?;
        ModelConfig::from_checkpoint(&checkpoint).map_err(|error| chain(&error))
    };
    let gemma = config(json!({
        "architectures": ["Gemma3ForCausalLM"], "hidden_act": "gelu_pytorch_tanh",
        "num_hidden_layers": 4, "sliding_window": 32, "head_dim": 16,
        "query_pre_attn_scalar": 16, "rope_local_base_freq": 5000.0,
        "layer_types": ["full_attention", "sliding_attention", "sliding_attention",
            "full_attention"],
    }))
    .unwrap();
    let windows: Vec<_> = gemma.attention.iter().map(|layer| layer.window).collect();
    assert_eq!(windows, [None, Some(32), Some(32), None]);
    assert_eq!(gemma.local_rope.map(|rope| rope.base.to_bits()), Some(5000.0_f32.to_bits()));
    let other = json!({
        "architectures": ["Gemma3ForCausalLM"], "hidden_act": "gelu_pytorch_tanh",
        "sliding_window": 32, "query_pre_attn_scalar": 99,
    });
    assert!(config(other).unwrap_err().contains("queries that are divided"));

    let moe = json!({
        "architectures": ["Qwen3MoeForCausalLM"], "num_experts": 8, "num_experts_per_tok": 2,
        "moe_intermediate_size": 48, "norm_topk_prob": false, "head_dim": 16,
    });
    let experts = config(moe).unwrap().experts.unwrap();
    assert_eq!((experts.count, experts.used, experts.feed_forward), (8, 2, 48));
    assert!(!experts.normalized);
    let window = json!({"architectures": ["MistralForCausalLM"], "sliding_window": 64});
    assert_eq!(config(window).unwrap().context_tokens, 64);
    let llama3 = json!({"rope_scaling": {"rope_type": "llama3", "factor": 8.0,
        "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64}});
    config(llama3).unwrap();
}

#[test]
fn two_sets_of_factors_are_for_two_contexts() {
    let mut tiny = tiny();
    let pairs = load(tiny.written().path()).unwrap().2.config().rope.dims / 2;
    let scaling = |pairs: usize, long: f64| {
        json!({"type": "longrope", "original_max_position_embeddings": 32,
            "short_factor": vec![1.5; pairs], "long_factor": vec![long; pairs]})
    };
    tiny.config["rope_scaling"] = scaling(pairs, 6.0);
    let (_, _, mut model) = load(tiny.written().path()).unwrap();
    let amplitude = (1.0 + 4_f32.ln() / 32_f32.ln()).sqrt();
    assert!((model.config().rope.amplitude - amplitude).abs() < 1e-6);
    let long = model.weights().rope_frequencies.clone();
    model.limit_context(33);
    assert_eq!(model.weights().rope_frequencies, long);
    model.limit_context(32);
    for (short, long) in model.weights().rope_frequencies.iter().zip(&long) {
        assert!((short / long - 4.0).abs() < 1e-5, "{short} {long}");
    }
    for (wrong, expected) in
        [(scaling(pairs + 1, 6.0), "rope_scaling.long_factor"), (scaling(pairs, 0.0), "above zero")]
    {
        tiny.config["rope_scaling"] = wrong;
        let error = tiny.refusal();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn hostile_headers_are_refused() {
    let entry = |dtype: &str, shape: &str, start: u64, end: u64| {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#)
    };
    let good = entry("F32", "[2,2]", 0, 16);
    let check = |header: &str, data: u64, expected: &str| {
        let error = parse(header.as_bytes(), 8 + header.len() as u64 + data).unwrap_err();
        let text = chain(&error);
        assert!(text.contains(expected), "{text:?} does not say {expected:?}");
    };
    check("", 0, "EOF");
    check("[]", 0, "an object of tensors");
    check(&format!(r#"{{"a":{good},"a":{good}}}"#), 16, "`a` occurs twice");
    check(&format!(r#"{{"a":{good},"b":{good}}}"#), 16, "overlaps another tensor");
    check(&format!(r#"{{"a":{good}}}"#), 15, "does not lie inside the file");
    check(&format!(r#"{{"a":{good}}}"#), 17, "1 bytes behind the header");
    let late = entry("F32", "[2,2]", 4, 20);
    check(&format!(r#"{{"a":{late}}}"#), 20, "the bytes before it belong to no tensor");
    for (shape, expected) in [
        ("[2,3]", "not those of its shape"),
        ("[0,4]", "a dimension is 0"),
        ("[]", "1 to 4 dimensions"),
        ("[1,1,1,2,2]", "1 to 4 dimensions"),
        ("[18446744073709551615,18446744073709551615]", "not those of its shape"),
        ("[-1]", "invalid value"),
    ] {
        check(&format!(r#"{{"a":{}}}"#, entry("F32", shape, 0, 16)), 16, expected);
    }
    check(&format!(r#"{{"a":{}}}"#, entry("F32", "[4]", 16, 0)), 16, "not those of its shape");
    check(&format!(r#"{{"a":{}}}"#, entry("F99", "[4]", 0, 16)), 16, "its type is unknown");
    let huge = entry("U8", "[4]", u64::MAX - 4, u64::MAX);
    check(&format!(r#"{{"a":{huge}}}"#), 16, "does not lie inside the file");
    let more = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}}"#;
    check(more, 1, "unknown field");
    check(&format!(r#"{{"__metadata__":{}"#, "[".repeat(10_000)), 0, "invalid type: sequence");
    let name = "n".repeat(2_000);
    check(&format!(r#"{{"{name}":{good}}}"#), 16, "its name is too long");

    let length = |claimed: u64| {
        let directory = tiny().written();
        let path = directory.path().join("model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        bytes[..8].copy_from_slice(&claimed.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        chain(&Checkpoint::open(directory.path()).unwrap_err())
    };
    for claimed in [u64::MAX, 1 << 40, 1 << 20] {
        assert!(length(claimed).contains("the header claims"), "{claimed}");
    }
}

#[test]
fn foreign_tensors_are_refused() {
    check(
        |tiny| tiny.tensors.push(("model.layers.0.self_attn.sinks".to_owned(), vec![4])),
        "`model.layers.0.self_attn.sinks` belongs to no part",
    );
    check(|tiny| tiny.tensors[1].1 = vec![HIDDEN / 2], "`output_norm.weight` is [32]");
}

#[test]
fn mutated_headers_lie_inside_their_file_or_are_refused() {
    const SEED: u64 = 0x7361_6665;
    println!("seed {SEED:#x}");
    let bytes = tiny().safetensors();
    let header_bytes = usize::try_from(u64::from_le_bytes(*bytes.first_chunk().unwrap())).unwrap();
    let (header, data) = bytes[8..].split_at(header_bytes);
    let mut mutations = Mutations(SEED);
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut header = header.to_vec();
        for _ in 0..=mutations.below(3) {
            mutations.mutate(&mut header);
        }
        let end = 8 + header.len() as u64 + data.len() as u64;
        let Ok(entries) = parse(&header, end) else { continue };
        accepted += 1;
        let mut covered = 0;
        for Entry { start, end: last, .. } in &entries {
            assert!(*start >= 8 + header.len() as u64 && *last <= end, "round {round}");
            covered += last - start;
        }
        assert_eq!(covered, data.len() as u64, "round {round}");
    }
    assert!(accepted > 10, "{accepted} accepted");
}

#[test]
fn mutated_directories_are_loaded_or_refused() {
    const SEED: u64 = 0x6875_6200;
    println!("seed {SEED:#x}");
    let directory = tiny().written();
    let files = tiny().files();
    let mut mutations = Mutations(SEED);
    let mut accepted = 0;
    for round in 0..2_000 {
        let (name, original) = &files[round % files.len()];
        let mut bytes = original.clone();
        for _ in 0..=mutations.below(2) {
            mutations.mutate(&mut bytes);
        }
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        accepted += usize::from(load(directory.path()).is_ok());
        fs::write(&path, original).unwrap();
    }
    assert!((100..1_900).contains(&accepted), "{accepted} accepted");
}
