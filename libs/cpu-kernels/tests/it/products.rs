//! Matrix products.
#![expect(unsafe_code, reason = "the products write through a pointer")]

use std::ops::Range;

use cpu_kernels::{
    ActivationKind, Activations, BlockFormat, PackedMatrix, Path, multiply, multiply_add,
};
use half::f16;
use proptest::prelude::*;

use crate::blocks::{decode_row, packing_error, random_row};
use crate::noise::Noise;

/// What outputs hold before; no product equals it.
const UNTOUCHED: f32 = -1.234_567e30;

fn pack(format: BlockFormat, columns: usize, raw: &[Vec<u8>]) -> PackedMatrix {
    let mut packer = PackedMatrix::packer(raw.len(), columns, format).expect("a valid shape");
    packer.push_rows(&raw.concat()).expect("whole rows");
    packer.finish().expect("all rows")
}

fn batch(path: Path, kind: ActivationKind, inputs: &[Vec<f32>]) -> Activations {
    let columns = inputs[0].len();
    let mut batch = Activations::new(kind, inputs.len(), columns);
    batch.set_rows(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        batch.quantize_row(path, index, input);
    }
    batch
}

/// Products of part of a matrix; places outside of the part keep [`UNTOUCHED`].
fn products(
    path: Path,
    matrix: &PackedMatrix,
    tiles: Range<usize>,
    input: &Activations,
    tokens: Range<usize>,
) -> Vec<f32> {
    let stride = matrix.rows() + 3;
    // Exactly as much as the contract asks for.
    let mut out = vec![UNTOUCHED; (input.rows() - 1) * stride + matrix.rows()];
    // SAFETY: the output has room for every row and token, and no other thread uses it.
    unsafe { multiply(path, matrix, tiles, input, tokens, out.as_mut_ptr(), stride) };
    out.resize(input.rows() * stride, UNTOUCHED);
    out
}

/// What the activations hold: rounded to 127 steps of the largest of each 32.
fn rounded(kind: ActivationKind, input: &[f32]) -> Vec<f64> {
    match kind {
        ActivationKind::F32 => input.iter().map(|value| f64::from(*value)).collect(),
        ActivationKind::Int8 => input
            .chunks_exact(32)
            .flat_map(|group| {
                let largest = group.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
                let scale = largest / 127.0;
                let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
                group
                    .iter()
                    .map(move |value| f64::from((value * inverse).round_ties_even() * scale))
            })
            .collect(),
    }
}

#[test]
fn products_match_decoded_weights() {
    for format in BlockFormat::ALL {
        for rows in [1, 15, 16, 17, 35] {
            for groups in [1, 2, 3] {
                let columns = (groups * 32_usize).next_multiple_of(format.block_len());
                check_shape(format, rows, columns, 5);
            }
        }
        for tokens in 1..=19 {
            check_shape(format, 33, 256, tokens);
        }
    }
    check_shape(BlockFormat::F32, 5, 7, 3);
    check_shape(BlockFormat::F16, 18, 33, 11);
}

fn check_shape(format: BlockFormat, rows: usize, columns: usize, tokens: usize) {
    let mut noise = Noise::new(7 + rows as u64 + 100 * columns as u64);
    let raw: Vec<_> = (0..rows).map(|_| random_row(&mut noise, format, columns)).collect();
    let inputs: Vec<_> = (0..tokens).map(|_| noise.floats(columns)).collect();
    let matrix = pack(format, columns, &raw);
    let weights: Vec<_> = raw.iter().map(|row| decode_row(format, row)).collect();
    for path in Path::available() {
        let input = batch(path, matrix.activation_kind(), &inputs);
        let out = products(path, &matrix, 0..matrix.tiles(), &input, 0..tokens);
        for (token, out) in out.chunks_exact(rows + 3).enumerate() {
            let input = rounded(matrix.activation_kind(), &inputs[token]);
            for (row, weights) in weights.iter().enumerate() {
                let terms = || weights.iter().zip(&input).map(|(weight, value)| weight * value);
                let (expected, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
                let spread: f64 =
                    weights.chunks(32).map(|group| 32.0 * packing_error(format, group)).sum();
                let tolerance = 4e-6 * (size + columns as f64 / 32.0) + spread;
                assert!(
                    (f64::from(out[row]) - expected).abs() <= tolerance,
                    "{} {format:?} {rows} x {columns}, token {token}, row {row}: {} {expected}",
                    path.name(),
                    out[row],
                );
            }
            assert!(out[rows..].iter().all(|value| *value == UNTOUCHED), "beyond the last row");
        }
    }
}

/// Adding is a product and one addition, to the last bit, at the places of the part alone.
#[test]
fn products_are_added_to_what_is_there() {
    let mut noise = Noise::new(31);
    for (format, rows, columns) in
        [(BlockFormat::Q8_0, 35, 64), (BlockFormat::F32, 17, 5), (BlockFormat::Q4_1, 16, 32)]
    {
        let raw: Vec<_> = (0..rows).map(|_| random_row(&mut noise, format, columns)).collect();
        let inputs: Vec<_> = (0..11).map(|_| noise.floats(columns)).collect();
        let matrix = pack(format, columns, &raw);
        let old = noise.floats(inputs.len() * (rows + 3));
        for path in Path::available() {
            let input = batch(path, matrix.activation_kind(), &inputs);
            for (tiles, tokens) in [(0..matrix.tiles(), 0..11), (0..1, 3..10), (0..0, 0..11)] {
                let plain = products(path, &matrix, tiles.clone(), &input, tokens.clone());
                let mut sums = old.clone();
                // SAFETY: the output has room for every row and token, and no other thread uses it.
                unsafe {
                    let (out, stride) = (sums.as_mut_ptr(), rows + 3);
                    multiply_add(path, &matrix, tiles, &input, tokens, out, stride);
                }
                for ((sum, old), plain) in sums.iter().zip(&old).zip(plain) {
                    let expected = if plain == UNTOUCHED { *old } else { old + plain };
                    assert_eq!(sum.to_bits(), expected.to_bits(), "{} {format:?}", path.name());
                }
            }
        }
    }
}

/// With scales of one, products are whole numbers and every path must yield exactly these.
#[test]
fn integer_parts_are_exact() {
    let extremes = |choice: u64| match choice % 4 {
        0 => (0x00, -127.0),
        1 => (0xff, 127.0),
        2 => (0x80, -127.0),
        _ => (0x7f, 127.0),
    };
    for format in [BlockFormat::Q4_0, BlockFormat::Q4_1, BlockFormat::Q5_0, BlockFormat::Q5_1] {
        check_exact(format, |noise| {
            (noise.byte(), f32::from(noise.byte().cast_signed().max(-127)))
        });
        check_exact(format, |noise| extremes(noise.next()));
    }
    check_exact(BlockFormat::Q8_0, |noise| {
        (noise.byte(), f32::from(noise.byte().cast_signed().max(-127)))
    });
    for choice in 0..4 {
        check_exact(BlockFormat::Q8_0, |_| extremes(choice));
        check_exact(BlockFormat::Q4_1, |_| extremes(choice));
    }
    check_exact(BlockFormat::Q8_0, |noise| extremes(noise.next()));
}

fn check_exact(format: BlockFormat, mut draw: impl FnMut(&mut Noise) -> (u8, f32)) {
    let (rows, columns, tokens) = (21, 96, 9);
    let mut noise = Noise::new(3);
    let one = f16::ONE.to_le_bytes();
    let mut raw = vec![vec![0; format.row_bytes(columns).expect("whole blocks")]; rows];
    for block in raw.iter_mut().flat_map(|row| row.chunks_exact_mut(format.block_bytes())) {
        for byte in &mut *block {
            *byte = draw(&mut noise).0;
        }
        block[..2].copy_from_slice(&one);
        if matches!(format, BlockFormat::Q4_1 | BlockFormat::Q5_1) {
            block[2..4].copy_from_slice(&one);
        }
    }
    let mut inputs = vec![vec![0.0; columns]; tokens];
    for group in inputs.iter_mut().flat_map(|row| row.chunks_exact_mut(32)) {
        for value in &mut *group {
            *value = draw(&mut noise).1;
        }
        group[5] = 127.0;
    }
    let matrix = pack(format, columns, &raw);
    for path in Path::available() {
        let input = batch(path, ActivationKind::Int8, &inputs);
        let out = products(path, &matrix, 0..matrix.tiles(), &input, 0..tokens);
        for (token, out) in out.chunks_exact(rows + 3).enumerate() {
            for (row, raw) in raw.iter().enumerate() {
                let weights = decode_row(format, raw);
                let terms = weights.iter().zip(&inputs[token]);
                let expected: f64 = terms.map(|(weight, value)| weight * f64::from(*value)).sum();
                assert_eq!(
                    f64::from(out[row]),
                    expected,
                    "{} {format:?} token {token}, row {row}",
                    path.name()
                );
            }
        }
    }
}

#[test]
fn parts_of_a_product_touch_nothing_else() {
    let (rows, columns, tokens) = (50, 256, 21);
    for format in [BlockFormat::Q4_1, BlockFormat::Q8_0, BlockFormat::Q5_1, BlockFormat::F32] {
        let mut noise = Noise::new(11);
        let raw: Vec<_> = (0..rows).map(|_| random_row(&mut noise, format, columns)).collect();
        let inputs: Vec<_> = (0..tokens).map(|_| noise.floats(columns)).collect();
        let matrix = pack(format, columns, &raw);
        for path in Path::available() {
            let input = batch(path, matrix.activation_kind(), &inputs);
            let whole = products(path, &matrix, 0..matrix.tiles(), &input, 0..tokens);
            for (tiles, range) in
                [(0..1, 0..1), (1..3, 2..20), (3..4, 7..9), (2..2, 0..5), (0..4, 20..21)]
            {
                let part = products(path, &matrix, tiles.clone(), &input, range.clone());
                for (index, (part, whole)) in part.iter().zip(&whole).enumerate() {
                    let (token, row) = (index / (rows + 3), index % (rows + 3));
                    let inside =
                        range.contains(&token) && tiles.contains(&(row / 16)) && row < rows;
                    let expected = if inside { *whole } else { UNTOUCHED };
                    assert!(
                        (part - expected).abs() <= 1e-4 * expected.abs().max(1.0),
                        "{} {format:?} {tiles:?} {range:?} token {token} row {row}",
                        path.name()
                    );
                }
            }
        }
    }
}

#[test]
fn threads_may_share_a_batch_and_a_product() {
    let (rows, columns, tokens) = (64, 128, 16);
    let mut noise = Noise::new(13);
    let raw: Vec<_> =
        (0..rows).map(|_| random_row(&mut noise, BlockFormat::Q4_1, columns)).collect();
    let inputs: Vec<_> = (0..tokens).map(|_| noise.floats(columns)).collect();
    let matrix = pack(BlockFormat::Q4_1, columns, &raw);
    let path = Path::best();
    let alone = batch(path, ActivationKind::Int8, &inputs);
    let mut shared = Activations::new(ActivationKind::Int8, tokens, columns);
    shared.set_rows(tokens);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (shared, inputs) = (&shared, &inputs);
            scope.spawn(move || {
                for index in (thread..tokens).step_by(2) {
                    // SAFETY: one thread writes the even rows, the other the odd ones.
                    unsafe { shared.quantize_row_shared(path, index, &inputs[index]) };
                }
            });
        }
    });
    let all = 0..matrix.tiles();
    assert_eq!(
        products(path, &matrix, all.clone(), &alone, 0..tokens),
        products(path, &matrix, all, &shared, 0..tokens),
    );
}

#[test]
fn broken_inputs_show_in_the_outputs() {
    let mut noise = Noise::new(17);
    let raw = vec![random_row(&mut noise, BlockFormat::Q4_1, 64)];
    let matrix = pack(BlockFormat::Q4_1, 64, &raw);
    for path in Path::available() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut input = noise.floats(64);
            input[40] = broken;
            let batch = batch(path, ActivationKind::Int8, &[input]);
            let out = products(path, &matrix, 0..1, &batch, 0..1);
            assert!(out[0].is_nan(), "{} {broken}: {}", path.name(), out[0]);
        }
        let tiny = batch(path, ActivationKind::Int8, &[vec![1e-40; 64]]);
        assert_eq!(products(path, &matrix, 0..1, &tiny, 0..1)[0].abs(), 0.0, "{}", path.name());
    }
}

#[test]
#[should_panic(expected = "columns of the matrix and of the batch")]
fn other_columns_are_refused() {
    let matrix = pack(BlockFormat::Q4_1, 64, &[vec![0; 40]]);
    let input = batch(Path::SCALAR, ActivationKind::Int8, &[vec![0.0; 32]]);
    products(Path::SCALAR, &matrix, 0..1, &input, 0..1);
}

#[test]
#[should_panic(expected = "tiles 0..2 of 1")]
fn tiles_beyond_the_matrix_are_refused() {
    let matrix = pack(BlockFormat::Q4_1, 64, &[vec![0; 40]]);
    let input = batch(Path::SCALAR, ActivationKind::Int8, &[vec![0.0; 64]]);
    products(Path::SCALAR, &matrix, 0..2, &input, 0..1);
}

#[test]
#[should_panic(expected = "kind of the batch")]
fn the_other_kind_of_batch_is_refused() {
    let matrix = pack(BlockFormat::F32, 64, &[vec![0; 256]]);
    let input = batch(Path::SCALAR, ActivationKind::Int8, &[vec![0.0; 64]]);
    products(Path::SCALAR, &matrix, 0..1, &input, 0..1);
}

proptest! {
    /// Whatever a file holds, paths agree on finite results and nothing crashes.
    #[test]
    fn paths_agree_on_any_bytes(
        bytes in prop::collection::vec(any::<u8>(), 3 * 176 * 2),
        format in 0..BlockFormat::ALL.len(),
        bits in prop::collection::vec(any::<u32>(), 256),
    ) {
        let format = BlockFormat::ALL[format];
        let columns = 256;
        let row_bytes = format.row_bytes(columns).expect("whole blocks");
        let raw: Vec<_> =
            bytes.iter().copied().cycle().take(3 * row_bytes).collect::<Vec<_>>()
                .chunks_exact(row_bytes).map(<[u8]>::to_vec).collect();
        let input: Vec<_> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        let small: Vec<_> = input.iter().map(|value| (value.abs().min(1e30)).ln_1p()).collect();
        let matrix = pack(format, columns, &raw);
        let inputs = [input, small];
        let run = |path| {
            let batch = batch(path, matrix.activation_kind(), &inputs);
            products(path, &matrix, 0..1, &batch, 0..2)
        };
        let reference = run(Path::SCALAR);
        for path in Path::available() {
            for (value, expected) in run(path).iter().zip(&reference) {
                if expected.is_finite() && value.is_finite() {
                    // Sums of numbers this large may cancel; only wild differences are wrong.
                    let size = f64::from(expected.abs()).max(1e6);
                    let wild = f64::from((value - expected).abs()) > 1e3 * size;
                    prop_assert!(!wild || expected.abs() > 1e15, "{value} {expected}");
                }
            }
        }
    }
}
