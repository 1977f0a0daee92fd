//! Goes through an export from its first leaf to its last, a bundle and its tiles at a time.

use transparency_log::{
    BundleError, BundleId, Checkpoint, Chronology, Examination, Examined, Finding, Hash,
    TILE_WIDTH, TileId, TreeBuilder, decode_bundle, decode_tile, encode_tile, leaf_hash,
};

use super::folder::{BUNDLE_BYTES_MAX, Folder, TILE_BYTES_MAX, settle};
use super::upper_tiles::UpperTiles;
use crate::entry::{CLOCK_ACCEPT, Entry, EntryError};
use crate::files::Unreadable;
use crate::problem::{Problem, Problems};

/// An export that was kept outside.
#[derive(Debug)]
pub(super) struct Reference {
    folder: Folder,
    checkpoint: Checkpoint,
    tree: TreeBuilder,
    is_open: bool,
}

/// What is left to read, and what was seen so far.
pub(super) struct Walk<'folder> {
    folder: &'folder Folder,
    size: u64,
    examination: Examination,
    reference: Option<Reference>,
    /// From the first entry of the second version on: before, nothing kept clocks from going back.
    chronology: Option<Chronology>,
    upper_tiles: UpperTiles,
    are_entries_open: bool,
    are_tiles_open: bool,
    are_upper_tiles_open: bool,
    leaves_read: u64,
    seen: Seen,
}

/// What only a walk sees.
#[derive(Debug)]
struct Seen {
    problems: Problems,
    backdated: Option<Finding>,
    malformed: Option<(u64, EntryError)>,
    upper_tile_altered: Option<String>,
    is_aligned: bool,
    entries_end_early: bool,
    tiles_end_early_at: Option<u64>,
}

/// The result of a walk.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) result: Result<Examined, Vec<Finding>>,
    /// The first entry that lies too far before earlier ones.
    pub(super) backdated: Option<Finding>,
    /// The first entry that is not one of Galerne.
    pub(super) malformed: Option<(u64, EntryError)>,
    /// The first tile above level 0 that does not follow from the entries.
    pub(super) upper_tile_altered: Option<String>,
    /// Whether every bundle holds as many entries as its name says.
    pub(super) is_aligned: bool,
    /// What is wrong with files.
    pub(super) problems: Problems,
    entries_end_early: bool,
    tiles_end_early_at: Option<u64>,
}

impl Walked {
    /// Whether a finding only repeats that a file is missing.
    pub(super) fn explains(&self, finding: &Finding) -> bool {
        match finding {
            Finding::Truncated { .. } | Finding::RolledBack { .. } => self.entries_end_early,
            Finding::TilesAltered { leaf } => self.tiles_end_early_at == Some(*leaf),
            Finding::Edited { .. }
            | Finding::Reordered { .. }
            | Finding::Inserted { .. }
            | Finding::Removed { .. }
            | Finding::Rebuilt { .. }
            | Finding::Backdated { .. }
            | Finding::Forked { .. } => false,
        }
    }
}

impl Reference {
    pub(super) fn new(folder: Folder, checkpoint: Checkpoint) -> Self {
        Self { folder, checkpoint, tree: TreeBuilder::new(), is_open: true }
    }

    fn tile(
        &mut self,
        index: u64,
        problems: &mut Problems,
    ) -> Result<Option<Vec<Hash>>, Unreadable> {
        let tile = TileId::in_tree(0, index, self.checkpoint.size);
        let Some(tile) = tile.filter(|_| self.is_open) else { return Ok(None) };
        let (hashes, is_whole) = read_tile(&self.folder, tile, problems)?;
        self.is_open = is_whole;
        for hash in &hashes {
            self.tree.push(*hash);
        }
        drop(self.tree.take_changed());
        Ok(Some(hashes))
    }

    /// Whoever compares with hashes must know that they are those that were signed.
    fn check(&self, problems: &mut Problems) {
        if self.is_open && self.tree.root() != self.checkpoint.root {
            let file = self.folder.name_of("tile/0");
            let reason = "the hashes do not give the root of the checkpoint beside them".to_owned();
            problems.push(Problem::Incomplete { file, reason, leaf: None });
        }
    }
}

impl<'folder> Walk<'folder> {
    pub(super) fn new(
        folder: &'folder Folder,
        size: u64,
        examination: Examination,
        reference: Option<Reference>,
    ) -> Self {
        Self {
            folder,
            size,
            examination,
            reference,
            chronology: None,
            upper_tiles: UpperTiles::new(size),
            are_entries_open: true,
            are_tiles_open: true,
            are_upper_tiles_open: true,
            leaves_read: 0,
            seen: Seen {
                problems: Problems::default(),
                backdated: None,
                malformed: None,
                upper_tile_altered: None,
                is_aligned: true,
                entries_end_early: false,
                tiles_end_early_at: None,
            },
        }
    }

    pub(super) fn run(mut self) -> Result<Walked, Unreadable> {
        let reference_size =
            self.reference.as_ref().map_or(0, |reference| reference.checkpoint.size);
        let size = self.size.max(reference_size);
        for index in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
            let entries = self.entries(index)?;
            let recorded = self.recorded(index)?;
            let reference = match &mut self.reference {
                Some(reference) => reference.tile(index, &mut self.seen.problems)?,
                None => None,
            };
            if entries.is_none() && recorded.is_none() && reference.is_none() {
                // A size is quickly signed: only what is there is worth the time.
                break;
            }
            let entries = entries.unwrap_or_default();
            let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            self.examination.leaves(&leaves, recorded.as_deref(), reference.as_deref());
            for entry in &entries {
                self.read_entry(entry);
            }
            self.check_upper_tiles(&leaves)?;
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Walked, Unreadable> {
        let upper_tiles = std::mem::replace(&mut self.upper_tiles, UpperTiles::new(0));
        for (tile, hashes) in upper_tiles.finish() {
            self.check_upper_tile(tile, &hashes)?;
        }
        let Self { examination, reference, mut seen, .. } = self;
        if let Some(reference) = reference {
            reference.check(&mut seen.problems);
        }
        Ok(Walked {
            result: examination.finish(),
            backdated: seen.backdated,
            malformed: seen.malformed,
            upper_tile_altered: seen.upper_tile_altered,
            is_aligned: seen.is_aligned,
            problems: seen.problems,
            entries_end_early: seen.entries_end_early,
            tiles_end_early_at: seen.tiles_end_early_at,
        })
    }

    /// The entries of a bundle, or as many as can be read. After a bundle that cannot be read whole,
    /// no place of an entry is certain, so none follow.
    fn entries(&mut self, index: u64) -> Result<Option<Vec<Vec<u8>>>, Unreadable> {
        let tile = TileId::in_tree(0, index, self.size).filter(|_| self.are_entries_open);
        let bundle = tile.and_then(|tile| BundleId::new(index, tile.width()).ok());
        let Some(bundle) = bundle else { return Ok(None) };
        let path = bundle.path();
        let read = self.folder.read(&path, BUNDLE_BYTES_MAX);
        let Some(bytes) = settle(read, &mut self.seen.problems)? else {
            self.end_entries();
            return Ok(None);
        };
        let file = self.folder.name_of(&path);
        match decode_bundle(&bytes) {
            Ok(entries) => {
                if entries.len() != usize::from(bundle.width()) {
                    let (found, width) = (entries.len(), bundle.width());
                    let reason = format!("it holds {found} entries and not {width}");
                    self.seen.problems.push(Problem::Incomplete { file, reason, leaf: None });
                    self.seen.is_aligned = false;
                }
                Ok(Some(entries))
            }
            Err(error) => {
                let leaf = match error {
                    BundleError::CutOff { index } if self.seen.is_aligned => {
                        Some(self.leaves_read + index as u64)
                    }
                    BundleError::CutOff { .. }
                    | BundleError::TooLong { .. }
                    | BundleError::Count { .. } => None,
                };
                let reason = error.to_string();
                self.seen.problems.push(Problem::Incomplete { file, reason, leaf });
                self.end_entries();
                Ok(Some(whole_entries(&bytes)))
            }
        }
    }

    fn end_entries(&mut self) {
        self.are_entries_open = false;
        self.seen.is_aligned = false;
        self.seen.entries_end_early = true;
    }

    fn recorded(&mut self, index: u64) -> Result<Option<Vec<Hash>>, Unreadable> {
        let tile = TileId::in_tree(0, index, self.size).filter(|_| self.are_tiles_open);
        let Some(tile) = tile else { return Ok(None) };
        let (hashes, is_whole) = read_tile(self.folder, tile, &mut self.seen.problems)?;
        if !is_whole {
            self.are_tiles_open = false;
            let before = index * u64::from(TILE_WIDTH);
            self.seen.tiles_end_early_at = Some(before + hashes.len() as u64);
        }
        Ok(Some(hashes))
    }

    fn read_entry(&mut self, bytes: &[u8]) {
        let leaf = self.leaves_read;
        self.leaves_read += 1;
        match Entry::parse(bytes) {
            Ok(entry) if entry.is_first_version && self.chronology.is_none() => {}
            Ok(entry) if entry.action == CLOCK_ACCEPT => {
                self.chronology.get_or_insert_default().clock_accepted(entry.at_us);
            }
            Ok(entry) => {
                let chronology = self.chronology.get_or_insert_default();
                let backdated = chronology.entry(leaf, entry.at_us);
                self.seen.backdated = self.seen.backdated.take().or(backdated);
            }
            Err(error) => {
                self.seen.malformed.get_or_insert((leaf, error));
            }
        }
    }

    fn check_upper_tiles(&mut self, leaves: &[Hash]) -> Result<(), Unreadable> {
        if !self.seen.is_aligned || leaves.len() != usize::from(TILE_WIDTH) {
            return Ok(());
        }
        for (tile, hashes) in self.upper_tiles.take(leaves) {
            self.check_upper_tile(tile, &hashes)?;
        }
        Ok(())
    }

    fn check_upper_tile(&mut self, tile: TileId, hashes: &[Hash]) -> Result<(), Unreadable> {
        if !self.seen.is_aligned || !self.are_upper_tiles_open {
            return Ok(());
        }
        let read = self.folder.read(&tile.path(), TILE_BYTES_MAX);
        let bytes = settle(read, &mut self.seen.problems)?;
        self.are_upper_tiles_open = bytes.is_some();
        if bytes.is_some_and(|bytes| bytes != encode_tile(hashes)) {
            self.seen.upper_tile_altered.get_or_insert_with(|| self.folder.name_of(&tile.path()));
        }
        Ok(())
    }
}

/// The hashes of a tile, and whether they are as many as its name says.
fn read_tile(
    folder: &Folder,
    tile: TileId,
    problems: &mut Problems,
) -> Result<(Vec<Hash>, bool), Unreadable> {
    let path = tile.path();
    let Some(bytes) = settle(folder.read(&path, TILE_BYTES_MAX), problems)? else {
        return Ok((Vec::new(), false));
    };
    let width = usize::from(tile.width());
    let (mut hashes, reason) = match decode_tile(&bytes) {
        Ok(hashes) if hashes.len() == width => return Ok((hashes, true)),
        Ok(hashes) => {
            let reason = format!("it holds {} hashes and not {width}", hashes.len());
            (hashes, reason)
        }
        Err(error) => (Vec::new(), error.to_string()),
    };
    hashes.truncate(width);
    problems.push(Problem::Incomplete { file: folder.name_of(&path), reason, leaf: None });
    Ok((hashes, false))
}

/// The entries of a damaged bundle up to where it is damaged.
fn whole_entries(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk()
        && let Some((entry, behind)) = behind.split_at_checked(u16::from_be_bytes(*length).into())
        && entries.len() < usize::from(TILE_WIDTH)
    {
        entries.push(entry.to_vec());
        rest = behind;
    }
    entries
}
