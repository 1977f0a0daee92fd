//! What can be typed after `galerne library`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// A command that a server carries out, for the account whose key it is given.
#[derive(Args, Debug)]
pub(crate) struct Library {
    #[command(flatten)]
    pub(crate) server: LibraryServer,
    #[command(subcommand)]
    pub(crate) command: LibraryCommand,
}

#[derive(Args, Debug)]
pub(crate) struct LibraryServer {
    /// Address of the server [default: `GALERNE_URL`, or the listen address of the settings]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LibraryCommand {
    /// Make a library
    Create {
        /// 1 to 200 characters
        name: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Add files to a library, each as a document; a changed file becomes another version of its
    /// document
    Add(LibraryAdd),
    /// Bring a library to what lies in a folder
    ///
    /// Only what has changed is sent. Stopped in the middle, it goes on where it was when it is
    /// typed again.
    Sync(LibrarySync),
    /// Have all documents of a library read anew: after another model makes vectors, or the index
    /// was lost
    Reprocess {
        /// Name or id of the library
        library: String,
    },
    /// Have documents read anew that the index has lost, and begin an index anew that cannot be read
    Reindex,
    /// Look for passages
    Search(LibrarySearch),
    /// Ask a question, and get quotes with where they stand
    Ask(LibraryAsk),
    /// Measure how well documents are found: nDCG@10 and recall@10 of questions with known answers
    Eval(LibraryEval),
}

#[derive(Args, Debug)]
pub(crate) struct LibraryAdd {
    /// Name or id of the library
    pub(crate) library: String,
    /// Files, and folders with all that lies below them
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Do not wait until they are read
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LibrarySync {
    /// Name or id of the library
    pub(crate) library: String,
    /// What lies below it is named by its path from here
    pub(crate) folder: PathBuf,
    /// Delete documents that do not lie in the folder; without it they are told
    #[arg(long)]
    pub(crate) remove: bool,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not wait until they are read
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LibrarySearch {
    /// Name or id of the library
    pub(crate) library: String,
    /// Words or a question; words in quotation marks must all be found
    pub(crate) query: String,
    /// Passages, 1 to 50
    #[arg(long, default_value_t = 10, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) limit: u32,
    /// By what passages are found
    #[arg(long, value_enum, default_value = "hybrid", value_name = "MODE")]
    pub(crate) mode: LibraryMode,
    /// What held on this day, as 2016-10-01 [default: what holds now]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LibraryAsk {
    /// Name or id of the library
    pub(crate) library: String,
    pub(crate) question: String,
    /// Model that answers [default: the first one that the server has]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// Let the model write sentences, each held against its quotes
    #[arg(long)]
    pub(crate) written: bool,
    /// What held on this day, as 2016-10-01 [default: what holds now]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct LibraryEval {
    /// Name or id of the library
    pub(crate) library: String,
    /// A question a line: {"question": "…", "documents": ["name or id", …]}
    pub(crate) questions: PathBuf,
    /// By what passages are found
    #[arg(long, value_enum, default_value = "hybrid", value_name = "MODE")]
    pub(crate) mode: LibraryMode,
}

/// By what passages are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LibraryMode {
    /// By their words and by their meaning
    Hybrid,
    /// By their words
    Lexical,
    /// By their meaning
    Dense,
}

impl LibraryMode {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Lexical => "lexical",
            Self::Dense => "dense",
        }
    }
}
