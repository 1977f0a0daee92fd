//! What is left to a process.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Granted, system};

/// What is left to a process. Mounts, modules, memory of others and the like are given up in any
/// case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    pub network: Network,
    pub descriptors: Descriptors,
    /// Files and directories, with all below them, that may be read. What is not there is left out.
    pub read: Vec<PathBuf>,
    /// Likewise, of what may also be written, made and removed.
    pub write: Vec<PathBuf>,
    /// Whether a process of root keeps its right to read, write and own what belongs to others,
    /// which `read` and `write` bound. Without it only reading is kept.
    pub writes_as_root: bool,
    pub limits: Limits,
    #[serde(default)]
    pub programs: Programs,
}

/// What is left of starting programs. A program is named by its path, and may read itself; what
/// else it reads, such as its libraries, is named under [`Confinement::read`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Programs {
    /// None is started, and no process is made.
    #[default]
    None,
    /// The process may become one of these, and no process is made: it stays one, with its limits
    /// and all that it gave up.
    Become(Vec<PathBuf>),
    /// These may be started. They have given up whatever this process has.
    Start(Vec<PathBuf>),
}

impl Programs {
    /// Their paths.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Self::None => &[],
            Self::Become(paths) | Self::Start(paths) => paths,
        }
    }
}

/// What is left of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// No socket is made. Where the kernel grants it, the process is in a network of its own, in
    /// which there is nothing.
    None,
    /// What others open to a listener that is there already is accepted; no socket is made and
    /// none connects.
    Accept,
    /// Likewise, and TCP connects to these ports. UDP is left, to ask name servers.
    Connect { ports: Vec<u16> },
}

/// What is left of the descriptors that the process was born with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Descriptors {
    All,
    /// Input, output and errors.
    Standard,
}

/// What may be used up; `None` leaves a limit as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space.
    pub memory_bytes_max: Option<u64>,
    /// What of it is this process's own and can be written: the heap, and stacks of threads.
    /// Programs and files that are mapped do not count.
    pub written_bytes_max: Option<u64>,
    /// Of all threads together; the process is killed when they are used up.
    pub cpu_seconds_max: Option<u64>,
    /// Of one file that is written.
    pub file_bytes_max: Option<u64>,
    /// Descriptors that are open.
    pub files_max: Option<u64>,
    /// Of the user; 0 keeps the process from making threads too. Root has no such limit.
    pub processes_max: Option<u64>,
}

/// Why a process is not confined. What was given up before stays so: it should end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The others would stay as free as they are.
    #[error("the process has {threads} threads, and only one would be confined")]
    Threads { threads: usize },
    #[error("could not {action}")]
    Failed { action: &'static str, source: io::Error },
}

impl Confinement {
    /// Gives up everything else, for this process and whatever it makes. Call it before there is a
    /// second thread.
    ///
    /// # Errors
    /// [`ApplyError::Threads`] before anything was given up. What the kernel does not grant is no
    /// error: [`Granted`] tells.
    pub fn apply(&self) -> Result<Granted, ApplyError> {
        system::apply(self)
    }
}
