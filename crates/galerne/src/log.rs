//! The log of this installation: its key, its witness, and how a failure is told.

use std::{path::Path, sync::Arc, time::Duration};

use governance::{
    Log, LogError, LogFault, LogParts, LogReader, ReceiptLog,
    ports::{LogStore as _, Witness},
};
use inference::{Receipts, ReceiptsParts};
use transparency_log::{Signer, Verifier};
use witness::{CheckpointFileError, FileWitness, HttpWitness};

use crate::{
    config::{LogSettings, WitnessPlace},
    failure::{Exit, Failure},
    system::{SystemClock, SystemRandom},
    wiring::Local,
};

/// Takes up the log; refuses to if it is not the one that was signed and published.
pub(crate) async fn open(local: &Local, settings: &LogSettings) -> Result<Log, Failure> {
    let signer = signer(local, settings).await?;
    let witness = witness(local, settings, signer.verifier()).await?;
    let parts = LogParts {
        store: local.store.clone(),
        signer,
        witness,
        clock: Arc::new(SystemClock),
        gate: local.gate.clone(),
        every: Duration::from_secs(settings.checkpoint_seconds),
        witness_grace: Duration::from_secs(settings.witness_grace_seconds),
    };
    Log::open(parts).await.map_err(explain)
}

/// What can be read of the log without its key being used.
pub(crate) async fn reader(local: &Local, settings: &LogSettings) -> Result<LogReader, Failure> {
    let signer = signer(local, settings).await?;
    Ok(LogReader::new(local.store.clone(), signer.verifier()))
}

/// What issues receipts, with the key of the log. `patience`: how long it waits for a checkpoint.
pub(crate) async fn receipts(
    local: &Local,
    settings: &LogSettings,
    patience: Duration,
) -> Result<Receipts, Failure> {
    Ok(Receipts::new(ReceiptsParts {
        ledger: local.store.clone(),
        log: receipt_log(local, settings).await?,
        trail: local.trail.clone(),
        clock: Arc::new(SystemClock),
        patience,
    }))
}

/// What proves entries and signs statements about them.
pub(crate) async fn receipt_log(
    local: &Local,
    settings: &LogSettings,
) -> Result<ReceiptLog, Failure> {
    let signer = signer(local, settings).await?;
    let reader = LogReader::new(local.store.clone(), signer.verifier());
    Ok(ReceiptLog::new(reader, signer))
}

/// The key that signs; made now if nothing was signed before.
async fn signer(local: &Local, settings: &LogSettings) -> Result<Signer, Failure> {
    if let Some(signer) = local.data_dir.log_key()? {
        return Ok(signer);
    }
    if local.store.newest_checkpoint().await?.is_some() {
        return Err(Failure::message("log.key is missing, and the log was signed with it")
            .hint("restore the file from a backup of the same data directory"));
    }
    local.data_dir.create_log_key(settings.origin.as_deref(), &SystemRandom)
}

async fn witness(
    local: &Local,
    settings: &LogSettings,
    verifier: Verifier,
) -> Result<Arc<dyn Witness>, Failure> {
    match &settings.witness {
        None => file_witness(&local.data_dir.checkpoints(), verifier),
        Some(WitnessPlace::File(path)) => file_witness(path, verifier),
        Some(WitnessPlace::Http(address)) => {
            let client = local.outbound.client(address, &local.trail).await?;
            let wrong = |error| {
                let error = anyhow::Error::new(error).context("`log.witness` is no address");
                Failure::new(Exit::Settings, error)
            };
            Ok(Arc::new(HttpWitness::new(address, client).map_err(wrong)?))
        }
    }
}

/// A file that is not ours stays so: waiting for it, as for one that is away, would not help.
fn file_witness(path: &Path, verifier: Verifier) -> Result<Arc<dyn Witness>, Failure> {
    match witness::newest(path, &verifier) {
        Ok(_) | Err(CheckpointFileError::Failed { .. }) => {}
        Err(error) => {
            return Err(Failure::new(Exit::Settings, error).hint(
                "name another file under `log.witness`, or move this one away and keep it: what \
                 it holds may be evidence",
            ));
        }
    }
    Ok(Arc::new(FileWitness::new(path, verifier)))
}

pub(crate) fn explain(error: LogError) -> Failure {
    let fault = error.fault();
    let exit = match fault {
        LogFault::Altered | LogFault::RolledBack | LogFault::Forked => Exit::Tampered,
        LogFault::Unavailable | LogFault::WitnessLate | LogFault::ClockMovedBack => Exit::Failed,
    };
    let code = fault.code();
    Failure::new(exit, anyhow::Error::new(error).context(code)).hint(match fault {
        LogFault::Altered => "`galerne audit verify` names the first entry that is not as signed",
        LogFault::RolledBack => {
            "an old copy was restored: restore the newest one; what was answered since then is \
             proven by the witness and missing here"
        }
        LogFault::Forked => {
            "keep this data directory and the witness\'s checkpoints: together they prove two \
             histories; `galerne audit verify --checkpoint FILE` compares them"
        }
        LogFault::ClockMovedBack => {
            "set the clock right; if it was wrong before and is right now, say so with \
             `galerne audit accept-clock`"
        }
        LogFault::Unavailable | LogFault::WitnessLate => {
            "see the cause; a full or failing disk is the most likely one"
        }
    })
}
