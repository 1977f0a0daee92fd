//! Styles under which nothing is shown.
use std::collections::HashSet;

use crate::{
    ReadError,
    xml::{Element, Token, Xml},
};

#[derive(Default)]
pub(super) struct Hidden {
    /// Families and names of styles.
    styles: HashSet<(String, String)>,
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
                }
                Token::Start(element) => {
                    let is_hiding = match element.name.as_str() {
                        "text-properties" => element.attribute("display") == Some("none"),
                        "table-properties" => element.attribute("display") == Some("false"),
                        "drawing-page-properties" => {
                            element.attribute("visibility") == Some("hidden")
                        }
                        _ => false,
                    };
                    if is_hiding {
                        self.styles.insert(current.clone());
                    }
                }
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
        let style = element.attribute("style-name").unwrap_or_default();
        self.styles.contains(&(family.to_owned(), style.to_owned()))
    }
}
