//! Whose seats are known, from a dated list.

use serde::Deserialize;

use super::{Package, Registry};

const SUPPLIERS: &str = include_str!("../../../data/suppliers.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suppliers {
    /// When the list was looked through.
    pub(super) date: String,
    pub(super) supplier: Vec<Supplier>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Supplier {
    pub(super) name: String,
    pub(super) country: String,
    /// Where its seat is told.
    pub(super) source: String,
    /// How addresses of its repositories begin.
    #[serde(default)]
    pub(super) repositories: Vec<String>,
    /// Packages of npm; one that ends in `/*` is a scope.
    #[serde(default)]
    pub(super) npm: Vec<String>,
}

impl Suppliers {
    pub(super) fn read() -> Result<Self, toml::de::Error> {
        toml::from_str(SUPPLIERS)
    }

    pub(super) fn of(&self, package: &Package) -> Option<&Supplier> {
        match package.registry {
            Registry::Own | Registry::Compiler => None,
            Registry::Cargo => {
                let repository = package.repository.as_deref()?;
                let lies_in = |beginning: &String| repository.starts_with(beginning.as_str());
                self.supplier.iter().find(|it| it.repositories.iter().any(lies_in))
            }
            Registry::Npm => {
                let is_it = |named: &String| match named.strip_suffix('*') {
                    Some(scope) => package.name.starts_with(scope),
                    None => package.name == *named,
                };
                self.supplier.iter().find(|it| it.npm.iter().any(is_it))
            }
        }
    }
}
