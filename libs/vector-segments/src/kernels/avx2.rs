//! The kernels for AVX2 and POPCNT.
#![allow(clippy::wildcard_imports, reason = "intrinsics carry their own prefix")]
#![allow(clippy::cast_ptr_alignment, reason = "unaligned loads")]

use std::arch::x86_64::*;

use super::{BLOCK_WORDS, PLANES, Planes, Table, scalar, short};

/// How many of four bits are set, times the weight of a plane: for every plane, for every four
/// bits. Over all planes and both halves of a byte, that is at most 8 * 15 and fits a byte.
const WEIGHTED_COUNTS: [[u8; 16]; PLANES] = weighted_counts();

const fn weighted_counts() -> [[u8; 16]; PLANES] {
    let counts: [u8; 16] = [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4];
    let mut tables = [counts; PLANES];
    let mut plane = 1;
    while plane < PLANES {
        let mut bits = 0;
        while bits < 16 {
            tables[plane][bits] = counts[bits] << plane;
            bits += 1;
        }
        plane += 1;
    }
    tables
}

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn distances(sketches: Table<'_>, rows: &[u32], planes: &Planes, out: &mut [u16]) {
    let mut tables = [_mm256_setzero_si256(); PLANES];
    for (table, counts) in tables.iter_mut().zip(&WEIGHTED_COUNTS) {
        *table = _mm256_broadcastsi128_si256(load_half(counts));
    }
    let rest_planes = planes.rest();
    for (row, out) in rows.iter().zip(out) {
        let (blocks, rest) = sketches.payload(*row).as_chunks::<32>();
        let mut sums = _mm256_setzero_si256();
        for (block, planes) in blocks.iter().zip(&planes.blocks) {
            let counts = block_counts(load(block), planes, &tables);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
        }
        let mut distance = sum_of_quads(sums);
        let (words, _) = rest.as_chunks::<8>();
        for (word, planes) in words.iter().zip(rest_planes) {
            distance += scalar::word_distance(*word, planes);
        }
        *out = short(distance);
    }
}

/// For each byte of a sketch the weighted number of bits that differ: at most 8 * 15.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn block_counts(
    block: __m256i,
    planes: &[[u64; BLOCK_WORDS]; PLANES],
    tables: &[__m256i; PLANES],
) -> __m256i {
    let low = _mm256_set1_epi8(15);
    let mut counts = _mm256_setzero_si256();
    for (plane, table) in planes.iter().zip(tables) {
        let differing = _mm256_xor_si256(block, load_words(plane));
        let halves = [differing, _mm256_srli_epi16::<4>(differing)];
        for half in halves {
            let count = _mm256_shuffle_epi8(*table, _mm256_and_si256(half, low));
            counts = _mm256_add_epi8(counts, count);
        }
    }
    counts
}

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn products(codes: Table<'_>, rows: &[u32], query: &[i16], out: &mut [i32]) {
    let (query, _) = query.as_chunks::<32>();
    for (row, out) in rows.iter().zip(out) {
        let (codes, _) = codes.payload(*row).as_chunks::<32>();
        let mut sums = [_mm256_setzero_si256(); 2];
        for (codes, query) in codes.iter().zip(query) {
            let (codes, _) = codes.as_chunks::<16>();
            let (query, _) = query.as_chunks::<16>();
            for ((codes, query), sum) in codes.iter().zip(query).zip(&mut sums) {
                let codes = _mm256_cvtepi8_epi16(load_half(codes));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(codes, load_shorts(query)));
            }
        }
        *out = sum_of_longs(_mm256_add_epi32(sums[0], sums[1]));
    }
}

/// The sum of four numbers of 64 bits, which fits 32 bits.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn sum_of_quads(sums: __m256i) -> u32 {
    let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let sums = _mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums));
    _mm_cvtsi128_si32(sums).cast_unsigned()
}

/// The sum of eight numbers of 32 bits.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn sum_of_longs(sums: __m256i) -> i32 {
    let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let sums = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
    let sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b00_00_00_01>(sums));
    _mm_cvtsi128_si32(sums)
}

#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn load_half(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the array has 16 bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Words lie in memory as the bytes of a sketch do: x86-64 is little endian.
#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn load_words(words: &[u64; BLOCK_WORDS]) -> __m256i {
    // SAFETY: the array has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,popcnt")]
#[inline]
fn load_shorts(shorts: &[i16; 16]) -> __m256i {
    // SAFETY: the array has 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(shorts.as_ptr().cast()) }
}
