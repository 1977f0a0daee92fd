//! `galerne account create|list|role|disable|enable|link|password`

use std::io::{BufRead as _, IsTerminal as _};

use domain::{Account, AccountKind, AccountName, Caller, Role};
use governance::{AccessError, NewAccount, Password, Wish};
use serde_json::{Value, json};

use super::page_link;
use crate::{
    cli,
    failure::Failure,
    output::{Output, piece},
    wiring::Local,
};

pub(crate) async fn run(
    local: &Local,
    command: &cli::Account,
    output: Output,
) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let result = match command {
        cli::Account::Create { name, role, service } => {
            let kind = if *service { AccountKind::Service } else { AccountKind::Person };
            let new = NewAccount { name: name.clone(), kind, role: *role };
            create(local, &operator, &new, output).await
        }
        cli::Account::List => list(local, &operator, output).await,
        cli::Account::Role { name, role } => {
            change(local, &operator, name, Wish { role: Some(*role), disabled: None }, output).await
        }
        cli::Account::Disable { name } => {
            change(local, &operator, name, Wish { role: None, disabled: Some(true) }, output).await
        }
        cli::Account::Enable { name } => {
            change(local, &operator, name, Wish { role: None, disabled: Some(false) }, output).await
        }
        cli::Account::Link { name, base_url } => {
            let account = named(local, &operator, name).await?;
            let link = invitation(local, &operator, &account, base_url.as_deref()).await?;
            let text = format!("{link}\nvalid once, 10 minutes");
            output.show(&text, &json!({ "url": link, "valid_seconds": 600 }))
        }
        cli::Account::Password { name } => password(local, &operator, name, output).await,
        // A command of its own: it needs the log too.
        cli::Account::Erase(_) => Ok(()),
    };
    local.close().await;
    result
}

async fn create(
    local: &Local,
    operator: &Caller,
    new: &NewAccount,
    output: Output,
) -> Result<(), Failure> {
    let account = local.access.create_account(operator, new).await?;
    let mut value = describe(&account);
    let mut text = line(&account);
    if account.kind == AccountKind::Person {
        let link = invitation(local, operator, &account, None).await?;
        text = format!("{text}\n{link}\nsigns a browser in once, within 10 minutes");
        value["url"] = json!(link);
    }
    output.show(&text, &value)
}

async fn list(local: &Local, operator: &Caller, output: Output) -> Result<(), Failure> {
    let accounts = local.access.list_accounts(operator).await?;
    let lines: Vec<_> = accounts.iter().map(line).collect();
    let values: Vec<_> = accounts.iter().map(describe).collect();
    output.show(&lines.join("\n"), &values)
}

async fn change(
    local: &Local,
    operator: &Caller,
    name: &AccountName,
    wish: Wish,
    output: Output,
) -> Result<(), Failure> {
    let account = named(local, operator, name).await?;
    let changed = local.access.update_account(operator, account.id, wish).await;
    let changed = changed.map_err(|error| match error {
        AccessError::LastOwner => {
            Failure::from(error).hint("`galerne account role NAME owner` makes another owner")
        }
        error => error.into(),
    })?;
    output.show(&line(&changed), &describe(&changed))
}

async fn password(
    local: &Local,
    operator: &Caller,
    name: &AccountName,
    output: Output,
) -> Result<(), Failure> {
    let account = named(local, operator, name).await?;
    if std::io::stdin().is_terminal() {
        // Nothing here hides what is typed; a pipe does.
        piece(&format!("new password of {name} (it is shown as you type): "))?;
    }
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    let new = Password::typed(typed.trim_end_matches(['\r', '\n']).to_owned());
    local.access.reset_password(operator, &account, new).await?;
    output.show(&format!("{name} has a new password"), &describe(&account))
}

pub(super) async fn named(
    local: &Local,
    operator: &Caller,
    name: &AccountName,
) -> Result<Account, Failure> {
    let found = local.access.account_named(operator, name).await;
    found.map_err(|error| Failure::from(error).hint("`galerne account list` shows all of them"))
}

async fn invitation(
    local: &Local,
    operator: &Caller,
    account: &Account,
    base_url: Option<&str>,
) -> Result<String, Failure> {
    let token = local.access.invite(operator, account.id).await?;
    let base = match base_url {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => format!("http://{}", local.listen),
    };
    Ok(page_link(&base, &token))
}

fn line(account: &Account) -> String {
    let state = match account.disabled_at {
        Some(at) => format!("disabled {at}"),
        None => "active".to_owned(),
    };
    let (role, kind): (Role, AccountKind) = (account.role, account.kind);
    format!("{}  {}  {}  {state}", account.name, role.as_str(), kind.as_str())
}

fn describe(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "name": account.name.to_string(),
        "kind": account.kind.as_str(),
        "role": account.role.as_str(),
        "created_at": account.created_at.to_string(),
        "disabled_at": account.disabled_at.map(|at| at.to_string()),
    })
}
