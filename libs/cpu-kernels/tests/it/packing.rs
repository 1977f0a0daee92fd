//! Packing, unpacking, and what is refused.

use cpu_kernels::{BlockFormat, PackError, PackedMatrix};
use proptest::prelude::*;

use crate::blocks::{decode_row, random_row, scale_rounding};
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
        for (column, (value, expected)) in out.iter().zip(decode_row(format, raw)).enumerate() {
            let tolerance = if scale_rounding(format) == 0.0 {
                expected.abs() * f64::from(f32::EPSILON) / 2.0
            } else {
                scale_rounding(format) * (31.0 + 1.0) * 63.0
            };
            assert!(
                (f64::from(*value) - expected).abs() <= tolerance,
                "{format:?} {rows} x {columns}, row {row}, column {column}: {value} {expected}"
            );
        }
    }
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
    fn any_bytes_pack(raw in prop::collection::vec(any::<u8>(), 0..2000), format in 0..10_usize) {
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
}
