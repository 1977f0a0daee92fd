//! Decides what all streams together say about a log.

use super::comparison::Comparison;
use super::seal::Seal;
use super::{State, Stream};
use crate::finding::Finding;

/// Everything that was read, when all of it was read.
pub(super) struct Evidence<'read> {
    pub(super) seals: &'read [Seal],
    pub(super) entries: &'read Stream,
    pub(super) recorded: &'read Stream,
    pub(super) against_recorded: &'read Comparison,
    pub(super) against_reference: &'read Comparison,
}

impl Evidence<'_> {
    /// In no particular order.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let altered = self.known_kind().or_else(|| self.rebuilt());
        let altered = altered.or_else(|| self.differs_from_reference());
        let mut findings: Vec<Finding> = altered.into_iter().collect();
        if findings.is_empty() {
            findings.extend(self.tiles_altered());
        }
        findings.extend(self.ends_early(&findings));
        findings
    }

    /// Leaves that a checkpoint proves to be what the entries are.
    pub(super) fn proven(&self) -> u64 {
        self.largest_fit(self.entries)
    }

    fn largest_fit(&self, stream: &Stream) -> u64 {
        let fits = stream.fits.iter().zip(self.seals).rev();
        fits.filter(|(fit, _)| **fit).map(|(_, seal)| seal.size).next().unwrap_or(0)
    }

    /// The recorded hashes are signed and the entries are others: the record tells what was done.
    fn known_kind(&self) -> Option<Finding> {
        let divergence = self.against_recorded.divergence()?;
        (divergence.leaf < self.largest_fit(self.recorded)).then(|| divergence.kind())
    }

    /// Neither gives the root: only the checkpoints, or hashes kept outside, tell where.
    fn rebuilt(&self) -> Option<Finding> {
        let failing = self.entries.fits.iter().position(|fit| !fit)?;
        let to = self.seals.get(failing)?.size;
        let before = failing.checked_sub(1).and_then(|last| self.seals.get(last));
        let from = before.map_or(0, |seal| seal.size);
        let agreed = self.against_reference.agreed();
        Some(match self.against_reference.divergence() {
            // A reference that agrees with entries that are not signed cannot be right either.
            Some(divergence) if (from..to).contains(&divergence.leaf) => {
                Finding::Rebuilt { from: divergence.leaf, to: divergence.leaf + 1 }
            }
            None if (from..to).contains(&agreed) => Finding::Rebuilt { from: agreed, to },
            Some(_) | None => Finding::Rebuilt { from, to },
        })
    }

    /// No checkpoint covers the entry yet, but its hash was kept outside.
    fn differs_from_reference(&self) -> Option<Finding> {
        let leaf = self.against_reference.divergence()?.leaf;
        (leaf >= self.proven()).then_some(Finding::Rebuilt { from: leaf, to: leaf + 1 })
    }

    fn tiles_altered(&self) -> Option<Finding> {
        if let Some(divergence) = self.against_recorded.divergence() {
            return Some(Finding::TilesAltered { leaf: divergence.leaf });
        }
        let recorded = self.recorded.tree.size();
        let is_short = self.recorded.state != State::Unseen && recorded < self.proven();
        is_short.then_some(Finding::TilesAltered { leaf: recorded })
    }

    fn ends_early(&self, found: &[Finding]) -> Option<Finding> {
        let size = self.entries.tree.size();
        let signed_size = self.seals.last()?.size;
        let own_size =
            self.seals.iter().rev().find(|seal| !seal.outside).map_or(0, |seal| seal.size);
        let gone = found.iter().map(|finding| match finding {
            Finding::Removed { count, .. } => *count,
            Finding::Edited { .. }
            | Finding::Reordered { .. }
            | Finding::Inserted { .. }
            | Finding::Rebuilt { .. }
            | Finding::TilesAltered { .. }
            | Finding::Backdated { .. }
            | Finding::Forked { .. }
            | Finding::Truncated { .. }
            | Finding::RolledBack { .. } => 0,
        });
        // Entries that were removed further up are missing at the end, of course.
        if size + gone.sum::<u64>() >= signed_size {
            return None;
        }
        if found.is_empty() && size >= own_size {
            return Some(Finding::RolledBack { size, signed_size });
        }
        Some(Finding::Truncated { size, signed_size })
    }
}
