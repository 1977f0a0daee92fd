//! Decisions that were taken already. They follow from their facts and from nothing else, and
//! belong to one set of rules: another set begins without any.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use governance::RulesError;

/// Beyond that all are taken again as they are needed.
const REMEMBERED_MAX: usize = 16_384;

/// What was decided; that rules could not be asked is no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    Permitted,
    Forbidden { rule: Arc<str> },
    NotPermitted,
}

impl Decided {
    pub(crate) fn into_result(self) -> Result<(), RulesError> {
        match self {
            Self::Permitted => Ok(()),
            Self::Forbidden { rule } => Err(RulesError::Forbidden { rule }),
            Self::NotPermitted => Err(RulesError::NotPermitted),
        }
    }
}

/// Read on every request, written once a row of facts: a lock, not a task.
#[derive(Debug, Default)]
pub(crate) struct Decisions(RwLock<HashMap<Box<[u8]>, Decided>>);

impl Decisions {
    pub(crate) fn find(&self, key: &[u8]) -> Option<Decided> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn remember(&self, key: Vec<u8>, decided: Decided) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert(key.into(), decided);
    }
}
