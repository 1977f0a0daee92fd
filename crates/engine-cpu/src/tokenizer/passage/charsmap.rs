//! `SentencePiece`'s table of replacements, which brings a text into the form that its pieces were
//! learned from: compatibility characters, white space, invisible characters.
//!
//! The table is a double array (Darts) over the bytes of what is replaced, followed by the
//! replacements, each ended by a zero. A damaged table gives other texts, never a panic.

/// Where a text begins with several entries, the longest one is taken.
#[derive(Debug, Default)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    /// UTF-8 as a whole.
    replacements: String,
}

impl Charsmap {
    /// `None` when the bytes are no table.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
        if size > rest.len() || !size.is_multiple_of(4) {
            return None;
        }
        let (units, replacements) = rest.split_at(size);
        let units = units.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
        let replacements = String::from_utf8(replacements.to_vec()).ok()?;
        Some(Self { units, replacements })
    }

    pub(super) fn normalize(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = self.longest(rest.as_bytes());
            // An entry that ends inside of a character is none of this text.
            if let Some((bytes, replacement)) =
                found.filter(|&(bytes, _)| rest.is_char_boundary(bytes))
            {
                normal.push_str(replacement);
                rest = &rest[bytes..];
            } else {
                normal.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        normal
    }

    /// How many bytes the longest entry at the beginning replaces, and by what.
    fn longest(&self, text: &[u8]) -> Option<(usize, &str)> {
        let mut found = None;
        let mut at = offset(*self.units.first()?);
        for (index, &byte) in text.iter().enumerate() {
            at ^= usize::from(byte);
            let Some(&unit) = self.units.get(at) else { break };
            if unit & LABEL != u32::from(byte) {
                break;
            }
            at ^= offset(unit);
            if unit & HAS_VALUE != 0
                && let Some(&value) = self.units.get(at)
                && let Some(replacement) = self.replacement(value & VALUE)
            {
                found = Some((index + 1, replacement));
            }
        }
        found
    }

    fn replacement(&self, start: u32) -> Option<&str> {
        let rest = self.replacements.get(usize::try_from(start).ok()?..)?;
        rest.split('\0').next()
    }
}

/// The byte that leads to a unit; the upper bit marks a value, which no byte leads to.
const LABEL: u32 = 1 << 31 | 0xff;
const HAS_VALUE: u32 = 1 << 8;
const VALUE: u32 = (1 << 31) - 1;

/// Where the units that follow a unit are, as a difference of indices.
fn offset(unit: u32) -> usize {
    let shift = (unit & (1 << 9)) >> 6;
    usize::try_from((unit >> 10) << shift).unwrap_or(usize::MAX)
}
