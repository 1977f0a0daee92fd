//! Merges the bytes of a word into tokens, lowest rank first, leftmost among equals.
//!
//! A heap of candidate pairs over a linked list: a word of `n` bytes takes `n log n` steps, so a
//! megabyte without a space is slow for nobody else.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{TokenizerError, byte_alphabet, vocabulary::Vocabulary};

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
    byte_tokens: [u32; 256],
    merges: HashMap<(u32, u32), Merge>,
}

impl MergeTable {
    /// `merges` are written `left right`, most urgent first.
    pub(super) fn new(
        tokens: &[String],
        merges: &[String],
        vocabulary: &Vocabulary,
    ) -> Result<Self, TokenizerError> {
        let pieces = vocabulary.word_pieces(tokens);
        let mut spelled = [0; 4];
        let byte_tokens = byte_alphabet::alphabet()
            .map(|c| pieces.get(&*c.encode_utf8(&mut spelled)).copied().unwrap_or(NONE));
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
        Ok(Self { byte_tokens, merges: table })
    }
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
    pub(super) fn encode(&mut self, word: &[u8], tokens: &mut Vec<u32>) {
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

    fn start(&mut self, word: &[u8]) {
        self.symbols.clear();
        self.candidates.clear();
        let mut previous = NONE;
        for (position, &byte) in (0_u32..).zip(word) {
            let token = self.table.byte_tokens[usize::from(byte)];
            self.symbols.push(Symbol { token, previous, next: position + 1 });
            previous = position;
        }
        if let Some(last) = self.symbols.last_mut() {
            last.next = NONE;
        }
        for position in 1..self.symbols.len() {
            #[expect(clippy::cast_possible_truncation, reason = "positions were made as u32")]
            self.consider(position as u32 - 1, position as u32);
        }
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
