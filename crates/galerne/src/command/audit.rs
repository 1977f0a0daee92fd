//! `galerne audit key|checkpoint|verify|prove|export|accept-clock`

mod export;
mod prove;
mod verify;

use governance::{Action, AuditFact, Subject};
use serde_json::json;
use transparency_log::{Checkpoint, SignedNote};

use crate::{
    cli::Audit,
    config::Settings,
    failure::{Exit, Failure},
    log,
    output::Output,
    wiring::Local,
};

pub(crate) async fn run(
    settings: &Settings,
    command: &Audit,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let result = match command {
        Audit::Key => key(&local, settings, output).await,
        Audit::Checkpoint => checkpoint(&local, settings, output).await,
        Audit::Verify(flags) => verify::run(&local, settings, flags, output).await,
        Audit::Prove(flags) => prove::run(&local, settings, flags, output).await,
        Audit::Export { directory } => export::run(&local, settings, directory, output).await,
        Audit::AcceptClock => accept_clock(&local, output).await,
    };
    local.close().await;
    result
}

async fn key(local: &Local, settings: &Settings, output: Output) -> Result<(), Failure> {
    let reader = log::reader(local, &settings.log.value).await?;
    let key = reader.verifier().to_string();
    output.show(&key, &json!({ "key": key, "origin": reader.verifier().name() }))
}

async fn checkpoint(local: &Local, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (note, checkpoint) = newest(local, settings).await?;
    let note = note.to_string();
    let value = json!({
        "checkpoint": note,
        "size": checkpoint.size,
        "root": checkpoint.root.to_base64(),
    });
    output.show(note.trim_end(), &value)
}

/// The newest checkpoint; if no server works here, everything is signed first.
pub(super) async fn newest(
    local: &Local,
    settings: &Settings,
) -> Result<(SignedNote, Checkpoint), Failure> {
    match local.data_dir.lock() {
        Ok(_lock) => {
            let log = log::open(local, &settings.log.value).await?;
            log.checkpoint().await.map_err(log::explain)?;
        }
        // The server that works here signs what is new within seconds.
        Err(failure) if failure.exit_kind() == Exit::InUse => {}
        Err(failure) => return Err(failure),
    }
    let reader = log::reader(local, &settings.log.value).await?;
    reader.checkpoint().await?.ok_or_else(|| {
        Failure::message("nothing was signed yet")
            .hint("the log begins with the first start of `galerne serve`")
    })
}

async fn accept_clock(local: &Local, output: Output) -> Result<(), Failure> {
    let caller = local.operator().await?;
    local.trail.record(&AuditFact::ok(Action::ClockAccept, caller, Subject::Nothing)).await?;
    output.show(
        "the clock as it is now is accepted, and an entry of the log says so",
        &json!({ "accepted": true }),
    )
}
