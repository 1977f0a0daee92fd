//! What an evidence record states: one line of JSON, its keys in alphabetical order.

use domain::{ModelId, RequestId, Timestamp, hexadecimal};
use governance::LoggedAnswer;
use passages::Area;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::Citation;

/// Keys of the JSON in alphabetical order: serde writes fields as they are declared. What is not
/// known is null, never left out. Neither the document nor who asked has a name in it.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    areas: Vec<PlacedArea>,
    /// Microseconds since 1970-01-01T00:00:00Z, as in the entry.
    at: i64,
    document: Document,
    issued_at: i64,
    log: Log<'a>,
    model: Model<'a>,
    pages: &'a [u32],
    quote: &'a str,
    range: Range,
    reading: Reading,
    request: String,
    version: Version,
}

/// Points from the top left corner of the page.
#[derive(Debug, Serialize)]
struct PlacedArea {
    bottom: f32,
    left: f32,
    page: u32,
    right: f32,
    top: f32,
}

#[derive(Debug, Serialize)]
struct Document {
    /// SHA-256 of the bytes.
    digest: String,
    id: String,
}

#[derive(Debug, Serialize)]
struct Log<'a> {
    checkpoint: &'a str,
    entry: &'a str,
    inclusion: &'a [String],
    index: u64,
    origin: &'a str,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    digest: Option<&'a str>,
    id: &'a str,
}

/// Bytes of the text that was read, in UTF-8.
#[derive(Debug, Serialize)]
struct Range {
    end: u32,
    start: u32,
}

/// The text that was read of the document.
#[derive(Debug, Serialize)]
struct Reading {
    bytes: usize,
    /// SHA-256 of the text in UTF-8.
    digest: String,
}

#[derive(Debug, Serialize)]
struct Version {
    key: u64,
    number: u32,
}

impl<'a> Record<'a> {
    /// `reading`: the text that the citation is of.
    pub(super) fn new(citation: &'a Citation, reading: &str, logged: &'a LoggedAnswer) -> Self {
        Self {
            areas: citation.areas.iter().copied().map(placed).collect(),
            at: logged.at,
            document: Document {
                digest: sha256(&citation.digest),
                id: citation.document.to_string(),
            },
            issued_at: 0,
            log: Log {
                checkpoint: &logged.checkpoint,
                entry: &logged.entry,
                inclusion: &logged.inclusion,
                index: logged.index,
                origin: "",
            },
            model: Model { digest: logged.model.as_deref(), id: "" },
            pages: &citation.pages,
            quote: &citation.quote,
            range: Range { end: citation.span.end, start: citation.span.start },
            reading: Reading {
                bytes: reading.len(),
                digest: sha256(&Sha256::digest(reading.as_bytes())),
            },
            request: String::new(),
            version: Version { key: citation.version.key.0, number: citation.version.number },
        }
    }

    /// Which model quoted, in which request.
    pub(super) fn asked(self, request: RequestId, model: &'a ModelId) -> Self {
        let model = Model { id: model.as_str(), ..self.model };
        Self { request: request.to_string(), model, ..self }
    }

    /// `origin`: the name of the log, and of the key that signs.
    pub(super) fn issued(self, at: Timestamp, origin: &'a str) -> Self {
        let log = Log { origin, ..self.log };
        Self { issued_at: at.as_micros(), log, ..self }
    }

    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

const fn placed((page, area): (u32, Area)) -> PlacedArea {
    let Area { left, top, right, bottom } = area;
    PlacedArea { bottom, left, page, right, top }
}

fn sha256(digest: &[u8]) -> String {
    format!("sha256:{}", hexadecimal(digest))
}
