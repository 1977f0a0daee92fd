//! Checks the licence of every crate that is compiled, and bans some crates, by `deny.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::metadata::{Metadata, Package};
use crate::subprocess;
use crate::workspace::Workspace;

/// The part of `deny.toml` that is checked here.
#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
struct Exception {
    allow: BTreeSet<String>,
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The crates that may depend on it nevertheless.
    #[serde(default)]
    wrappers: BTreeSet<String>,
    reason: String,
}

impl Ban {
    /// Without exceptions, by the mere presence of the crate.
    fn is_broken(&self, dependents: &BTreeSet<&str>) -> bool {
        self.wrappers.is_empty() || dependents.iter().any(|name| !self.wrappers.contains(*name))
    }
}

pub(crate) fn problems(workspace: &Workspace, metadata: &Metadata) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace.path("deny.toml")).context("deny.toml")?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    let compiled = compiled(&subprocess::read(&mut tree(workspace))?);
    let packages = metadata.packages.iter().filter(|package| compiled.contains(&shown(package)));
    let problem = |package| problem(&policy, package, &dependents(metadata, package));
    Ok(packages.filter_map(problem).collect())
}

/// Lists what is compiled for this machine. `cargo metadata` also knows other platforms, and
/// optional crates that no feature turns on.
fn tree(workspace: &Workspace) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace.root()).args(["tree", "--workspace", "--locked"]);
    command.args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"]);
    command
}

/// Name and version from lines such as `name v1.2.3 (path)`.
fn compiled(listing: &str) -> BTreeSet<String> {
    let read = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        let version = rest.split_whitespace().next()?;
        Some(format!("{name} {version}"))
    };
    listing.lines().filter_map(read).collect()
}

fn shown(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

/// The crates that depend on a package directly, for whatever purpose.
fn dependents<'metadata>(
    metadata: &'metadata Metadata,
    package: &Package,
) -> BTreeSet<&'metadata str> {
    let names = metadata.by_id();
    let nodes = metadata.resolve.nodes.iter();
    let nodes =
        nodes.filter(|node| node.deps.iter().any(|dependency| dependency.pkg == package.id));
    nodes.filter_map(|node| names.get(node.id.as_str())).map(|found| found.name.as_str()).collect()
}

fn problem(policy: &Policy, package: &Package, dependents: &BTreeSet<&str>) -> Option<String> {
    let shown = shown(package);
    let mut bans = policy.bans.deny.iter().filter(|ban| ban.name == package.name);
    if let Some(ban) = bans.find(|ban| ban.is_broken(dependents)) {
        return Some(format!("{shown} is banned: {}", ban.reason));
    }
    let Some(licence) = &package.license else {
        return Some(format!("{shown} states no licence"));
    };
    let exceptions = policy.licenses.exceptions.iter();
    let exceptions: Vec<_> =
        exceptions.filter(|exception| exception.name == package.name).collect();
    let accepted = |name: &str| {
        policy.licenses.allow.contains(name)
            || exceptions.iter().any(|exception| exception.allow.contains(name))
    };
    match satisfied(licence, &accepted) {
        Some(true) => None,
        Some(false) => Some(format!("{shown} has a licence that is not allowed: {licence}")),
        None => Some(format!("{shown} has a licence that cannot be read: {licence}")),
    }
}

/// Whether an SPDX expression can be met with accepted licences; `None` if it is no expression.
///
/// The old `A/B` means `A OR B`. `AND` binds closer than `OR`; `WITH` belongs to its licence.
fn satisfied(expression: &str, accepted: &dyn Fn(&str) -> bool) -> Option<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let value = any(&mut rest, accepted)?;
    rest.is_empty().then_some(value)
}

fn any(words: &mut &[&str], accepted: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = all(words, accepted)?;
    while take(words, "OR") {
        value |= all(words, accepted)?;
    }
    Some(value)
}

fn all(words: &mut &[&str], accepted: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut value = one(words, accepted)?;
    while take(words, "AND") {
        value &= one(words, accepted)?;
    }
    Some(value)
}

fn one(words: &mut &[&str], accepted: &dyn Fn(&str) -> bool) -> Option<bool> {
    if take(words, "(") {
        let value = any(words, accepted)?;
        return take(words, ")").then_some(value);
    }
    let licence = word(words)?;
    if take(words, "WITH") {
        return Some(accepted(&format!("{licence} WITH {}", word(words)?)));
    }
    Some(accepted(licence))
}

fn take(words: &mut &[&str], expected: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == expected => {
            *words = rest;
            true
        }
        Some(_) | None => false,
    }
}

fn word<'words>(words: &mut &[&'words str]) -> Option<&'words str> {
    let (first, rest) = words.split_first()?;
    if ["AND", "OR", "WITH", "(", ")"].contains(first) {
        return None;
    }
    *words = rest;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]
        exceptions = [{ allow = ["MPL-2.0"], crate = "named" }]
        [bans]
        deny = [
            { crate = "ring", reason = "another is used" },
            { crate = "client", wrappers = ["guard"], reason = "it is guarded" },
        ]
    "#;

    fn check(name: &str, licence: Option<&str>, expected: Option<&str>) {
        check_among(&["ours"], name, licence, expected);
    }

    fn check_among(dependents: &[&str], name: &str, licence: Option<&str>, expected: Option<&str>) {
        let package = Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            license: licence.map(str::to_owned),
        };
        let dependents = dependents.iter().copied().collect();
        let problem = problem(&toml::from_str(POLICY).unwrap(), &package, &dependents);
        assert_eq!(problem.as_deref(), expected, "{name}: {licence:?}");
    }

    #[test]
    fn allowed_licences_pass() {
        for licence in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-3.0-only OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0-only) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
            "GPL-2.0-only AND GPL-3.0-only OR MIT",
        ] {
            check("crate", Some(licence), None);
        }
    }

    #[test]
    fn other_licences_are_refused() {
        for licence in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR Apache-2.0) AND SSPL-1.0",
            "MIT WITH LLVM-exception",
            "MPL-2.0",
        ] {
            let expected = format!("crate 1.2.3 has a licence that is not allowed: {licence}");
            check("crate", Some(licence), Some(&expected));
        }
        check("crate", None, Some("crate 1.2.3 states no licence"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for licence in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "AND MIT", "MIT)", "MIT WITH"] {
            let expected = format!("crate 1.2.3 has a licence that cannot be read: {licence}");
            check("crate", Some(licence), Some(&expected));
        }
    }

    #[test]
    fn an_exception_holds_for_its_crate_alone() {
        check("named", Some("MPL-2.0"), None);
        check(
            "named",
            Some("GPL-3.0-only"),
            Some("named 1.2.3 has a licence that is not allowed: GPL-3.0-only"),
        );
    }

    #[test]
    fn a_banned_crate_is_refused_whatever_its_licence() {
        check("ring", Some("MIT"), Some("ring 1.2.3 is banned: another is used"));
    }
    #[test]
    fn a_guarded_crate_is_refused_to_all_but_its_guard() {
        let banned = Some("client 1.2.3 is banned: it is guarded");
        check_among(&["guard"], "client", Some("MIT"), None);
        check_among(&["other"], "client", Some("MIT"), banned);
        check_among(&["guard", "other"], "client", Some("MIT"), banned);
        check_among(&["guard"], "ring", Some("MIT"), Some("ring 1.2.3 is banned: another is used"));
        check_among(&["guard"], "client", None, Some("client 1.2.3 states no licence"));
    }

    #[test]
    fn what_is_compiled_is_read_from_the_tree() {
        let listing = "ours v0.1.0 (/somewhere/ours)\na-v v1.2.3+c.4\na-v v1.2.3+c.4 (*)\n\n\
                       derive v2.0.0-rc.1 (proc-macro)\n";
        let expected = ["a-v 1.2.3+c.4", "derive 2.0.0-rc.1", "ours 0.1.0"];
        assert_eq!(compiled(listing).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn dependents_are_found_in_the_graph() {
        let metadata: Metadata = serde_json::from_value(serde_json::json!({
            "packages": [
                {"id": "1", "name": "guard", "version": "0.1.0", "license": "MIT"},
                {"id": "2", "name": "client", "version": "1.0.0", "license": "MIT"},
                {"id": "3", "name": "tests", "version": "1.0.0", "license": "MIT"},
                {"id": "4", "name": "above", "version": "1.0.0", "license": "MIT"},
            ],
            "workspace_members": [],
            "resolve": {"nodes": [
                {"id": "1", "deps": [{"pkg": "2", "dep_kinds": [{"kind": null}]}]},
                {"id": "2", "deps": []},
                {"id": "3", "deps": [{"pkg": "2", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "4", "deps": [{"pkg": "1", "dep_kinds": [{"kind": null}]}]},
            ]},
        }))
        .unwrap();
        let client = &metadata.packages[1];
        assert_eq!(dependents(&metadata, client), BTreeSet::from(["guard", "tests"]));
    }
}
