//! An index that looks at every passage, and forgets.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{Clock as _, OrganisationId, Timestamp};
use knowledge::{
    Index, IndexError, IndexHit, IndexPassage, IndexQuery, IndexVersion, Maintained, SearchMode,
    VersionKey,
};
use roaring::RoaringTreemap;

use crate::SimulatedClock;

/// How long what was put stays whatever is live, in seconds.
const SETTLED_AFTER: i64 = 15 * 60;

/// Keeps passages as they are, and compares each with the query: its words, and its vector.
///
/// Slow, and without any notion of endings, rare words or lengths of passages.
#[derive(Debug)]
pub struct MemoryIndex {
    clock: SimulatedClock,
    // A lock and not a task: nothing waits while it is held.
    tenants: Mutex<HashMap<OrganisationId, Versions>>,
}

type Versions = BTreeMap<VersionKey, (Timestamp, IndexVersion)>;

impl MemoryIndex {
    pub fn new(clock: SimulatedClock) -> Self {
        Self { clock, tenants: Mutex::default() }
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<OrganisationId, Versions>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Index for MemoryIndex {
    async fn put(
        &self,
        organisation: OrganisationId,
        versions: Vec<IndexVersion>,
    ) -> Result<(), IndexError> {
        let at = self.clock.now();
        let versions = versions.into_iter().map(|version| (version.key, (at, version)));
        self.tenants().entry(organisation).or_default().extend(versions);
        Ok(())
    }

    async fn search(
        &self,
        organisation: OrganisationId,
        query: IndexQuery,
    ) -> Result<Vec<IndexHit>, IndexError> {
        if query.mode == SearchMode::Dense && query.vector.is_none() {
            return Err(IndexError::NoVector);
        }
        let tenants = self.tenants();
        let versions = tenants.get(&organisation).into_iter().flat_map(BTreeMap::values);
        let permitted = versions.filter(|(_, version)| query.permitted.contains(version.key.0));
        let passages: Vec<(VersionKey, &IndexPassage)> = permitted
            .flat_map(|(_, version)| {
                version.passages.iter().map(move |passage| (version.key, passage))
            })
            .collect();
        Ok(found(&passages, &query))
    }

    async fn maintain(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
    ) -> Result<Maintained, IndexError> {
        let settled = self.clock.now().plus_seconds(-SETTLED_AFTER);
        let mut maintained = Maintained::default();
        if let Some(versions) = self.tenants().get_mut(&organisation) {
            versions.retain(|key, (at, version)| {
                let stays = live.contains(key.0) || *at >= settled;
                maintained.dropped += if stays { 0 } else { version.passages.len() as u64 };
                stays
            });
        }
        Ok(maintained)
    }

    async fn forget(
        &self,
        organisation: OrganisationId,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> Result<(), IndexError> {
        if let Some(versions) = self.tenants().get_mut(&organisation) {
            versions.retain(|key, _| live.contains(key.0) || *key > up_to);
        }
        Ok(())
    }

    async fn check(&self, organisation: OrganisationId) -> Result<RoaringTreemap, IndexError> {
        let tenants = self.tenants();
        let versions = tenants.get(&organisation).into_iter().flat_map(BTreeMap::keys);
        Ok(versions.map(|key| key.0).collect())
    }

    async fn remove_all(&self, organisation: OrganisationId) -> Result<(), IndexError> {
        self.tenants().remove(&organisation);
        Ok(())
    }
}

fn found(passages: &[(VersionKey, &IndexPassage)], query: &IndexQuery) -> Vec<IndexHit> {
    let quoted = quoted(&query.text);
    let holds_all = |passage: &IndexPassage| quoted.is_subset(&words(&passage.text));
    let is_quoted = passages.iter().any(|(_, passage)| holds_all(passage));
    let asked = words(&query.text);
    let mut hits: Vec<IndexHit> = passages
        .iter()
        .filter(|(_, passage)| !is_quoted || holds_all(passage))
        .filter_map(|(version, passage)| hit(*version, passage, &asked, query))
        .collect();
    hits.sort_by(|left, right| {
        let by_score = right.score.total_cmp(&left.score);
        by_score.then((left.version, left.passage).cmp(&(right.version, right.passage)))
    });
    hits.truncate(query.limit);
    hits
}

fn hit(
    version: VersionKey,
    passage: &IndexPassage,
    asked: &BTreeSet<String>,
    query: &IndexQuery,
) -> Option<IndexHit> {
    let held = asked.intersection(&words(&passage.text)).count();
    let share = f32::from(u16::try_from(held).unwrap_or(u16::MAX))
        / f32::from(u16::try_from(asked.len().max(1)).unwrap_or(u16::MAX));
    let lexical = (held > 0 && query.mode != SearchMode::Dense).then_some(share);
    let vectors = query.vector.as_ref().zip(passage.vector.as_ref());
    let dense = vectors
        .filter(|(asked, own)| asked.len() == own.len() && query.mode != SearchMode::Lexical)
        .map(|(asked, own)| asked.iter().zip(own).map(|(asked, own)| asked * own).sum::<f32>());
    let score = lexical.unwrap_or_default() + dense.unwrap_or_default();
    let hit = IndexHit { version, passage: passage.number, score, lexical, dense };
    (lexical.is_some() || dense.is_some()).then_some(hit)
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words between the first and the second quotation mark, and so on.
fn quoted(text: &str) -> BTreeSet<String> {
    let pieces: Vec<&str> = text.split('"').collect();
    let inside = (1..pieces.len().saturating_sub(1)).step_by(2);
    inside.flat_map(|place| words(pieces[place])).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{IndexUnderTest, index_suite};

    #[tokio::test]
    async fn it_passes_the_suite() {
        index_suite(async || {
            let clock = SimulatedClock::default();
            IndexUnderTest { index: Arc::new(MemoryIndex::new(clock.clone())), clock }
        })
        .await;
    }
}
