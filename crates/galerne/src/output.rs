//! What a command prints: lines for people, JSON for programs.

use std::{
    borrow::Cow,
    io::{IsTerminal as _, Write as _},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Standard output of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { format: if json { Format::Json } else { Format::Text } }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints the text or the value, whichever was asked for.
    pub(crate) fn show(self, text: &str, value: &impl Serialize) -> Result<(), Failure> {
        match self.format {
            Format::Text => line(text),
            Format::Json => line(&serde_json::to_string(value)?),
        }
    }
}

/// Prints one line at once, also into a pipe.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a piece of a line at once.
pub(crate) fn piece(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Whether somebody watches standard error: progress is drawn there only then.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// How many of so many bytes are done, as a line that moves where somebody watches.
pub(crate) fn bar(length: u64, doing: impl Into<Cow<'static, str>>) -> ProgressBar {
    let target =
        if is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_message(doing);
    let style = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
