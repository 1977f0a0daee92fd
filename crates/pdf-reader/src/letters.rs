//! From the shapes that fonts have to letters that people type.

use unicode_normalization::UnicodeNormalization as _;

use crate::script::is_private;

/// What `pdfium` says for a hyphen at which it saw a line end.
const HYPHEN_AT_THE_END: char = '\u{2}';

/// Appends what a character stands for, which may be several letters, or nothing.
///
/// Ligatures and the shapes of Arabic letters become the letters that they are made of. A hyphen
/// stays, also at the end of a line, where only a dictionary could tell whether it belongs to the
/// word: whoever compares texts passes over it.
pub(crate) fn push(text: &mut String, c: char) {
    match c {
        '\u{FB00}'..='\u{FB06}'
        | '\u{FB13}'..='\u{FB17}'
        | '\u{FB1D}'..='\u{FDFB}'
        | '\u{FE70}'..='\u{FEFC}' => text.extend(std::iter::once(c).nfkc()),
        HYPHEN_AT_THE_END | '\u{AD}' => text.push('-'),
        // The bullets of the font Symbol.
        '\u{F0B7}' | '\u{F0A7}' => text.push('•'),
        _ if is_nothing(c) => {}
        _ => text.push(c),
    }
}

fn is_nothing(c: char) -> bool {
    is_hidden(c)
        || is_private(c)
        || c.is_control()
        || matches!(c, '\u{FFFD}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Draws nothing, and spells instructions in ASCII that only machines read.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shapes: &str, expected: &str) {
        let mut text = String::new();
        for c in shapes.chars() {
            push(&mut text, c);
        }
        assert_eq!(text, expected);
    }

    #[test]
    fn shapes_become_letters() {
        check("eﬃcace", "efficace");
        check("\u{FEFB}", "لا");
        check("mot\u{2}", "mot-");
        check("\u{F0B7} a\u{FFFD}\u{0}b\u{E0041}", "• ab");
        // What is no shape of another letter stays as it is.
        check("½ ² œ", "½ ² œ");
    }
}
