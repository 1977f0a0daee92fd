//! Patches: a few changes of one resource, all or none.
//!
//! # Source
//! RFC 7644, section 3.5.2.

use serde_json::Value;

use crate::{
    AttributePath, Filter, Kind, MEMBERS_MAX, Members, ScimError, ScimType,
    attribute::{member, unreadable},
    resource::{Presence, list},
    text::shortened,
};

/// More changes at once are refused.
pub const OPERATIONS_MAX: usize = 1_000;

/// What shall be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    operations: Vec<Operation>,
}

#[derive(Clone, Debug, PartialEq)]
struct Operation {
    step: Step,
    /// `None`: the value says which attributes.
    path: Option<Path>,
    value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Add,
    Replace,
    Remove,
}

/// `userName`, `members`, `members[value eq "…"]`.
#[derive(Clone, Debug, PartialEq)]
struct Path {
    attribute: AttributePath,
    filter: Option<Filter>,
    /// What follows the brackets.
    rest: Option<String>,
}

impl Patch {
    /// # Errors
    /// [`ScimType::InvalidSyntax`], [`ScimType::InvalidPath`], or [`ScimType::TooMany`] for more
    /// than [`OPERATIONS_MAX`].
    pub fn read(body: &Members) -> Result<Self, ScimError> {
        let given = member(body, "Operations").and_then(Value::as_array);
        let given = given.ok_or_else(|| ScimError::syntax("there is no list `Operations`"))?;
        if given.len() > OPERATIONS_MAX {
            let message = format!("a patch has at most {OPERATIONS_MAX} operations");
            return Err(ScimError::new(ScimType::TooMany, message));
        }
        let operations = given.iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }

    /// The resource as it shall be. Attributes that are not kept are left out without a word, as
    /// they are when a resource is made.
    ///
    /// # Errors
    /// [`ScimType::Mutability`], [`ScimType::NoTarget`], [`ScimType::InvalidPath`] and
    /// [`ScimType::InvalidValue`].
    pub fn apply(&self, kind: Kind, resource: &Members) -> Result<Members, ScimError> {
        let mut changed = resource.clone();
        for operation in &self.operations {
            operation.apply(kind, &mut changed)?;
        }
        Ok(changed)
    }
}

fn operation(given: &Value) -> Result<Operation, ScimError> {
    let given = given.as_object().ok_or_else(|| ScimError::syntax("an operation is an object"))?;
    let word = member(given, "op").and_then(Value::as_str).unwrap_or_default();
    let step = match word.to_ascii_lowercase().as_str() {
        "add" => Step::Add,
        "replace" => Step::Replace,
        "remove" => Step::Remove,
        _ => return Err(ScimError::syntax("`op` is add, replace or remove")),
    };
    let path = match member(given, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(Value::String(text)) => Some(Path::parse(text)?),
        Some(_) => return Err(ScimError::new(ScimType::InvalidPath, "`path` is a text")),
    };
    let value = member(given, "value").cloned();
    match (step, &path, &value) {
        (Step::Remove, None, _) => {
            Err(ScimError::new(ScimType::NoTarget, "`remove` needs a `path`"))
        }
        (Step::Add | Step::Replace, _, None) => {
            Err(ScimError::value("`add` and `replace` need a `value`"))
        }
        _ => Ok(Operation { step, path, value }),
    }
}

impl Path {
    fn parse(text: &str) -> Result<Self, ScimError> {
        let wrong = |message: String| ScimError::new(ScimType::InvalidPath, message);
        let attribute = |name| AttributePath::parse(name).ok_or_else(|| wrong(unreadable(name)));
        let Some((name, rest)) = text.split_once('[') else {
            return Ok(Self { attribute: attribute(text)?, filter: None, rest: None });
        };
        let (inner, rest) = rest
            .rsplit_once(']')
            .ok_or_else(|| wrong(format!("`{}` has no end", shortened(text))))?;
        let filter = Filter::parse(inner)?;
        let rest = match rest.strip_prefix('.') {
            Some(sub) => Some(attribute(sub)?.name().to_owned()),
            None if rest.is_empty() => None,
            None => return Err(wrong(format!("`{}` is not expected there", shortened(rest)))),
        };
        Ok(Self { attribute: attribute(name)?, filter: Some(filter), rest })
    }
}

impl Operation {
    fn apply(&self, kind: Kind, resource: &mut Members) -> Result<(), ScimError> {
        match (&self.path, &self.value) {
            (Some(path), value) => self.at(kind, path, value.as_ref(), resource),
            (None, Some(Value::Object(values))) => {
                for (name, value) in values {
                    // Some clients write paths in place of names.
                    let Ok(path) = Path::parse(name) else { continue };
                    if !is_fixed(&path.attribute) {
                        self.at(kind, &path, Some(value), resource)?;
                    }
                }
                Ok(())
            }
            (None, _) => Err(ScimError::value("without a `path`, `value` is an object")),
        }
    }

    fn at(
        &self,
        kind: Kind,
        path: &Path,
        value: Option<&Value>,
        resource: &mut Members,
    ) -> Result<(), ScimError> {
        if is_fixed(&path.attribute) {
            let message = format!("`{}` is not changed by clients", path.attribute.name());
            return Err(ScimError::new(ScimType::Mutability, message));
        }
        let Some((name, presence)) = kind.find(path.attribute.name()) else { return Ok(()) };
        if name == "members" {
            return self.members(path, value, resource);
        }
        if path.filter.is_some() || path.attribute.sub().is_some() {
            let message = format!("`{name}` has no parts");
            return Err(ScimError::new(ScimType::InvalidPath, message));
        }
        let value = value.filter(|value| self.step != Step::Remove && !value.is_null());
        match (value, presence) {
            (Some(value), _) => {
                resource.insert(name.to_owned(), value.clone());
            }
            (None, Presence::Free) => {
                resource.remove(name);
            }
            (None, Presence::Needed) => {
                let message = format!("`{name}` cannot be taken away");
                return Err(ScimError::new(ScimType::Mutability, message));
            }
        }
        Ok(())
    }

    fn members(
        &self,
        path: &Path,
        value: Option<&Value>,
        resource: &mut Members,
    ) -> Result<(), ScimError> {
        if path.rest.is_some() || path.attribute.sub().is_some() {
            let message = "members are added and removed, and not changed";
            return Err(ScimError::new(ScimType::Mutability, message));
        }
        let kept = list(resource.get("members"))?.to_vec();
        let fits = |element: &Value| match (&path.filter, element.as_object()) {
            (Some(filter), Some(element)) => filter.fits(element),
            _ => false,
        };
        let given = list(value)?;
        let changed = match (self.step, &path.filter) {
            (Step::Add, None) => [kept.as_slice(), given].concat(),
            (Step::Replace, None) => given.to_vec(),
            // Some clients name whom to remove in the value.
            (Step::Remove, None) if !given.is_empty() => {
                let ids = ids(given);
                kept.into_iter().filter(|one| !ids.contains(&id(one).unwrap_or_default())).collect()
            }
            (Step::Remove, None) => Vec::new(),
            (Step::Remove, Some(_)) => kept.into_iter().filter(|one| !fits(one)).collect(),
            (Step::Add | Step::Replace, Some(_)) => {
                if !kept.iter().any(fits) {
                    let message = "no member is meant by the path";
                    return Err(ScimError::new(ScimType::NoTarget, message));
                }
                let others = kept.into_iter().filter(|one| !fits(one));
                others.chain(given.iter().cloned()).collect()
            }
        };
        let changed = once(changed);
        if changed.len() > MEMBERS_MAX {
            return Err(ScimError::value(format!("a group has at most {MEMBERS_MAX} members")));
        }
        resource.insert("members".to_owned(), Value::Array(changed));
        Ok(())
    }
}

/// Each member once: a patch may add the same ones again and again.
fn once(members: Vec<Value>) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let is_new = |one: &Value| id(one).is_none_or(|id| seen.insert(id.to_owned()));
    members.into_iter().filter(is_new).collect()
}

fn ids(members: &[Value]) -> std::collections::BTreeSet<&str> {
    members.iter().filter_map(id).collect()
}

fn id(element: &Value) -> Option<&str> {
    member(element.as_object()?, "value")?.as_str()
}

/// What the server alone says.
fn is_fixed(attribute: &AttributePath) -> bool {
    ["id", "meta", "groups", "schemas"].iter().any(|fixed| attribute.is(fixed))
}
