//! What can be typed.

mod budget;
mod library;
mod records;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use domain::{
    AccountName, ErasureReason, HoldId, HoldReason, KeyId, ModelId, Permission, Principal, Role,
    SessionId,
};

pub(crate) use self::budget::{Budget, BudgetSet, Usage};
pub(crate) use self::library::{
    Library, LibraryAdd, LibraryAsk, LibraryCommand, LibraryEval, LibrarySearch, LibraryServer,
    LibrarySync,
};
pub(crate) use self::records::{RecordKind, Records, RecordsExport};

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
3 the log is not what was signed, 5 statements of a record are missing, 64 wrong settings, \
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
    /// Keep the accounts of people and programs
    #[command(subcommand)]
    Account(Account),
    /// Show who asked for whose conversations
    #[command(subcommand)]
    BreakGlass(BreakGlass),
    /// Keep content from being removed while a case is open
    #[command(subcommand)]
    Hold(Hold),
    /// Limit what keys, accounts, projects and the organisation use
    #[command(subcommand)]
    Budget(Budget),
    /// Add up what was used
    Usage(Usage),
    /// Print a one-time link that signs a browser in as the first owner
    LoginLink(LoginLink),
    /// Fill, search and ask libraries of documents, as the account of `GALERNE_API_KEY`
    Library(Library),
    /// Import, list, sign, verify and remove models and their adapters
    #[command(subcommand)]
    Model(Model),
    /// Carry models to places without a network, in one file
    #[command(subcommand)]
    Bundle(Bundle),
    /// Prove what happened: checkpoints, proofs and exports of the log
    #[command(subcommand)]
    Audit(Audit),
    /// The policy that says where data may go
    #[command(subcommand)]
    Residency(Residency),
    /// The rules of this installation, in Cedar: who may do what beyond what roles say
    #[command(subcommand)]
    Policy(Policy),
    /// The keys under which texts lie on the disk
    #[command(subcommand)]
    Encryption(Encryption),
    /// Assess how far this deployment is under its operator's own control
    #[command(subcommand)]
    Sovereignty(Sovereignty),
    /// Write documents for an officer, from what is in the rows
    #[command(subcommand)]
    Records(Records),
    /// Write the receipt of an answer: a signed statement that `galerne-verify` checks
    Receipt(Receipt),
    /// Check the settings
    #[command(subcommand)]
    Config(Config),
    /// Do what another `galerne` keeps out of its own process
    #[command(subcommand, hide = true)]
    Worker(Worker),
    /// Print the `OpenAPI` document of the server
    Openapi,
    /// Print shell completions
    Completions {
        /// Shell to print them for
        shell: Shell,
    },
}

/// What processes beside the server do.
#[derive(Debug, Subcommand)]
pub(crate) enum Worker {
    /// Read the header of a model
    Model,
    /// Assess the deployment of a server with these flags
    Assessor(Serve),
    /// Have a token asked
    TokenKeeper,
    /// Ask a token
    TokenHolder,
    /// Have documents read
    Documents,
    /// Read a document
    Document {
        /// `libpdfium.so`
        #[arg(long)]
        pdfium: Option<PathBuf>,
    },
    /// Recognise letters in pictures
    Recogniser {
        /// With what
        #[arg(required = true, allow_hyphen_values = true, trailing_var_arg = true)]
        words: Vec<OsString>,
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
        /// Whose key it is; it may never do more than that account [default: the first owner]
        #[arg(long, value_name = "NAME")]
        account: Option<AccountName>,
        /// What it may do: some of `models`, `conversations` and `log`
        /// [default: all of these that the account may do]
        #[arg(long, value_name = "LIST", value_delimiter = ',')]
        allow: Vec<Permission>,
        /// Days until it is no longer taken [default: it is taken until it is revoked]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=3650))]
        expires_in_days: Option<u16>,
    },
    /// List the project's API keys, newest first
    List,
    /// Revoke an API key for good; takes effect at once
    Revoke {
        /// Id of the key, as `key list` shows it
        id: KeyId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BreakGlass {
    /// List all requests, the newest first
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Make an account and, for a person, a one-time link to sign in with
    Create {
        /// What is typed to sign in, for example an e-mail address
        name: AccountName,
        /// owner, admin, auditor, `data_officer`, developer or member
        #[arg(long, default_value = "member", value_name = "ROLE")]
        role: Role,
        /// It is a program: it has keys and signs in nowhere
        #[arg(long)]
        service: bool,
    },
    /// List the accounts
    List,
    /// Give an account another role; takes effect at once
    Role { name: AccountName, role: Role },
    /// Let an account in no longer; its sessions end at once, its keys are not taken
    Disable { name: AccountName },
    /// Let an account in again
    Enable { name: AccountName },
    /// Print a one-time link that signs a browser in as this account
    Link {
        name: AccountName,
        /// Address of the page as the browser sees it [default: http://<listen address>]
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
    },
    /// Give an account a password, which is read from standard input; ends its sessions
    Password { name: AccountName },
    /// Erase a person for good, and print the signed certificate
    Erase(AccountErase),
}

#[derive(Args, Debug)]
pub(crate) struct AccountErase {
    /// Name or id of the account
    pub(crate) account: AccountName,
    /// `request_of_person`, `end_of_purpose` or `order`
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: ErasureReason,
    /// Write the certificate to this file [default: print it]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// Keep what an account or the whole organisation has from being removed
    Place {
        /// Name of the account [default: everything of the organisation]
        #[arg(long, value_name = "NAME")]
        account: Option<AccountName>,
        /// litigation, investigation, authority or audit
        #[arg(long, value_name = "REASON")]
        reason: HoldReason,
        /// Of the case, as others know it; best without a name
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// List the holds, newest first
    List,
    /// Lift a hold
    Lift {
        /// Id of the hold, as `hold list` shows it
        id: HoldId,
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
    ///
    /// A running server serves it within seconds.
    Import(ModelImport),
    /// List imported models
    List,
    /// Show what is known of a model
    Show { id: ModelId },
    /// Sign a model with a private key, in the format of the `OpenSSF`
    Sign {
        /// Name of an imported model, or the path of a file or folder
        #[arg(value_name = "ID|PATH")]
        model: String,
        /// Private key in PEM, on P-256, P-384 or P-521
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the signature of a path goes [default: FOLDER/model.sig, FILE.sig]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Read a whole model again, compare its SHA-256, and verify its signature
    Verify {
        /// Name of an imported model, or the path of a file or folder
        #[arg(value_name = "ID|PATH")]
        model: String,
        /// Public key in PEM that must have signed it [default: one of those in keys/models of the
        /// data directory]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        /// Signature of a path [default: FOLDER/model.sig, FILE.sig]
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Say that a model may be used though no trusted key signed it; the log keeps it
    Waive {
        id: ModelId,
        /// Why; kept beside the model
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Delete a model from the data directory
    ///
    /// A running server lets its answers end and serves it no longer.
    Remove { id: ModelId },
}

#[derive(Args, Debug)]
pub(crate) struct ModelImport {
    /// The GGUF file, or a directory as Hugging Face publishes models
    pub(crate) path: PathBuf,
    /// Name that clients use
    #[arg(long, value_name = "ID")]
    pub(crate) id: ModelId,
    /// The imported model that an adapter, as `LoRA` makes them, was made for
    #[arg(long, value_name = "ID")]
    pub(crate) base: Option<ModelId>,
    /// Refuse the model unless it has this SHA-256; of a directory, that of the list that
    /// `sha256sum` prints of its files by name
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
    /// Its signature [default: model.sig in the directory, or FILE.sig, if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bundle {
    /// Write models with their licences and signatures into one new file
    ///
    /// Adapters bring their model with them.
    Export {
        #[arg(required = true)]
        ids: Vec<ModelId>,
        /// The file to write; a tar archive
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Private key that vouches for the whole, and for models for which nobody does yet
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Verify everything in such a file, then take its models in
    Import { file: PathBuf },
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

#[derive(Args, Debug)]
pub(crate) struct Receipt {
    /// Id of the answer, or of its request
    pub(crate) id: String,

    /// Write the receipt to this file [default: print it]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Encryption {
    /// Tell which keys there are and where the wrapping key lies; shows no key
    Show,
    /// Make a key for what is written from now on; earlier texts keep theirs
    RotateDataKey,
    /// Wrap every data key under a new wrapping key; the old one opens nothing any more
    RotateWrappingKey,
    /// Wrap every data key by the token of the settings instead of a file, or the other way round
    ///
    /// With the server stopped: its settings name the place of the key.
    Move(MoveKey),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct MoveKey {
    /// File of the wrapping key whose place the token takes
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,

    /// File of the wrapping key, made if there is none, that takes the place of the token
    #[arg(long, value_name = "FILE")]
    pub(crate) to_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sovereignty {
    /// Carry out every check and add up what they say
    ///
    /// Exit codes: 0 passed, 2 the tender's gate is failed, 3 a knock-out, 4 something could not be
    /// measured. An assessment is no certification.
    Assess(SovereigntyAssess),
}

#[derive(Args, Debug)]
pub(crate) struct SovereigntyAssess {
    /// Show the checks as this text asks for them: csf, c3a, secnumcloud, eds, aiact, nis2 or dora
    #[arg(long, value_name = "ID")]
    pub(crate) framework: Option<String>,

    /// Tender with the levels to compare with, in TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) min: Option<PathBuf>,

    /// Write the report and all that it rests on, signed, into this new directory
    #[arg(long, value_name = "DIR")]
    pub(crate) evidence: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Read rules, check them against the schema and tell what they come to
    Check {
        /// File of rules
        file: PathBuf,
    },
    /// Put rules into force, in the place of those before
    Apply {
        /// File of rules; a copy is kept in the data directory
        file: PathBuf,
    },
    /// End the use of rules
    Remove,
    /// Print the rules in force and their digest, as entries of the log name it
    Show,
    /// Tell whether an account may do something now, and because of which rules
    Explain(PolicyExplain),
    /// Print what rules can use, in Cedar's format
    Schema,
}

#[derive(Args, Debug)]
pub(crate) struct PolicyExplain {
    /// Who
    #[arg(long, value_name = "NAME")]
    pub(crate) account: AccountName,
    /// What: a permission, or `infer` or `embed`
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: String,
    /// With which model
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<ModelId>,
    /// With what the account proves who it is
    #[arg(long, value_enum, default_value = "session", value_name = "MEANS")]
    pub(crate) by: Means,
}

/// With what somebody proves who it is.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Means {
    Key,
    Session,
    Operator,
}

impl Means {
    /// Rules see the kind alone.
    pub(crate) fn principal(self) -> Principal {
        match self {
            Self::Key => Principal::Key(KeyId::from_uuid(uuid::Uuid::nil())),
            Self::Session => Principal::Session(SessionId::from_uuid(uuid::Uuid::nil())),
            Self::Operator => Principal::Operator,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Residency {
    /// Print the policy in force and its digest, as entries of the log name it
    Policy,
    /// Make a file of address ranges from those that AWS, Azure, Google and Oracle publish
    ImportRanges(ImportRanges),
}

#[derive(Args, Debug)]
pub(crate) struct ImportRanges {
    /// Files as published: ip-ranges.json, `ServiceTags`, cloud.json, `public_ip_ranges.json`
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Day on which the files were fetched, as 2026-11-22
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) fetched: String,

    /// File to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Enough to keep a slip out of the file: nothing is computed from it.
fn date(text: &str) -> Result<String, String> {
    let numbers: Vec<_> = text.split('-').collect();
    let has_digits = |number: &&str, digits| {
        number.len() == digits && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    match numbers.as_slice() {
        [year, month, day] if has_digits(year, 4) && has_digits(month, 2) && has_digits(day, 2) => {
            Ok(text.to_owned())
        }
        _ => Err("give it as 2026-11-22".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Say which settings are in force and where they come from
    Check,
}
