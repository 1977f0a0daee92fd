//! What GGUF calls the tensors of a Hugging Face model.

use super::config::Family;

/// What becomes of a tensor.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is known by this name.
    Tensor(String),
    /// It follows from the settings.
    Unused,
    /// Ignoring it would compute something else.
    Unknown,
}

pub(super) fn translate(name: &str, family: Family) -> Named {
    let whole = match name {
        "model.embed_tokens.weight" => "token_embd.weight",
        "model.norm.weight" => "output_norm.weight",
        "lm_head.weight" => "output.weight",
        _ => return in_layer(name, family),
    };
    Named::Tensor(whole.to_owned())
}

fn in_layer(name: &str, family: Family) -> Named {
    let parts = || {
        let (layer, rest) = name.strip_prefix("model.layers.")?.split_once('.')?;
        let (part, ending) = rest.rsplit_once('.')?;
        Some((layer.parse::<u32>().ok()?, part, ending))
    };
    let Some((layer, part, ending)) = parts() else { return Named::Unknown };
    if part == "self_attn.rotary_emb" && ending == "inv_freq" {
        return Named::Unused;
    }
    if !matches!(ending, "weight" | "bias") {
        return Named::Unknown;
    }
    match block_part(part, family).or_else(|| expert_part(part)) {
        Some(part) => Named::Tensor(format!("blk.{layer}.{part}.{ending}")),
        None => Named::Unknown,
    }
}

fn block_part(part: &str, family: Family) -> Option<String> {
    let known = match part {
        "input_layernorm" => "attn_norm",
        // Gemma norms what attention yields; the others what comes next.
        "post_attention_layernorm" if family == Family::Gemma3 => "post_attention_norm",
        "post_attention_layernorm" => "ffn_norm",
        "pre_feedforward_layernorm" if family == Family::Gemma3 => "ffn_norm",
        "post_feedforward_layernorm" if family == Family::Gemma3 => "post_ffw_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" if family.norms_heads() => "attn_q_norm",
        "self_attn.k_norm" if family.norms_heads() => "attn_k_norm",
        "self_attn.qkv_proj" if family == Family::Phi3 => "attn_qkv",
        "mlp.gate_up_proj" if family == Family::Phi3 => "ffn_up",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        "block_sparse_moe.gate" if family == Family::Mixtral => "ffn_gate_inp",
        "mlp.gate" if family == Family::Qwen3Moe => "ffn_gate_inp",
        _ => return None,
    };
    Some(known.to_owned())
}

/// `mlp.experts.3.gate_proj`, which Mixtral calls `block_sparse_moe.experts.3.w1`.
fn expert_part(part: &str) -> Option<String> {
    let rest = part
        .strip_prefix("mlp.experts.")
        .or_else(|| part.strip_prefix("block_sparse_moe.experts."))?;
    let (expert, part) = rest.split_once('.')?;
    let part = match part {
        "gate_proj" | "w1" => "ffn_gate",
        "down_proj" | "w2" => "ffn_down",
        "up_proj" | "w3" => "ffn_up",
        _ => return None,
    };
    Some(format!("{part}.{}", expert.parse::<u32>().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(family: Family, name: &str, expected: &str) {
        assert_eq!(translate(name, family), Named::Tensor(expected.to_owned()), "{name}");
    }

    #[test]
    fn tensors_have_their_names_of_gguf() {
        let llama = Family::Llama;
        check(llama, "model.embed_tokens.weight", "token_embd.weight");
        check(llama, "model.layers.12.self_attn.o_proj.weight", "blk.12.attn_output.weight");
        check(llama, "model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight");
        check(Family::Qwen2, "model.layers.0.self_attn.q_proj.bias", "blk.0.attn_q.bias");
        let gemma = Family::Gemma3;
        check(
            gemma,
            "model.layers.0.post_attention_layernorm.weight",
            "blk.0.post_attention_norm.weight",
        );
        check(gemma, "model.layers.3.pre_feedforward_layernorm.weight", "blk.3.ffn_norm.weight");
        check(
            Family::Qwen3Moe,
            "model.layers.1.mlp.experts.07.up_proj.weight",
            "blk.1.ffn_up.7.weight",
        );
        check(
            Family::Mixtral,
            "model.layers.1.block_sparse_moe.experts.0.w2.weight",
            "blk.1.ffn_down.0.weight",
        );
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for name in [
            "model.layers.0.self_attn.sinks",
            "model.layers.x.mlp.up_proj.weight",
            "model.layers.0.mlp.up_proj.weight_scale",
            "model.layers.0.self_attn.q_norm.weight",
            "model.layers.0.mlp.shared_expert.up_proj.weight",
            "model.vision_tower.weight",
            "",
        ] {
            assert_eq!(translate(name, Family::Llama), Named::Unknown, "{name}");
        }
        let unused = "model.layers.0.self_attn.rotary_emb.inv_freq";
        assert_eq!(translate(unused, Family::Llama), Named::Unused);
    }
}
