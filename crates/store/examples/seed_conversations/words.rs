//! Words that are made up, and as unevenly used as those of a language.

use testkit::Random;

pub(crate) const VOCABULARY: u64 = 40_000;

pub(crate) fn text(random: &mut Random, words: usize) -> String {
    let words: Vec<String> = (0..words).map(|_| word(rank(random))).collect();
    words.join(" ")
}

/// The n-th word is used about n times less often than the first one (Zipf's law).
fn rank(random: &mut Random) -> u64 {
    let scale = 1 << random.below(u64::from(VOCABULARY.ilog2()) + 1);
    (scale - 1 + random.below(scale)).min(VOCABULARY - 1)
}

/// Two to four syllables that are always the same for one number.
pub(crate) fn word(rank: u64) -> String {
    let mut bits = rank.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let syllables = 2 + u64::from(rank > 200) + u64::from(rank > 5_000);
    let mut word = String::new();
    for _ in 0..syllables {
        for letters in ["bcdfghklmnprstvz", "aeiouyaeiouyaeio"] {
            word.push(char::from(letters.as_bytes()[(bits >> 60) as usize]));
            bits <<= 4;
        }
    }
    word
}
