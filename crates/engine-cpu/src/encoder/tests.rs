//! Tiny random encoders beside the same arithmetic in double precision.
#![expect(clippy::cast_precision_loss, reason = "small counts")]

use std::collections::BTreeMap;

use cpu_kernels::Path;

use super::{Encoder, EncoderForward};
use crate::{
    checkpoint::Checkpoint,
    gguf::{
        TensorType,
        writer::{Writer, Written},
    },
    model::{LoadProgress, Loading, ModelError},
    workers::Crew,
};

const HIDDEN: usize = 64;
const HEADS: usize = 4;
const WIDE: usize = 96;
const LAYERS: usize = 3;
const VOCABULARY: usize = 40;
const CONTEXT: usize = 200;
const EPSILON: f32 = 1e-5;

#[derive(Clone, Copy, PartialEq)]
enum Format {
    F32,
    Q4,
}

fn load(file: &Checkpoint) -> Result<Encoder, ModelError> {
    Encoder::load(file, &Loading::new(2, &LoadProgress::default()))
}

/// A tensor as double precision, row after row.
struct Tensor {
    columns: usize,
    numbers: Vec<f64>,
}

impl Tensor {
    fn row(&self, index: usize) -> &[f64] {
        &self.numbers[index * self.columns..(index + 1) * self.columns]
    }
}

/// A model file and what is in it.
struct Tiny {
    writer: Writer,
    tensors: BTreeMap<String, Tensor>,
    state: u64,
}

impl Tiny {
    fn new(format: Format, pooling: u32) -> Self {
        let number = |value: usize| Written::U32(u32::try_from(value).unwrap());
        let mut writer = Writer::new();
        writer.metadata.clear();
        let writer = writer
            .with("general.architecture", Written::Text("bert"))
            .with("bert.block_count", number(LAYERS))
            .with("bert.embedding_length", number(HIDDEN))
            .with("bert.feed_forward_length", number(WIDE))
            .with("bert.context_length", number(CONTEXT))
            .with("bert.attention.head_count", number(HEADS))
            .with("bert.attention.layer_norm_epsilon", Written::F32(EPSILON))
            .with("bert.attention.causal", Written::Bool(false))
            .with("bert.pooling_type", Written::U32(pooling));
        let mut tiny = Self { writer, tensors: BTreeMap::new(), state: 7 };
        tiny.matrix("token_embd", VOCABULARY, HIDDEN, format);
        tiny.matrix("position_embd", CONTEXT, HIDDEN, Format::F32);
        tiny.matrix("token_types", 2, HIDDEN, Format::F32);
        tiny.norm("token_embd_norm");
        for layer in 0..LAYERS {
            for part in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                tiny.projection(&format!("blk.{layer}.{part}"), HIDDEN, HIDDEN, format);
            }
            tiny.projection(&format!("blk.{layer}.ffn_up"), WIDE, HIDDEN, format);
            tiny.projection(&format!("blk.{layer}.ffn_down"), HIDDEN, WIDE, format);
            tiny.norm(&format!("blk.{layer}.attn_output_norm"));
            tiny.norm(&format!("blk.{layer}.layer_output_norm"));
        }
        tiny
    }

    /// From -1 to 1.
    fn random(&mut self) -> f32 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        let bits = u16::try_from(self.state >> 48).unwrap();
        f32::from(bits) / 32_768.0 - 1.0
    }

    fn projection(&mut self, name: &str, rows: usize, columns: usize, format: Format) {
        self.matrix(name, rows, columns, format);
        self.vector(&format!("{name}.bias"), rows, 0.0);
    }

    fn norm(&mut self, name: &str) {
        self.vector(&format!("{name}.weight"), HIDDEN, 1.0);
        self.vector(&format!("{name}.bias"), HIDDEN, 0.0);
    }

    fn vector(&mut self, name: &str, len: usize, around: f32) {
        let values: Vec<f32> = (0..len).map(|_| around + 0.3 * self.random()).collect();
        self.put(name, &[len], TensorType::F32, &bytes(&values), values.iter().copied());
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize, format: Format) {
        let name = format!("{name}.weight");
        match format {
            Format::F32 => {
                let values: Vec<f32> = (0..rows * columns).map(|_| 0.25 * self.random()).collect();
                let numbers = values.clone();
                self.put(&name, &[columns, rows], TensorType::F32, &bytes(&values), numbers);
            }
            Format::Q4 => {
                let (mut stored, mut numbers) = (Vec::new(), Vec::new());
                for _ in 0..rows * columns / 32 {
                    let scale = half::f16::from_f32(0.04 * (1.0 + self.random() / 2.0));
                    let codes: Vec<u8> =
                        (0..16).map(|_| (self.random().to_bits() >> 7).to_le_bytes()[0]).collect();
                    stored.extend(scale.to_le_bytes());
                    stored.extend(&codes);
                    let value = |nibble: u8| (f32::from(nibble) - 8.0) * scale.to_f32();
                    numbers.extend(codes.iter().map(|code| value(code & 15)));
                    numbers.extend(codes.iter().map(|code| value(code >> 4)));
                }
                self.put(&name, &[columns, rows], TensorType::Q4_0, &stored, numbers);
            }
        }
    }

    fn put(
        &mut self,
        name: &str,
        shape: &[usize],
        kind: TensorType,
        stored: &[u8],
        numbers: impl IntoIterator<Item = f32>,
    ) {
        let numbers = numbers.into_iter().map(f64::from).collect();
        self.tensors.insert(name.to_owned(), Tensor { columns: shape[0], numbers });
        let shape: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
        let writer = std::mem::replace(&mut self.writer, Writer::new());
        self.writer = writer.with_tensor(name, &shape, kind, stored);
    }

    fn load(&self) -> Encoder {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, self.writer.bytes()).unwrap();
        load(&Checkpoint::open(&path).unwrap()).unwrap()
    }

    fn tensor(&self, name: &str) -> &Tensor {
        &self.tensors[name]
    }

    fn apply(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let (weight, bias) =
            (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let rows = bias.numbers.iter().enumerate();
        rows.map(|(row, bias)| bias + dot(weight.row(row), input)).collect()
    }

    fn normed(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let (weight, bias) =
            (self.tensor(&format!("{name}.weight")), self.tensor(&format!("{name}.bias")));
        let count = HIDDEN as f64;
        let mean = input.iter().sum::<f64>() / count;
        let variance = input.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let deviation = (variance + f64::from(EPSILON)).sqrt();
        let scaled = input.iter().zip(&weight.numbers).zip(&bias.numbers);
        scaled.map(|((value, weight), bias)| (value - mean) / deviation * weight + bias).collect()
    }

    /// The hidden vectors of a passage after all layers.
    fn reference(&self, tokens: &[u32]) -> Vec<Vec<f64>> {
        let sum = |left: &[f64], right: &[f64]| -> Vec<f64> {
            left.iter().zip(right).map(|(left, right)| left + right).collect()
        };
        let embedded = |(position, &token): (usize, &u32)| {
            let token = self.tensor("token_embd.weight").row(token as usize);
            let position = self.tensor("position_embd.weight").row(position);
            let kind = self.tensor("token_types.weight").row(0);
            self.normed("token_embd_norm", &sum(&sum(token, position), kind))
        };
        let mut hidden: Vec<Vec<f64>> = tokens.iter().enumerate().map(embedded).collect();
        for layer in 0..LAYERS {
            let name = |part: &str| format!("blk.{layer}.{part}");
            let [queries, keys, values]: [Vec<Vec<f64>>; 3] = ["attn_q", "attn_k", "attn_v"]
                .map(|part| hidden.iter().map(|row| self.apply(&name(part), row)).collect());
            let attended = attended(&queries, &keys, &values);
            for (row, attended) in hidden.iter_mut().zip(attended) {
                let output = self.apply(&name("attn_output"), &attended);
                *row = self.normed(&name("attn_output_norm"), &sum(row, &output));
                let wide = self.apply(&name("ffn_up"), row).into_iter().map(gelu);
                let output = self.apply(&name("ffn_down"), &wide.collect::<Vec<_>>());
                *row = self.normed(&name("layer_output_norm"), &sum(row, &output));
            }
        }
        hidden
    }
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn attended(queries: &[Vec<f64>], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dim = HIDDEN / HEADS;
    let mut rows = vec![vec![0.0; HIDDEN]; queries.len()];
    for head in 0..HEADS {
        let own = head * dim..(head + 1) * dim;
        for (query, row) in queries.iter().zip(&mut rows) {
            let score = |key: &Vec<f64>| {
                (dot(&query[own.clone()], &key[own.clone()]) / (dim as f64).sqrt()).exp()
            };
            let weights: Vec<f64> = keys.iter().map(score).collect();
            let total: f64 = weights.iter().sum();
            for (weight, value) in weights.iter().zip(values) {
                for column in own.clone() {
                    row[column] += weight / total * value[column];
                }
            }
        }
    }
    rows
}

/// By adding up the density of the normal distribution.
fn gelu(x: f64) -> f64 {
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (mut sum, mut term) = (0.0, x);
    for step in 1..200 {
        sum += term;
        term *= x * x / f64::from(2 * step + 1);
    }
    x * (0.5 + density(x) * sum)
}

fn cosine(vector: &[f32], reference: &[f64]) -> f64 {
    let vector: Vec<f64> = vector.iter().map(|&value| f64::from(value)).collect();
    dot(&vector, reference) / (dot(&vector, &vector) * dot(reference, reference)).sqrt()
}

fn passages() -> Vec<Vec<u32>> {
    // With and without a whole number of lanes, and one that two workers share.
    [1_u32, 7, 40, 2, 130, 16, 200]
        .iter()
        .map(|&length| (0..length).map(|at| (at * 7 + length) % 40).collect())
        .collect()
}

fn vectors(encoder: &Encoder, path: Path, threads: usize, layers: usize) -> Vec<Vec<f32>> {
    let crew = Crew::new(threads).unwrap();
    let mut forward = EncoderForward::new(path);
    let passages = passages();
    // What an earlier batch left behind makes no difference.
    for _ in 0..2 {
        forward.begin(encoder, &crew, passages.iter().map(Vec::as_slice));
        while !forward.advance(encoder, &crew, layers).unwrap() {}
    }
    forward.vectors(encoder.config())
}

#[test]
fn vectors_are_those_of_double_precision() {
    for (format, pooling, least) in
        [(Format::F32, 1, 0.999_999), (Format::F32, 2, 0.999_999), (Format::Q4, 1, 0.999)]
    {
        let tiny = Tiny::new(format, pooling);
        let encoder = tiny.load();
        let expected: Vec<Vec<f64>> = passages()
            .iter()
            .map(|tokens| {
                let hidden = tiny.reference(tokens);
                let taken = if pooling == 1 { hidden.len() } else { 1 };
                let sum = |column: usize| hidden[..taken].iter().map(|row| row[column]).sum();
                (0..HIDDEN).map(sum).collect()
            })
            .collect();
        for path in Path::available() {
            for (threads, layers) in [(1, 1), (2, 2), (3, 99)] {
                let found = vectors(&encoder, path, threads, layers);
                for (index, (vector, expected)) in found.iter().zip(&expected).enumerate() {
                    let cosine = cosine(vector, expected);
                    assert!(cosine >= least, "{} passage {index}: {cosine}", path.name());
                    let length: f32 = vector.iter().map(|value| value * value).sum();
                    assert!((length - 1.0).abs() < 1e-5, "{length}");
                }
            }
        }
    }
}

#[test]
fn company_and_threads_change_nothing() {
    let encoder = Tiny::new(Format::Q4, 1).load();
    let crew = Crew::new(1).unwrap();
    let together = vectors(&encoder, Path::best(), 3, 1);
    let mut forward = EncoderForward::new(Path::best());
    for (passage, vector) in passages().iter().zip(together) {
        forward.begin(&encoder, &crew, [passage.as_slice()]);
        assert!(forward.advance(&encoder, &crew, LAYERS).unwrap());
        let alone = forward.vectors(encoder.config());
        let largest = alone[0].iter().zip(&vector).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest < 1e-5, "{} tokens: {largest}", passage.len());
    }
}

#[test]
fn a_wrong_number_shows() {
    let mut tiny = Tiny::new(Format::F32, 1);
    let encoder = tiny.load();
    let tensor = tiny.tensors.get_mut("blk.1.ffn_up.bias").unwrap();
    tensor.numbers.iter_mut().for_each(|number| *number *= 1.3);
    let hidden = tiny.reference(&passages()[2]);
    let sum = |column: usize| hidden.iter().map(|row| row[column]).sum();
    let expected: Vec<f64> = (0..HIDDEN).map(sum).collect();
    let found = vectors(&encoder, Path::best(), 1, 1);
    let cosine = cosine(&found[2], &expected);
    assert!(cosine < 0.999_99, "{cosine}");
}

fn set(writer: &mut Writer, key: &str, value: Written) {
    writer.metadata.retain(|(name, _)| name != key);
    writer.metadata.push((key.to_owned(), value));
}

#[test]
fn files_that_make_no_sense_are_refused() {
    let refused = |change: fn(&mut Writer)| {
        let mut tiny = Tiny::new(Format::F32, 1);
        change(&mut tiny.writer);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, tiny.writer.bytes()).unwrap();
        let error = Checkpoint::open(&path).map(|file| load(&file).unwrap_err());
        format!("{:?}", error.unwrap())
    };
    for (change, part) in [
        (
            (|writer| set(writer, "bert.attention.head_count", Written::U32(7))) as fn(&mut Writer),
            "divide",
        ),
        (|writer| set(writer, "bert.attention.head_count", Written::U32(0)), "head_count"),
        (|writer| set(writer, "bert.block_count", Written::U32(4)), "blk.3.attn_q.weight"),
        (|writer| set(writer, "bert.context_length", Written::U32(300)), "position_embd.weight"),
        (|writer| set(writer, "bert.pooling_type", Written::U32(4)), "reranker"),
        (|writer| set(writer, "bert.pooling_type", Written::U32(0)), "single tokens"),
        (|writer| set(writer, "bert.attention.causal", Written::Bool(true)), "before them"),
        (
            |writer| set(writer, "bert.attention.layer_norm_epsilon", Written::F32(f32::NAN)),
            "epsilon",
        ),
        (|writer| writer.tensors.retain(|tensor| tensor.name != "token_embd.weight"), "token_embd"),
        (
            |writer| writer.tensors.retain(|tensor| tensor.name != "token_embd_norm.bias"),
            "norm.bias",
        ),
    ] {
        let error = refused(change);
        assert!(error.contains(part), "{error} does not say {part}");
    }
}
