//! What can be typed.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use domain::{KeyId, ModelId};

/// Models, assistant and proof on machines that you control.
#[derive(Debug, Parser)]
#[command(name = "galerne", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, \
3 the log is not what was signed, 64 wrong settings, \
65 data directory written by a newer version, 69 address or data directory in use, \
130 stopped by a second Ctrl-C.";

#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Directory that holds the database, the models and the installation key
    /// [default: .galerne]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Settings file [default: <data-dir>/galerne.toml if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Print machine-readable JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the page until Ctrl-C
    Serve(Serve),
    /// Talk with a model in the terminal
    Chat(Chat),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(Key),
    /// Print a one-time link that signs a browser in
    LoginLink(LoginLink),
    /// Import, list, show and verify models
    #[command(subcommand)]
    Model(Model),
    /// Prove what happened: checkpoints, proofs and exports of the log
    #[command(subcommand)]
    Audit(Audit),
    /// Check the settings
    #[command(subcommand)]
    Config(Config),
    /// Print the `OpenAPI` document of the server
    Openapi,
    /// Print shell completions
    Completions {
        /// Shell to print them for
        shell: Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Threads of the engine [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Chat {
    /// Model to talk with [default: the first one]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<ModelId>,

    /// Ask this one question and stop; without it the conversation is read from the terminal
    pub(crate) question: Option<String>,

    /// What the model is told before the conversation
    #[arg(long, value_name = "TEXT")]
    pub(crate) system: Option<String>,

    /// 0 picks the most likely word, higher is more varied
    #[arg(long, default_value_t = 0.7, value_name = "T")]
    pub(crate) temperature: f32,

    /// The same seed gives the same answer
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Longest answer in tokens
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make an API key; it is shown once
    Create {
        /// What the key is for
        #[arg(long, default_value = "unnamed", value_name = "NAME")]
        name: String,
    },
    /// List the project's API keys, newest first
    List,
    /// Revoke an API key for good; takes effect at once
    Revoke {
        /// Id of the key, as `key list` shows it
        id: KeyId,
    },
}

#[derive(Args, Debug)]
pub(crate) struct LoginLink {
    /// Address of the page as the browser sees it [default: http://<listen address>]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// Copy a GGUF file, or a directory with safetensors, into the data directory under a name
    Import {
        /// The GGUF file, or a directory as Hugging Face publishes models
        path: PathBuf,
        /// Name that clients use
        #[arg(long, value_name = "ID")]
        id: ModelId,
        /// Refuse the model unless it has this SHA-256; of a directory, that of the list that
        /// `sha256sum` prints of its files by name
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
    },
    /// List imported models
    List,
    /// Show what is known of a model
    Show { id: ModelId },
    /// Read the whole file again and compare its SHA-256
    Verify { id: ModelId },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Print the public key that verifies the log; give it to whoever shall check
    Key,
    /// Print the newest signed checkpoint, to be kept elsewhere
    Checkpoint,
    /// Read the whole log again and compare it with everything that was signed
    Verify(AuditVerify),
    /// Take out one entry with the proof that it is in the log
    Prove(AuditProve),
    /// Write the whole log into a new directory, for `galerne-verify` and other tools
    Export { directory: PathBuf },
    /// Say that the machine's clock is right now though entries were made at later times
    AcceptClock,
}

#[derive(Args, Debug)]
pub(crate) struct AuditVerify {
    /// File with checkpoints that were kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,

    /// Export that was kept elsewhere: names the very entry that was changed since
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct AuditProve {
    /// Id of a request or of an entry, or the number of a leaf
    pub(crate) id: String,

    /// Write the proof to this file [default: print it]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Say which settings are in force and where they come from
    Check,
}
