//! Writes small GGUF files for tests.

use super::tensor::TensorType;

/// A metadata value as a test states it.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    U32(u32),
    I32(i32),
    U64(u64),
    F32(f32),
    Bool(bool),
    Text(&'static str),
    Texts(Vec<String>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
    /// Anything else: type number and bytes.
    Raw(u32, Vec<u8>),
}

/// One tensor: name, shape, type number, offset, bytes.
#[derive(Clone, Debug)]
pub(crate) struct WrittenTensor {
    pub(crate) name: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) kind: u32,
    pub(crate) offset: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) magic: [u8; 4],
    pub(crate) version: u32,
    pub(crate) metadata: Vec<(String, Written)>,
    pub(crate) tensors: Vec<WrittenTensor>,
    pub(crate) alignment: usize,
    pub(crate) content: Vec<u8>,
}

impl Writer {
    /// A file of the architecture `test` without tensors.
    pub(crate) fn new() -> Self {
        let metadata = vec![("general.architecture".to_owned(), Written::Text("test"))];
        let (tensors, content) = (Vec::new(), Vec::new());
        Self { magic: *b"GGUF", version: 3, metadata, tensors, alignment: 32, content }
    }

    pub(crate) fn with(mut self, key: &str, value: Written) -> Self {
        self.metadata.push((key.to_owned(), value));
        self
    }

    /// Adds a tensor behind the others.
    pub(crate) fn with_tensor(
        mut self,
        name: &str,
        shape: &[u64],
        kind: TensorType,
        bytes: &[u8],
    ) -> Self {
        self.content.resize(self.content.len().next_multiple_of(self.alignment), 0);
        self.tensors.push(WrittenTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            kind: kind.number(),
            offset: self.content.len() as u64,
        });
        self.content.extend_from_slice(bytes);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            text(&mut out, key);
            value.write(&mut out);
        }
        for tensor in &self.tensors {
            text(&mut out, &tensor.name);
            out.extend(u32::try_from(tensor.shape.len()).unwrap().to_le_bytes());
            out.extend(tensor.shape.iter().flat_map(|size| size.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(self.alignment), 0);
        out.extend(&self.content);
        out
    }
}

impl Written {
    fn write(&self, out: &mut Vec<u8>) {
        let mut typed = |number: u32, bytes: &[u8]| {
            out.extend(number.to_le_bytes());
            out.extend(bytes);
        };
        match self {
            Self::U32(value) => typed(4, &value.to_le_bytes()),
            Self::I32(value) => typed(5, &value.to_le_bytes()),
            Self::U64(value) => typed(10, &value.to_le_bytes()),
            Self::F32(value) => typed(6, &value.to_le_bytes()),
            Self::Bool(value) => typed(7, &[u8::from(*value)]),
            Self::Text(value) => {
                typed(8, &[]);
                text(out, value);
            }
            Self::Texts(values) => {
                typed(9, &8_u32.to_le_bytes());
                out.extend((values.len() as u64).to_le_bytes());
                for value in values {
                    text(out, value);
                }
            }
            Self::I32s(values) => list(out, 5, values.iter().map(|value| value.to_le_bytes())),
            Self::F32s(values) => list(out, 6, values.iter().map(|value| value.to_le_bytes())),
            Self::Raw(number, bytes) => typed(*number, bytes),
        }
    }
}

fn list(out: &mut Vec<u8>, kind: u32, values: impl ExactSizeIterator<Item = [u8; 4]>) {
    out.extend(9_u32.to_le_bytes());
    out.extend(kind.to_le_bytes());
    out.extend((values.len() as u64).to_le_bytes());
    out.extend(values.flatten());
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}
