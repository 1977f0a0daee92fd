//! Word documents: headings, lists, tables, boxes and notes at the foot, in reading order.
mod body;
mod styles;

use std::collections::HashMap;

use passages::Document;

use crate::{
    Format, Limits, ReadError,
    archive::Archive,
    composition::Composition,
    flow::Flow,
    xml::{Token, Xml, text_of},
};

use super::relations::{Relations, main_part};
use body::{Body, Notes};
use styles::Styles;

/// The document, where the archive does not say.
const MAIN: &str = "word/document.xml";

/// Reads the body of a document as its reader sees it: with accepted insertions, without deleted
/// passages, hidden characters, comments and the instructions of fields.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let format = Format::Docx.name();
    let mut archive = Archive::open(format, bytes, limits)?;
    let main = main_part(format, &mut archive, MAIN, limits)?;
    let parts = Parts::of(format, &mut archive, &main, limits)?;
    let document = archive.required(&main)?;
    let text = text_of(format, &main, &document)?;
    let mut composition = Composition::new(format, limits);
    note_left_out(&archive, &mut composition);
    let mut flow = Flow::new(&mut composition, limits);
    let mut xml = Xml::new(format, &main, &text, limits);
    Body::new(&parts.styles, parts.notes, limits).read(&mut xml, &mut flow)?;
    flow.release()?;
    composition.finish()
}

struct Parts {
    styles: Styles,
    notes: Notes,
}

impl Parts {
    fn of(
        format: &'static str,
        archive: &mut Archive<'_>,
        main: &str,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let mut parts = Self { styles: Styles::default(), notes: HashMap::new() };
        let relations = Relations::of(format, archive, main, limits)?;
        for kind in ["styles", "footnotes", "endnotes"] {
            let Some(relation) = relations.first(kind) else { continue };
            let name = &relation.target;
            let Some(bytes) = archive.part(name)? else { continue };
            let text = text_of(format, name, &bytes)?;
            let mut xml = Xml::new(format, name, &text, limits);
            if kind == "styles" {
                parts.styles = Styles::read(&mut xml)?;
            } else {
                body::read_notes(&mut xml, kind, &mut parts.notes, limits)?;
            }
        }
        Ok(parts)
    }
}

fn note_left_out(archive: &Archive<'_>, composition: &mut Composition) {
    let mut pictures = 0_u32;
    for name in archive.names() {
        if name.starts_with("word/comments") {
            composition.hidden();
        } else if let Some(file) = name.strip_prefix("word/embeddings/") {
            composition.attachment(file);
        } else if name.starts_with("word/media/") {
            pictures = pictures.saturating_add(1);
        }
    }
    composition.pictures(pictures);
}

/// Reads the elements inside of the one that was started last, one after the other. What `each`
/// does not read is passed over.
fn inside(xml: &mut Xml<'_>, mut each: impl FnMut(&crate::xml::Element)) -> Result<(), ReadError> {
    let mut open = 1_u64;
    while open > 0 {
        match xml.next()? {
            Token::Start(element) => {
                open += 1;
                each(&element);
            }
            Token::End(_) => open -= 1,
            Token::Text(_) => {}
            Token::Finished => return Err(xml.broken()),
        }
    }
    Ok(())
}
