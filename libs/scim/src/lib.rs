//! SCIM 2.0 without a server: filters, patches, resources, and what is told of them.
//!
//! Start at [`User`] and [`Group`], which are read from JSON and written to it; [`Filter`] finds
//! some of them and [`Patch`] changes one. Everything that is sent is bounded before it is looked
//! at. Pure: no clock, no network, no storage.
//!
//! # Source
//! RFC 7643 (schema) and RFC 7644 (protocol).

mod attribute;
mod error;
mod filter;
mod patch;
mod resource;
mod schema;
mod selection;
mod text;

pub use attribute::AttributePath;
pub use error::{ScimError, ScimType};
pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter};
pub use patch::{OPERATIONS_MAX, Patch};
pub use resource::{Group, Kind, MEMBERS_MAX, TEXT_CHARACTERS_MAX, User};
pub use schema::{resource_type, resource_types, schema, schemas, service_provider_config};
pub use selection::Selection;

/// A resource as JSON.
pub type Members = serde_json::Map<String, serde_json::Value>;

/// The media type of every body.
pub const CONTENT_TYPE: &str = "application/scim+json";
