//! The kernels in plain Rust.

use super::{PLANES, Planes, Table, short};

pub(super) fn distances(sketches: Table<'_>, rows: &[u32], planes: &Planes, out: &mut [u16]) {
    for (row, out) in rows.iter().zip(out) {
        let (words, _) = sketches.payload(*row).as_chunks::<8>();
        let distances =
            words.iter().zip(&planes.words).map(|(word, planes)| word_distance(*word, planes));
        *out = short(distances.sum());
    }
}

/// The part of a distance that is due to 64 coordinates.
#[inline]
pub(super) fn word_distance(word: [u8; 8], planes: &[u64; PLANES]) -> u32 {
    let word = u64::from_le_bytes(word);
    let planes = planes.iter().enumerate();
    planes.map(|(plane, bits)| (word ^ bits).count_ones() << plane).sum()
}

pub(super) fn products(codes: Table<'_>, rows: &[u32], query: &[i16], out: &mut [i32]) {
    for (row, out) in rows.iter().zip(out) {
        let products = codes.payload(*row).iter().zip(query);
        *out =
            products.map(|(code, query)| i32::from(code.cast_signed()) * i32::from(*query)).sum();
    }
}
