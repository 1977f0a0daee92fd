//! What files say about a model's shape, hostile values included.

use cpu_kernels::RopeStyle;
use proptest::prelude::*;

use super::{Architecture, Experts, LayerRope, ModelConfig, PositionScaling, Rope, Yarn};
use crate::{
    checkpoint::Checkpoint,
    gguf::{
        TensorType,
        writer::{Writer, Written},
    },
};

/// A file that says this about its architecture, beside what every file says.
fn config(architecture: Architecture, says: &[(&str, Written)]) -> Result<ModelConfig, String> {
    let name = architecture.as_str();
    let mut writer = Writer::new();
    writer.metadata.clear();
    writer = writer.with("general.architecture", Written::Text(name));
    let common = [
        ("block_count", Written::U32(12)),
        ("embedding_length", Written::U32(64)),
        ("feed_forward_length", Written::U32(96)),
        ("context_length", Written::U32(4096)),
        ("attention.head_count", Written::U32(4)),
        ("attention.layer_norm_rms_epsilon", Written::F32(1e-5)),
    ];
    let all = common.iter().filter(|(key, _)| says.iter().all(|(said, _)| said != key)).chain(says);
    for (key, value) in all {
        writer = writer.with(&format!("{name}.{key}"), value.clone());
    }
    let writer = writer.with_tensor("token_embd.weight", &[64, 3], TensorType::F32, &[0; 768]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), writer.bytes()).unwrap();
    let file = Checkpoint::open(file.path()).map_err(|error| error.to_string())?;
    ModelConfig::from_checkpoint(&file).map_err(|error| error.to_string())
}

fn windows(config: &ModelConfig) -> Vec<usize> {
    config.attention.iter().map(|layer| layer.window.unwrap_or(0)).collect()
}

#[test]
fn a_plain_model_multiplies_by_nothing() {
    for architecture in [Architecture::Llama, Architecture::Qwen2, Architecture::Qwen3] {
        let config = config(architecture, &[]).unwrap();
        assert_eq!((config.head_dim, config.kv_heads, config.vocabulary), (16, 4, 3));
        let scales = [config.embedding_scale, config.residual_scale, config.logit_scale];
        assert_eq!((scales, config.attention_scale), ([1.0; 3], 0.25));
        assert!(config.attention.iter().all(|layer| layer.rope == LayerRope::Global));
        assert_eq!(windows(&config), [0; 12]);
        assert_eq!((config.local_rope, config.query_growth), (None, None));
    }
}

#[test]
fn the_family_decides_which_values_are_pairs() {
    for architecture in Architecture::ALL {
        let window = ("attention.sliding_window", Written::U32(8));
        let logit = ("logit_scale", Written::F32(1.0));
        let experts = [("expert_count", Written::U32(8)), ("expert_used_count", Written::U32(2))];
        let says = match architecture {
            Architecture::Gemma3 => &[window][..],
            Architecture::Granite => &[logit],
            Architecture::Qwen3Moe => &experts,
            _ => &[],
        };
        let halves =
            ["qwen2", "qwen3", "qwen3moe", "phi3", "gemma3"].contains(&architecture.as_str());
        let expected = if halves { RopeStyle::Halves } else { RopeStyle::Interleaved };
        assert_eq!(config(architecture, says).unwrap().rope.style, expected, "{architecture:?}");
    }
}

#[test]
fn experts_have_a_width_of_their_own() {
    let experts = |architecture, more: &[(&'static str, Written)]| {
        let says = [("expert_count", Written::U32(8)), ("expert_used_count", Written::U32(3))];
        config(architecture, &[&says, more].concat()).map(|config| config.experts.unwrap())
    };
    let llama = experts(Architecture::Llama, &[]).unwrap();
    let plain = Experts { count: 8, used: 3, feed_forward: 96, normalized: true, scale: 1.0 };
    assert_eq!(llama, plain);
    let width = ("expert_feed_forward_length", Written::U32(24));
    let qwen = experts(Architecture::Qwen3Moe, &[width]).unwrap();
    assert_eq!(qwen, Experts { feed_forward: 24, ..plain });
    let qwen = experts(Architecture::Qwen3Moe, &[]).unwrap();
    assert_eq!(qwen, Experts { feed_forward: 32, ..plain });
    let scale = ("expert_weights_scale", Written::F32(2.5));
    let own = ("expert_weights_norm", Written::Bool(false));
    let scaled = experts(Architecture::Llama, &[scale, own]).unwrap();
    assert_eq!(scaled, Experts { scale: 2.5, normalized: false, ..plain });
    let broken = ("expert_weights_scale", Written::F32(f32::NAN));
    experts(Architecture::Llama, &[broken]).unwrap_err();
}

#[test]
fn granite_multiplies() {
    let config = config(
        Architecture::Granite,
        &[
            ("embedding_scale", Written::F32(12.0)),
            ("residual_scale", Written::F32(0.22)),
            ("attention.scale", Written::F32(0.0156)),
            ("logit_scale", Written::F32(8.0)),
        ],
    )
    .unwrap();
    let scales = (config.embedding_scale, config.residual_scale, config.attention_scale);
    assert_eq!((scales, config.logit_scale), ((12.0, 0.22, 0.0156), 0.125));
}

#[test]
fn every_fourth_layer_of_smollm3_is_not_turned() {
    let config = config(Architecture::SmolLm3, &[]).unwrap();
    let still: Vec<_> =
        config.attention.iter().map(|layer| layer.rope == LayerRope::None).collect();
    assert_eq!(still, [false, false, false, true].repeat(3));
}

#[test]
fn gemma_sees_windows_in_five_of_six_layers() {
    let window = ("attention.sliding_window", Written::U32(512));
    let base = ("rope.freq_base", Written::F32(1e6));
    let linear = ("rope.scaling.type", Written::Text("linear"));
    let factor = ("rope.scaling.factor", Written::F32(8.0));
    let says = [window.clone(), base, linear, factor];
    let gemma = config(Architecture::Gemma3, &says).unwrap();
    let expected = [512, 512, 512, 512, 512, 0].repeat(2);
    assert_eq!(windows(&gemma), expected);
    let local = gemma.local_rope.unwrap();
    assert_eq!((local.base, local.scaling), (10_000.0, PositionScaling::None));
    assert_eq!(gemma.rope.scaling, PositionScaling::Linear { factor: 8.0 });
    assert_eq!((gemma.embedding_scale, gemma.attention_scale), (8.0, 0.25));

    let pattern = |value| ("attention.sliding_window_pattern", value);
    let says = [window.clone(), pattern(Written::U32(2))];
    assert_eq!(windows(&config(Architecture::Gemma3, &says).unwrap()), [512, 0].repeat(6));
    let says = [window.clone(), pattern(Written::I32s(vec![0, 1, 1]))];
    let listed = windows(&config(Architecture::Gemma3, &says).unwrap());
    assert_eq!(listed[..4], [0, 512, 512, 0]);
    let says = [window.clone(), pattern(Written::U32(0))];
    assert_eq!(windows(&config(Architecture::Gemma3, &says).unwrap()), [512; 12]);

    // The largest one divides by what the others would not.
    let says =
        [window, ("block_count", Written::U32(62)), ("attention.key_length", Written::U32(32))];
    let scale = config(Architecture::Gemma3, &says).unwrap().attention_scale;
    assert_eq!(scale.to_bits(), 0.25_f32.to_bits());
}

#[test]
fn what_is_not_computed_is_refused() {
    let check = |architecture, key, value: Written, expected: &str| {
        let error = config(architecture, &[(key, value)]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    let llama = Architecture::Llama;
    check(Architecture::Qwen3, "expert_count", Written::U32(8), "a mixture of experts");
    check(llama, "expert_count", Written::U32(8), "llama.expert_used_count");
    check(llama, "expert_count", Written::U32(1 << 20), "llama.expert_count");
    check(llama, "attention.sliding_window", Written::U32(8), "sliding-window attention");
    check(Architecture::Qwen3, "attention.sliding_window", Written::U32(8), "sliding-window");
    check(Architecture::Gemma3, "final_logit_softcapping", Written::F32(30.0), "softly capped");
    check(llama, "attn_logit_softcapping", Written::F32(50.0), "softly capped");
    check(llama, "attention.temperature_scale", Written::F32(0.1), "changes with the position");
    check(llama, "rope.scaling.type", Written::Text("longrope"), "`longrope`");
    check(llama, "attention.value_length", Written::U32(8), "values of another size");
    check(Architecture::Gemma3, "rope.freq_base", Written::F32(1e6), "attention.sliding_window");
    check(Architecture::Granite, "residual_scale", Written::F32(0.2), "granite.logit_scale");
}

#[test]
fn hostile_numbers_are_refused() {
    for value in [f32::NAN, f32::INFINITY, -1.0] {
        for (architecture, key) in [
            (Architecture::Granite, "embedding_scale"),
            (Architecture::Granite, "residual_scale"),
            (Architecture::Granite, "attention.scale"),
            (Architecture::Granite, "logit_scale"),
            (Architecture::Mistral3, "attention.temperature_scale"),
            (Architecture::Llama, "rope.freq_base"),
            (Architecture::Llama, "rope.scaling.attn_factor"),
        ] {
            let mut says = vec![(key, Written::F32(value))];
            if key != "logit_scale" {
                says.push(("logit_scale", Written::F32(1.0)));
            }
            let error = config(architecture, &says).unwrap_err();
            assert!(error.contains(key) && error.contains("above zero"), "{error}");
        }
    }
    let says = [("attention.sliding_window", Written::U64(u64::MAX))];
    config(Architecture::Gemma3, &says).unwrap_err();
    config(Architecture::Phi3, &says).unwrap_err();
}

/// Against the figures of the paper's formula for a head of 128 and the base 1e6.
#[test]
fn yarn_keeps_fast_frequencies_and_stretches_slow_ones() {
    let yarn = Yarn { factor: 16.0, original_context: 16_384.0, fast_turns: 32.0, slow_turns: 1.0 };
    let scaling = PositionScaling::Yarn(yarn);
    let rope = Rope { style: RopeStyle::Halves, dims: 128, base: 1e6, scaling, amplitude: 1.0 };
    let plain: Vec<f32> = Rope { scaling: PositionScaling::None, ..rope }.frequencies().collect();
    let scaled: Vec<f32> = rope.frequencies().collect();
    let ratio = |pair: usize| scaled[pair] / plain[pair];
    // 64 ln(16384 / (2 pi 32)) / ln 1e6 = 20.4, with one turn 36.4.
    assert!((0..=20).all(|pair| (ratio(pair) - 1.0).abs() < 1e-6));
    assert!((37..64).all(|pair| (ratio(pair) - 1.0 / 16.0).abs() < 1e-6));
    let half = (28.0 - 20.0) / 17.0;
    assert!((ratio(28) - (1.0 - half + half / 16.0)).abs() < 1e-5);
    assert!((yarn.amplitude(0.0) - 1.277_26).abs() < 1e-4);
    assert!((yarn.amplitude(1.0) - 1.0).abs() < 1e-6);
}

proptest! {
    #[test]
    fn any_scaling_is_refused_or_has_its_frequencies(
        kind in prop::sample::select(vec!["none", "linear", "yarn"]),
        numbers in prop::collection::vec(any::<f32>(), 6),
        context in any::<u32>(),
        dims in 0..40_u32,
    ) {
        let number = |index: usize| Written::F32(numbers[index]);
        let says = [
            ("rope.scaling.type", Written::Text(kind)),
            ("rope.scaling.factor", number(0)),
            ("rope.freq_base", number(1)),
            ("rope.scaling.yarn_beta_fast", number(2)),
            ("rope.scaling.yarn_beta_slow", number(3)),
            ("rope.scaling.yarn_log_multiplier", number(4)),
            ("rope.scaling.attn_factor", number(5)),
            ("rope.scaling.original_context_length", Written::U32(context)),
            ("rope.dimension_count", Written::U32(dims)),
        ];
        if let Ok(config) = config(Architecture::Qwen3, &says) {
            prop_assert_eq!(config.rope.frequencies().count(), config.rope.dims / 2);
        }
    }
}
