//! What a workbook says of its sheets, and what its cells have in common.
use std::collections::HashSet;

use crate::{
    Excess, Limits, ReadError,
    archive::Archive,
    limits::{length, within},
    office::relations::Relations,
    xml::{Element, Token, Xml, text_of},
};

use super::formats::Formats;

#[derive(Default)]
pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    pub(super) formats: Formats,
    /// Texts that cells name by their number.
    pub(super) strings: Vec<String>,
    /// Days count from 1904, not from 1900.
    pub(super) is_1904: bool,
}

pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) is_shown: bool,
    /// Nothing for a part that a sheet before it had: it would be read again and again.
    pub(super) part: Option<String>,
}

impl Book {
    pub(super) fn read(
        format: &'static str,
        archive: &mut Archive<'_>,
        main: &str,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let relations = Relations::of(format, archive, main, limits)?;
        let mut book = Self::default();
        let bytes = archive.required(main)?;
        let text = text_of(format, main, &bytes)?;
        book.read_sheets(&mut Xml::new(format, main, &text, limits), &relations, limits)?;
        if let Some((part, text)) = related(format, archive, &relations, "styles")? {
            book.formats = Formats::read(&mut Xml::new(format, &part, &text, limits), limits)?;
        }
        if let Some((part, text)) = related(format, archive, &relations, "sharedStrings")? {
            book.strings = strings(&mut Xml::new(format, &part, &text, limits), limits)?;
        }
        Ok(book)
    }

    fn read_sheets(
        &mut self,
        xml: &mut Xml<'_>,
        relations: &Relations,
        limits: &Limits,
    ) -> Result<(), ReadError> {
        let mut parts = HashSet::new();
        loop {
            match xml.next()? {
                Token::Start(element) => match element.name.as_str() {
                    "workbookPr" => {
                        self.is_1904 |= matches!(element.attribute("date1904"), Some("1" | "true"));
                    }
                    "sheet" => self.sheets.push(sheet(&element, relations, &mut parts)),
                    _ => {}
                },
                Token::End(_) | Token::Text(_) => {}
                Token::Finished => return Ok(()),
            }
            within(Excess::Entries, length(self.sheets.len()), limits.entries)?;
        }
    }
}

fn sheet(element: &Element, relations: &Relations, parts: &mut HashSet<String>) -> Sheet {
    let target = element.prefixed("id").and_then(|id| relations.get(id));
    let part = target.map(|relation| relation.target.clone());
    Sheet {
        name: element.attribute("name").unwrap_or_default().to_owned(),
        is_shown: matches!(element.attribute("state"), None | Some("visible")),
        part: part.filter(|part| parts.insert(part.clone())),
    }
}

/// The name and the text of the first part of a kind.
fn related(
    format: &'static str,
    archive: &mut Archive<'_>,
    relations: &Relations,
    kind: &str,
) -> Result<Option<(String, String)>, ReadError> {
    let Some(relation) = relations.first(kind) else { return Ok(None) };
    let Some(bytes) = archive.part(&relation.target)? else { return Ok(None) };
    let text = text_of(format, &relation.target, &bytes)?;
    Ok(Some((relation.target.clone(), text)))
}

fn strings(xml: &mut Xml<'_>, limits: &Limits) -> Result<Vec<String>, ReadError> {
    let mut found = Vec::new();
    loop {
        match xml.next()? {
            Token::Start(element) if element.name == "si" => {
                found.push(Content::read(xml, limits.text_bytes)?.text);
                within(Excess::Cells, length(found.len()), limits.cells)?;
            }
            Token::Start(_) | Token::End(_) | Token::Text(_) => {}
            Token::Finished => return Ok(found),
        }
    }
}

/// What a cell or a shared text holds.
#[derive(Default)]
pub(super) struct Content {
    /// The value as programs write it.
    pub(super) value: String,
    /// The characters of its runs, without how to pronounce them.
    pub(super) text: String,
}

impl Content {
    /// Reads the rest of the element that was started last.
    pub(super) fn read(xml: &mut Xml<'_>, bytes_max: u64) -> Result<Self, ReadError> {
        let (mut content, mut open) = (Self::default(), 1_u64);
        while open > 0 {
            match xml.next()? {
                Token::Start(element) => match element.name.as_str() {
                    "v" => content.value = xml.characters(bytes_max)?,
                    "t" => content.text.push_str(&xml.characters(bytes_max)?),
                    "f" | "rPh" => xml.skip()?,
                    _ => open += 1,
                },
                Token::End(_) => open -= 1,
                Token::Text(_) => {}
                Token::Finished => return Err(xml.broken()),
            }
            within(Excess::Text, length(content.text.len()), bytes_max)?;
        }
        Ok(content)
    }
}
