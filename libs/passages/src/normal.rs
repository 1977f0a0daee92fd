//! A text as it is compared, with the way back to where each character of it came from.

use unicode_normalization::UnicodeNormalization;

use crate::{
    characters::{
        digit, is_apostrophe, is_arabic_ornament, is_dash, is_double_quote, is_invisible,
        is_letter, is_mark, is_word,
    },
    document::Span,
};

const SOFT_HYPHEN: char = '\u{AD}';

/// A text as it is compared: two texts that a reader would call the same words give the same.
///
/// Characters are decomposed for compatibility (texts are equal here exactly when their NFKC
/// forms are) and case is folded. Tatweel, harakat, soft hyphens and characters without a width
/// are left out; digits of all scripts become `0` to `9`; marks of a quotation, apostrophes and
/// dashes become `"`, `'` and `-`. White space becomes one space, and none at the ends, around
/// `"`, or before `; : ! ? %`. A hyphen between letters is left out, with white space after it,
/// since a hyphen at the end of a line may or may not belong to the word.
pub fn normalised(text: &str) -> String {
    Normal::of(text).text
}

/// A normalised text and its pieces, in order.
#[derive(Debug)]
pub(crate) struct Normal {
    pub(crate) text: String,
    pieces: Vec<Piece>,
}

/// Normalised characters that came from `source`.
#[derive(Debug)]
struct Piece {
    /// Where they begin in the normalised text; they end where the next piece begins.
    at: u32,
    source: Span,
    kind: PieceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PieceKind {
    /// Each character came from one character of as many bytes.
    OneByOne,
    /// All came from all of `source`, such as `ss` from `ß`; a match takes all or none of it.
    Together,
}

/// What follows a letter or digit and may turn out to be no part of the word.
#[derive(Clone, Copy)]
enum Joint {
    None,
    Soft,
    Hyphen(Span),
}

impl Normal {
    pub(crate) fn of(text: &str) -> Self {
        let mut writer = Writer::with_capacity(text.len());
        let mut rest = text;
        while let Some(length) = unit_length(rest) {
            let start = text.len() - rest.len();
            let (unit, after) = rest.split_at(length);
            writer.unit(unit, Span::of(start, start + length));
            rest = after;
        }
        writer.normal
    }

    /// The bytes of the original text that a part of the normalised one came from; nothing where
    /// the part begins or ends inside of a character.
    pub(crate) fn source(&self, start: usize, end: usize) -> Option<Span> {
        let wanted = Span::of(start, end);
        let first = self.pieces.partition_point(|piece| piece.at <= wanted.start).checked_sub(1)?;
        let last = self.pieces.partition_point(|piece| piece.at < wanted.end).checked_sub(1)?;
        let from = self.pieces.get(first)?.begin(wanted.start)?;
        let next = self.pieces.get(last + 1).map_or(self.text.len(), |piece| piece.at as usize);
        let to = self.pieces.get(last)?.end(wanted.end, next)?;
        Some(Span::new(from, to))
    }
}

impl Piece {
    fn begin(&self, at: u32) -> Option<u32> {
        match self.kind {
            PieceKind::OneByOne => Some(self.source.start + (at - self.at)),
            PieceKind::Together => (at == self.at).then_some(self.source.start),
        }
    }

    fn end(&self, at: u32, own_end: usize) -> Option<u32> {
        match self.kind {
            PieceKind::OneByOne => Some(self.source.start + (at - self.at)),
            PieceKind::Together => (at as usize == own_end).then_some(self.source.end),
        }
    }
}

/// Bytes of the first character of `text` with the marks that belong to it; nothing at the end.
fn unit_length(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, base) = characters.next()?;
    if base.is_whitespace() || is_invisible(base) || base == SOFT_HYPHEN {
        return Some(base.len_utf8());
    }
    let end = characters.find(|(_, c)| !is_mark(*c) || is_invisible(*c));
    Some(end.map_or(text.len(), |(at, _)| at))
}

struct Writer {
    normal: Normal,
    last: Option<char>,
    space: Option<Span>,
    joint: Joint,
}

impl Writer {
    fn with_capacity(bytes: usize) -> Self {
        let normal = Normal { text: String::with_capacity(bytes), pieces: Vec::new() };
        Self { normal, last: None, space: None, joint: Joint::None }
    }

    /// Takes one character with its marks.
    fn unit(&mut self, unit: &str, source: Span) {
        let Some(base) = unit.chars().next() else { return };
        if base.is_whitespace() {
            let start = self.space.map_or(source.start, |space| space.start);
            self.space = Some(Span::new(start, source.end));
        } else if base == SOFT_HYPHEN {
            self.soft_hyphen();
        } else if is_dash(base) && self.last.is_some_and(is_word) && self.at_word() {
            self.joint = Joint::Hyphen(source);
        } else if !is_invisible(base) {
            self.characters(unit, base, source);
        }
    }

    /// Whether the last thing read was a character of a word.
    fn at_word(&self) -> bool {
        self.space.is_none() && !matches!(self.joint, Joint::Hyphen(_))
    }

    fn soft_hyphen(&mut self) {
        if self.last.is_some_and(is_letter) && self.at_word() {
            self.joint = Joint::Soft;
        }
    }

    fn characters(&mut self, unit: &str, base: char, source: Span) {
        let mut folded = String::with_capacity(unit.len());
        fold(unit, base, &mut folded);
        let Some(first) = folded.chars().next() else { return };
        self.before(first);
        let kind = kind_of(unit, &folded);
        self.write(&folded, source, kind);
    }

    /// Decides what stands between the last character and `next`.
    fn before(&mut self, next: char) {
        let space = self.space.take();
        match std::mem::replace(&mut self.joint, Joint::None) {
            Joint::Soft if is_letter(next) => {}
            Joint::None | Joint::Soft => self.write_space(space, next),
            Joint::Hyphen(_) if self.last.is_some_and(is_letter) && is_letter(next) => {}
            Joint::Hyphen(source) => {
                self.write("-", source, PieceKind::Together);
                if !is_word(next) {
                    self.write_space(space, next);
                }
            }
        }
    }

    fn write_space(&mut self, space: Option<Span>, next: char) {
        let tight = matches!(next, '"' | ';' | ':' | '!' | '?' | '%');
        let Some(source) = space else { return };
        if !tight && self.last.is_some_and(|last| last != '"') {
            self.write(" ", source, PieceKind::Together);
        }
    }

    fn write(&mut self, characters: &str, source: Span, kind: PieceKind) {
        let at = Span::of(self.normal.text.len(), 0).start;
        self.normal.text.push_str(characters);
        self.last = characters.chars().next_back();
        if let Some(piece) = self.normal.pieces.last_mut()
            && kind == PieceKind::OneByOne
            && piece.kind == PieceKind::OneByOne
            && piece.source.end == source.start
        {
            piece.source.end = source.end;
        } else {
            self.normal.pieces.push(Piece { at, source, kind });
        }
    }
}

fn kind_of(unit: &str, folded: &str) -> PieceKind {
    let single = |text: &str| text.chars().nth(1).is_none();
    if unit.len() == folded.len() && single(unit) && single(folded) {
        PieceKind::OneByOne
    } else {
        PieceKind::Together
    }
}

/// Writes the characters that `unit` is compared by; none where it is left out.
fn fold(unit: &str, base: char, folded: &mut String) {
    if base.is_ascii() && unit.len() == 1 {
        folded.push(if base == '`' { '\'' } else { base.to_ascii_lowercase() });
        return;
    }
    let replaced = replacement(base);
    let marks = unit.get(base.len_utf8()..).unwrap_or_default();
    for c in std::iter::once(replaced).chain(marks.chars()).nfkd() {
        if !is_arabic_ornament(c) && !is_invisible(c) {
            fold_case(replacement(c), folded);
        }
    }
}

/// The one character that stands for many that writers use for each other.
fn replacement(c: char) -> char {
    if is_double_quote(c) {
        '"'
    } else if is_apostrophe(c) {
        '\''
    } else if is_dash(c) {
        '-'
    } else if c == '\u{66A}' {
        '%'
    } else {
        digit(c).unwrap_or(c)
    }
}

/// To small letters by way of capitals, which also makes one of `ß` and `ss`, `ς` and `σ`.
fn fold_case(c: char, folded: &mut String) {
    for small in c.to_lowercase() {
        for capital in small.to_uppercase() {
            folded.extend(capital.to_lowercase());
        }
    }
}
