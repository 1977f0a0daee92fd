//! Texts at rest, and the keys above them.

use std::{fs, io::ErrorKind, path::PathBuf};

use governance::{
    DataClass,
    ports::{DataKeyStore as _, StoredDataKey},
};
use sovereignty::Measured;
use store::ClearTexts;

use super::{Scene, storage};
use crate::{config::Settings, vault, wiring::Local};

/// A data key that seals for longer is old.
const DAYS_MAX: i64 = 365;
/// Seen where there is no file.
const IN_TOKEN: &str = "the settings name a token, which never gives its key away";
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What can be seen of the encryption without a key.
pub(crate) struct AtRest {
    keys: Result<Vec<StoredDataKey>, String>,
    texts: Result<ClearTexts, String>,
    /// Where the settings say that the wrapping key lies; `None` where a token keeps it.
    pub(crate) wrapping_key: Option<PathBuf>,
}

impl AtRest {
    pub(super) async fn read(local: &Local, settings: &Settings) -> Self {
        let path = vault::key_file(settings, &local.data_dir);
        Self {
            keys: local.store.data_keys().await.map_err(|error| error.to_string()),
            texts: local.store.clear_texts().await.map_err(|error| error.to_string()),
            wrapping_key: path.map(|path| fs::canonicalize(&path).unwrap_or(path)),
        }
    }

    /// The keys; an answer where there are none.
    fn keys(&self) -> Result<&[StoredDataKey], Measured> {
        match &self.keys {
            Ok(keys) if keys.is_empty() => {
                Err(Measured::not_applicable("no key was made yet: nothing was ever served"))
            }
            Ok(keys) => Ok(keys),
            Err(reason) => Err(Measured::not_measured(reason.clone())),
        }
    }

    /// What is in the file of the wrapping key, if there is one.
    pub(super) fn wrapping_key_text(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(path) = &self.wrapping_key else { return Ok(None) };
        match fs::read(path) {
            Ok(text) => Ok(Some(text.trim_ascii().to_vec())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("the wrapping key: {error}")),
        }
    }
}

pub(super) fn texts_sealed(scene: &Scene<'_>) -> Measured {
    match &scene.at_rest.texts {
        Ok(ClearTexts { clear: 0, is_unfinished: true, .. }) => {
            Measured::failed("pages of the file may hold texts that an earlier version left")
        }
        Ok(ClearTexts { rows, clear, .. }) => {
            Measured::when(*clear == 0, format!("{clear} of {rows} rows with texts are in clear"))
        }
        Err(reason) => Measured::not_measured(reason.clone()),
    }
}

pub(super) fn wrapping_key_private(scene: &Scene<'_>) -> Measured {
    match (scene.at_rest.keys(), &scene.at_rest.wrapping_key) {
        (Ok(_), Some(path)) => storage::file_private(scene, path, "the wrapping key"),
        (Ok(_), None) => Measured::passed(IN_TOKEN),
        (Err(answer), _) => answer,
    }
}

pub(super) fn wrapping_key_outside(scene: &Scene<'_>) -> Measured {
    if let Err(answer) = scene.at_rest.keys() {
        return answer;
    }
    let Some(path) = &scene.at_rest.wrapping_key else { return Measured::passed(IN_TOKEN) };
    if !path.exists() {
        return Measured::not_measured(format!("{} is not there", path.display()));
    }
    let is_outside = !path.starts_with(&scene.data_dir);
    Measured::when(is_outside, path.display().to_string())
}

/// Of every organisation: the newest key seals.
pub(super) fn data_key_fresh(scene: &Scene<'_>) -> Measured {
    let keys = match scene.at_rest.keys() {
        Ok(keys) => keys,
        Err(answer) => return answer,
    };
    let sealing = keys.iter().filter(|key| key.class == DataClass::Conversations);
    let is_newest = |key: &&StoredDataKey| {
        let of_same = |other: &&StoredDataKey| {
            (other.organisation, other.class) == (key.organisation, key.class)
        };
        keys.iter().filter(of_same).all(|other| other.version <= key.version)
    };
    let age_seconds =
        |key: &StoredDataKey| scene.around.now.as_seconds() - key.created_at.as_seconds();
    let Some(oldest) = sealing.filter(is_newest).max_by_key(|key| age_seconds(key)) else {
        return Measured::not_measured("no key seals conversations");
    };
    let days = age_seconds(oldest) / DAY_SECONDS;
    let seen = format!("version {}, made {}, {days} days ago", oldest.version, oldest.created_at);
    Measured::when(days <= DAYS_MAX, seen)
}
