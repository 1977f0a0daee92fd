//! Keeps the rules that are in force, and looks before each decision whether they still are.
//!
//! The file is looked at, not read: a look costs a microsecond. What changed is read whole, and
//! either decides from then on or, where it was not applied by the installation itself, stops
//! everything that rules are asked about. There is nothing in between.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use domain::Clock;
use governance::{Asked, PolicyDigest, PolicyInForce, RulesError, ports::Rules};
use sha2::{Digest as _, Sha256};

use crate::{
    Circumstances, Explanation, Place, RuleSet, TextError,
    applied::{Applied, HEADER_LINES, SealKey},
    facts::Facts,
    rule_set::{TEXT_BYTES_MAX, canonical},
};

/// What [`Keeper`] is made of.
pub struct KeeperParts {
    /// The file of the rules that were applied; it need not exist.
    pub file: PathBuf,
    /// The secret of the installation that seals it.
    pub seal_key: [u8; 32],
    /// Of the policy that is built in and set.
    pub residency: PolicyDigest,
    pub place: Place,
    pub clock: Arc<dyn Clock>,
    /// Told each change.
    pub in_force: PolicyInForce,
}

/// Keeps the rules that are in force.
pub struct Keeper {
    file: PathBuf,
    seal_key: SealKey,
    residency: PolicyDigest,
    place: Place,
    clock: Arc<dyn Clock>,
    in_force: PolicyInForce,
    /// Read on every request, written when the file changes: a lock, not a task.
    state: RwLock<State>,
}

/// What the file holds.
#[derive(Clone, Debug)]
pub enum Held {
    /// No rules were ever applied, or their use was ended.
    Nothing,
    Rules(Arc<RuleSet>),
    /// What lies there was not applied here, or cannot be read: nothing is let through.
    Unusable(Arc<str>),
}

/// What is in force, and its digest.
#[derive(Clone, Debug)]
pub struct Status {
    pub held: Held,
    pub digest: PolicyDigest,
    /// How the digest comes about, where there are rules.
    pub canonical: Option<Arc<str>>,
    /// Grows with each time that rules are applied; 0 before the first.
    pub serial: u64,
}

/// Rules that were checked and are not in force yet.
#[derive(Debug)]
pub struct NewRules {
    applied: Applied,
    /// Of the policy with them.
    pub digest: PolicyDigest,
}

/// Rules are not put into force.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("could not write {}", file.display())]
    Write { file: PathBuf, source: io::Error },
}

struct State {
    stamp: Option<Stamp>,
    /// Of the bytes that were read.
    hash: blake3::Hash,
    /// Whether another write would show in the stamp: the file is older than the clock of the file
    /// system is coarse.
    is_settled: bool,
    status: Status,
}

/// What changes with each write to a file, and with each other file in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed_us: i64,
    times_ns: [i64; 2],
    place: [u64; 3],
}

/// Two writes within so long may leave one stamp.
const COARSE_US: i64 = 1_000_000;

impl Keeper {
    /// Reads the file. One that cannot be used is kept as that: see [`Keeper::status`].
    pub fn open(parts: KeeperParts) -> Self {
        let KeeperParts { file, seal_key, residency, place, clock, in_force } = parts;
        let status = Status { held: Held::Nothing, digest: residency, canonical: None, serial: 0 };
        let hash = blake3::hash(&[]);
        let state = RwLock::new(State { stamp: None, hash, is_settled: true, status });
        let seal_key = SealKey(seal_key);
        let keeper = Self { file, seal_key, residency, place, clock, in_force, state };
        keeper.status();
        keeper
    }

    /// Where the rules lie that were applied.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is in force now.
    pub fn status(&self) -> Status {
        let now = stamp(&self.file);
        {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            if state.is_settled && now.as_ref().is_ok_and(|now| *now == state.stamp) {
                return state.status.clone();
            }
        }
        self.look_closely()
    }

    /// Reads the file, and takes up what has changed.
    fn look_closely(&self) -> Status {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        // Before it is read: what is written meanwhile shows in a later stamp.
        let stamp = stamp(&self.file).unwrap_or(None);
        let now_us = self.clock.now().as_micros();
        let is_settled = stamp.is_none_or(|stamp| now_us - stamp.changed_us > COARSE_US);
        let bytes = read_whole(&self.file);
        let hash = bytes.as_ref().map_or(state.hash, |bytes| blake3::hash(bytes));
        if bytes.is_ok() && stamp.is_some() && stamp == state.stamp && hash == state.hash {
            state.is_settled = is_settled;
            return state.status.clone();
        }
        let status = self.read(&state, bytes);
        if status.digest != state.status.digest {
            match &status.held {
                Held::Unusable(reason) => {
                    tracing::error!(%reason, "the rules cannot be used; nothing is let through");
                }
                Held::Nothing | Held::Rules(_) => {
                    tracing::warn!(policy = %status.digest, "another policy is in force");
                }
            }
        }
        self.in_force.set(status.digest);
        *state = State { stamp, hash, is_settled, status: status.clone() };
        status
    }

    /// Checks rules and makes them ready; `None` ends the use of rules.
    ///
    /// # Errors
    /// [`KeeperError::Text`] for rules that cannot be used.
    pub fn prepare(&self, text: Option<&str>) -> Result<NewRules, KeeperError> {
        let digest = match text {
            Some(text) => RuleSet::parse(text)?.digest(self.residency),
            None => self.residency,
        };
        // Larger than every one before, also where the file was deleted that told the last.
        let now_us = u64::try_from(self.clock.now().as_micros()).unwrap_or(0);
        let serial = self.status().serial.saturating_add(1).max(now_us);
        let text = text.unwrap_or_default().to_owned();
        Ok(NewRules { applied: Applied { serial, text }, digest })
    }

    /// Puts rules into force, for this process and every other one at its next look. The entry of
    /// the change has to be written before.
    ///
    /// # Errors
    /// [`KeeperError::Write`] when the file cannot be written; what was in force still is then.
    pub fn install(&self, rules: &NewRules) -> Result<(), KeeperError> {
        let failed = |source| KeeperError::Write { file: self.file.clone(), source };
        let partial = self.file.with_extension(format!("{}.partial", std::process::id()));
        let written = write_whole(&partial, &rules.applied.file(&self.seal_key));
        written.and_then(|()| fs::rename(&partial, &self.file)).map_err(failed)?;
        let folder = self.file.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        self.status();
        Ok(())
    }

    /// Which rules make the decision; `None` where there are none.
    pub fn explain(&self, asked: &Asked<'_>) -> Result<Option<Explanation>, RulesError> {
        match self.status().held {
            Held::Nothing => Ok(None),
            Held::Unusable(reason) => Err(RulesError::Unavailable { reason }),
            Held::Rules(rules) => rules.explain(&self.facts(asked)).map(Some),
        }
    }

    fn facts<'a>(&'a self, asked: &Asked<'a>) -> Facts<'a> {
        Facts::of(asked, &self.place, Circumstances::at(self.clock.now()))
    }

    fn read(&self, state: &State, bytes: io::Result<Vec<u8>>) -> Status {
        let known = state.status.serial;
        match self.read_applied(state, bytes) {
            Ok(None) => {
                let (held, digest) = (Held::Nothing, self.residency);
                Status { held, digest, canonical: None, serial: known }
            }
            Ok(Some((serial, None))) => {
                Status { held: Held::Nothing, digest: self.residency, canonical: None, serial }
            }
            Ok(Some((serial, Some(rules)))) => {
                let canonical = Some(rules.canonical(self.residency).into());
                let digest = rules.digest(self.residency);
                Status { held: Held::Rules(Arc::new(rules)), digest, canonical, serial }
            }
            Err(reason) => {
                let canonical = canonical(self.residency, "unusable");
                let digest = PolicyDigest(Sha256::digest(&canonical).into());
                let held = Held::Unusable(reason.into());
                Status { held, digest, canonical: Some(canonical.into()), serial: known }
            }
        }
    }

    /// Serial and rules; no rules where their use was ended, nothing where there never were any.
    fn read_applied(
        &self,
        state: &State,
        bytes: io::Result<Vec<u8>>,
    ) -> Result<Option<(u64, Option<RuleSet>)>, String> {
        let name = self.file.display();
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Rules that were in force do not end by being deleted.
                return match state.stamp {
                    None if matches!(state.status.held, Held::Nothing) => Ok(None),
                    _ => Err(format!("{name} is gone")),
                };
            }
            Err(error) => return Err(format!("{name} cannot be read: {error}")),
        };
        let text = String::from_utf8(bytes).map_err(|_| format!("{name} is no text"))?;
        let applied = Applied::parse(&text, &self.seal_key);
        let applied = applied.map_err(|error| format!("{name}: {error}"))?;
        if applied.serial < state.status.serial {
            return Err(format!("{name} is older than the rules that were in force"));
        }
        if applied.text.is_empty() {
            return Ok(Some((applied.serial, None)));
        }
        let rules = RuleSet::parse(&applied.text).map_err(|error| {
            let line = error.line.map_or(0, |line| line + HEADER_LINES);
            format!("{name}, line {line}: {}", error.message)
        })?;
        Ok(Some((applied.serial, Some(rules))))
    }
}

impl Rules for Keeper {
    fn are_there(&self) -> Result<bool, RulesError> {
        match self.status().held {
            Held::Nothing => Ok(false),
            Held::Rules(_) => Ok(true),
            Held::Unusable(reason) => Err(RulesError::Unavailable { reason }),
        }
    }

    fn decide(&self, asked: &Asked<'_>) -> Result<(), RulesError> {
        match self.status().held {
            Held::Nothing => Ok(()),
            Held::Rules(rules) => rules.decide(&self.facts(asked)),
            Held::Unusable(reason) => Err(RulesError::Unavailable { reason }),
        }
    }
}

fn stamp(file: &Path) -> io::Result<Option<Stamp>> {
    match fs::metadata(file) {
        Ok(it) => Ok(Some(Stamp {
            changed_us: it.ctime().saturating_mul(1_000_000),
            times_ns: [it.mtime_nsec(), it.ctime_nsec()],
            place: [it.dev(), it.ino(), it.size()],
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_whole(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let longest = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1024);
    File::open(file)?.take(longest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
