//! Everything before the tensor bytes: magic, counts, metadata, tensor table.
//!
//! Memory stays within four times the file's size: the dearest entry is an empty text in a list,
//! 8 bytes in the file and 24 in memory.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    io::{self, Read},
};

use super::{
    GgufError,
    metadata::{Number, Value},
    tensor::{TensorInfo, TensorType},
};

/// Length of the key; type; the smallest value.
const METADATA_ENTRY_BYTES_MIN: u64 = 8 + 4 + 1;
/// Length of the name; dimensions; one size; type; offset.
const TENSOR_ENTRY_BYTES_MIN: u64 = 8 + 4 + 8 + 4 + 8;
/// The format's own limit of a key.
const KEY_BYTES_MAX: u64 = 65_535;
/// ggml keeps 63 bytes of a name.
const NAME_BYTES_MAX: u64 = 1_024;
const DIMENSIONS_MAX: u32 = 4;
const ALIGNMENT_DEFAULT: u64 = 32;
const ALIGNMENT_MAX: u64 = 65_536;

#[derive(Debug)]
pub(super) struct Header {
    pub(super) file_bytes: u64,
    pub(super) architecture: String,
    pub(super) metadata: BTreeMap<String, Value>,
    pub(super) tensors: Vec<TensorInfo>,
    pub(super) tensor_index: HashMap<String, usize>,
}

impl Header {
    pub(super) fn read(source: &mut dyn Read, file_bytes: u64) -> Result<Self, GgufError> {
        let mut reader = Reader { source, at: 0, end: file_bytes };
        let magic = reader.array::<4>("the magic number")?;
        if magic != *b"GGUF" {
            return Err(GgufError::NotGguf { found: magic });
        }
        match reader.u32("the version")? {
            2 | 3 => {}
            swapped if matches!(swapped.swap_bytes(), 1..=3) => return Err(GgufError::BigEndian),
            found => return Err(GgufError::Version { found }),
        }
        let tensor_count = reader.count("the tensor table", TENSOR_ENTRY_BYTES_MIN)?;
        let metadata_count = reader.count("the metadata table", METADATA_ENTRY_BYTES_MIN)?;
        let metadata = read_metadata(&mut reader, metadata_count)?;
        let architecture = metadata
            .get("general.architecture")
            .and_then(Value::as_text)
            .ok_or(GgufError::MissingKey { key: "general.architecture" })?
            .to_owned();
        let alignment = alignment(&metadata)?;
        let mut tensors = Vec::new();
        for _ in 0..tensor_count {
            tensors.push(read_tensor(&mut reader, alignment)?);
        }
        place(&mut tensors, reader.at.next_multiple_of(alignment), file_bytes)?;
        let mut tensor_index = HashMap::with_capacity(tensors.len());
        for (index, tensor) in tensors.iter().enumerate() {
            if tensor_index.insert(tensor.name.clone(), index).is_some() {
                return Err(GgufError::DuplicateTensor { name: tensor.name.clone() });
            }
        }
        Ok(Self { file_bytes, architecture, metadata, tensors, tensor_index })
    }
}

fn read_metadata(
    reader: &mut Reader<'_>,
    count: u64,
) -> Result<BTreeMap<String, Value>, GgufError> {
    let mut metadata = BTreeMap::new();
    for _ in 0..count {
        let key = reader.text("a metadata key", KEY_BYTES_MAX)?;
        let number = reader.u32("a metadata type")?;
        let value = read_value(reader, &key, number)?;
        match metadata.entry(key) {
            Entry::Vacant(place) => place.insert(value),
            Entry::Occupied(place) => {
                return Err(GgufError::DuplicateKey { key: place.key().clone() });
            }
        };
    }
    Ok(metadata)
}

/// What a metadata type number stands for.
enum Kind {
    Number(Number),
    Bool,
    Text,
    List,
}

fn kind_of(key: &str, number: u32) -> Result<Kind, GgufError> {
    Ok(match number {
        0 => Kind::Number(Number::U8),
        1 => Kind::Number(Number::I8),
        2 => Kind::Number(Number::U16),
        3 => Kind::Number(Number::I16),
        4 => Kind::Number(Number::U32),
        5 => Kind::Number(Number::I32),
        6 => Kind::Number(Number::F32),
        7 => Kind::Bool,
        8 => Kind::Text,
        9 => Kind::List,
        10 => Kind::Number(Number::U64),
        11 => Kind::Number(Number::I64),
        12 => Kind::Number(Number::F64),
        _ => return Err(GgufError::MetadataType { key: key.to_owned(), number }),
    })
}

fn read_value(reader: &mut Reader<'_>, key: &str, number: u32) -> Result<Value, GgufError> {
    match kind_of(key, number)? {
        Kind::Number(kind) => {
            let mut bytes = [0; 8];
            reader.fill(&mut bytes[..kind.bytes()], "a metadata value")?;
            Ok(Value::Number { kind, bytes })
        }
        Kind::Bool => {
            let [value] = reader.array("a metadata value")?;
            boolean(key, value)?;
            Ok(Value::Bool(value == 1))
        }
        Kind::Text => Ok(Value::Text(reader.text("a metadata text", u64::MAX)?)),
        Kind::List => read_list(reader, key),
    }
}

fn read_list(reader: &mut Reader<'_>, key: &str) -> Result<Value, GgufError> {
    let number = reader.u32("a list's type")?;
    match kind_of(key, number)? {
        Kind::Number(kind) => {
            let count = reader.count("a list of numbers", kind.bytes() as u64)?;
            let bytes = reader.bytes("a list of numbers", count * kind.bytes() as u64)?;
            Ok(Value::Numbers { kind, bytes })
        }
        Kind::Bool => {
            let count = reader.count("a list of booleans", 1)?;
            let values = reader.bytes("a list of booleans", count)?;
            values.iter().try_for_each(|&value| boolean(key, value))?;
            Ok(Value::Bools(values))
        }
        Kind::Text => {
            let count = reader.count("a list of texts", 8)?;
            let mut texts = Vec::new();
            // Fits: the count is at most the file's size over 8.
            texts.reserve_exact(usize::try_from(count).unwrap_or(0));
            for _ in 0..count {
                texts.push(reader.text("a text of a list", u64::MAX)?);
            }
            Ok(Value::Texts(texts))
        }
        Kind::List => Err(GgufError::NestedList { key: key.to_owned() }),
    }
}

fn boolean(key: &str, value: u8) -> Result<(), GgufError> {
    if value > 1 {
        return Err(GgufError::Boolean { key: key.to_owned(), value });
    }
    Ok(())
}

fn alignment(metadata: &BTreeMap<String, Value>) -> Result<u64, GgufError> {
    let Some(value) = metadata.get("general.alignment") else { return Ok(ALIGNMENT_DEFAULT) };
    let found = value
        .as_integer()
        .and_then(|value| u64::try_from(value).ok())
        .ok_or(GgufError::MissingKey { key: "general.alignment" })?;
    if !found.is_power_of_two() || found > ALIGNMENT_MAX {
        return Err(GgufError::Alignment { found });
    }
    Ok(found)
}

/// Reads one entry; its offset still counts from the start of the tensor bytes.
fn read_tensor(reader: &mut Reader<'_>, alignment: u64) -> Result<TensorInfo, GgufError> {
    let name = reader.text("a tensor name", NAME_BYTES_MAX)?;
    let dimensions = reader.u32("a tensor's dimensions")?;
    if dimensions > DIMENSIONS_MAX {
        return Err(GgufError::Shape { name, reason: "it has more than 4 dimensions" });
    }
    let mut shape = Vec::with_capacity(DIMENSIONS_MAX as usize);
    for _ in 0..dimensions {
        shape.push(reader.u64("a tensor's shape")?);
    }
    let number = reader.u32("a tensor's type")?;
    let Some(kind) = TensorType::from_number(number) else {
        return Err(GgufError::TensorType { name, number });
    };
    let offset = reader.u64("a tensor's offset")?;
    if !offset.is_multiple_of(alignment) {
        return Err(GgufError::Placement { name, reason: "its offset is not aligned" });
    }
    let bytes = TensorInfo::stored_bytes(&name, &shape, kind)?;
    Ok(TensorInfo { name, shape, kind, part: 0, offset, bytes })
}

/// Moves offsets to the start of the file, and refuses tensors that leave the file or overlap:
/// many tensors over the same bytes would let a small file fill the memory.
fn place(tensors: &mut [TensorInfo], start: u64, file_bytes: u64) -> Result<(), GgufError> {
    let misplaced =
        |tensor: &TensorInfo, reason| GgufError::Placement { name: tensor.name.clone(), reason };
    for tensor in tensors.iter_mut() {
        let offset = start.checked_add(tensor.offset);
        let end = offset.and_then(|offset| offset.checked_add(tensor.bytes));
        match (offset, end) {
            (Some(offset), Some(end)) if end <= file_bytes => tensor.offset = offset,
            _ => return Err(misplaced(tensor, "it does not lie inside the file")),
        }
    }
    let mut by_offset: Vec<&TensorInfo> = tensors.iter().collect();
    by_offset.sort_unstable_by_key(|tensor| tensor.offset);
    for pair in by_offset.windows(2) {
        if pair[0].offset + pair[0].bytes > pair[1].offset {
            return Err(misplaced(pair[1], "it overlaps another tensor"));
        }
    }
    Ok(())
}

/// Reads forward and never past the known end.
struct Reader<'a> {
    source: &'a mut dyn Read,
    at: u64,
    end: u64,
}

impl Reader<'_> {
    fn remaining(&self) -> u64 {
        self.end - self.at
    }

    fn fill(&mut self, out: &mut [u8], what: &'static str) -> Result<(), GgufError> {
        let truncated = GgufError::Truncated { what, at: self.at };
        if out.len() as u64 > self.remaining() {
            return Err(truncated);
        }
        self.source.read_exact(out).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                truncated
            } else {
                GgufError::Io { action: "read", source }
            }
        })?;
        self.at += out.len() as u64;
        Ok(())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A number of entries that the rest of the file can hold.
    fn count(&mut self, what: &'static str, entry_bytes_min: u64) -> Result<u64, GgufError> {
        let at = self.at;
        let claimed = self.u64(what)?;
        let possible = self.remaining() / entry_bytes_min;
        if claimed > possible {
            return Err(GgufError::TooLarge { what, at, claimed, possible });
        }
        Ok(claimed)
    }

    fn bytes(&mut self, what: &'static str, length: u64) -> Result<Vec<u8>, GgufError> {
        let possible = self.remaining();
        let too_large = GgufError::TooLarge { what, at: self.at, claimed: length, possible };
        let Ok(size) = usize::try_from(length) else { return Err(too_large) };
        if length > possible {
            return Err(too_large);
        }
        let mut bytes = vec![0; size];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn text(&mut self, what: &'static str, bytes_max: u64) -> Result<String, GgufError> {
        let at = self.at;
        let length = self.u64(what)?;
        if length > bytes_max {
            return Err(GgufError::TooLarge { what, at, claimed: length, possible: bytes_max });
        }
        let bytes = self.bytes(what, length)?;
        String::from_utf8(bytes).map_err(|_| GgufError::NotUtf8 { what, at })
    }
}
