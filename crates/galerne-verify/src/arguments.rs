//! What can be typed. Parsed by hand, to keep the program small.

use std::ffi::OsString;
use std::path::PathBuf;

use transparency_log::KeyError;

const HELP: &str = "\
Checks exports, proofs, receipts, erasure certificates, citations, checkpoints and evidence of a
Galerne log, without Galerne and without a network.

Usage:
  galerne-verify export DIR --key VKEY [--checkpoint FILE]... [--against DIR] [--json]
  galerne-verify proof FILE --key VKEY [--checkpoint FILE]... [--messages FILE --salt HEX] [--json]
  galerne-verify receipt FILE --key VKEY [--checkpoint FILE]... [--messages FILE --salt HEX]
                 [--json]
  galerne-verify erasure FILE --key VKEY [--checkpoint FILE]... [--json]
  galerne-verify citation FILE --key VKEY [--checkpoint FILE]... [--document FILE] [--text FILE]
                 [--json]
  galerne-verify checkpoints FILE... --key VKEY [--json]
  galerne-verify evidence DIR --key VKEY [--checkpoint FILE]... [--json]
  galerne-verify --help | --version

Commands:
  export       Check every entry of an export against its hashes, its checkpoint and those given;
               name the first bad leaf
  proof        Check that one entry is in the log
  receipt      Check the receipt of one answer: its signature, its place in the log, and that it
               says what the log says
  erasure      Check the certificate of an erasure: its signature, and that the log says the same
  citation     Check the evidence record of a citation: its signature, the place in the log of the
               request that quoted, and that the quote stands in the document
  checkpoints  Check the signatures in files of checkpoints, and that no two contradict each other
  evidence     Check the evidence of an assessment: who signed it, every file of it, and that the
               log has the report

Options:
  --key VKEY         Public key of the log, or @FILE with the key in it. Get it from the operator
                     (`galerne audit key`) by another way than the export
  --checkpoint FILE  Checkpoints that were kept outside of the log, one or many in a file; all that
                     the key signed must fit. May be repeated
  --against DIR      An earlier export that was kept outside: narrows a rebuilt log to one leaf
  --messages FILE    The messages that the entry of a proof or receipt commits to, in their
                     canonical form
  --salt HEX         The salt of that entry, as `galerne audit prove` tells it
  --document FILE    The bytes of the cited version
  --text FILE        The text that was read of it, in which the quote has its place
  --json             Print one JSON object: {verified, size, root, checkpoints_matched,
                     checkpoints_ignored, findings: [{code, message, leaf?, from?, to?, size?}]}
  -h, --help         Print this text
  -V, --version      Print the version

Exit codes: 0 verified, 1 the evidence is bad, 2 wrong usage, 3 a file cannot be read.";

const COMMANDS: &str = "export, proof, receipt, erasure, citation, checkpoints or evidence";

/// The salt of an entry is 32 bytes; others are accepted up to this length.
const SALT_BYTES_MAX: usize = 1024;

/// What was asked for.
#[derive(Debug)]
pub(crate) enum Request {
    Print(String),
    Verify(Command, Format),
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Debug)]
pub(crate) enum Command {
    Export(ExportRequest),
    Proof(ProofRequest),
    Receipt(ProofRequest),
    Erasure(ProofRequest),
    Citation(CitationRequest),
    Checkpoints(CheckpointsRequest),
    Evidence(EvidenceRequest),
}

/// The directory of an assessment.
#[derive(Debug)]
pub(crate) struct EvidenceRequest {
    pub(crate) folder: PathBuf,
    pub(crate) key: OsString,
    pub(crate) checkpoints: Vec<PathBuf>,
}

#[derive(Debug)]
pub(crate) struct ExportRequest {
    pub(crate) folder: PathBuf,
    pub(crate) key: OsString,
    pub(crate) checkpoints: Vec<PathBuf>,
    pub(crate) against: Option<PathBuf>,
}

/// A file that proves one entry: a proof or a receipt.
#[derive(Debug)]
pub(crate) struct ProofRequest {
    pub(crate) file: PathBuf,
    pub(crate) key: OsString,
    pub(crate) checkpoints: Vec<PathBuf>,
    pub(crate) content: Option<ContentRequest>,
}

/// The record of a citation, and what is at hand of the document.
#[derive(Debug)]
pub(crate) struct CitationRequest {
    pub(crate) proof: ProofRequest,
    pub(crate) document: Option<PathBuf>,
    pub(crate) text: Option<PathBuf>,
}

#[derive(Debug)]
pub(crate) struct ContentRequest {
    pub(crate) messages: PathBuf,
    pub(crate) salt: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct CheckpointsRequest {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) key: OsString,
}

/// What was typed makes no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("say what to verify: {COMMANDS}")]
    NoCommand,
    #[error("there is no command `{word}`")]
    UnknownCommand { word: String },
    #[error("there is no option `{option}`")]
    UnknownOption { option: String },
    #[error("`{option}` needs a value")]
    NoValue { option: &'static str },
    #[error("`{option}` may be given once only")]
    Repeated { option: &'static str },
    #[error("`{option}` does not belong to `{command}`")]
    Misplaced { option: &'static str, command: &'static str },
    #[error("`--key` is missing: without the public key of the log nothing can be verified")]
    NoKey,
    #[error("`{command}` needs {what}")]
    NoPath { command: &'static str, what: &'static str },
    #[error("`{word}` is one argument too many")]
    Surplus { word: String },
    #[error("`--messages` and `--salt` belong together")]
    HalfContent,
    #[error("`--salt` is not between 1 and {SALT_BYTES_MAX} bytes in hexadecimal digits")]
    Salt,
    #[error("`--key` is not the public key of a log")]
    Key(#[source] KeyError),
    #[error("`--key` is not text")]
    KeyText,
    #[error("`--key` is a secret key, which nobody else should see; give the public one")]
    SecretKey,
    #[error("`--key` is the key of a witness, not of a log")]
    WitnessKey,
}

/// Options as they were typed, whatever the command.
#[derive(Debug, Default)]
struct Words {
    plain: Vec<OsString>,
    key: Option<OsString>,
    checkpoints: Vec<PathBuf>,
    against: Option<OsString>,
    messages: Option<OsString>,
    salt: Option<OsString>,
    document: Option<OsString>,
    text: Option<OsString>,
    json: bool,
    help: bool,
    version: bool,
}

pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Request, UsageError> {
    let mut words = Words::read(words)?;
    if words.help {
        return Ok(Request::Print(HELP.to_owned()));
    }
    if words.version {
        return Ok(Request::Print(
            concat!("galerne-verify ", env!("CARGO_PKG_VERSION")).to_owned(),
        ));
    }
    let format = if words.json { Format::Json } else { Format::Text };
    if words.plain.is_empty() {
        return Err(UsageError::NoCommand);
    }
    let name = words.plain.remove(0);
    let command = match name.to_str() {
        Some("export") => words.export()?,
        Some("proof") => Command::Proof(words.proof("proof", "the file of a proof")?),
        Some("receipt") => Command::Receipt(words.proof("receipt", "the file of a receipt")?),
        Some("erasure") => {
            words.refuse_content("erasure")?;
            Command::Erasure(words.proof("erasure", "the file of a certificate")?)
        }
        Some("citation") => words.citation()?,
        Some("checkpoints") => words.checkpoints()?,
        Some("evidence") => words.evidence()?,
        Some(_) | None => {
            return Err(UsageError::UnknownCommand { word: name.display().to_string() });
        }
    };
    Ok(Request::Verify(command, format))
}

impl Words {
    fn read(mut words: impl Iterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut read = Self::default();
        let mut options_end = false;
        while let Some(word) = words.next() {
            match word.to_str().filter(|text| text.starts_with('-') && *text != "-") {
                Some("--") if !options_end => options_end = true,
                Some(option) if !options_end => {
                    let (option, value) = match option.split_once('=') {
                        Some((option, value)) => (option, Some(OsString::from(value))),
                        None => (option, None),
                    };
                    read.option(option, value.as_ref(), &mut words)?;
                }
                Some(_) | None => read.plain.push(word),
            }
        }
        Ok(read)
    }

    fn option(
        &mut self,
        option: &str,
        value: Option<&OsString>,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), UsageError> {
        let mut value_of =
            |option| value.cloned().or_else(|| words.next()).ok_or(UsageError::NoValue { option });
        match option {
            "--key" => once("--key", &mut self.key, value_of("--key")?),
            "--against" => once("--against", &mut self.against, value_of("--against")?),
            "--messages" => once("--messages", &mut self.messages, value_of("--messages")?),
            "--salt" => once("--salt", &mut self.salt, value_of("--salt")?),
            "--document" => once("--document", &mut self.document, value_of("--document")?),
            "--text" => once("--text", &mut self.text, value_of("--text")?),
            "--checkpoint" => {
                self.checkpoints.push(value_of("--checkpoint")?.into());
                Ok(())
            }
            flag if value.is_none() => self.flag(flag),
            unknown => Err(UsageError::UnknownOption { option: unknown.to_owned() }),
        }
    }

    fn flag(&mut self, flag: &str) -> Result<(), UsageError> {
        match flag {
            "--json" => self.json = true,
            "--help" | "-h" => self.help = true,
            "--version" | "-V" => self.version = true,
            unknown => return Err(UsageError::UnknownOption { option: unknown.to_owned() }),
        }
        Ok(())
    }

    fn export(mut self) -> Result<Command, UsageError> {
        self.refuse_content("export")?;
        self.refuse_source("export")?;
        let folder = self.one_path("export", "the directory of an export")?;
        let against = self.against.map(PathBuf::from);
        let key = self.key.ok_or(UsageError::NoKey)?;
        Ok(Command::Export(ExportRequest { folder, key, checkpoints: self.checkpoints, against }))
    }

    fn proof(
        mut self,
        command: &'static str,
        what: &'static str,
    ) -> Result<ProofRequest, UsageError> {
        self.refuse_against(command)?;
        self.refuse_source(command)?;
        let file = self.one_path(command, what)?;
        let content = match (self.messages, self.salt) {
            (Some(messages), Some(salt)) => Some(ContentRequest {
                messages: messages.into(),
                salt: salt.to_str().and_then(bytes_of).ok_or(UsageError::Salt)?,
            }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(UsageError::HalfContent),
        };
        let key = self.key.ok_or(UsageError::NoKey)?;
        Ok(ProofRequest { file, key, checkpoints: self.checkpoints, content })
    }

    fn citation(mut self) -> Result<Command, UsageError> {
        self.refuse_content("citation")?;
        let document = self.document.take().map(PathBuf::from);
        let text = self.text.take().map(PathBuf::from);
        let proof = self.proof("citation", "the file of an evidence record")?;
        Ok(Command::Citation(CitationRequest { proof, document, text }))
    }

    fn checkpoints(self) -> Result<Command, UsageError> {
        self.refuse_content("checkpoints")?;
        self.refuse_source("checkpoints")?;
        self.refuse_against("checkpoints")?;
        if !self.checkpoints.is_empty() {
            let (option, command) = ("--checkpoint", "checkpoints");
            return Err(UsageError::Misplaced { option, command });
        }
        if self.plain.is_empty() {
            let (command, what) = ("checkpoints", "at least one file");
            return Err(UsageError::NoPath { command, what });
        }
        let files = self.plain.into_iter().map(PathBuf::from).collect();
        Ok(Command::Checkpoints(CheckpointsRequest {
            files,
            key: self.key.ok_or(UsageError::NoKey)?,
        }))
    }

    fn evidence(mut self) -> Result<Command, UsageError> {
        self.refuse_content("evidence")?;
        self.refuse_source("evidence")?;
        self.refuse_against("evidence")?;
        let folder = self.one_path("evidence", "the directory of an assessment")?;
        let key = self.key.ok_or(UsageError::NoKey)?;
        Ok(Command::Evidence(EvidenceRequest { folder, key, checkpoints: self.checkpoints }))
    }

    fn one_path(
        &mut self,
        command: &'static str,
        what: &'static str,
    ) -> Result<PathBuf, UsageError> {
        let mut plain = std::mem::take(&mut self.plain).into_iter();
        let path = plain.next().ok_or(UsageError::NoPath { command, what })?;
        match plain.next() {
            Some(word) => Err(UsageError::Surplus { word: word.display().to_string() }),
            None => Ok(path.into()),
        }
    }

    fn refuse_content(&self, command: &'static str) -> Result<(), UsageError> {
        let typed = [("--messages", &self.messages), ("--salt", &self.salt)];
        match typed.into_iter().find(|(_, value)| value.is_some()) {
            Some((option, _)) => Err(UsageError::Misplaced { option, command }),
            None => Ok(()),
        }
    }

    fn refuse_source(&self, command: &'static str) -> Result<(), UsageError> {
        let typed = [("--document", &self.document), ("--text", &self.text)];
        match typed.into_iter().find(|(_, value)| value.is_some()) {
            Some((option, _)) => Err(UsageError::Misplaced { option, command }),
            None => Ok(()),
        }
    }

    fn refuse_against(&self, command: &'static str) -> Result<(), UsageError> {
        match self.against {
            Some(_) => Err(UsageError::Misplaced { option: "--against", command }),
            None => Ok(()),
        }
    }
}

fn once(
    option: &'static str,
    place: &mut Option<OsString>,
    value: OsString,
) -> Result<(), UsageError> {
    match place.replace(value) {
        Some(_) => Err(UsageError::Repeated { option }),
        None => Ok(()),
    }
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hexadecimal.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.is_empty() || pairs.len() > SALT_BYTES_MAX {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, UsageError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn check(line: &str, expected: &UsageError) {
        assert_eq!(&parsed(line).unwrap_err(), expected, "{line}");
    }

    #[test]
    fn commands_are_read() {
        let line = "export --key k --checkpoint a dir --checkpoint=b --against c --json";
        let Ok(Request::Verify(Command::Export(request), Format::Json)) = parsed(line) else {
            panic!("{line}");
        };
        assert_eq!(request.folder, PathBuf::from("dir"));
        assert_eq!(request.key, "k");
        assert_eq!(request.checkpoints, [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(request.against, Some(PathBuf::from("c")));

        let line = "proof p --key=a+b+c= --messages m --salt 00fFa1";
        let Ok(Request::Verify(Command::Proof(request), Format::Text)) = parsed(line) else {
            panic!("{line}");
        };
        assert_eq!(request.key, "a+b+c=");
        assert_eq!(request.content.unwrap().salt, [0, 255, 161]);

        let line = "receipt r --key k --checkpoint c";
        let Ok(Request::Verify(Command::Receipt(request), Format::Text)) = parsed(line) else {
            panic!("{line}");
        };
        assert_eq!(request.file, PathBuf::from("r"));
        assert_eq!(request.checkpoints, [PathBuf::from("c")]);

        let line = "citation c --key k --document d --text=t";
        let Ok(Request::Verify(Command::Citation(request), Format::Text)) = parsed(line) else {
            panic!("{line}");
        };
        assert_eq!(request.proof.file, PathBuf::from("c"));
        assert_eq!(request.document, Some(PathBuf::from("d")));
        assert_eq!(request.text, Some(PathBuf::from("t")));

        let line = "checkpoints --key k a -- --b -";
        let Ok(Request::Verify(Command::Checkpoints(request), Format::Text)) = parsed(line) else {
            panic!("{line}");
        };
        assert_eq!(request.files, ["a", "--b", "-"].map(PathBuf::from));
    }

    #[test]
    fn help_and_version_are_printed_whatever_else_is_typed() {
        for line in ["--help", "-h", "export -h", "nonsense --help"] {
            assert!(matches!(parsed(line), Ok(Request::Print(text)) if text == HELP), "{line}");
        }
        let version = concat!("galerne-verify ", env!("CARGO_PKG_VERSION"));
        assert!(matches!(parsed("-V"), Ok(Request::Print(text)) if text == version));
    }

    #[test]
    fn help_fits_a_terminal() {
        assert_eq!(HELP.lines().filter(|line| line.len() > 100).count(), 0);
    }

    #[test]
    fn nonsense_is_refused() {
        let no_value = |option| UsageError::NoValue { option };
        let misplaced = |option, command| UsageError::Misplaced { option, command };
        let unknown = |option: &str| UsageError::UnknownOption { option: option.to_owned() };
        check("", &UsageError::NoCommand);
        check("--json", &UsageError::NoCommand);
        check("verify", &UsageError::UnknownCommand { word: "verify".to_owned() });
        check("export d --keys k", &unknown("--keys"));
        check("export d -k k", &unknown("-k"));
        check("export d --json=yes --key k", &unknown("--json"));
        check("export d --key", &no_value("--key"));
        check("export d --key a --key b", &UsageError::Repeated { option: "--key" });
        check("export d", &UsageError::NoKey);
        let what = "the directory of an export";
        check("export --key k", &UsageError::NoPath { command: "export", what });
        check("export d e --key k", &UsageError::Surplus { word: "e".to_owned() });
        check("export d --key k --salt 00", &misplaced("--salt", "export"));
        check("proof f --key k --against d", &misplaced("--against", "proof"));
        check("receipt f --key k --against d", &misplaced("--against", "receipt"));
        check("evidence d --key k --salt 00", &misplaced("--salt", "evidence"));
        check("receipt f --key k --text t", &misplaced("--text", "receipt"));
        check("export d --key k --document d", &misplaced("--document", "export"));
        check("citation c --key k --salt 00", &misplaced("--salt", "citation"));
        check("citation c --key k --against d", &misplaced("--against", "citation"));
        check("citation c --document d", &UsageError::NoKey);
        check("evidence d --key k --against e", &misplaced("--against", "evidence"));
        check("checkpoints f --key k --checkpoint g", &misplaced("--checkpoint", "checkpoints"));
        check("checkpoints f --key k --messages g", &misplaced("--messages", "checkpoints"));
        let what = "at least one file";
        check("checkpoints --key k", &UsageError::NoPath { command: "checkpoints", what });
        check("proof f --key k --messages m", &UsageError::HalfContent);
        check("proof f --key k --salt 00", &UsageError::HalfContent);
        for salt in ["0", "0g", "é", "+1"] {
            check(&format!("proof f --key k --messages m --salt {salt}"), &UsageError::Salt);
        }
        check("proof f --key k --messages m --salt=", &UsageError::Salt);
    }
}
