//! The `OpenAPI` document, made of the routes themselves.

use serde_json::{Map, Value};
use utoipa::openapi::{
    Info, InfoBuilder, LicenseBuilder, OpenApi,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use crate::{caller::SESSION_COOKIE, router::routes};

/// Describes every route, request, answer and error of the API.
pub fn openapi() -> OpenApi {
    let mut document = routes().into_openapi();
    document.info = info();
    let components = document.components.get_or_insert_default();
    let api_key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("api_key", api_key);
    let cookie = ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    document
}

/// The document as it is served and committed: `openapi/galerne.json`.
pub fn openapi_json() -> Result<String, serde_json::Error> {
    let mut document = serde_json::to_value(openapi())?;
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        order_extensions(operation);
    }
    serde_json::to_string_pretty(&document)
}

/// Brings what begins with `x-` to the end, by name: it comes in another order each time.
fn order_extensions(operation: &mut Map<String, Value>) {
    let all = std::mem::take(operation).into_iter();
    let (mut extensions, others): (Vec<_>, Vec<_>) =
        all.partition(|(name, _)| name.starts_with("x-"));
    extensions.sort_by(|(one, _), (other, _)| one.cmp(other));
    operation.extend(others.into_iter().chain(extensions));
}

fn info() -> Info {
    InfoBuilder::new()
        .title("Galerne")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Compatible with the clients of Mistral and OpenAI. Unknown fields of requests are \
             ignored; every error has the same body, whose `code` is stable.",
        ))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build()
}
