//! `galerne account erase NAME`: a person and all that names it, for good.

use std::{fs, time::Duration};

use anyhow::Context as _;
use domain::{AccountId, Caller};
use governance::{Erasure, ErasureState, Erasures, ports::AccessStore as _};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::account;
use crate::{
    cli::AccountErase,
    config::Settings,
    data_dir::ServeLock,
    failure::{Exit, Failure},
    libraries, log,
    output::Output,
    protection, vault,
    wiring::Local,
};

/// How long a server beside this command is waited for. It goes on without.
const SERVER: Duration = Duration::from_mins(2);

pub(super) async fn run(
    settings: &Settings,
    flags: &AccountErase,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let result = erase(&local, settings, flags, output).await;
    local.close().await;
    result
}

async fn erase(
    local: &Local,
    settings: &Settings,
    flags: &AccountErase,
    output: Output,
) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let account = find(local, &operator, flags).await?;
    let erasures = protection::erasures(local, settings, None).await?;
    let ordered = erasures.order(&operator, account, flags.reason).await;
    let ordered = ordered.map_err(|error| match error.code() {
        "hold.in_force" => Failure::from(error).hint("`galerne hold list` tells the case"),
        "account.last_owner" => {
            Failure::from(error).hint("`galerne account role NAME owner` makes another owner")
        }
        _ => Failure::from(error),
    })?;
    match local.data_dir.lock() {
        Ok(lock) => alone(local, settings, &erasures, lock).await?,
        // The server that works here carries it out.
        Err(failure) if failure.exit_kind() == Exit::InUse => {}
        Err(failure) => return Err(failure),
    }
    let deadline = Instant::now() + SERVER;
    let mut erasure = erasures.wait(ordered).await?;
    while erasure.state != ErasureState::Done && Instant::now() < deadline {
        sleep(Duration::from_millis(200)).await;
        erasure = erasures.wait(erasure).await?;
    }
    show(&erasure, flags, output)
}

/// By name, or by id: names of accounts may look like ids.
async fn find(
    local: &Local,
    operator: &Caller,
    flags: &AccountErase,
) -> Result<AccountId, Failure> {
    let id: Option<AccountId> = flags.account.as_str().parse().ok();
    if let Some(id) = id
        && local.store.account(operator.organisation, id).await?.is_some()
    {
        return Ok(id);
    }
    Ok(account::named(local, operator, &flags.account).await?.id)
}

/// Without a server: removes, signs the log, and certifies.
async fn alone(
    local: &Local,
    settings: &Settings,
    erasures: &Erasures,
    _lock: ServeLock,
) -> Result<(), Failure> {
    let log = log::open(local, &settings.log.value).await?;
    let erasures = with_index(local, settings, erasures).await?;
    erasures.advance().await?;
    log.checkpoint().await.map_err(log::explain)?;
    Ok(erasures.advance().await?)
}

/// The same, where documents were found by something: that is written anew, which needs the keys.
async fn with_index(
    local: &Local,
    settings: &Settings,
    erasures: &Erasures,
) -> Result<Erasures, Failure> {
    let erasures = erasures.clone();
    if !local.data_dir.index().exists() {
        return Ok(erasures);
    }
    let vault = vault::open(local, settings, vault::start_keeper(settings)?).await?;
    Ok(erasures.with_derived(libraries::derived_alone(local, settings, &vault)?))
}

fn show(erasure: &Erasure, flags: &AccountErase, output: Output) -> Result<(), Failure> {
    let id = erasure.id.to_string();
    let Some(certificate) = &erasure.certificate else {
        return Err(Failure::message(format!("erasure {id} is ordered, and not done yet"))
            .hint("the server goes on with it, also after a restart; see its log"));
    };
    let value = json!({ "id": id, "subject": erasure.subject, "certificate": certificate });
    match &flags.out {
        None => output.show(certificate.trim_end(), &value),
        Some(path) => {
            let written = fs::write(path, certificate);
            written.with_context(|| format!("could not write {}", path.display()))?;
            output.show(&format!("wrote {}", path.display()), &value)
        }
    }
}
