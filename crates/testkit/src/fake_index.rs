//! An index that counts words in common, and forgets everything with its last clone.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::OrganisationId;
use knowledge::{
    Index, IndexError, IndexHit, IndexPassage, IndexQuery, IndexVersion, Maintained, SearchMode,
    VersionKey,
};
use roaring::RoaringTreemap;
use tokio::sync::Notify;

use crate::fake_embedder::words;

/// What somebody does between what an index finds and what is opened.
type Between = Arc<dyn Fn() -> Doing + Send + Sync>;
type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Cheap to clone; clones are the same index.
#[derive(Clone, Default)]
pub struct FakeIndex {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    held: Mutex<Held>,
    let_go: Notify,
}

#[derive(Default)]
struct Held {
    versions: BTreeMap<(OrganisationId, VersionKey), Vec<IndexPassage>>,
    /// Versions that each write was of.
    writes: Vec<usize>,
    hangs: bool,
    between: Option<Between>,
    /// Whether it also finds what is not permitted.
    leaks: bool,
    condition: Condition,
    /// A passage with this word is never taken.
    refused: Option<String>,
}

/// What becomes of what is put.
#[derive(Clone, Copy, Default)]
enum Condition {
    #[default]
    Sound,
    Away,
    Damaged,
}

impl FakeIndex {
    /// From now on nothing that is put comes back, or does again.
    pub fn hang(&self, hangs: bool) {
        self.held().hangs = hangs;
        self.shared.let_go.notify_waiters();
    }

    /// Done each time after something was found, before anybody is told.
    pub fn between<F>(&self, between: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.held().between = Some(Arc::new(move || -> Doing { Box::pin(between()) }));
    }

    /// As an index with an error in it would.
    pub fn leak(&self) {
        self.held().leaks = true;
    }

    /// From now on it cannot be written, or can again.
    pub fn be_away(&self, is_away: bool) {
        self.held().condition = if is_away { Condition::Away } else { Condition::Sound };
    }

    /// From now on it is not what was written.
    pub fn be_damaged(&self) {
        self.held().condition = Condition::Damaged;
    }

    /// No passage with this word is taken.
    pub fn refuse(&self, word: &str) {
        self.held().refused = Some(word.to_owned());
    }

    /// How many versions each write was of.
    pub fn writes(&self) -> Vec<usize> {
        self.held().writes.clone()
    }

    /// What there is of a version.
    pub fn passages(&self, organisation: OrganisationId, key: VersionKey) -> Vec<IndexPassage> {
        self.held().versions.get(&(organisation, key)).cloned().unwrap_or_default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.shared.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Index for FakeIndex {
    async fn put(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
    ) -> Result<(), IndexError> {
        if self.held().hangs {
            self.shared.let_go.notified().await;
        }
        let mut held = self.held();
        held.condition.check()?;
        if versions.iter().any(|version| held.refuses(version)) {
            return Err(IndexError::TooMany { passages: 1, passages_max: 0 });
        }
        held.writes.push(versions.len());
        for version in versions {
            held.versions.insert((organisation, version.key), version.passages);
        }
        Ok(())
    }

    async fn search(
        &self,
        organisation: OrganisationId,
        query: IndexQuery,
    ) -> Result<Vec<IndexHit>, IndexError> {
        let (mut hits, between) = {
            let held = self.held();
            (held.find(organisation, &query), held.between.clone())
        };
        hits.truncate(query.limit);
        if let Some(between) = between {
            between().await;
        }
        Ok(hits)
    }

    async fn maintain(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
    ) -> Result<Maintained, IndexError> {
        let is_live =
            |(of, key): &(OrganisationId, VersionKey)| *of != organisation || live.contains(key.0);
        self.held().versions.retain(|place, _| is_live(place));
        Ok(Maintained::default())
    }

    async fn forget(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> Result<(), IndexError> {
        let mut held = self.held();
        held.condition.check()?;
        held.versions
            .retain(|(of, key), _| *of != organisation || live.contains(key.0) || *key > up_to);
        Ok(())
    }

    async fn check(&self, organisation: OrganisationId) -> Result<RoaringTreemap, IndexError> {
        let held = self.held();
        held.condition.check()?;
        let versions = held.versions.keys().filter(|(of, _)| *of == organisation);
        Ok(versions.map(|(_, key)| key.0).collect())
    }

    async fn remove_all(&self, organisation: OrganisationId) -> Result<(), IndexError> {
        let mut held = self.held();
        held.versions.retain(|(of, _), _| *of != organisation);
        // Nothing is left that could be damaged.
        if matches!(held.condition, Condition::Damaged) {
            held.condition = Condition::Sound;
        }
        Ok(())
    }
}

impl Condition {
    fn check(self) -> Result<(), IndexError> {
        match self {
            Self::Sound => Ok(()),
            Self::Away => Err(IndexError::Unavailable { source: "told to be away".into() }),
            Self::Damaged => {
                let object = "manifest".to_owned();
                Err(IndexError::Damaged { object, source: "told to be damaged".into() })
            }
        }
    }
}

impl Held {
    fn refuses(&self, version: &IndexVersion) -> bool {
        let is_refused = |word: &String| {
            version.passages.iter().any(|passage| passage.text.contains(word.as_str()))
        };
        self.refused.as_ref().is_some_and(is_refused)
    }

    /// Best first; of equals the one of the lowest key.
    fn find(&self, organisation: OrganisationId, query: &IndexQuery) -> Vec<IndexHit> {
        let wanted: BTreeSet<String> = words(&query.text).collect();
        let mut hits = Vec::new();
        for ((of, key), passages) in &self.versions {
            let may_be_found = self.leaks || query.permitted.contains(key.0);
            if *of == organisation && may_be_found {
                hits.extend(passages.iter().filter_map(|one| hit(*key, one, query, &wanted)));
            }
        }
        hits.sort_by(|one, other| other.score.total_cmp(&one.score));
        hits
    }
}

fn hit(
    version: VersionKey,
    passage: &IndexPassage,
    query: &IndexQuery,
    wanted: &BTreeSet<String>,
) -> Option<IndexHit> {
    let held: BTreeSet<String> = words(&passage.text).collect();
    let common = u16::try_from(wanted.intersection(&held).count()).unwrap_or(u16::MAX);
    let lexical = (query.mode != SearchMode::Dense && common > 0).then(|| f32::from(common));
    let vectors = query.vector.as_ref().zip(passage.vector.as_ref());
    let vectors = vectors.filter(|_| query.mode != SearchMode::Lexical);
    let dense = vectors.map(|(one, other)| one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>());
    if lexical.is_none() && dense.is_none() {
        return None;
    }
    let score = lexical.unwrap_or(0.0) + dense.unwrap_or(0.0);
    Some(IndexHit { version, passage: passage.number, score, lexical, dense })
}
