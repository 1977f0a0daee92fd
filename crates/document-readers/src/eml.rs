//! Messages as they travel (RFC 5322, MIME).
mod transfer;

use std::borrow::Cow;

use mail_parser::{
    Address, DateTime, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::charsets::map::charset_decoder,
};
use passages::{Document, Note};

use crate::{
    Excess, Format, Limits, ReadError,
    composition::Composition,
    limits::{length, within},
    mail::{Body, Head},
};

use transfer::{Transfer, between};

/// Lines that may begin a part, for each part that a message may have. Texts have them too.
const LINES_PER_PART: u64 = 4;
/// The parser looks for the first line of each part that holds parts in all that follows. This
/// many bytes take a few seconds.
const SEARCHED_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// Reads a message: its head, and the page that its reader saw; plain text where it has no page.
/// Files that it carries, messages among them, are noted and not opened.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] for S/MIME and PGP/MIME;
/// [`ReadError::Broken`] where there is no field at all.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let format = Format::Eml.name();
    admit(bytes, limits)?;
    let opened = Opened::parse(bytes).ok_or_else(|| ReadError::broken(format, "head"))?;
    let message = &opened.0;
    within(Excess::Entries, length(message.parts.len()), limits.entries)?;
    if is_locked(message) {
        return Err(ReadError::Encrypted { format });
    }
    let mut composition = Composition::new(format, limits);
    head(message).compose(&mut composition)?;
    for part in message.html_bodies() {
        compose_body(message, part, &mut composition, limits)?;
    }
    for part in message.attachments() {
        attachment(part, &mut composition);
    }
    composition.finish()
}

/// Counts what may begin a part before the parser makes one of it: a part needs a line with its
/// mark, a message in a message needs a line with its type.
fn admit(bytes: &[u8], limits: &Limits) -> Result<(), ReadError> {
    let (mut parts, mut messages, mut searches) = (0_u64, 0_u64, 0_u64);
    for line in bytes.split(|byte| *byte == b'\n') {
        parts += u64::from(holds(line, b"--"));
        messages += u64::from(holds(line, b"rfc822") || holds(line, b"global"));
        searches += u64::from(holds(line, b"boundary"));
    }
    within(Excess::Entries, parts, limits.entries.saturating_mul(LINES_PER_PART))?;
    within(Excess::Entries, messages, limits.entries)?;
    let searches_max = SEARCHED_MAX / length(bytes.len()).max(1);
    within(Excess::Entries, searches, searches_max)
}

/// Whether a line holds these letters, in any case.
fn holds(line: &[u8], letters: &[u8]) -> bool {
    line.windows(letters.len()).any(|window| window.eq_ignore_ascii_case(letters))
}

/// A message with messages inside of messages. Taken apart one by one, since dropping it as it
/// is goes as deep as they do.
struct Opened<'x>(Message<'x>);

impl<'x> Opened<'x> {
    /// Parses without decoding: messages inside of encoded ones would be counted by nobody, and
    /// the parser copies them as deep as they go. [`Transfer`] decodes the bodies that are read.
    fn parse(bytes: &'x [u8]) -> Option<Self> {
        let parser = MessageParser::new()
            .with_minimal_headers()
            .ignore_header(HeaderName::ContentTransferEncoding);
        parser.parse(bytes).map(Self)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        let mut open = vec![std::mem::take(&mut self.0)];
        while let Some(mut message) = open.pop() {
            for part in &mut message.parts {
                if let PartType::Message(inner) = &mut part.body {
                    open.push(std::mem::take(inner));
                }
            }
        }
    }
}

fn is_locked(message: &Message<'_>) -> bool {
    let Some(kind) = message.content_type() else { return false };
    let subtype = kind.subtype().unwrap_or_default().to_ascii_lowercase();
    let sealed = matches!(subtype.as_str(), "pkcs7-mime" | "x-pkcs7-mime")
        && !kind
            .attribute("smime-type")
            .is_some_and(|said| said.eq_ignore_ascii_case("signed-data"));
    sealed || (subtype == "encrypted" && kind.ctype().eq_ignore_ascii_case("multipart"))
}

fn head(message: &Message<'_>) -> Head {
    Head {
        subject: message.subject().unwrap_or_default().to_owned(),
        from: people(message.from()),
        to: people(message.to()),
        copy: people(message.cc()),
        date: message.date().map(date).unwrap_or_default(),
    }
}

fn people(address: Option<&Address<'_>>) -> String {
    let Some(address) = address else { return String::new() };
    let shown = address.iter().map(|person| match (person.name(), person.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    });
    shown.filter(|person| !person.is_empty()).collect::<Vec<_>>().join(", ")
}

fn date(date: &DateTime) -> String {
    let DateTime { year, month, day, hour, minute, tz_hour, tz_minute, .. } = date;
    let sign = if date.tz_before_gmt { '-' } else { '+' };
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} {sign}{tz_hour:02}:{tz_minute:02}")
}

fn compose_body(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    composition: &mut Composition,
    limits: &Limits,
) -> Result<(), ReadError> {
    let (raw, is_page) = match &part.body {
        PartType::Html(page) => (&**page, true),
        PartType::Text(text) => (&**text, false),
        PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Message(_)
        | PartType::Multipart(_) => return Ok(()),
    };
    let decoded = decoded(message, part, raw);
    if part.is_encoding_problem || decoded.is_none() {
        let place = composition.place();
        composition.note(Note::Doubtful { place });
    }
    let text = decoded.unwrap_or(Cow::Borrowed(raw));
    let body = if is_page { Body::Html(&text) } else { Body::Plain(&text) };
    body.compose(composition, limits)
}

/// The characters of a body, of which `raw` is as it travels; nothing where it does not decode.
fn decoded<'m>(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    raw: &'m str,
) -> Option<Cow<'m, str>> {
    let transfer = Transfer::of(message, part);
    if transfer == Transfer::AsIs {
        return Some(Cow::Borrowed(raw));
    }
    let bytes = transfer.decoded(between(message, part.offset_body, part.offset_end))?;
    let said = part.content_type().and_then(|kind| kind.attribute("charset"));
    let text = match said.and_then(|charset| charset_decoder(charset.as_bytes())) {
        Some(decoder) => decoder(&bytes),
        None => String::from_utf8_lossy(&bytes).into_owned(),
    };
    Some(Cow::Owned(text))
}

fn attachment(part: &MessagePart<'_>, composition: &mut Composition) {
    let is_picture =
        part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("image"));
    let name = part.attachment_name().or_else(|| part.message()?.subject());
    match name {
        None if is_picture => composition.pictures(1),
        Some(_) | None => composition.attachment(name.unwrap_or_default()),
    }
}
