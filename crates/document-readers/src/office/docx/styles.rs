//! What named styles say of a paragraph: whether it is a heading, and whether it is seen.
use std::collections::HashMap;

use crate::{
    ReadError,
    xml::{Element, Token, Xml},
};

/// Styles that are based on styles that are based on styles: a chain this long is a circle.
const CHAIN_MAX: usize = 16;

#[derive(Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
}

#[derive(Default)]
struct Style {
    level: Option<u8>,
    is_hidden: Option<bool>,
    is_list: bool,
    based_on: Option<String>,
}

impl Styles {
    pub(super) fn read(xml: &mut Xml<'_>) -> Result<Self, ReadError> {
        let mut styles = Self::default();
        loop {
            match xml.next()? {
                Token::Start(element) if element.name == "style" => {
                    let id = element.attribute("styleId").unwrap_or_default().to_owned();
                    let mut style = Style::default();
                    super::inside(xml, |element| style.take(element))?;
                    styles.by_id.insert(id, style);
                }
                Token::Start(_) | Token::End(_) | Token::Text(_) => {}
                Token::Finished => return Ok(styles),
            }
        }
    }

    /// The level of a heading, from 1, if the style makes one.
    pub(super) fn level(&self, id: &str) -> Option<u8> {
        self.chain(id).find_map(|style| style.level)
    }

    pub(super) fn is_hidden(&self, id: &str) -> bool {
        self.chain(id).find_map(|style| style.is_hidden).unwrap_or(false)
    }

    pub(super) fn is_list(&self, id: &str) -> bool {
        self.chain(id).any(|style| style.is_list)
    }

    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let first = self.by_id.get(id);
        let base = |style: &&Style| self.by_id.get(style.based_on.as_deref()?);
        std::iter::successors(first, base).take(CHAIN_MAX)
    }
}

impl Style {
    fn take(&mut self, element: &Element) {
        let value = element.attribute("val").unwrap_or_default();
        match element.name.as_str() {
            "name" => self.level = self.level.or_else(|| by_name(value)),
            "basedOn" => self.based_on = Some(value.to_owned()),
            "outlineLvl" => self.level = outline(value).or(self.level),
            "vanish" => self.is_hidden = Some(element.is_on()),
            "numId" => self.is_list = value != "0",
            _ => {}
        }
    }
}

/// Names of the built-in styles are English in every language of Word.
fn by_name(name: &str) -> Option<u8> {
    let lower = name.to_ascii_lowercase();
    if lower == "title" {
        return Some(1);
    }
    lower.strip_prefix("heading ")?.trim().parse().ok().filter(|level| (1..=9).contains(level))
}

/// Levels of the outline count from 0; 9 is running text.
pub(super) fn outline(value: &str) -> Option<u8> {
    value.parse::<u8>().ok().filter(|level| *level < 9).map(|level| level + 1)
}
