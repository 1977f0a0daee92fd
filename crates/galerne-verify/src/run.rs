//! One run, from arguments to exit code.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::arguments::{self, Command, Format, Request, UsageError};
use crate::files::Unreadable;
use crate::report::{self, Report};
use crate::{checkpoints, citation, erasure, evidence, export, proof, receipt};

/// The run ends without a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("could not write the result")]
    Output(#[source] io::Error),
}

impl Stop {
    /// As `--help` lists them.
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Unreadable(_) | Self::Output(_) => ExitCode::from(3),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Usage(_) => "`galerne-verify --help` tells all commands and options",
            Self::Unreadable(_) => "nothing was verified; check the path and its permissions",
            Self::Output(_) => "the exit code of a run whose output can be written is the verdict",
        }
    }
}

pub(crate) fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    match verdict(words) {
        Ok(code) => code,
        Err(stop) => {
            let mut text = format!("error: {}", report::plain(&stop.to_string()));
            let mut source = std::error::Error::source(&stop);
            while let Some(cause) = source {
                text = format!("{text}\n  because: {}", report::plain(&cause.to_string()));
                source = cause.source();
            }
            // Nobody is left to be told when standard error is closed too.
            drop(writeln!(io::stderr(), "{text}\nhint: {}", stop.hint()));
            stop.exit_code()
        }
    }
}

fn verdict(words: impl Iterator<Item = OsString>) -> Result<ExitCode, Stop> {
    let (report, format) = match arguments::parse(words)? {
        Request::Print(text) => {
            writeln!(io::stdout(), "{text}").map_err(Stop::Output)?;
            return Ok(ExitCode::SUCCESS);
        }
        Request::Verify(command, format) => (verify(&command)?, format),
    };
    match format {
        Format::Json => writeln!(io::stdout(), "{}", report.json()),
        Format::Text => write!(io::stdout(), "{}", report.facts())
            .and_then(|()| write!(io::stderr(), "{}", report.complaints())),
    }
    .map_err(Stop::Output)?;
    Ok(if report.is_verified() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify(command: &Command) -> Result<Report, Stop> {
    match command {
        Command::Export(request) => export::verify(request),
        Command::Proof(request) => proof::verify(request),
        Command::Receipt(request) => receipt::verify(request),
        Command::Erasure(request) => erasure::verify(request),
        Command::Citation(request) => citation::verify(request),
        Command::Checkpoints(request) => checkpoints::verify(request),
        Command::Evidence(request) => evidence::verify(request),
    }
}
