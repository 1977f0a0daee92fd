//! Users and groups, as far as they are kept: what is not used is not taken.

use serde_json::{Value, json};

use crate::{Members, ScimError, attribute::member, text::shortened};

/// So many members may a group have.
pub const MEMBERS_MAX: usize = 10_000;

/// So long may a name or a foreign id be.
pub const TEXT_CHARACTERS_MAX: usize = 256;

/// The two kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    User,
    Group,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub const fn schema(self) -> &'static str {
        match self {
            Self::User => "urn:ietf:params:scim:schemas:core:2.0:User",
            Self::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
        }
    }

    /// Below the root of the protocol.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// What a client may change, with whether it must be there.
    pub(crate) const fn writable(self) -> &'static [(&'static str, Presence)] {
        match self {
            Self::User => &[
                ("userName", Presence::Needed),
                ("active", Presence::Free),
                ("displayName", Presence::Free),
                ("externalId", Presence::Free),
            ],
            Self::Group => &[
                ("displayName", Presence::Needed),
                ("externalId", Presence::Free),
                ("members", Presence::Free),
            ],
        }
    }

    /// The attribute of that name as it is written, if a client may change it.
    pub(crate) fn find(self, name: &str) -> Option<(&'static str, Presence)> {
        self.writable().iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// Whether an attribute may be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Needed,
    Free,
}

/// What a client says of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub user_name: String,
    pub external_id: Option<String>,
    pub display_name: Option<String>,
    /// `None`: nothing was said, which is no reason to let somebody in.
    pub active: Option<bool>,
}

impl User {
    /// Other attributes are left out.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidValue`] if one is missing, too long or of another type.
    pub fn read(resource: &Members) -> Result<Self, ScimError> {
        Ok(Self {
            user_name: needed(resource, "userName")?,
            external_id: text(resource, "externalId")?,
            display_name: text(resource, "displayName")?,
            active: boolean(resource, "active")?,
        })
    }

    /// As [`User::read`] reads it.
    pub fn write(&self) -> Members {
        let mut resource = Members::new();
        resource.insert("userName".to_owned(), json!(self.user_name));
        if let Some(active) = self.active {
            resource.insert("active".to_owned(), json!(active));
        }
        insert_some(&mut resource, "displayName", self.display_name.as_deref());
        insert_some(&mut resource, "externalId", self.external_id.as_deref());
        resource
    }
}

/// What a client says of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub display_name: String,
    pub external_id: Option<String>,
    /// Ids of users, each once, in the order given.
    pub members: Vec<String>,
}

impl Group {
    /// # Errors
    /// As [`User::read`]; also for more than [`MEMBERS_MAX`] members.
    pub fn read(resource: &Members) -> Result<Self, ScimError> {
        let mut members: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for element in list(member(resource, "members"))? {
            let id = element.as_object().and_then(|element| member(element, "value"));
            let id = id.and_then(Value::as_str);
            let id = id.ok_or_else(|| ScimError::value("a member has no `value`"))?;
            if seen.insert(id) {
                members.push(id.to_owned());
            }
        }
        let display_name = needed(resource, "displayName")?;
        Ok(Self { display_name, external_id: text(resource, "externalId")?, members })
    }

    pub fn write(&self) -> Members {
        let mut resource = Members::new();
        resource.insert("displayName".to_owned(), json!(self.display_name));
        insert_some(&mut resource, "externalId", self.external_id.as_deref());
        let members: Vec<_> = self.members.iter().map(|id| json!({"value": id})).collect();
        resource.insert("members".to_owned(), Value::Array(members));
        resource
    }
}

/// Bounded before anything is done with it.
pub(crate) fn list(value: Option<&Value>) -> Result<&[Value], ScimError> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(all)) if all.len() <= MEMBERS_MAX => Ok(all),
        Some(Value::Array(_)) => {
            Err(ScimError::value(format!("a group has at most {MEMBERS_MAX} members")))
        }
        Some(one @ Value::Object(_)) => Ok(std::slice::from_ref(one)),
        Some(_) => Err(ScimError::value("`members` is a list")),
    }
}

fn needed(resource: &Members, name: &str) -> Result<String, ScimError> {
    let found = text(resource, name)?;
    found.ok_or_else(|| ScimError::value(format!("`{name}` is missing")))
}

/// An empty text is none.
fn text(resource: &Members, name: &str) -> Result<Option<String>, ScimError> {
    match member(resource, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= TEXT_CHARACTERS_MAX => {
            Ok(Some(text.clone()))
        }
        Some(Value::String(_)) => {
            Err(ScimError::value(format!("`{name}` has at most {TEXT_CHARACTERS_MAX} characters")))
        }
        Some(_) => Err(ScimError::value(format!("`{name}` is a text"))),
    }
}

/// Some clients write `"True"`.
fn boolean(resource: &Members, name: &str) -> Result<Option<bool>, ScimError> {
    match member(resource, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => Err(ScimError::value(format!(
            "`{name}` is true or false, and not {}",
            shortened(&other.to_string())
        ))),
    }
}

fn insert_some(resource: &mut Members, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        resource.insert(name.to_owned(), json!(text));
    }
}
