//! Reads the whole log again and compares it with everything that was signed.

use std::collections::BTreeMap;

use serde::Deserialize;
use transparency_log::{
    Checkpoint, Chronology, Examination, Examined, Finding, Hash, SignedNote, TILE_WIDTH, TileId,
    TreeBuilder, encode_tile, leaf_hash,
};

use crate::{Action, LogReader, ReadError};

/// Checkpoints that are read at a time.
const PAGE: u32 = 4_096;

/// What is compared with the log besides itself.
#[derive(Default)]
pub struct Outside<'a> {
    /// Checkpoints that were kept elsewhere; their signatures are verified already.
    pub checkpoints: Vec<Checkpoint>,
    /// The leaf hashes of a bundle, by its number, from an export that was kept elsewhere.
    pub reference: Option<&'a (dyn Fn(u64) -> Option<Vec<Hash>> + Sync)>,
}

/// What the examination needs of an entry.
#[derive(Deserialize)]
struct Dated<'a> {
    #[serde(borrow)]
    action: std::borrow::Cow<'a, str>,
    at: i64,
    v: u32,
}

impl LogReader {
    /// Compares every entry with the tiles, with all checkpoints of the store and with what was
    /// kept outside. The findings are sorted, the most exact first.
    pub async fn examine(
        &self,
        outside: Outside<'_>,
    ) -> Result<Result<Examined, Vec<Finding>>, ReadError> {
        // First of all: what is signed by then is there when the entries are read.
        let own = self.own_checkpoints().await?;
        let signed = own.last().map_or(0, |newest| newest.size);
        let size = self.entry_count().await?;
        let mut examination = match Examination::with_outside(own, outside.checkpoints) {
            Ok(examination) => examination,
            Err(forked) => return Ok(Err(vec![forked])),
        };
        let mut dates = Dates::default();
        let mut upper = Upper::new(signed);
        let mut read = 0;
        while read < size {
            let index = read / u64::from(TILE_WIDTH);
            let width = u16::try_from(size - read).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
            let mut recorded = self.recorded(index).await?.unwrap_or_default();
            // What is signed while this runs is in one tile and was not yet in the one before.
            let signed_here = signed.saturating_sub(read).min(u64::from(width));
            recorded.truncate(usize::try_from(signed_here).unwrap_or_default());
            let entries = self.entries(read, u32::from(width)).await?;
            let reference = outside.reference.and_then(|reference| reference(index));
            dates.take(read, &entries);
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            examination.leaves(&leaves, Some(&recorded), reference.as_deref());
            upper.take(&leaves);
            upper.compare(self).await?;
            let missing = entries.len() < usize::from(width);
            read += u64::try_from(entries.len()).unwrap_or(u64::MAX);
            if missing {
                dates.findings.push(Finding::Removed { leaf: read, count: 1 });
                break;
            }
        }
        upper.compare_edge(self).await?;
        let examined = match (examination.finish(), upper.altered) {
            // Nothing else is wrong, so it is the tile.
            (Ok(_), Some(leaf)) => Err(vec![Finding::TilesAltered { leaf }]),
            (examined, _) => examined,
        };
        Ok(dates.join(examined))
    }

    /// The newest is verified; the others only narrow a finding down.
    async fn own_checkpoints(&self) -> Result<Vec<Checkpoint>, ReadError> {
        let Some((_, newest)) = self.checkpoint().await? else { return Ok(Vec::new()) };
        let mut checkpoints = Vec::new();
        let mut size = 0;
        loop {
            let page = self.checkpoints_after(size, PAGE).await?;
            let parsed: Vec<_> = page.iter().map_while(|text| parse(text)).collect();
            if parsed.len() < page.len() {
                let after = parsed.last().map_or(size, |checkpoint| checkpoint.size);
                return Err(damaged(after));
            }
            let Some(last) = parsed.last() else { break };
            if last.size <= size {
                return Err(damaged(size));
            }
            size = last.size;
            checkpoints.extend(parsed);
        }
        checkpoints.retain(|checkpoint| checkpoint.size < newest.size);
        checkpoints.push(newest);
        Ok(checkpoints)
    }
}

fn parse(text: &str) -> Option<Checkpoint> {
    let note = SignedNote::parse(text).ok()?;
    Checkpoint::parse(note.text()).ok()
}

fn damaged(after: u64) -> ReadError {
    ReadError::Damaged { what: format!("the stored checkpoint after {after} entries") }
}

/// The tiles above the leaf hashes, made again from the entries.
struct Upper {
    tree: TreeBuilder,
    /// Leaves under the newest checkpoint: stored tiles end there.
    signed: u64,
    /// Tiles that are not full yet.
    growing: BTreeMap<(u8, u64), (TileId, Vec<Hash>)>,
    full: Vec<(TileId, Vec<Hash>)>,
    /// The first leaf under a tile that is not as the entries make it.
    altered: Option<u64>,
}

impl Upper {
    fn new(signed: u64) -> Self {
        let (growing, full) = (BTreeMap::new(), Vec::new());
        Self { tree: TreeBuilder::new(), signed, growing, full, altered: None }
    }

    fn take(&mut self, leaves: &[Hash]) {
        let rest = usize::try_from(self.signed - self.tree.size()).unwrap_or(usize::MAX);
        for leaf in leaves.iter().take(rest) {
            self.tree.push(*leaf);
        }
        let changed = self.tree.take_changed();
        for (id, hashes) in changed.into_iter().filter(|(id, _)| id.level() > 0) {
            self.growing.remove(&(id.level(), id.index()));
            if id.width() == TILE_WIDTH {
                self.full.push((id, hashes));
            } else {
                self.growing.insert((id.level(), id.index()), (id, hashes));
            }
        }
    }

    async fn compare(&mut self, reader: &LogReader) -> Result<(), ReadError> {
        for (id, hashes) in std::mem::take(&mut self.full) {
            let stored = reader.tile(id).await?;
            if stored.as_deref() != Some(&*encode_tile(&hashes)) {
                let leaves_each = 1_u64.checked_shl(8 * (u32::from(id.level()) + 1)).unwrap_or(0);
                let first = id.index().saturating_mul(leaves_each);
                self.altered = Some(self.altered.map_or(first, |altered| altered.min(first)));
            }
        }
        Ok(())
    }

    async fn compare_edge(&mut self, reader: &LogReader) -> Result<(), ReadError> {
        self.full.extend(std::mem::take(&mut self.growing).into_values());
        self.compare(reader).await
    }
}

/// Watches the times that entries give themselves.
#[derive(Default)]
struct Dates {
    chronology: Chronology,
    /// From the first entry of the second version on: before, nothing kept clocks from going back.
    is_ruled: bool,
    findings: Vec<Finding>,
}

impl Dates {
    fn take(&mut self, first: u64, entries: &[Vec<u8>]) {
        for (leaf, entry) in (first..).zip(entries) {
            // What is no JSON was not written by us and does not hash to what was signed.
            let Ok(entry) = serde_json::from_slice::<Dated<'_>>(entry) else { continue };
            self.is_ruled |= entry.v > 1;
            if !self.is_ruled {
                continue;
            }
            if entry.action == Action::ClockAccept.as_str() {
                self.chronology.clock_accepted(entry.at);
            } else {
                self.findings.extend(self.chronology.entry(leaf, entry.at));
            }
        }
    }

    fn join(mut self, examined: Result<Examined, Vec<Finding>>) -> Result<Examined, Vec<Finding>> {
        match examined {
            Ok(examined) if self.findings.is_empty() => Ok(examined),
            Ok(_) => Err(self.findings),
            Err(findings) => {
                self.findings.extend(findings);
                Finding::sort(&mut self.findings);
                Err(self.findings)
            }
        }
    }
}
