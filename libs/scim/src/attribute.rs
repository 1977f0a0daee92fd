//! Names of attributes, as filters and patches spell them.

use serde_json::Value;

use crate::{Members, text::shortened};

/// What the names of the core schemas begin with; `User:` or `Group:` follows.
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

/// `userName`, `meta.created`, `urn:ietf:params:scim:schemas:core:2.0:User:userName`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributePath {
    name: String,
    sub: Option<String>,
}

impl AttributePath {
    /// `None` if that is no name of an attribute.
    pub fn parse(text: &str) -> Option<Self> {
        let local = local(text)?;
        let (name, sub) = match local.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (local, None),
        };
        let is_good = is_name(name) && sub.is_none_or(is_name);
        // A foreign schema keeps its name whole: it is the name of nothing that is here.
        let name = if local.len() == text.len() || is_core(text) { name } else { text };
        is_good.then(|| Self { name: name.to_owned(), sub: sub.map(str::to_owned) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Every value that it stands for; those of a list one by one.
    pub(crate) fn values<'a>(&self, resource: &'a Members) -> Vec<&'a Value> {
        let Some(value) = member(resource, &self.name) else { return Vec::new() };
        let all: &[Value] = match value {
            Value::Array(all) => all,
            one => std::slice::from_ref(one),
        };
        all.iter().filter_map(|one| self.within(one)).collect()
    }

    /// Of a complex value the part that is named, or else the one that stands for it.
    fn within<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (value, &self.sub) {
            (Value::Object(members), Some(sub)) => member(members, sub),
            (Value::Object(members), None) => member(members, "value").or(Some(value)),
            (_, Some(_)) => None,
            (other, None) => Some(other),
        }
    }

    /// Whether upper and lower case are told apart.
    pub(crate) fn is_case_exact(&self) -> bool {
        let last = self.sub.as_deref().unwrap_or(&self.name);
        let exact = ["id", "externalId", "value", "$ref", "created", "lastModified", "location"];
        exact.iter().any(|name| last.eq_ignore_ascii_case(name))
    }
}

/// Names of attributes are told apart without their case.
pub(crate) fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Value> {
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// What follows the name of a schema.
fn local(text: &str) -> Option<&str> {
    let is_urn = text.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("urn:"));
    if !is_urn {
        return Some(text);
    }
    text.rsplit_once(':').map(|(_, local)| local)
}

fn is_core(text: &str) -> bool {
    let rest = text.get(..CORE.len()).filter(|begin| begin.eq_ignore_ascii_case(CORE));
    let kind = rest.and_then(|_| text[CORE.len()..].split_once(':'));
    kind.is_some_and(|(kind, _)| {
        ["User", "Group"].iter().any(|known| known.eq_ignore_ascii_case(kind))
    })
}

fn is_name(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

pub(crate) fn unreadable(text: &str) -> String {
    format!("`{}` is not the name of an attribute", shortened(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Option<&str>)>) {
        let path = AttributePath::parse(text);
        let found = path.as_ref().map(|path| (path.name(), path.sub()));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_read_with_and_without_their_schema() {
        check("userName", Some(("userName", None)));
        check("meta.lastModified", Some(("meta", Some("lastModified"))));
        check("urn:ietf:params:scim:schemas:core:2.0:User:userName", Some(("userName", None)));
        check(
            "URN:IETF:params:scim:schemas:core:2.0:Group:members.$ref",
            Some(("members", Some("$ref"))),
        );
        let foreign = "urn:example:other:2.0:User:userName";
        check(foreign, Some((foreign, None)));
        for wrong in ["", ".", "a.", ".a", "1a", "a.b.c", "a b", "é", "urn:", "urn:x:", "a[b]"] {
            check(wrong, None);
        }
    }
}
