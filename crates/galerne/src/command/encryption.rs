//! `galerne encryption`: the keys of texts at rest.

use std::{path::Path, sync::Arc};

use custody::{Custodian, KeyFile};
use governance::{
    DataClass, Vault,
    ports::{DataKeyStore as _, StoredDataKey},
};
use serde_json::json;

use crate::{
    cli::{Encryption, MoveKey},
    config::Settings,
    failure::Failure,
    output::Output,
    system::SystemRandom,
    vault,
    wiring::Local,
};

pub(super) async fn run(
    settings: &Settings,
    command: &Encryption,
    output: Output,
) -> Result<(), Failure> {
    let keeper = vault::start_keeper(settings)?;
    let local = Local::open(settings).await?;
    let custodian = Arc::new(vault::custodian(settings, &local.data_dir, keeper).await?);
    match command {
        Encryption::Show => show(&local, &custodian, output).await,
        Encryption::RotateDataKey => rotate_data_key(&local, custodian, output).await,
        Encryption::RotateWrappingKey => rotate_wrapping_key(&local, custodian, output).await,
        Encryption::Move(flags) => move_key(&local, custodian, flags, output).await,
    }
}

async fn show(local: &Local, custodian: &Custodian, output: Output) -> Result<(), Failure> {
    let keys = local.store.data_keys().await?;
    let found = custodian.id().await;
    let place = custodian.place();
    let mut text = match &found {
        Ok(id) => format!("wrapping key {id} in {place}"),
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
    let (file, token) = match custodian {
        Custodian::File(file) => (Some(file.path()), None),
        Custodian::Token(token) => (None, Some(token.place())),
    };
    let value = json!({
        "wrapping_key": id, "file": file, "token": token, "data_keys": rows.collect::<Vec<_>>(),
    });
    output.show(&text, &value)
}

async fn rotate_data_key(
    local: &Local,
    custodian: Arc<Custodian>,
    output: Output,
) -> Result<(), Failure> {
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
    custodian: Arc<Custodian>,
    output: Output,
) -> Result<(), Failure> {
    let next = custodian.next();
    let id = next.id_or_create().await.map_err(vault::no_key)?;
    rewrap(local, Arc::clone(&custodian), &next).await?;
    custodian.replace().await.map_err(vault::no_key)?;
    let place = custodian.place();
    let text = format!("wrapping key {id} in {place}; the one before it opens nothing any more");
    output.show(&text, &json!({ "wrapping_key": id.to_string(), "place": place }))
}

/// Between a file and the token of the settings. The key itself stays where it is: the data keys
/// are wrapped by the other one.
async fn move_key(
    local: &Local,
    settings: Arc<Custodian>,
    flags: &MoveKey,
    output: Output,
) -> Result<(), Failure> {
    if matches!(*settings, Custodian::File(_)) {
        return Err(Failure::message("the settings name no token")
            .hint("a wrapping key in a file is moved with `mv`: see `encryption.key_file`"));
    }
    let file = |path: &Path| Custodian::File(KeyFile::new(path.to_owned(), Arc::new(SystemRandom)));
    let (from, to) = match (&flags.from_file, &flags.to_file) {
        (Some(path), _) => (Arc::new(file(path)), settings),
        (None, Some(path)) => (settings, Arc::new(file(path))),
        (None, None) => return Err(Failure::message("name a file")),
    };
    let id = to.id_or_create().await.map_err(vault::no_key)?;
    rewrap(local, from, &to).await?;
    let place = to.place();
    let text = format!("wrapping key {id} in {place}; the one before it opens nothing any more");
    output.show(&text, &json!({ "wrapping_key": id.to_string(), "place": place }))
}

async fn rewrap(local: &Local, from: Arc<Custodian>, to: &Custodian) -> Result<(), Failure> {
    let caller = local.operator().await?;
    let vault = Vault::new(vault::parts(local, from));
    if vault.rewrap(caller, to).await.map_err(vault::explain)? {
        return Ok(());
    }
    Err(Failure::message("a data key was made meanwhile; nothing was changed")
        .hint("call it again"))
}
