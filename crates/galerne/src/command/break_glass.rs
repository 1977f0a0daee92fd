//! `galerne break-glass list`

use domain::{AccountId, Clock as _};
use governance::{BreakGlass, BreakGlassError, Opening};
use serde_json::{Value, json};

use crate::{failure::Failure, output::Output, system::SystemClock, wiring::Local};

pub(crate) async fn list(local: &Local, output: Output) -> Result<(), Failure> {
    let result = show(local, output).await;
    local.close().await;
    result
}

async fn show(local: &Local, output: Output) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let break_glass = BreakGlass::new(local.access.clone(), local.store.clone());
    let openings = break_glass.list(&operator).await.map_err(|error| match error {
        BreakGlassError::Access(source) => Failure::from(source),
        other => Failure::from(anyhow::Error::new(other)),
    })?;
    let accounts = local.access.list_accounts(&operator).await?;
    let name = |id: AccountId| {
        let found = accounts.iter().find(|account| account.id == id);
        found.map_or_else(|| id.to_string(), |account| account.name.to_string())
    };
    let lines: Vec<_> = openings.iter().map(|opening| line(opening, name)).collect();
    let values: Vec<_> = openings.iter().map(|opening| describe(opening, name)).collect();
    output.show(&lines.join("\n"), &values)
}

fn line(opening: &Opening, name: impl Fn(AccountId) -> String) -> String {
    let state = opening.state(SystemClock.now()).as_str();
    let approver = opening.approved.map_or_else(|| "nobody".to_owned(), |step| name(step.by));
    format!(
        "{}  {}  {state}  {} asked for {}, {} min, agreed by {approver}: {}",
        opening.id,
        opening.requested_at,
        name(opening.requester),
        name(opening.subject),
        opening.minutes,
        opening.reason,
    )
}

fn describe(opening: &Opening, name: impl Fn(AccountId) -> String) -> Value {
    let (approved, closed) = (opening.approved, opening.closed);
    json!({
        "id": opening.id.to_string(),
        "state": opening.state(SystemClock.now()).as_str(),
        "account": name(opening.subject),
        "requester": name(opening.requester),
        "reason": opening.reason,
        "minutes": opening.minutes,
        "requested_at": opening.requested_at.to_string(),
        "approver": approved.map(|step| name(step.by)),
        "approved_at": approved.map(|step| step.at.to_string()),
        "until": opening.until().map(|at| at.to_string()),
        "closer": closed.map(|step| name(step.by)),
        "closed_at": closed.map(|step| step.at.to_string()),
    })
}
