//! What the server tells of itself; nothing of anybody.

use axum::extract::{Path, rejection::PathRejection};
use scim::Kind;

use super::{
    ROOT,
    answer::Scim,
    query::{RESULTS_MAX, whole},
};
use crate::problem::{Code, Problem};

/// Tell what the server can do
#[utoipa::path(
    get,
    path = "/scim/v2/ServiceProviderConfig",
    operation_id = "readScimConfig",
    tag = "scim",
    responses((status = 200, description = "RFC 7643, section 5", body = Value, content_type = "application/scim+json")),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn config() -> Scim {
    Scim(scim::service_provider_config(ROOT, RESULTS_MAX))
}

/// Tell which kinds of resources there are
#[utoipa::path(
    get,
    path = "/scim/v2/ResourceTypes",
    operation_id = "listScimResourceTypes",
    tag = "scim",
    responses((status = 200, description = "RFC 7643, section 6", body = Value, content_type = "application/scim+json")),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn resource_types() -> Scim {
    Scim(whole(&scim::resource_types(ROOT)))
}

/// Tell of one kind of resources
#[utoipa::path(
    get,
    path = "/scim/v2/ResourceTypes/{id}",
    operation_id = "readScimResourceType",
    tag = "scim",
    params(("id" = String, Path, description = "`User` or `Group`")),
    responses(
        (status = 200, description = "RFC 7643, section 6", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such kind", body = Value, content_type = "application/scim+json"),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn resource_type(
    path: Result<Path<String>, PathRejection>,
) -> Result<Scim, Problem> {
    let kind = find(path, Kind::name)?;
    Ok(Scim(scim::resource_type(ROOT, kind)))
}

/// Tell the schemas of all kinds
#[utoipa::path(
    get,
    path = "/scim/v2/Schemas",
    operation_id = "listScimSchemas",
    tag = "scim",
    responses((status = 200, description = "RFC 7643, section 7", body = Value, content_type = "application/scim+json")),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn schemas() -> Scim {
    Scim(whole(&scim::schemas(ROOT)))
}

/// Tell one schema
#[utoipa::path(
    get,
    path = "/scim/v2/Schemas/{id}",
    operation_id = "readScimSchema",
    tag = "scim",
    params(("id" = String, Path, description = "The URN of the schema")),
    responses(
        (status = 200, description = "RFC 7643, section 7", body = Value, content_type = "application/scim+json"),
        (status = 404, description = "There is no such schema", body = Value, content_type = "application/scim+json"),
    ),
    extensions(("x-audit-class" = json!("none"))),
)]
pub(crate) async fn schema(path: Result<Path<String>, PathRejection>) -> Result<Scim, Problem> {
    let kind = find(path, Kind::schema)?;
    Ok(Scim(scim::schema(ROOT, kind)))
}

fn find(
    path: Result<Path<String>, PathRejection>,
    name: impl Fn(Kind) -> &'static str,
) -> Result<Kind, Problem> {
    let wanted = path.map(|Path(text)| text).unwrap_or_default();
    let found = Kind::ALL.into_iter().find(|&kind| name(kind).eq_ignore_ascii_case(&wanted));
    found.ok_or_else(|| Problem::new(Code::RouteUnknown, "there is nothing of that name"))
}
