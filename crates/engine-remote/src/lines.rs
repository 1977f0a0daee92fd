//! Data of server-sent events out of bytes that come in any pieces.

use bytes::BytesMut;

/// What one line may hold: a whole answer fits, an endless line does not.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes that are not a whole line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: BytesMut,
    /// So many of them hold no line break.
    looked_at: usize,
}

/// A line that is longer than any event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineTooLong;

impl Lines {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The data of the next event, if it has come as a whole. Comments and other fields are left
    /// out; every event of these APIs has one line of data.
    pub(crate) fn next_data(&mut self) -> Result<Option<BytesMut>, LineTooLong> {
        while let Some(end) = self.bytes[self.looked_at..].iter().position(|&byte| byte == b'\n') {
            let mut line = self.bytes.split_to(self.looked_at + end + 1);
            self.looked_at = 0;
            line.truncate(line.trim_ascii_end().len());
            if let Some(data) = line.strip_prefix(b"data:") {
                let start = line.len() - data.trim_ascii_start().len();
                return Ok(Some(line.split_off(start)));
            }
        }
        self.looked_at = self.bytes.len();
        if self.looked_at > LINE_BYTES_MAX { Err(LineTooLong) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_found_however_the_bytes_are_cut() {
        let text =
            b": comment\r\n\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:two\n\ndata: [DONE]\n\n";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                lines.push(piece);
                while let Some(data) = lines.next_data().unwrap() {
                    found.push(String::from_utf8(data.to_vec()).unwrap());
                }
            }
            assert_eq!(found, ["{\"a\":1}", "two", "[DONE]"], "{size}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut lines = Lines::default();
        for _ in 0..9 {
            lines.push(&vec![b'x'; 1024 * 1024]);
        }
        assert_eq!(lines.next_data(), Err(LineTooLong));
    }
}
