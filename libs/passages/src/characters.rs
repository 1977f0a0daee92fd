//! What kinds of characters there are, for all that reads texts here.

use unicode_normalization::char::is_combining_mark;

/// The zeros of the scripts whose digits count like ours, each followed by its nine others:
/// Arabic-Indic, Persian, Devanagari, Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada,
/// Malayalam, Thai.
const ZEROS: [u32; 12] =
    [0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50];

/// The digit from `'0'` to `'9'` that a digit of any of our scripts means.
pub(crate) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// A letter, or a mark that belongs to one, such as the vowels of Devanagari.
pub(crate) fn is_letter(c: char) -> bool {
    c.is_alphabetic() || (!c.is_ascii() && is_combining_mark(c))
}

/// A letter or a digit of any script.
pub(crate) fn is_word(c: char) -> bool {
    is_letter(c) || digit(c).is_some()
}

/// A mark that stands on, under, or around the character before it.
pub(crate) fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Hyphens and dashes, which writers use for each other.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}')
}

/// Marks of a quotation, and signs of inches and seconds that stand in for them.
pub(crate) fn is_double_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '«' | '»' | '\u{201C}'
            ..='\u{201F}' | '\u{2033}' | '\u{2036}' | '‹' | '›' | '\u{FF02}'
    )
}

/// Apostrophes, single marks of a quotation, and the accents that stand in for them.
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '\u{2018}'
            ..='\u{201B}'
                | '\u{2032}'
                | '\u{2035}'
                | '`'
                | '\u{B4}'
                | '\u{2B9}'
                | '\u{2BC}'
                | '\u{FF07}'
    )
}

/// Characters without a width of their own: they say how to join, break, or order others.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{34F}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
    )
}

/// What lengthens or vowels an Arabic word and is left out by most writers: tatweel and harakat.
pub(crate) fn is_arabic_ornament(c: char) -> bool {
    matches!(
        c,
        '\u{640}'
            | '\u{64B}'..='\u{652}'
            | '\u{656}'..='\u{65F}'
            | '\u{670}'
            | '\u{6D6}'..='\u{6DC}'
            | '\u{6DF}'..='\u{6E4}'
            | '\u{6E7}'
            | '\u{6E8}'
            | '\u{6EA}'..='\u{6ED}'
    )
}

/// Whether the first letter of a text belongs to a script that is written from the right.
pub(crate) fn is_right_to_left(text: &str) -> bool {
    text.chars().find(|c| c.is_alphabetic()).is_some_and(
        |c| matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'),
    )
}
