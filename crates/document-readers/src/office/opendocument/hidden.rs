//! Styles under which nothing is shown.
use std::collections::{HashMap, HashSet};

use crate::{
    ReadError,
    xml::{Element, Token, Xml},
};

/// Styles that go on from styles that go on from styles: a chain this long is a circle.
const CHAIN_MAX: usize = 16;

/// The family and the name of a style.
type Style = (String, String);

#[derive(Default)]
pub(super) struct Hidden {
    hiding: HashSet<Style>,
    /// Styles that say that they are shown, whatever they go on from.
    showing: HashSet<Style>,
    /// The styles that styles go on from, of the same family.
    parents: HashMap<Style, String>,
}

impl Hidden {
    /// Adds the hiding styles of a part.
    pub(super) fn read(&mut self, xml: &mut Xml<'_>) -> Result<(), ReadError> {
        let mut current = (String::new(), String::new());
        loop {
            match xml.next()? {
                Token::Start(element) if element.name == "style" => {
                    let value = |name| element.attribute(name).unwrap_or_default().to_owned();
                    current = (value("family"), value("name"));
                    if let Some(parent) = element.attribute("parent-style-name") {
                        self.parents.insert(current.clone(), parent.to_owned());
                    }
                }
                Token::Start(element) => match hides(&element) {
                    Some(true) => {
                        self.hiding.insert(current.clone());
                    }
                    Some(false) => {
                        self.showing.insert(current.clone());
                    }
                    None => {}
                },
                Token::End(name) if name == "style" => current = (String::new(), String::new()),
                Token::End(_) | Token::Text(_) => {}
                Token::Finished => return Ok(()),
            }
        }
    }

    /// Whether nothing of an element is shown.
    pub(super) fn conceals(&self, element: &Element) -> bool {
        let family = match element.name.as_str() {
            "span" => "text",
            "p" | "h" => "paragraph",
            "table" => "table",
            "page" => "drawing-page",
            "table-row" => {
                return matches!(element.attribute("visibility"), Some("collapse" | "filter"));
            }
            "section" => return element.attribute("display") == Some("none"),
            "hidden-text" | "hidden-paragraph" => return true,
            _ => return false,
        };
        self.is_hiding(family, element.attribute("style-name").unwrap_or_default())
    }

    fn is_hiding(&self, family: &str, name: &str) -> bool {
        let mut style = (family.to_owned(), name.to_owned());
        for _ in 0..CHAIN_MAX {
            if self.hiding.contains(&style) {
                return true;
            }
            match self.parents.get(&style) {
                Some(parent) if !self.showing.contains(&style) => parent.clone_into(&mut style.1),
                Some(_) | None => return false,
            }
        }
        false
    }
}

/// Whether properties of a style hide, if they say anything of it.
fn hides(properties: &Element) -> Option<bool> {
    match properties.name.as_str() {
        "text-properties" => properties.attribute("display").map(|said| said == "none"),
        "table-properties" => properties.attribute("display").map(|said| said == "false"),
        "drawing-page-properties" => {
            properties.attribute("visibility").map(|said| said == "hidden")
        }
        _ => None,
    }
}
