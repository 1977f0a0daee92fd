//! Settings of the index of documents.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const MEMORY_MIB: std::ops::RangeInclusive<u64> = 64..=16_777_216;

/// What documents are found in.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IndexSettings {
    /// Memory for indexes that are searched, in MiB, 64 to 16777216: the index of an organisation
    /// is in memory as a whole. One that is larger is searched all the same, and others are closed
    /// for it.
    pub(crate) memory_mib: u64,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self { memory_mib: 4096 }
    }
}

impl IndexSettings {
    pub(super) fn check(self) -> Result<(), Failure> {
        if MEMORY_MIB.contains(&self.memory_mib) {
            return Ok(());
        }
        let (low, high) = (MEMORY_MIB.start(), MEMORY_MIB.end());
        Err(Failure::message(format!("`index.memory_mib` is {}", self.memory_mib))
            .hint(format!("give a number from {low} to {high}")))
    }

    /// For `galerne config check`.
    pub(super) fn describe(self) -> Vec<(&'static str, String)> {
        vec![("index.memory_mib", self.memory_mib.to_string())]
    }
}
