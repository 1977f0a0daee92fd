//! A network in which there is nothing.

use std::io;

use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::Grant;

/// Root may do so; everybody else needs a user namespace first, if these are granted.
pub(super) fn leave_network() -> Grant {
    let alone = UnshareFlags::NEWNET;
    match unshare(alone).or_else(|_| unshare(UnshareFlags::NEWUSER | alone)) {
        Ok(()) => Grant::Whole,
        Err(error) => Grant::Missing(error.to_string()),
    }
}

fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    // SAFETY: what must not be shared between threads is the table of descriptors, and it stays.
    #[expect(unsafe_code, reason = "other flags of the same call would be unsound")]
    let left = unsafe { unshare_unsafe(namespaces) };
    Ok(left?)
}
