//! `GET /v1/connectors/bootstrap`

use axum::Json;
use inference_wire::{ConnectorList, ErrorBody};

use crate::caller::Authenticated;

/// List the connectors that a coding agent may use
///
/// There are none: the list is there so that Mistral's agents start without an error.
#[utoipa::path(
    get,
    path = "/v1/connectors/bootstrap",
    operation_id = "listConnectors",
    tag = "models",
    responses(
        (status = 200, description = "An empty list", body = ConnectorList),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("none")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn bootstrap(Authenticated(_caller): Authenticated) -> Json<ConnectorList> {
    Json(ConnectorList::default())
}
