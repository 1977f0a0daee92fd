//! Systems that let a process give nothing up in a way that is known here.

use std::io;

use crate::{ApplyError, Confinement, Grant, Granted};

#[expect(clippy::unnecessary_wraps, reason = "the same signature as where it can fail")]
pub(crate) fn apply(_: &Confinement) -> Result<Granted, ApplyError> {
    let missing = || Grant::Missing("not available on this system".to_owned());
    Ok(Granted {
        no_new_privileges: missing(),
        files: missing(),
        landlock: 0,
        system_calls: missing(),
        network_namespace: missing(),
        capabilities: missing(),
        limits: missing(),
        descriptors: missing(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the same signature as where it can fail")]
pub(crate) fn end_with_parent(_: u32) -> io::Result<()> {
    Ok(())
}
