//! Obtains Debian's Rust compiler with its library for 64-bit ARM, a C compiler, which also links,
//! and an emulator.
//!
//! The packages are unpacked into a cache, never installed: the compiler would displace the one
//! that is here, and those for ARM would need a second architecture in the package system. apt
//! gets lists of its own for the same reason; where it fetches from, and which signatures it
//! trusts, is what the machine is set up with.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::scratch::Scratch;
use crate::subprocess;
use crate::tools;

/// The compiler. Libraries are only of use with the very version that they were made with.
const COMPILER: &str = "rustc-web";

/// What is unpacked beside the compiler, with those of their dependencies that [`belongs`] names.
const PACKAGES: [&str; 5] = [
    "libstd-rust-web-dev",
    "libstd-rust-web-dev:arm64",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "qemu-user-static",
];

/// Programs that find their libraries beside themselves, wherever the folder lies.
const SCRIPTS: [(&str, &str); 3] = [
    (
        "rustc",
        r#"LD_LIBRARY_PATH="$here/usr/lib/x86_64-linux-gnu" exec "$here/usr/bin/rustc" "$@""#,
    ),
    (
        "linker",
        r#"export LD_LIBRARY_PATH="$here/usr/lib/x86_64-linux-gnu"
exec "$here/usr/bin/aarch64-linux-gnu-gcc" --sysroot="$here" "$@""#,
    ),
    (
        "emulator",
        r#"exec "$here/usr/bin/qemu-aarch64-static" -L "$here/usr/aarch64-linux-gnu" "$@""#,
    ),
];

/// The unpacked programs.
pub(crate) struct Toolchain {
    folder: PathBuf,
}

impl Toolchain {
    /// Fetches and unpacks, if that was not done before.
    pub(crate) fn obtain() -> Result<Toolchain> {
        let parent = cache_folder()?;
        let folder = parent.join("toolchain");
        if !folder.is_dir() {
            if !cfg!(target_arch = "x86_64") {
                bail!("this runs on x86-64; on an ARM machine `make test` tests these kernels");
            }
            if tools::find("apt-get").is_none() || tools::find("dpkg-deb").is_none() {
                bail!("only Debian's packages are known here, and there is no apt-get or dpkg-deb");
            }
            fs::create_dir_all(&parent)
                .with_context(|| format!("{} cannot be made", parent.display()))?;
            println!("fetching Debian's compiler for ARM into {}", folder.display());
            let scratch = Scratch::new(&parent)?;
            let unpacked = fetch(&scratch.path)?;
            // In the same folder, so that it appears whole or not at all.
            fs::rename(&unpacked, &folder).with_context(|| format!("{}", folder.display()))?;
        }
        println!("using {}; delete it to fetch it anew", folder.display());
        Ok(Toolchain { folder })
    }

    pub(crate) fn compiler(&self) -> PathBuf {
        self.folder.join("rustc")
    }

    pub(crate) fn linker(&self) -> PathBuf {
        self.folder.join("linker")
    }

    pub(crate) fn emulator(&self) -> PathBuf {
        self.folder.join("emulator")
    }

    /// Where cargo builds: artefacts of another compiler would only push out those of the usual.
    pub(crate) fn target_folder(&self) -> PathBuf {
        self.folder.with_file_name("target")
    }
}

fn cache_folder() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => env::home_dir().context("there is no home folder")?.join(".cache"),
    };
    Ok(cache.join("galerne/neon"))
}

/// Gives the folder that everything is unpacked in.
fn fetch(scratch: &Path) -> Result<PathBuf> {
    let unpacked = scratch.join("unpacked");
    for folder in ["state/lists/partial", "archives/partial", "unpacked"] {
        fs::create_dir_all(scratch.join(folder))
            .with_context(|| format!("{} cannot be made", scratch.join(folder).display()))?;
    }
    subprocess::run(apt("apt-get", scratch).args(["update", "--quiet"]))?;
    let packages = packages(scratch)?;
    subprocess::run(apt("apt-get", scratch).args(["download", "--quiet"]).args(packages))?;
    let entries = fs::read_dir(scratch).with_context(|| format!("{}", scratch.display()))?;
    for entry in entries {
        let archive = entry?.path();
        if archive.extension().is_some_and(|extension| extension == "deb") {
            subprocess::run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked))?;
        }
    }
    for (name, command) in SCRIPTS {
        let path = unpacked.join(name);
        let script = format!("#!/bin/sh\nhere=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\n{command}\n");
        fs::write(&path, script).with_context(|| format!("{}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("{}", path.display()))?;
    }
    Ok(unpacked)
}

/// One of apt's programs, with lists and archives of its own and two architectures.
fn apt(program: &str, scratch: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(scratch);
    let folder = |option: &str, name: &str| format!("{option}={}", scratch.join(name).display());
    for option in [
        folder("Dir::State", "state"),
        folder("Dir::State::lists", "state/lists"),
        folder("Dir::Cache", ""),
        // Nothing counts as installed.
        "Dir::State::status=/dev/null".to_owned(),
        "APT::Architecture=amd64".to_owned(),
        "APT::Architectures::=amd64".to_owned(),
        "APT::Architectures::=arm64".to_owned(),
        // The user that apt would fetch as may not write to a home folder.
        "APT::Sandbox::User=root".to_owned(),
    ] {
        command.args(["-o", option.as_str()]);
    }
    command
}

/// Every package that is needed, as `NAME` or, where it must fit the compiler, `NAME=VERSION`.
fn packages(scratch: &Path) -> Result<Vec<String>> {
    let mut names = vec![COMPILER.to_owned()];
    names.extend(PACKAGES.map(str::to_owned));
    let mut index = 0;
    while let Some(name) = names.get(index) {
        let listing = subprocess::read(apt("apt-cache", scratch).args(["depends", name.as_str()]))?;
        for dependency in dependencies(&listing) {
            if belongs(dependency) && names.iter().all(|name| name != dependency) {
                names.push(dependency.to_owned());
            }
        }
        index += 1;
    }
    let policy = subprocess::read(apt("apt-cache", scratch).args(["policy", COMPILER]))?;
    let version = candidate(&policy).with_context(|| format!("Debian offers no {COMPILER}"))?;
    Ok(names.into_iter().map(|name| pinned(name, version)).collect())
}

/// The names that `apt-cache depends` lists as dependencies.
fn dependencies(listing: &str) -> impl Iterator<Item = &str> {
    listing.lines().filter_map(|line| line.trim().strip_prefix("Depends: "))
}

/// Whether a dependency is unpacked too. Common libraries are those of this machine.
fn belongs(name: &str) -> bool {
    let is_foreign = name.ends_with(":arm64");
    let is_cross = name.ends_with("-aarch64-linux-gnu") || name.ends_with("-arm64-cross");
    (name.starts_with("libstd-rust-web-") || name.starts_with("libllvm") || is_cross) && !is_foreign
}

/// The version that `apt-cache policy` would install.
fn candidate(policy: &str) -> Option<&str> {
    let version = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "))?;
    (version != "(none)").then_some(version)
}

fn pinned(name: String, version: &str) -> String {
    if name == COMPILER || name.starts_with("libstd-rust-web-") {
        format!("{name}={version}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_machine_lacks_is_fetched() {
        let listing = "gcc-12-aarch64-linux-gnu\n  Depends: gcc-12-aarch64-linux-gnu-base\n  \
                       Depends: binutils-aarch64-linux-gnu\n  Depends: libc6\n  \
                       Depends: libgcc-12-dev-arm64-cross\n |Recommends: libc6-dev-arm64-cross\n";
        let needed: Vec<&str> = dependencies(listing).filter(|name| belongs(name)).collect();
        assert_eq!(needed, ["binutils-aarch64-linux-gnu", "libgcc-12-dev-arm64-cross"]);
        assert!(belongs("libstd-rust-web-1.96") && belongs("libllvm22"));
        assert!(!belongs("libstd-rust-web-1.96:arm64"), "programs run here");
    }

    #[test]
    fn the_library_is_that_of_the_compiler() {
        let policy = "rustc-web:\n  Installed: (none)\n  Candidate: 1.96.0-1\n  Version table:\n";
        assert_eq!(candidate(policy), Some("1.96.0-1"));
        assert_eq!(candidate("rustc-web:\n  Candidate: (none)\n"), None);
        let check = |name: &str, expected: &str| {
            assert_eq!(pinned(name.to_owned(), "7"), expected);
        };
        check("rustc-web", "rustc-web=7");
        check("libstd-rust-web-dev:arm64", "libstd-rust-web-dev:arm64=7");
        check("qemu-user-static", "qemu-user-static");
    }
}
