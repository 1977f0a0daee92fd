//! The paths under which tiles and bundles are served.

use std::fmt::Write as _;

use super::{TILE_WIDTH, TileIdError};

/// A text is not the path of a tile or bundle.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TilePathError {
    /// The text has another form.
    #[error("`{path}` is not the path of a tile")]
    Malformed {
        /// The text.
        path: String,
    },
    /// The form is right, but no tree has such a tile.
    #[error(transparent)]
    Impossible(#[from] TileIdError),
}

/// The three parts of a path.
pub(super) struct Parts<'path> {
    /// A level, or `entries`.
    pub(super) kind: &'path str,
    pub(super) index: u64,
    pub(super) width: u16,
}

pub(super) fn write(kind: &str, index: u64, width: u16) -> String {
    // 2^64 has 20 digits: seven groups of three.
    let mut groups = [0; 7];
    let mut rest = index;
    for group in groups.iter_mut().rev() {
        *group = rest % 1000;
        rest /= 1000;
    }
    let first = groups.iter().position(|group| *group != 0).unwrap_or(6).min(6);
    let mut path = format!("tile/{kind}/");
    for group in &groups[first..6] {
        // Writing to a string cannot fail.
        _ = write!(path, "x{group:03}/");
    }
    _ = write!(path, "{:03}", groups[6]);
    if width < TILE_WIDTH {
        _ = write!(path, ".p/{width}");
    }
    path
}

/// Reads the parts of what [`write`] wrote. Paths are names: one tile has one.
pub(super) fn read(path: &str) -> Option<Parts<'_>> {
    let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok()?),
        None => (rest, TILE_WIDTH),
    };
    let mut index: u64 = 0;
    for group in groups.split('/') {
        let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        index = index.checked_mul(1000)?.checked_add(digits)?;
    }
    (write(kind, index, width) == path).then_some(Parts { kind, index, width })
}
