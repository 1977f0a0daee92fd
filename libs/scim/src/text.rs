//! What a message repeats of what was sent.

const CHARACTERS_MAX: usize = 60;

/// The beginning of a text that a stranger sent.
pub(crate) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
