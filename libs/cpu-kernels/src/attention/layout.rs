//! How keys and values lie in memory.
#![expect(unsafe_code, reason = "workers store tokens of one plane at the same time")]
#![expect(clippy::inline_always, reason = "must melt into a function that has the instructions")]

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::scalar;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::path::{Path, PathKind, dispatch};
use crate::vector::to_f16;

/// Words of 16 bits that a scale takes.
const SCALE_WORDS: usize = 2;

/// How exactly keys and values are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KvPrecision {
    /// IEEE 754 half precision.
    #[default]
    F16,
    /// Signed bytes, with one scale for each key and each value.
    Q8,
}

impl KvPrecision {
    /// All of them, the most exact first.
    pub const ALL: [KvPrecision; 2] = [KvPrecision::F16, KvPrecision::Q8];

    /// A short stable name: `f16` or `q8`.
    pub fn name(self) -> &'static str {
        match self {
            KvPrecision::F16 => "f16",
            KvPrecision::Q8 => "q8",
        }
    }

    /// The precision of this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<KvPrecision> {
        KvPrecision::ALL.into_iter().find(|precision| precision.name() == name)
    }
}

/// How a plane holds the keys, or the values, of one head and of `block_tokens` tokens.
///
/// In half precision number `d` of token `t` is word `t * head_dim + d` (see
/// [`to_f16`](crate::to_f16)).
///
/// In 8 bits a plane begins with one signed byte for each number: of values number `d` of token
/// `t` is byte `t * head_dim + d`, of keys byte `d * block_tokens + t`, so that one number of many
/// keys is read at once. At the next whole word the scales follow, in single precision, one for
/// each token. The number is the product of both. A vector in which one number is NaN or infinite
/// is kept as NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvLayout {
    /// How exactly numbers are kept.
    pub precision: KvPrecision,
    /// Tokens in one plane.
    pub block_tokens: usize,
    /// Length of a key, a value and a query.
    pub head_dim: usize,
}

/// Which of both a plane holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keys,
    Values,
}

impl KvLayout {
    /// Words of 16 bits in one plane.
    pub const fn plane_words(self) -> usize {
        let numbers = self.block_tokens * self.head_dim;
        match self.precision {
            KvPrecision::F16 => numbers,
            KvPrecision::Q8 => numbers.div_ceil(2) + SCALE_WORDS * self.block_tokens,
        }
    }

    /// Rounds a key and stores it as that of `token`. What is stored depends on nothing else.
    ///
    /// # Panics
    /// If `token` or the length of `key` is not one of this layout.
    ///
    /// # Safety
    /// `plane` is the start of [`plane_words`](Self::plane_words) words that may be written, and
    /// meanwhile no other thread reads the plane or stores this token; others may be stored.
    pub unsafe fn store_key(self, path: Path, key: &[f32], token: usize, plane: *mut u16) {
        // SAFETY: as the caller promises.
        unsafe { self.store(path, key, (Kind::Keys, token), plane) };
    }

    /// Rounds a value and stores it as that of `token`. What is stored depends on nothing else.
    ///
    /// # Panics
    /// If `token` or the length of `value` is not one of this layout.
    ///
    /// # Safety
    /// As for [`store_key`](Self::store_key).
    pub unsafe fn store_value(self, path: Path, value: &[f32], token: usize, plane: *mut u16) {
        // SAFETY: as the caller promises.
        unsafe { self.store(path, value, (Kind::Values, token), plane) };
    }

    /// # Safety
    /// As for [`store_key`](Self::store_key).
    unsafe fn store(
        self,
        path: Path,
        vector: &[f32],
        (kind, token): (Kind, usize),
        plane: *mut u16,
    ) {
        assert!(vector.len() == self.head_dim, "a vector of {} numbers", vector.len());
        assert!(token < self.block_tokens, "token {token} of a block");
        match self.precision {
            KvPrecision::F16 => {
                // SAFETY: inside the plane by the assertions; nobody else uses these words.
                let place = unsafe {
                    std::slice::from_raw_parts_mut(plane.add(token * self.head_dim), self.head_dim)
                };
                to_f16(path, vector, place);
            }
            KvPrecision::Q8 => {
                let (first, stride) = match kind {
                    Kind::Keys => (token, self.block_tokens),
                    Kind::Values => (token * self.head_dim, 1),
                };
                // SAFETY: by the assertions the bytes and both words of the scale are inside the
                // plane and those of this token, which nobody else uses.
                let (bytes, words) =
                    unsafe { (plane.cast::<i8>().add(first), plane.add(self.scale_at(token))) };
                let scale = dispatch!(path, store_codes(vector, &Codes { first: bytes, stride }));
                // SAFETY: as above.
                unsafe { words.cast::<f32>().write_unaligned(scale) };
            }
        }
    }

    /// Word of a plane where the scale of a token begins.
    const fn scale_at(self, token: usize) -> usize {
        (self.block_tokens * self.head_dim).div_ceil(2) + SCALE_WORDS * token
    }

    /// Words that a plane must have so that its first `tokens` can be read; `None` if no memory
    /// has so many.
    pub(super) fn words_read(self, tokens: usize) -> Option<usize> {
        match self.precision {
            KvPrecision::F16 => tokens.checked_mul(self.head_dim),
            KvPrecision::Q8 if tokens == 0 => Some(0),
            KvPrecision::Q8 => {
                let scales = self.block_tokens.checked_mul(SCALE_WORDS)?;
                let numbers = self.block_tokens.checked_mul(self.head_dim)?;
                numbers.div_ceil(2).checked_add(scales)
            }
        }
    }

    /// The scales of an 8-bit plane from `token` on.
    pub(super) fn scales(self, plane: &[u16], token: usize) -> impl Iterator<Item = f32> {
        let words = &plane[self.scale_at(token)..self.scale_at(self.block_tokens)];
        words.as_chunks::<SCALE_WORDS>().0.iter().map(|words| {
            let ([a, b], [c, d]) = (words[0].to_ne_bytes(), words[1].to_ne_bytes());
            f32::from_ne_bytes([a, b, c, d])
        })
    }
}

/// Where the bytes of one vector go.
pub(super) struct Codes {
    first: *mut i8,
    stride: usize,
}

impl Codes {
    #[inline(always)]
    pub(super) fn write(&self, number: usize, code: i8) {
        // SAFETY: whoever made this checked that there is room for the numbers of a vector.
        unsafe { self.first.add(number * self.stride).write(code) };
    }
}

/// The bytes of an 8-bit plane, and of what follows them.
pub(super) fn bytes(plane: &[u16]) -> &[i8] {
    // SAFETY: the same memory, of which every byte is a valid `i8`; bytes need no alignment.
    unsafe { std::slice::from_raw_parts(plane.as_ptr().cast::<i8>(), size_of_val(plane)) }
}
