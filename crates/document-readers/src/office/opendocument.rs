//! What texts, presentations and spreadsheets of `OpenDocument` have in common: one content, in
//! which styles say what is shown.
mod hidden;
mod sheet;

use passages::{BlockKind, Document};

use crate::{
    Excess, Format, Limits, ReadError,
    archive::Archive,
    composition::Composition,
    flow::Flow,
    limits::{length, within},
    xml::{Element, Token, Xml, text_of},
};

use hidden::Hidden;
use sheet::Sheet;

const CONTENT: &str = "content.xml";
const STYLES: &str = "styles.xml";
const MANIFEST: &str = "META-INF/manifest.xml";
/// Spaces that one element may stand for.
const SPACES_MAX: usize = 100;

pub(super) fn read_as(
    format: Format,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Document, ReadError> {
    let name = format.name();
    let mut archive = Archive::open(name, bytes, limits)?;
    let manifest = archive.part(MANIFEST)?.unwrap_or_default();
    if String::from_utf8_lossy(&manifest).contains("encryption-data") {
        return Err(ReadError::Encrypted { format: name });
    }
    let content = archive.required(CONTENT)?;
    let text = text_of(name, CONTENT, &content)?;
    let mut hidden = Hidden::default();
    if let Some(styles) = archive.part(STYLES)? {
        let styles = text_of(name, STYLES, &styles)?;
        hidden.read(&mut Xml::new(name, STYLES, &styles, limits))?;
    }
    hidden.read(&mut Xml::new(name, CONTENT, &text, limits))?;
    let mut composition = Composition::new(name, limits);
    let mut xml = Xml::new(name, CONTENT, &text, limits);
    let flow = Flow::new(&mut composition, limits);
    Content::new(format, flow, &hidden, limits).read(&mut xml)?;
    composition.finish()
}

struct Content<'c> {
    format: Format,
    flow: Flow<'c>,
    hidden: &'c Hidden,
    limits: &'c Limits,
    in_body: bool,
    paragraphs: Vec<Paragraph>,
    /// Boxes that are open: true for those inside of a paragraph, which follow it.
    boxes: Vec<bool>,
    lists: u8,
    is_title: bool,
    page: u32,
    pictures: u32,
    sheet: Sheet,
}

struct Paragraph {
    kind: BlockKind,
    text: String,
}

impl<'c> Content<'c> {
    fn new(format: Format, flow: Flow<'c>, hidden: &'c Hidden, limits: &'c Limits) -> Self {
        Self {
            format,
            flow,
            hidden,
            limits,
            in_body: false,
            paragraphs: Vec::new(),
            boxes: Vec::new(),
            lists: 0,
            is_title: false,
            page: 0,
            pictures: 0,
            sheet: Sheet::new(limits),
        }
    }

    fn read(mut self, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        loop {
            match xml.next()? {
                Token::Start(element) if element.name == "body" => self.in_body = true,
                Token::Start(element) if self.in_body => self.start(&element, xml)?,
                Token::End(name) if self.in_body => self.end(&name)?,
                Token::Text(text) => self.text(&text)?,
                Token::Start(_) | Token::End(_) => {}
                Token::Finished => break,
            }
        }
        self.flow.release()?;
        let pictures = self.pictures;
        self.flow.composition.pictures(pictures);
        Ok(())
    }

    fn start(&mut self, element: &Element, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        let name = element.name.as_str();
        // Slides and sheets that are not shown count, as they do for their reader.
        if name == "page" {
            self.page = self.page.saturating_add(1);
        }
        if self.hidden.conceals(element)
            || matches!(name, "tracked-changes" | "annotation" | "notes")
        {
            if name == "table" {
                self.sheet.pass_over();
            }
            self.flow.composition.hidden();
            return xml.skip();
        }
        if self.format == Format::Ods && self.sheet.start(element, &mut self.flow)? {
            return Ok(());
        }
        match name {
            "forms"
            | "script"
            | "note-citation"
            | "bibliography-configuration"
            | "sequence-decls"
            | "variable-decls"
            | "user-field-decls"
            | "desc"
            | "title"
            | "object"
            | "shapes" => return xml.skip(),
            "page" => self.flow.composition.start_page(self.page, None)?,
            "frame" => self.is_title = element.attribute("class") == Some("title"),
            "image" => self.pictures = self.pictures.saturating_add(1),
            "list" => self.lists = self.lists.saturating_add(1),
            "text-box" | "note-body" => self.open_box()?,
            "table" => self.flow.open_table()?,
            "table-row" => self.flow.open_row(),
            "p" | "h" => self.open_paragraph(element)?,
            "s" => self.spaces(element)?,
            "tab" => self.push('\t'),
            "line-break" => self.push('\n'),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), ReadError> {
        if self.format == Format::Ods && self.sheet.end(name, &mut self.flow)? {
            return Ok(());
        }
        match name {
            "p" | "h" => self.close_paragraph()?,
            "frame" => self.is_title = false,
            "list" => self.lists = self.lists.saturating_sub(1),
            "text-box" | "note-body" if self.boxes.pop() == Some(true) => self.flow.close_box(),
            "table-cell" | "covered-table-cell" => self.flow.close_cell()?,
            "table-row" => self.flow.close_row()?,
            "table" => self.flow.close_table(),
            _ => {}
        }
        Ok(())
    }

    fn open_box(&mut self) -> Result<(), ReadError> {
        let is_inside = !self.paragraphs.is_empty();
        self.boxes.push(is_inside);
        if is_inside { self.flow.open_box() } else { Ok(()) }
    }

    fn open_paragraph(&mut self, element: &Element) -> Result<(), ReadError> {
        let level = element.attribute("outline-level").and_then(|level| level.parse().ok());
        let kind = if self.is_title {
            BlockKind::Heading { level: 1 }
        } else if element.name == "h" {
            BlockKind::Heading { level: level.unwrap_or(1) }
        } else if self.lists > 0 {
            BlockKind::ListItem { depth: self.lists - 1 }
        } else {
            BlockKind::Paragraph
        };
        self.paragraphs.push(Paragraph { kind, text: String::new() });
        within(Excess::Nesting, length(self.paragraphs.len()), self.limits.nesting)
    }

    fn close_paragraph(&mut self) -> Result<(), ReadError> {
        let Some(Paragraph { kind, text }) = self.paragraphs.pop() else { return Ok(()) };
        if self.format == Format::Ods && self.sheet.is_open() {
            self.sheet.put(&text);
            return Ok(());
        }
        self.flow.paragraph(kind, &text)
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        let Some(paragraph) = self.paragraphs.last_mut() else { return Ok(()) };
        crate::cleaning::push_collapsed(&mut paragraph.text, text);
        within(Excess::Text, length(paragraph.text.len()), self.limits.text_bytes)
    }

    /// One element stands for several spaces, and says how many.
    fn spaces(&mut self, element: &Element) -> Result<(), ReadError> {
        let count = element.attribute("c").and_then(|count| count.parse().ok()).unwrap_or(1);
        for _ in 0..SPACES_MAX.min(count) {
            self.push(' ');
        }
        let held = self.paragraphs.last().map_or(0, |paragraph| length(paragraph.text.len()));
        within(Excess::Text, held, self.limits.text_bytes)
    }

    fn push(&mut self, character: char) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push(character);
        }
    }
}
