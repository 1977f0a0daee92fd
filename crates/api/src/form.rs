//! Forms with a file, taken apart as they arrive.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use inference_wire::multipart::{FormEvent, Multipart, MultipartError};
use tokio::time::{Instant, timeout};

use crate::{
    body::invalid,
    problem::{Code, Problem},
};

/// What a client is listened to after its file was refused: many read the answer only after they
/// have sent everything.
const DISCARDED_MAX: usize = 16 * 1024 * 1024;

/// What has to arrive in a second, taken all together.
const PACE_BYTES: u32 = 16 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// Of a field that is no file.
const FIELD_BYTES_MAX: usize = 4 * 1024;

/// The field that is the file.
const FILE: &str = "file";

/// A body of any size that has to arrive at some speed: who sends a byte now and then would keep a
/// connection for years.
pub(crate) struct Arriving {
    body: Body,
    patience: Duration,
    until: Instant,
}

impl Arriving {
    pub(crate) fn new(body: Body, patience: Duration) -> Self {
        Self { body, patience, until: Instant::now() + patience }
    }

    /// The next bytes, `None` at the end; a client that sends none for too long is given up.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.patience);
        let next = next(&mut self.body, left).await?;
        if let Some(bytes) = &next {
            self.until += SECOND * u32::try_from(bytes.len()).unwrap_or(u32::MAX) / PACE_BYTES;
        }
        Ok(next)
    }

    /// Listens on for a while. Whether it ends or not: the answer is the refusal.
    pub(crate) async fn discard(&mut self) {
        let patience = self.patience;
        timeout(patience, discard(&mut self.body, patience)).await.unwrap_or_default();
    }
}

/// The next bytes, none of them later than `patience` after those before.
async fn next(body: &mut Body, patience: Duration) -> Result<Option<Bytes>, Problem> {
    loop {
        match timeout(patience, body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            Ok(Some(Err(_))) => {
                return Err(Problem::new(Code::InvalidRequest, "the body broke off"));
            }
            Err(_) => {
                let message = "too little arrived for too long";
                return Err(Problem::new(Code::BodyTimeout, message));
            }
        }
    }
}

async fn discard(body: &mut Body, patience: Duration) {
    let mut left = DISCARDED_MAX;
    while left > 0 {
        let Ok(Some(bytes)) = next(body, patience).await else { return };
        left = left.saturating_sub(bytes.len());
    }
}

/// What comes next in a form.
pub(crate) enum Piece {
    /// The file begins: what it is called, and what its bytes are said to be.
    File { name: Option<String>, content_type: Option<String> },
    /// Bytes of the file.
    Bytes(Vec<u8>),
    /// A field, whole.
    Field { name: String, text: String },
}

/// A form with at most one file, of which a part has arrived.
pub(crate) struct Form {
    multipart: Multipart,
    part: Part,
    has_file: bool,
}

/// What the bytes that arrive belong to.
enum Part {
    Nothing,
    File,
    Field { name: String, bytes: Vec<u8> },
}

impl Form {
    /// Of the headers of its request.
    pub(crate) fn new(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let multipart = Multipart::new(kind.unwrap_or_default()).map_err(refused)?;
        Ok(Self { multipart, part: Part::Nothing, has_file: false })
    }

    /// More bytes of it. Take all pieces before the next call.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.multipart.push(bytes);
    }

    /// The next piece; `None` if more bytes are needed.
    pub(crate) fn piece(&mut self) -> Result<Option<Piece>, Problem> {
        while let Some(event) = self.multipart.event().map_err(refused)? {
            let piece = match event {
                FormEvent::Part { name, file_name, content_type } if name == FILE => {
                    Some(self.begin_file(file_name, content_type)?)
                }
                FormEvent::Part { name, .. } => {
                    self.part = Part::Field { name, bytes: Vec::new() };
                    None
                }
                FormEvent::Bytes(bytes) => self.bytes(bytes)?,
                FormEvent::PartEnd => self.end()?,
                FormEvent::End => None,
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
        Ok(None)
    }

    /// What is missing when there are no more bytes.
    pub(crate) fn finish(&self) -> Result<(), Problem> {
        self.multipart.finish().map_err(refused)
    }

    fn begin_file(
        &mut self,
        name: Option<String>,
        content_type: Option<String>,
    ) -> Result<Piece, Problem> {
        if self.has_file {
            return Err(invalid(FILE, "there must be one file".to_owned()));
        }
        self.has_file = true;
        self.part = Part::File;
        Ok(Piece::File { name, content_type })
    }

    fn bytes(&mut self, bytes: Vec<u8>) -> Result<Option<Piece>, Problem> {
        match &mut self.part {
            Part::File => Ok(Some(Piece::Bytes(bytes))),
            Part::Field { bytes: known, .. } => {
                if known.len() + bytes.len() > FIELD_BYTES_MAX {
                    return Err(invalid("form", "a field is too long".to_owned()));
                }
                known.extend_from_slice(&bytes);
                Ok(None)
            }
            Part::Nothing => Ok(None),
        }
    }

    fn end(&mut self) -> Result<Option<Piece>, Problem> {
        let part = std::mem::replace(&mut self.part, Part::Nothing);
        let Part::Field { name, bytes } = part else { return Ok(None) };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Piece::Field { name, text })),
            Err(_) => Err(invalid("form", "a field is not UTF-8".to_owned())),
        }
    }
}

/// Whether a client that sends a field means that it does not.
pub(crate) fn is_absent(text: &str) -> bool {
    matches!(text, "" | "null")
}

/// Of a form that ended without its file.
pub(crate) fn no_file() -> Problem {
    invalid(FILE, "the form has no `file`".to_owned())
}

fn refused(error: MultipartError) -> Problem {
    invalid("form", error.to_string())
}
