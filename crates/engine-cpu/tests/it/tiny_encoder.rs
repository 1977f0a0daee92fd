//! Writes a random encoder whose tokens are letters.

use super::tiny_model::{Format, Random, Writer};

pub(crate) struct TinyEncoder {
    pub(crate) layers: u32,
}

const HIDDEN: u32 = 64;
const WIDE: u32 = 96;
pub(crate) const CONTEXT: u32 = 64;

impl Default for TinyEncoder {
    fn default() -> Self {
        Self { layers: 3 }
    }
}

impl TinyEncoder {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (mut writer, mut random) = (Writer::default(), Random(5));
        writer.text("general.architecture", "bert");
        for (key, value) in [
            ("block_count", self.layers),
            ("embedding_length", HIDDEN),
            ("feed_forward_length", WIDE),
            ("context_length", CONTEXT),
            ("attention.head_count", 4),
            ("pooling_type", 1),
        ] {
            writer.number(&format!("bert.{key}"), value);
        }
        writer.float("bert.attention.layer_norm_epsilon", 1e-5);
        let tokens = tokens();
        let count = u32::try_from(tokens.len()).expect("few");
        writer.text("tokenizer.ggml.model", "bert");
        writer.texts("tokenizer.ggml.tokens", &tokens);
        for (key, token) in
            [("unknown_token_id", 1), ("bos_token_id", 2), ("seperator_token_id", 3)]
        {
            writer.number(&format!("tokenizer.ggml.{key}"), token);
        }
        let kinds: Vec<u32> = (0..count).map(|id| if id < 4 { 3 } else { 1 }).collect();
        writer.numbers("tokenizer.ggml.token_type", &kinds);
        let mut matrix = |name: &str, columns, rows| {
            writer.matrix(&format!("{name}.weight"), columns, rows, Format::Q8_0, &mut random);
        };
        matrix("token_embd", HIDDEN, count);
        matrix("position_embd", HIDDEN, CONTEXT);
        for layer in 0..self.layers {
            for part in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                matrix(&format!("blk.{layer}.{part}"), HIDDEN, HIDDEN);
            }
            matrix(&format!("blk.{layer}.ffn_up"), HIDDEN, WIDE);
            matrix(&format!("blk.{layer}.ffn_down"), WIDE, HIDDEN);
        }
        let mut norm = |name: &str| {
            for part in ["weight", "bias"] {
                writer.vector(&format!("{name}.{part}"), HIDDEN, &mut random);
            }
        };
        norm("token_embd_norm");
        for layer in 0..self.layers {
            norm(&format!("blk.{layer}.attn_output_norm"));
            norm(&format!("blk.{layer}.layer_output_norm"));
        }
        writer.finish()
    }
}

fn tokens() -> Vec<String> {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_owned).into_iter();
    let first = ('a'..='z').map(|letter| format!("\u{2581}{letter}"));
    special.chain(first).chain(('a'..='z').map(String::from)).collect()
}
