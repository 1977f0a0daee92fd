//! Reads request bodies within a size and a time.

use std::{fmt::Display, str::FromStr};

use axum::{body::Body, extract::Request, http::header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use inference_wire::{FieldError, FieldErrorKind, PathPart, RequestError};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::{
    ApiSettings,
    problem::{Code, Problem},
};

/// A client whose body is too large is listened to for this many times the limit before it is
/// answered: many clients read the answer only after they have sent everything.
const DISCARDED_MAX: usize = 4;

pub(crate) async fn read(request: Request, settings: &ApiSettings) -> Result<Bytes, Problem> {
    let deadline = Instant::now() + settings.body_deadline;
    let bytes_max = settings.body_bytes_max;
    let announced = announced_bytes(&request);
    let mut body = request.into_body();
    if announced.is_some_and(|bytes| bytes > bytes_max as u64) {
        discard(&mut body, bytes_max, deadline).await;
        return Err(too_large(bytes_max));
    }
    let read = Limited::new(&mut body, bytes_max).collect();
    match timeout_at(deadline, read).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(&mut body, bytes_max, deadline).await;
            Err(too_large(bytes_max))
        }
        Ok(Err(_)) => Err(Problem::new(Code::InvalidRequest, "the body broke off")),
        Err(_) => {
            let seconds = settings.body_deadline.as_secs();
            let message = format!("the body did not arrive within {seconds} s");
            Err(Problem::new(Code::BodyTimeout, message))
        }
    }
}

/// Reads JSON that may hold secrets: errors never repeat what was sent. `expected` goes on after
/// "the body".
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8], expected: &str) -> Result<T, RequestError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| RequestError::InvalidUtf8 { valid_up_to: error.valid_up_to() })?;
    serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            let loc = vec![PathPart::Key("body".to_owned())];
            let kind = FieldErrorKind::Value;
            RequestError::Invalid {
                fields: vec![FieldError { loc, kind, message: expected.to_owned() }],
            }
        } else {
            // Serde repeats values in errors of this kind only where they are no secrets.
            RequestError::InvalidJson { reason: error.to_string() }
        }
    })
}

/// A field whose text must be a word that the domain knows.
pub(crate) fn word<T>(field: &'static str, text: &str) -> Result<T, Problem>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| invalid(field, error.to_string()))
}

/// A field that makes no sense.
pub(crate) fn invalid(field: &'static str, message: String) -> Problem {
    let loc = ["body", field].map(|key| PathPart::Key(key.to_owned())).to_vec();
    let fields = vec![FieldError { loc, kind: FieldErrorKind::Value, message }];
    RequestError::Invalid { fields }.into()
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body is larger than {bytes_max} bytes"))
}

fn announced_bytes(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn discard(body: &mut Body, bytes_max: usize, deadline: Instant) {
    let mut left = bytes_max.saturating_mul(DISCARDED_MAX);
    while left > 0 {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { return };
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
    }
}
