//! `SentencePiece`'s Unigram: of all ways to cut a word into pieces, the one with the highest score.

use super::{Charsmap, Parts};

/// Stands for a space in pieces; every word begins with it.
const SPACE: &str = "\u{2581}";
/// How much worse an unknown character is than the worst piece.
const UNKNOWN_PENALTY: f32 = 10.0;

#[derive(Debug)]
pub(super) struct Unigram {
    charsmap: Charsmap,
    /// All pieces, in the order of their bytes.
    bytes: Vec<u8>,
    /// Piece `i` in that order is `bytes[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    pieces: Vec<Piece>,
    unknown: u32,
    unknown_score: f32,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    token: u32,
    score: f32,
}

/// The best way to a place in a word: by the last piece, from where.
#[derive(Clone, Copy)]
struct Step {
    score: f64,
    from: usize,
    token: u32,
}

const UNREACHED: Step = Step { score: f64::NEG_INFINITY, from: 0, token: 0 };

impl Unigram {
    pub(super) fn new(parts: &Parts<'_>, scores: &[f32], charsmap: Charsmap) -> Self {
        let mut named: Vec<(&str, Piece)> = parts
            .pieces()
            .map(|(token, text)| (text, Piece { token, score: scores[token as usize] }))
            .filter(|(_, piece)| piece.score.is_finite())
            .collect();
        named.sort_by(|left, right| left.0.as_bytes().cmp(right.0.as_bytes()));
        // The first of equals counts.
        named.dedup_by(|later, first| later.0 == first.0);
        let least = named.iter().map(|(_, piece)| piece.score).fold(0.0, f32::min);
        let mut bytes = Vec::with_capacity(named.iter().map(|(text, _)| text.len()).sum());
        let mut starts = vec![0];
        for (text, _) in &named {
            bytes.extend_from_slice(text.as_bytes());
            starts.push(bytes.len());
        }
        Self {
            charsmap,
            bytes,
            starts,
            pieces: named.into_iter().map(|(_, piece)| piece).collect(),
            unknown: parts.unknown,
            unknown_score: least - UNKNOWN_PENALTY,
        }
    }

    pub(super) fn encode(&self, text: &str, tokens: &mut Vec<u32>) {
        let normal = self.charsmap.normalize(text);
        let (mut word, mut best) = (String::new(), Vec::new());
        // A written `▁` is a space, too.
        for plain in normal.split(|c: char| c.is_whitespace() || c == '\u{2581}') {
            if !plain.is_empty() {
                word.clear();
                word.push_str(SPACE);
                word.push_str(plain);
                self.encode_word(&word, &mut best, tokens);
            }
        }
    }

    /// Takes time in proportion to the word: pieces are short.
    fn encode_word(&self, word: &str, best: &mut Vec<Step>, tokens: &mut Vec<u32>) {
        best.clear();
        best.resize(word.len() + 1, UNREACHED);
        best[0].score = 0.0;
        for (start, first) in word.char_indices() {
            let here = best[start].score;
            let end = start + first.len_utf8();
            let mut is_known = false;
            self.each_piece(&word.as_bytes()[start..], |bytes, piece| {
                is_known |= start + bytes == end;
                let score = here + f64::from(piece.score);
                improve(&mut best[start + bytes], Step { score, from: start, token: piece.token });
            });
            if !is_known {
                let score = here + f64::from(self.unknown_score);
                improve(&mut best[end], Step { score, from: start, token: self.unknown });
            }
        }
        let first = tokens.len();
        let mut end = word.len();
        while end > 0 {
            let Step { from, token, .. } = best[end];
            // Unknown neighbours are one unknown token.
            if token != self.unknown || tokens[first..].last() != Some(&token) {
                tokens.push(token);
            }
            end = from;
        }
        tokens[first..].reverse();
    }

    /// Every piece that `rest` begins with, shortest first.
    fn each_piece(&self, rest: &[u8], mut each: impl FnMut(usize, Piece)) {
        let (mut low, mut high) = (0, self.pieces.len());
        for (depth, &byte) in rest.iter().enumerate() {
            // Those that go on with this byte; one that ends here sorts before them.
            let next = |index: usize| self.piece(index).get(depth).copied();
            low = partition(low, high, |index| next(index) < Some(byte));
            high = partition(low, high, |index| next(index) <= Some(byte));
            if low == high {
                return;
            }
            if self.piece(low).len() == depth + 1 {
                each(depth + 1, self.pieces[low]);
            }
        }
    }

    fn piece(&self, index: usize) -> &[u8] {
        &self.bytes[self.starts[index]..self.starts[index + 1]]
    }
}

/// Of equals the first one found stays, which begins earlier.
fn improve(best: &mut Step, step: Step) {
    if step.score > best.score {
        *best = step;
    }
}

/// The first index between `low` and `high` for which `before` is false.
fn partition(mut low: usize, mut high: usize, before: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
