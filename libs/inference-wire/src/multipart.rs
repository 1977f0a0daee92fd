//! Forms with files, `multipart/form-data` (RFC 7578), a piece at a time.
//!
//! What is fed is handed on at once: however long a part is, no more is kept of it than an end that
//! was cut. Parts and the heads of parts are bounded, so that a form of nothing but heads is refused
//! as soon as it is seen to be one.

use std::fmt;

/// Parts of one form.
pub const PARTS_MAX: usize = 32;

/// Bytes of the head of one part.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Characters of a boundary (RFC 2046).
const BOUNDARY_MAX: usize = 70;

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultipartError {
    /// The type of the content names no boundary, or not one that may be.
    Boundary,
    /// It does not begin with the boundary.
    Start,
    /// There are more parts than anybody needs.
    TooManyParts,
    /// The head of a part does not end soon enough.
    HeadTooLong,
    /// The head of a part is none, or does not name the part.
    Head,
    /// Something else than the end of a line stands behind a boundary.
    Delimiter,
    /// The form ends in the middle.
    Unfinished,
}

impl fmt::Display for MultipartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boundary => "the content type must be `multipart/form-data` with a boundary",
            Self::Start => "the form does not begin with its boundary",
            Self::TooManyParts => "the form has too many parts",
            Self::HeadTooLong => "the head of a part of the form is too long",
            Self::Head => "the head of a part of the form cannot be read",
            Self::Delimiter => "a boundary of the form is followed by something else",
            Self::Unfinished => "the form ends in the middle",
        })
    }
}

impl std::error::Error for MultipartError {}

/// What comes next in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormEvent {
    /// A part begins.
    Part {
        /// What the field is called.
        name: String,
        /// What the file is called, if it is one.
        file_name: Option<String>,
        /// What its bytes are said to be.
        content_type: Option<String>,
    },
    /// Bytes of the part, never none.
    Bytes(Vec<u8>),
    /// The part is complete.
    PartEnd,
    /// The form is complete. What follows it is ignored.
    End,
}

/// Reads one form. Feed it with [`Multipart::push`], and take events until there is none.
#[derive(Debug)]
pub struct Multipart {
    /// `CR LF -- boundary`.
    delimiter: Vec<u8>,
    kept: Vec<u8>,
    state: State,
    parts: usize,
    /// Whether what is kept begins with the end of a head.
    is_first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Start,
    /// Behind a boundary: the end of the line, or of the form.
    Boundary,
    Head,
    Body,
    Done,
}

impl Multipart {
    /// A form of this type of content.
    ///
    /// # Errors
    /// [`MultipartError::Boundary`] if it is no form.
    pub fn new(content_type: &str) -> Result<Self, MultipartError> {
        let boundary = boundary(content_type).ok_or(MultipartError::Boundary)?;
        let delimiter = [b"\r\n--".as_slice(), boundary.as_bytes()].concat();
        // The first boundary has no line before it.
        Ok(Self {
            delimiter,
            kept: b"\r\n".to_vec(),
            state: State::Start,
            parts: 0,
            is_first: false,
        })
    }

    /// More bytes of the form. Take all events before the next call.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != State::Done {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// The next event; `None` if more bytes are needed, or after [`FormEvent::End`].
    ///
    /// # Errors
    /// [`MultipartError`]; the form cannot be read any further.
    pub fn event(&mut self) -> Result<Option<FormEvent>, MultipartError> {
        loop {
            match self.state {
                State::Start => {
                    if self.kept.len() < self.delimiter.len() {
                        return Ok(None);
                    }
                    if !self.kept.starts_with(&self.delimiter) {
                        return Err(MultipartError::Start);
                    }
                    self.forget(self.delimiter.len());
                    self.state = State::Boundary;
                }
                State::Boundary => match self.kept.first_chunk::<2>() {
                    None => return Ok(None),
                    Some(b"--") => {
                        self.kept = Vec::new();
                        self.state = State::Done;
                        return Ok(Some(FormEvent::End));
                    }
                    Some(b"\r\n") => {
                        self.forget(2);
                        self.state = State::Head;
                    }
                    Some(_) => return Err(MultipartError::Delimiter),
                },
                State::Head => return self.head(),
                State::Body => return Ok(self.body()),
                State::Done => return Ok(None),
            }
        }
    }

    /// What is missing when there are no more bytes.
    ///
    /// # Errors
    /// [`MultipartError::Unfinished`] before [`FormEvent::End`].
    pub fn finish(&self) -> Result<(), MultipartError> {
        if self.state == State::Done { Ok(()) } else { Err(MultipartError::Unfinished) }
    }

    fn head(&mut self) -> Result<Option<FormEvent>, MultipartError> {
        let searched = &self.kept[..self.kept.len().min(HEAD_BYTES_MAX)];
        let Some(end) = find(searched, b"\r\n\r\n") else {
            let is_too_long = self.kept.len() >= HEAD_BYTES_MAX;
            return if is_too_long { Err(MultipartError::HeadTooLong) } else { Ok(None) };
        };
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(MultipartError::TooManyParts);
        }
        let head = std::str::from_utf8(&self.kept[..end]).map_err(|_| MultipartError::Head)?;
        let (name, file_name) = described(head).ok_or(MultipartError::Head)?;
        let content_type = member(head, "content-type").filter(|kind| !kind.is_empty());
        let content_type = content_type.map(str::to_owned);
        // The empty line's end stays, as if it were the part's: a boundary may follow it at once.
        self.forget(end + 2);
        self.is_first = true;
        self.state = State::Body;
        Ok(Some(FormEvent::Part { name, file_name, content_type }))
    }

    fn body(&mut self) -> Option<FormEvent> {
        if let Some(end) = find(&self.kept, &self.delimiter) {
            let bytes = self.bytes(end);
            if bytes.is_some() {
                return bytes;
            }
            self.forget(end + self.delimiter.len());
            self.is_first = false;
            self.state = State::Boundary;
            return Some(FormEvent::PartEnd);
        }
        // The end may be the beginning of a boundary.
        self.bytes(self.kept.len().saturating_sub(self.delimiter.len() - 1))
    }

    /// The first `count` bytes that are kept, without the end of the head.
    fn bytes(&mut self, count: usize) -> Option<FormEvent> {
        let head = if self.is_first { 2 } else { 0 };
        if count <= head {
            return None;
        }
        let bytes = self.kept[head..count].to_vec();
        self.forget(count);
        self.is_first = false;
        Some(FormEvent::Bytes(bytes))
    }

    fn forget(&mut self, count: usize) {
        self.kept.drain(..count);
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&byte| byte == first) {
        if bytes[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary")?;
    let is_fit = (1..=BOUNDARY_MAX).contains(&boundary.len())
        && boundary.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    is_fit.then_some(boundary)
}

/// What a line of the head of a part says.
fn member<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then_some(value.trim())
    })
}

/// Name and name of the file, of the head of a part.
fn described(head: &str) -> Option<(String, Option<String>)> {
    let (kind, parameters) = member(head, "content-disposition")?.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let name = parameter(parameters, "name")?;
    let encoded = parameter(parameters, "filename*").and_then(|text| decoded(&text));
    Some((name, encoded.or_else(|| parameter(parameters, "filename"))))
}

/// `name=value` or `name="value"` among others, separated by semicolons outside of quotes.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (name, behind) = rest.split_once('=')?;
        let (value, behind) = value(behind.trim_start());
        if name.trim().trim_start_matches(';').trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = behind;
    }
}

/// A value, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            // Only these two: browsers send the backslashes of names as they are.
            '"' | '\\' if is_escaped => {
                value.push(character);
                is_escaped = false;
            }
            '"' => return (value, &quoted[at + 1..]),
            '\\' => is_escaped = true,
            other => {
                if std::mem::take(&mut is_escaped) {
                    value.push('\\');
                }
                value.push(other);
            }
        }
    }
    (value, "")
}

/// `UTF-8''` and percent-encoded bytes (RFC 5987).
fn decoded(text: &str) -> Option<String> {
    let encoded = text.get(..7).filter(|start| start.eq_ignore_ascii_case("utf-8''"))?;
    let mut bytes = Vec::new();
    let mut rest = text[encoded.len()..].bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
