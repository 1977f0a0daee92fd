//! `PowerPoint` presentations: each slide is a page, each shape stands in its place on it.
use std::collections::HashSet;

use passages::{Area, BlockKind, Document, Size};

use crate::{
    Excess, Format, Limits, ReadError,
    archive::Archive,
    composition::Composition,
    flow::Flow,
    limits::{length, within},
    xml::{Element, Token, Xml, text_of},
};

use super::relations::{Relations, main_part};

/// Units of a drawing in one point.
const UNITS: f64 = 12_700.0;
/// The presentation, where the archive does not say.
const MAIN: &str = "ppt/presentation.xml";

/// Reads the slides that are shown, in their order. Hidden slides and shapes, shapes beside the
/// slide, comments and notes of the speaker are left out and noted.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] and [`ReadError::Broken`] for
/// what cannot be opened.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    let format = Format::Pptx.name();
    let mut archive = Archive::open(format, bytes, limits)?;
    let (size, slides) = slides(format, &mut archive, limits)?;
    let mut composition = Composition::new(format, limits);
    if archive.names().iter().any(|name| name.starts_with("ppt/comments")) {
        composition.hidden();
    }
    for (number, part) in (1_u32..).zip(&slides) {
        composition.start_page(number, size)?;
        let bytes = archive.required(part)?;
        let text = text_of(format, part, &bytes)?;
        let mut xml = Xml::new(format, part, &text, limits);
        let flow = Flow::new(&mut composition, limits);
        Slide::new(flow, size, limits).read(&mut xml)?;
        let said = Relations::of(format, &mut archive, part, limits)?;
        if said.first("notesSlide").is_some() {
            composition.hidden();
        }
    }
    composition.finish()
}

fn slides(
    format: &'static str,
    archive: &mut Archive<'_>,
    limits: &Limits,
) -> Result<(Option<Size>, Vec<String>), ReadError> {
    let main = main_part(format, archive, MAIN, limits)?;
    let bytes = archive.required(&main)?;
    let text = text_of(format, &main, &bytes)?;
    let targets = Relations::of(format, archive, &main, limits)?;
    let mut xml = Xml::new(format, &main, &text, limits);
    let (mut size, mut parts, mut seen) = (None, Vec::new(), HashSet::new());
    loop {
        match xml.next()? {
            Token::Start(element) if element.name == "sldSz" => size = size_of(&element),
            Token::Start(element) if element.name == "sldId" => {
                let target = element.prefixed("id").and_then(|id| targets.get(id));
                let part = target.map(|relation| relation.target.clone());
                // One slide listed many times would be read many times.
                parts.extend(part.filter(|part| seen.insert(part.clone())));
                within(Excess::Entries, length(parts.len()), limits.entries)?;
            }
            Token::Start(_) | Token::End(_) | Token::Text(_) => {}
            Token::Finished => return Ok((size, parts)),
        }
    }
}

fn size_of(element: &Element) -> Option<Size> {
    let size = Size { width: points(element, "cx")?, height: points(element, "cy")? };
    (size.width > 0.0 && size.height > 0.0).then_some(size)
}

#[expect(clippy::cast_possible_truncation, reason = "points of a slide need no more than f32")]
fn points(element: &Element, attribute: &str) -> Option<f32> {
    let units: f64 = element.attribute(attribute)?.parse().ok()?;
    let points = (units / UNITS) as f32;
    points.is_finite().then_some(points)
}

struct Slide<'c> {
    flow: Flow<'c>,
    size: Option<Size>,
    text_bytes_max: u64,
    /// Groups that are open: true for those that are hidden.
    groups: Vec<bool>,
    /// Whether the group that is open has no shape yet: properties are those of the group.
    in_group: bool,
    shape: Shape,
    paragraph: String,
    depth: u8,
    pictures: u32,
}

/// The shape that is being read.
#[derive(Default)]
struct Shape {
    is_title: bool,
    is_list: bool,
    is_hidden: bool,
    corner: Option<(f32, f32)>,
    area: Option<Area>,
    mark: usize,
}

impl<'c> Slide<'c> {
    fn new(flow: Flow<'c>, size: Option<Size>, limits: &Limits) -> Self {
        Self {
            flow,
            size,
            text_bytes_max: limits.text_bytes,
            groups: Vec::new(),
            in_group: false,
            shape: Shape::default(),
            paragraph: String::new(),
            depth: 0,
            pictures: 0,
        }
    }

    fn read(mut self, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        loop {
            match xml.next()? {
                Token::Start(element) if element.name == "sld" => {
                    if matches!(element.attribute("show"), Some("0" | "false")) {
                        self.flow.composition.hidden();
                        return Ok(());
                    }
                }
                Token::Start(element) => self.start(&element, xml)?,
                Token::End(name) => self.end(&name)?,
                Token::Text(_) => {}
                Token::Finished => break,
            }
        }
        let pictures = self.pictures;
        self.flow.composition.pictures(pictures);
        Ok(())
    }

    fn start(&mut self, element: &Element, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        match element.name.as_str() {
            "Fallback" => return xml.skip(),
            "pic" => {
                self.pictures = self.pictures.saturating_add(1);
                self.in_group = false;
            }
            "grpSp" => {
                self.groups.push(false);
                self.in_group = true;
            }
            "sp" | "graphicFrame" | "cxnSp" => {
                self.in_group = false;
                let mark = self.flow.composition.mark();
                let is_hidden = self.groups.contains(&true);
                self.shape = Shape { is_hidden, mark, ..Shape::default() };
            }
            "cNvPr" if matches!(element.attribute("hidden"), Some("1" | "true")) => self.hide(),
            "ph" => self.placeholder(element),
            "off" => self.shape.corner = points(element, "x").zip(points(element, "y")),
            "ext" if element.attribute("cx").is_some() => self.extent(element),
            "tbl" => self.flow.open_table()?,
            "tr" => self.flow.open_row(),
            "p" => (self.paragraph, self.depth) = (String::new(), 0),
            "pPr" => {
                let level = element.attribute("lvl").and_then(|level| level.parse().ok());
                self.depth = level.unwrap_or(0);
            }
            "br" => self.paragraph.push('\n'),
            "t" => return self.text(xml),
            _ => {}
        }
        Ok(())
    }

    /// What was started last, a group or a shape, is not shown.
    fn hide(&mut self) {
        match self.groups.last_mut().filter(|_| self.in_group) {
            Some(is_hidden) => *is_hidden = true,
            None => self.shape.is_hidden = true,
        }
    }

    fn placeholder(&mut self, element: &Element) {
        let kind = element.attribute("type");
        self.shape.is_title = matches!(kind, Some("title" | "ctrTitle"));
        self.shape.is_list = matches!(kind, None | Some("body" | "obj"));
    }

    /// Where the shape stands, unless a group moves it. A group beside the slide is not shown.
    fn extent(&mut self, element: &Element) {
        let sizes = points(element, "cx").zip(points(element, "cy"));
        let Some(((left, top), (width, height))) = self.shape.corner.zip(sizes) else { return };
        let area = Area { left, top, right: left + width, bottom: top + height };
        let is_beside = self.size.is_some_and(|size| area.clipped(size).is_none());
        match self.groups.as_mut_slice() {
            [] if is_beside => self.shape.is_hidden = true,
            [] => self.shape.area = Some(area),
            [group] if self.in_group => *group |= is_beside,
            _ => {}
        }
    }

    fn text(&mut self, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        let text = xml.characters(self.text_bytes_max)?;
        if self.shape.is_hidden {
            self.flow.composition.hidden();
        } else {
            self.paragraph.push_str(&text);
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), ReadError> {
        match name {
            "p" => {
                let text = std::mem::take(&mut self.paragraph);
                self.flow.paragraph(self.kind(), &text)?;
            }
            "tc" => self.flow.close_cell()?,
            "tr" => self.flow.close_row()?,
            "tbl" => self.flow.close_table(),
            "grpSp" => {
                self.groups.pop();
                self.in_group = false;
            }
            "sp" | "graphicFrame" | "cxnSp" => {
                let shape = std::mem::take(&mut self.shape);
                if let Some(area) = shape.area {
                    self.flow.composition.place_since(shape.mark, area);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn kind(&self) -> BlockKind {
        if self.shape.is_title {
            BlockKind::Heading { level: 1 }
        } else if self.shape.is_list {
            BlockKind::ListItem { depth: self.depth }
        } else {
            BlockKind::Paragraph
        }
    }
}
