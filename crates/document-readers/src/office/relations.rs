//! Which part of an archive another part means: names are references, which a list resolves.
use std::collections::HashMap;

use crate::{
    Limits, ReadError,
    archive::Archive,
    xml::{Token, Xml, text_of},
};

pub(super) struct Relation {
    /// The last word of the type, such as `slide`.
    pub(super) kind: String,
    /// The name of the part in the archive.
    pub(super) target: String,
}

/// Relations of `part`, by their ids. Those that point outside of the file are left away.
pub(super) fn relations(
    format: &'static str,
    archive: &mut Archive<'_>,
    part: &str,
    limits: &Limits,
) -> Result<HashMap<String, Relation>, ReadError> {
    let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
    let list = format!("{folder}/_rels/{file}.rels");
    let mut found = HashMap::new();
    let Some(bytes) = archive.part(&list)? else { return Ok(found) };
    let text = text_of(format, &list, &bytes)?;
    let mut xml = Xml::new(format, &list, &text, limits);
    loop {
        match xml.next()? {
            Token::Start(element) if element.name == "Relationship" => {
                if element.attribute("TargetMode") == Some("External") {
                    continue;
                }
                let (Some(id), Some(target)) =
                    (element.attribute("Id"), element.attribute("Target"))
                else {
                    continue;
                };
                let kind = element.attribute("Type").unwrap_or_default();
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                found.insert(id.to_owned(), Relation { kind, target: resolved(folder, target) });
            }
            Token::Start(_) | Token::End(_) | Token::Text(_) => {}
            Token::Finished => return Ok(found),
        }
    }
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
