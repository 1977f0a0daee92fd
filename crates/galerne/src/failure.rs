//! How a command ends when it cannot do what was asked.

use std::{fmt::Write as _, process::ExitCode};

/// Exit codes, as `galerne --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed,
    /// The log is not what was signed.
    Tampered,
    /// An assessment ended so.
    Assessed(u8),
    /// A document lacks what nobody has said.
    Incomplete,
    Settings,
    NewerData,
    InUse,
    Interrupted,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Tampered => 3,
            Self::Assessed(code) => code,
            Self::Incomplete => 5,
            Self::Settings => 64,
            Self::NewerData => 65,
            Self::InUse => 69,
            Self::Interrupted => 130,
        }
    }
}

/// What went wrong, and what to do now.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    pub(crate) fn message(text: impl Into<String>) -> Self {
        Self::new(Exit::Failed, anyhow::Error::msg(text.into()))
    }

    #[must_use]
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) const fn exit_kind(&self) -> Exit {
        self.exit
    }

    /// What could not be done because of this.
    #[must_use]
    pub(crate) fn context(mut self, text: String) -> Self {
        self.error = self.error.context(text);
        self
    }

    pub(crate) fn into_error(self) -> anyhow::Error {
        self.error
    }

    /// The error and its causes.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.error.chain().map(ToString::to_string).collect()
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit.code())
    }

    /// The error and its causes, in one line.
    pub(crate) fn text(&self) -> String {
        format!("{:#}", self.error)
    }

    /// The error, its causes and the hint on standard error.
    #[expect(clippy::print_stderr, reason = "this is where a command reports its failure")]
    pub(crate) fn print(&self) {
        let mut text = format!("error: {}", self.error);
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1) {
            // Transparent errors repeat their source word for word.
            if cause.to_string() != said {
                said = cause.to_string();
                write!(text, "\n  because: {said}").ok();
            }
        }
        if let Some(hint) = &self.hint {
            write!(text, "\nhint: {hint}").ok();
        }
        eprintln!("{text}");
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(Exit::Failed, error)
    }
}
