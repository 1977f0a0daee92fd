//! Words that can be compared and not read.

use std::{fmt, str};

use zeroize::Zeroizing;

use crate::KEY_LENGTH;

/// Characters of a token.
pub const TOKEN_LENGTH: usize = 8;

/// Bytes of the hash that a token keeps: 40 bits, so that one in a million million words that were
/// not asked for is found as well.
const KEPT: usize = 5;

/// Digits that no index folds or divides.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes tokens of words.
///
/// Equal words have equal tokens under one key. Whoever has the tokens alone learns how often each
/// word occurs and beside which, and not which word it is.
pub struct IndexKey(Zeroizing<[u8; KEY_LENGTH]>);

/// A word as it stands in the index: eight letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token([u8; TOKEN_LENGTH]);

impl IndexKey {
    pub(crate) const fn new(secret: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        Self(secret)
    }

    /// The token of a word, or of the beginning of one.
    pub fn token(&self, word: &str) -> Token {
        let hash = blake3::keyed_hash(&self.0, word.as_bytes());
        let kept = hash.as_bytes()[..KEPT].iter();
        let bits = kept.fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |place: usize| DIGITS[(bits >> (5 * place)) & 31];
        Token(std::array::from_fn(digit))
    }
}

impl Token {
    /// The eight characters.
    #[expect(clippy::expect_used, reason = "the digits are ASCII")]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

/// Shows nothing.
impl fmt::Debug for IndexKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IndexKey")
    }
}
