//! Messages as they travel (RFC 5322, MIME).
use mail_parser::{Address, DateTime, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use passages::{Document, Note};

use crate::{
    Excess, Format, Limits, ReadError,
    composition::Composition,
    limits::{length, within},
    mail::{Body, Head},
};

/// Reads a message: its head, and the page that its reader saw; plain text where it has no page.
/// Files that it carries, messages among them, are noted and not opened.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`; [`ReadError::Encrypted`] for S/MIME and PGP/MIME;
/// [`ReadError::Broken`] where there is no field at all.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let format = Format::Eml.name();
    let message =
        MessageParser::default().parse(bytes).ok_or_else(|| ReadError::broken(format, "head"))?;
    admit(&message, limits)?;
    if is_locked(&message) {
        return Err(ReadError::Encrypted { format });
    }
    let mut composition = Composition::new(format, limits);
    head(&message).compose(&mut composition)?;
    for part in message.html_bodies() {
        compose_body(part, &mut composition, limits)?;
    }
    for part in message.attachments() {
        attachment(part, &mut composition);
    }
    composition.finish()
}

fn admit(message: &Message<'_>, limits: &Limits) -> Result<(), ReadError> {
    within(Excess::Entries, length(message.parts.len()), limits.entries)?;
    let decoded = message
        .parts
        .iter()
        .fold(0_u64, |sum, part| sum.saturating_add(length(part.contents().len())));
    within(Excess::BytesOut, decoded, limits.bytes_out)
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
    part: &MessagePart<'_>,
    composition: &mut Composition,
    limits: &Limits,
) -> Result<(), ReadError> {
    if part.is_encoding_problem {
        let place = composition.place();
        composition.note(Note::Doubtful { place });
    }
    match &part.body {
        PartType::Html(page) => Body::Html(page).compose(composition, limits),
        PartType::Text(text) => Body::Plain(text).compose(composition, limits),
        PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Message(_)
        | PartType::Multipart(_) => Ok(()),
    }
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
