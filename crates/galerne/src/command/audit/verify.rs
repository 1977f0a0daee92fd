//! `galerne audit verify`: the whole log against everything that was signed.

use std::{fs, path::Path};

use anyhow::Context as _;
use governance::{Outside, ReadError};
use serde_json::{Map, Value, json};
use transparency_log::{
    Checkpoint, Examined, Finding, Hash, TILE_WIDTH, TileId, Verifier, decode_tile, split_notes,
};

use crate::{
    cli::AuditVerify,
    config::{Settings, WitnessPlace},
    failure::{Exit, Failure},
    log,
    output::Output,
    wiring::Local,
};

/// Larger files hold no notes of ours.
const NOTES_BYTES_MAX: u64 = 1 << 30;

const SIGNATURE: &str = "checkpoint.signature";

const KEEP: &str =
    "keep the data directory as it is; `docs/operate/log.md` says what each finding means";

pub(super) async fn run(
    local: &Local,
    settings: &Settings,
    flags: &AuditVerify,
    output: Output,
) -> Result<(), Failure> {
    match verify(local, settings, flags).await {
        Ok(examined) => output.show(&praise(&examined), &describe(&examined)),
        Err(Unverified::Findings(findings)) => blame(&findings, output),
        Err(Unverified::Checkpoint { code, error, hint }) => {
            if output.is_json() {
                output.show(
                    "",
                    &unverified(&[json!({ "code": code, "message": error.to_string() })]),
                )?;
            }
            Err(Failure::new(Exit::Tampered, error.context(code)).hint(hint))
        }
        Err(Unverified::Failed(failure)) => Err(failure),
    }
}

/// Why the log is not called verified.
enum Unverified {
    Findings(Vec<Finding>),
    /// A checkpoint, of the store or handed in, is not what the key signed.
    Checkpoint {
        code: &'static str,
        error: anyhow::Error,
        hint: String,
    },
    /// Nothing can be said.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Unverified {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

async fn verify(
    local: &Local,
    settings: &Settings,
    flags: &AuditVerify,
) -> Result<Examined, Unverified> {
    let reader = log::reader(local, &settings.log.value).await?;
    let mut checkpoints = Vec::new();
    for path in &flags.checkpoint {
        checkpoints.extend(handed_in(path, reader.verifier())?);
    }
    checkpoints.extend(witnessed(local, settings, reader.verifier())?);
    let against = |index: u64| flags.against.as_deref().and_then(|export| leaves(export, index));
    let outside = Outside {
        checkpoints,
        reference: flags.against.is_some().then_some(&against as &(dyn Fn(u64) -> _ + Sync)),
    };
    reader.examine(outside).await.map_err(explain)?.map_err(Unverified::Findings)
}

/// A stored checkpoint that the key did not sign is a finding, not a mishap.
fn explain(error: ReadError) -> Unverified {
    let code = match &error {
        ReadError::ForeignKey => SIGNATURE,
        ReadError::Damaged { .. } => "checkpoint.malformed",
        ReadError::Store { .. } | ReadError::NotSigned { .. } | ReadError::Proof { .. } => {
            return error.into();
        }
    };
    Unverified::Checkpoint { code, error: error.into(), hint: KEEP.to_owned() }
}

/// What the witness keeps, if it is a file that can be read here.
fn witnessed(
    local: &Local,
    settings: &Settings,
    verifier: &Verifier,
) -> Result<Vec<Checkpoint>, Unverified> {
    let path = match &settings.log.value.witness {
        None => local.data_dir.checkpoints(),
        Some(WitnessPlace::File(path)) => path.clone(),
        Some(WitnessPlace::Http(_)) => return Ok(Vec::new()),
    };
    if path.exists() { read_checkpoints(&path, verifier) } else { Ok(Vec::new()) }
}

/// The checkpoints of this log in a file of notes; one that was changed is an error. Pieces that
/// are no notes are what crashes leave.
fn read_checkpoints(path: &Path, verifier: &Verifier) -> Result<Vec<Checkpoint>, Unverified> {
    let unreadable = || format!("could not read {}", path.display());
    let bytes = fs::metadata(path).with_context(unreadable)?.len();
    if bytes > NOTES_BYTES_MAX {
        return Err(Failure::message(format!("{} is too large", path.display())).into());
    }
    let text = fs::read_to_string(path).with_context(unreadable)?;
    let mut checkpoints = Vec::new();
    for note in split_notes(&text).notes {
        let is_ours = note.signatures().iter().any(|signature| {
            signature.name() == verifier.name() && signature.key_id() == verifier.key_id()
        });
        if is_ours {
            let checkpoint = Checkpoint::open(&note, verifier).map_err(|error| {
                let hint = format!("a checkpoint in {} was changed", path.display());
                Unverified::Checkpoint { code: SIGNATURE, error: error.into(), hint }
            })?;
            checkpoints.push(checkpoint);
        }
    }
    Ok(checkpoints)
}

/// As [`read_checkpoints`]; a file that was handed in and proves nothing is an error.
fn handed_in(path: &Path, verifier: &Verifier) -> Result<Vec<Checkpoint>, Unverified> {
    let checkpoints = read_checkpoints(path, verifier)?;
    if checkpoints.is_empty() {
        return Err(Unverified::Checkpoint {
            code: SIGNATURE,
            error: anyhow::anyhow!("{} holds no checkpoint of this log", path.display()),
            hint: "`galerne audit key` prints the key whose name begins each checkpoint".to_owned(),
        });
    }
    Ok(checkpoints)
}

/// The leaf hashes of a bundle as an export that was kept elsewhere has them.
fn leaves(export: &Path, index: u64) -> Option<Vec<Hash>> {
    let full = TileId::new(0, index, TILE_WIDTH).ok()?;
    let path = export.join(full.path());
    let bytes = fs::read(&path).ok().or_else(|| {
        let folder = fs::read_dir(format!("{}.p", path.display())).ok()?;
        let widest =
            folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u16>().ok());
        let partial = TileId::new(0, index, widest.max()?).ok()?;
        fs::read(export.join(partial.path())).ok()
    })?;
    decode_tile(&bytes).ok()
}

fn praise(examined: &Examined) -> String {
    format!(
        "verified: {} entries, {} of them signed, {} checkpoints fit, root {}",
        examined.size,
        examined.signed_size,
        examined.checkpoints_matched,
        examined.root.to_base64()
    )
}

fn describe(examined: &Examined) -> Value {
    json!({
        "verified": true,
        "size": examined.size,
        "signed_size": examined.signed_size,
        "root": examined.root.to_base64(),
        "checkpoints_matched": examined.checkpoints_matched,
        "findings": [],
    })
}

fn blame(findings: &[Finding], output: Output) -> Result<(), Failure> {
    if output.is_json() {
        let findings: Vec<_> = findings.iter().map(blamed).collect();
        output.show("", &unverified(&findings))?;
    }
    let lines: Vec<_> =
        findings.iter().map(|finding| format!("{}: {finding}", finding.code())).collect();
    Err(Failure::message(lines.join("\n")).exit(Exit::Tampered).hint(KEEP))
}

fn unverified(findings: &[Value]) -> Value {
    json!({ "verified": false, "findings": findings })
}

/// The same members as `galerne-verify` prints.
fn blamed(finding: &Finding) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), finding.code().into());
    object.insert("message".to_owned(), finding.to_string().into());
    object.extend(finding.leaf().map(|leaf| ("leaf".to_owned(), leaf.into())));
    let numbers = finding.numbers().into_iter();
    object.extend(numbers.map(|(name, number)| (name.to_owned(), number.into())));
    object.into()
}
