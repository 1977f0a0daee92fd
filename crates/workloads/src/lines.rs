//! Bytes to lines, a piece at a time.

/// A longer line is no request: no body of a request is larger.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A line that is not empty, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Whole(Vec<u8>),
    /// It is longer than [`LINE_BYTES_MAX`]; its bytes were passed over.
    TooLong,
}

/// Cuts bytes into lines. Lines of nothing but white space are left out.
#[derive(Debug, Default)]
pub struct Lines {
    line: Vec<u8>,
    has_text: bool,
    is_too_long: bool,
}

impl Lines {
    /// Goes on with these bytes; `take` is given each line that ends in them.
    pub fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Line)) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            self.extend(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(line) = self.end() {
                take(line);
            }
        }
        self.extend(rest);
    }

    /// The last line, if it has no end of its own.
    pub fn finish(mut self) -> Option<Line> {
        self.end()
    }

    fn extend(&mut self, bytes: &[u8]) {
        self.has_text |= !bytes.iter().all(u8::is_ascii_whitespace);
        if self.is_too_long || self.line.len() + bytes.len() > LINE_BYTES_MAX {
            self.is_too_long = true;
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end(&mut self) -> Option<Line> {
        let Self { line, has_text, is_too_long } = std::mem::take(self);
        let line = if is_too_long { Line::TooLong } else { Line::Whole(line) };
        has_text.then_some(line)
    }
}

/// Counts lines as [`Lines`] cuts them, without keeping any.
#[derive(Debug, Default)]
pub(crate) struct LineCount {
    ended: u64,
    has_text: bool,
}

impl LineCount {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.ended += u64::from(self.has_text);
                self.has_text = false;
            } else {
                self.has_text |= !byte.is_ascii_whitespace();
            }
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        if self.has_text { self.ended + 1 } else { self.ended }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<Line> {
        let (mut lines, mut cut) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| cut.push(line));
        }
        cut.extend(lines.finish());
        cut
    }

    fn whole(text: &str) -> Line {
        Line::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_that_are_blank_are_left_out() {
        assert_eq!(cut(&[b"a\n\n \t\r\nb"]), [whole("a"), whole("b")]);
        assert_eq!(cut(&[b"a\r\n"]), [whole("a\r")]);
        assert_eq!(cut(&[b""]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once() {
        let long = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(cut(&[&long, b"\na"]).len(), 2);
        assert_eq!(cut(&[&long, b"x", &long, b"\na"]), [Line::TooLong, whole("a")]);
        assert_eq!(cut(&[&long, b"x"]), [Line::TooLong]);
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(bytes in "[ab \n\r]{0,60}", at in 0usize..60) {
            let bytes = bytes.as_bytes();
            let (front, back) = bytes.split_at(at.min(bytes.len()));
            let lines = cut(&[front, back]);
            prop_assert_eq!(&lines, &cut(&[bytes]));
            let mut count = LineCount::default();
            count.push(front);
            count.push(back);
            prop_assert_eq!(count.count(), lines.len() as u64);
        }
    }
}
