//! What is wrong with a text of rules, and where.

use std::fmt;

use miette::Diagnostic;

/// What is wrong, in words for whoever wrote the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The first line is 1; `None` where it is about the whole text.
    pub line: Option<usize>,
    pub message: String,
    pub hint: String,
}

impl TextError {
    pub(crate) fn at(line: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: Some(line), message: message.into(), hint: hint.into() }
    }

    pub(crate) fn whole(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: None, message: message.into(), hint: hint.into() }
    }

    /// What the language itself finds.
    pub(crate) fn found(error: &dyn Diagnostic, text: &str, hint: &str) -> Self {
        let message = match error.labels().and_then(|mut labels| labels.next()) {
            Some(label) => match label.label() {
                Some(said) => format!("{error}: {said}"),
                None => error.to_string(),
            },
            None => error.to_string(),
        };
        let help = error.help().map(|help| help.to_string());
        Self { line: line_of(error, text), message, hint: help.unwrap_or_else(|| hint.to_owned()) }
    }
}

/// The line at which the first thing lies that an error points at.
pub(crate) fn line_of(error: &dyn Diagnostic, text: &str) -> Option<usize> {
    let label = error.labels()?.next()?;
    Some(line_at(text, label.offset()))
}

/// The line of a byte.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for TextError {}
