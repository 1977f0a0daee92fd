//! Which part of an archive another part means: names are references, which a list resolves.
use std::collections::HashMap;

use crate::{
    Excess, Limits, ReadError,
    archive::Archive,
    limits::{length, within},
    xml::{Element, Token, Xml, text_of},
};

pub(super) struct Relation {
    /// The last word of the type, such as `slide`.
    kind: String,
    /// The name of the part in the archive.
    pub(super) target: String,
}

/// Relations of one part, in the order of the file: the same file is read the same each time.
#[derive(Default)]
pub(super) struct Relations {
    list: Vec<Relation>,
    by_id: HashMap<String, usize>,
}

impl Relations {
    /// Relations of `part`. Those that point outside of the file are left away.
    pub(super) fn of(
        format: &'static str,
        archive: &mut Archive<'_>,
        part: &str,
        limits: &Limits,
    ) -> Result<Self, ReadError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let list = format!("{folder}/_rels/{file}.rels");
        let mut found = Self::default();
        let Some(bytes) = archive.part(&list)? else { return Ok(found) };
        let text = text_of(format, &list, &bytes)?;
        let mut xml = Xml::new(format, &list, &text, limits);
        loop {
            match xml.next()? {
                Token::Start(element) if element.name == "Relationship" => {
                    found.add(&element, folder);
                    within(Excess::Entries, length(found.list.len()), limits.entries)?;
                }
                Token::Start(_) | Token::End(_) | Token::Text(_) => {}
                Token::Finished => return Ok(found),
            }
        }
    }

    fn add(&mut self, element: &Element, folder: &str) {
        let Some((id, target)) = element.attribute("Id").zip(element.attribute("Target")) else {
            return;
        };
        if element.attribute("TargetMode") == Some("External") {
            return;
        }
        let kind = element.attribute("Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        self.by_id.entry(id.to_owned()).or_insert(self.list.len());
        self.list.push(Relation { kind, target: resolved(folder, target) });
    }

    pub(super) fn get(&self, id: &str) -> Option<&Relation> {
        self.list.get(*self.by_id.get(id)?)
    }

    /// The first relation of a kind.
    pub(super) fn first(&self, kind: &str) -> Option<&Relation> {
        self.list.iter().find(|relation| relation.kind == kind)
    }
}

/// The part that the archive calls its document, else `usual`.
pub(super) fn main_part(
    format: &'static str,
    archive: &mut Archive<'_>,
    usual: &str,
    limits: &Limits,
) -> Result<String, ReadError> {
    let found = Relations::of(format, archive, "", limits)?;
    let main = found.first("officeDocument").map(|relation| relation.target.clone());
    Ok(main.unwrap_or_else(|| usual.to_owned()))
}

/// A target from its folder: `..` goes up, and never out of the archive.
fn resolved(folder: &str, target: &str) -> String {
    let (base, rest) = match target.strip_prefix('/') {
        Some(rest) => ("", rest),
        None => (folder, target),
    };
    let mut names: Vec<&str> = base.split('/').filter(|name| !name.is_empty()).collect();
    for name in rest.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            other => names.push(other),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn targets_stay_in_the_archive() {
        for (folder, target, expected) in [
            ("ppt", "slides/slide1.xml", "ppt/slides/slide1.xml"),
            ("ppt/slides", "../media/a.png", "ppt/media/a.png"),
            ("word", "/word/styles.xml", "word/styles.xml"),
            ("word", "../../../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolved(folder, target), expected);
        }
    }
}
