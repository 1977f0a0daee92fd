//! `galerne key create|list|revoke`

use domain::{ApiKey, Clock as _, Permission, Permissions, Role, Timestamp};
use governance::NewKey;
use serde_json::{Value, json};

use crate::{cli::Key, failure::Failure, output::Output, system::SystemClock, wiring::Local};

pub(crate) async fn run(local: &Local, command: &Key, output: Output) -> Result<(), Failure> {
    let caller = local.operator().await?;
    let result = match command {
        Key::Create { name, account, allow, expires_in_days } => {
            let account = match account {
                Some(name) => {
                    Some(local.access.account_named(&caller, name).await.map_err(|error| {
                        Failure::from(error).hint("`galerne account list` shows all of them")
                    })?)
                }
                None => None,
            };
            let role = account.as_ref().map_or(Role::Owner, |account| account.role);
            let new = NewKey {
                name,
                account: account.map(|account| account.id),
                permissions: permissions(allow, role),
                expires_at: expires_in_days.map(days_from_now),
            };
            let created = local.access.create_key(&caller, &new).await?;
            let secret = created.secret.expose();
            let mut value = describe(&created.key);
            value["key"] = json!(secret);
            let id = created.key.id;
            output.show(&format!("{secret}\nid: {id}  (the key is not shown again)"), &value)
        }
        Key::List => {
            let keys = local.access.list_keys(&caller).await?;
            let lines: Vec<_> = keys.iter().map(list_line).collect();
            let values: Vec<_> = keys.iter().map(describe).collect();
            output.show(&lines.join("\n"), &values)
        }
        Key::Revoke { id } => {
            local.access.revoke_key(&caller, *id).await.map_err(|error| {
                Failure::from(error).hint("`galerne key list` shows the project's keys")
            })?;
            output.show(&format!("revoked {id}"), &json!({ "id": id, "revoked": true }))
        }
    };
    local.close().await;
    result
}

/// What was named, or what a key of this role can do without touching accounts.
fn permissions(allow: &[Permission], role: Role) -> Permissions {
    if allow.is_empty() {
        role.permissions().and(Permissions::OF_PLAIN_KEYS)
    } else {
        Permissions::of(allow)
    }
}

fn days_from_now(days: u16) -> Timestamp {
    SystemClock.now().plus_seconds(i64::from(days) * 24 * 60 * 60)
}

fn list_line(key: &ApiKey) -> String {
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "active".to_owned(),
    };
    format!("{}  {}  {state}  {} ({})", key.id, key.created_at, key.name, key.permissions)
}

fn describe(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "project": key.project.to_string(),
        "account": key.account.to_string(),
        "permissions": key.permissions.iter().map(Permission::as_str).collect::<Vec<_>>(),
        "expires_at": key.expires_at.map(|at| at.to_string()),
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}
