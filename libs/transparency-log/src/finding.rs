//! What an examination can find.

use std::cmp::Reverse;
use std::fmt;

use crate::hash::Hash;

/// Something that a log must not show. Leaves are counted from 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Two checkpoints were signed for one size, with different roots.
    Forked {
        /// Leaves that both checkpoints cover.
        size: u64,
        /// Both roots, in the order in which the checkpoints were given.
        roots: [Hash; 2],
    },
    /// The entry is not the one that the log recorded; its neighbours are.
    Edited {
        /// Which one.
        leaf: u64,
    },
    /// Recorded entries stand in each other's places.
    Reordered {
        /// The first leaf whose entry belongs elsewhere.
        leaf: u64,
        /// The leaf with which it changed places, or up to which it was moved.
        with: u64,
    },
    /// Entries stand where the log recorded others, which follow behind them.
    Inserted {
        /// The first inserted entry.
        leaf: u64,
        /// Inserted entries.
        count: u64,
    },
    /// Recorded entries are gone and those behind them moved up.
    Removed {
        /// The first recorded entry that is gone.
        leaf: u64,
        /// Removed entries.
        count: u64,
    },
    /// Entries do not give the root that a checkpoint signed, and neither do the recorded hashes.
    Rebuilt {
        /// The first entry that may be another one: every entry before it is proven.
        from: u64,
        /// One past the last entry in question. The size of the checkpoint that does not fit, or
        /// `from + 1` when hashes kept outside tell the very leaf.
        to: u64,
    },
    /// The entries are those that were signed, but the recorded hashes are not theirs.
    TilesAltered {
        /// The first leaf whose recorded hash is wrong or missing.
        leaf: u64,
    },
    /// The time of an entry lies before that of an earlier entry, beyond all tolerance.
    Backdated {
        /// Which entry.
        leaf: u64,
        /// Its time, in microseconds since 1970-01-01T00:00:00Z.
        at_us: i64,
        /// The latest time of all entries before it, in the same unit.
        newest_us: i64,
    },
    /// The log ends before one of its own checkpoints.
    Truncated {
        /// Entries there are.
        size: u64,
        /// Entries that the largest checkpoint covers.
        signed_size: u64,
    },
    /// The log is whole in itself, but ends before a checkpoint that was kept outside.
    RolledBack {
        /// Entries there are.
        size: u64,
        /// Entries that the largest checkpoint covers.
        signed_size: u64,
    },
}

impl Finding {
    /// The stable name of this kind of finding, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forked { .. } => "log.forked",
            Self::Edited { .. } => "log.edited",
            Self::Reordered { .. } => "log.reordered",
            Self::Inserted { .. } => "log.inserted",
            Self::Removed { .. } => "log.removed",
            Self::Rebuilt { .. } => "log.rebuilt",
            Self::TilesAltered { .. } => "log.tiles_altered",
            Self::Backdated { .. } => "log.backdated",
            Self::Truncated { .. } => "log.truncated",
            Self::RolledBack { .. } => "log.rolled_back",
        }
    }

    /// The first bad leaf, when the finding tells it exactly.
    pub const fn leaf(&self) -> Option<u64> {
        match *self {
            Self::Edited { leaf }
            | Self::Reordered { leaf, .. }
            | Self::Inserted { leaf, .. }
            | Self::Removed { leaf, .. }
            | Self::TilesAltered { leaf }
            | Self::Backdated { leaf, .. } => Some(leaf),
            Self::Rebuilt { from, to } if to.wrapping_sub(from) == 1 => Some(from),
            Self::Rebuilt { .. }
            | Self::Forked { .. }
            | Self::Truncated { .. }
            | Self::RolledBack { .. } => None,
        }
    }

    /// What else it says in numbers, by the names of its fields: for programs.
    pub fn numbers(&self) -> Vec<(&'static str, u64)> {
        match *self {
            Self::Forked { size, .. } => vec![("size", size)],
            Self::Truncated { size, signed_size } | Self::RolledBack { size, signed_size } => {
                vec![("size", size), ("signed_size", signed_size)]
            }
            Self::Rebuilt { from, to } => vec![("from", from), ("to", to)],
            Self::Reordered { with, .. } => vec![("with", with)],
            Self::Inserted { count, .. } | Self::Removed { count, .. } => vec![("count", count)],
            Self::Edited { .. } | Self::TilesAltered { .. } | Self::Backdated { .. } => Vec::new(),
        }
    }

    /// Sorts findings: two signatures that contradict each other first, then single leaves by
    /// their place, then ranges, then what is only known about the end of the log.
    pub fn sort(findings: &mut [Self]) {
        findings.sort_by_key(|finding| (Reverse(finding.exactness()), finding.leaf()));
    }

    const fn exactness(&self) -> u8 {
        match self {
            Self::Forked { .. } => 4,
            Self::Edited { .. }
            | Self::Reordered { .. }
            | Self::Inserted { .. }
            | Self::Removed { .. } => 3,
            Self::Rebuilt { .. } => match self.leaf() {
                Some(_) => 3,
                None => 1,
            },
            Self::TilesAltered { .. } | Self::Backdated { .. } => 2,
            Self::Truncated { .. } | Self::RolledBack { .. } => 0,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forked { size, roots: [one, other] } => write!(
                formatter,
                "two signed checkpoints of size {size} have different roots, {} and {}: the log \
                 shows two histories",
                one.to_base64(),
                other.to_base64()
            ),
            Self::Edited { leaf } => write!(
                formatter,
                "the entry of leaf {leaf} was edited: it does not have the hash that the log \
                 recorded and signed"
            ),
            Self::Reordered { leaf, with } => write!(
                formatter,
                "entries were reordered: leaf {leaf} and leaf {with} do not stand where the log \
                 recorded and signed them"
            ),
            Self::Inserted { leaf, count } => write!(
                formatter,
                "{} inserted at leaf {leaf}: what the log recorded and signed there follows \
                 behind",
                entries_were(*count)
            ),
            Self::Removed { leaf, count } => write!(
                formatter,
                "{} removed at leaf {leaf}: what the log recorded and signed behind has moved up",
                entries_were(*count)
            ),
            Self::Rebuilt { from, .. } if self.leaf().is_some() => write!(
                formatter,
                "leaf {from} was rebuilt: its entry is not the one that was signed or kept outside"
            ),
            Self::Rebuilt { from, to } => write!(
                formatter,
                "the log was rebuilt between leaf {from} and leaf {}: these entries do not give \
                 the root that was signed for size {to}",
                to.saturating_sub(1)
            ),
            Self::TilesAltered { leaf } => write!(
                formatter,
                "the recorded hash of leaf {leaf} is wrong or missing: it is not that of the entry"
            ),
            Self::Backdated { leaf, at_us, newest_us } => write!(
                formatter,
                "the entry of leaf {leaf} is back-dated: its time lies {} s before that of an \
                 earlier entry",
                newest_us.saturating_sub(*at_us) / 1_000_000
            ),
            Self::Truncated { size, signed_size } => write!(
                formatter,
                "the log was truncated: it ends after {size} entries, and {signed_size} were \
                 signed"
            ),
            Self::RolledBack { size, signed_size } => write!(
                formatter,
                "the log was rolled back: it is whole up to its {size} entries, and a checkpoint \
                 kept outside signs {signed_size}"
            ),
        }
    }
}

impl std::error::Error for Finding {}

fn entries_were(count: u64) -> String {
    if count == 1 { "one entry was".to_owned() } else { format!("{count} entries were") }
}
