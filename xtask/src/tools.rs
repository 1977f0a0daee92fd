//! Looks for the programs that a build needs, before anything long is started.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::subprocess;

/// The oldest Node whose features the page's tools rely on.
const NODE_MAJOR_MIN: u32 = 20;

/// Something that must be present on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Compiler,
    Node,
    Npm,
    Python,
    Pip,
}

impl Tool {
    /// What a page build needs.
    pub(crate) const WEB: [Tool; 2] = [Tool::Node, Tool::Npm];
    /// What a model download needs.
    pub(crate) const MODEL: [Tool; 2] = [Tool::Python, Tool::Pip];

    /// Why the tool cannot be used, if so.
    fn complaint(self) -> Option<String> {
        match self {
            Tool::Compiler => {
                missing("a C compiler (gcc, Debian package build-essential)", has_compiler())
            }
            Tool::Node => node_complaint(version_of("node", &["--version"]).as_deref()),
            Tool::Npm => missing("npm", version_of("npm", &["--version"]).is_some()),
            Tool::Python => missing("python3", version_of("python3", &["--version"]).is_some()),
            Tool::Pip => {
                let present = version_of("python3", &["-m", "pip", "--version"]).is_some();
                missing("pip (`python3 -m pip`, Debian package python3-pip)", present)
            }
        }
    }
}

/// Fails with one message that names everything that is missing.
pub(crate) fn require(tools: &[Tool]) -> Result<()> {
    let complaints: Vec<String> = tools.iter().filter_map(|tool| tool.complaint()).collect();
    if complaints.is_empty() {
        return Ok(());
    }
    bail!(
        "this machine lacks:\n  - {}\nGalerne is built with Rust, Node {NODE_MAJOR_MIN} or newer, \
         npm, Python 3 with pip, and gcc",
        complaints.join("\n  - ")
    );
}

/// Where a program is, by the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn version_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = subprocess::capture(Command::new(program).args(arguments)).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn missing(name: &str, present: bool) -> Option<String> {
    (!present).then(|| name.to_owned())
}

fn has_compiler() -> bool {
    find("cc").or_else(|| find("gcc")).is_some()
}

fn node_complaint(version: Option<&str>) -> Option<String> {
    let Some(version) = version else {
        return Some(format!("node ({NODE_MAJOR_MIN} or newer)"));
    };
    let major: Option<u32> =
        version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    match major {
        Some(major) if major >= NODE_MAJOR_MIN => None,
        Some(_) | None => Some(format!("node {NODE_MAJOR_MIN} or newer (found {version})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Option<&str>, accepted: bool) {
        let complaint = node_complaint(version);
        assert_eq!(complaint.is_none(), accepted, "{version:?}: {complaint:?}");
    }

    #[test]
    fn node_20_is_the_floor() {
        check(Some("v20.19.2"), true);
        check(Some("v24.0.0"), true);
        check(Some("v18.20.4"), false);
        check(Some("v9.0.0"), false);
        check(Some("nonsense"), false);
        check(None, false);
    }

    #[test]
    fn a_program_is_found_by_the_search_path_only() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
