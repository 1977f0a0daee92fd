//! Whether the quote stands in the document, for whoever has it: its bytes, or the text that was
//! read of it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{Flaw, digest};
use crate::arguments::CitationRequest;
use crate::files::{self, FileError, Unreadable};
use crate::problem::Problem;
use crate::report::Report;
use crate::signed::{Kind, shown};

/// More text than a document of many thousand pages has.
const TEXT_BYTES_MAX: u64 = 1 << 30;

/// A place in the text that was read, and what stands there.
struct Quote<'a> {
    start: u64,
    end: u64,
    words: &'a str,
}

pub(super) fn check(
    statement: &Value,
    request: &CitationRequest,
    report: &mut Report,
) -> Result<(), Unreadable> {
    let quote = match quote(statement) {
        Ok(quote) => quote,
        Err(problem) => {
            report.problems.push(problem);
            return Ok(());
        }
    };
    if let Some(document) = &request.document {
        check_document(statement, document, report)
            .map_err(|error| Unreadable::new(document, error))?;
    }
    if let Some(text) = &request.text {
        check_text(statement, &quote, text, report)
            .map_err(|error| Unreadable::new(text, error))?;
    }
    if request.document.is_none() && request.text.is_none() {
        let line = "the quote was not compared with a document: give `--document` or `--text`";
        report.lines.push(line.to_owned());
    }
    Ok(())
}

/// A quote has as many bytes as its place.
fn quote(statement: &Value) -> Result<Quote<'_>, Problem> {
    let member = |name: &str| {
        Kind::Citation.malformed(format!("its `{name}` is missing or of another kind"))
    };
    let range = &statement["range"];
    let start = range["start"].as_u64().ok_or_else(|| member("range.start"))?;
    let end = range["end"].as_u64().ok_or_else(|| member("range.end"))?;
    let words = statement["quote"].as_str().ok_or_else(|| member("quote"))?;
    if words.is_empty() || end.checked_sub(start) != Some(words.len() as u64) {
        return Err(Kind::Citation.malformed("its quote has another length than its range"));
    }
    Ok(Quote { start, end, words })
}

fn check_document(statement: &Value, path: &Path, report: &mut Report) -> Result<(), FileError> {
    let found = format!("sha256:{}", digest_of(path)?);
    let expected = digest(statement);
    if found == expected {
        report.lines.push("document: it is the version that is cited".to_owned());
        report.members.insert("document_matched".to_owned(), true.into());
    } else {
        report.problems.push(other_source(path, expected, found));
    }
    Ok(())
}

fn check_text(
    statement: &Value,
    quote: &Quote<'_>,
    path: &Path,
    report: &mut Report,
) -> Result<(), FileError> {
    let text = files::read(path, TEXT_BYTES_MAX)?;
    let found = format!("sha256:{}", hexadecimal(&Sha256::digest(&text)));
    let expected = shown(&statement["reading"]["digest"]);
    let (Quote { start, end, words }, file) = (quote, path.display().to_string());
    let place = usize::try_from(*start).ok().zip(usize::try_from(*end).ok());
    let standing = place.and_then(|(start, end)| text.get(start..end));
    if found != expected {
        report.problems.push(other_source(path, expected, found));
    } else if standing == Some(words.as_bytes()) {
        report.lines.push("text: the quote stands at its place, byte by byte".to_owned());
        report.members.insert("quote_matched".to_owned(), true.into());
    } else {
        let (start, end) = (*start, *end);
        report.problems.push(Problem::Citation(Flaw::NoQuote { file, start, end }));
    }
    Ok(())
}

fn other_source(path: &Path, expected: String, found: String) -> Problem {
    let file = path.display().to_string();
    Problem::Citation(Flaw::OtherSource { file, expected, found })
}

/// SHA-256 of a file of any size.
fn digest_of(path: &Path) -> Result<String, FileError> {
    let mut reader = BufReader::new(files::open(path)?);
    let mut hash = Sha256::new();
    loop {
        let piece = reader.fill_buf()?;
        if piece.is_empty() {
            return Ok(hexadecimal(&hash.finalize()));
        }
        hash.update(piece);
        let read = piece.len();
        reader.consume(read);
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
