//! A document as one page of HTML: a browser shows it, an office suite opens it, and it loads nothing.

use std::fmt::Write as _;

use super::{
    Language,
    document::{Document, Field, Missing, Section, Table, Value},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}h1{line-height:1.2}h2{margin-top:2.5rem}\
table{border-collapse:collapse;width:100%;margin:1rem 0}caption{text-align:start;font-weight:600}\
th,td{border:1px solid #767676;padding:.35rem .5rem;text-align:start;vertical-align:top;\
overflow-wrap:anywhere}th{background:#f0f0f0}.missing{color:#8a1c00;font-weight:600}\
.source{color:#555}@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}";

impl Document {
    /// The whole page.
    pub(crate) fn page(&self, language: Language) -> String {
        let mut page = Page { text: String::new(), language };
        let title = page.word(self.title);
        page.put(&format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<h1>{title}</h1>\n<p>{}</p>\n<p>{} {}, {}.</p>\n<p>{}</p>",
            language.tag(),
            page.word(self.text),
            page.word("Made"),
            escaped(&self.made_at),
            escaped(&self.program),
            page.word(
                "Each statement says where it comes from. What nobody has said is marked as \
                 missing; nothing is invented."
            ),
        ));
        page.missing(&self.missing);
        for section in &self.sections {
            page.section(section);
        }
        page.put("</body>\n</html>");
        page.text
    }
}

struct Page {
    text: String,
    language: Language,
}

impl Page {
    fn put(&mut self, line: &str) {
        // Writing to a string cannot fail.
        writeln!(self.text, "{line}").ok();
    }

    /// Of ours, in the language of the page.
    fn word(&self, word: &'static str) -> String {
        escaped(self.language.say(word))
    }

    fn missing(&mut self, all: &[Missing]) {
        if all.is_empty() {
            return;
        }
        self.put(&format!("<h2>{}</h2>\n<ul>", self.word("Missing")));
        for Missing { section, what, of, declare } in all {
            let of = of.as_ref().map(|of| format!(": {}", escaped(of))).unwrap_or_default();
            let line = format!(
                "<li>{}: {}{of} (<code>{}</code>)</li>",
                escaped(section),
                self.word(what),
                escaped(declare)
            );
            self.put(&line);
        }
        self.put("</ul>");
    }

    fn section(&mut self, section: &Section) {
        self.put(&format!("<h2>{} {}</h2>", escaped(section.id), self.word(section.title)));
        if !section.fields.is_empty() {
            let head =
                ["what", "says", "source"].map(|name| format!("<th>{}</th>", self.word(name)));
            self.put(&format!("<table>\n<tr>{}</tr>", head.concat()));
            for field in &section.fields {
                self.field(field);
            }
            self.put("</table>");
        }
        for table in &section.tables {
            self.table(table);
        }
    }

    fn field(&mut self, Field { name, value, source }: &Field) {
        let value = value.as_ref().map_or_else(
            || format!("<span class=\"missing\">{}</span>", self.word("missing")),
            |value| self.value(value),
        );
        let line = format!(
            "<tr><td>{}</td><td>{value}</td><td class=\"source\">{}</td></tr>",
            self.word(name),
            self.word(source.as_str())
        );
        self.put(&line);
    }

    fn table(&mut self, table: &Table) {
        let caption = format!(
            "<table>\n<caption>{} <span class=\"source\">({})</span></caption>",
            self.word(table.name),
            self.word(table.source.as_str())
        );
        self.put(&caption);
        if table.rows.is_empty() {
            self.put(&format!("<tr><td>{}</td></tr>\n</table>", self.word("none")));
            return;
        }
        let head = table.columns.iter().map(|name| format!("<th>{}</th>", self.word(name)));
        self.put(&format!("<tr>{}</tr>", head.collect::<String>()));
        for row in &table.rows {
            let cells = row.iter().map(|value| {
                let value = value.as_ref().map_or_else(|| "–".to_owned(), |it| self.value(it));
                format!("<td>{value}</td>")
            });
            let line = format!("<tr>{}</tr>", cells.collect::<String>());
            self.put(&line);
        }
        self.put("</table>");
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Word(word) => self.word(word),
            Value::Text(text) => escaped(text),
        }
    }
}

/// Declared words and rows may hold anything: none of it becomes a tag.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::document::{Heading, Source, text};
    use super::*;

    #[test]
    fn words_stay_words_and_a_gap_is_shown() {
        let table = Table {
            name: "Recipients",
            source: Source::Log,
            columns: vec!["operator"],
            rows: vec![vec![text("<script>&\"")], vec![None]],
        };
        let section = Section::new("30(1)(d)", "Recipients")
            .said("purposes", "records.toml: processing.purposes", None)
            .table(table);
        let heading = Heading {
            kind: "processing",
            title: "Record of processing activities",
            text: "R",
            made_at: "now".to_owned(),
            program: "galerne".to_owned(),
        };
        let document = Document::new(heading, vec![section]);
        let page = document.page(Language::English);
        assert!(page.contains("<td>&lt;script&gt;&amp;&quot;</td>"), "{page}");
        assert!(page.contains("<span class=\"missing\">missing</span>"), "{page}");
        assert!(page.contains("<td>–</td>") && !page.contains("<script"), "{page}");
        let page = document.page(Language::French);
        assert!(
            page.contains("<html lang=\"fr\">") && page.contains("<h2>Manquant</h2>"),
            "{page}"
        );
        assert!(page.contains("&lt;script&gt;"), "what a row says is not translated: {page}");
    }
}
