//! What the kernel tells of this machine and of the processes on it.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::process::{DumpableBehavior, dumpable_behavior};
use sovereignty::Measured;

use super::Scene;

/// Where facts of the machine are read. Tests make folders of their own.
pub(crate) struct Machine {
    pub(crate) proc: PathBuf,
    pub(crate) sys: PathBuf,
    /// Whether other processes of the user may read this one's memory; `None` where the kernel does
    /// not say.
    pub(crate) is_dumpable: Option<bool>,
}

impl Machine {
    /// The one that this process runs on.
    pub(crate) fn this() -> Self {
        let is_dumpable = dumpable_behavior().ok();
        let is_dumpable =
            is_dumpable.map(|behaviour| !matches!(behaviour, DumpableBehavior::NotDumpable));
        Self { proc: "/proc".into(), sys: "/sys".into(), is_dumpable }
    }

    /// A file below `/proc`.
    pub(super) fn proc(&self, name: &str) -> Result<String, String> {
        read(&self.proc.join(name))
    }

    /// A file below `/sys`.
    pub(super) fn sys(&self, name: &str) -> Result<String, String> {
        read(&self.sys.join(name))
    }

    pub(super) fn has_sys(&self, name: &str) -> bool {
        self.sys.join(name).exists()
    }

    /// Names in a folder below `/sys`, sorted.
    pub(super) fn list_sys(&self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.sys.join(name)) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// The process of ours that holds a lock on this file, as the kernel lists them. `None` also where
    /// it is not seen from here, as a process in a container of its own.
    pub(super) fn server_of(&self, lock: &Path) -> Option<u32> {
        let found = fs::metadata(lock).ok()?;
        let (inode, locks) = (found.ino().to_string(), self.proc("locks").ok()?);
        locks.lines().find_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (kind, _advisory, mode) = (fields.next()?, fields.next()?, fields.next()?);
            let (process, place) = (fields.next()?, fields.next()?);
            let is_it = kind == "FLOCK" && mode == "WRITE" && place.rsplit(':').next()? == inode;
            let process: u32 = process.parse().ok().filter(|_| is_it)?;
            // Files of other disks may have the same number.
            let name = self.proc(&format!("{process}/comm")).ok()?;
            name.starts_with("galerne").then_some(process)
        })
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub(super) fn hardware_listed(scene: &Scene<'_>) -> Measured {
    let machine = &scene.around.machine;
    let processor = match machine.proc("cpuinfo") {
        Ok(processor) => processor,
        Err(reason) => return Measured::not_measured(reason),
    };
    let field = |name: &str| {
        processor.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    };
    let Some(maker) = field("vendor_id").or_else(|| field("CPU implementer")) else {
        return Measured::failed("the kernel does not say who made the processor");
    };
    let told = |name: &str| machine.sys(&format!("class/dmi/id/{name}")).unwrap_or_default();
    let machine = format!("{} {}", told("sys_vendor").trim(), told("product_name").trim());
    let model = field("model name").unwrap_or_default();
    Measured::passed(format!("processor of {maker}; country of manufacture not known"))
        .with_raw(format!("processor: {maker} {model}\nmachine: {}", machine.trim()))
}

pub(super) fn confinement(scene: &Scene<'_>) -> Measured {
    let machine = &scene.around.machine;
    let status = match machine.proc("self/status") {
        Ok(status) => status,
        Err(reason) => return Measured::not_measured(reason),
    };
    if !status.lines().any(|line| line.starts_with("Seccomp:")) {
        return Measured::failed("the kernel has no seccomp");
    }
    match machine.sys("kernel/security/lsm") {
        Ok(modules) => {
            let modules = modules.trim();
            let has = modules.split(',').any(|module| module == "landlock");
            Measured::when(has, format!("seccomp; modules: {modules}"))
        }
        Err(reason) => Measured::not_measured(reason),
    }
}

pub(super) fn tracing_restricted(scene: &Scene<'_>) -> Measured {
    match scene.around.machine.proc("sys/kernel/yama/ptrace_scope") {
        Ok(scope) => {
            let scope = scope.trim();
            Measured::when(matches!(scope, "1" | "2" | "3"), format!("ptrace_scope {scope}"))
        }
        Err(_) => Measured::failed("the kernel runs without Yama"),
    }
}

pub(super) fn addresses_random(scene: &Scene<'_>) -> Measured {
    match scene.around.machine.proc("sys/kernel/randomize_va_space") {
        Ok(value) => Measured::when(value.trim() == "2", format!("value {}", value.trim())),
        Err(reason) => Measured::not_measured(reason),
    }
}

/// As the engine finds its counters: whole packages, each readable by this user.
pub(super) fn energy_measured(scene: &Scene<'_>) -> Measured {
    let machine = &scene.around.machine;
    let mut counters = Vec::new();
    for zone in machine.list_sys("class/powercap") {
        let number = zone.strip_prefix("intel-rapl:").and_then(|rest| rest.parse::<u32>().ok());
        let name = machine.sys(&format!("class/powercap/{zone}/name")).unwrap_or_default();
        if number.is_none() || !name.starts_with("package") {
            continue;
        }
        match machine.sys(&format!("class/powercap/{zone}/energy_uj")) {
            Ok(value) if value.trim().parse::<u64>().is_ok() => counters.push(zone),
            Ok(_) => return Measured::failed(format!("the counter {zone} tells no number")),
            Err(reason) => return Measured::failed(reason),
        }
    }
    if counters.is_empty() {
        return Measured::failed("the processor has no counter: energy is estimated");
    }
    Measured::passed(format!("counters: {}", counters.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_the_process_of_ours_that_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("serve.lock");
        fs::write(&lock, b"").unwrap();
        let machine = Machine {
            proc: folder.path().to_owned(),
            sys: folder.path().to_owned(),
            is_dumpable: None,
        };
        let inode = fs::metadata(&lock).unwrap().ino();
        let check = |locks: &str, expected: Option<u32>| {
            fs::write(folder.path().join("locks"), locks).unwrap();
            assert_eq!(machine.server_of(&lock), expected, "{locks}");
        };
        for (process, name) in [("41", "galerne"), ("42", "other")] {
            fs::create_dir(folder.path().join(process)).unwrap();
            fs::write(folder.path().join(process).join("comm"), format!("{name}\n")).unwrap();
        }
        check("", None);
        check(&format!("1: FLOCK  ADVISORY  WRITE 41 fe:00:{inode} 0 EOF\n"), Some(41));
        check(&format!("1: FLOCK  ADVISORY  READ 41 fe:00:{inode} 0 EOF\n"), None);
        check(&format!("1: FLOCK  ADVISORY  WRITE 42 fe:00:{inode} 0 EOF\n"), None);
        check("1: FLOCK  ADVISORY  WRITE 41 fe:00:0 0 EOF\n", None);
    }
}
