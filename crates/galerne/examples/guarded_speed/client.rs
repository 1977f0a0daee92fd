//! One request, timed by whoever reads its answer.

use anyhow::{Context as _, ensure};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::time::Instant;
use tower::ServiceExt as _;

/// What is asked each time.
pub(crate) const QUESTION: &str =
    "Which regions did the storm of last week reach, and what did the service tell them before?";

/// What the model says, one piece a token.
pub(crate) const ANSWER: [&str; 8] =
    ["Brittany", " and", " Normandy;", " both", " were", " warned", " a day", " ahead."];

/// Which route is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// `POST /v1/chat/completions`: nothing of it is kept but its entry and its usage.
    Chat,
    /// `POST /v1/conversations`: question and answer are kept, sealed.
    Turn,
}

impl Asking {
    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Turn => "/v1/conversations",
        }
    }

    /// What an answer that went well ends with.
    const fn end(self) -> &'static str {
        match self {
            Self::Chat => "[DONE]",
            Self::Turn => "conversation.response.done",
        }
    }
}

/// Since the request was handed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    first_byte: Instant,
    first_text: Instant,
    end: Instant,
    start: Instant,
}

impl Times {
    pub(crate) fn first_byte_ms(&self) -> f64 {
        self.until(self.first_byte)
    }

    pub(crate) fn first_text_ms(&self) -> f64 {
        self.until(self.first_text)
    }

    pub(crate) fn end_ms(&self) -> f64 {
        self.until(self.end)
    }

    fn until(&self, moment: Instant) -> f64 {
        (moment - self.start).as_secs_f64() * 1e3
    }
}

pub(crate) fn request(asking: Asking, key: &str) -> anyhow::Result<Request<Body>> {
    let model = "fake-model";
    let body = match asking {
        Asking::Chat => json!({
            "model": model, "stream": true, "messages": [{"role": "user", "content": QUESTION}],
        }),
        Asking::Turn => json!({ "model": model, "stream": true, "inputs": QUESTION }),
    };
    let mut request = with_key(Method::POST, asking.path(), key)?;
    *request.body_mut() = Body::from(body.to_string());
    Ok(request)
}

pub(crate) fn with_key(method: Method, path: &str, key: &str) -> anyhow::Result<Request<Body>> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8080")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    Ok(request.body(Body::empty())?)
}

/// An answer that is not whole is an error: whoever measures it would measure something else.
pub(crate) async fn ask(
    router: &Router,
    request: Request<Body>,
    asking: Asking,
) -> anyhow::Result<Times> {
    let router = router.clone();
    let start = Instant::now();
    let mut response = router.oneshot(request).await?;
    ensure!(response.status() == StatusCode::OK, "{}", response.status());
    let (mut first_byte, mut first_text, mut last) = (None, None, None);
    while let Some(frame) = response.body_mut().frame().await {
        let now = Instant::now();
        let Ok(data) = frame?.into_data() else { continue };
        first_byte.get_or_insert(now);
        if first_text.is_none() && holds(&data, ANSWER[0]) {
            first_text = Some(now);
        }
        last = Some((data, now));
    }
    let (data, end) = last.context("an answer without a byte")?;
    ensure!(holds(&data, asking.end()), "{}", String::from_utf8_lossy(&data));
    let first_text = first_text.context("an answer without its text")?;
    Ok(Times { first_byte: first_byte.unwrap_or(end), first_text, end, start })
}

fn holds(data: &[u8], text: &str) -> bool {
    data.windows(text.len()).any(|window| window == text.as_bytes())
}
