//! Values of the metadata table. Lists of numbers stay as stored, so that a small list in the
//! file cannot become a large one in memory.

/// Number formats of metadata values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    U64,
    I64,
    F64,
}

impl Number {
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    const fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// The integer that the bytes spell; `None` for floats.
    fn integer(self, bytes: &[u8]) -> Option<i128> {
        if self.is_float() {
            return None;
        }
        let mut wide = [0_u8; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let unsigned = u64::from_le_bytes(wide);
        if self.is_signed() {
            let unused_bits = 64 - 8 * bytes.len();
            Some(i128::from((unsigned << unused_bits).cast_signed() >> unused_bits))
        } else {
            Some(i128::from(unsigned))
        }
    }

    /// The float that the bytes spell; `None` for integers.
    fn float(self, bytes: &[u8]) -> Option<f32> {
        match self {
            Self::F32 => Some(f32::from_le_bytes(bytes.try_into().ok()?)),
            #[expect(clippy::cast_possible_truncation, reason = "settings need no f64 precision")]
            Self::F64 => Some(f64::from_le_bytes(bytes.try_into().ok()?) as f32),
            Self::U8
            | Self::I8
            | Self::U16
            | Self::I16
            | Self::U32
            | Self::I32
            | Self::U64
            | Self::I64 => None,
        }
    }
}

/// One metadata value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number { kind: Number, bytes: [u8; 8] },
    Bool(bool),
    Text(String),
    Numbers { kind: Number, bytes: Vec<u8> },
    Bools(Vec<u8>),
    Texts(Vec<String>),
}

impl Value {
    pub(crate) fn unsigned(value: u64) -> Self {
        Self::Number { kind: Number::U64, bytes: value.to_le_bytes() }
    }

    pub(crate) fn float(value: f64) -> Self {
        Self::Number { kind: Number::F64, bytes: value.to_le_bytes() }
    }

    pub(crate) fn integers(values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::Numbers { kind: Number::I64, bytes }
    }

    pub(crate) fn floats(values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::Numbers { kind: Number::F64, bytes }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_texts(&self) -> Option<&[String]> {
        if let Self::Texts(texts) = self { Some(texts) } else { None }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_integer(&self) -> Option<i128> {
        if let Self::Number { kind, bytes } = self {
            kind.integer(&bytes[..kind.bytes()])
        } else {
            None
        }
    }

    pub(crate) fn as_float(&self) -> Option<f32> {
        if let Self::Number { kind, bytes } = self {
            kind.float(&bytes[..kind.bytes()])
        } else {
            None
        }
    }

    pub(crate) fn as_integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::Numbers { kind, bytes } => bytes
                .chunks_exact(kind.bytes())
                .map(|one| i64::try_from(kind.integer(one)?).ok())
                .collect(),
            Self::Bools(values) => Some(values.iter().map(|&value| i64::from(value)).collect()),
            Self::Number { .. } | Self::Bool(_) | Self::Text(_) | Self::Texts(_) => None,
        }
    }

    pub(crate) fn as_floats(&self) -> Option<Vec<f32>> {
        if let Self::Numbers { kind, bytes } = self {
            bytes.chunks_exact(kind.bytes()).map(|one| kind.float(one)).collect()
        } else {
            None
        }
    }

    /// Bytes on the heap, for the test that bounds them.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Number { .. } | Self::Bool(_) => 0,
            Self::Text(text) => text.capacity(),
            Self::Numbers { bytes, .. } | Self::Bools(bytes) => bytes.capacity(),
            Self::Texts(texts) => {
                texts.capacity() * size_of::<String>()
                    + texts.iter().map(String::capacity).sum::<usize>()
            }
        }
    }
}
