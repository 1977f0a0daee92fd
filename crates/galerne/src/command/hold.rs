//! `galerne hold place|list|lift`

use governance::{Hold, NewHold};
use serde_json::{Value, json};

use super::account;
use crate::{cli, failure::Failure, output::Output, protection, wiring::Local};

pub(super) async fn run(local: &Local, command: &cli::Hold, output: Output) -> Result<(), Failure> {
    let result = carry_out(local, command, output).await;
    local.close().await;
    result
}

async fn carry_out(local: &Local, command: &cli::Hold, output: Output) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let holds = protection::holds(local);
    match command {
        cli::Hold::Place { account, reason, reference } => {
            let account = match account {
                Some(name) => Some(account::named(local, &operator, name).await?.id),
                None => None,
            };
            let new = NewHold { account, reason: *reason, reference: reference.clone() };
            let hold = holds.place(&operator, new).await?;
            output.show(&line(&hold), &describe(&hold))
        }
        cli::Hold::List => {
            let holds = holds.list(&operator).await?;
            let lines: Vec<_> = holds.iter().map(line).collect();
            let values: Vec<_> = holds.iter().map(describe).collect();
            output.show(&lines.join("\n"), &values)
        }
        cli::Hold::Lift { id } => {
            let lifted = holds.lift(&operator, *id).await;
            lifted.map_err(|error| Failure::from(error).hint("`galerne hold list` shows them"))?;
            output.show(&format!("hold {id} is lifted"), &json!({ "id": id.to_string() }))
        }
    }
}

fn line(hold: &Hold) -> String {
    let what = hold.account.map_or_else(|| "everything".to_owned(), |id| format!("account {id}"));
    let state = match hold.lifted_at {
        Some(at) => format!("lifted {at}"),
        None => "in force".to_owned(),
    };
    format!("{}  {what}  {}  {}  {state}", hold.id, hold.reason.as_str(), hold.reference)
}

fn describe(hold: &Hold) -> Value {
    json!({
        "id": hold.id.to_string(),
        "account": hold.account.map(|id| id.to_string()),
        "reason": hold.reason.as_str(),
        "reference": hold.reference,
        "placed_at": hold.placed_at.to_string(),
        "lifted_at": hold.lifted_at.map(|at| at.to_string()),
    })
}
