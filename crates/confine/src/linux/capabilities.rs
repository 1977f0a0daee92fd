//! The rights of root.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use crate::Grant;

/// To read what belongs to others, below the paths that are left.
const READING: CapabilitySet = CapabilitySet::DAC_READ_SEARCH;
/// To write there too, and to own it.
const WRITING: CapabilitySet = CapabilitySet::DAC_OVERRIDE
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::CHOWN)
    .union(READING);

/// Keeps those which paths bound, of those that are there.
pub(super) fn give_up(writes: bool) -> Grant {
    let kept = if writes { WRITING } else { READING };
    match keep(kept) {
        Ok(()) => Grant::Whole,
        Err(error) => Grant::Missing(error.to_string()),
    }
}

fn keep(kept: CapabilitySet) -> rustix::io::Result<()> {
    let now = capabilities(None)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: now.effective & kept,
            permitted: now.permitted & kept,
            inheritable: CapabilitySet::empty(),
        },
    )
}
