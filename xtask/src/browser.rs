//! Finds a browser for the tests of the page, or installs Debian's.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::subprocess;
use crate::tools;

const PROGRAMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The path of a browser of the Chromium family; installs one where that is possible.
pub(crate) fn obtain() -> Result<PathBuf> {
    if let Some(found) = installed() {
        return Ok(found);
    }
    if tools::find("apt-get").is_none() {
        bail!("no chromium here, and no apt-get to install it with");
    }
    if !is_root()? {
        bail!("no chromium here, and only root may install it (`apt-get install chromium`)");
    }
    println!("installing chromium");
    let apt = |arguments: &[&str]| {
        subprocess::run(
            Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt(&["update", "-q"])?;
    apt(&["install", "-q", "-y", "--no-install-recommends", "chromium"])?;
    match installed() {
        Some(found) => Ok(found),
        None => bail!("apt-get installed no chromium"),
    }
}

fn installed() -> Option<PathBuf> {
    PROGRAMS.iter().find_map(|program| tools::find(program))
}

fn is_root() -> Result<bool> {
    Ok(subprocess::read(Command::new("id").arg("-u"))?.trim() == "0")
}
