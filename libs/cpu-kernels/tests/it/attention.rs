//! Attention.

use std::ops::Range;

use cpu_kernels::{AttentionBlocks, AttentionScratch, KvLayout, KvPrecision, Path, attend};
use half::f16;
use proptest::prelude::*;

use crate::noise::Noise;

/// Keys and values in planes, and what they are then.
struct Cache {
    layout: KvLayout,
    keys: Vec<Vec<u16>>,
    values: Vec<Vec<u16>>,
}

impl Cache {
    fn store(path: Path, layout: KvLayout, keys: &[f32], values: &[f32]) -> Cache {
        let [keys, values] = [(keys, true), (values, false)].map(|(vectors, are_keys)| {
            let blocks = vectors.chunks(layout.block_tokens * layout.head_dim);
            blocks.map(|vectors| plane(path, layout, vectors, are_keys)).collect()
        });
        Cache { layout, keys, values }
    }

    fn attend(
        &self,
        path: Path,
        (queries, visible): (&[f32], &[Range<u32>]),
        scale: f32,
        scratch: &mut AttentionScratch,
    ) -> Vec<f32> {
        let keys: Vec<_> = self.keys.iter().map(Vec::as_slice).collect();
        let values: Vec<_> = self.values.iter().map(Vec::as_slice).collect();
        let blocks = AttentionBlocks { keys: &keys, values: &values, layout: self.layout };
        let mut out = vec![f32::NAN; queries.len()];
        attend(path, queries, visible, &blocks, scale, scratch, &mut out);
        out
    }
}

/// A plane in which places that no vector has are full of ones.
fn plane(path: Path, layout: KvLayout, vectors: &[f32], are_keys: bool) -> Vec<u16> {
    let mut plane = vec![u16::MAX; layout.plane_words()];
    for (token, vector) in vectors.chunks(layout.head_dim).enumerate() {
        store(path, layout, (vector, token), are_keys, &mut plane);
    }
    plane
}

#[expect(unsafe_code, reason = "workers store tokens of one plane at the same time")]
fn store(
    path: Path,
    layout: KvLayout,
    (vector, token): (&[f32], usize),
    are_keys: bool,
    plane: &mut [u16],
) {
    assert_eq!(plane.len(), layout.plane_words());
    let plane = plane.as_mut_ptr();
    // SAFETY: the plane has its words, and this is the only thread that uses it.
    unsafe {
        if are_keys {
            layout.store_key(path, vector, token, plane);
        } else {
            layout.store_value(path, vector, token, plane);
        }
    }
}

/// What numbers are once they were stored.
fn kept(precision: KvPrecision, vector: &[f32]) -> Vec<f64> {
    match precision {
        KvPrecision::F16 => vector.iter().map(|number| f16::from_f32(*number).to_f64()).collect(),
        KvPrecision::Q8 => {
            if vector.iter().any(|number| !number.is_finite()) {
                return vec![f64::NAN; vector.len()];
            }
            let largest = vector.iter().fold(0.0_f32, |largest, number| number.abs().max(largest));
            let scale = largest / 127.0;
            if !scale.is_normal() {
                return vec![0.0; vector.len()];
            }
            let inverse = 127.0 / largest;
            let code = |number: &f32| f64::from((number * inverse).round_ties_even());
            vector.iter().map(|number| code(number) * f64::from(scale)).collect()
        }
    }
}

/// The outputs in exact arithmetic.
fn expected(
    (keys, values): (&[f64], &[f64]),
    (queries, visible): (&[f32], &[Range<u32>]),
    head_dim: usize,
    scale: f32,
) -> Vec<f64> {
    let mut out = Vec::with_capacity(queries.len());
    for (query, seen) in queries.chunks(head_dim).zip(visible) {
        let seen = seen.start as usize..seen.end as usize;
        let scores: Vec<f64> = seen
            .clone()
            .map(|position| {
                let key = &keys[position * head_dim..][..head_dim];
                let product: f64 = query.iter().zip(key).map(|(q, k)| f64::from(*q) * k).sum();
                product * f64::from(scale)
            })
            .collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        out.extend((0..head_dim).map(|column| {
            let value = |position: usize| values[position * head_dim + column];
            let sum: f64 = seen.clone().zip(&weights).map(|(at, weight)| weight * value(at)).sum();
            if seen.is_empty() { 0.0 } else { sum / total }
        }));
    }
    out
}

struct Case {
    head_dim: usize,
    block_tokens: usize,
    visible: Vec<u32>,
    /// The most positions that a query sees.
    window: u32,
    /// Multiplies the queries: large values make sharp distributions.
    size: f32,
}

fn check(case: &Case, scratch: &mut AttentionScratch) {
    for precision in KvPrecision::ALL {
        check_one(case, precision, scratch);
    }
}

fn check_one(case: &Case, precision: KvPrecision, scratch: &mut AttentionScratch) {
    let &Case { head_dim, block_tokens, ref visible, window, size } = case;
    let layout = KvLayout { precision, block_tokens, head_dim };
    let mut noise = Noise::new(1 + visible.iter().map(|v| u64::from(*v)).sum::<u64>());
    let positions = visible.iter().copied().max().unwrap_or(0) as usize;
    let keys = noise.floats(positions * head_dim);
    let values = noise.floats(positions * head_dim);
    let ranges: Vec<_> = visible.iter().map(|end| end.saturating_sub(window)..*end).collect();
    let queries: Vec<_> =
        noise.floats(visible.len() * head_dim).into_iter().map(|x| x * size).collect();
    let scale = 1.0 / (head_dim as f32).sqrt();
    let [exact_keys, exact_values] = [&keys, &values].map(|vectors| {
        vectors.chunks(head_dim).flat_map(|vector| kept(precision, vector)).collect::<Vec<_>>()
    });
    let exact = expected((&exact_keys, &exact_values), (&queries, &ranges), head_dim, scale);
    let plain = Cache::store(Path::SCALAR, layout, &keys, &values);
    for path in Path::available() {
        let cache = Cache::store(path, layout, &keys, &values);
        assert!(cache.keys == plain.keys && cache.values == plain.values, "{}", path.name());
        let out = cache.attend(path, (&queries, &ranges), scale, scratch);
        for (index, (value, exact)) in out.iter().zip(&exact).enumerate() {
            assert!(
                (f64::from(*value) - exact).abs() <= 3e-6 * f64::from(size.max(1.0)),
                "{} {layout:?} query {} of {visible:?}: {value} {exact}",
                path.name(),
                index / head_dim,
            );
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
        keys.extend(vec![key; head_dim]);
        values.extend(vec![f32::from(position); head_dim]);
    }
    for (precision, path) in everywhere() {
        let layout = KvLayout { precision, block_tokens: 16, head_dim };
        let cache = Cache::store(path, layout, &keys, &values);
        let queries = vec![1.0; 2 * head_dim];
        let mut scratch = AttentionScratch::new();
        let out = cache.attend(path, (&queries, &[0..5, 0..6]), 1.0, &mut scratch);
        let (first, second) = out.split_at(head_dim);
        assert!(first.iter().all(|value| value.abs() < 1e-5), "{} {first:?}", path.name());
        assert!(
            second.iter().all(|value| (value - 5.0).abs() < 1e-6),
            "{} {second:?}",
            path.name()
        );
    }
}

fn everywhere() -> impl Iterator<Item = (KvPrecision, Path)> {
    KvPrecision::ALL
        .into_iter()
        .flat_map(|one| Path::available().into_iter().map(move |path| (one, path)))
}

/// In 8 bits one number that is none makes a vector none, for whoever sees it and nobody else.
#[test]
fn what_is_no_number_stays_with_those_who_see_it() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for path in Path::available() {
            for (head_dim, in_key) in [(16, true), (16, false), (64, true), (24, false)] {
                let layout = KvLayout { precision: KvPrecision::Q8, block_tokens: 16, head_dim };
                let [mut keys, mut values] =
                    [3, 4].map(|seed| Noise::new(seed).floats(40 * head_dim));
                let whole = Cache::store(path, layout, &keys, &values);
                *if in_key { &mut keys } else { &mut values }
                    .get_mut(20 * head_dim + 5)
                    .expect("a number") = broken;
                let cache = Cache::store(path, layout, &keys, &values);
                // Few queries and many are computed in different ways.
                for seen in [vec![0..20, 0..21, 21..40], vec![0..20, 0..40, 20..30, 0..3, 30..40]] {
                    let queries = Noise::new(5).floats(seen.len() * head_dim);
                    let asked = (queries.as_slice(), seen.as_slice());
                    let mut scratch = AttentionScratch::new();
                    let out = cache.attend(path, asked, 0.25, &mut scratch);
                    let without = whole.attend(path, asked, 0.25, &mut scratch);
                    let rows = out.chunks(head_dim).zip(without.chunks(head_dim));
                    for ((row, whole), seen) in rows.zip(&seen) {
                        if seen.contains(&20) {
                            assert!(row.iter().all(|number| number.is_nan()), "{}", path.name());
                        } else {
                            assert_eq!(row, whole, "{} {seen:?}", path.name());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn hostile_numbers_are_kept_as_well_as_they_can_be() {
    for vector in [
        vec![0.0; 16],
        vec![-0.0; 7],
        vec![f32::MAX; 40],
        [f32::MAX, f32::MIN, 1.0, 0.0].repeat(5),
        [f32::MIN_POSITIVE, 1e-45, -1e-40].repeat(4),
        [127.0, 0.5, 1.5, 2.5, -0.5, -1.5, 126.5].repeat(3),
        [1.0, f32::NAN].repeat(8),
        vec![f32::NEG_INFINITY; 3],
    ] {
        let layout =
            KvLayout { precision: KvPrecision::Q8, block_tokens: 16, head_dim: vector.len() };
        for path in Path::available() {
            for are_keys in [false, true] {
                let plane = plane(path, layout, &vector, are_keys);
                assert_same(
                    &decoded(layout, &plane, 0, are_keys),
                    &kept(layout.precision, &vector),
                );
            }
        }
    }
}

/// Reads a vector as the layout describes it.
fn decoded(layout: KvLayout, plane: &[u16], token: usize, is_key: bool) -> Vec<f64> {
    let KvLayout { precision, block_tokens, head_dim } = layout;
    let bytes: Vec<u8> = plane.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let scales = &bytes[(block_tokens * head_dim).next_multiple_of(2).min(bytes.len())..];
    (0..head_dim)
        .map(|number| match precision {
            KvPrecision::F16 => f16::from_bits(plane[token * head_dim + number]).to_f64(),
            KvPrecision::Q8 => {
                let row = token * head_dim + number;
                let at = if is_key { number * block_tokens + token } else { row };
                let scale = scales[4 * token..][..4].try_into().expect("four bytes");
                f64::from(f32::from_ne_bytes(scale)) * f64::from(bytes[at].cast_signed())
            }
        })
        .collect()
}

fn assert_same(left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert!(left == right || left.is_nan() && right.is_nan(), "{left} {right}");
    }
}

/// Half of the words of half precision, and the scales.
#[test]
fn eight_bits_take_half_the_room() {
    for (block_tokens, head_dim, words) in [(16, 64, 512 + 32), (16, 256, 2048 + 32), (3, 5, 8 + 6)]
    {
        let layout = KvLayout { precision: KvPrecision::Q8, block_tokens, head_dim };
        assert_eq!(layout.plane_words(), words);
        let half = KvLayout { precision: KvPrecision::F16, ..layout };
        assert_eq!(half.plane_words(), block_tokens * head_dim);
    }
    for precision in KvPrecision::ALL {
        assert_eq!(KvPrecision::from_name(precision.name()), Some(precision));
    }
    assert_eq!(KvPrecision::from_name("q4"), None);
}

fn refused(precision: KvPrecision, words: usize, end: u32) {
    let block: &[u16] = &vec![0; words];
    let layout = KvLayout { precision, block_tokens: 2, head_dim: 8 };
    let blocks = AttentionBlocks { keys: &[block], values: &[block], layout };
    let (mut out, seen) = ([0.0; 8], 0..end);
    let seen = std::slice::from_ref(&seen);
    attend(Path::best(), &[0.0; 8], seen, &blocks, 1.0, &mut AttentionScratch::new(), &mut out);
}

#[test]
#[should_panic(expected = "1 positions are seen but not given")]
fn missing_blocks_are_refused() {
    refused(KvPrecision::F16, 16, 3);
}

#[test]
#[should_panic(expected = "a block is cut short")]
fn short_blocks_are_refused() {
    refused(KvPrecision::F16, 15, 2);
}

#[test]
#[should_panic(expected = "a block is cut short")]
fn blocks_without_all_scales_are_refused() {
    refused(KvPrecision::Q8, 11, 1);
}

proptest! {
    #[test]
    fn nothing_crashes_on_any_bits(
        numbers in prop::collection::vec(any::<u16>(), 4 * (16 * 16)),
        bits in prop::collection::vec(any::<u32>(), 80),
        visible in prop::collection::vec((0..65_u32, 0..65_u32), 1..=5_usize),
    ) {
        for (precision, path) in everywhere() {
            let layout = KvLayout { precision, block_tokens: 16, head_dim: 16 };
            let blocks: Vec<_> =
                numbers.chunks(16 * 16).map(|words| &words[..layout.plane_words()]).collect();
            let blocks = AttentionBlocks { keys: &blocks, values: &blocks, layout };
            // Also ranges that end before they start.
            let visible: Vec<_> = visible.iter().map(|&(start, end)| start..end).collect();
            let queries: Vec<_> =
                bits.iter().take(16 * visible.len()).map(|bits| f32::from_bits(*bits)).collect();
            let mut out = vec![0.0; queries.len()];
            let mut scratch = AttentionScratch::new();
            attend(path, &queries, &visible, &blocks, 0.25, &mut scratch, &mut out);
        }
    }

    /// What is stored is the vector, rounded, and nothing beside it changes.
    #[test]
    fn a_vector_is_stored_by_itself(
        bits in prop::collection::vec(any::<u32>(), 1..140_usize),
        plain in any::<bool>(),
        (block_tokens, token) in (1..20_usize).prop_flat_map(|tokens| (Just(tokens), 0..tokens)),
        are_keys in any::<bool>(),
    ) {
        #[expect(clippy::cast_precision_loss, reason = "any number will do")]
        let number = |bits: &u32| if plain { *bits as f32 - 2e9 } else { f32::from_bits(*bits) };
        let vector: Vec<f32> = bits.iter().map(number).collect();
        for (precision, path) in everywhere() {
            let layout = KvLayout { precision, block_tokens, head_dim: vector.len() };
            let others = Noise::new(9).floats(block_tokens * vector.len());
            let before = plane(path, layout, &others, are_keys);
            let mut plane = before.clone();
            store(path, layout, (&vector, token), are_keys, &mut plane);
            for at in 0..block_tokens {
                let now = decoded(layout, &plane, at, are_keys);
                if at == token {
                    assert_same(&now, &kept(precision, &vector));
                } else {
                    assert_same(&now, &decoded(layout, &before, at, are_keys));
                }
            }
        }
    }

    #[test]
    fn any_shape_is_that_of_exact_arithmetic(
        head_dim in 1..150_usize,
        block_tokens in prop::sample::select(vec![3_usize, 8, 16, 24, 48]),
        visible in prop::collection::vec(0..260_u32, 1..9_usize),
        window in prop::sample::select(vec![u32::MAX, 100, 17]),
    ) {
        // Also dimensions that vectors can take.
        for head_dim in [head_dim, head_dim.next_multiple_of(16)] {
            let case = Case { head_dim, block_tokens, visible: visible.clone(), window, size: 2.0 };
            check(&case, &mut AttentionScratch::new());
        }
    }
}
