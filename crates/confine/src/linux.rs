//! What Linux lets a process give up.

mod capabilities;
mod files;
mod limits;
mod namespace;
mod program;
mod system_calls;

use std::{fs, io};

use rustix::{
    process::{Pid, Signal, getppid, set_parent_process_death_signal},
    thread::{SecureComputingMode, no_new_privs, secure_computing_mode, set_no_new_privs},
};

use crate::{ApplyError, Confinement, Descriptors, Grant, Granted, Network};

/// In the order in which each may still be done.
pub(crate) fn apply(confinement: &Confinement) -> Result<Granted, ApplyError> {
    check_threads()?;
    let descriptors = match confinement.descriptors {
        Descriptors::All => Grant::Unasked,
        Descriptors::Standard => limits::close_descriptors(),
    };
    let limits = limits::apply(&confinement.limits);
    let network_namespace = match confinement.network {
        Network::None => namespace::leave_network(),
        Network::Accept | Network::Connect { .. } => Grant::Unasked,
    };
    let capabilities = capabilities::give_up(confinement.writes_as_root);
    let no_new_privileges = give_up_privileges();
    let (files, landlock) = files::apply(confinement)
        .map_err(|error| failed("confine the files", io::Error::other(error)))?;
    let system_calls = system_calls::apply(&confinement.network, &confinement.programs)
        .map_err(|error| failed("confine the system calls", io::Error::other(error)))?;
    Ok(Granted {
        no_new_privileges,
        files,
        landlock,
        system_calls: read_back(system_calls),
        network_namespace,
        capabilities,
        limits,
        descriptors,
    })
}

/// From now on the process is killed with the one that started it, or rather with the thread of it.
pub(crate) fn end_with_parent(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before that.
    let parent = i32::try_from(parent).ok().and_then(Pid::from_raw);
    if parent.is_some() && getppid() == parent {
        return Ok(());
    }
    Err(io::Error::other("the process that started this one has ended"))
}

fn check_threads() -> Result<(), ApplyError> {
    // Without /proc nobody can tell.
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads == 1 { Ok(()) } else { Err(ApplyError::Threads { threads }) }
}

fn give_up_privileges() -> Grant {
    match set_no_new_privs(true).and_then(|()| no_new_privs()) {
        Ok(true) => Grant::Whole,
        Ok(false) => Grant::Missing("the kernel says that it is not set".to_owned()),
        Err(error) => Grant::Missing(error.to_string()),
    }
}

/// A filter is worth what the kernel says of it.
fn read_back(grant: Grant) -> Grant {
    match (grant, secure_computing_mode()) {
        (Grant::Whole, Ok(SecureComputingMode::Filter)) => Grant::Whole,
        (Grant::Whole, _) => Grant::Missing("the kernel says that there is no filter".to_owned()),
        (other, _) => other,
    }
}

fn failed(action: &'static str, source: io::Error) -> ApplyError {
    ApplyError::Failed { action, source }
}
