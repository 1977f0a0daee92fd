//! Recognises one stop string byte by byte (Knuth, Morris, Pratt): a byte costs the same however
//! long the string is, and nothing is read twice.

#[derive(Clone, Debug)]
pub(super) struct StopString {
    bytes: Vec<u8>,
    /// `borders[n]`: length of the longest proper prefix of the first `n + 1` bytes that also
    /// ends them.
    borders: Vec<usize>,
    matched: usize,
}

impl StopString {
    /// `text` is not empty.
    pub(super) fn new(text: String) -> Self {
        let bytes = text.into_bytes();
        let mut borders = vec![0; bytes.len()];
        let mut border = 0;
        for end in 1..bytes.len() {
            while border > 0 && bytes[border] != bytes[end] {
                border = borders[border - 1];
            }
            if bytes[border] == bytes[end] {
                border += 1;
            }
            borders[end] = border;
        }
        Self { bytes, borders, matched: 0 }
    }

    /// How many bytes at the end of the text so far start the stop string.
    pub(super) fn matched_bytes(&self) -> usize {
        self.matched
    }

    /// Reads on; the length of the string once it is complete. Not called after that.
    pub(super) fn advance(&mut self, input: &[u8]) -> Option<usize> {
        for &byte in input {
            while self.matched > 0 && self.bytes[self.matched] != byte {
                self.matched = self.borders[self.matched - 1];
            }
            if self.bytes[self.matched] == byte {
                self.matched += 1;
            }
        }
        (self.matched == self.bytes.len()).then_some(self.matched)
    }
}
