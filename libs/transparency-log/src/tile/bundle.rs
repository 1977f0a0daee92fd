//! Bundles: up to 256 neighbouring entries, beside the level-0 tile of their hashes.

use super::{TILE_WIDTH, TREE_SIZE_MAX, TileId, TilePathError, path};

/// How a path calls bundles where a tile has its level.
const KIND: &str = "entries";

/// Which bundle: its place, and how many entries it holds.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BundleId {
    index: u64,
    width: u16,
}

/// Entries cannot be bundled, or bytes are no bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BundleError {
    /// The length of an entry is written in 16 bits.
    #[error("entry {index} of the bundle has {bytes} bytes; at most {} fit", u16::MAX)]
    TooLong {
        /// Which entry of the bundle, from 0.
        index: usize,
        /// Bytes it has.
        bytes: usize,
    },
    /// A bundle holds between 1 and 256 entries.
    #[error("a bundle holds between 1 and {TILE_WIDTH} entries, not {count}")]
    Count {
        /// Entries there are; when reading, counting stops at the first one too many.
        count: usize,
    },
    /// The bytes end within an entry.
    #[error("the bundle ends within entry {index}")]
    CutOff {
        /// Which entry of the bundle, from 0.
        index: usize,
    },
}

impl BundleId {
    /// Names bundle number `index`, holding `width` entries (256 for a full one).
    ///
    /// # Errors
    /// [`TileIdError`](super::TileIdError) when no tree of at most [`TREE_SIZE_MAX`] leaves has it.
    pub fn new(index: u64, width: u16) -> Result<Self, super::TileIdError> {
        TileId::new(0, index, width).map(Self::beside)
    }

    /// The bundle of the entries whose hashes are in a level-0 tile of the same place and width.
    fn beside(tile: TileId) -> Self {
        Self { index: tile.index, width: tile.width }
    }

    /// The place of the bundle, counted from 0; its first entry is leaf `256 * index`.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries it holds: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The path under which C2SP tlog-tiles serves it, for example `tile/entries/x001/067.p/8`.
    pub fn path(&self) -> String {
        path::write(KIND, self.index, self.width)
    }

    /// Reads what [`BundleId::path`] writes, and nothing else.
    ///
    /// # Errors
    /// [`TilePathError`] for every other text, also for other spellings of the same numbers.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let malformed = || TilePathError::Malformed { path: path.to_owned() };
        let parts = path::read(path).filter(|parts| parts.kind == KIND).ok_or_else(malformed)?;
        Ok(Self::new(parts.index, parts.width)?)
    }

    /// Every bundle of a log of `size` entries, in order.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let bundles = size.min(TREE_SIZE_MAX).div_ceil(u64::from(TILE_WIDTH));
        (0..bundles).filter_map(move |index| TileId::in_tree(0, index, size).map(Self::beside))
    }
}

/// The bytes of a bundle: before each entry its length in two bytes, the higher one first.
///
/// # Errors
/// [`BundleError::TooLong`] for an entry of more than 65,535 bytes; [`BundleError::Count`] unless
/// there are between 1 and 256 entries.
///
/// # Source
/// C2SP tlog-tiles, section "Log entries".
pub fn encode_bundle(entries: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, BundleError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(BundleError::Count { count: entries.len() });
    }
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for (index, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len())
            .map_err(|_| BundleError::TooLong { index, bytes: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads the entries of a bundle.
///
/// # Errors
/// [`BundleError::CutOff`] when the bytes end too early; [`BundleError::Count`] unless there are
/// between 1 and 256 entries.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let index = entries.len();
        if index == usize::from(TILE_WIDTH) {
            return Err(BundleError::Count { count: index + 1 });
        }
        let cut_off = BundleError::CutOff { index };
        let (length, behind) = rest.split_first_chunk().ok_or(cut_off)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind.split_at_checked(length).ok_or(cut_off)?;
        entries.push(entry.to_vec());
        rest = behind;
    }
    if entries.is_empty() { Err(BundleError::Count { count: 0 }) } else { Ok(entries) }
}
