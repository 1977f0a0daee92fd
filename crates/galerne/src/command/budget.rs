//! `galerne budget list|set|remove`

use domain::Caller;
use inference::{BudgetError, BudgetId, BudgetScope, BudgetStanding, Budgets};
use serde_json::{Value, json};

use super::account;
use crate::{
    cli::{Budget, BudgetSet},
    config::Settings,
    failure::Failure,
    output::Output,
    wiring::Local,
};

pub(super) async fn run(
    settings: &Settings,
    command: &Budget,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let result = carry_out(&local, &local.budgets(settings)?, command, output).await;
    local.close().await;
    result
}

async fn carry_out(
    local: &Local,
    budgets: &Budgets,
    command: &Budget,
    output: Output,
) -> Result<(), Failure> {
    let operator = local.operator().await?;
    match command {
        Budget::List => {
            let standings = budgets.list(&operator).await?;
            let lines: Vec<_> = standings.iter().map(line).collect();
            let values: Vec<_> = standings.iter().map(describe).collect();
            output.show(&lines.join("\n"), &values)
        }
        Budget::Set(wanted) => {
            let id = BudgetId {
                scope: scope(local, &operator, wanted).await?,
                quantity: wanted.quantity,
            };
            let amount = id.quantity.amount(&wanted.limit)?;
            let set = budgets.set(&operator, id, amount).await;
            let standing = set.map_err(|error| match error {
                BudgetError::NobodyThere { .. } => Failure::from(error)
                    .hint("`galerne key list` and `galerne account list` show what there is"),
                error => error.into(),
            })?;
            output.show(&line(&standing), &describe(&standing))
        }
        Budget::Remove { id } => {
            let removed = budgets.remove(&operator, *id).await;
            removed
                .map_err(|error| Failure::from(error).hint("`galerne budget list` shows them"))?;
            output.show(&format!("limit {id} is removed"), &json!({ "id": id.to_string() }))
        }
    }
}

async fn scope(
    local: &Local,
    operator: &Caller,
    wanted: &BudgetSet,
) -> Result<BudgetScope, Failure> {
    Ok(match (wanted.key, &wanted.account, wanted.project) {
        (Some(id), _, _) => BudgetScope::Key(id),
        (None, Some(name), _) => {
            BudgetScope::Account(account::named(local, operator, name).await?.id)
        }
        (None, None, Some(id)) => BudgetScope::Project(id),
        (None, None, None) => BudgetScope::Organisation,
    })
}

/// A command sees what is in the rows: what runs in a server counts with its prompt.
fn line(standing: &BudgetStanding) -> String {
    let BudgetId { quantity, .. } = standing.budget.id;
    let show = |amount| quantity.show(amount);
    let (used, limit) = (show(standing.used), show(standing.budget.amount));
    format!("{}  {used} of {limit} {}", standing.budget.id, quantity.words())
}

fn describe(standing: &BudgetStanding) -> Value {
    let BudgetId { scope, quantity } = standing.budget.id;
    let number = |amount| quantity.show(amount).parse::<serde_json::Number>().ok();
    json!({
        "id": standing.budget.id.to_string(),
        "scope": scope.kind(),
        "scope_id": scope.id(),
        "quantity": quantity.as_str(),
        "limit": number(standing.budget.amount),
        "used": number(standing.used),
        "held": number(standing.held),
    })
}
