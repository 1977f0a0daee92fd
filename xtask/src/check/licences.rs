//! Checks the licence of every crate that is compiled, and bans some crates, by `deny.toml`.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::metadata::{Metadata, Package};
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
    reason: String,
}

pub(crate) fn problems(workspace: &Workspace, metadata: &Metadata) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace.path("deny.toml")).context("deny.toml")?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    // `packages` lists other platforms too; the resolved graph is what is compiled here.
    let compiled: BTreeSet<&str> =
        metadata.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
    let packages =
        metadata.packages.iter().filter(|package| compiled.contains(package.id.as_str()));
    Ok(packages.filter_map(|package| problem(&policy, package)).collect())
}

fn problem(policy: &Policy, package: &Package) -> Option<String> {
    let shown = format!("{} {}", package.name, package.version);
    if let Some(ban) = policy.bans.deny.iter().find(|ban| ban.name == package.name) {
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
        deny = [{ crate = "ring", reason = "another is used" }]
    "#;

    fn check(name: &str, licence: Option<&str>, expected: Option<&str>) {
        let package = Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            license: licence.map(str::to_owned),
        };
        let problem = problem(&toml::from_str(POLICY).unwrap(), &package);
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
}
