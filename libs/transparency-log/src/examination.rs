//! Examines a whole log against checkpoints.

mod chronology;
mod comparison;
mod judgement;
mod seal;
#[cfg(test)]
mod tests;

pub use chronology::{CLOCK_SKEW_SECONDS_MAX, Chronology};
pub use seal::forks;

use crate::builder::TreeBuilder;
use crate::checkpoint::Checkpoint;
use crate::finding::Finding;
use crate::hash::{Hash, leaf_hash};

use comparison::Comparison;
use judgement::Evidence;
use seal::Seal;

/// Examines a whole log against checkpoints, one bundle of entries at a time.
///
/// Three streams of leaf hashes are read side by side: those of the entries themselves, those that
/// the log recorded in its level-0 tiles, and those of an export that was kept outside. Entries
/// and recorded hashes are both grown into a tree that is compared with every checkpoint at its
/// size. Memory is bounded by the checkpoints and a few bundles.
///
/// Checkpoints are taken as they are: whoever calls has verified their signatures.
///
/// ```
/// use transparency_log::{Checkpoint, Examination, Finding, TreeBuilder, leaf_hash};
///
/// let entries = [b"first".to_vec(), b"second".to_vec()];
/// let recorded = entries.each_ref().map(|entry| leaf_hash(entry));
/// let mut tree = TreeBuilder::new();
/// recorded.iter().for_each(|leaf| tree.push(*leaf));
/// let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 2, root: tree.root() };
///
/// let mut examination = Examination::new(vec![checkpoint])?;
/// examination.bundle(&[b"first".to_vec(), b"other".to_vec()], Some(&recorded), None);
/// assert_eq!(examination.finish(), Err(vec![Finding::Edited { leaf: 1 }]));
/// # Ok::<(), Finding>(())
/// ```
#[derive(Clone, Debug)]
pub struct Examination {
    seals: Vec<Seal>,
    entries: Stream,
    recorded: Stream,
    reference: Reference,
    against_recorded: Comparison,
    against_reference: Comparison,
}

/// A log that passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Examined {
    /// Entries there are.
    pub size: u64,
    /// The root of the tree of all of them.
    pub root: Hash,
    /// Entries that the largest checkpoint covers. Those behind are not signed yet: nothing can be
    /// said about them.
    pub signed_size: u64,
    /// Different checkpoints that the entries fit, which is all of them.
    pub checkpoints_matched: usize,
    /// The first leaf for which the hashes kept outside are not those of an entry that is signed.
    /// The entry is proven, so it is the copy outside that has changed.
    pub reference_differs_at: Option<u64>,
}

/// Leaf hashes that are grown into a tree and compared with the seals.
#[derive(Clone, Debug, Default)]
struct Stream {
    tree: TreeBuilder,
    /// For each seal that was reached, in their order: whether the tree had its root.
    fits: Vec<bool>,
    state: State,
}

/// Leaf hashes that are only compared.
#[derive(Clone, Debug, Default)]
struct Reference {
    state: State,
}

/// Whether a stream was given, and whether it may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Unseen,
    Open,
    Ended,
}

impl Examination {
    /// Examines against checkpoints that lie beside the log. Any order, duplicates allowed.
    ///
    /// # Errors
    /// [`Finding::Forked`] when two of them have one size and different roots. [`forks`] tells all
    /// such pairs.
    pub fn new(checkpoints: Vec<Checkpoint>) -> Result<Self, Finding> {
        Self::with_outside(checkpoints, Vec::new())
    }

    /// As [`Examination::new`], with further checkpoints that were kept outside of the log: one
    /// beyond the end of a log that is whole otherwise is a [`Finding::RolledBack`].
    ///
    /// # Errors
    /// As [`Examination::new`].
    pub fn with_outside(own: Vec<Checkpoint>, outside: Vec<Checkpoint>) -> Result<Self, Finding> {
        Ok(Self {
            seals: seal::seals(own, outside)?,
            entries: Stream::default(),
            recorded: Stream::default(),
            reference: Reference::default(),
            against_recorded: Comparison::default(),
            against_reference: Comparison::default(),
        })
    }

    /// Takes the next bundle: its entries, what the level-0 tile records for them, and the same
    /// tile of an export that was kept outside.
    ///
    /// The three are streams of their own, and bundles may hold any number of entries, also none
    /// while the others go on. What one stream is ahead of another is kept for comparison, up to
    /// 1,024 hashes, so bundles should hold 256 entries like the tiles. A `None` ends its stream:
    /// what is given later is not looked at.
    pub fn bundle(
        &mut self,
        entries: &[Vec<u8>],
        recorded: Option<&[Hash]>,
        reference: Option<&[Hash]>,
    ) {
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        self.leaves(&leaves, recorded, reference);
    }

    /// As [`Examination::bundle`], for who has hashed the entries already.
    pub fn leaves(
        &mut self,
        leaves: &[Hash],
        recorded: Option<&[Hash]>,
        reference: Option<&[Hash]>,
    ) {
        let recorded = self.recorded.state.take(recorded);
        let reference = self.reference.state.take(reference);
        self.entries.grow(leaves, &self.seals);
        self.recorded.grow(recorded, &self.seals);
        self.against_recorded.read(leaves, recorded);
        self.against_reference.read(leaves, reference);
    }

    /// Judges what was read.
    ///
    /// # Errors
    /// What was found, the most exact first; never an empty list.
    pub fn finish(mut self) -> Result<Examined, Vec<Finding>> {
        // A checkpoint of an empty log is reached without any leaf.
        self.entries.grow(&[], &self.seals);
        self.recorded.grow(&[], &self.seals);
        let evidence = Evidence {
            seals: &self.seals,
            entries: &self.entries,
            recorded: &self.recorded,
            against_recorded: &self.against_recorded,
            against_reference: &self.against_reference,
        };
        let mut findings = evidence.findings();
        if !findings.is_empty() {
            Finding::sort(&mut findings);
            return Err(findings);
        }
        Ok(Examined {
            size: self.entries.tree.size(),
            root: self.entries.tree.root(),
            signed_size: evidence.proven(),
            checkpoints_matched: self.entries.fits.len(),
            reference_differs_at: self.against_reference.divergence().map(|found| found.leaf),
        })
    }
}

impl State {
    fn take<'hashes>(&mut self, hashes: Option<&'hashes [Hash]>) -> &'hashes [Hash] {
        match (*self, hashes) {
            (Self::Unseen | Self::Open, Some(hashes)) => {
                *self = Self::Open;
                hashes
            }
            (Self::Unseen, None) | (Self::Ended, Some(_) | None) => &[],
            (Self::Open, None) => {
                *self = Self::Ended;
                &[]
            }
        }
    }
}

impl Stream {
    fn grow(&mut self, leaves: &[Hash], seals: &[Seal]) {
        self.compare(seals);
        for leaf in leaves {
            self.tree.push(*leaf);
            self.compare(seals);
        }
        // Only the root is needed: completed tiles would pile up.
        drop(self.tree.take_changed());
    }

    fn compare(&mut self, seals: &[Seal]) {
        // One seal a size: a second one would be a fork.
        if let Some(seal) = seals.get(self.fits.len())
            && seal.size == self.tree.size()
        {
            self.fits.push(seal.root == self.tree.root());
        }
    }
}
