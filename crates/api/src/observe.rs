//! Numbers, counts and logs every request, and sets the headers that all answers share.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::{
    ApiState,
    metering::{REQUEST_SECONDS, REQUESTS, REQUESTS_IN_FLIGHT},
};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The recorder keeps every sample until somebody scrapes or cleans up: so it is cleaned up
/// after so many requests.
const REQUESTS_BETWEEN_UPKEEP: u64 = 1_024;

static REQUESTS_SEEN: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn request(
    State(state): State<ApiState>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let in_flight = InFlight::enter();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = known_method(request.method());
    let id = state.ids.next(state.clock.now()).simple().to_string();
    let span = tracing::info_span!("request", id, method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    let class = match status.as_u16() {
        ..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500.. => "5xx",
    };
    let labels = [("method", method.to_owned()), ("route", route), ("class", class.to_owned())];
    metrics::counter!(REQUESTS, &labels).increment(1);
    metrics::histogram!(REQUEST_SECONDS).record(started.elapsed());
    if REQUESTS_SEEN.fetch_add(1, Ordering::Relaxed).is_multiple_of(REQUESTS_BETWEEN_UPKEEP) {
        state.metrics.run_upkeep();
    }
    span.in_scope(|| tracing::info!(status = status.as_u16(), "answered"));
    set_headers(response.headers_mut(), &id);
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            // Owned by the body: the request is in flight until its answer is sent or dropped.
            let InFlight = &in_flight;
            frame
        }))
    })
}

/// Clients may invent methods; labels may not.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn set_headers(headers: &mut HeaderMap, id: &str) {
    let mut set_if_absent = |name: HeaderName, value: Option<HeaderValue>| {
        if let Some(value) = value
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    };
    let fixed = |text| Some(HeaderValue::from_static(text));
    set_if_absent(REQUEST_ID, HeaderValue::from_str(id).ok());
    set_if_absent(header::CACHE_CONTROL, fixed("no-store"));
    set_if_absent(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    set_if_absent(header::REFERRER_POLICY, fixed("no-referrer"));
}

/// One more request in flight, until this is dropped.
struct InFlight;

impl InFlight {
    fn enter() -> Self {
        metrics::gauge!(REQUESTS_IN_FLIGHT).increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!(REQUESTS_IN_FLIGHT).decrement(1.0);
    }
}
