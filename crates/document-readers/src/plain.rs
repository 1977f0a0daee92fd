//! Text without structure: paragraphs between empty lines.
use passages::{BlockKind, Document, Note, Place};

use crate::{Format, Limits, ReadError, cleaning::decode, composition::Composition};

/// Reads plain text in UTF-8, in UTF-16 with its mark, else in Windows-1252 with a note.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let mut composition = Composition::new(Format::Plain.name(), limits);
    let text = characters(bytes, &mut composition);
    compose(&mut composition, &text)?;
    composition.finish()
}

/// The characters of a text file; a note where they are only likely.
pub(crate) fn characters(bytes: &[u8], composition: &mut Composition) -> String {
    let decoded = decode(bytes);
    if decoded.guessed {
        composition.note(Note::Doubtful { place: Place::Document });
    }
    decoded.text
}

/// Writes the paragraphs of `text`. Those of which each line starts with `>` quote somebody.
pub(crate) fn compose(composition: &mut Composition, text: &str) -> Result<(), ReadError> {
    let mut paragraph = String::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            close(composition, &mut paragraph)?;
        } else {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line.trim_end());
        }
    }
    close(composition, &mut paragraph)
}

fn close(composition: &mut Composition, paragraph: &mut String) -> Result<(), ReadError> {
    if paragraph.is_empty() {
        return Ok(());
    }
    let quotes = paragraph.lines().all(|line| line.trim_start().starts_with('>'));
    let kind = if quotes { BlockKind::Quote } else { BlockKind::Paragraph };
    composition.block(kind, paragraph)?;
    paragraph.clear();
    Ok(())
}
