//! What `cargo metadata` says about our crates and everything they depend on.

use std::collections::HashMap;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::subprocess;
use crate::workspace::Workspace;

/// The part of `cargo metadata` that the checks read.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DependencyKind {
    /// `None` for ordinary dependencies, else `build` or `dev`.
    pub(crate) kind: Option<String>,
}

impl Dependency {
    /// Needed by the crate itself or its build script, not only by its tests.
    pub(crate) fn is_shipped(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }

    /// Linked into the crate itself.
    pub(crate) fn is_linked(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.is_none())
    }
}

impl Metadata {
    /// Reads the locked graph for this machine; a lock file that is out of date is an error.
    pub(crate) fn load(workspace: &Workspace) -> Result<Metadata> {
        let mut command = Command::new("cargo");
        command.current_dir(workspace.root());
        command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform"]);
        command.arg(host_triple()?);
        let json = subprocess::read(&mut command)?;
        serde_json::from_str(&json).context("`cargo metadata` has another form than expected")
    }

    pub(crate) fn by_id(&self) -> HashMap<&str, &Package> {
        self.packages.iter().map(|package| (package.id.as_str(), package)).collect()
    }
}

fn host_triple() -> Result<String> {
    let version = subprocess::read(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}
