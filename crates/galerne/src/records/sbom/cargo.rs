//! Packages of the program, from what cargo listed when it was built.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Build, Package, Registry, Use};
use crate::failure::Failure;

pub(super) struct Program {
    pub(super) packages: Vec<Package>,
    /// What the program itself needs.
    pub(super) needs: BTreeSet<String>,
}

/// The crate that is the program, and no package of its bill.
const ROOT: &str = "galerne";

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// `None`: ours.
    source: Option<String>,
    checksum: Option<String>,
}

/// A line such as `2serde v1.0.0|MIT OR Apache-2.0|https://…`.
struct Line<'a> {
    depth: usize,
    name: &'a str,
    version: &'a str,
    licence: &'a str,
    repository: &'a str,
}

pub(super) fn read(build: &Build<'_>) -> Result<Program, Failure> {
    let Lock { package: locked } = toml::from_str(build.lock)?;
    let locked: BTreeMap<_, _> =
        locked.iter().map(|it| ((it.name.as_str(), it.version.as_str()), it)).collect();
    let linked: BTreeSet<_> =
        lines(build.linked)?.iter().map(|line| (line.name, line.version)).collect();
    let mut packages = BTreeMap::new();
    let mut needs = BTreeMap::<String, BTreeSet<String>>::new();
    // References from the program down to the line before.
    let mut above: Vec<String> = Vec::new();
    for line in lines(build.compiled)? {
        let found = locked.get(&(line.name, line.version)).ok_or_else(|| {
            Failure::message(format!("{} {} is not in the lock file", line.name, line.version))
        })?;
        let is_linked = linked.contains(&(line.name, line.version));
        let package = line.package(found, if is_linked { Use::Linked } else { Use::Compiling });
        above.truncate(line.depth);
        if let Some(parent) = above.last() {
            needs.entry(parent.clone()).or_default().insert(package.reference());
        }
        above.push(package.reference());
        packages.insert(package.reference(), package);
    }
    let root = packages.iter().find(|(_, it)| it.registry == Registry::Own && it.name == ROOT);
    let root = root.map(|(reference, _)| reference.clone()).ok_or_else(unlisted)?;
    packages.remove(&root);
    let mut of_root = needs.remove(&root).unwrap_or_default();
    let library = library(build.compiler)?;
    of_root.insert(library.reference());
    let with_needs = packages.into_iter().map(|(reference, package)| Package {
        needs: needs.remove(&reference).unwrap_or_default(),
        ..package
    });
    let packages = with_needs.chain([library]).collect();
    Ok(Program { packages, needs: of_root })
}

fn unlisted() -> Failure {
    Failure::message("this build does not know what it is made of: cargo did not list it")
        .hint("build it with cargo from the source; the warnings of the build say what went wrong")
}

fn lines(listing: &str) -> Result<Vec<Line<'_>>, Failure> {
    let lines: Option<Vec<_>> = listing.lines().map(line).collect();
    lines.filter(|lines| !lines.is_empty()).ok_or_else(unlisted)
}

fn line(text: &str) -> Option<Line<'_>> {
    // What was listed before is listed without what it needs.
    let text = text.strip_suffix(" (*)").unwrap_or(text);
    let mut parts = text.split('|');
    let (package, licence, repository) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = package.find(|character: char| !character.is_ascii_digit())?;
    let (depth, package) = package.split_at(digits);
    let (name, rest) = package.split_once(" v")?;
    let version = rest.split(' ').next()?;
    Some(Line { depth: depth.parse().ok()?, name, version, licence, repository })
}

impl Line<'_> {
    fn package(&self, locked: &Locked, usage: Use) -> Package {
        let stated = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Package {
            registry: if locked.source.is_some() { Registry::Cargo } else { Registry::Own },
            usage,
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            licence: stated(self.licence).map(|licence| expression(&licence)),
            repository: stated(self.repository),
            checksum: locked.checksum.clone(),
            integrity: None,
            needs: BTreeSet::new(),
        }
    }
}

/// Old packages write `A/B` for `A OR B`.
fn expression(stated: &str) -> String {
    let parts: Vec<_> = stated.split('/').map(str::trim).collect();
    parts.join(" OR ")
}

/// What the compiler brings: part of every program.
fn library(compiler: &str) -> Result<Package, Failure> {
    let version = compiler.split(' ').nth(1).ok_or_else(unlisted)?;
    Ok(Package {
        registry: Registry::Compiler,
        usage: Use::Linked,
        name: "std".to_owned(),
        version: version.to_owned(),
        licence: Some("MIT OR Apache-2.0".to_owned()),
        repository: Some("https://github.com/rust-lang/rust".to_owned()),
        checksum: None,
        integrity: None,
        needs: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whole() {
        let read =
            line("12a_b v1.2.3+x (proc-macro)|MIT/Apache-2.0|https://r.example (*)").unwrap();
        assert_eq!((read.depth, read.name, read.version), (12, "a_b", "1.2.3+x"));
        assert_eq!((read.licence, read.repository), ("MIT/Apache-2.0", "https://r.example"));
        assert_eq!(expression("MIT / Apache-2.0"), "MIT OR Apache-2.0");
        assert!(line("serde v1").is_none() && lines("").is_err());
    }
}
