//! Tiles: runs of up to 256 neighbouring hashes of one level, the unit that is stored and served.

mod bundle;
mod path;

pub use bundle::{BundleError, BundleId, decode_bundle, encode_bundle};
pub use path::TilePathError;

use crate::hash::{HASH_BYTES, Hash};

/// Hashes in a full tile, and entries in a full bundle.
///
/// # Source
/// C2SP tlog-tiles, section "Merkle Tree".
pub const TILE_WIDTH: u16 = 256;

/// The most leaves that a tree here may have: 2^63 - 1, so that every size is also a signed number.
pub const TREE_SIZE_MAX: u64 = i64::MAX as u64;

/// Levels of the tree that one level of tiles spans: a full tile holds 2^8 hashes.
pub(crate) const TILE_HEIGHT: usize = 8;

/// The highest level that a tree of [`TREE_SIZE_MAX`] leaves has.
const LEVEL_MAX: u8 = 7;

/// Which tile: its level, its place within the level, and how many hashes it holds.
///
/// A value always names a tile that some tree of at most [`TREE_SIZE_MAX`] leaves has.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

/// No tree has such a tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TileIdError {
    /// The level is higher than that of the largest tree.
    #[error("no tree has tiles of level {level}; the highest is {LEVEL_MAX}")]
    Level {
        /// What was asked for.
        level: u8,
    },
    /// A tile holds between 1 and 256 hashes.
    #[error("a tile is between 1 and {TILE_WIDTH} wide, not {width}")]
    Width {
        /// What was asked for.
        width: u16,
    },
    /// The tile would lie behind the end of the largest tree.
    #[error("tile {index} of level {level} lies behind the end of the largest tree")]
    Index {
        /// The level that was asked for.
        level: u8,
        /// The place within it.
        index: u64,
    },
}

/// The bytes of a tile are not between 1 and 256 whole hashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a tile holds between 1 and {TILE_WIDTH} hashes of {HASH_BYTES} bytes, not {bytes} bytes")]
pub struct TileSizeError {
    /// Bytes there are.
    pub bytes: usize,
}

impl TileId {
    /// Names the tile number `index` of `level`, holding `width` hashes (256 for a full one).
    ///
    /// # Errors
    /// [`TileIdError`] when no tree of at most [`TREE_SIZE_MAX`] leaves has such a tile.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileIdError> {
        if level > LEVEL_MAX {
            return Err(TileIdError::Level { level });
        }
        if width == 0 || width > TILE_WIDTH {
            return Err(TileIdError::Width { width });
        }
        let last = index.checked_mul(u64::from(TILE_WIDTH));
        let count = last.and_then(|first| first.checked_add(u64::from(width)));
        match count {
            Some(count) if count <= hashes_at(level, TREE_SIZE_MAX) => {
                Ok(Self { level, index, width })
            }
            Some(_) | None => Err(TileIdError::Index { level, index }),
        }
    }

    /// The tile number `index` of `level` as a tree of `size` leaves has it, if it has one.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        if level > LEVEL_MAX {
            return None;
        }
        let first = index.checked_mul(u64::from(TILE_WIDTH))?;
        let behind = hashes_at(level, size).checked_sub(first)?;
        let width = u16::try_from(behind.min(u64::from(TILE_WIDTH))).ok()?;
        Self::new(level, index, width).ok()
    }

    /// The full tile number `index` of `level`.
    pub(crate) fn full(level: u8, index: u64) -> Option<Self> {
        Self::new(level, index, TILE_WIDTH).ok()
    }

    /// 0 for tiles of leaf hashes; one more for every factor of 256.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The place within the level, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it holds: 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The path under which C2SP tlog-tiles serves it, for example `tile/0/x001/067.p/8`.
    pub fn path(&self) -> String {
        path::write(&self.level.to_string(), self.index, self.width)
    }

    /// Reads what [`TileId::path`] writes, and nothing else.
    ///
    /// # Errors
    /// [`TilePathError`] for every other text, also for other spellings of the same numbers.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        let malformed = || TilePathError::Malformed { path: path.to_owned() };
        let parts = path::read(path).ok_or_else(malformed)?;
        let level: u8 = parts.kind.parse().map_err(|_| malformed())?;
        if level.to_string() != parts.kind {
            return Err(malformed());
        }
        Ok(Self::new(level, parts.index, parts.width)?)
    }

    /// The partial tiles of a tree of `size` leaves, at most one a level, lowest level first.
    pub fn edge(size: u64) -> Vec<Self> {
        let tiles = (0..=LEVEL_MAX).filter_map(|level| {
            let index = hashes_at(level, size) >> TILE_HEIGHT;
            Self::in_tree(level, index, size)
        });
        tiles.collect()
    }

    /// Every tile of a tree of `size` leaves, by level and place.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        (0..=LEVEL_MAX).flat_map(move |level| {
            let tiles = hashes_at(level, size).div_ceil(u64::from(TILE_WIDTH));
            (0..tiles).filter_map(move |index| Self::in_tree(level, index, size))
        })
    }
}

/// How many whole subtrees of 256^`level` leaves a tree of `size` leaves has.
fn hashes_at(level: u8, size: u64) -> u64 {
    size >> (TILE_HEIGHT * usize::from(level))
}

/// The bytes of a tile: its hashes, one after another.
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * HASH_BYTES);
    for hash in hashes {
        bytes.extend_from_slice(hash.as_bytes());
    }
    bytes
}

/// Reads the hashes of a tile.
///
/// # Errors
/// [`TileSizeError`] unless `bytes` are between 1 and 256 whole hashes.
pub fn decode_tile(bytes: &[u8]) -> Result<Vec<Hash>, TileSizeError> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if !rest.is_empty() || hashes.is_empty() || hashes.len() > usize::from(TILE_WIDTH) {
        return Err(TileSizeError { bytes: bytes.len() });
    }
    Ok(hashes.iter().copied().map(Hash::from_bytes).collect())
}
