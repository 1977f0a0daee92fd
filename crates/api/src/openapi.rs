//! The `OpenAPI` document, made of the routes themselves.

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
    openapi().to_pretty_json()
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
