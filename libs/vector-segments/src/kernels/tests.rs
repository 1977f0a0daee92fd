//! Every implementation against arithmetic that is written differently.

use super::*;

/// A xorshift generator.
struct Noise(u64);

impl Noise {
    fn new(seed: usize) -> Noise {
        Noise((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[5]
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

/// All shapes up to eleven words, then some larger ones.
fn shapes() -> impl Iterator<Item = (usize, usize, usize)> {
    let words = (1..=11).chain([12, 16, 31, 64]);
    words.flat_map(|words| {
        [0, 1, 4, 8]
            .into_iter()
            .flat_map(move |prefix| [1, 2, 5].into_iter().map(move |rows| (words, prefix, rows)))
    })
}

fn row_numbers(rows: usize) -> Vec<u32> {
    // Backwards and one of them twice: rows need no order.
    let mut numbers: Vec<u32> = (0..u32::try_from(rows).unwrap()).rev().collect();
    numbers.push(0);
    numbers
}

fn expected_distance(bits: &[u8], codes: &[u8]) -> u16 {
    let difference = |(index, code): (usize, &u8)| {
        let set = (bits[index / 8] >> (index % 8)) & 1 == 1;
        u16::from(if set { 15 - code } else { *code })
    };
    codes.iter().enumerate().map(difference).sum()
}

#[test]
fn distances_agree_in_all_small_shapes() {
    for (words, prefix, rows) in shapes() {
        let mut noise = Noise::new(97 * words + prefix);
        let row_bytes = prefix + 8 * words;
        let bytes = noise.bytes(rows * row_bytes);
        let codes: Vec<u8> = noise.bytes(64 * words).iter().map(|byte| byte % 16).collect();
        let numbers = row_numbers(rows);
        for instructions in Instructions::available() {
            let mut out = vec![0; numbers.len()];
            let table = Table::new(&bytes, row_bytes, prefix);
            distances(instructions, table, &numbers, &Planes::new(&codes), &mut out);
            for (row, found) in numbers.iter().zip(out) {
                let start = *row as usize * row_bytes + prefix;
                let expected = expected_distance(&bytes[start..start + 8 * words], &codes);
                assert_eq!(found, expected, "{} {words} {prefix} {row}", instructions.name());
            }
        }
    }
}

#[test]
fn products_agree_in_all_small_shapes() {
    for (words, prefix, rows) in shapes() {
        let mut noise = Noise::new(89 * words + prefix);
        let row_bytes = prefix + 64 * words;
        let bytes = noise.bytes(rows * row_bytes);
        let query: Vec<i16> = (0..64 * words)
            .map(|_| {
                let wide = i16::from_le_bytes([noise.byte(), noise.byte()]);
                wide % (QUERY_CODE_MAX + 1)
            })
            .collect();
        let numbers = row_numbers(rows);
        for instructions in Instructions::available() {
            let mut out = vec![0; numbers.len()];
            products(
                instructions,
                Table::new(&bytes, row_bytes, prefix),
                &numbers,
                &query,
                &mut out,
            );
            for (row, found) in numbers.iter().zip(out) {
                let start = *row as usize * row_bytes + prefix;
                let pairs = bytes[start..start + 64 * words].iter().zip(&query);
                let expected: i64 = pairs
                    .map(|(code, query)| i64::from(code.cast_signed()) * i64::from(*query))
                    .sum();
                assert_eq!(i64::from(found), expected, "{} {words} {row}", instructions.name());
            }
        }
    }
}

#[test]
fn the_largest_sums_fit() {
    let length = crate::DIMENSION_MAX;
    let codes = vec![128_u8; length];
    for (query, expected) in [(QUERY_CODE_MAX, -128_i64 * 4095), (-QUERY_CODE_MAX, 128 * 4095)] {
        let query = vec![query; length];
        let bits = vec![255_u8; length / 8];
        let planes = Planes::new(&vec![0; length]);
        for instructions in Instructions::available() {
            let mut product = [0];
            products(instructions, Table::new(&codes, length, 0), &[0], &query, &mut product);
            assert_eq!(i64::from(product[0]), expected * 4096, "{}", instructions.name());
            let mut distance = [0];
            distances(instructions, Table::new(&bits, length / 8, 0), &[0], &planes, &mut distance);
            assert_eq!(distance, [15 * 4096], "{}", instructions.name());
        }
    }
}

#[test]
fn rows_that_are_not_there_are_zero() {
    let bytes = [255; 8];
    for instructions in Instructions::available() {
        let mut out = [7; 2];
        let table = Table::new(&bytes, 8, 0);
        distances(instructions, table, &[1, u32::MAX], &Planes::new(&[0; 64]), &mut out);
        assert_eq!(out, [0, 0]);
        assert!(table.float(u32::MAX, 0).abs() < f32::EPSILON);
    }
}
