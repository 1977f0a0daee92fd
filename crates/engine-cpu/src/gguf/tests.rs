use std::{io::Write as _, mem, ops::Range};

use super::{
    header::Header,
    mutations::Mutations,
    writer::{Writer, Written},
    *,
};
use crate::checkpoint::ReadError;

fn sample() -> Writer {
    let words = ["", "a", "beta", "é"].map(str::to_owned).to_vec();
    Writer::new()
        .with("count", Written::U32(7))
        .with("negative", Written::I32(-7))
        .with("wide", Written::U64(1 << 40))
        .with("scale", Written::F32(0.5))
        .with("flag", Written::Bool(true))
        .with("words", Written::Texts(words))
        .with("kinds", Written::I32s(vec![1, -2, 3]))
        .with("scores", Written::F32s(vec![0.25, -1.0]))
        .with_tensor("matrix", &[4, 3], TensorType::F32, &(0..48).collect::<Vec<u8>>())
        .with_tensor("blocks", &[64, 2, 2], TensorType::Q4_0, &[9; 144])
}

fn read(bytes: &[u8]) -> Result<Header, GgufError> {
    Header::read(&mut &bytes[..], bytes.len() as u64)
}

fn open(bytes: &[u8]) -> Checkpoint {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    super::open(file.path()).unwrap()
}

#[test]
fn values_are_found_by_type() {
    let file = open(&sample().bytes());
    assert_eq!(file.architecture(), "test");
    assert_eq!(file.u32("count"), Some(7));
    assert_eq!(file.u64("count"), Some(7));
    assert_eq!(file.u64("wide"), Some(1 << 40));
    assert_eq!(file.u32("wide"), None, "does not fit");
    assert_eq!(file.u32("negative"), None, "does not fit");
    assert_eq!(file.f32("scale"), Some(0.5));
    assert_eq!(file.f32("count"), None, "another type");
    assert_eq!(file.bool("flag"), Some(true));
    assert_eq!(file.text("general.architecture"), Some("test"));
    assert_eq!(file.texts("words").unwrap(), ["", "a", "beta", "é"]);
    assert_eq!(file.ints("kinds"), Some(vec![1, -2, 3]));
    assert_eq!(file.ints("scores"), None, "another type");
    assert_eq!(file.floats("scores"), Some(vec![0.25, -1.0]));
    assert_eq!(file.text("absent"), None);
}

#[test]
fn rows_are_read_from_their_place() {
    let file = open(&sample().bytes());
    let matrix = file.tensor("matrix").unwrap();
    assert_eq!((matrix.columns(), matrix.rows(), matrix.row_bytes(), matrix.bytes), (4, 3, 16, 48));
    let mut out = vec![1, 2, 3];
    file.read_rows(matrix, 1..3, &mut out).unwrap();
    assert_eq!(out, (16..48).collect::<Vec<u8>>());
    file.read_rows(matrix, 3..3, &mut out).unwrap();
    assert!(out.is_empty());
    let blocks = file.tensor("blocks").unwrap();
    assert_eq!((blocks.columns(), blocks.rows(), blocks.row_bytes()), (64, 4, 36));
    file.read_rows(blocks, 0..4, &mut out).unwrap();
    assert_eq!(out, [9; 144]);
    assert_eq!(file.tensors().len(), 2);
    assert!(file.tensor("absent").is_none());
}

#[test]
fn rows_outside_the_tensor_or_the_file_are_refused() {
    let file = open(&sample().bytes());
    let matrix = file.tensor("matrix").unwrap().clone();
    let mut out = Vec::new();
    let reversed = Range { start: 2, end: 1 };
    for rows in [0..4, 4..5, reversed, 0..u64::MAX] {
        let error = file.read_rows(&matrix, rows, &mut out).unwrap_err();
        assert!(matches!(error, ReadError::Rows { rows: 3, .. }), "{error}");
    }
    // A tensor of another, larger file.
    for (shape, offset) in [(vec![4, 3], 1 << 40), (vec![4, 1 << 50], 0), (vec![1 << 62, 3], 0)] {
        let foreign = TensorInfo { shape, offset, ..matrix.clone() };
        let rows = 0..foreign.rows();
        assert!(file.read_rows(&foreign, rows, &mut out).is_err(), "{foreign:?}");
    }
}

#[test]
fn version_2_and_other_alignments_are_read() {
    let mut writer = sample().with("general.alignment", Written::U32(64));
    writer.version = 2;
    writer.alignment = 64;
    writer.tensors[1].offset = 64;
    let start = writer.bytes().len() - writer.content.len();
    let header = read(&writer.bytes()).unwrap();
    assert_eq!(start % 64, 0);
    assert_eq!(header.tensors[1].offset, start as u64 + 64);
}

/// Reads a file that differs from the sample, and compares the start of the error.
fn check(change: impl FnOnce(&mut Writer), expected: &str) {
    let mut writer = sample();
    change(&mut writer);
    check_bytes(&writer.bytes(), expected);
}

fn check_bytes(bytes: &[u8], expected: &str) {
    match read(bytes) {
        Ok(_) => panic!("accepted instead of: {expected}"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(expected), "`{text}` instead of `{expected}`");
        }
    }
}

fn add(writer: &mut Writer, key: &str, value: Written) {
    writer.metadata.push((key.to_owned(), value));
}

fn raw_list(kind: u32, count: u64, bytes: &[u8]) -> Written {
    let mut list = kind.to_le_bytes().to_vec();
    list.extend(count.to_le_bytes());
    list.extend(bytes);
    Written::Raw(9, list)
}

#[test]
fn malformed_beginnings_are_refused() {
    check_bytes(b"", "ends inside the magic number at byte 0");
    check_bytes(b"GG", "ends inside the magic number");
    check_bytes(b"GGUF", "ends inside the version at byte 4");
    check_bytes(b"PK\x03\x04........", "not a GGUF file");
    check(|writer| writer.version = 1, "version 1 is not supported");
    check(|writer| writer.version = 4, "version 4 is not supported");
    check(|writer| writer.version = 3_u32.swap_bytes(), "big-endian");
    let mut bytes = sample().bytes();
    bytes[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    check_bytes(&bytes, "the tensor table at byte 8 claims 18446744073709551615");
    let mut bytes = sample().bytes();
    bytes[16..24].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    check_bytes(&bytes, "the metadata table at byte 16 claims 1099511627776");
}

#[test]
fn malformed_metadata_is_refused() {
    check(|w| add(w, "count", Written::U32(1)), "`count` occurs twice");
    check(|w| w.metadata[0].0 = "other".to_owned(), "lacks a usable");
    check(|w| w.metadata[0].1 = Written::U32(1), "lacks a usable `general.architecture`");
    check(|w| add(w, "x", Written::Raw(13, vec![])), "metadata type 13 of `x`");
    check(|w| add(w, "x", Written::Raw(7, vec![2])), "`x` holds the boolean 2");
    check(|w| add(w, "x", raw_list(7, 2, &[1, 9])), "`x` holds the boolean 9");
    check(|w| add(w, "x", raw_list(9, 1, &[0; 12])), "`x` is a list inside a list");
    check(|w| add(w, "x", raw_list(99, 1, &[0; 12])), "metadata type 99 of `x`");
    check(|w| add(w, "x", raw_list(10, 1 << 61, &[])), "a list of numbers");
    check(|w| add(w, "x", raw_list(8, 1 << 61, &[])), "a list of texts");
    check(|w| add(w, "x", raw_list(7, u64::MAX, &[])), "a list of booleans");
    check(|w| add(w, &"k".repeat(70_000), Written::U32(1)), "a metadata key");
    let endless = u64::MAX.to_le_bytes().to_vec();
    check(|w| add(w, "x", Written::Raw(8, endless.clone())), "a metadata text");
    check(|w| add(w, "x", raw_list(8, 1, &endless)), "a text of a list");
    let mut bad_text = 1_u64.to_le_bytes().to_vec();
    bad_text.push(0xff);
    check(|w| add(w, "x", Written::Raw(8, bad_text)), "not valid UTF-8");
    for found in [0, 3, 1 << 20] {
        check(|w| add(w, "general.alignment", Written::U32(found)), "not a power of two");
    }
    check(|w| add(w, "general.alignment", Written::F32(1.0)), "lacks a usable");
}

#[test]
fn malformed_tensors_are_refused() {
    check(|w| w.tensors[0].shape.clear(), "no dimension");
    check(|w| w.tensors[0].shape[1] = 0, "a dimension is 0");
    check(|w| w.tensors[0].shape = vec![1; 5], "more than 4 dimensions");
    check(|w| w.tensors[1].shape[0] = 33, "not a whole number of blocks");
    check(|w| w.tensors[0].shape = vec![1 << 62, 8], "too large");
    check(|w| w.tensors[0].shape = vec![1 << 62, 1], "too large");
    check(|w| w.tensors[0].shape = vec![1 << 40, 1], "does not lie inside the file");
    check(|w| w.tensors[0].offset = 1 << 40, "does not lie inside the file");
    check(|w| w.tensors[0].offset = u64::MAX - 31, "does not lie inside the file");
    check(|w| w.tensors[0].offset = 8, "offset is not aligned");
    check(|w| w.tensors[1].offset = 32, "overlaps another tensor");
    check(|w| w.tensors[1].name = "matrix".to_owned(), "`matrix` occurs twice");
    check(|w| w.tensors[0].kind = 4, "ggml type 4 of tensor `matrix`");
    check(|w| w.tensors[0].kind = 1_000, "ggml type 1000 of tensor `matrix`");
    check(|w| w.tensors[0].name = "n".repeat(2_000), "a tensor name");
    check(|w| w.content.truncate(100), "does not lie inside the file");
}

#[test]
fn every_truncation_is_refused() {
    let bytes = sample().bytes();
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
    assert!(read(&bytes).is_ok());
    // A file that shrinks while it is read.
    for length in 0..bytes.len() - sample().content.len() - 32 {
        assert!(Header::read(&mut &bytes[..length], bytes.len() as u64).is_err(), "{length}");
    }
}

#[test]
fn formats_know_their_numbers_and_rows() {
    let mut known = 0;
    for number in 0..100 {
        let Some(kind) = TensorType::from_number(number) else { continue };
        known += 1;
        assert_eq!(kind.number(), number);
        assert_eq!(format!("{kind:?}"), kind.as_str());
    }
    assert_eq!(known, 30);
    let bytes = |kind, columns| TensorInfo::stored_bytes("t", &[columns, 2], kind).ok();
    assert_eq!(bytes(TensorType::Q4_1, 576), Some(720));
    assert_eq!(bytes(TensorType::Q4_1, 575), None);
    assert_eq!(bytes(TensorType::Q6_K, 256), Some(420));
}

/// Bytes that a header keeps on the heap.
fn heap_bytes(header: &Header) -> usize {
    let metadata: usize = header
        .metadata
        .iter()
        .map(|(key, value)| key.capacity() + mem::size_of_val(value) + 24 + value.heap_bytes())
        .sum();
    let tensors: usize = header
        .tensors
        .iter()
        .map(|tensor| mem::size_of_val(tensor) + 2 * tensor.name.capacity() + 4 * 8 + 32)
        .sum();
    metadata + tensors
}

#[test]
fn memory_stays_in_proportion_to_the_file() {
    let empty = Writer::new().with("words", Written::Texts(vec![String::new(); 100_000]));
    let bytes = empty.bytes();
    assert!(heap_bytes(&read(&bytes).unwrap()) <= 4 * bytes.len());
}

#[test]
fn mutated_files_are_read_or_refused() {
    const SEED: u64 = 0x6767_7566;
    println!("seed {SEED:#x}");
    let original = sample().bytes();
    let mut mutations = Mutations(SEED);
    let mut accepted = 0;
    for round in 0..20_000 {
        let mut bytes = original.clone();
        for _ in 0..=mutations.below(3) {
            mutations.mutate(&mut bytes);
        }
        let Ok(header) = read(&bytes) else { continue };
        accepted += 1;
        let memory = heap_bytes(&header);
        // Each table entry costs a little more in memory than in the file.
        assert!(memory <= 4 * bytes.len() + 4_096, "round {round}: {memory} of {}", bytes.len());
        for tensor in &header.tensors {
            let end = tensor.offset + tensor.bytes;
            assert!(end <= bytes.len() as u64, "round {round}: {tensor:?}");
            assert_eq!(tensor.rows() * tensor.row_bytes(), tensor.bytes, "round {round}");
        }
    }
    // Both ways are taken: most mutations hit content or values, many hit structure.
    assert!((2_000..18_000).contains(&accepted), "{accepted} accepted");
}
