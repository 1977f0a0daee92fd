//! The embedded page and the routes, as they are compiled in.

use serde_json::Value;
use sovereignty::Measured;

use super::Scene;

/// How files of the page would fetch from elsewhere. Links that a person follows are not meant.
const FETCHES: [(&str, &[&str]); 3] = [
    ("html", &["src=\"http", "src=\"//", "href=\"http", "href=\"//", "@import"]),
    (
        "css",
        &["url(http", "url(\"http", "url('http", "url(//", "@import \"http", "@import url(http"],
    ),
    (
        "js",
        &[
            "import(\"http",
            "from\"http",
            "from \"http",
            "fetch(\"http",
            "importScripts(\"http",
            "WebSocket(\"ws",
            "EventSource(\"http",
            "sendBeacon(\"http",
        ],
    ),
];

pub(super) fn origins_own(scene: &Scene<'_>) -> Measured {
    let files = &scene.around.program.page;
    if files.is_empty() {
        return Measured::not_applicable("the program was built without its page");
    }
    for (name, bytes) in files {
        let extension = name.rsplit('.').next().unwrap_or_default();
        let fetches =
            FETCHES.iter().find(|(kind, _)| *kind == extension).map(|(_, fetches)| *fetches);
        let text = String::from_utf8_lossy(bytes);
        let found = fetches.unwrap_or_default().iter().find(|fetch| text.contains(**fetch));
        if let Some(fetch) = found {
            return Measured::failed(format!("{name} has `{fetch}`"));
        }
    }
    Measured::passed(format!("{} files fetch from this server alone", files.len()))
}

pub(super) fn policy_closed(scene: &Scene<'_>) -> Measured {
    let policy = &scene.around.program.page_policy;
    let directives: Vec<_> = policy.split(';').map(str::trim).collect();
    if !directives.contains(&"default-src 'none'") {
        return Measured::failed("what is not named is allowed");
    }
    for directive in directives.iter().filter(|directive| directive.contains("-src ")) {
        let is_own = |source: &str| {
            matches!(source, "'self'" | "'none'" | "blob:") || source.starts_with("'nonce-")
        };
        if let Some(source) = directive.split(' ').skip(1).find(|source| !is_own(source)) {
            return Measured::failed(format!("`{directive}` allows {source}"));
        }
    }
    Measured::passed("scripts, styles, images and connections of this server alone")
        .with_raw(policy.clone())
}

/// Routes that clients of other servers use as they are.
const SHARED: [&str; 3] = ["/v1/chat/completions", "/v1/embeddings", "/v1/models"];

pub(super) fn api_portable(scene: &Scene<'_>) -> Measured {
    let document: Value = match serde_json::from_str(&scene.around.program.routes) {
        Ok(document) => document,
        Err(error) => return Measured::not_measured(error.to_string()),
    };
    let has = |route: &str| document.get("paths").is_some_and(|paths| paths.get(route).is_some());
    let missing: Vec<_> = SHARED.into_iter().filter(|route| !has(route)).collect();
    if missing.is_empty() {
        return Measured::passed(SHARED.join(", "));
    }
    Measured::failed(format!("missing: {}", missing.join(", ")))
}

pub(super) fn routes_audited(scene: &Scene<'_>) -> Measured {
    let document: Value = match serde_json::from_str(&scene.around.program.routes) {
        Ok(document) => document,
        Err(error) => return Measured::not_measured(error.to_string()),
    };
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return Measured::not_measured("the document names no routes");
    };
    let mut count = 0;
    for (path, item) in paths {
        let operations = item.as_object().into_iter().flatten();
        for (method, operation) in operations.filter(|(_, value)| value.get("responses").is_some())
        {
            count += 1;
            let has = |name: &str| operation.get(name).is_some_and(|value| !value.is_null());
            if !has("x-audit-class") || (has("security") && !has("x-permission")) {
                return Measured::failed(format!("{method} {path} does not say"));
            }
        }
    }
    Measured::when(count > 0, format!("{count} routes"))
}
