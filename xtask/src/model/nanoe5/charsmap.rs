//! Builds `SentencePiece`'s table of replaced characters: a double array (Darts) over the bytes of
//! what is replaced, then the replacements.
//!
//! The package lists single characters only. Characters in two parts, such as a letter and its
//! accent, are added here: the models were trained with them put together.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use unicode_normalization::UnicodeNormalization as _;

/// Units are placed among those that are taken; a new block begins where none fits.
const BLOCK: usize = 256;
/// The offset of a unit has 21 bits, and no more are needed.
const OFFSET_MAX: usize = 1 << 21;
const HAS_VALUE: u32 = 1 << 8;
const IS_VALUE: u32 = 1 << 31;

pub(super) fn build(replaced: &[(char, String)]) -> Result<Vec<u8>> {
    let entries = entries(replaced);
    let (mut trie, mut texts) = (Trie::default(), Texts::default());
    for (text, replacement) in &entries {
        trie.insert(text.as_bytes(), texts.place(replacement)?);
    }
    let units = DoubleArray::build(&trie)?;
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(units.len() * 4).context("too many entries")?.to_le_bytes());
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend(texts.bytes);
    Ok(bytes)
}

/// What is replaced, and by what.
fn entries(replaced: &[(char, String)]) -> BTreeMap<String, String> {
    let single: BTreeMap<char, &str> =
        replaced.iter().map(|(from, to)| (*from, to.as_str())).collect();
    let mut entries: BTreeMap<String, String> =
        replaced.iter().map(|(from, to)| (from.to_string(), to.clone())).collect();
    let mut buffer = [0; 4];
    for whole in '\0'..=char::MAX {
        let text: &str = whole.encode_utf8(&mut buffer);
        let parts: Vec<char> = text.nfd().collect();
        // Some characters are taken apart and never put together.
        if parts.len() < 2 || !text.nfd().nfc().eq([whole]) {
            continue;
        }
        let to = single.get(&whole).map_or(text, |to| to).to_owned();
        // With the first parts put together already, too.
        let (last, first) = (parts[parts.len() - 1], &parts[..parts.len() - 1]);
        let together: String = first.iter().copied().nfc().chain([last]).collect();
        entries.entry(parts.into_iter().collect()).or_insert_with(|| to.clone());
        entries.entry(together).or_insert(to);
    }
    entries
}

/// Replacements one after the other, each ended by a zero, each once.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    places: BTreeMap<String, u32>,
}

impl Texts {
    fn place(&mut self, text: &str) -> Result<u32> {
        if let Some(&place) = self.places.get(text) {
            return Ok(place);
        }
        let place = u32::try_from(self.bytes.len()).context("too many entries")?;
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        self.places.insert(text.to_owned(), place);
        Ok(place)
    }
}

#[derive(Default)]
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    value: Option<u32>,
    children: BTreeMap<u8, usize>,
}

impl Trie {
    fn insert(&mut self, text: &[u8], value: u32) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut node = 0;
        for &byte in text {
            let next = self.nodes.len();
            node = *self.nodes[node].children.entry(byte).or_insert(next);
            if node == next {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[node].value = Some(value);
    }
}

/// The unit of a node holds the byte that leads to it and where its children are: child `b` of the
/// node at `i` is at `i ^ offset ^ b`, its value at `i ^ offset`.
#[derive(Default)]
struct DoubleArray {
    units: Vec<u32>,
    taken: Vec<bool>,
    /// All before it is taken.
    free: usize,
}

impl DoubleArray {
    fn build(trie: &Trie) -> Result<Vec<u32>> {
        let mut array = Self::default();
        array.grow(BLOCK);
        (array.units[0], array.taken[0]) = (0, true);
        let mut waiting = vec![(0, 0)];
        while let Some((node, at)) = waiting.pop() {
            let node = &trie.nodes[node];
            let base = array.base(node);
            let offset = u32::try_from(base ^ at).ok().filter(|_| base ^ at < OFFSET_MAX);
            array.units[at] |= offset.context("too many entries")? << 10;
            if let Some(value) = node.value {
                array.units[at] |= HAS_VALUE;
                array.units[base] = value | IS_VALUE;
                array.taken[base] = true;
            }
            for (&byte, &child) in &node.children {
                let place = base ^ usize::from(byte);
                array.units[place] = u32::from(byte);
                array.taken[place] = true;
                waiting.push((child, place));
            }
        }
        Ok(array.units)
    }

    /// A place where the value and all children of a node fit, never that of a node before.
    fn base(&mut self, node: &Node) -> usize {
        while self.taken.get(self.free).copied().unwrap_or(false) {
            self.free += 1;
        }
        let value = node.value.map(|_| 0);
        let labels: Vec<u8> = value.into_iter().chain(node.children.keys().copied()).collect();
        let Some(&first) = labels.first() else { return self.free };
        let mut place = self.free;
        loop {
            let base = place ^ usize::from(first);
            self.grow((place | (BLOCK - 1)) + 1);
            let is_free = |label: &u8| !self.taken[base ^ usize::from(*label)];
            // The place of the value stays free for nobody: a node is never its own child.
            if base > 0 && labels.iter().all(is_free) {
                return base;
            }
            place += 1;
        }
    }

    fn grow(&mut self, len: usize) {
        if self.units.len() < len {
            // No byte leads to a unit that nobody has.
            self.units.resize(len, IS_VALUE);
            self.taken.resize(len, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the longest entry at the start of `text` is replaced by, found as readers do it.
    fn find(table: &[u8], text: &str) -> Option<(usize, String)> {
        let number = |at: usize| u32::from_le_bytes(table[at..at + 4].try_into().unwrap());
        let size = number(0) as usize;
        let unit = |index: usize| number(4 + 4 * index);
        let mut at = (unit(0) >> 10) as usize;
        let mut found = None;
        for (index, &byte) in text.as_bytes().iter().enumerate() {
            at ^= usize::from(byte);
            if 4 * at >= size || unit(at) & (IS_VALUE | 0xff) != u32::from(byte) {
                break;
            }
            let here = unit(at);
            at ^= (here >> 10) as usize;
            if here & HAS_VALUE != 0 {
                let start = 4 + size + (unit(at) & !IS_VALUE) as usize;
                let end = start + table[start..].iter().position(|&byte| byte == 0).unwrap();
                found = Some((index + 1, String::from_utf8(table[start..end].to_vec()).unwrap()));
            }
        }
        found
    }

    #[test]
    fn every_entry_is_found_and_nothing_else() {
        let replaced = [('\t', " "), ('ﬁ', "fi"), ('\u{1}', ""), ('①', "1"), ('が', "が")];
        let replaced: Vec<(char, String)> =
            replaced.iter().map(|&(from, to)| (from, to.to_owned())).collect();
        let table = build(&replaced).unwrap();
        for (from, to) in entries(&replaced) {
            assert_eq!(find(&table, &from), Some((from.len(), to)), "{from:?}");
        }
        assert_eq!(find(&table, "a"), None);
        assert_eq!(find(&table, "é"), None);
        assert_eq!(find(&table, "e\u{301}!"), Some((3, "é".to_owned())));
        assert_eq!(find(&table, "e\u{302}\u{301}"), Some((5, "ế".to_owned())));
        assert_eq!(find(&table, "ê\u{301}"), Some((4, "ế".to_owned())));
        assert_eq!(find(&table, "①"), Some((3, "1".to_owned())));
    }
}
