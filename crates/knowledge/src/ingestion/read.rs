//! The first stage: from bytes to passages.

use passages::Document;
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    content::BytesOnce,
    work::{Outcome, Tools},
};
use crate::{
    BytesId, IndexPassage, IndexVersion, KnowledgeError, ReadFailure, Reading, Unread,
    passage::cut,
    ports::{Claim, ParseError, Source, Step},
};

/// A version with which the process died so often is not tried again.
pub(super) const ATTEMPTS_MAX: u32 = 5;

/// What a parser came to.
enum Parsed {
    Document(Document),
    Failed(ReadFailure),
    Unavailable,
}

pub(super) async fn read(tools: &Tools, claim: &Claim) -> Result<Outcome, KnowledgeError> {
    if claim.attempts > ATTEMPTS_MAX {
        return tools.fail(claim, Unread::BrokenOff).await;
    }
    let document = match parse(tools, claim).await? {
        Parsed::Document(document) => document,
        Parsed::Failed(failure) => return tools.fail(claim, failure).await,
        Parsed::Unavailable => return Ok(Outcome::Unavailable),
    };
    let Some(reading) = cut_apart(tools, claim, document).await else {
        return tools.fail(claim, Unread::BrokenOff).await;
    };
    if reading.passages.len() > tools.limits.passages_max {
        return tools.fail(claim, Unread::TooManyPassages).await;
    }
    let lies_at = BytesId(tools.ids.next(tools.clock.now()));
    if !tools.store.keep_reading(claim, lies_at, &reading).await? {
        return Ok(Outcome::Over);
    }
    Ok(Outcome::Put(Step::Indexed, without_vectors(claim, &reading)))
}

/// Has the bytes parsed as they come: they are never whole in memory here.
async fn parse(tools: &Tools, claim: &Claim) -> Result<Parsed, KnowledgeError> {
    let Some(reader) = tools.store.source(claim).await? else {
        return Ok(Parsed::Failed(Unread::BytesGone.into()));
    };
    let mut content = BytesOnce::new(reader);
    let source = Source {
        name: Some(&claim.name),
        media_type: Some(&claim.media_type),
        bytes: claim.bytes,
        content: &mut content,
    };
    let parsed = timeout(tools.limits.parse, tools.parser.read(source)).await;
    match parsed {
        // Nothing is cited of bytes that are not those of the version.
        Ok(Ok(_)) if content.digest() != claim.digest => {
            Ok(Parsed::Failed(Unread::BytesGone.into()))
        }
        Ok(Ok(document)) => Ok(Parsed::Document(document)),
        Ok(Err(ParseError::Content(_))) => match content.error() {
            Some(error) => Err(error.into()),
            None => Ok(Parsed::Unavailable),
        },
        Ok(Err(error)) if error.is_passing() => {
            tracing::warn!(error = &error as &dyn std::error::Error, "documents wait");
            Ok(Parsed::Unavailable)
        }
        Ok(Err(error)) => Ok(Parsed::Failed(failure(error))),
        Err(_) => Ok(Parsed::Failed(Unread::Late.into())),
    }
}

/// With what of the document it is about.
fn failure(error: ParseError) -> ReadFailure {
    let code = error.code().to_owned();
    let part = match error {
        ParseError::TooLarge { what, .. } => Some(what),
        ParseError::TypeMismatch { declared, .. } => Some(declared),
        ParseError::Encrypted { format } => Some(format),
        ParseError::Broken { part, .. } => Some(part),
        ParseError::Unsupported { found } => Some(found),
        ParseError::NotRead { reason } => Some(reason),
        ParseError::PageUnknown { .. }
        | ParseError::Busy
        | ParseError::Unavailable { .. }
        | ParseError::Content(_) => None,
    };
    ReadFailure { code, part }
}

/// `None` if it could not be done, whatever the document is.
async fn cut_apart(tools: &Tools, claim: &Claim, document: Document) -> Option<Reading> {
    let embedder = tools.embedder.clone();
    let digest = claim.digest;
    let work = move || {
        let passages = cut(&document, |text| embedder.count_tokens(text));
        // Whoever finds words tells languages apart.
        Reading::new(digest, None, document, passages)
    };
    match spawn_blocking(work).await {
        Ok(Ok(reading)) => Some(reading),
        Ok(Err(error)) => {
            tracing::error!(document = %claim.document, %error, "passages of no document");
            None
        }
        Err(error) => {
            tracing::error!(document = %claim.document, %error, "a document was not cut");
            None
        }
    }
}

fn without_vectors(claim: &Claim, reading: &Reading) -> IndexVersion {
    let passages = reading.passages.iter().map(|passage| IndexPassage {
        number: passage.number,
        text: reading.index_text(passage),
        vector: None,
    });
    IndexVersion { key: claim.key, language: reading.language, passages: passages.collect() }
}
