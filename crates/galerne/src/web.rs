//! The page, built into the binary.
//!
//! Every page is served with a policy that allows nothing but the server's own files, and a nonce
//! of its own for the styles that components insert. Scripts and styles lie there compressed too:
//! whoever takes that gets it.

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
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

/// Content codings, the smallest first, and what the build adds to the names of such files.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Galerne</title><p>This binary was built without its page. Run <code>make run</code>, or \
<code>npm ci && npm run build</code> in <code>web/</code> before <code>cargo build</code>.";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// The page and its files.
pub(crate) fn routes() -> Router {
    // These addresses are of the page too: what each shows, the page itself reads from it.
    let mut router = Router::new()
        .route("/", get(page))
        .route("/c/{id}", get(page))
        .route("/people", get(page))
        .route("/sovereignty", get(page))
        .route("/break-glass", get(page))
        .route("/data-protection", get(page))
        .route("/keys", get(page))
        .route("/assets/{*path}", get(asset));
    for name in Files::iter().filter(|name| !name.contains('/') && name != "index.html") {
        let path = format!("/{name}");
        let serve = move |headers: HeaderMap| async move { file(&name, "no-cache", &headers) };
        router = router.route(&path, get(serve));
    }
    router
}

/// Every file of the page, as it was built.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let read = |name: std::borrow::Cow<'static, str>| {
        let file = Files::get(&name)?;
        Some((name.into_owned(), file.data.into_owned()))
    };
    Files::iter().filter_map(read).collect()
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

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    file(&format!("assets/{path}"), FOREVER, &headers)
}

fn file(name: &str, cache: &'static str, request: &HeaderMap) -> Response<Body> {
    let Some(whole) = Files::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(name))),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    match compressed(name, request) {
        Some((coding, file)) => {
            (headers, [(header::CONTENT_ENCODING, coding)], file.data.into_owned()).into_response()
        }
        None => (headers, whole.data.into_owned()).into_response(),
    }
}

fn compressed(name: &str, request: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    CODINGS
        .into_iter()
        .filter(|(coding, _)| is_accepted(coding, request))
        .find_map(|(coding, extension)| Some((coding, Files::get(&format!("{name}{extension}"))?)))
}

/// Whether `Accept-Encoding` names this coding, and not only to refuse it.
fn is_accepted(coding: &str, request: &HeaderMap) -> bool {
    let accepted =
        request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse::<f32>);
        is_named && !matches!(weight, Some(Ok(weight)) if weight <= 0.0)
    })
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

/// What browsers are told that the page may do.
pub(crate) fn policy(nonce: &str) -> String {
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
        check("/people", StatusCode::OK).await;
        check("/sovereignty", StatusCode::OK).await;
        check("/break-glass", StatusCode::OK).await;
        check("/data-protection", StatusCode::OK).await;
        check("/keys", StatusCode::OK).await;
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
            let response = asset(Path(path.to_owned()), HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn a_coding_is_taken_where_it_is_accepted() {
        for (value, coding, expected) in [
            ("gzip, deflate, br", "br", true),
            ("gzip, deflate", "br", false),
            ("BR;q=0.5", "br", true),
            ("br;q=0, gzip", "br", false),
            ("br; q=0.000", "br", false),
            ("brotli", "br", false),
            ("", "gzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(is_accepted(coding, &headers), expected, "{value}");
        }
        assert!(!is_accepted("br", &HeaderMap::new()));
    }

    #[tokio::test]
    async fn scripts_and_styles_come_compressed() {
        let built = Files::iter().filter(|name| name.starts_with("assets/"));
        for name in built.filter(|name| name.ends_with(".js") || name.ends_with(".css")) {
            let path = format!("/{name}");
            for (accepted, coding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)]
            {
                let request =
                    Request::builder().uri(&path).header(header::ACCEPT_ENCODING, accepted);
                let response =
                    routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
                let sent = response.headers().get(header::CONTENT_ENCODING);
                assert_eq!(sent.map(|value| value.to_str().unwrap()), coding, "{name}");
                assert_eq!(response.headers()[header::VARY], "accept-encoding");
            }
        }
    }
}
