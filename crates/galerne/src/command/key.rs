//! `galerne key create|list|revoke`

use domain::ApiKey;
use serde_json::{Value, json};

use crate::{cli::Key, failure::Failure, output::Output, wiring::Local};

pub(crate) async fn run(local: &Local, command: &Key, output: Output) -> Result<(), Failure> {
    let caller = local.operator().await?;
    let result = match command {
        Key::Create { name } => {
            let created = local.access.create_key(&caller, name).await?;
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

fn list_line(key: &ApiKey) -> String {
    let state = match key.revoked_at {
        Some(at) => format!("revoked {at}"),
        None => "active".to_owned(),
    };
    format!("{}  {}  {state}  {}", key.id, key.created_at, key.name)
}

fn describe(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "project": key.project.to_string(),
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}
