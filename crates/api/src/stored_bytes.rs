//! Bytes that somebody stored, as an answer.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use governance::ports::StoreError;
use knowledge::{DocumentContent, ports::BytesReader};
use workloads::{FileContent, ports::FileReader};

/// Where they come from, one piece after the other.
enum Pieces {
    File(Box<dyn FileReader>),
    Document(Box<dyn BytesReader>),
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::File(reader) => reader.next().await,
            Self::Document(reader) => reader.next().await,
        }
    }

    /// As the log calls what broke off.
    const fn noun(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Document(_) => "document",
        }
    }
}

pub(crate) fn file(content: FileContent) -> Response {
    let FileContent { file, reader } = content;
    answer(Pieces::File(reader), file.bytes, file.id.to_string())
}

pub(crate) fn document(content: DocumentContent) -> Response {
    let DocumentContent { document, reader } = content;
    answer(Pieces::Document(reader), document.current.bytes, document.id.to_string())
}

/// One piece after the other. An end that cannot be read breaks the connection off.
fn answer(pieces: Pieces, length: u64, id: String) -> Response {
    let pieces = stream::unfold(Some((pieces, id)), |rest| async move {
        let (mut pieces, id) = rest?;
        match pieces.next().await {
            Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), Some((pieces, id)))),
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%id, what = pieces.noun(), error = ?error, "stored bytes broke off");
                Some((Err(error), None))
            }
        }
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    // Whatever it is: nothing that a browser would show in the place of the page.
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}
