//! Everything that the checks look at, gathered once.

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    net::TcpListener,
    path::{Path, PathBuf},
};

use domain::{Account, ApiKey, Timestamp};
use governance::{AccessError, PolicyDigest};
use sha2::{Digest as _, Sha256};
use sovereignty::{Day, Declarations};
use tokio_util::sync::CancellationToken;
use transparency_log::Verifier;

use super::{
    Machine, Program,
    encryption::AtRest,
    flows::Refused,
    journal::Journal,
    models::{self, Imported},
};
use crate::{
    config::{Settings, WitnessPlace},
    failure::{Exit, Failure},
    log,
    wiring::Local,
};

/// Larger files hold no declarations.
const DECLARATIONS_BYTES_MAX: u64 = 1 << 20;

/// What surrounds the deployment. Tests make their own.
pub(crate) struct Surroundings {
    pub(crate) machine: Machine,
    pub(crate) program: Program,
    /// Variables of this process.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) now: Timestamp,
    /// A listener of this process at which nothing may arrive.
    pub(crate) canary: TcpListener,
    /// Ends an assessment that nobody waits for.
    pub(crate) stop: CancellationToken,
}

/// What the checks look at. Where something could not be seen, the reason stands in its place.
pub(crate) struct Scene<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) around: Surroundings,
    /// Absolute, where that can be told.
    pub(crate) data_dir: PathBuf,
    /// Whether a server works on the data directory, and its process where that is seen from here.
    pub(crate) is_served: bool,
    pub(crate) server: Option<u32>,
    pub(crate) people: Result<People, String>,
    pub(crate) journal: Result<Journal, String>,
    pub(crate) models: Result<Vec<Imported>, String>,
    pub(crate) at_rest: AtRest,
    pub(crate) refused: Refused,
    /// Of the policy in force, as entries name it.
    pub(crate) policy: PolicyDigest,
    /// `None` where there is no file of declarations.
    pub(crate) declared: Result<Option<Declarations>, String>,
    /// SHA-256 of the file of declarations.
    pub(crate) declarations_digest: Option<String>,
}

/// Accounts, and keys that are still taken.
pub(crate) struct People {
    /// With whether each has a password; disabled ones too.
    pub(crate) accounts: Vec<(Account, bool)>,
    pub(crate) keys: Vec<ApiKey>,
}

impl<'a> Scene<'a> {
    pub(crate) async fn gather(
        local: &Local,
        settings: &'a Settings,
        around: Surroundings,
    ) -> Result<Self, Failure> {
        let data_dir = settings.data_dir.value.clone();
        let data_dir = fs::canonicalize(&data_dir).unwrap_or(data_dir);
        let people = people(local, around.now).await;
        let refused = Refused::probe(settings, &around.canary).await;
        let reader = log::reader(local, &settings.log.value).await?;
        let witness = witness_file(settings, &data_dir);
        let journal = Journal::read(local, &reader, witness.as_deref()).await;
        let (declared, declarations_digest) = declarations(&data_dir);
        let is_served = matches!(
            local.data_dir.lock(),
            Err(failure) if failure.exit_kind() == Exit::InUse
        );
        Ok(Self {
            is_served,
            server: around.machine.server_of(&data_dir.join("serve.lock")),
            models: models::gather(local, settings, &around.stop).map_err(|failure| failure.text()),
            at_rest: AtRest::read(local, settings).await,
            settings,
            around,
            data_dir,
            people,
            journal,
            refused,
            policy: local.rules.status().digest,
            declared,
            declarations_digest,
        })
    }

    pub(crate) fn today(&self) -> Day {
        Day::of_unix_seconds(self.around.now.as_seconds())
    }

    /// SHA-256 of a document that a declaration names.
    pub(crate) fn document(&self, name: &str) -> Option<String> {
        let bytes = fs::read(self.data_dir.join("declarations").join(name)).ok()?;
        Some(digest(&bytes))
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    domain::hexadecimal(&Sha256::digest(bytes))
}

async fn people(local: &Local, now: Timestamp) -> Result<People, String> {
    let rows = async {
        let operator = local.access.operator().await?;
        let mut accounts = Vec::new();
        for account in local.access.list_accounts(&operator).await? {
            let has_password = local.access.has_password(&account).await?;
            accounts.push((account, has_password));
        }
        let mut keys = local.access.list_keys(&operator).await?;
        let is_taken = |key: &ApiKey| {
            key.revoked_at.is_none() && key.expires_at.is_none_or(|expires| expires > now)
        };
        keys.retain(is_taken);
        Ok::<_, AccessError>(People { accounts, keys })
    };
    rows.await.map_err(|error| error.to_string())
}

/// Where checkpoints are kept, if in a file.
fn witness_file(settings: &Settings, data_dir: &Path) -> Option<PathBuf> {
    match &settings.log.value.witness {
        None => Some(data_dir.join("checkpoints")),
        Some(WitnessPlace::File(path)) => Some(path.clone()),
        Some(WitnessPlace::Http(_)) => None,
    }
}

type Declared = (Result<Option<Declarations>, String>, Option<String>);

fn declarations(data_dir: &Path) -> Declared {
    let path = data_dir.join("declarations.toml");
    match fs::metadata(&path) {
        Ok(found) if found.len() > DECLARATIONS_BYTES_MAX => {
            return (Err("declarations.toml is too large".to_owned()), None);
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return (Ok(None), None),
        Err(error) => return (Err(format!("declarations.toml: {error}")), None),
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return (Err(format!("declarations.toml: {error}")), None),
    };
    let parsed = Declarations::parse(&text).map(Some);
    (parsed.map_err(|error| format!("declarations.toml: {error}")), Some(digest(text.as_bytes())))
}

impl Scene<'_> {
    pub(crate) fn verifier(&self) -> Option<&Verifier> {
        self.journal.as_ref().ok().map(|journal| &journal.verifier)
    }

    /// Parties that the settings name.
    pub(crate) fn parties(&self) -> BTreeSet<&str> {
        self.settings.outbound.destinations().into_iter().collect()
    }
}
