//! Merges the bytes of a word into tokens, lowest rank first, leftmost among equals.
//!
//! A heap of candidate pairs over a linked list: a word of `n` bytes takes `n log n` steps, so a
//! megabyte without a space is slow for nobody else.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{
    TokenizerError,
    spelling::{Spelling, byte_of_name},
    vocabulary::{Parts, Vocabulary},
};

/// No token, no neighbour.
const NONE: u32 = u32::MAX;

/// What two neighbouring tokens become, and how urgently.
#[derive(Clone, Copy, Debug)]
struct Merge {
    rank: u32,
    token: u32,
}

#[derive(Debug)]
pub(super) struct MergeTable {
    /// Words begin as these characters, and as bytes where a character is no token.
    characters: HashMap<char, u32>,
    byte_tokens: [u32; 256],
    merges: HashMap<(u32, u32), Merge>,
}

impl MergeTable {
    pub(super) fn new(parts: &Parts<'_>, vocabulary: &Vocabulary) -> Result<Self, TokenizerError> {
        let pieces = vocabulary.word_pieces(parts.tokens);
        let byte_texts = parts.spelling.byte_texts();
        let byte_tokens =
            byte_texts.each_ref().map(|text| pieces.get(text.as_str()).copied().unwrap_or(NONE));
        let characters = parts.spelling.characters(&pieces);
        let merges = match parts.spelling {
            Spelling::ByteAlphabet => listed_merges(parts.merges, &pieces)?,
            Spelling::SentencePiece if parts.scores.is_empty() => {
                listed_merges(parts.merges, &pieces)?
            }
            Spelling::SentencePiece => scored_merges(&pieces, &parts.scores),
        };
        Ok(Self { characters, byte_tokens, merges })
    }
}

/// `merges` are written `left right`, most urgent first.
fn listed_merges(
    merges: &[String],
    pieces: &HashMap<&str, u32>,
) -> Result<HashMap<(u32, u32), Merge>, TokenizerError> {
    let mut table = HashMap::with_capacity(merges.len());
    let mut joined = String::new();
    for (rank, text) in merges.iter().enumerate() {
        let merge = || -> Option<_> {
            // The left token is never empty, but may itself start with a space.
            let first = text.chars().next()?.len_utf8();
            let space = first + text[first..].find(' ')?;
            let (left, right) = (&text[..space], &text[space + 1..]);
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            let pair = (*pieces.get(left)?, *pieces.get(right)?);
            let token = *pieces.get(joined.as_str())?;
            Some((pair, Merge { rank: u32::try_from(rank).ok()?, token }))
        }();
        let Some((pair, merge)) = merge else {
            return Err(TokenizerError::Merge { rank, text: text.chars().take(64).collect() });
        };
        table.entry(pair).or_insert(merge);
    }
    Ok(table)
}

/// Any two neighbours that spell a token become it, the one with the highest score first.
fn scored_merges(pieces: &HashMap<&str, u32>, scores: &[f32]) -> HashMap<(u32, u32), Merge> {
    let score = |token: u32| scores.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    let mut highest: Vec<f32> = pieces.values().map(|&token| score(token)).collect();
    highest.sort_unstable_by(|left, right| right.total_cmp(left));
    highest.dedup_by(|left, right| left.total_cmp(right).is_eq());
    let mut table = HashMap::new();
    // Nobody may write a byte by its name.
    for (text, &token) in pieces.iter().filter(|(text, _)| byte_of_name(text).is_none()) {
        let rank = highest.partition_point(|other| other.total_cmp(&score(token)).is_gt());
        let merge = Merge { rank: u32::try_from(rank).unwrap_or(NONE), token };
        for (at, _) in text.char_indices().skip(1) {
            let (left, right) = text.split_at(at);
            if let (Some(&left), Some(&right)) = (pieces.get(left), pieces.get(right)) {
                table.insert((left, right), merge);
            }
        }
    }
    table
}

/// One token of a word under construction, linked to its neighbours.
#[derive(Clone, Copy, Debug)]
struct Symbol {
    token: u32,
    previous: u32,
    next: u32,
}

/// A pair that may be merged, unless one of the two has changed meanwhile.
/// Compared by rank, then by position.
type Candidate = Reverse<(u32, u32, u32, u32)>;

/// Encodes words one after the other, reusing its memory.
pub(super) struct Merger<'a> {
    table: &'a MergeTable,
    symbols: Vec<Symbol>,
    candidates: BinaryHeap<Candidate>,
}

impl<'a> Merger<'a> {
    pub(super) fn new(table: &'a MergeTable) -> Self {
        Self { table, symbols: Vec::new(), candidates: BinaryHeap::new() }
    }

    /// Appends the tokens of one word.
    pub(super) fn encode(&mut self, word: &str, tokens: &mut Vec<u32>) {
        self.start(word);
        while let Some(Reverse((_, position, left, right))) = self.candidates.pop() {
            self.merge(position, left, right);
        }
        let mut position = if self.symbols.is_empty() { NONE } else { 0 };
        while position != NONE {
            let symbol = self.symbols[position as usize];
            if symbol.token != NONE {
                tokens.push(symbol.token);
            }
            position = symbol.next;
        }
    }

    fn start(&mut self, word: &str) {
        self.symbols.clear();
        self.candidates.clear();
        if self.table.characters.is_empty() {
            word.bytes().for_each(|byte| self.push(self.table.byte_tokens[usize::from(byte)]));
        } else {
            let mut spelled = [0; 4];
            for c in word.chars() {
                match self.table.characters.get(&c) {
                    Some(&token) => self.push(token),
                    None => c
                        .encode_utf8(&mut spelled)
                        .bytes()
                        .for_each(|byte| self.push(self.table.byte_tokens[usize::from(byte)])),
                }
            }
        }
        if let Some(last) = self.symbols.last_mut() {
            last.next = NONE;
        }
        for position in 1..self.symbols.len() {
            #[expect(clippy::cast_possible_truncation, reason = "positions were made as u32")]
            self.consider(position as u32 - 1, position as u32);
        }
    }

    fn push(&mut self, token: u32) {
        let position = u32::try_from(self.symbols.len()).unwrap_or(NONE);
        let previous = position.checked_sub(1).unwrap_or(NONE);
        self.symbols.push(Symbol { token, previous, next: position.saturating_add(1) });
    }

    fn consider(&mut self, left: u32, right: u32) {
        if left == NONE || right == NONE {
            return;
        }
        let pair = (self.symbols[left as usize].token, self.symbols[right as usize].token);
        if let Some(merge) = self.table.merges.get(&pair) {
            self.candidates.push(Reverse((merge.rank, left, pair.0, pair.1)));
        }
    }

    fn merge(&mut self, position: u32, left: u32, right: u32) {
        let Symbol { token, previous, next } = self.symbols[position as usize];
        if token != left || next == NONE || self.symbols[next as usize].token != right {
            return;
        }
        let Some(merge) = self.table.merges.get(&(left, right)) else { return };
        let after = self.symbols[next as usize].next;
        self.symbols[next as usize].token = NONE;
        self.symbols[position as usize] = Symbol { token: merge.token, previous, next: after };
        if after != NONE {
            self.symbols[after as usize].previous = position;
        }
        self.consider(previous, position);
        self.consider(position, after);
    }
}
