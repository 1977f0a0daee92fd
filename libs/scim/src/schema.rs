//! What is told of the server: its abilities, its kinds of resources, their schemas.
//!
//! Attributes of the core schema that are not kept are declared as read-only and never returned: a
//! client that asks first does not even send them.

use serde_json::{Value, json};

use crate::{Kind, OPERATIONS_MAX};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// Attributes of users that are neither taken nor told.
const SIMPLE_NOT_KEPT: [&str; 8] = [
    "nickName",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
    "password",
    "profileUrl",
];
const NAME_NOT_KEPT: [&str; 3] = ["formatted", "familyName", "givenName"];
const ADDRESS_NOT_KEPT: [&str; 6] =
    ["formatted", "streetAddress", "locality", "region", "postalCode", "country"];
const LISTS_NOT_KEPT: [&str; 3] = ["emails", "phoneNumbers", "photos"];

/// What the server can do. `root` is the path of the protocol, `results_max` the longest page.
pub fn service_provider_config(root: &str, results_max: u32) -> Value {
    json!({
        "schemas": [CONFIG],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": OPERATIONS_MAX, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": results_max},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": false},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API key",
            "description": "An API key with the permission `provisioning`, in `Authorization: Bearer`",
            "primary": true,
        }],
        "meta": meta("ServiceProviderConfig", &format!("{root}/ServiceProviderConfig")),
    })
}

/// All kinds of resources.
pub fn resource_types(root: &str) -> Vec<Value> {
    Kind::ALL.iter().map(|&kind| resource_type(root, kind)).collect()
}

pub fn resource_type(root: &str, kind: Kind) -> Value {
    let description = match kind {
        Kind::User => "A person of the organisation",
        Kind::Group => "A group of persons, which may stand for a role",
    };
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": kind.name(),
        "name": kind.name(),
        "endpoint": kind.endpoint(),
        "description": description,
        "schema": kind.schema(),
        "schemaExtensions": [],
        "meta": meta("ResourceType", &format!("{root}/ResourceTypes/{}", kind.name())),
    })
}

/// The schemas of all kinds.
pub fn schemas(root: &str) -> Vec<Value> {
    Kind::ALL.iter().map(|&kind| schema(root, kind)).collect()
}

pub fn schema(root: &str, kind: Kind) -> Value {
    let attributes = match kind {
        Kind::User => user_attributes(),
        Kind::Group => group_attributes(),
    };
    json!({
        "schemas": [SCHEMA],
        "id": kind.schema(),
        "name": kind.name(),
        "description": match kind { Kind::User => "User account", Kind::Group => "Group" },
        "attributes": attributes,
        "meta": meta("Schema", &format!("{root}/Schemas/{}", kind.schema())),
    })
}

fn meta(kind: &str, location: &str) -> Value {
    json!({"resourceType": kind, "location": location})
}

fn user_attributes() -> Vec<Value> {
    let mut all = vec![
        simple("userName", "What is typed to sign in; lower case", "readWrite")
            .with("required", json!(true))
            .with("uniqueness", json!("server")),
        simple("displayName", "For people to read", "readWrite"),
        simple("active", "Whether it is let in; true unless said otherwise", "readWrite")
            .with("type", json!("boolean"))
            .with("required", json!(true)),
        complex(
            "groups",
            "The groups that it is in",
            "readOnly",
            true,
            &[
                simple("value", "The id of the group", "readOnly").with("caseExact", json!(true)),
                reference("The group", "readOnly", "Group"),
                simple("display", "The name of the group", "readOnly"),
            ],
        ),
        not_kept(complex("name", "Not kept", "readOnly", false, &parts(&NAME_NOT_KEPT))),
        not_kept(complex("addresses", "Not kept", "readOnly", true, &parts(&ADDRESS_NOT_KEPT))),
    ];
    all.extend(SIMPLE_NOT_KEPT.map(|name| not_kept(simple(name, "Not kept", "readOnly"))));
    all.extend(LISTS_NOT_KEPT.map(|name| {
        not_kept(complex(name, "Not kept", "readOnly", true, &parts(&["value", "type"])))
    }));
    all.into_iter().map(Attribute::into_value).collect()
}

fn group_attributes() -> Vec<Value> {
    let all = [
        simple("displayName", "The name, which may stand for a role", "readWrite")
            .with("required", json!(true)),
        complex(
            "members",
            "Persons",
            "readWrite",
            true,
            &[
                simple("value", "The id of a user", "immutable").with("caseExact", json!(true)),
                reference("The user", "immutable", "User"),
                simple("type", "User", "immutable").with("canonicalValues", json!(["User"])),
                simple("display", "Not told", "readOnly"),
            ],
        ),
    ];
    all.into_iter().map(Attribute::into_value).collect()
}

/// One attribute of a schema, until it is JSON.
#[derive(Clone)]
struct Attribute(Value);

impl Attribute {
    fn with(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    fn into_value(self) -> Value {
        self.0
    }
}

fn simple(name: &str, description: &str, mutability: &str) -> Attribute {
    Attribute(json!({
        "name": name,
        "type": "string",
        "multiValued": false,
        "description": description,
        "required": false,
        "caseExact": false,
        "mutability": mutability,
        "returned": "default",
        "uniqueness": "none",
    }))
}

fn reference(description: &str, mutability: &str, to: &str) -> Attribute {
    simple("$ref", description, mutability)
        .with("type", json!("reference"))
        .with("referenceTypes", json!([to]))
        .with("caseExact", json!(true))
}

fn complex(
    name: &str,
    description: &str,
    mutability: &str,
    is_list: bool,
    parts: &[Attribute],
) -> Attribute {
    let parts: Vec<_> = parts.iter().map(|part| part.0.clone()).collect();
    simple(name, description, mutability)
        .with("type", json!("complex"))
        .with("multiValued", json!(is_list))
        .with("subAttributes", json!(parts))
}

fn parts(names: &[&str]) -> Vec<Attribute> {
    names.iter().map(|name| not_kept(simple(name, "Not kept", "readOnly"))).collect()
}

fn not_kept(attribute: Attribute) -> Attribute {
    attribute.with("returned", json!("never"))
}
