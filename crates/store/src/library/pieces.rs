//! Numbers, texts and places as bytes, and what was written read again, nothing beyond its end.
//!
//! Numbers are written seven bits a byte, the lowest first; lists and texts after how many they
//! are; sides of rectangles as four bytes. Lengths are compared with what is there before anything
//! is allocated.

use passages::Span;
use uuid::Uuid;

pub(super) fn write_number(bytes: &mut Vec<u8>, number: u32) {
    let mut rest = number;
    loop {
        let [lowest, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            return bytes.push(lowest);
        }
        bytes.push(lowest | 0x80);
    }
}

/// How many there are of something; a document has far fewer than can be written.
pub(super) fn write_count(bytes: &mut Vec<u8>, count: usize) {
    write_number(bytes, u32::try_from(count).unwrap_or(u32::MAX));
}

/// Each with at least one byte.
pub(super) fn write_list<T>(bytes: &mut Vec<u8>, list: &[T], one: impl Fn(&mut Vec<u8>, &T)) {
    write_count(bytes, list.len());
    for item in list {
        one(bytes, item);
    }
}

pub(super) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write_count(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

pub(super) fn write_span(bytes: &mut Vec<u8>, span: Span) {
    write_number(bytes, span.start);
    write_number(bytes, span.len());
}

/// To the last bit.
pub(super) fn write_side(bytes: &mut Vec<u8>, side: f32) {
    bytes.extend_from_slice(&side.to_le_bytes());
}

pub(super) fn write_id(bytes: &mut Vec<u8>, id: Uuid) {
    bytes.extend_from_slice(id.as_bytes());
}

/// What is left of some bytes.
pub(super) struct Cursor<'b>(pub(super) &'b [u8]);

impl<'b> Cursor<'b> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            let bits = u32::from(byte & 0x7f);
            // The fifth byte has four bits of a number.
            if shift == 28 && bits > 0xf {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// How many there are of something that has a byte at least.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = self.number()? as usize;
        (count <= self.0.len()).then_some(count)
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub(super) fn span(&mut self) -> Option<Span> {
        let start = self.number()?;
        Some(Span::new(start, start.checked_add(self.number()?)?))
    }

    pub(super) fn side(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    pub(super) fn id(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    /// As many as there are, each read by `one`.
    pub(super) fn list<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(one(self)?);
        }
        Some(list)
    }
}
