//! Resources, and what the process was born with.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{Grant, Limits};

/// After input, output and errors.
const FIRST: libc::c_uint = 3;

pub(super) fn apply(limits: &Limits) -> Grant {
    let Limits {
        memory_bytes_max,
        written_bytes_max,
        cpu_seconds_max,
        file_bytes_max,
        files_max,
        processes_max,
    } = *limits;
    let wanted = [
        (Resource::As, memory_bytes_max),
        (Resource::Data, written_bytes_max),
        (Resource::Cpu, cpu_seconds_max),
        (Resource::Fsize, file_bytes_max),
        (Resource::Nofile, files_max),
        (Resource::Nproc, processes_max),
    ];
    if wanted.iter().all(|(_, limit)| limit.is_none()) {
        return Grant::Unasked;
    }
    for (resource, limit) in wanted {
        if let Some(limit) = limit
            && let Err(error) = lower(resource, limit)
        {
            return Grant::Missing(error.to_string());
        }
    }
    Grant::Whole
}

/// A limit that is lower already stays.
fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let limit = now.maximum.map_or(limit, |maximum| maximum.min(limit));
    Ok(setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?)
}

pub(super) fn close_descriptors() -> Grant {
    // SAFETY: the call takes three numbers and touches no memory. Nothing owns the descriptors that
    // it closes: the process has one thread and opened none that it still uses.
    #[expect(unsafe_code, reason = "no safe form of the call exists")]
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    match closed {
        0 => Grant::Whole,
        _ => Grant::Missing(io::Error::last_os_error().to_string()),
    }
}
