//! Whether accesses may be answered: not while the log is broken.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

/// What is wrong with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFault {
    /// It cannot be extended or read.
    Unavailable,
    /// The witness has not taken a checkpoint for too long.
    WitnessLate,
    /// The machine's clock is behind the newest entry.
    ClockMovedBack,
    /// What is stored is not what was signed.
    Altered,
    /// The witness holds a newer checkpoint than the store: an old copy was restored.
    RolledBack,
    /// The witness holds another history.
    Forked,
}

impl LogFault {
    /// Stable code, as `/health` shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "log.unavailable",
            Self::WitnessLate => "log.witness_late",
            Self::ClockMovedBack => "clock.moved_back",
            Self::Altered => "log.altered",
            Self::RolledBack => "log.rolled_back",
            Self::Forked => "log.forked",
        }
    }

    /// Whether it can pass without a restart.
    const fn is_passing(self) -> bool {
        match self {
            Self::Unavailable | Self::WitnessLate | Self::ClockMovedBack => true,
            Self::Altered | Self::RolledBack | Self::Forked => false,
        }
    }
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "it cannot be written",
            Self::WitnessLate => "its witness has not taken a checkpoint for too long",
            Self::ClockMovedBack => "the machine's clock is behind the newest entry",
            Self::Altered => "what is stored is not what was signed",
            Self::RolledBack => "the store is older than a checkpoint that was published",
            Self::Forked => "its witness holds another history",
        })
    }
}

/// Shared by the keeper of the log, which closes it, and by the trail, which asks it.
#[derive(Clone, Debug, Default)]
pub struct LogGate {
    /// Asked on every request, changed rarely: a lock, not a task.
    faults: Arc<RwLock<BTreeSet<LogFault>>>,
}

impl LogGate {
    /// The faults that keep it closed; none when it is open.
    pub fn faults(&self) -> Vec<LogFault> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// The gravest fault, if there is one.
    pub fn closed(&self) -> Option<LogFault> {
        self.faults.read().unwrap_or_else(PoisonError::into_inner).last().copied()
    }

    /// Notes whether a fault is there; one that cannot pass stays.
    pub(crate) fn set(&self, fault: LogFault, is_there: bool) {
        if self.faults().contains(&fault) == is_there {
            return;
        }
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        if is_there {
            faults.insert(fault);
            tracing::error!(code = fault.code(), "the log is closed: {fault}");
        } else if fault.is_passing() {
            faults.remove(&fault);
            tracing::warn!(code = fault.code(), "passed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_that_can_pass_do_and_the_others_stay() {
        let gate = LogGate::default();
        assert_eq!(gate.closed(), None);
        gate.set(LogFault::Unavailable, true);
        gate.set(LogFault::Forked, true);
        assert_eq!(gate.closed(), Some(LogFault::Forked));
        assert_eq!(gate.faults(), [LogFault::Unavailable, LogFault::Forked]);
        gate.set(LogFault::Unavailable, false);
        gate.set(LogFault::Forked, false);
        assert_eq!(gate.faults(), [LogFault::Forked]);
    }
}
