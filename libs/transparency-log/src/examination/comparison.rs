//! Reads two streams of leaf hashes side by side and finds where and how they part.

use std::collections::VecDeque;

use crate::finding::Finding;
use crate::hash::Hash;

/// Hashes that one stream may be ahead of the other before comparing ends: four tiles.
const AHEAD_MAX: usize = 1024;

/// Two streams up to the first leaf where they differ, and what followed there.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    /// Leaves in which both agree.
    agreed: u64,
    /// What one of the two has and the other does not have yet.
    entries_ahead: VecDeque<Hash>,
    others_ahead: VecDeque<Hash>,
    end: End,
}

#[derive(Clone, Debug, Default)]
enum End {
    #[default]
    Open,
    Differs(Box<Divergence>),
    /// One stream is too far ahead.
    Lost,
}

/// The first leaf in which entries and other hashes differ.
#[derive(Clone, Debug)]
pub(super) struct Divergence {
    pub(super) leaf: u64,
    entries: Trace,
    others: Trace,
}

/// One stream, from the leaf on in which it differs from the other one.
#[derive(Clone, Debug)]
struct Trace {
    /// The hash at that leaf.
    first: Hash,
    /// The hash behind it.
    next: Option<Hash>,
    /// Hashes that were read behind it.
    read: u64,
    /// How far behind it the first hash of the other stream stands in this one.
    found: Option<u64>,
    /// The hash behind that.
    after_found: Option<Hash>,
}

impl Comparison {
    pub(super) fn read(&mut self, entries: &[Hash], others: &[Hash]) {
        match &mut self.end {
            End::Differs(divergence) => divergence.read(entries, others),
            End::Open => {
                self.entries_ahead.extend(entries);
                self.others_ahead.extend(others);
                self.advance();
            }
            End::Lost => {}
        }
    }

    /// Compares as far as both streams reach.
    fn advance(&mut self) {
        while let (Some(entry), Some(other)) =
            (self.entries_ahead.front(), self.others_ahead.front())
        {
            if entry != other {
                let mut divergence = Divergence {
                    leaf: self.agreed,
                    entries: Trace::new(*entry),
                    others: Trace::new(*other),
                };
                let entries: Vec<Hash> = self.entries_ahead.drain(..).skip(1).collect();
                let others: Vec<Hash> = self.others_ahead.drain(..).skip(1).collect();
                divergence.read(&entries, &others);
                self.end = End::Differs(Box::new(divergence));
                return;
            }
            self.entries_ahead.pop_front();
            self.others_ahead.pop_front();
            self.agreed += 1;
        }
        if self.entries_ahead.len().max(self.others_ahead.len()) > AHEAD_MAX {
            self.entries_ahead = VecDeque::new();
            self.others_ahead = VecDeque::new();
            self.end = End::Lost;
        }
    }

    /// Leaves in which both agree, counted from the start.
    pub(super) fn agreed(&self) -> u64 {
        self.agreed
    }

    pub(super) fn divergence(&self) -> Option<&Divergence> {
        match &self.end {
            End::Differs(divergence) => Some(divergence),
            End::Open | End::Lost => None,
        }
    }
}

impl Divergence {
    fn read(&mut self, entries: &[Hash], others: &[Hash]) {
        for hash in entries {
            self.entries.read(hash, &self.others.first);
        }
        for hash in others {
            self.others.read(hash, &self.entries.first);
        }
    }

    /// What was done to the entries, if the other hashes are right.
    ///
    /// Entries that are found elsewhere in the record were moved. When only one of the two streams
    /// goes on in the other one, and goes on there for more than a single entry, the record was
    /// shifted. Otherwise the entry itself is another one.
    pub(super) fn kind(&self) -> Finding {
        let leaf = self.leaf;
        let next = self.entries.next.zip(self.others.next);
        let shifted = next.is_none_or(|(entry, other)| entry != other);
        match (self.others.found, self.entries.found) {
            (Some(from), Some(to)) => Finding::Reordered { leaf, with: leaf + from.max(to) },
            (Some(count), None) if shifted && self.others.continues(&self.entries) => {
                Finding::Removed { leaf, count }
            }
            (None, Some(count)) if shifted && self.entries.continues(&self.others) => {
                Finding::Inserted { leaf, count }
            }
            (Some(_), None) | (None, Some(_) | None) => Finding::Edited { leaf },
        }
    }
}

impl Trace {
    fn new(first: Hash) -> Self {
        Self { first, next: None, read: 0, found: None, after_found: None }
    }

    fn read(&mut self, hash: &Hash, sought: &Hash) {
        self.read += 1;
        self.next.get_or_insert(*hash);
        match self.found {
            None if hash == sought => self.found = Some(self.read),
            Some(found) if self.read == found + 1 => self.after_found = Some(*hash),
            None | Some(_) => {}
        }
    }

    /// Whether this stream goes on as the other one does, from where its first hash was found.
    /// The end of either stream contradicts nothing.
    fn continues(&self, other: &Trace) -> bool {
        self.after_found.zip(other.next).is_none_or(|(after, next)| after == next)
    }
}
