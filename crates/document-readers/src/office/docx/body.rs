//! Paragraphs of a Word document, run by run.
use std::collections::HashMap;

use passages::BlockKind;

use super::styles::{Styles, outline};
use crate::{
    Excess, Limits, ReadError,
    flow::Flow,
    limits::{length, within},
    xml::{Element, Token, Xml},
};

/// Texts at the foot and at the end, by their kind and number.
pub(super) type Notes = HashMap<(Foot, String), String>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Foot {
    Page,
    Document,
}

pub(super) struct Body<'s> {
    styles: &'s Styles,
    /// Each is read where it is referred to first: a document may refer to one a million times.
    notes: Notes,
    limits: &'s Limits,
    /// Paragraphs that are open: boxes hold paragraphs inside of a paragraph.
    paragraphs: Vec<Paragraph>,
    /// Fields that are open: true where their result has begun.
    fields: Vec<bool>,
    /// Fields of which the result has not begun: what stands there is an instruction.
    instructions: u32,
    /// Rows that are open: true for those that are not shown.
    rows: Vec<bool>,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<u8>,
    list: Option<u8>,
    is_hidden: bool,
    /// Texts of notes that it refers to.
    notes: Vec<String>,
    is_run_hidden: bool,
    in_run: bool,
}

impl<'s> Body<'s> {
    pub(super) fn new(styles: &'s Styles, notes: Notes, limits: &'s Limits) -> Self {
        let (paragraphs, fields, rows) = (Vec::new(), Vec::new(), Vec::new());
        Self { styles, notes, limits, paragraphs, fields, instructions: 0, rows }
    }

    pub(super) fn read(mut self, xml: &mut Xml<'_>, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        loop {
            match xml.next()? {
                Token::Start(element) => self.start(&element, xml, flow)?,
                Token::End(name) => self.end(&name, flow)?,
                Token::Text(_) => {}
                Token::Finished => break,
            }
        }
        // A field that never ends takes all that follows it for its instruction.
        if self.instructions > 0 {
            flow.composition.hidden();
        }
        Ok(())
    }

    fn start(
        &mut self,
        element: &Element,
        xml: &mut Xml<'_>,
        flow: &mut Flow<'_>,
    ) -> Result<(), ReadError> {
        match element.name.as_str() {
            // What was deleted or moved away is still in the file, but not in the document.
            "del" | "moveFrom" => {
                flow.composition.hidden();
                return xml.skip();
            }
            // The same content again for older programs, or the state before a change.
            "Fallback" | "pPrChange" | "rPrChange" | "tblPrChange" | "trPrChange"
            | "tcPrChange" | "sectPrChange" | "instrText" | "delText" | "delInstrText"
            | "sdtPr" | "fldData" => return xml.skip(),
            "p" => self.paragraphs.push(Paragraph::default()),
            "tbl" => flow.open_table()?,
            "tr" => {
                flow.open_row();
                self.rows.push(false);
            }
            "hidden" => self.hide_row(element),
            // Another document inside of this one.
            "altChunk" => flow.composition.attachment(""),
            "txbxContent" => flow.open_box()?,
            "fldChar" => self.field(element),
            "t" => return self.text(xml, flow),
            "footnoteReference" => self.refer(Foot::Page, element, flow),
            "endnoteReference" => self.refer(Foot::Document, element, flow),
            _ => self.property(element),
        }
        Ok(())
    }

    fn end(&mut self, name: &str, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        match name {
            "p" => self.close(flow)?,
            "r" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    (paragraph.in_run, paragraph.is_run_hidden) = (false, false);
                }
            }
            "tc" => flow.close_cell()?,
            "tr" => {
                self.rows.pop();
                flow.close_row()?;
            }
            "tbl" => flow.close_table(),
            "txbxContent" => flow.close_box(),
            _ => {}
        }
        Ok(())
    }

    /// Properties of the paragraph or of its run.
    fn property(&mut self, element: &Element) {
        let styles = self.styles;
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = element.attribute("val").unwrap_or_default();
        match element.name.as_str() {
            "r" => paragraph.in_run = true,
            "pStyle" => {
                paragraph.level = paragraph.level.or_else(|| styles.level(value));
                paragraph.is_hidden |= styles.is_hidden(value);
                if styles.is_list(value) && paragraph.list.is_none() {
                    paragraph.list = Some(0);
                }
            }
            "rStyle" if paragraph.in_run => paragraph.is_run_hidden |= styles.is_hidden(value),
            "outlineLvl" => paragraph.level = outline(value),
            "ilvl" => paragraph.list = Some(value.parse().unwrap_or(0)),
            "numId" if value == "0" => paragraph.list = None,
            "numId" => paragraph.list = paragraph.list.or(Some(0)),
            // Outside of a run it is the mark of the paragraph that is hidden, not its text.
            "vanish" if paragraph.in_run => paragraph.is_run_hidden = element.is_on(),
            "tab" | "ptab" if paragraph.in_run => paragraph.text.push('\t'),
            "br" | "cr" if paragraph.in_run => paragraph.text.push('\n'),
            "noBreakHyphen" => paragraph.text.push('\u{2011}'),
            _ => {}
        }
    }

    /// A property of a row, which comes before its cells.
    fn hide_row(&mut self, element: &Element) {
        if let Some(is_hidden) = self.rows.last_mut() {
            *is_hidden |= element.is_on();
        }
    }

    fn field(&mut self, element: &Element) {
        match element.attribute("fldCharType") {
            Some("begin") => {
                self.fields.push(false);
                self.instructions = self.instructions.saturating_add(1);
            }
            Some("separate") => {
                if let Some(has_result) = self.fields.last_mut().filter(|result| !**result) {
                    *has_result = true;
                    self.instructions = self.instructions.saturating_sub(1);
                }
            }
            Some("end") => {
                if self.fields.pop() == Some(false) {
                    self.instructions = self.instructions.saturating_sub(1);
                }
            }
            Some(_) | None => {}
        }
    }

    fn text(&mut self, xml: &mut Xml<'_>, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        let text = xml.characters(self.limits.text_bytes)?;
        if self.instructions > 0 {
            return Ok(());
        }
        let Some(paragraph) = self.paragraphs.last_mut() else { return Ok(()) };
        if paragraph.conceals() || self.rows.contains(&true) {
            flow.composition.hidden();
            return Ok(());
        }
        paragraph.text.push_str(&text);
        within(Excess::Text, length(paragraph.text.len()), self.limits.text_bytes)
    }

    /// A note that is referred to where nothing is shown is not shown either.
    fn refer(&mut self, foot: Foot, element: &Element, flow: &mut Flow<'_>) {
        let id = element.attribute("id").unwrap_or_default().to_owned();
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let note = self.notes.remove(&(foot, id));
        if paragraph.conceals() || self.rows.contains(&true) || self.instructions > 0 {
            flow.composition.hidden();
        } else {
            paragraph.notes.extend(note);
        }
    }

    fn close(&mut self, flow: &mut Flow<'_>) -> Result<(), ReadError> {
        let Some(paragraph) = self.paragraphs.pop() else { return Ok(()) };
        for note in &paragraph.notes {
            flow.later(BlockKind::Paragraph, note)?;
        }
        flow.paragraph(paragraph.kind(), &paragraph.text)
    }
}

impl Paragraph {
    /// Whether what stands in it now is not shown.
    fn conceals(&self) -> bool {
        self.is_hidden || self.is_run_hidden
    }

    fn kind(&self) -> BlockKind {
        match (self.level, self.list) {
            (Some(level), _) => BlockKind::Heading { level },
            (None, Some(depth)) => BlockKind::ListItem { depth },
            (None, None) => BlockKind::Paragraph,
        }
    }
}

/// Reads the texts of all notes of one kind. Separators between them have no text.
pub(super) fn read_notes(
    xml: &mut Xml<'_>,
    kind: &str,
    notes: &mut Notes,
    limits: &Limits,
) -> Result<(), ReadError> {
    let foot = if kind == "endnotes" { Foot::Document } else { Foot::Page };
    let (mut id, mut text, mut hidden) = (String::new(), String::new(), false);
    loop {
        match xml.next()? {
            Token::Start(element) => match element.name.as_str() {
                "footnote" | "endnote" => {
                    element.attribute("id").unwrap_or_default().clone_into(&mut id);
                }
                "del" | "moveFrom" | "instrText" | "Fallback" => xml.skip()?,
                "r" => hidden = false,
                "vanish" => hidden = element.is_on(),
                "t" => {
                    let more = xml.characters(limits.text_bytes)?;
                    text.push_str(if hidden { "" } else { &more });
                }
                _ => {}
            },
            Token::End(name) => match name.as_str() {
                "p" => text.push(' '),
                "footnote" | "endnote" => {
                    notes.insert((foot, std::mem::take(&mut id)), std::mem::take(&mut text));
                }
                _ => {}
            },
            Token::Text(_) => {}
            Token::Finished => return Ok(()),
        }
        within(Excess::Text, length(text.len()), limits.text_bytes)?;
    }
}
