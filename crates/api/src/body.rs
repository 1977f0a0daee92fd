//! Reads request bodies within a size and a time.

use axum::{body::Body, extract::Request, http::header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
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
