//! What can be typed after `galerne records`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Records {
    /// Write one document into a new directory; exit code 5 if statements are missing
    Export(RecordsExport),
}

#[derive(Args, Debug)]
pub(crate) struct RecordsExport {
    /// Which document
    #[arg(long, value_enum)]
    pub(crate) kind: RecordKind,

    /// Where to write it; the directory must not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordKind {
    /// The record of processing activities, GDPR Article 30
    Processing,
    /// The log and pack of the deployer, AI Act
    AiAct,
    /// Rows for the register of information, DORA
    Dora,
    /// The software bill of materials, `CycloneDX`; of the program, needs no deployment
    Sbom,
}

impl RecordKind {
    /// As it is typed, and as files are named.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::AiAct => "ai-act",
            Self::Dora => "dora",
            Self::Sbom => "sbom",
        }
    }
}
