//! What kinds of letters there are, as far as reading pages has to know.

use unicode_normalization::char::is_combining_mark;

/// How a character behaves on a line that has letters of both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    RightToLeft,
    LeftToRight,
    /// A digit of any script: numbers are written from the left everywhere.
    Digit,
    /// What stands between the digits of one number.
    InNumber,
    /// White space and other signs, which go with what is around them.
    Neutral,
}

pub(crate) fn direction(c: char) -> Direction {
    match c {
        '.' | ',' | ':' | '/' | '-' | '\u{66B}' | '\u{66C}' => Direction::InNumber,
        _ if is_digit(c) => Direction::Digit,
        _ if is_right_to_left(c) => Direction::RightToLeft,
        _ if c.is_alphabetic() || is_combining_mark(c) => Direction::LeftToRight,
        _ => Direction::Neutral,
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}')
}

/// A letter or mark of a script that is written from the right, also in the shapes that fonts have.
pub(crate) fn is_right_to_left(c: char) -> bool {
    let block =
        matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}');
    block && !is_digit(c) && !matches!(c, '\u{60C}' | '\u{66A}'..='\u{66D}')
}

/// A letter or mark of a script whose letters change and move where they meet, as those of India
/// do. Fonts of these have spaces of their own, and gaps between letters say nothing.
pub(crate) fn is_brahmic(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{DFF}' | '\u{F00}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

/// A mark that stands on, under or around the letter before it.
pub(crate) fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// What a font gave no meaning: no engine could tell which letter it is.
pub(crate) fn is_meaningless(c: char) -> bool {
    c == '\u{FFFD}' || is_private(c) || (c.is_control() && !c.is_whitespace())
}

pub(crate) fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Ends a sentence, or what stands like one.
pub(crate) fn ends_sentence(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | ':' | ';' | '।' | '॥' | '؟' | '؛' | '۔')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_direction_of_their_script() {
        for (c, expected) in [
            ('é', Direction::LeftToRight),
            ('द', Direction::LeftToRight),
            ('ि', Direction::LeftToRight),
            ('ب', Direction::RightToLeft),
            ('\u{64B}', Direction::RightToLeft),
            ('\u{FEFB}', Direction::RightToLeft),
            ('7', Direction::Digit),
            ('٥', Direction::Digit),
            ('،', Direction::Neutral),
            ('(', Direction::Neutral),
            ('/', Direction::InNumber),
        ] {
            assert_eq!(direction(c), expected, "{c:?}");
        }
    }
}
