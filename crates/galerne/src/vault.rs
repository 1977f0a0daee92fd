//! The keys of texts at rest: made at the first start, asked for again while the server runs.

use std::{error::Error, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use companion::Pipes;
use custody::{Custodian, CustodianError, KeyFile, KeyFileError, TokenError, TokenKey};
use governance::{
    REFRESH_SECONDS_MAX, Vault, VaultError, VaultParts,
    ports::{CustodyError, DataKeyStore as _, KeyCustodian},
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    data_dir::DataDir,
    failure::{Exit, Failure},
    system::{SystemClock, SystemRandom},
    wiring::Local,
    worker,
};

/// A custodian that takes longer is taken for gone.
const DEADLINE: Duration = Duration::from_secs(REFRESH_SECONDS_MAX);

/// Starts what asks the token of the settings, if they name one: a process of its own, which is
/// started before the server is confined.
pub(crate) fn start_keeper(settings: &Settings) -> Result<Option<Pipes>, Failure> {
    if settings.encryption.value.pkcs11.is_none() {
        return Ok(None);
    }
    let pipes = Pipes::start(worker::command("token-keeper"))
        .context("could not start the keeper of the token")?;
    Ok(Some(pipes))
}

/// In that process: asks a third one, which has the library of the token's maker loaded.
pub(crate) fn keep() -> Result<(), Failure> {
    Ok(custody::keep(&|| worker::command("token-holder"))?)
}

/// The custodian that the settings name.
pub(crate) async fn custodian(
    settings: &Settings,
    data_dir: &DataDir,
    keeper: Option<Pipes>,
) -> Result<Custodian, Failure> {
    let secrets = Arc::new(SystemRandom);
    let Some(token) = &settings.encryption.value.pkcs11 else {
        return Ok(Custodian::File(KeyFile::new(file_in_use(settings, data_dir), secrets)));
    };
    let keeper = keeper.context("the keeper of the token was not started")?;
    let token = TokenKey::connect(keeper, token.place(), secrets).await;
    Ok(Custodian::Token(token.map_err(|error| no_key(error.into()))?))
}

/// The file of the wrapping key, unless a token keeps it.
pub(crate) fn key_file(settings: &Settings, data_dir: &DataDir) -> Option<PathBuf> {
    let is_in_token = settings.encryption.value.pkcs11.is_some();
    (!is_in_token).then(|| file_in_use(settings, data_dir))
}

fn file_in_use(settings: &Settings, data_dir: &DataDir) -> PathBuf {
    let named = settings.encryption.value.key_file.clone();
    named.unwrap_or_else(|| data_dir.wrapping_key())
}

/// What the vault of an installation is made of.
pub(crate) fn parts(local: &Local, custodian: Arc<dyn KeyCustodian>) -> VaultParts {
    VaultParts {
        custodian,
        store: local.store.clone(),
        access: local.store.clone(),
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        secrets: Arc::new(SystemRandom),
    }
}

/// The vault with the keys at hand. Makes the wrapping key of an installation that has none, and
/// seals what earlier versions stored in clear.
pub(crate) async fn open(
    local: &Local,
    settings: &Settings,
    keeper: Option<Pipes>,
) -> Result<Arc<Vault>, Failure> {
    let custodian = custodian(settings, &local.data_dir, keeper).await?;
    if local.store.data_keys().await?.is_empty() {
        custodian.id_or_create().await.map_err(no_key)?;
    }
    let encryption = &settings.encryption.value;
    if encryption.key_file.is_none() && encryption.pkcs11.is_none() {
        tracing::info!("the wrapping key lies beside the data; `encryption.key_file` moves it");
    }
    let vault = Arc::new(Vault::new(parts(local, Arc::new(custodian))));
    vault.found(local.operator().await?).await.map_err(explain)?;
    let database = local.data_dir.database();
    let sealed = store::seal_clear_texts(&database, &vault).await?;
    if sealed > 0 {
        tracing::warn!(rows = sealed, "sealed the texts that an earlier version stored in clear");
    }
    Ok(vault)
}

/// Why there is no wrapping key, and what to do.
pub(crate) fn no_key(error: CustodianError) -> Failure {
    let hint = error.hint();
    Failure::new(Exit::Failed, error).hint(hint)
}

/// Why no text can be read, and what to do.
pub(crate) fn explain(error: VaultError) -> Failure {
    let hint = match &error {
        VaultError::Custody(CustodyError::Missing { .. }) => {
            "put the wrapping key back where `galerne encryption show` says, or take the keys along \
             with `galerne encryption move` if the settings name another place than before"
        }
        VaultError::Custody(CustodyError::Refused { .. }) => {
            "the stored keys were altered: restore the data directory from a backup; where a token \
             keeps the wrapping key, see first that it works"
        }
        VaultError::Custody(CustodyError::Unavailable { source }) => hint_of(source.as_ref()),
        VaultError::Store(_) | VaultError::Audit(_) => "see `/health` and the server's log",
    };
    Failure::new(Exit::Failed, error).hint(hint)
}

/// What its custodian says that a person can do.
fn hint_of(source: &(dyn Error + Send + Sync + 'static)) -> &'static str {
    let of_file = source.downcast_ref::<KeyFileError>().map(KeyFileError::hint);
    let of_token = source.downcast_ref::<TokenError>().map(TokenError::hint);
    of_file.or(of_token).unwrap_or("see the cause")
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
