//! Attention.

use cpu_kernels::{AttentionBlocks, AttentionScratch, Path, attend, to_f16};
use half::f16;
use proptest::prelude::*;

use crate::noise::Noise;

struct Case {
    head_dim: usize,
    block_tokens: usize,
    visible: Vec<u32>,
    /// The most positions that a query sees.
    window: u32,
    /// Multiplies the queries: large values make sharp distributions.
    size: f32,
}

fn halves(floats: &[f32]) -> Vec<u16> {
    let mut bits = vec![0; floats.len()];
    to_f16(Path::SCALAR, floats, &mut bits);
    bits
}

fn check(case: &Case, scratch: &mut AttentionScratch) {
    let Case { head_dim, block_tokens, visible, window, size } = case;
    let mut noise = Noise::new(1 + visible.iter().map(|v| u64::from(*v)).sum::<u64>());
    let positions = visible.iter().copied().max().unwrap_or(0) as usize;
    let keys = halves(&noise.floats(positions * head_dim));
    let values = halves(&noise.floats(positions * head_dim));
    let ranges: Vec<_> = visible.iter().map(|end| end.saturating_sub(*window)..*end).collect();
    let queries: Vec<_> =
        noise.floats(visible.len() * head_dim).into_iter().map(|x| x * size).collect();
    let scale = 1.0 / (*head_dim as f32).sqrt();
    let key_blocks: Vec<_> = keys.chunks(block_tokens * head_dim).collect();
    let value_blocks: Vec<_> = values.chunks(block_tokens * head_dim).collect();
    let blocks = AttentionBlocks {
        keys: &key_blocks,
        values: &value_blocks,
        block_tokens: *block_tokens,
        head_dim: *head_dim,
    };
    let number = |bits: u16| f16::from_bits(bits).to_f64();
    for path in Path::available() {
        let mut out = vec![f32::NAN; queries.len()];
        attend(path, &queries, &ranges, &blocks, scale, scratch, &mut out);
        for (index, seen) in ranges.iter().enumerate() {
            let query = &queries[index * head_dim..][..*head_dim];
            let scores: Vec<f64> = (seen.start as usize..seen.end as usize)
                .map(|position| {
                    let key = &keys[position * head_dim..][..*head_dim];
                    let product: f64 =
                        query.iter().zip(key).map(|(q, k)| f64::from(*q) * number(*k)).sum();
                    product * f64::from(scale)
                })
                .collect();
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
            for column in 0..*head_dim {
                let sum: f64 = scores
                    .iter()
                    .enumerate()
                    .map(|(position, score)| {
                        let position = seen.start as usize + position;
                        (score - largest).exp() * number(values[position * head_dim + column])
                    })
                    .sum();
                let expected = if seen.is_empty() { 0.0 } else { sum / total };
                let value = f64::from(out[index * head_dim + column]);
                assert!(
                    (value - expected).abs() <= 3e-6 * f64::from(size.max(1.0)),
                    "{} {head_dim} {block_tokens} query {index} of {visible:?}: {value} {expected}",
                    path.name()
                );
            }
        }
    }
}

#[test]
fn attention_is_that_of_exact_arithmetic() {
    let mut scratch = AttentionScratch::new();
    for head_dim in [4, 8, 16, 24, 32, 64, 80, 96, 128] {
        for block_tokens in [1, 7, 16, 32] {
            for visible in [
                vec![1],
                vec![5, 5, 5],
                vec![64],
                vec![65, 65, 65],
                vec![130; 5],
                vec![0, 200, 3],
                vec![0],
                vec![],
                (1..=50).collect(),
            ] {
                check(
                    &Case { head_dim, block_tokens, visible, window: u32::MAX, size: 1.0 },
                    &mut scratch,
                );
            }
        }
    }
    for size in [20.0, 100.0] {
        let visible = vec![150, 149, 148, 60, 1];
        check(
            &Case { head_dim: 64, block_tokens: 16, visible, window: u32::MAX, size },
            &mut scratch,
        );
    }
    let visible = vec![3000; 3];
    check(
        &Case { head_dim: 64, block_tokens: 32, visible, window: u32::MAX, size: 4.0 },
        &mut scratch,
    );
}

#[test]
fn windows_hide_what_is_far_behind() {
    let mut scratch = AttentionScratch::new();
    for window in [1, 3, 31, 64, 65, 100] {
        for (head_dim, visible) in [
            (24, vec![1, 2, 200]),
            (64, vec![70, 130, 131]),
            (64, (1..=150).collect()),
            (256, vec![0, 300, 64, 65]),
        ] {
            let case = Case { head_dim, block_tokens: 32, visible, window, size: 8.0 };
            check(&case, &mut scratch);
        }
    }
}

/// Not even one whose score would make the weights of all others vanish: of the five that the
/// first query sees, the first one outweighs the others by `exp(16)`.
#[test]
fn hidden_positions_do_not_matter() {
    let (head_dim, positions) = (16, 6_u8);
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for position in 0..positions {
        let key = match position {
            0 => 1.0,
            5 => 60_000.0,
            _ => 0.0,
        };
        keys.extend(halves(&vec![key; head_dim]));
        values.extend(halves(&vec![f32::from(position); head_dim]));
    }
    let blocks = AttentionBlocks { keys: &[&keys], values: &[&values], block_tokens: 8, head_dim };
    for path in Path::available() {
        let (queries, mut out) = (vec![1.0; 2 * head_dim], vec![0.0; 2 * head_dim]);
        let mut scratch = AttentionScratch::new();
        attend(path, &queries, &[0..5, 0..6], &blocks, 1.0, &mut scratch, &mut out);
        let (first, second) = out.split_at(head_dim);
        assert!(first.iter().all(|value| value.abs() < 1e-5), "{} {first:?}", path.name());
        assert!(
            second.iter().all(|value| (value - 5.0).abs() < 1e-6),
            "{} {second:?}",
            path.name()
        );
    }
}

#[test]
#[should_panic(expected = "1 positions are seen but not given")]
fn missing_blocks_are_refused() {
    let block: &[u16] = &[0; 16];
    let blocks = AttentionBlocks { keys: &[block], values: &[block], block_tokens: 2, head_dim: 8 };
    let mut out = [0.0; 8];
    let seen = std::slice::from_ref(&(0..3));
    attend(Path::best(), &[0.0; 8], seen, &blocks, 1.0, &mut AttentionScratch::new(), &mut out);
}

#[test]
#[should_panic(expected = "a block is cut short")]
fn short_blocks_are_refused() {
    let block: &[u16] = &[0; 15];
    let blocks = AttentionBlocks { keys: &[block], values: &[block], block_tokens: 2, head_dim: 8 };
    let mut out = [0.0; 8];
    let seen = std::slice::from_ref(&(0..2));
    attend(Path::best(), &[0.0; 8], seen, &blocks, 1.0, &mut AttentionScratch::new(), &mut out);
}

proptest! {
    #[test]
    fn nothing_crashes_on_any_bits(
        numbers in prop::collection::vec(any::<u16>(), 64 * 16),
        bits in prop::collection::vec(any::<u32>(), 48),
        visible in prop::collection::vec((0..65_u32, 0..65_u32), 3),
    ) {
        let blocks: Vec<_> = numbers.chunks(16 * 16).collect();
        let blocks =
            AttentionBlocks { keys: &blocks, values: &blocks, block_tokens: 16, head_dim: 16 };
        let queries: Vec<_> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        // Also ranges that end before they start.
        let visible: Vec<_> = visible.into_iter().map(|(start, end)| start..end).collect();
        let mut out = vec![0.0; 48];
        for path in Path::available() {
            let mut scratch = AttentionScratch::new();
            attend(path, &queries, &visible, &blocks, 0.25, &mut scratch, &mut out);
        }
    }
}
