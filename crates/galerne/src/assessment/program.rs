//! What the program is made of.

use serde::Deserialize;
use sovereignty::Measured;

use super::Scene;
use crate::{failure::Failure, records, web};

/// The one registry that packages come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lock file that the program was built with.
pub(crate) const LOCK: &str = include_str!("../../../../Cargo.lock");

/// What was compiled in. Tests make their own.
pub(crate) struct Program {
    /// The commit that it was built from.
    pub(crate) commit: Option<&'static str>,
    /// The lock file that names every package.
    pub(crate) lock: String,
    /// Files of the page by name.
    pub(crate) page: Vec<(String, Vec<u8>)>,
    /// What browsers are told that the page may do.
    pub(crate) page_policy: String,
    /// The document of all routes.
    pub(crate) routes: String,
    /// Whether a changed log is noticed.
    pub(crate) notices: Notices,
}

/// Whether the second list of entries is told from the first, which is as it was signed.
pub(crate) type Notices = fn(&[Vec<u8>], &[Vec<u8>]) -> bool;

impl Program {
    /// This one.
    pub(crate) fn this() -> Result<Self, Failure> {
        Ok(Self {
            commit: option_env!("GALERNE_COMMIT"),
            lock: LOCK.to_owned(),
            page: web::files(),
            page_policy: web::policy("0"),
            routes: api::openapi_json()?,
            notices: super::journal::notices,
        })
    }
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

pub(super) fn bill_complete(scene: &Scene<'_>) -> Measured {
    let lock: Lock = match toml::from_str(&scene.around.program.lock) {
        Ok(lock) => lock,
        Err(error) => return Measured::not_measured(error.to_string()),
    };
    let is_open = |package: &&Package| match &package.source {
        // Our own, from the source that the program was built from.
        None => false,
        Some(source) => source != REGISTRY || package.checksum.is_none(),
    };
    let open: Vec<_> = lock.package.iter().filter(is_open).map(|it| it.name.as_str()).collect();
    if !open.is_empty() {
        return Measured::failed(format!("origin or checksum unknown: {}", open.join(", ")));
    }
    let lines = lock.package.iter().map(|package| {
        let origin = package.source.as_deref().unwrap_or("own");
        let checksum = package.checksum.as_deref().unwrap_or("-");
        format!("{} {} {origin} {checksum}", package.name, package.version)
    });
    let lines: Vec<_> = lines.collect();
    // What is declared of suppliers is no part of the check: it is told beside it.
    let seen = match records::countries() {
        Some((known, all)) => format!(
            "{} packages; the country of the supplier is known of {known} of the {all} by others \
             that this program is made of",
            lines.len()
        ),
        None => format!("{} packages; the countries of suppliers are not in it", lines.len()),
    };
    Measured::passed(seen).with_raw(lines.join("\n"))
}

pub(super) fn source_named(scene: &Scene<'_>) -> Measured {
    match scene.around.program.commit {
        Some(commit) if !commit.is_empty() => Measured::passed(format!("commit {commit}")),
        Some(_) | None => Measured::failed("the build names no commit"),
    }
}
