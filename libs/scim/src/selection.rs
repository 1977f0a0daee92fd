//! Which attributes a client wants to see.
//!
//! # Source
//! RFC 7644, section 3.9.

use crate::{AttributePath, Members};

/// More names than a resource has.
const NAMES_MAX: usize = 64;

/// `attributes` and `excludedAttributes` of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    wanted: Option<Vec<String>>,
    unwanted: Vec<String>,
}

impl Selection {
    /// Names with commas between them; what is no name is left out.
    pub fn new(attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let wanted = attributes.map(names).filter(|names| !names.is_empty());
        Self { wanted, unwanted: excluded.map(names).unwrap_or_default() }
    }

    /// `schemas` and `id` are always there.
    #[must_use]
    pub fn of(&self, mut resource: Members) -> Members {
        let is_among =
            |names: &[String], key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
        resource.retain(|key, _| {
            let is_wanted = self.wanted.as_ref().is_none_or(|wanted| is_among(wanted, key));
            ["schemas", "id"].contains(&key.as_str()) || is_wanted && !is_among(&self.unwanted, key)
        });
        resource
    }

    /// Whether an attribute would be shown, so that it need not be put together otherwise.
    pub fn shows(&self, name: &str) -> bool {
        let mut probe = Members::new();
        probe.insert(name.to_owned(), serde_json::Value::Null);
        !self.of(probe).is_empty()
    }
}

fn names(text: &str) -> Vec<String> {
    let paths =
        text.split(',').take(NAMES_MAX).filter_map(|name| AttributePath::parse(name.trim()));
    paths.map(|path| path.name().to_owned()).collect()
}
