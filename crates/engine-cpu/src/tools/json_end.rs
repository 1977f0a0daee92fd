//! Finds the end of a JSON object without reading anything twice.

/// Follows an object from its first brace.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonEnd {
    /// How many bytes were read.
    read: usize,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl JsonEnd {
    /// `text` begins with the brace and has what was shown before; the length of the object once
    /// it is whole. Brackets of the other kind may not fit: the parser finds that.
    pub(super) fn advance(&mut self, text: &str) -> Option<usize> {
        for (at, byte) in text.bytes().enumerate().skip(self.read) {
            self.read = at + 1;
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth == 0 {
                return Some(at + 1);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<usize>) {
        assert_eq!(JsonEnd::default().advance(text), expected, "{text}");
        // Byte by byte the same.
        let mut end = JsonEnd::default();
        let found = (1..=text.len()).filter(|&at| text.is_char_boundary(at));
        let found = found.map(|at| end.advance(&text[..at])).find(Option::is_some).flatten();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn an_object_ends_with_its_last_brace() {
        check("{}", Some(2));
        check("{} {}", Some(2));
        check(r#"{"a": {"b": [1, {}]}} rest"#, Some(21));
        check(r#"{"a": "}\"}\\"}x"#, Some(15));
        check(r#"{"é": "}"}"#, Some(11));
        check(r#"{"a": "\\\"}"#, None);
        check("{[}", None);
        check("", None);
    }
}
