//! Packages of the page, from its lock file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Package, Registry, Use, reference};
use crate::failure::Failure;

pub(super) struct Page {
    pub(super) packages: Vec<Package>,
    /// What the page itself needs.
    pub(super) needs: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Locked {
    version: Option<String>,
    integrity: Option<String>,
    license: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
}

const FOLDER: &str = "node_modules/";

/// What its dependencies install; tools that only build or test it are left out.
pub(super) fn read(lock: &str) -> Result<Page, Failure> {
    let Lock { packages: all } = serde_json::from_str(lock)?;
    let shipped: BTreeMap<_, _> =
        all.into_iter().filter(|(path, package)| path.is_empty() || !package.dev).collect();
    let needs_of = |path: &str, package: &Locked| -> BTreeSet<String> {
        let wanted = package.dependencies.keys().chain(package.optional_dependencies.keys());
        let wanted = wanted.chain(package.peer_dependencies.keys());
        wanted.filter_map(|name| found(&shipped, path, name)).collect()
    };
    let packages = shipped.iter().filter_map(|(path, package)| {
        let (_, name) = path.rsplit_once(FOLDER)?;
        Some(Package {
            registry: Registry::Npm,
            usage: Use::Page,
            name: name.to_owned(),
            version: package.version.clone()?,
            licence: package.license.clone(),
            repository: None,
            checksum: None,
            integrity: package.integrity.clone(),
            needs: needs_of(path, package),
        })
    });
    let needs = shipped.get("").map(|page| needs_of("", page)).unwrap_or_default();
    Ok(Page { packages: packages.collect(), needs })
}

/// As node finds it: in the folder of whoever asks, or in one above.
fn found(all: &BTreeMap<String, Locked>, path: &str, name: &str) -> Option<String> {
    let mut folder = path;
    loop {
        let separator = if folder.is_empty() { "" } else { "/" };
        let there = all.get(&format!("{folder}{separator}{FOLDER}{name}"));
        if let Some(version) = there.and_then(|package| package.version.as_ref()) {
            return Some(reference(Registry::Npm, name, version));
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once(FOLDER).map_or("", |(above, _)| above.trim_end_matches('/'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_package_of_a_name_is_needed() {
        let lock = r#"{ "packages": {
            "": { "dependencies": { "a": "1", "b": "1" } },
            "node_modules/a": { "version": "1.0.0", "dependencies": { "b": "2" }, "license": "MIT" },
            "node_modules/a/node_modules/b": { "version": "2.0.0", "dependencies": { "@s/c": "1" } },
            "node_modules/b": { "version": "1.0.0" },
            "node_modules/@s/c": { "version": "3.0.0" },
            "node_modules/tool": { "version": "1.0.0", "dev": true }
        } }"#;
        let page = read(lock).unwrap();
        assert_eq!(Vec::from_iter(page.needs), ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0"]);
        let needs = |reference: &str| {
            let found = page.packages.iter().find(|package| package.reference() == reference);
            Vec::from_iter(found.unwrap().needs.clone())
        };
        assert_eq!(needs("pkg:npm/a@1.0.0"), ["pkg:npm/b@2.0.0"]);
        assert_eq!(needs("pkg:npm/b@2.0.0"), ["pkg:npm/%40s/c@3.0.0"]);
        assert_eq!(page.packages.len(), 4);
    }
}
