//! `galerne encryption`: the keys of texts at rest.

use custody::KeyFile;
use governance::{
    DataClass, Vault,
    ports::{DataKeyStore as _, StoredDataKey},
};
use serde_json::json;

use crate::{
    cli::Encryption, config::Settings, failure::Failure, output::Output, vault, wiring::Local,
};

pub(super) async fn run(
    settings: &Settings,
    command: &Encryption,
    output: Output,
) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let custodian = vault::key_file(settings, &local.data_dir);
    match command {
        Encryption::Show => show(&local, &custodian, output).await,
        Encryption::RotateDataKey => rotate_data_key(&local, custodian, output).await,
        Encryption::RotateWrappingKey => rotate_wrapping_key(&local, settings, output).await,
    }
}

async fn show(local: &Local, custodian: &KeyFile, output: Output) -> Result<(), Failure> {
    let keys = local.store.data_keys().await?;
    let found = custodian.id();
    let file = custodian.path().display();
    let mut text = match &found {
        Ok(id) => format!("wrapping key {id} in {file}"),
        Err(error) => format!("no wrapping key: {error}\nhint: {}", error.hint()),
    };
    for key in &keys {
        let StoredDataKey { class, version, wrapping, created_at, .. } = key;
        let class = class.as_str();
        let row = format!("\n{class} {version}, made {created_at}, wrapped by {wrapping}");
        text.push_str(&row);
    }
    let rows = keys.iter().map(|key| {
        json!({
            "class": key.class.as_str(),
            "version": key.version,
            "created_at": key.created_at.to_string(),
            "wrapping_key": key.wrapping.to_string(),
        })
    });
    let id = found.as_ref().ok().map(ToString::to_string);
    let value = json!({
        "wrapping_key": id, "file": custodian.path(), "data_keys": rows.collect::<Vec<_>>(),
    });
    output.show(&text, &value)
}

async fn rotate_data_key(local: &Local, custodian: KeyFile, output: Output) -> Result<(), Failure> {
    let vault = Vault::new(vault::parts(local, custodian));
    let version = vault.rotate(local.operator().await?).await.map_err(vault::explain)?;
    let class = DataClass::Conversations.as_str();
    let text = format!(
        "{class} {version} seals what is written from now on; a running server uses it within 30 s"
    );
    output.show(&text, &json!({ "class": class, "version": version }))
}

/// Killed at any moment, it can be called again: a key that was made for it is used then.
async fn rotate_wrapping_key(
    local: &Local,
    settings: &Settings,
    output: Output,
) -> Result<(), Failure> {
    let custodian = vault::key_file(settings, &local.data_dir);
    let caller = local.operator().await?;
    let next = custodian.next();
    let id = match next.id() {
        Err(error) if error.is_missing() => next.create(),
        other => other,
    };
    let id = id.map_err(|error| Failure::from(anyhow::Error::new(error)))?;
    let file = custodian.path().display().to_string();
    let vault = Vault::new(vault::parts(local, vault::key_file(settings, &local.data_dir)));
    if !vault.rewrap(caller, &next).await.map_err(vault::explain)? {
        return Err(Failure::message("a data key was made meanwhile; nothing was changed")
            .hint("call it again"));
    }
    custodian.replace().map_err(|error| Failure::from(anyhow::Error::new(error)))?;
    let text = format!("wrapping key {id} in {file}; the one before it opens nothing any more");
    output.show(&text, &json!({ "wrapping_key": id.to_string(), "file": file }))
}
