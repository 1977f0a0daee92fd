//! Settings of what the server gives up.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What the server gives up after its start, as far as the kernel grants it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfinementSettings {
    /// Whether the server confines itself. Processes that read models which are imported always
    /// do.
    pub(crate) server: bool,
    /// Whether a server does not start, and no model is imported, where the kernel does not grant
    /// that files and system calls are confined.
    pub(crate) required: bool,
    /// Files and directories that the server may read beside those that it needs: absolute paths.
    pub(crate) read: Vec<PathBuf>,
}

impl Default for ConfinementSettings {
    fn default() -> Self {
        Self { server: true, required: false, read: Vec::new() }
    }
}

impl ConfinementSettings {
    pub(super) fn describe(&self) -> Vec<(&'static str, String)> {
        vec![
            ("confinement.server", self.server.to_string()),
            ("confinement.required", self.required.to_string()),
            ("confinement.read", format!("{:?}", self.read)),
        ]
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.required && !self.server {
            return Err(Failure::message(
                "`confinement.required` asks for what `confinement.server` switches off",
            )
            .hint("remove one of the two"));
        }
        match self.read.iter().find(|path| !path.is_absolute()) {
            Some(path) => {
                let message = format!("`confinement.read` names `{}`", path.display());
                Err(Failure::message(message).hint("give absolute paths"))
            }
            None => Ok(()),
        }
    }
}
