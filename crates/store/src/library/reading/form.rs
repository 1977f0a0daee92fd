//! A reading as bytes.
//!
//! ```text
//! 1 byte    the form: 1
//! 8 bytes   how many bytes the text has, big-endian
//! n bytes   the text: digest, language, characters, blocks, pages, notes, passages
//! m bytes   the places: where the characters stand, page by page
//! ```
//! Numbers and texts are written as `pieces.rs` says. The form is our own: it has one use, places
//! must stand behind the text so that a search reads and opens a fraction of the bytes, and the
//! model has no traits of a serialisation. Whatever was altered on the way is not a reading: the
//! parts are checked by the model.

mod places;
mod text;

use knowledge::{Reading, ports::Detail};

use crate::library::pieces::{
    Cursor, write_count, write_number, write_side, write_span, write_text,
};

const FORM: u8 = 1;
const HEAD: usize = 9;

pub(super) fn written(reading: &Reading) -> Vec<u8> {
    let mut bytes = vec![FORM];
    bytes.extend_from_slice(&[0; HEAD - 1]);
    text::write(&mut bytes, reading);
    let length = (bytes.len() - HEAD) as u64;
    if let Some(place) = bytes.get_mut(1..HEAD) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    places::write(&mut bytes, &reading.document.pages);
    bytes
}

/// Whether all of the text is among the first bytes.
pub(super) fn has_text(bytes: &[u8]) -> bool {
    text_of(bytes).is_some()
}

/// `None` for what was not written here.
pub(super) fn read(bytes: &[u8], detail: Detail) -> Option<Reading> {
    let (body, rest) = text_of(bytes)?;
    let mut parts = text::read(body)?;
    if detail == Detail::Places {
        places::read(rest, &mut parts.pages)?;
    }
    parts.reading()
}

/// The text, and what stands behind it.
fn text_of(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (form, length) = head.split_first()?;
    let length = u64::from_be_bytes(length.try_into().ok()?);
    if *form != FORM {
        return None;
    }
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests;
