//! XML as tokens, by local names: no entity but the five of XML is expanded, no document type is
//! accepted, depth is bounded.
use quick_xml::{Reader, events::BytesStart, events::Event};

use crate::{
    Excess, Limits, ReadError,
    cleaning::decode,
    limits::{length, within},
};

/// Attributes of one element: no format has as many.
const ATTRIBUTES_MAX: u64 = 1_000;

pub(crate) enum Token {
    Start(Element),
    End(String),
    Text(String),
    Finished,
}

/// The start of an element. Prefixes of names are not kept, those of attributes are.
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of the attribute with this local name, whatever its prefix.
    pub(crate) fn attribute(&self, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| local_of(name) == local);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of an attribute that has a prefix, as references to other parts do.
    pub(crate) fn prefixed(&self, local: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|(name, _)| name.split_once(':').is_some_and(|(_, rest)| rest == local));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a property is on: there, and its value not one that says no.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.attribute("val"), Some("0" | "false" | "off" | "none"))
    }
}

pub(crate) struct Xml<'b> {
    format: &'static str,
    part: String,
    reader: Reader<&'b [u8]>,
    depth: u64,
    depth_max: u64,
}

impl<'b> Xml<'b> {
    pub(crate) fn new(format: &'static str, part: &str, text: &'b str, limits: &Limits) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { format, part: part.to_owned(), reader, depth: 0, depth_max: limits.depth }
    }

    /// The next token. Comments, instructions and declarations are passed over.
    pub(crate) fn next(&mut self) -> Result<Token, ReadError> {
        loop {
            let event = self.reader.read_event().map_err(|_| self.broken())?;
            let token = match event {
                Event::Start(start) => {
                    self.depth += 1;
                    within(Excess::Depth, self.depth, self.depth_max)?;
                    Token::Start(self.element(&start)?)
                }
                Event::Empty(start) => Token::Start(self.element(&start)?),
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Token::End(end.local_name().as_ref().to_owned())
                }
                Event::Text(text) => Token::Text(text.to_string()),
                Event::CData(text) => Token::Text(text.to_string()),
                Event::GeneralRef(reference) => Token::Text(self.resolved(&reference)?),
                Event::DocType(_) => {
                    return Err(ReadError::TooMuch { what: Excess::Entities, max: 0 });
                }
                Event::Eof if self.depth > 0 => return Err(self.broken()),
                Event::Eof => Token::Finished,
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => continue,
            };
            return Ok(token);
        }
    }

    /// Passes over the rest of the element that was started last.
    pub(crate) fn skip(&mut self) -> Result<(), ReadError> {
        let mut open = 1_u64;
        while open > 0 {
            match self.next()? {
                Token::Start(_) => open += 1,
                Token::End(_) => open -= 1,
                Token::Text(_) => {}
                Token::Finished => return Err(self.broken()),
            }
        }
        Ok(())
    }

    /// The characters of the rest of the element that was started last, at most `bytes_max`.
    pub(crate) fn characters(&mut self, bytes_max: u64) -> Result<String, ReadError> {
        let mut text = String::new();
        let mut open = 1_u64;
        while open > 0 {
            match self.next()? {
                Token::Start(_) => open += 1,
                Token::End(_) => open -= 1,
                Token::Text(more) => text.push_str(&more),
                Token::Finished => return Err(self.broken()),
            }
            within(Excess::Text, length(text.len()), bytes_max)?;
        }
        Ok(text)
    }

    pub(crate) fn broken(&self) -> ReadError {
        ReadError::broken(self.format, &self.part)
    }

    fn element(&self, start: &BytesStart<'_>) -> Result<Element, ReadError> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| self.broken())?;
            let value = self.unescaped(&attribute.value)?;
            attributes.push((attribute.key.as_ref().to_owned(), value));
            within(Excess::Attributes, length(attributes.len()), ATTRIBUTES_MAX)?;
        }
        Ok(Element { name: start.local_name().as_ref().to_owned(), attributes })
    }

    fn unescaped(&self, raw: &str) -> Result<String, ReadError> {
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('&') {
            let (name, following) = after.split_once(';').ok_or_else(|| self.broken())?;
            value.push_str(before);
            value.push_str(&self.resolved(name)?);
            rest = following;
        }
        value.push_str(rest);
        Ok(value)
    }

    fn resolved(&self, name: &str) -> Result<String, ReadError> {
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => numbered(name),
        };
        character.map(String::from).ok_or_else(|| self.broken())
    }
}

/// The characters of a part: XML may also be UTF-16, with its mark.
pub(crate) fn text_of(format: &'static str, part: &str, bytes: &[u8]) -> Result<String, ReadError> {
    let decoded = decode(bytes);
    if decoded.guessed { Err(ReadError::broken(format, part)) } else { Ok(decoded.text) }
}

fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

fn local_of(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
