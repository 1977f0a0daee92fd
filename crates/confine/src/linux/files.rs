//! Paths, ports of TCP and signals, by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope,
};

use super::program::interpreter;
use crate::{Confinement, Grant, Network};

/// What is asked for: the newest version that takes everything away that is given up here. Older
/// kernels grant what they know.
const WANTED: ABI = ABI::V6;

/// What was granted, and the version of Landlock.
pub(super) fn apply(confinement: &Confinement) -> Result<(Grant, u32), RulesetError> {
    let mut rules = Ruleset::default().handle_access(AccessFs::from_all(WANTED))?;
    rules = rules.handle_access(AccessNet::from_all(WANTED))?;
    rules = rules.scope(Scope::from_all(WANTED))?;
    let mut rules = rules.create()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::from_all(WANTED) & !AccessFs::Execute;
    for path in &confinement.read {
        rules = allow(rules, path, read)?;
    }
    for path in &confinement.write {
        rules = allow(rules, path, write)?;
    }
    // A program is opened by the kernel, and so is what loads it.
    for program in confinement.programs.paths() {
        rules = allow(rules, program, read | AccessFs::Execute)?;
        if let Some(loader) = interpreter(program) {
            rules = allow(rules, &loader, read | AccessFs::Execute)?;
        }
    }
    if let Network::Connect { ports } = &confinement.network {
        for port in ports {
            rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(granted(&rules.restrict_self()?))
}

/// What is not there needs no permission.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(place) = PathFd::new(path) else { return Ok(rules) };
    // Of a file only what files know may be asked for.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
    rules.add_rule(PathBeneath::new(place, access))
}

fn granted(status: &RestrictionStatus) -> (Grant, u32) {
    let version = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as u32,
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    };
    let grant = match (&status.ruleset, &status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Grant::Whole,
        (RulesetStatus::PartiallyEnforced, _) => Grant::Partly(format!("Landlock {version}")),
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            Grant::Missing("Landlock is switched off".to_owned())
        }
        (RulesetStatus::NotEnforced, _) => Grant::Missing("the kernel has no Landlock".to_owned()),
    };
    (grant, version)
}
