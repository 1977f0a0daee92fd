//! Tensors of every format, packed by any number of threads.

use std::{error::Error as _, io::Write as _};

use cpu_kernels::PackedMatrix;

use super::{LoadProgress, Loading, ModelError, Packing, Source, load};
use crate::{
    checkpoint::Checkpoint,
    gguf::{TensorType, writer::Writer},
};

const COLUMNS: usize = 256;
/// Several parts of a megabyte in most formats, and no whole number of tiles.
const ROWS: usize = 5003;

const KINDS: [TensorType; 13] = [
    TensorType::F32,
    TensorType::F16,
    TensorType::BF16,
    TensorType::Q4_0,
    TensorType::Q4_1,
    TensorType::Q5_0,
    TensorType::Q5_1,
    TensorType::Q8_0,
    TensorType::Q2_K,
    TensorType::Q3_K,
    TensorType::Q4_K,
    TensorType::Q5_K,
    TensorType::Q6_K,
];

/// A file with a matrix of each format, each with a vector behind it.
pub(super) fn file() -> tempfile::NamedTempFile {
    let mut state = 7_u64;
    let mut random = |bytes: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_le_bytes()[6]
        };
        (0..bytes).map(|_| next()).collect()
    };
    let mut writer = Writer::new();
    for kind in KINDS {
        let rows = if kind == TensorType::F32 { 1003 } else { ROWS };
        let bytes = rows * COLUMNS / usize::try_from(kind.block_elements()).unwrap()
            * usize::try_from(kind.block_bytes()).unwrap();
        let shape = [COLUMNS as u64, rows as u64];
        writer = writer.with_tensor(kind.as_str(), &shape, kind, &random(bytes));
        let numbers = f32::from(u8::try_from(rows % 100).unwrap()).to_le_bytes().repeat(COLUMNS);
        let name = format!("{} vector", kind.as_str());
        writer = writer.with_tensor(&name, &[COLUMNS as u64], TensorType::F32, &numbers);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&writer.bytes()).unwrap();
    file
}

/// Everything in that file; vectors are asked for after what stands behind them.
pub(super) fn everything(
    source: &mut Source<'_>,
) -> Result<(Vec<PackedMatrix>, Vec<Vec<f32>>), ModelError> {
    let (mut matrices, mut vectors) = (Vec::new(), Vec::new());
    for kind in KINDS {
        let rows = source.rows(kind.as_str()).unwrap();
        matrices.push(source.matrix(kind.as_str(), rows, COLUMNS)?);
        vectors.push(source.vector(&format!("{} vector", kind.as_str()), COLUMNS)?);
    }
    source.pack(Packing::Bytes);
    matrices.push(source.matrix("Q4_0", ROWS, COLUMNS)?);
    vectors.push(source.row("Q8_0", ROWS, COLUMNS, 5000)?);
    Ok((matrices, vectors))
}

#[test]
fn any_number_of_threads_packs_the_same() {
    let file = file();
    let checkpoint = Checkpoint::open(file.path()).unwrap();
    let packed = |threads| {
        let progress = LoadProgress::default();
        let loading = Loading::new(threads, &progress);
        let (matrices, vectors) = load(&checkpoint, None, &loading, everything).unwrap();
        assert!(progress.bytes_total() > 10 << 20);
        assert_eq!(progress.bytes_done(), progress.bytes_total());
        (matrices, vectors)
    };
    let (matrices, vectors) = packed(1);
    assert_eq!(vectors[0], [3.0; COLUMNS]);
    for threads in [0, 2, 3, 16] {
        let (others, other_vectors) = packed(threads);
        assert_eq!(others.len(), matrices.len());
        for (index, (one, other)) in matrices.iter().zip(&others).enumerate() {
            assert!(one.as_bytes() == other.as_bytes(), "matrix {index}, {threads} threads");
        }
        let bits = |vectors: &[Vec<f32>]| -> Vec<u32> {
            vectors.iter().flatten().map(|number| number.to_bits()).collect()
        };
        assert_eq!(bits(&vectors), bits(&other_vectors));
    }
}

#[test]
fn the_first_tensor_that_cannot_be_read_is_named() {
    let file = file();
    let checkpoint = Checkpoint::open(file.path()).unwrap();
    for cut in ["Q4_1", "Q8_0 vector", "Q6_K"] {
        let start = checkpoint.tensor(cut).unwrap().offset;
        file.as_file().set_len(start + 5).unwrap();
        for threads in [1, 2, 8, 8, 8] {
            let progress = LoadProgress::default();
            let loading = Loading::new(threads, &progress);
            // What stands behind it is missing too.
            let error = load(&checkpoint, None, &loading, everything).unwrap_err();
            assert_eq!(error.to_string(), format!("could not read the tensor `{cut}`"));
            assert!(error.source().is_some());
        }
        // Zeroes are tensors as well.
        file.as_file().set_len(1 << 26).unwrap();
    }
}

#[test]
fn a_load_that_is_called_off_ends() {
    let file = file();
    let checkpoint = Checkpoint::open(file.path()).unwrap();
    let progress = LoadProgress::default();
    progress.stop();
    let loading = Loading::new(2, &progress);
    let error = load(&checkpoint, None, &loading, everything).unwrap_err();
    assert!(matches!(error, ModelError::Stopped), "{error}");
    assert!(progress.bytes_done() < progress.bytes_total() / 10);
}
