//! Every error code has its page in `docs/errors`, and every page its code.
//!
//! The convention: codes are the string literals in functions named `code`, which error types
//! have, and in `impl Code`, the list of everything that a client can meet.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::sources;
use crate::workspace::Workspace;

const FOLDER: &str = "docs/errors";

pub(crate) fn problems(workspace: &Workspace) -> Result<Vec<String>> {
    let mut codes = BTreeMap::new();
    for folder in ["crates", "libs"] {
        for source in sources::walk(workspace.root(), folder)? {
            if source.has_extension(&["rs"]) {
                let found = codes_in(&source.text()?);
                codes.extend(found.into_iter().map(|code| (code, source.name.clone())));
            }
        }
    }
    let mut pages = BTreeMap::new();
    if workspace.path(FOLDER).is_dir() {
        for source in sources::walk(workspace.root(), FOLDER)? {
            if let Some(code) = page_code(&source.name) {
                pages.insert(code.to_owned(), source.text()?);
            }
        }
    }
    Ok(compare(&codes, &pages))
}

fn page_code(name: &str) -> Option<&str> {
    let code = name.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".md")?;
    (code != "README").then_some(code)
}

fn compare(codes: &BTreeMap<String, String>, pages: &BTreeMap<String, String>) -> Vec<String> {
    let missing = codes.iter().filter(|(code, _)| !pages.contains_key(*code));
    let missing =
        missing.map(|(code, file)| format!("`{code}` ({file}) has no {FOLDER}/{code}.md"));
    let stale = pages.keys().filter(|code| !codes.contains_key(*code));
    let stale =
        stale.map(|code| format!("{FOLDER}/{code}.md is about a code that nothing declares"));
    let nameless = pages.iter().filter(|(code, page)| !page.contains(code.as_str()));
    let nameless = nameless.map(|(code, _)| format!("{FOLDER}/{code}.md never names its code"));
    missing.chain(stale).chain(nameless).collect()
}

/// Where codes are declared.
const DECLARATIONS: [&str; 2] = ["fn code(", "impl Code {"];

/// The codes among the string literals of every declaration.
fn codes_in(text: &str) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (at, _) in DECLARATIONS.iter().flat_map(|start| text.match_indices(start)) {
        let signature = &text[at..];
        let Some(body) = signature.find(['{', ';']) else { continue };
        if signature[body..].starts_with('{') {
            codes.extend(literals(&signature[body..]).into_iter().filter(|text| is_code(text)));
        }
    }
    codes
}

/// The string literals between the first brace and the one that closes it.
fn literals(text: &str) -> Vec<String> {
    let (mut found, mut depth) = (Vec::new(), 0_usize);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '"' => found.push(literal(&mut characters)),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// The rest of a string literal after its opening quote; an escaped character is left out.
fn literal(characters: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => drop(characters.next()),
            other => text.push(other),
        }
    }
    text
}

/// `word` or `word.word_word`, as codes are written.
fn is_code(text: &str) -> bool {
    let mut parts = text.split('.');
    let word = |part: &str, also: &str| {
        let fits = |letter: char| letter.is_ascii_lowercase() || also.contains(letter);
        !part.is_empty() && part.chars().all(fits)
    };
    let first = parts.next().is_some_and(|part| word(part, ""));
    let second = parts.next().is_none_or(|part| word(part, "_0123456789"));
    first && second && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        trait Coded { fn code(&self) -> &'static str; }
        impl A {
            fn name(&self) -> &str { "not.this" }
            pub(crate) fn code(&self) -> &'static str {
                match self {
                    A::Missing { .. } => "auth.missing",
                    A::Json(_) => { "request.invalid_json" }
                    A::Other => "internal",
                    A::Kind => "invalid_request_error",
                }
            }
            fn after(&self) -> &str { "nor.this" }
        }
        impl Code {
            fn hint(self) -> &'static str { "say \"please.now\" {" }
            fn row(self) -> (&'static str, u16) { ("route.unknown", 404) }
        }
        impl B { fn text(&self) -> &str { "not.this.either" } }
    "#;

    #[test]
    fn codes_are_the_literals_of_declarations() {
        let codes: Vec<String> = codes_in(SOURCE).into_iter().collect();
        assert_eq!(codes, ["auth.missing", "internal", "request.invalid_json", "route.unknown"]);
    }

    #[test]
    fn codes_have_one_form() {
        for code in ["internal", "a.b", "model.too_large", "http.status_421"] {
            assert!(is_code(code), "{code}");
        }
        for text in ["", "A.b", "a.", ".b", "a.b.c", "a_b.c", "a b", "a.B"] {
            assert!(!is_code(text), "{text}");
        }
    }

    fn check(codes: &[&str], pages: &[&str], expected: &[&str]) {
        let codes = codes.iter().map(|&code| (code.to_owned(), "a.rs".to_owned())).collect();
        let pages = pages.iter().map(|&code| (code.to_owned(), format!("# {code}"))).collect();
        assert_eq!(compare(&codes, &pages), expected);
    }

    #[test]
    fn codes_and_pages_are_the_same_set() {
        check(&["a.b", "internal"], &["a.b", "internal"], &[]);
        check(&["a.b"], &[], &["`a.b` (a.rs) has no docs/errors/a.b.md"]);
        check(&[], &["a.b"], &["docs/errors/a.b.md is about a code that nothing declares"]);
    }

    #[test]
    fn a_page_names_its_code() {
        let codes = BTreeMap::from([("a.b".to_owned(), "a.rs".to_owned())]);
        let pages = BTreeMap::from([("a.b".to_owned(), "# Something else".to_owned())]);
        assert_eq!(compare(&codes, &pages), ["docs/errors/a.b.md never names its code"]);
    }

    #[test]
    fn only_pages_of_codes_are_pages() {
        assert_eq!(page_code("docs/errors/auth.missing.md"), Some("auth.missing"));
        assert_eq!(page_code("docs/errors/README.md"), None);
        assert_eq!(page_code("docs/errors/picture.svg"), None);
    }
}
