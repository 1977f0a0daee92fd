//! Looks for passages, and opens what was found.
//!
//! The index is asked for versions that the visitor may read, and for no others. What it finds is a
//! number: each version is opened under a second look at who may read it, since that may have
//! changed while the index was searched.

mod hit;
mod reindexing;
mod snippet;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Caller, Clock, LibraryId, Timestamp};
use governance::{Action, AuditFact, ContentDigest, Subject, Trail, ports::StoreError};
use roaring::RoaringTreemap;
use sha2::{Digest as _, Sha256};
use tokio::time::{error::Elapsed, timeout};

use crate::{
    Index, IndexError, IndexHit, IndexQuery, KnowledgeError, SearchMode, VersionKey,
    ports::{Embedder, LibraryStore, Opened, Opening, Readable},
};
use snippet::Words;

pub use hit::SearchHit;

/// Longer texts are no questions; a page of one is.
pub const QUERY_BYTES_MAX: usize = 8 * 1024;

/// Of one search.
pub const RESULTS_MAX: u32 = 100;

/// That one search names.
pub const LIBRARIES_SEARCHED_MAX: usize = 100;

/// Neither the vector of a question, nor the index, nor the texts of what was found are waited for
/// any longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    pub text: String,
    /// Empty for all that the caller sees.
    pub libraries: Vec<LibraryId>,
    /// Versions that held then; those of now if there is none.
    pub as_of: Option<Timestamp>,
    pub limit: u32,
    pub mode: SearchMode,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<SearchHit>,
    /// How it was really looked for: by words alone where no vector could be made.
    pub mode: SearchMode,
    /// The versions are those of this time.
    pub at: Timestamp,
}

/// What [`Search`] is made of.
pub struct SearchParts {
    pub store: Arc<dyn LibraryStore>,
    pub index: Arc<dyn Index>,
    pub embedder: Arc<dyn Embedder>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
}

/// Searches libraries. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    store: Arc<dyn LibraryStore>,
    index: Arc<dyn Index>,
    embedder: Arc<dyn Embedder>,
    trail: Trail,
    clock: Arc<dyn Clock>,
}

impl Search {
    pub fn new(parts: SearchParts) -> Self {
        let SearchParts { store, index, embedder, trail, clock } = parts;
        Self { store, index, embedder, trail, clock }
    }

    /// The best passages of what the caller may read. The entry of the search commits to the text
    /// and is durable before anything is looked up.
    pub async fn find(
        &self,
        caller: &Caller,
        request: &SearchRequest,
    ) -> Result<Found, KnowledgeError> {
        check(request)?;
        self.sees_all(caller, &request.libraries).await?;
        let content = ContentDigest(Sha256::digest(request.text.as_bytes()).into());
        let fact = AuditFact::ok(Action::LibrarySearch, *caller, Subject::Nothing);
        self.trail.record(&AuditFact { content: Some(content), ..fact }).await?;
        let began = self.clock.now();
        let at = request.as_of.unwrap_or(began);
        let libraries = request.libraries.clone();
        let readable = Readable { visitor: caller.into(), libraries, at };
        let keys = self.store.readable(&readable).await?;
        if keys.is_empty() {
            return Ok(Found { hits: Vec::new(), mode: request.mode, at });
        }
        let permitted: RoaringTreemap = keys.into_iter().map(|key| key.0).collect();
        let (hits, mode) = self.look_up(caller, request, &permitted).await?;
        let opening = |version| Opening { visitor: caller.into(), version, at, began };
        let words = Words::of(&request.text);
        let opened = timeout(DEADLINE, self.open_all(&hits, &words, opening)).await;
        Ok(Found { hits: opened.map_err(late)??, mode, at })
    }

    async fn sees_all(
        &self,
        caller: &Caller,
        libraries: &[LibraryId],
    ) -> Result<(), KnowledgeError> {
        for &id in libraries {
            if self.store.library(caller.into(), id).await?.is_none() {
                return Err(KnowledgeError::LibraryUnknown { id });
            }
        }
        Ok(())
    }

    /// What the index finds, and how it looked.
    async fn look_up(
        &self,
        caller: &Caller,
        request: &SearchRequest,
        permitted: &RoaringTreemap,
    ) -> Result<(Vec<IndexHit>, SearchMode), KnowledgeError> {
        let vector = self.vector(caller, request).await;
        let mode = match (request.mode, &vector) {
            (SearchMode::Lexical, _) | (SearchMode::Hybrid, None) => SearchMode::Lexical,
            (SearchMode::Dense, None) => return Err(KnowledgeError::NoVector),
            (mode, Some(_)) => mode,
        };
        let query = IndexQuery {
            text: request.text.clone(),
            vector,
            permitted: permitted.clone(),
            limit: request.limit as usize,
            mode,
        };
        let asked = timeout(DEADLINE, self.index.search(caller.organisation, query)).await;
        let mut hits = asked.map_err(late)??;
        // Whatever an index does: nothing else is opened.
        hits.retain(|hit| permitted.contains(hit.version.0));
        hits.truncate(request.limit as usize);
        Ok((hits, mode))
    }

    /// `None` where none is wanted, or none can be made now.
    async fn vector(&self, caller: &Caller, request: &SearchRequest) -> Option<Vec<f32>> {
        if request.mode == SearchMode::Lexical || !self.embedder.is_there() {
            return None;
        }
        let asked = self.embedder.query(caller, &request.text);
        let error = match timeout(DEADLINE, asked).await {
            Ok(Ok(vector)) => return Some(vector),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(error, "a search goes without the vector of its text");
        None
    }

    /// In the order of the hits, each version opened once. What may not be read any more, was put
    /// into the index anew, or cannot be opened, is left out; but one of them must open.
    async fn open_all(
        &self,
        hits: &[IndexHit],
        words: &Words,
        opening: impl Fn(VersionKey) -> Opening,
    ) -> Result<Vec<SearchHit>, KnowledgeError> {
        let mut by_version: BTreeMap<VersionKey, Vec<usize>> = BTreeMap::new();
        for (rank, hit) in hits.iter().enumerate() {
            by_version.entry(hit.version).or_default().push(rank);
        }
        let mut opened: Vec<Option<SearchHit>> = Vec::new();
        opened.resize_with(hits.len(), || None);
        let mut failed = None;
        for (version, ranks) in by_version {
            let found = match self.store.open(&opening(version)).await {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(error) if error.is_locked => return Err(error.into()),
                Err(error) => {
                    tell_unopened(version, &error);
                    failed = Some(error);
                    continue;
                }
            };
            if !is_sound(&found) {
                continue;
            }
            for rank in ranks {
                let made = hits.get(rank).and_then(|hit| SearchHit::of(&found, hit, words));
                if let Some(place) = opened.get_mut(rank) {
                    *place = made;
                }
            }
        }
        let opened: Vec<SearchHit> = opened.into_iter().flatten().collect();
        match failed {
            Some(error) if opened.is_empty() => Err(error.into()),
            Some(_) | None => Ok(opened),
        }
    }
}

fn late(_: Elapsed) -> IndexError {
    IndexError::Late { seconds: DEADLINE.as_secs() }
}

/// One that is damaged is no reason to keep the others from whoever looks for them.
fn tell_unopened(version: VersionKey, error: &StoreError) {
    tracing::error!(
        version = version.0,
        error = error as &dyn std::error::Error,
        "what was read of a version cannot be opened"
    );
}

/// Whether what was read is of the very bytes of the version.
fn is_sound(found: &Opened) -> bool {
    let is_sound = found.reading.digest == found.document.current.digest;
    if !is_sound {
        tracing::error!(
            document = %found.document.id,
            "what was read of a document is of other bytes than it has"
        );
    }
    is_sound
}

fn check(request: &SearchRequest) -> Result<(), KnowledgeError> {
    let rejected = |reason: String| Err(KnowledgeError::SearchRejected { reason });
    if request.text.trim().is_empty() {
        return rejected("there is nothing to look for".to_owned());
    }
    if request.text.len() > QUERY_BYTES_MAX {
        return rejected(format!("its text has more than {QUERY_BYTES_MAX} bytes"));
    }
    if !(1..=RESULTS_MAX).contains(&request.limit) {
        return rejected(format!("it wants from 1 to {RESULTS_MAX} results"));
    }
    if request.libraries.len() > LIBRARIES_SEARCHED_MAX {
        return rejected(format!("it names more than {LIBRARIES_SEARCHED_MAX} libraries"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_for_is_rejected() {
        let request = SearchRequest {
            text: "leave".to_owned(),
            libraries: Vec::new(),
            as_of: None,
            limit: 10,
            mode: SearchMode::Hybrid,
        };
        assert!(check(&request).is_ok());
        let library = "1".repeat(32).parse().unwrap();
        for wrong in [
            SearchRequest { text: " \n".to_owned(), ..request.clone() },
            SearchRequest { text: "x".repeat(QUERY_BYTES_MAX + 1), ..request.clone() },
            SearchRequest { limit: 0, ..request.clone() },
            SearchRequest { limit: RESULTS_MAX + 1, ..request.clone() },
            SearchRequest { libraries: vec![library; 101], ..request.clone() },
        ] {
            let error = check(&wrong).unwrap_err();
            assert_eq!(error.code(), "search.rejected", "{error}");
        }
    }
}
