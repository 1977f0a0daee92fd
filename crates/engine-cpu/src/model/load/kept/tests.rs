//! Files of packed weights, whole and damaged.

use std::io::{Read as _, Seek as _};

use super::*;
use crate::{
    gguf::mutations::Mutations,
    model::load::{
        source::Source,
        tests::{everything, file},
    },
};

const KEY: WeightsKey = WeightsKey::from_bytes([7; 32]);

/// A model of all formats, and what is kept of it.
struct Bench {
    checkpoint: Checkpoint,
    model: tempfile::NamedTempFile,
    origin: Origin,
    head: Vec<u8>,
    packed: Packed,
    /// The file that was written.
    bytes: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let model = file();
        let checkpoint = Checkpoint::open(model.path()).unwrap();
        let origin = Origin::of(&"ab".repeat(32), &checkpoint).unwrap();
        let head = head(&origin, &plans(&checkpoint));
        let packed = plans(&checkpoint).pack(&checkpoint, 2, &LoadProgress::default()).unwrap();
        let unkept = Unkept::new(head.clone(), &packed);
        let mut written = tempfile::tempfile().unwrap();
        unkept.write(&written, &KEY, &|| false).unwrap();
        let mut bytes = Vec::new();
        written.rewind().unwrap();
        written.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, unkept.bytes());
        Self { checkpoint, model, origin, head, packed, bytes }
    }

    fn read(&self, bytes: &[u8], key: &WeightsKey, threads: usize) -> Result<Packed, KeptError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let progress = LoadProgress::default();
        read(plans(&self.checkpoint), &file, &self.head, key, (threads, &progress))
    }

    fn refusal(&self, bytes: &[u8]) -> String {
        self.read(bytes, &KEY, 2).map(drop).expect_err("a refusal").to_string()
    }

    /// Where tags and chunks begin.
    fn sections(&self) -> [usize; 2] {
        let unkept = Unkept::new(self.head.clone(), &self.packed);
        [self.head.len(), self.head.len() + unkept.chunks().count() * TAG_BYTES]
    }
}

fn plans(checkpoint: &Checkpoint) -> Plans<'_> {
    let mut source = Source::planning(checkpoint, None);
    everything(&mut source).unwrap();
    source.into_plans()
}

#[test]
fn every_kind_of_tile_reads_back_as_it_was() {
    let bench = Bench::new();
    for threads in [1, 2, 9] {
        let read = bench.read(&bench.bytes, &KEY, threads).unwrap();
        assert_eq!(read.matrices.len(), bench.packed.matrices.len());
        for (one, other) in read.matrices.iter().zip(&bench.packed.matrices) {
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
            assert!(one.as_bytes() == other.as_bytes(), "{one:?}");
        }
        assert_eq!(read.vectors, bench.packed.vectors);
    }
}

#[test]
fn no_byte_of_the_head_or_the_tags_may_be_another() {
    let bench = Bench::new();
    let [tags, chunks] = bench.sections();
    let mut bytes = bench.bytes.clone();
    for at in 0..tags {
        bytes[at] ^= 1 << (at % 8);
        assert_eq!(bench.refusal(&bytes[..chunks]), KeptError::Other.to_string(), "byte {at}");
        bytes[at] = bench.bytes[at];
    }
    for at in (tags..chunks).step_by(67) {
        bytes[at] ^= 1 << (at % 8);
        assert_eq!(bench.refusal(&bytes), KeptError::Changed.to_string(), "byte {at}");
        bytes[at] = bench.bytes[at];
    }
}

#[test]
fn a_file_that_is_cut_or_longer_is_refused() {
    let bench = Bench::new();
    let [tags, chunks] = bench.sections();
    let whole = bench.bytes.len();
    let lengths = [0, 1, 8, 40, tags - 1, tags, tags + 1, chunks - 1, chunks, chunks + 1];
    for length in lengths.into_iter().chain([whole - (1 << 20), whole - 4, whole - 1]) {
        bench.refusal(&bench.bytes[..length]);
    }
    assert_eq!(bench.refusal(&[&bench.bytes[..], &[0]].concat()), KeptError::Length.to_string());
}

#[test]
fn damage_anywhere_is_found() {
    let bench = Bench::new();
    let seed = 20_261_122;
    let mut mutations = Mutations(seed);
    for round in 0..60 {
        let mut bytes = bench.bytes.clone();
        mutations.mutate(&mut bytes);
        if bytes != bench.bytes {
            let read = bench.read(&bytes, &KEY, 2);
            assert!(read.is_err(), "seed {seed}, round {round}");
        }
    }
    // Chunks that are whole, at each other's place.
    let [_, chunks] = bench.sections();
    let mut bytes = bench.bytes.clone();
    let (one, other) = bytes[chunks..].split_at_mut(CHUNK_BYTES);
    one.swap_with_slice(&mut other[..CHUNK_BYTES]);
    assert_eq!(bench.refusal(&bytes), KeptError::Changed.to_string());
}

#[test]
fn another_key_or_another_source_is_refused() {
    let bench = Bench::new();
    let other = WeightsKey::from_bytes([8; 32]);
    let read = bench.read(&bench.bytes, &other, 2);
    assert!(matches!(read, Err(KeptError::Changed)));
    let mut changes: Vec<Origin> = vec![bench.origin.clone(); 2];
    changes[0].digest.replace_range(0..1, "b");
    changes[1].stamps.clear();
    for origin in changes {
        assert_ne!(head(&origin, &plans(&bench.checkpoint)), bench.head, "{origin:?}");
    }
    // A change that leaves the length as it was.
    let before = bench.checkpoint.stamps().unwrap();
    let mut model = bench.model.reopen().unwrap();
    while bench.checkpoint.stamps().unwrap() == before {
        model.rewind().unwrap();
        model.write_all(b"GGUF").unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_used_is_packed_again_from_the_start() {
    let bench = Bench::new();
    let mut damaged = tempfile::tempfile().unwrap();
    let mut bytes = bench.bytes.clone();
    *bytes.last_mut().unwrap() ^= 1;
    damaged.write_all(&bytes).unwrap();
    let kept = Kept {
        origin: bench.origin.clone(),
        key: KEY,
        file: Some(damaged),
        outcome: std::cell::RefCell::default(),
    };
    let progress = LoadProgress::default();
    let pack = |plans: Plans<'_>| plans.pack(&bench.checkpoint, 2, &progress);
    let planned = || Ok(plans(&bench.checkpoint));
    let packed = kept.load_kept(planned, pack, (2, &progress)).unwrap();
    for (one, other) in packed.matrices.iter().zip(&bench.packed.matrices) {
        assert!(one.as_bytes() == other.as_bytes());
    }
    assert!(matches!(kept.outcome.into_inner(), Outcome::Packed(Some(KeptError::Changed), _)));
}

#[test]
fn writing_ends_when_it_is_told_to() {
    let bench = Bench::new();
    let unkept = Unkept::new(bench.head.clone(), &bench.packed);
    let file = tempfile::tempfile().unwrap();
    let asked = std::cell::Cell::new(0);
    let error = unkept.write(&file, &KEY, &|| {
        asked.set(asked.get() + 1);
        asked.get() > 3
    });
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::Interrupted);
    assert!(file.metadata().unwrap().len() < 5 << 20);
}
