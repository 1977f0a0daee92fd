//! The page, built into the binary.
//!
//! Every page is served with a policy that allows nothing but the server's own files, and a nonce
//! of its own for the styles that components insert.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use domain::hexadecimal;
use governance::SecretSource as _;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::system::SystemRandom;

const NONCE_PLACE: &str = "__CSP_NONCE__";

/// Files under `assets/` carry a hash of their content in their name.
const FOREVER: &str = "public, max-age=31536000, immutable";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Galerne</title><p>This binary was built without its page. Run <code>make run</code>, or \
<code>npm ci && npm run build</code> in <code>web/</code> before <code>cargo build</code>.";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// The page and its files.
pub(crate) fn routes() -> Router {
    // The address of a conversation is one of the page: which one, the page itself reads from it.
    let mut router = Router::new()
        .route("/", get(page))
        .route("/c/{id}", get(page))
        .route("/assets/{*path}", get(asset));
    for name in Files::iter().filter(|name| !name.contains('/') && name != "index.html") {
        let path = format!("/{name}");
        router = router.route(&path, get(move || async move { file(&name, "no-cache") }));
    }
    router
}

async fn page() -> Response<Body> {
    let nonce = nonce();
    let html = match Files::get("index.html") {
        Some(index) => String::from_utf8_lossy(&index.data).replace(NONCE_PLACE, &nonce),
        None => NOT_BUILT.to_owned(),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy(&nonce)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, html).into_response()
}

async fn asset(Path(path): Path<String>) -> Response<Body> {
    file(&format!("assets/{path}"), FOREVER)
}

fn file(name: &str, cache: &'static str) -> Response<Body> {
    match Files::get(name) {
        Some(file) => found(name, file, cache),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn found(name: &str, file: EmbeddedFile, cache: &'static str) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(name))),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, file.data.into_owned()).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        Some(_) | None => "application/octet-stream",
    }
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    hexadecimal(&bytes)
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types dompurify default"
    )
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn check(path: &str, expected: StatusCode) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = routes().oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{path}");
        let is_page = response.headers().contains_key(header::CONTENT_SECURITY_POLICY);
        assert_eq!(is_page, expected == StatusCode::OK, "{path}");
    }

    #[tokio::test]
    async fn the_page_is_served_at_the_address_of_a_conversation() {
        let conversation = "/c/conv_0192f3c4a5b67c8d9e0f1a2b3c4d5e6f";
        check("/", StatusCode::OK).await;
        check(conversation, StatusCode::OK).await;
        check(&format!("{conversation}?view=archived&find=x"), StatusCode::OK).await;
        check("/c/", StatusCode::NOT_FOUND).await;
        check(&format!("{conversation}/more"), StatusCode::NOT_FOUND).await;
    }

    #[test]
    fn no_two_pages_share_a_nonce() {
        assert_ne!(nonce(), nonce());
        assert!(policy("abc").contains("style-src 'self' 'nonce-abc';"));
    }

    #[tokio::test]
    async fn files_outside_the_page_are_not_served() {
        for path in ["../Cargo.toml", "assets/../../x", "index.html/"] {
            let response = asset(Path(path.to_owned())).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
