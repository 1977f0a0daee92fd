//! A reverse proxy that does nothing but pass bytes on: what `make bench-gateway` takes as the
//! limit of what a gateway on this stack can do.
//!
//! ```text
//! bare_proxy LISTEN UPSTREAM
//! ```
//!
//! `LISTEN` is an address and a port, `UPSTREAM` scheme, host and port.
#![expect(clippy::disallowed_methods, reason = "it is a client, and it measures the others")]

use std::error::Error;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::net::TcpListener;

const USAGE: &str = "usage: bare_proxy LISTEN UPSTREAM";

/// What is about one connection alone.
const HOP: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::HOST];

#[derive(Clone)]
struct Proxy {
    client: reqwest::Client,
    upstream: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(upstream)) = (arguments.next(), arguments.next()) else {
        return Err(USAGE.into());
    };
    let client = reqwest::Client::builder().no_proxy().http1_only().build()?;
    let router = Router::new().fallback(pass_on).with_state(Proxy { client, upstream });
    Ok(axum::serve(TcpListener::bind(listen).await?, router).await?)
}

async fn pass_on(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = parts.headers;
    for name in &HOP {
        headers.remove(name);
    }
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let address = format!("{}{path}", proxy.upstream);
    let sent = proxy.client.request(parts.method, address).headers(headers).body(body).send().await;
    let Ok(answer) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for name in &HOP {
        headers.remove(name);
    }
    let pieces = futures_util::stream::unfold(answer, |mut answer| async move {
        let piece = answer.chunk().await.transpose()?;
        Some((piece, answer))
    });
    (status, headers, Body::from_stream(pieces)).into_response()
}
