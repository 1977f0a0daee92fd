//! The software bill of materials: `CycloneDX` 1.6, of what this build is made of.
//!
//! The packages are those that cargo resolved for the target when the program was built, with the
//! checksums of the lock file, and those that the page installs. A supplier is named where
//! `data/suppliers.toml` names it, and is unknown elsewhere.

mod cargo;
mod npm;
mod overview;
mod suppliers;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::suppliers::{Supplier, Suppliers};
use super::document::{Document, Table};
use crate::failure::Failure;

const UNKNOWN: &str = "unknown";

/// What of a build was listed when it was made, and the lock files that it was made from.
pub(super) struct Build<'a> {
    /// What is part of the program, as `cargo tree` lists it.
    pub(super) linked: &'a str,
    /// The same with what only ran while it was compiled.
    pub(super) compiled: &'a str,
    /// `rustc --version`
    pub(super) compiler: &'a str,
    pub(super) target: &'a str,
    pub(super) lock: &'a str,
    pub(super) page_lock: &'a str,
}

impl Build<'static> {
    /// This one.
    pub(super) const fn this() -> Self {
        Self {
            linked: include_str!(concat!(env!("OUT_DIR"), "/linked.txt")),
            compiled: include_str!(concat!(env!("OUT_DIR"), "/compiled.txt")),
            compiler: env!("GALERNE_COMPILER"),
            target: env!("GALERNE_TARGET"),
            lock: crate::assessment::LOCK,
            page_lock: include_str!("../../../../web/package-lock.json"),
        }
    }
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registry {
    Cargo,
    Npm,
    /// The source that the program was built from.
    Own,
    /// The compiler's own library.
    Compiler,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It is part of the program.
    Linked,
    /// It ran while the program was compiled, and is no part of it.
    Compiling,
    /// The page installs it; some of these only hold types.
    Page,
}

impl Use {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Compiling => "compiling",
            Self::Page => "page",
        }
    }

    /// The word of `CycloneDX`.
    const fn scope(self) -> &'static str {
        match self {
            Self::Linked | Self::Page => "required",
            Self::Compiling => "excluded",
        }
    }
}

/// A package of the program or of its page.
#[derive(Clone, Debug)]
struct Package {
    registry: Registry,
    usage: Use,
    name: String,
    version: String,
    /// An expression of SPDX, as the package states it.
    licence: Option<String>,
    repository: Option<String>,
    /// SHA-256 of the package, in hexadecimal.
    checksum: Option<String>,
    /// As npm writes it: algorithm and base64.
    integrity: Option<String>,
    /// References of what it needs.
    needs: BTreeSet<String>,
}

/// What the program is made of.
pub(crate) struct Bill {
    packages: Vec<Package>,
    /// What the program itself needs.
    needs: BTreeSet<String>,
    suppliers: Suppliers,
    version: &'static str,
    commit: Option<&'static str>,
    target: String,
    made_at: String,
}

impl Bill {
    /// Of this program.
    pub(crate) fn read(made_at: String) -> Result<Self, Failure> {
        Self::of(&Build::this(), made_at)
    }

    fn of(build: &Build<'_>, made_at: String) -> Result<Self, Failure> {
        let cargo::Program { mut packages, mut needs } = cargo::read(build)?;
        let page = npm::read(build.page_lock)?;
        packages.extend(page.packages);
        needs.extend(page.needs);
        Ok(Self {
            packages,
            needs,
            suppliers: Suppliers::read()?,
            version: env!("CARGO_PKG_VERSION"),
            commit: option_env!("GALERNE_COMMIT"),
            target: build.target.to_owned(),
            made_at,
        })
    }

    /// For programs: `CycloneDX`.
    pub(crate) fn cyclonedx(&self) -> Value {
        let components: Vec<_> = self.packages.iter().map(|it| self.component(it)).collect();
        let mut dependencies = vec![json!({ "ref": "galerne", "dependsOn": self.needs })];
        dependencies.extend(
            self.packages.iter().map(|it| json!({ "ref": it.reference(), "dependsOn": it.needs })),
        );
        let mut properties = vec![
            property("galerne:suppliers-dated", &self.suppliers.date),
            property("galerne:target", &self.target),
        ];
        properties.extend(self.commit.map(|commit| property("galerne:commit", commit)));
        let mut document = json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {
                "timestamp": self.made_at,
                "lifecycles": [{ "phase": "build" }],
                "component": {
                    "type": "application",
                    "bom-ref": "galerne",
                    "name": "galerne",
                    "version": self.version,
                    "licenses": [{ "expression": "Apache-2.0" }],
                },
                "properties": properties,
            },
            "components": components,
            "dependencies": dependencies,
        });
        document["serialNumber"] = Value::String(serial_number(&document));
        document
    }

    /// For reading.
    pub(crate) fn document(&self) -> Document {
        overview::document(self)
    }

    /// One row a package.
    pub(crate) fn table(&self) -> Table {
        overview::packages(self)
    }

    /// Packages of others.
    fn others(&self) -> impl Iterator<Item = (&Package, Option<&Supplier>)> {
        let others = self.packages.iter().filter(|it| it.registry != Registry::Own);
        others.map(|package| (package, self.suppliers.of(package)))
    }

    fn component(&self, package: &Package) -> Value {
        let supplier = self.suppliers.of(package);
        let country = match (supplier, package.registry) {
            (Some(supplier), _) => supplier.country.as_str(),
            (None, Registry::Own) => "own",
            (None, Registry::Cargo | Registry::Npm | Registry::Compiler) => UNKNOWN,
        };
        let mut properties = vec![
            property("galerne:supplier-country", country),
            property("galerne:use", package.usage.as_str()),
        ];
        properties.extend(supplier.map(|it| property("galerne:supplier-source", &it.source)));
        properties.extend(package.integrity.as_ref().map(|it| property("npm:integrity", it)));
        let mut component = json!({
            "type": "library",
            "bom-ref": package.reference(),
            "name": package.name,
            "version": package.version,
            "scope": package.usage.scope(),
            "properties": properties,
        });
        if let Some(purl) = package.purl() {
            component["purl"] = Value::String(purl);
        }
        if let Some(supplier) = supplier {
            let address = json!({ "country": supplier.country });
            component["supplier"] = json!({ "name": supplier.name, "address": address });
        }
        if let Some(licence) = &package.licence {
            component["licenses"] = json!([{ "expression": licence }]);
        }
        if let Some(checksum) = &package.checksum {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if let Some(repository) = &package.repository {
            component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
        }
        component
    }
}

impl Package {
    /// Unique in a bill.
    fn reference(&self) -> String {
        reference(self.registry, &self.name, &self.version)
    }

    /// Ours are published nowhere: a package of the same name would be somebody else's.
    fn purl(&self) -> Option<String> {
        match self.registry {
            Registry::Cargo | Registry::Npm => Some(self.reference()),
            Registry::Own | Registry::Compiler => None,
        }
    }
}

fn reference(registry: Registry, name: &str, version: &str) -> String {
    match registry {
        Registry::Cargo => format!("pkg:cargo/{name}@{version}"),
        Registry::Npm => format!("pkg:npm/{}@{version}", name.replacen('@', "%40", 1)),
        Registry::Own => format!("own:{name}@{version}"),
        Registry::Compiler => format!("compiler:{name}@{version}"),
    }
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

/// Follows from the bill: another bill has another one.
fn serial_number(document: &Value) -> String {
    let digest = Sha256::digest(document.to_string().as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("urn:uuid:{}", uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Of how many packages of others the country of the supplier is known, and of how many there are.
pub(crate) fn countries() -> Option<(usize, usize)> {
    let bill = Bill::read(String::new()).ok()?;
    Some((bill.others().filter(|(_, it)| it.is_some()).count(), bill.others().count()))
}

#[cfg(test)]
mod tests;
