//! The header of a safetensors file: its length, then JSON that names every tensor with its type,
//! its shape and the place of its bytes behind the header.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    fs::File,
    io,
    os::unix::fs::FileExt,
};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};

/// The format's own limit of a header.
const HEADER_BYTES_MAX: u64 = 100_000_000;
const NAME_BYTES_MAX: usize = 1_024;
const DIMENSIONS_MAX: usize = 4;
const METADATA: &str = "__metadata__";

/// Why a header is refused.
#[derive(Debug, thiserror::Error)]
pub enum SafetensorsError {
    #[error("could not read the header")]
    Io { source: io::Error },
    #[error("the header claims {claimed} bytes; {possible} are possible")]
    HeaderLength { claimed: u64, possible: u64 },
    #[error("the header is not the JSON that is expected")]
    Json { source: serde_json::Error },
    #[error("the tensor `{name}` has an impossible shape: {reason}")]
    Shape { name: String, reason: &'static str },
    #[error("the tensor `{name}` is misplaced: {reason}")]
    Placement { name: String, reason: &'static str },
    #[error("{unused} bytes behind the header belong to no tensor")]
    Unused { unused: u64 },
}

/// A tensor of the file; its bytes lie inside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// As the file names it: `BF16`.
    pub(super) kind: String,
    /// The last dimension lies side by side. None is 0.
    pub(super) shape: Vec<u64>,
    /// First byte in the file, and the one after the last.
    pub(super) start: u64,
    pub(super) end: u64,
}

pub(super) fn read(file: &File, file_bytes: u64) -> Result<Vec<Entry>, SafetensorsError> {
    let unreadable = |source| SafetensorsError::Io { source };
    let possible = file_bytes.saturating_sub(8).min(HEADER_BYTES_MAX);
    if file_bytes < 8 {
        return Err(SafetensorsError::HeaderLength { claimed: 0, possible });
    }
    let mut length = [0; 8];
    file.read_exact_at(&mut length, 0).map_err(unreadable)?;
    let claimed = u64::from_le_bytes(length);
    let refused = SafetensorsError::HeaderLength { claimed, possible };
    let Ok(length) = usize::try_from(claimed) else { return Err(refused) };
    if claimed > possible {
        return Err(refused);
    }
    let mut header = vec![0; length];
    file.read_exact_at(&mut header, 8).map_err(unreadable)?;
    parse(&header, file_bytes)
}

/// Checks the header of a file of this length.
pub(super) fn parse(header: &[u8], file_bytes: u64) -> Result<Vec<Entry>, SafetensorsError> {
    let Header(stated) =
        serde_json::from_slice(header).map_err(|source| SafetensorsError::Json { source })?;
    let start = 8 + header.len() as u64;
    let place = |(name, stated)| checked(name, stated, start, file_bytes);
    let entries: Vec<Entry> = stated.into_iter().map(place).collect::<Result<_, _>>()?;
    check_places(&entries, start, file_bytes)?;
    Ok(entries)
}

/// Names, with what is said of each, in the order of the file. A name that occurs twice is an
/// error, and so is everything that the format does not have.
struct Header(Vec<(String, Stated)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tensors;
        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = Vec::new();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        map.next_value::<HashMap<String, String>>()?;
                    } else {
                        tensors.push((name.clone(), map.next_value()?));
                    }
                    if let Some(twice) = names.replace(name) {
                        let message = format!("the name `{twice}` occurs twice");
                        return Err(serde::de::Error::custom(message));
                    }
                }
                Ok(Header(tensors))
            }
        }
        deserializer.deserialize_map(Tensors)
    }
}

fn checked(
    name: String,
    stated: Stated,
    start: u64,
    file_bytes: u64,
) -> Result<Entry, SafetensorsError> {
    let Stated { dtype: kind, shape, data_offsets: [first, last] } = stated;
    let misshapen = |name, reason| Err(SafetensorsError::Shape { name, reason });
    if name.len() > NAME_BYTES_MAX {
        let name = name.chars().take(64).collect();
        return misshapen(name, "its name is too long");
    }
    if shape.is_empty() || shape.len() > DIMENSIONS_MAX {
        return misshapen(name, "it has not 1 to 4 dimensions");
    }
    if shape.contains(&0) {
        return misshapen(name, "a dimension is 0");
    }
    let Some(width) = bytes_of(&kind) else { return misshapen(name, "its type is unknown") };
    let bytes = shape.iter().try_fold(width, |product: u64, &size| product.checked_mul(size));
    let misplaced = |name, reason| Err(SafetensorsError::Placement { name, reason });
    if bytes.is_none() || last.checked_sub(first) != bytes {
        return misplaced(name, "its bytes are not those of its shape");
    }
    match (start.checked_add(first), start.checked_add(last)) {
        (Some(start), Some(end)) if end <= file_bytes => {
            Ok(Entry { name, kind, shape, start, end })
        }
        _ => misplaced(name, "it does not lie inside the file"),
    }
}

/// The tensors follow one another without a gap from the header to the end: many tensors over the
/// same bytes would let a small file fill the memory.
fn check_places(entries: &[Entry], start: u64, file_bytes: u64) -> Result<(), SafetensorsError> {
    let mut by_place: Vec<&Entry> = entries.iter().collect();
    by_place.sort_unstable_by_key(|entry| entry.start);
    let mut next = start;
    for entry in by_place {
        let reason = match entry.start.cmp(&next) {
            std::cmp::Ordering::Less => "it overlaps another tensor",
            std::cmp::Ordering::Greater => "the bytes before it belong to no tensor",
            std::cmp::Ordering::Equal => {
                next = entry.end;
                continue;
            }
        };
        return Err(SafetensorsError::Placement { name: entry.name.clone(), reason });
    }
    match file_bytes - next {
        0 => Ok(()),
        unused => Err(SafetensorsError::Unused { unused }),
    }
}

/// Bytes of a number of this type.
fn bytes_of(kind: &str) -> Option<u64> {
    Some(match kind {
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => 1,
        "I16" | "U16" | "F16" | "BF16" => 2,
        "I32" | "U32" | "F32" => 4,
        "F64" | "I64" | "U64" => 8,
        _ => return None,
    })
}
