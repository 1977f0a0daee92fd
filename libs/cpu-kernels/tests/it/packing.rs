//! Packing, unpacking, and what is refused.

use cpu_kernels::{BlockFormat, PackError, PackedMatrix};
use proptest::prelude::*;

use crate::blocks::{decode_row, packing_error, random_row};
use crate::noise::Noise;

#[test]
fn packed_rows_read_back_as_they_were() {
    for format in BlockFormat::ALL {
        for rows in [1, 15, 16, 17, 40] {
            for blocks in [1, 2, 3, 5] {
                check_round_trip(format, rows, blocks * format.block_len());
            }
        }
    }
}

fn check_round_trip(format: BlockFormat, rows: usize, columns: usize) {
    let mut noise = Noise::new(1);
    let raw: Vec<_> = (0..rows).map(|_| random_row(&mut noise, format, columns)).collect();
    let mut packer = PackedMatrix::packer(rows, columns, format).expect("a valid shape");
    // In pieces of one row, then of two, then of three.
    let mut rest = raw.as_slice();
    for count in (1..=3).cycle() {
        let (piece, later) = rest.split_at(count.min(rest.len()));
        packer.push_rows(&piece.concat()).expect("whole rows");
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    let matrix = packer.finish().expect("all rows");
    assert_eq!((matrix.rows(), matrix.columns()), (rows, columns));
    assert_eq!(matrix.tiles(), rows.div_ceil(16));
    let mut out = vec![0.0; columns];
    for (row, raw) in raw.iter().enumerate() {
        matrix.dequantize_row(row, &mut out);
        check_row(format, raw, &out);
    }
}

/// Parts in any order, and tiles that were kept, are the same bytes.
#[test]
fn parts_and_kept_tiles_are_the_same_matrix() {
    let mut noise = Noise::new(41);
    for format in BlockFormat::ALL {
        let columns = 2 * format.block_len();
        for (rows, rows_per_part) in [(1, 1), (16, 1), (40, 16), (100, 33), (40, 1000), (33, 0)] {
            let raw: Vec<_> = (0..rows).map(|_| random_row(&mut noise, format, columns)).collect();
            let packer = || PackedMatrix::packer(rows, columns, format).expect("a valid shape");
            let mut whole = packer();
            whole.push_rows(&raw.concat()).expect("all rows");
            let whole = whole.finish().expect("all rows");

            let mut divided = packer();
            let mut parts: Vec<_> = divided.parts(rows_per_part).collect();
            parts.reverse();
            for part in &mut parts {
                let rows = &raw[part.rows()];
                let (first, rest) = rows.split_at(rows.len() / 2);
                part.push_rows(&first.concat()).expect("some rows");
                part.push_rows(&rest.concat()).expect("the others");
                let error = part.push_rows(&raw[0]).expect_err("a refusal");
                assert!(matches!(error, PackError::TooManyRows { .. }), "{error}");
            }
            assert_eq!(divided.outline().tiles(), whole.tiles());
            let divided = divided.finish().expect("all rows");
            assert!(divided.as_bytes() == whole.as_bytes(), "{format:?} {rows} {rows_per_part}");

            let mut restored = packer();
            restored.restore().copy_from_slice(whole.as_bytes());
            let restored = restored.finish().expect("all rows");
            let values = |matrix: &PackedMatrix| {
                let mut out = vec![0.0; columns];
                matrix.dequantize_row(rows - 1, &mut out);
                out.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(values(&restored), values(&whole), "{format:?}");
        }
    }
}

#[test]
fn a_part_that_is_left_out_is_missed() {
    let mut packer = PackedMatrix::packer(40, 32, BlockFormat::Q8_0).expect("a valid shape");
    for mut part in packer.parts(16).skip(1) {
        let rows = part.rows().len();
        part.push_rows(&vec![0; rows * 34]).expect("its rows");
    }
    let error = packer.finish().expect_err("a refusal");
    assert_eq!(error.to_string(), "only 24 of 40 rows were pushed");
}

#[test]
fn three_formats_are_floats() {
    let value = 1.5_f32;
    let numbers = |format: BlockFormat, bytes: &[u8]| {
        let mut numbers = vec![7.0];
        format.read_floats(bytes, &mut numbers).then_some(numbers)
    };
    let expected = Some(vec![1.5]);
    assert_eq!(numbers(BlockFormat::F32, &value.to_le_bytes()), expected);
    assert_eq!(numbers(BlockFormat::F16, &half::f16::from_f32(value).to_le_bytes()), expected);
    assert_eq!(numbers(BlockFormat::Bf16, &half::bf16::from_f32(value).to_le_bytes()), expected);
    assert_eq!(numbers(BlockFormat::Q8_0, &[0; 34]), None);
}

/// Holds what was packed against the exact values of a row.
fn check_row(format: BlockFormat, raw: &[u8], out: &[f32]) {
    let exact = decode_row(format, raw);
    for (group, (exact, out)) in exact.chunks(32).zip(out.chunks(32)).enumerate() {
        let tolerance = packing_error(format, exact);
        for (column, (value, expected)) in out.iter().zip(exact).enumerate() {
            assert!(
                (f64::from(*value) - expected).abs() <= tolerance,
                "{format:?}, column {}: {value} {expected}, {tolerance}",
                32 * group + column
            );
        }
    }
}

/// Blocks with their 256 values as the `gguf` package reads them; see
/// `conformance/oracle/make_block_golden.py`.
#[test]
fn blocks_mean_what_the_reference_says() {
    let golden = include_str!("../fixtures/block_golden.txt");
    let mut lines = golden.lines().filter(|line| !line.starts_with('#'));
    let mut checked = 0;
    while let (Some(name), Some(block), Some(values)) = (lines.next(), lines.next(), lines.next()) {
        let format = BlockFormat::ALL
            .into_iter()
            .find(|format| format!("{format:?}").eq_ignore_ascii_case(name))
            .expect("a known format");
        let block = bytes_of(block);
        let values: Vec<f32> =
            bytes_of(values).as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        let exact = decode_row(format, &block);
        assert_eq!(exact.len(), values.len(), "{name}");
        for (column, (exact, value)) in exact.iter().zip(&values).enumerate() {
            // The reference computes in single precision.
            let size = exact.abs().max(1e-3);
            assert!((exact - f64::from(*value)).abs() < 1e-6 * size, "{name}, column {column}");
        }
        let mut packer = PackedMatrix::packer(1, values.len(), format).expect("a valid shape");
        packer.push_rows(&block).expect("a row");
        let mut out = vec![0.0; values.len()];
        packer.finish().expect("all rows").dequantize_row(0, &mut out);
        check_row(format, &block, &out);
        checked += 1;
    }
    assert_eq!(checked, 5, "every format with super-blocks");
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("digits"));
    digits.map(|two| u8::from_str_radix(two, 16).expect("hexadecimal")).collect()
}

/// Equal scales in both halves of a group lose nothing but the rounding of the folded scale.
#[test]
fn codes_are_kept_where_they_fit() {
    let mut noise = Noise::new(23);
    let mut block = random_row(&mut noise, BlockFormat::Q6K, 256);
    block[192..208].fill(4);
    block[208..210].copy_from_slice(&half::f16::from_f32(0.125).to_le_bytes());
    let mut packer = PackedMatrix::packer(1, 256, BlockFormat::Q6K).expect("a valid shape");
    packer.push_rows(&block).expect("a row");
    let mut out = vec![0.0; 256];
    packer.finish().expect("all rows").dequantize_row(0, &mut out);
    let exact = decode_row(BlockFormat::Q6K, &block);
    assert!(out.iter().zip(&exact).all(|(value, exact)| f64::from(*value) == *exact));
}

#[test]
fn sizes_are_those_of_the_file_format() {
    let check = |format: BlockFormat, columns, bytes| {
        assert_eq!(format.row_bytes(columns), bytes, "{format:?} of {columns}");
    };
    check(BlockFormat::F32, 7, Some(28));
    check(BlockFormat::F16, 7, Some(14));
    check(BlockFormat::Q4_0, 64, Some(36));
    check(BlockFormat::Q4_1, 576, Some(360));
    check(BlockFormat::Q5_0, 32, Some(22));
    check(BlockFormat::Q5_1, 32, Some(24));
    check(BlockFormat::Q8_0, 576, Some(612));
    check(BlockFormat::Q4K, 512, Some(288));
    check(BlockFormat::Q5K, 256, Some(176));
    check(BlockFormat::Q2K, 256, Some(84));
    check(BlockFormat::Q3K, 512, Some(220));
    check(BlockFormat::Q6K, 256, Some(210));
    check(BlockFormat::Q4_1, 33, None);
    check(BlockFormat::F32, usize::MAX, None);
}

#[test]
fn hostile_shapes_are_refused() {
    let check = |rows, columns, format, expected: fn(&PackError) -> bool| {
        let error = PackedMatrix::packer(rows, columns, format).expect_err("a refusal");
        assert!(expected(&error), "{rows} x {columns} {format:?}: {error:?}");
    };
    check(0, 32, BlockFormat::Q4_1, |error| matches!(error, PackError::Empty { .. }));
    check(32, 0, BlockFormat::Q4_1, |error| matches!(error, PackError::Empty { .. }));
    check(1, 33, BlockFormat::Q8_0, |error| {
        matches!(error, PackError::PartialBlock { columns: 33, block_len: 32, .. })
    });
    check(1, 128, BlockFormat::Q4K, |error| matches!(error, PackError::PartialBlock { .. }));
    for format in BlockFormat::ALL {
        let most = usize::MAX - usize::MAX % 256;
        for (rows, columns) in [(usize::MAX, 256), (1, most), (usize::MAX, most), (1 << 40, most)] {
            check(rows, columns, format, |error| matches!(error, PackError::TooLarge { .. }));
        }
        check(1 << 31, 1 << 30, format, |error| {
            matches!(error, PackError::OutOfMemory { .. } | PackError::TooLarge { .. })
        });
    }
}

#[test]
fn wrong_amounts_of_rows_are_refused() {
    let mut packer = PackedMatrix::packer(2, 32, BlockFormat::Q8_0).expect("a valid shape");
    assert_eq!(packer.row_bytes(), 34);
    let error = packer.push_rows(&[0; 35]).expect_err("a refusal");
    assert_eq!(error.to_string(), "35 bytes are not a whole number of rows of 34 bytes");
    packer.push_rows(&[]).expect("no rows");
    packer.push_rows(&[0; 34]).expect("one row");
    let error = packer.push_rows(&[0; 68]).expect_err("a refusal");
    assert_eq!(error.to_string(), "3 rows pushed for a matrix of 2");
    let error = packer.finish().expect_err("a refusal");
    assert_eq!(error.to_string(), "only 1 of 2 rows were pushed");
}

#[test]
fn large_claims_take_no_memory_before_rows_arrive() {
    // 16 GiB of address space; touching it would be noticed.
    let packer = PackedMatrix::packer(1 << 20, 1 << 12, BlockFormat::F32).expect("a valid shape");
    assert!(matches!(packer.finish(), Err(PackError::MissingRows { pushed: 0, .. })));
}

proptest! {
    #[test]
    fn any_bytes_pack(
        raw in prop::collection::vec(any::<u8>(), 0..2000),
        format in 0..BlockFormat::ALL.len(),
    ) {
        let format = BlockFormat::ALL[format];
        let columns = format.block_len();
        let rows = raw.len() / format.block_bytes();
        prop_assume!(rows > 0);
        let mut packer = PackedMatrix::packer(rows, columns, format).expect("a valid shape");
        packer.push_rows(&raw[..rows * format.block_bytes()]).expect("whole rows");
        let matrix = packer.finish().expect("all rows");
        let mut out = vec![0.0; columns];
        for row in 0..rows {
            matrix.dequantize_row(row, &mut out);
        }
    }

    /// The bound on what repacking loses holds from the smallest scales to large ones.
    #[test]
    fn repacked_values_stay_within_half_a_step(
        mut block in prop::collection::vec(any::<u8>(), 210),
        scale in 0..0x5000_u16,
        minimum in 0..0x5000_u16,
        negative in any::<bool>(),
    ) {
        let scale = (scale | (u16::from(negative) << 15)).to_le_bytes();
        for (format, places) in [
            (BlockFormat::Q2K, &[80, 82][..]),
            (BlockFormat::Q3K, &[108]),
            (BlockFormat::Q6K, &[208]),
        ] {
            for (place, value) in places.iter().zip([scale, minimum.to_le_bytes()]) {
                block[*place..place + 2].copy_from_slice(&value);
            }
            let block = &block[..format.block_bytes()];
            let mut packer = PackedMatrix::packer(1, 256, format).expect("a valid shape");
            packer.push_rows(block).expect("a row");
            let mut out = vec![0.0; 256];
            packer.finish().expect("all rows").dequantize_row(0, &mut out);
            check_row(format, block, &out);
        }
    }
}

#[test]
fn broken_scales_show_in_the_values() {
    for (format, place) in [
        (BlockFormat::Q2K, 80),
        (BlockFormat::Q2K, 82),
        (BlockFormat::Q3K, 108),
        (BlockFormat::Q6K, 208),
    ] {
        for broken in [half::f16::NAN, half::f16::INFINITY, half::f16::NEG_INFINITY] {
            let mut block = vec![0xb7; format.block_bytes()];
            block[place..place + 2].copy_from_slice(&broken.to_le_bytes());
            let mut packer = PackedMatrix::packer(1, 256, format).expect("a valid shape");
            packer.push_rows(&block).expect("a row");
            let mut out = vec![0.0; 256];
            packer.finish().expect("all rows").dequantize_row(0, &mut out);
            assert!(out.iter().all(|value| !value.is_finite()), "{format:?} {broken}");
        }
    }
}
