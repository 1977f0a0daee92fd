//! Resources as JSON, with what the server says of them.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{AccountId, Timestamp};
use governance::ports::{Group, Provisioned};
use scim::{CONTENT_TYPE, Kind, Members, ScimError, ScimType};
use serde_json::{Value, json};

use super::ROOT;
use crate::problem::Problem;

/// JSON with the media type of SCIM.
pub(crate) struct Scim(pub(super) Value);

impl IntoResponse for Scim {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static(CONTENT_TYPE);
        ([(header::CONTENT_TYPE, content_type)], Body::from(self.0.to_string())).into_response()
    }
}

/// Something that was just made, with where it lies.
pub(super) fn created(resource: Members) -> Response {
    let location = resource.get("meta").and_then(|meta| meta["location"].as_str());
    let location = location.and_then(|location| HeaderValue::try_from(location).ok());
    let mut response = (StatusCode::CREATED, Scim(Value::Object(resource))).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The object that a body has to be.
pub(super) fn object(bytes: &Bytes) -> Result<Members, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|_| ScimError::new(ScimType::InvalidSyntax, "the body is no JSON object").into())
}

pub(super) fn location(kind: Kind, id: impl std::fmt::Display) -> String {
    format!("{ROOT}{}/{id}", kind.endpoint())
}

/// In which groups everybody is.
pub(super) fn memberships(groups: &[Group]) -> BTreeMap<AccountId, Vec<&Group>> {
    let mut all: BTreeMap<AccountId, Vec<&Group>> = BTreeMap::new();
    for group in groups {
        for member in &group.members {
            all.entry(*member).or_default().push(group);
        }
    }
    all
}

pub(super) fn user(person: &Provisioned, groups: &[&Group]) -> Members {
    let account = &person.account;
    let said = scim::User {
        user_name: account.name.to_string(),
        external_id: person.external_id.clone(),
        display_name: person.display_name.clone(),
        active: Some(account.disabled_at.is_none()),
    };
    let times = (account.created_at, person.changed_at);
    let mut resource = framed(Kind::User, &account.id.to_string(), said.write(), times);
    if !groups.is_empty() {
        let groups = groups.iter().map(|group| {
            json!({
                "value": group.id.to_string(),
                "$ref": location(Kind::Group, group.id),
                "display": group.display_name,
            })
        });
        resource.insert("groups".to_owned(), groups.collect());
    }
    resource
}

pub(super) fn group(group: &Group) -> Members {
    let said = said_of(group);
    let times = (group.created_at, group.changed_at);
    let mut resource = framed(Kind::Group, &group.id.to_string(), said.write(), times);
    if group.members.is_empty() {
        resource.remove("members");
    } else {
        let members = group.members.iter().map(|id| {
            let reference = location(Kind::User, id);
            json!({"value": id.to_string(), "$ref": reference, "type": "User"})
        });
        resource.insert("members".to_owned(), members.collect());
    }
    resource
}

/// As a client would say it.
pub(super) fn said_of(group: &Group) -> scim::Group {
    scim::Group {
        display_name: group.display_name.clone(),
        external_id: group.external_id.clone(),
        members: group.members.iter().map(ToString::to_string).collect(),
    }
}

fn framed(
    kind: Kind,
    id: &str,
    said: Members,
    (created, changed): (Timestamp, Timestamp),
) -> Members {
    let mut resource = Members::new();
    resource.insert("schemas".to_owned(), json!([kind.schema()]));
    resource.insert("id".to_owned(), json!(id));
    resource.extend(said);
    let meta = json!({
        "resourceType": kind.name(),
        "created": created.to_string(),
        "lastModified": changed.to_string(),
        "location": location(kind, id),
    });
    resource.insert("meta".to_owned(), meta);
    resource
}
