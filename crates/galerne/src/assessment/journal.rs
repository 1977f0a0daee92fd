//! The log: verified, tampered with on a copy, signed, witnessed, in time.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::Path,
};

use domain::Timestamp;
use governance::{LogReader, Outside, ReadError, ports::LogStore as _};
use serde::Deserialize;
use sovereignty::Measured;
use transparency_log::{
    Checkpoint, Examination, Examined, Finding, Hash, SignedNote, TreeBuilder, Verifier, leaf_hash,
    split_notes,
};

use super::Scene;
use crate::{config::WitnessPlace, wiring::Local};

/// Newest entries that are searched for whom the installation has reached.
const ENTRIES_MAX: u64 = 200_000;
const PAGE: u32 = 1_024;
/// Entries that are tampered with on a copy.
const COPIED: u32 = 256;
const WITNESS_BYTES_MAX: u64 = 256 << 20;
const UNSIGNED_SECONDS_MAX: i64 = 600;
/// Checkpoints that are on their way while a server signs.
const BEHIND_MAX: usize = 2;
const GRACE_SECONDS_MAX: u64 = 3_600;
/// The store tells the newest time to the second.
const CLOCK_SLACK_SECONDS: i64 = 1;

/// What was read of the log.
pub(crate) struct Journal {
    pub(crate) verifier: Verifier,
    pub(crate) size: u64,
    /// Leaves under the newest checkpoint, and the note itself.
    pub(crate) signed: Option<(u64, String)>,
    /// `Err` holds the findings.
    examined: Result<Result<Examined, String>, String>,
    /// Parties that were reached, with the policy under which that was.
    pub(crate) reached: BTreeSet<(String, String)>,
    /// Searched entries by kind of access.
    pub(crate) actions: BTreeMap<String, u64>,
    /// When the first and the last searched entry were made.
    pub(crate) span: Option<(Timestamp, Timestamp)>,
    /// Entries that were too many to search.
    skipped: u64,
    /// When the oldest entry was made that no checkpoint signs.
    unsigned_since: Option<Timestamp>,
    newest_at: Timestamp,
    first: Vec<Vec<u8>>,
    witnessed: Witnessed,
    /// Stored checkpoints that the witness does not hold, as far as three.
    behind: usize,
}

/// What the file of the witness holds of this log.
enum Witnessed {
    /// The witness is no file.
    Elsewhere,
    Unreadable(String),
    /// Some checkpoint in it is not what the key signed.
    Changed(String),
    Held(Vec<Checkpoint>),
}

#[derive(Deserialize)]
struct Logged {
    action: String,
    at: i64,
    policy: Option<String>,
    subject: Option<String>,
}

impl Journal {
    pub(super) async fn read(
        local: &Local,
        reader: &LogReader,
        witness: Option<&Path>,
    ) -> Result<Self, String> {
        let failed = |error: ReadError| error.to_string();
        let verifier = reader.verifier().clone();
        let checkpoint = reader.checkpoint().await;
        let signed = checkpoint.as_ref().ok().and_then(Option::as_ref);
        let signed = signed.map(|(note, checkpoint)| (checkpoint.size, note.to_string()));
        let size = reader.entry_count().await.map_err(failed)?;
        let witnessed = witness.map_or(Witnessed::Elsewhere, |path| witnessed(path, &verifier));
        let examined = examined(reader, &witnessed).await;
        let held = witnessed.held();
        let behind = reader.checkpoints_after(held, 3).await.map_err(failed)?.len();
        let mut journal = Self {
            first: reader.entries(0, COPIED).await.map_err(failed)?,
            newest_at: local.store.newest_at().await.map_err(|error| error.to_string())?,
            verifier,
            size,
            signed,
            examined,
            reached: BTreeSet::new(),
            actions: BTreeMap::new(),
            span: None,
            skipped: size.saturating_sub(ENTRIES_MAX),
            unsigned_since: None,
            witnessed,
            behind,
        };
        journal.search(reader).await.map_err(failed)?;
        Ok(journal)
    }

    async fn search(&mut self, reader: &LogReader) -> Result<(), ReadError> {
        let signed = self.signed.as_ref().map_or(0, |(size, _)| *size);
        let mut index = self.skipped;
        while index < self.size {
            let entries = reader.entries(index, PAGE).await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                self.take(&entry, index >= signed);
                index += 1;
            }
        }
        Ok(())
    }

    fn take(&mut self, entry: &[u8], is_unsigned: bool) {
        // What is no entry of ours is found by the examination.
        let Ok(logged) = serde_json::from_slice::<Logged>(entry) else { return };
        let at = Timestamp::from_micros(logged.at);
        if is_unsigned && self.unsigned_since.is_none() {
            self.unsigned_since = Some(at);
        }
        self.span = Some((self.span.map_or(at, |(first, _)| first), at));
        *self.actions.entry(logged.action.clone()).or_default() += 1;
        if logged.action != governance::Action::EgressExchange.as_str() {
            return;
        }
        let party = logged.subject.as_deref().and_then(|subject| subject.strip_prefix("party:"));
        if let Some(party) = party {
            self.reached.insert((party.to_owned(), logged.policy.unwrap_or_default()));
        }
    }

    /// Why not every entry was searched, if so.
    pub(crate) fn unread(&self) -> Option<String> {
        (self.skipped > 0).then(|| format!("the oldest {} entries were not searched", self.skipped))
    }
}

impl Witnessed {
    /// Entries under the largest checkpoint.
    fn held(&self) -> u64 {
        match self {
            Self::Held(checkpoints) => checkpoints.iter().map(|it| it.size).max().unwrap_or(0),
            Self::Elsewhere | Self::Unreadable(_) | Self::Changed(_) => 0,
        }
    }
}

/// What the whole log shows; `Ok(Err)` holds the findings.
async fn examined(
    reader: &LogReader,
    witnessed: &Witnessed,
) -> Result<Result<Examined, String>, String> {
    let checkpoints = match witnessed {
        Witnessed::Held(checkpoints) => checkpoints.clone(),
        Witnessed::Elsewhere => Vec::new(),
        Witnessed::Changed(reason) => return Ok(Err(reason.clone())),
        Witnessed::Unreadable(reason) => return Err(reason.clone()),
    };
    match reader.examine(Outside { checkpoints, reference: None }).await {
        Ok(examined) => Ok(examined.map_err(|findings| {
            let told = findings.iter().map(|finding| format!("{}: {finding}", finding.code()));
            told.collect::<Vec<_>>().join("; ")
        })),
        Err(ReadError::ForeignKey | ReadError::Damaged { .. }) => {
            Ok(Err("a stored checkpoint is not what the key signed".to_owned()))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The checkpoints of this log in a file of notes.
fn witnessed(path: &Path, verifier: &Verifier) -> Witnessed {
    let read = match fs::metadata(path) {
        Ok(found) if found.len() > WITNESS_BYTES_MAX => {
            return Witnessed::Unreadable(format!("{} is too large", path.display()));
        }
        Ok(_) => fs::read_to_string(path),
        Err(error) => Err(error),
    };
    let text = match read {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Witnessed::Held(Vec::new()),
        Err(error) => return Witnessed::Unreadable(format!("{}: {error}", path.display())),
    };
    let is_ours = |note: &SignedNote| {
        note.signatures().iter().any(|signature| {
            signature.name() == verifier.name() && signature.key_id() == verifier.key_id()
        })
    };
    let notes = split_notes(&text).notes;
    let opened = notes.iter().filter(|note| is_ours(note)).map(|it| Checkpoint::open(it, verifier));
    match opened.collect::<Result<_, _>>() {
        Ok(checkpoints) => Witnessed::Held(checkpoints),
        Err(error) => {
            let path = path.display();
            Witnessed::Changed(format!("a checkpoint of {path} was changed: {error}"))
        }
    }
}

/// Whether the examination finds the first of the entries that is not as it was.
pub(super) fn notices(entries: &[Vec<u8>], changed: &[Vec<u8>]) -> bool {
    let recorded: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = TreeBuilder::new();
    for leaf in &recorded {
        tree.push(*leaf);
    }
    let (origin, size, root) = ("copy".to_owned(), tree.size(), tree.root());
    let Ok(mut examination) = Examination::new(vec![Checkpoint { origin, size, root }]) else {
        return false;
    };
    examination.bundle(changed, Some(&recorded), None);
    let first = entries.iter().zip(changed).position(|(entry, changed)| entry != changed);
    match examination.finish() {
        Ok(_) => false,
        Err(findings) => {
            let named = findings.first().and_then(Finding::leaf);
            named.and_then(|leaf| usize::try_from(leaf).ok()) == first
        }
    }
}

fn journal<'a>(scene: &'a Scene<'_>) -> Result<&'a Journal, Measured> {
    scene.journal.as_ref().map_err(|reason| Measured::not_measured(reason.clone()))
}

pub(super) fn verified(scene: &Scene<'_>) -> Measured {
    let journal = match journal(scene) {
        Ok(journal) => journal,
        Err(unknown) => return unknown,
    };
    match &journal.examined {
        Ok(Ok(examined)) if examined.signed_size == 0 => {
            Measured::not_measured("nothing was signed yet")
        }
        Ok(Ok(examined)) => Measured::passed(format!(
            "{} entries, {} of them signed, {} checkpoints fit, root {}",
            examined.size,
            examined.signed_size,
            examined.checkpoints_matched,
            examined.root.to_base64()
        )),
        Ok(Err(findings)) => Measured::failed(findings.clone()),
        Err(reason) => Measured::not_measured(reason.clone()),
    }
}

/// Changes one byte of each entry in turn, in memory, as somebody with the disk would.
pub(super) fn tampering_noticed(scene: &Scene<'_>) -> Measured {
    let journal = match journal(scene) {
        Ok(journal) => journal,
        Err(unknown) => return unknown,
    };
    let entries = &journal.first;
    if entries.is_empty() {
        return Measured::not_measured("the log is empty");
    }
    for leaf in 0..entries.len() {
        let mut changed = entries.clone();
        if let Some(byte) = changed.get_mut(leaf).and_then(|entry| entry.last_mut()) {
            *byte ^= 1;
        }
        if !(scene.around.program.notices)(entries, &changed) {
            return Measured::failed(format!("a change of leaf {leaf} passed unnoticed"));
        }
    }
    Measured::passed(format!("each of {} changes was found and named", entries.len()))
}

pub(super) fn signed_in_time(scene: &Scene<'_>) -> Measured {
    let journal = match journal(scene) {
        Ok(journal) => journal,
        Err(unknown) => return unknown,
    };
    let signed = journal.signed.as_ref().map_or(0, |(size, _)| *size);
    let seen = format!("{signed} of {} entries are signed", journal.size);
    let Some(since) = journal.unsigned_since else { return Measured::passed(seen) };
    let age = scene.around.now.as_seconds() - since.as_seconds();
    Measured::when(age <= UNSIGNED_SECONDS_MAX, format!("{seen}; the next was made at {since}"))
}

pub(super) fn witness_outside(scene: &Scene<'_>) -> Measured {
    match &scene.settings.log.value.witness {
        None => Measured::failed("checkpoints lie in the data directory"),
        Some(WitnessPlace::Http(address)) => Measured::passed(format!("the witness {address}")),
        Some(WitnessPlace::File(path)) => {
            let path = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let is_inside = path.starts_with(&scene.data_dir);
            Measured::when(!is_inside, format!("the file {}", path.display()))
        }
    }
}

pub(super) fn witness_current(scene: &Scene<'_>) -> Measured {
    let journal = match journal(scene) {
        Ok(journal) => journal,
        Err(unknown) => return unknown,
    };
    let Some((signed, _)) = journal.signed else {
        return Measured::not_measured("nothing was signed yet");
    };
    match &journal.witnessed {
        Witnessed::Elsewhere => Measured::not_measured("a witness over the network is not asked"),
        Witnessed::Unreadable(reason) => Measured::not_measured(reason.clone()),
        Witnessed::Changed(reason) => Measured::failed(reason.clone()),
        Witnessed::Held(_) => {
            let held = journal.witnessed.held();
            // A server may be handing over what it has just signed.
            let allowed = if scene.is_served { BEHIND_MAX } else { 0 };
            let seen = format!("it holds {held} of {signed} signed entries");
            Measured::when(held > 0 && journal.behind <= allowed, seen)
        }
    }
}

pub(super) fn witness_grace(scene: &Scene<'_>) -> Measured {
    let grace = scene.settings.log.value.witness_grace_seconds;
    Measured::when(grace <= GRACE_SECONDS_MAX, format!("{grace} s"))
}

pub(super) fn clock_not_behind(scene: &Scene<'_>) -> Measured {
    let journal = match journal(scene) {
        Ok(journal) => journal,
        Err(unknown) => return unknown,
    };
    let (now, newest) = (scene.around.now, journal.newest_at);
    let is_behind = now.plus_seconds(CLOCK_SLACK_SECONDS) < newest;
    Measured::when(!is_behind, format!("it is {now}, and the newest entry was made at {newest}"))
}
