//! Which characters become text.
use encoding_rs::{Encoding, WINDOWS_1252};

/// Characters of bytes, and how sure we are of them.
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// The bytes were neither UTF-8 nor marked: read as Windows-1252, which never fails.
    pub(crate) guessed: bool,
}

/// Decodes by byte order mark, else as UTF-8, else as Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let rest = bytes.get(mark..).unwrap_or_default();
        let (text, _) = encoding.decode_without_bom_handling(rest);
        return Decoded { text: text.into_owned(), guessed: false };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), guessed: false };
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Decoded { text: text.into_owned(), guessed: true }
}

/// Whether a character can be text.
pub(crate) fn is_text(character: char) -> bool {
    match character {
        '\n' | '\t' => true,
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        other => !other.is_control() && !is_covert(other),
    }
}

/// Characters that draw nothing and spell what only machines read: tag characters (U+E0000 to
/// U+E007F) in ASCII, variation selectors (U+E0100 to U+E01EF) in bytes.
pub(crate) fn is_covert(character: char) -> bool {
    matches!(character, '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Appends `raw` with each run of white space as one space, as a browser shows it.
pub(crate) fn push_collapsed(text: &mut String, raw: &str) {
    for character in raw.chars() {
        if character.is_whitespace() && character != '\u{a0}' && character != '\u{202f}' {
            if !text.is_empty() && !text.ends_with([' ', '\n']) {
                text.push(' ');
            }
        } else {
            text.push(character);
        }
    }
}

/// `raw` on one line, each run of white space as one space.
pub(crate) fn one_line(raw: &str) -> String {
    let mut line = String::with_capacity(raw.len());
    for word in raw.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
