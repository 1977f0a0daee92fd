//! Bodies as they travel: bytes in letters that every post office passes on (RFC 2045).
use mail_parser::{
    HeaderName, Message, MessagePart,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode_char},
};

/// How a part writes its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transfer {
    AsIs,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    /// What the last field of the part says; a name that is not known says nothing.
    pub(super) fn of(message: &Message<'_>, part: &MessagePart<'_>) -> Self {
        let mut fields = part.headers.iter().rev();
        let field = fields.find(|field| field.name == HeaderName::ContentTransferEncoding);
        let said = field.map(|field| between(message, field.offset_start, field.offset_end));
        let said = said.unwrap_or_default().trim_ascii();
        if said.eq_ignore_ascii_case(b"base64") {
            Self::Base64
        } else if said.eq_ignore_ascii_case(b"quoted-printable") {
            Self::QuotedPrintable
        } else {
            Self::AsIs
        }
    }

    /// The bytes that `raw` writes; nothing where these are no letters of it.
    pub(super) fn decoded(self, raw: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::AsIs => Some(raw.to_vec()),
            Self::Base64 => base64_decode(raw),
            Self::QuotedPrintable => Some(unquoted(raw)),
        }
    }
}

/// Bytes of a message by the offsets that its parser gives.
pub(super) fn between<'m>(message: &'m Message<'_>, start: u32, end: u32) -> &'m [u8] {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    message.raw_message.get(at(start)..at(end)).unwrap_or_default()
}

/// `=C3` is a byte, `=` at the end of a line takes the line end away. What is neither stays.
fn unquoted(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let joined = text.strip_suffix(b"=");
        push_unquoted(joined.unwrap_or(text), &mut bytes);
        if joined.is_none() && line.ends_with(b"\n") {
            bytes.push(b'\n');
        }
    }
    bytes
}

fn push_unquoted(line: &[u8], bytes: &mut Vec<u8>) {
    let mut rest = line;
    while let Some((first, after)) = rest.split_first() {
        let quoted = match (*first, after) {
            (b'=', [high, low, ..]) => quoted_printable_decode_char(*high, *low),
            _ => None,
        };
        bytes.push(quoted.unwrap_or(*first));
        rest = if quoted.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn quoted_letters_are_bytes() {
        for (raw, expected) in [
            ("d=C3=A9j=c3=a0", "déjà"),
            ("un =\r\ndeux  \r\ntrois", "un deux\ntrois"),
            ("=", ""),
            ("a=\n", "a"),
            ("1=2, =", "1=2, "),
        ] {
            assert_eq!(String::from_utf8(unquoted(raw.as_bytes())).unwrap(), expected, "{raw:?}");
        }
    }
}
