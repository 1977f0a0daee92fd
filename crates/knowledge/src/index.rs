//! The port to an index of passages, and what goes through it.

use async_trait::async_trait;
use domain::OrganisationId;
use governance::Locked;
use roaring::RoaringTreemap;

use crate::Language;

/// Names the version of a document within the installation; never used for another one.
///
/// An index knows nothing else of documents: neither their names nor who may read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionKey(pub u64);

/// All passages of one version of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexVersion {
    pub key: VersionKey,
    /// Detected from the passages where it is not said.
    pub language: Option<Language>,
    pub passages: Vec<IndexPassage>,
}

/// A passage as it is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexPassage {
    /// Its number within its version.
    pub number: u32,
    /// The headings that it stands under, then the passage. It is looked at and not kept.
    pub text: String,
    /// Of length 1, from the model that also makes the vectors of queries; a passage without one
    /// is found by its words alone.
    pub vector: Option<Vec<f32>>,
}

/// What is searched for, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexQuery {
    /// As somebody wrote it: there is no syntax but quotation marks, inside of which all words
    /// have to be found.
    pub text: String,
    /// Of length 1.
    pub vector: Option<Vec<f32>>,
    /// The keys of all versions that whoever asks may read now.
    pub permitted: RoaringTreemap,
    /// How many passages are wanted; at most 1,000 are found.
    pub limit: usize,
    pub mode: SearchMode,
}

/// By what passages are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchMode {
    /// By words and by vectors; by words alone where the query has no vector.
    Hybrid,
    /// By words.
    Lexical,
    /// By vectors.
    Dense,
}

/// A passage that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexHit {
    pub version: VersionKey,
    /// Its number within its version.
    pub passage: u32,
    /// What the hits are ordered by; comparable within one search only.
    pub score: f32,
    /// What its words say; `None` where no word was found in it, or words were not looked at.
    pub lexical: Option<f32>,
    /// The cosine of its vector with that of the query; `None` where it has none, or vectors were
    /// not looked at.
    pub dense: Option<f32>,
}

/// What a call of [`Index::maintain`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// How many parts of the index were written anew, or left out as nothing of them was left.
    pub replaced: u32,
    /// Passages that are in none of the parts any more.
    pub dropped: u64,
    /// Stored objects that were removed, since nothing named them any more.
    pub removed: u64,
    /// Whether another call would find more to do.
    pub is_unfinished: bool,
}

/// Why the index could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The keys of the organisation are not at hand.
    #[error(transparent)]
    Locked(#[from] Locked),
    #[error("the index cannot be reached")]
    Unavailable { source: Box<dyn std::error::Error + Send + Sync> },
    /// Somebody changed it, or another version of the program wrote it.
    #[error("`{object}` of the index cannot be read")]
    Damaged { object: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// As many searches wait as may, or others were faster every time.
    #[error("the index has too much to do")]
    Busy,
    #[error("the index did not answer within {seconds} s")]
    Late { seconds: u64 },
    #[error("a search by vectors needs the vector of the query")]
    NoVector,
    #[error("a vector cannot be used")]
    Vector { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("{passages} passages at once; at most {passages_max} are taken")]
    TooMany { passages: usize, passages_max: usize },
}

impl IndexError {
    /// Stable; explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "encryption.locked",
            Self::Unavailable { .. } => "index.unavailable",
            Self::Damaged { .. } => "index.damaged",
            Self::Busy => "index.busy",
            Self::Late { .. } => "index.late",
            Self::NoVector | Self::Vector { .. } | Self::TooMany { .. } => "index.refused",
        }
    }

    /// What to do now.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Locked(_) => "an operator puts the wrapping key back where it is looked for",
            Self::Unavailable { .. } => {
                "try again; an operator looks at the space and the rights of `index/`"
            }
            Self::Damaged { .. } => {
                "`galerne library reindex` has the documents of the organisation indexed anew; \
                 their texts are not in the index and not lost"
            }
            Self::Busy => "try again in a moment",
            Self::Late { .. } => "ask for fewer words, or try again when less is asked",
            Self::NoVector => "search by words, or give the vector of the query",
            Self::Vector { .. } => "use vectors of length 1 of one embedding model",
            Self::TooMany { .. } => "put fewer versions at a time",
        }
    }
}

/// Finds passages by words and vectors, among those of permitted versions only.
///
/// It holds what is derived from documents, never the documents: all of it can be made anew. Each
/// organisation has an index of its own. Every implementation passes `testkit::index_suite`.
#[async_trait]
pub trait Index: Send + Sync {
    /// Durable and visible when it returns; passages of a version that was put before are
    /// replaced, also by none. Of a key that stands twice in `versions` the last one counts.
    async fn put(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
    ) -> Result<(), IndexError>;

    /// Best first, only of `query.permitted`; several passages of one version may be found.
    async fn search(
        &self,
        organisation: OrganisationId,
        query: IndexQuery,
    ) -> Result<Vec<IndexHit>, IndexError>;

    /// Puts small parts together and leaves out versions that `live` does not hold; says what was
    /// done. Called again and again by a task of the server, and does a bounded part of the work.
    ///
    /// `live` holds every version that somebody may still be permitted to read, and was read from
    /// the store just before. What was put within the last quarter of an hour stays whatever it
    /// says, so that a version that came in between is not lost.
    async fn maintain(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
    ) -> Result<Maintained, IndexError>;

    /// Leaves out, at once, every version up to this key that `live` does not hold: nothing of it is
    /// in what is stored when this returns. Work for an erasure, since parts are written anew that
    /// [`Self::maintain`] would leave alone for a while.
    ///
    /// `up_to` is the highest key that had been given before `live` was read from the store, so that
    /// a version that came in between is not lost. Nobody puts a version that is to go meanwhile.
    async fn forget(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> Result<(), IndexError>;

    /// Reads all that is stored of an organisation, and gives the keys of all versions that are in
    /// the index.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] if any of it is not what was written; [`IndexError::Busy`] while
    /// parts of it are written anew.
    async fn check(&self, organisation: OrganisationId) -> Result<RoaringTreemap, IndexError>;

    /// What the installation can forget: everything of an organisation, also where it cannot be
    /// read. Of what somebody puts meanwhile a part may be left, and is damaged then.
    async fn remove_all(&self, organisation: OrganisationId) -> Result<(), IndexError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_to_do() {
        let source = || Box::<dyn std::error::Error + Send + Sync>::from("why");
        for error in [
            IndexError::Locked(Locked),
            IndexError::Unavailable { source: source() },
            IndexError::Damaged { object: "x".to_owned(), source: source() },
            IndexError::Busy,
            IndexError::Late { seconds: 5 },
            IndexError::NoVector,
            IndexError::Vector { source: source() },
            IndexError::TooMany { passages: 2, passages_max: 1 },
        ] {
            assert!(error.code().contains('.') && !error.hint().is_empty(), "{error}");
        }
    }
}
