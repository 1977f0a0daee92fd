//! A document for an officer: what rows say, what was declared, and what nobody has said.

use serde::{Serialize, Serializer};

/// Where a statement of a document comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// `records.toml`: somebody's word.
    Declared,
    Settings,
    Accounts,
    Models,
    /// Rows of requests: figures with how they were obtained.
    Usage,
    /// Rows of erasures and legal holds.
    Protection,
    Log,
    Assessment,
    /// What the program does or is made of, whatever the settings.
    Program,
}

impl Source {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Settings => "settings",
            Self::Accounts => "accounts",
            Self::Models => "models",
            Self::Usage => "usage",
            Self::Protection => "protection",
            Self::Log => "log",
            Self::Assessment => "assessment",
            Self::Program => "program",
        }
    }
}

/// What a field or a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Ours: pages tell it in their language.
    Word(&'static str),
    /// A row's, a setting's or a person's: it stays as it is.
    Text(String),
}

impl Value {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Text(text) => text,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A cell that says this.
#[expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "cells of a row are made alike, whether they may say nothing or not"
)]
pub(super) fn text(value: impl ToString) -> Option<Value> {
    Some(Value::Text(value.to_string()))
}

/// A cell that says this, if there is anything.
pub(super) fn known(value: Option<impl ToString>) -> Option<Value> {
    value.map(|value| Value::Text(value.to_string())).filter(|it| !it.as_str().trim().is_empty())
}

/// A cell that says this word of ours.
#[expect(
    clippy::unnecessary_wraps,
    reason = "cells of a row are made alike, whether they may say nothing or not"
)]
pub(super) const fn word(value: &'static str) -> Option<Value> {
    Some(Value::Word(value))
}

/// A document of the first form.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Document {
    pub(crate) format: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    /// The text that asks for it.
    pub(crate) text: &'static str,
    pub(crate) made_at: String,
    pub(crate) program: String,
    /// Whether nothing is missing.
    pub(crate) complete: bool,
    pub(crate) missing: Vec<Missing>,
    pub(crate) sections: Vec<Section>,
}

/// Something that the text asks for and nobody has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    pub(crate) section: &'static str,
    pub(crate) what: &'static str,
    /// Of which recipient, model or row.
    pub(crate) of: Option<String>,
    /// Where it is said.
    pub(crate) declare: &'static str,
}

impl Missing {
    /// For a terminal.
    pub(crate) fn line(&self) -> String {
        let of = self.of.as_ref().map(|of| format!(": {of}")).unwrap_or_default();
        format!("{}: {}{of} ({})", self.section, self.what, self.declare)
    }
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<Field>,
    pub(crate) tables: Vec<Table>,
    #[serde(skip)]
    missing: Vec<Missing>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// `null`: missing.
    pub(crate) value: Option<Value>,
    pub(crate) source: Source,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    pub(crate) columns: Vec<&'static str>,
    /// `null`: not known.
    pub(crate) rows: Vec<Vec<Option<Value>>>,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, fields: Vec::new(), tables: Vec::new(), missing: Vec::new() }
    }

    /// What a row, a setting or the program says.
    pub(super) fn fact(mut self, name: &'static str, source: Source, value: Value) -> Self {
        self.fields.push(Field { name, value: Some(value), source });
        self
    }

    /// What only a person can say. Missing where nobody has.
    pub(super) fn said(
        self,
        name: &'static str,
        declare: &'static str,
        value: Option<&String>,
    ) -> Self {
        self.from(name, Source::Declared, declare, value.cloned())
    }

    /// The same of a list.
    pub(super) fn said_all(
        self,
        name: &'static str,
        declare: &'static str,
        values: &[String],
    ) -> Self {
        let value = (!values.is_empty()).then(|| values.join("; "));
        self.from(name, Source::Declared, declare, value)
    }

    /// What is said elsewhere than in `records.toml`.
    pub(super) fn from(
        mut self,
        name: &'static str,
        source: Source,
        declare: &'static str,
        value: Option<String>,
    ) -> Self {
        let value = known(value);
        if value.is_none() {
            self.lacks(name, None, declare);
        }
        self.fields.push(Field { name, value, source });
        self
    }

    pub(super) fn lacks(&mut self, what: &'static str, of: Option<String>, declare: &'static str) {
        self.missing.push(Missing { section: self.id, what, of, declare });
    }

    /// What cannot be told, for a reason that is listed as missing already.
    pub(super) fn gap(mut self, name: &'static str, source: Source) -> Self {
        self.fields.push(Field { name, value: None, source });
        self
    }

    pub(super) fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }
}

/// What names a document.
pub(super) struct Heading {
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    pub(super) made_at: String,
    pub(super) program: String,
}

impl Document {
    pub(super) fn new(heading: Heading, sections: Vec<Section>) -> Self {
        let Heading { kind, title, text, made_at, program } = heading;
        let missing: Vec<_> =
            sections.iter().flat_map(|section| section.missing.iter().cloned()).collect();
        let complete = missing.is_empty();
        let format = "galerne record 1";
        Self { format, kind, title, text, made_at, program, complete, missing, sections }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(purpose: Option<&String>) -> Document {
        let section = Section::new("30(1)(b)", "Purposes of the processing")
            .fact("region of the policy", Source::Settings, Value::Text("EU".to_owned()))
            .said("purposes", "records.toml: processing.purposes", purpose);
        let heading = Heading {
            kind: "processing",
            title: "Record of processing activities",
            text: "R",
            made_at: "2026-11-23T00:00:00Z".to_owned(),
            program: "galerne 0".to_owned(),
        };
        Document::new(heading, vec![section])
    }

    #[test]
    fn what_nobody_said_is_missing_and_says_where_to_say_it() {
        for said in [None, Some(" ".to_owned())] {
            let document = document(said.as_ref());
            assert!(!document.complete);
            assert_eq!(document.sections[0].fields[1].value, None);
            let expected = "30(1)(b): purposes (records.toml: processing.purposes)";
            assert_eq!(document.missing[0].line(), expected);
        }
        assert!(document(Some(&"care".to_owned())).complete);
    }
}
