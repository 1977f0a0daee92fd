//! Tables as lines of RFC 4180.

use super::document::{Table, Value};

impl Table {
    pub(crate) fn csv(&self) -> String {
        let head = self.columns.iter().map(|name| quoted(name));
        let mut text = head.collect::<Vec<_>>().join(",");
        for row in &self.rows {
            let cells = row.iter().map(|value| quoted(value.as_ref().map_or("", Value::as_str)));
            text.push_str("\r\n");
            text.push_str(&cells.collect::<Vec<_>>().join(","));
        }
        text.push_str("\r\n");
        text
    }
}

/// A value that a spreadsheet would compute is text.
fn quoted(value: &str) -> String {
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::super::document::{Source, text};
    use super::*;

    #[test]
    fn words_stay_words_in_a_spreadsheet() {
        let table = Table {
            name: "Recipients",
            source: Source::Log,
            columns: vec!["who", "country"],
            rows: vec![vec![text("=cmd|'/c calc'"), None], vec![text("a \"b\", c"), text("FR")]],
        };
        let expected =
            "\"who\",\"country\"\r\n\"'=cmd|'/c calc'\",\"\"\r\n\"a \"\"b\"\", c\",\"FR\"\r\n";
        assert_eq!(table.csv(), expected);
    }
}
