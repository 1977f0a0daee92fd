//! Sentences that are longer than a chunk may be.

use super::CountTokens;
use crate::{characters::is_mark, document::Span, sentences::trimmed};

/// Marks after which a sentence is cut rather than after a word.
const CLAUSE_ENDS: [char; 17] =
    [',', ';', ':', '.', '!', '?', '…', '–', '—', '،', '؛', '؟', '।', '，', '、', '；', '。'];

/// A piece of a sentence, in bytes of the sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) span: Span,
    pub(super) tokens: usize,
}

/// A word with the white space after it, or a part of a word that is too long itself.
struct Atom {
    span: Span,
    tokens: usize,
    ends_clause: bool,
}

/// Cuts a text into pieces of at most `max` tokens. A piece ends with the last clause that ends
/// in its second half, or else with a word.
///
/// Words are counted one by one, so the time is that of counting the text about once.
pub(super) fn cut<C: CountTokens + ?Sized>(text: &str, max: usize, counter: &C) -> Vec<Piece> {
    let atoms = atoms(text, max, counter);
    let mut pieces = Vec::new();
    let mut rest = atoms.as_slice();
    while !rest.is_empty() {
        let Some((piece, after)) = rest.split_at_checked(length(rest, max)) else { break };
        pieces.extend(joined(text, piece));
        rest = after;
    }
    pieces
}

fn joined(text: &str, atoms: &[Atom]) -> Option<Piece> {
    let whole = Span::new(atoms.first()?.span.start, atoms.last()?.span.end);
    let tokens = atoms.iter().map(|atom| atom.tokens).sum();
    Some(Piece { span: trimmed(text, whole)?, tokens })
}

/// How many atoms the next piece takes: at least one.
fn length(atoms: &[Atom], max: usize) -> usize {
    let mut tokens: usize = 0;
    let mut clause = None;
    for (index, atom) in atoms.iter().enumerate() {
        tokens = tokens.saturating_add(atom.tokens);
        if index > 0 && tokens > max {
            return clause.unwrap_or(index);
        }
        if atom.ends_clause && tokens >= max / 2 {
            clause = Some(index + 1);
        }
    }
    atoms.len()
}

fn atoms<C: CountTokens + ?Sized>(text: &str, max: usize, counter: &C) -> Vec<Atom> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let length = word_length(rest);
        let (word, after) = rest.split_at(length);
        let spans = split(word, max, counter);
        found.extend(spans.into_iter().map(|(span, tokens)| Atom {
            span: Span::of(start + span.range().start, start + span.range().end),
            tokens,
            ends_clause: ends_clause(word.get(span.range()).unwrap_or_default()),
        }));
        rest = after;
    }
    found
}

/// Bytes of the first word of a text, with the white space around it.
fn word_length(text: &str) -> usize {
    let start = text.len() - text.trim_start().len();
    let word = text.get(start..).unwrap_or_default();
    let Some(gap) = word.find(char::is_whitespace) else { return text.len() };
    let after = word.get(gap..).unwrap_or_default();
    text.len() - after.trim_start().len()
}

fn ends_clause(word: &str) -> bool {
    let end = word.trim_end().trim_end_matches(['"', '»', '\u{201D}', ')', ']']);
    end.ends_with(CLAUSE_ENDS)
}

/// A word in halves, and halves of halves, until each has at most `max` tokens or cannot be
/// split.
fn split<C: CountTokens + ?Sized>(word: &str, max: usize, counter: &C) -> Vec<(Span, usize)> {
    let mut found = Vec::new();
    let mut waiting = vec![Span::of(0, word.len())];
    while let Some(span) = waiting.pop() {
        let part = word.get(span.range()).unwrap_or_default();
        let tokens = counter.tokens(part.trim());
        match middle(part).filter(|_| tokens > max) {
            None => found.push((span, tokens)),
            Some(at) => {
                let middle = Span::of(at, at).shifted(span.start).start;
                waiting.push(Span::new(middle, span.end));
                waiting.push(Span::new(span.start, middle));
            }
        }
    }
    found
}

/// About half of the bytes of a text, before a character and, if there is one, not before a mark;
/// nothing for a single character.
fn middle(text: &str) -> Option<usize> {
    let half = text.floor_char_boundary(text.len() / 2);
    let at = if half == 0 { text.chars().next()?.len_utf8() } else { half };
    let after = text.get(at..)?;
    let unmarked = after.find(|c: char| !is_mark(c)).map(|marks| at + marks);
    Some(unmarked.unwrap_or(at)).filter(|at| *at < text.len())
}
