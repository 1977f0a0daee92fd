//! The keys of texts at rest: made at the first start, asked for again while the server runs.

use std::{sync::Arc, time::Duration};

use custody::{KeyFile, KeyFileError};
use governance::{
    REFRESH_SECONDS_MAX, Vault, VaultError, VaultParts,
    ports::{CustodyError, DataKeyStore as _},
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    data_dir::DataDir,
    failure::{Exit, Failure},
    system::{SystemClock, SystemRandom},
    wiring::Local,
};

/// A custodian that takes longer is taken for gone.
const DEADLINE: Duration = Duration::from_secs(REFRESH_SECONDS_MAX);

/// The custodian that the settings name.
pub(crate) fn key_file(settings: &Settings, data_dir: &DataDir) -> KeyFile {
    let named = settings.encryption.value.key_file.clone();
    KeyFile::new(named.unwrap_or_else(|| data_dir.wrapping_key()), Arc::new(SystemRandom))
}

/// What the vault of an installation is made of.
pub(crate) fn parts(local: &Local, custodian: KeyFile) -> VaultParts {
    VaultParts {
        custodian: Arc::new(custodian),
        store: local.store.clone(),
        access: local.store.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        secrets: Arc::new(SystemRandom),
    }
}

/// The vault with the keys at hand. Makes the wrapping key of an installation that has none, and
/// seals what earlier versions stored in clear.
pub(crate) async fn open(local: &Local, settings: &Settings) -> Result<Arc<Vault>, Failure> {
    let custodian = key_file(settings, &local.data_dir);
    if local.store.data_keys().await?.is_empty() {
        make_if_missing(&custodian)?;
    }
    if settings.encryption.value.key_file.is_none() {
        tracing::info!("the wrapping key lies beside the data; `encryption.key_file` moves it");
    }
    let vault = Arc::new(Vault::new(parts(local, custodian)));
    vault.found(local.operator().await?).await.map_err(explain)?;
    let database = local.data_dir.database();
    let sealed = store::seal_clear_texts(&database, &vault).await?;
    if sealed > 0 {
        tracing::warn!(rows = sealed, "sealed the texts that an earlier version stored in clear");
    }
    Ok(vault)
}

fn make_if_missing(custodian: &KeyFile) -> Result<(), Failure> {
    let made = match custodian.id() {
        Err(error) if error.is_missing() => custodian.create(),
        other => other,
    };
    made.map(drop).map_err(|error: KeyFileError| {
        let hint = error.hint();
        Failure::new(Exit::Failed, error).hint(hint)
    })
}

/// Why no text can be read, and what to do.
pub(crate) fn explain(error: VaultError) -> Failure {
    let hint = match &error {
        VaultError::Custody(CustodyError::Missing { .. }) => {
            "put the wrapping key back where `galerne config` says; without it no conversation can \
             be read"
        }
        VaultError::Custody(CustodyError::Refused { .. }) => {
            "the stored keys were altered: restore the data directory from a backup"
        }
        VaultError::Custody(CustodyError::Unavailable { .. }) => "see the cause",
        VaultError::Store(_) | VaultError::Audit(_) => "see `/health` and the server's log",
    };
    Failure::new(Exit::Failed, error).hint(hint)
}

/// Asks for the keys again and again until `stop`, so that a wrapping key that was taken away
/// locks the texts.
pub(crate) async fn watch(vault: Arc<Vault>, seconds: u64, stop: CancellationToken) {
    let mut ticks = interval(Duration::from_secs(seconds));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let was_open = vault.is_open();
        match timeout(DEADLINE, vault.refresh()).await {
            Ok(Ok(())) if !was_open => tracing::warn!("the texts can be read again"),
            // A refusal is told of where it locks.
            Ok(Ok(()) | Err(_)) => {}
            Err(_) => {
                vault.lock();
                tracing::error!(
                    code = "encryption.locked",
                    "the wrapping key was not given in time"
                );
            }
        }
    }
}
