//! Writes a GGUF file.

const ALIGNMENT: usize = 32;

#[derive(Default)]
pub(super) struct Gguf {
    metadata: Vec<u8>,
    metadata_count: u64,
    tensors: Vec<u8>,
    tensor_count: u64,
    content: Vec<u8>,
}

impl Gguf {
    pub(super) fn number(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.metadata.extend(value.to_le_bytes());
    }

    pub(super) fn float(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.metadata.extend(value.to_le_bytes());
    }

    pub(super) fn boolean(&mut self, key: &str, value: bool) {
        self.key(key, 7);
        self.metadata.push(u8::from(value));
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        put_text(&mut self.metadata, value);
    }

    pub(super) fn texts(&mut self, key: &str, values: &[String]) {
        self.list(key, 8, values.len());
        for value in values {
            put_text(&mut self.metadata, value);
        }
    }

    pub(super) fn floats(&mut self, key: &str, values: &[f32]) {
        self.list(key, 6, values.len());
        self.metadata.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn integers(&mut self, key: &str, values: &[i32]) {
        self.list(key, 5, values.len());
        self.metadata.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    pub(super) fn bytes_list(&mut self, key: &str, values: &[u8]) {
        self.list(key, 0, values.len());
        self.metadata.extend(values);
    }

    pub(super) fn tensor(&mut self, name: &str, shape: &[u32], kind: u32, bytes: &[u8]) {
        self.tensor_count += 1;
        put_text(&mut self.tensors, name);
        self.tensors.extend(u32::try_from(shape.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.tensors.extend(shape.iter().flat_map(|&size| u64::from(size).to_le_bytes()));
        self.tensors.extend(kind.to_le_bytes());
        self.content.resize(self.content.len().next_multiple_of(ALIGNMENT), 0);
        self.tensors.extend((self.content.len() as u64).to_le_bytes());
        self.content.extend(bytes);
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(self.tensor_count.to_le_bytes());
        file.extend(self.metadata_count.to_le_bytes());
        file.extend(&self.metadata);
        file.extend(&self.tensors);
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(&self.content);
        file
    }

    fn key(&mut self, key: &str, kind: u32) {
        self.metadata_count += 1;
        put_text(&mut self.metadata, key);
        self.metadata.extend(kind.to_le_bytes());
    }

    fn list(&mut self, key: &str, kind: u32, count: usize) {
        self.key(key, 9);
        self.metadata.extend(kind.to_le_bytes());
        self.metadata.extend((count as u64).to_le_bytes());
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}
