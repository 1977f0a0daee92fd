//! How numbers are written: which formats make a date of one, and which hide it.
use std::collections::HashMap;

use crate::{
    Excess, Limits, ReadError,
    limits::{length, within},
    xml::{Element, Token, Xml},
};

/// What a format makes of a number, as far as it changes what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Number,
    Moment,
    Duration,
    /// Nothing is shown.
    Blank,
}

/// Formats of the cells of a workbook, by the number that cells say.
#[derive(Default)]
pub(super) struct Formats {
    list: Vec<Format>,
}

impl Formats {
    pub(super) fn read(xml: &mut Xml<'_>, limits: &Limits) -> Result<Self, ReadError> {
        let mut own: HashMap<String, Format> = HashMap::new();
        let (mut ids, mut in_cells) = (Vec::new(), false);
        loop {
            match xml.next()? {
                Token::Start(element) => match element.name.as_str() {
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => ids.push(id(&element)),
                    "numFmt" => {
                        let code = element.attribute("formatCode").unwrap_or_default();
                        own.insert(id(&element), Format::of_code(code));
                    }
                    _ => {}
                },
                Token::End(name) if name == "cellXfs" => in_cells = false,
                Token::End(_) | Token::Text(_) => {}
                Token::Finished => break,
            }
            within(Excess::Cells, length(ids.len()), limits.cells)?;
        }
        let of_id = |id: &String| own.get(id).copied().unwrap_or_else(|| Format::of_id(id));
        Ok(Self { list: ids.iter().map(of_id).collect() })
    }

    /// The format that a cell names, else that of numbers.
    pub(super) fn of(&self, cell: &Element) -> Format {
        let index = cell.attribute("s").and_then(|index| index.parse::<usize>().ok());
        index.and_then(|index| self.list.get(index)).copied().unwrap_or(Format::Number)
    }
}

fn id(element: &Element) -> String {
    element.attribute("numFmtId").unwrap_or_default().to_owned()
}

impl Format {
    /// Formats that every program has (ECMA-376, 18.8.30).
    fn of_id(id: &str) -> Self {
        match id.parse::<u32>() {
            Ok(14..=22 | 27..=36 | 45 | 47 | 50..=58) => Self::Moment,
            Ok(46) => Self::Duration,
            Ok(_) | Err(_) => Self::Number,
        }
    }

    /// A format in letters. Its first part, for numbers above zero, says what it is.
    fn of_code(code: &str) -> Self {
        let is_blank = |c: char| c == ';' || c.is_whitespace();
        if code.contains(";;") && code.chars().all(is_blank) {
            return Self::Blank;
        }
        let mut characters = code.chars();
        while let Some(character) = characters.next() {
            match character.to_ascii_lowercase() {
                // What follows is shown as it is.
                '\\' | '_' | '*' => {
                    characters.next();
                }
                '"' => {
                    characters.by_ref().find(|c| *c == '"');
                }
                '[' => {
                    let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    if is_elapsed(&inside) {
                        return Self::Duration;
                    }
                }
                ';' => break,
                'd' | 'm' | 'h' | 'y' | 's' => return Self::Moment,
                _ => {}
            }
        }
        Self::Number
    }
}

/// Hours, minutes or seconds that are not cut at a day: `[h]`, `[mm]`.
fn is_elapsed(inside: &str) -> bool {
    let units = |c: char| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's');
    !inside.is_empty() && inside.chars().all(units)
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn codes_say_what_a_number_is() {
        for (code, expected) in [
            ("General", Format::Number),
            ("0.00", Format::Number),
            ("#,##0.00 \"jours\"", Format::Number),
            ("[Red]0", Format::Number),
            ("0\\d", Format::Number),
            ("dd/mm/yyyy", Format::Moment),
            ("[$-40C]d mmmm yyyy", Format::Moment),
            ("[h]:mm:ss", Format::Duration),
            (";;;", Format::Blank),
            ("", Format::Number),
        ] {
            assert_eq!(Format::of_code(code), expected, "{code}");
        }
        assert_eq!(Format::of_code(&"[".repeat(300)), Format::Number);
    }
}
