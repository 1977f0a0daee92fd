//! What every index must do.

use std::{sync::Arc, time::Duration};

use domain::OrganisationId;
use knowledge::{
    Index, IndexError, IndexHit, IndexPassage, IndexQuery, IndexVersion, Language, SearchMode,
    VersionKey,
};
use roaring::RoaringTreemap;
use uuid::Uuid;

use crate::SimulatedClock;

/// An index, and the clock that it goes by.
pub struct IndexUnderTest {
    pub index: Arc<dyn Index>,
    pub clock: SimulatedClock,
}

const OURS: OrganisationId = OrganisationId::from_uuid(Uuid::from_u128(1));
const THEIRS: OrganisationId = OrganisationId::from_uuid(Uuid::from_u128(2));

/// Runs every check; each on an index of its own.
pub async fn index_suite<M: AsyncFn() -> IndexUnderTest>(make: M) {
    words_find_their_passages(&make().await).await;
    vectors_find_what_is_near(&make().await).await;
    both_find_what_either_finds(&make().await).await;
    nothing_else_than_what_is_permitted_is_found(&make().await).await;
    quoted_words_have_to_be_found(&make().await).await;
    versions_are_replaced(&make().await).await;
    organisations_know_nothing_of_each_other(&make().await).await;
    maintenance_changes_nothing_that_is_live(&make().await).await;
    what_is_not_live_goes(&make().await).await;
    what_came_in_between_stays(&make().await).await;
    what_is_forgotten_goes_at_once(&make().await).await;
    everything_can_be_removed(&make().await).await;
    nothing_is_found_where_there_is_nothing(&make().await).await;
}

impl IndexUnderTest {
    async fn put(&self, versions: Vec<IndexVersion>) {
        self.index.put(OURS, versions).await.expect("put");
    }

    async fn hits(&self, query: IndexQuery) -> Vec<IndexHit> {
        let hits = self.index.search(OURS, query).await.expect("searched");
        for (place, hit) in hits.iter().enumerate() {
            let others = hits[..place].iter();
            let is_same = |other: &IndexHit| (other.version, other.passage) == passage_of(hit);
            assert!(!others.clone().any(is_same), "found twice: {hit:?}");
            assert!(others.clone().all(|other| other.score >= hit.score), "best first");
        }
        hits
    }

    /// Keys and numbers of what is found, best first.
    async fn found(&self, query: IndexQuery) -> Vec<(u64, u32)> {
        let hits = self.hits(query).await;
        hits.iter().map(|hit| (hit.version.0, hit.passage)).collect()
    }

    /// The same, in the order of the keys.
    async fn set(&self, query: IndexQuery) -> Vec<(u64, u32)> {
        let mut found = self.found(query).await;
        found.sort_unstable();
        found
    }

    /// Until there is nothing more to do.
    async fn maintain(&self, live: &[u64]) -> u64 {
        let live = RoaringTreemap::from_iter(live);
        let mut dropped = 0;
        for _ in 0..50 {
            let maintained = self.index.maintain(OURS, &live).await.expect("maintained");
            dropped += maintained.dropped;
            if !maintained.is_unfinished {
                return dropped;
            }
        }
        unreachable!("maintenance comes to an end")
    }

    fn pass(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }
}

fn passage_of(hit: &IndexHit) -> (VersionKey, u32) {
    (hit.version, hit.passage)
}

/// A version whose passages have these texts and no vectors.
fn texts(key: u64, texts: &[&str]) -> IndexVersion {
    let passage = |(number, text): (u32, &&str)| IndexPassage {
        number,
        text: (*text).to_owned(),
        vector: None,
    };
    let passages = (0..).zip(texts).map(passage).collect();
    IndexVersion { key: VersionKey(key), language: Some(Language::Other), passages }
}

/// A version with one passage, whose vector points so many degrees from the first axis.
fn near(key: u64, text: &str, degrees: f32) -> IndexVersion {
    let mut version = texts(key, &[text]);
    version.passages[0].vector = Some(towards(degrees));
    version
}

fn towards(degrees: f32) -> Vec<f32> {
    let radians = degrees.to_radians();
    vec![radians.cos(), radians.sin(), 0.0]
}

fn lexical(text: &str, permitted: &[u64]) -> IndexQuery {
    let permitted = RoaringTreemap::from_iter(permitted);
    let (text, mode) = (text.to_owned(), SearchMode::Lexical);
    IndexQuery { text, vector: None, permitted, limit: 100, mode }
}

fn dense(degrees: f32, permitted: &[u64]) -> IndexQuery {
    let query = lexical("", permitted);
    IndexQuery { vector: Some(towards(degrees)), mode: SearchMode::Dense, ..query }
}

fn hybrid(text: &str, degrees: f32, permitted: &[u64]) -> IndexQuery {
    let query = lexical(text, permitted);
    IndexQuery { vector: Some(towards(degrees)), mode: SearchMode::Hybrid, ..query }
}

async fn words_find_their_passages(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["a red house", "a blue house"]), texts(2, &["blue sky"])]).await;
    index.put(vec![texts(3, &["Nothing of that"])]).await;
    let all = [1, 2, 3];
    assert_eq!(index.set(lexical("Blue", &all)).await, [(1, 1), (2, 0)]);
    assert_eq!(index.found(lexical("blue house", &all)).await[0], (1, 1));
    assert_eq!(index.found(lexical("nothing?", &all)).await, [(3, 0)]);
    let hits = index.hits(lexical("red", &all)).await;
    assert!(hits[0].lexical.is_some() && hits[0].dense.is_none());
    let limited = IndexQuery { limit: 1, ..lexical("blue house", &all) };
    assert_eq!(index.found(limited).await, [(1, 1)]);
}

async fn vectors_find_what_is_near(index: &IndexUnderTest) {
    let versions = [(1, 80.0), (2, 10.0), (3, 40.0)];
    index.put(versions.map(|(key, degrees)| near(key, "x", degrees)).into()).await;
    index.put(vec![near(4, "x", 20.0), texts(5, &["x"])]).await;
    let all = [1, 2, 3, 4, 5];
    assert_eq!(index.found(dense(0.0, &all)).await, [(2, 0), (4, 0), (3, 0), (1, 0)]);
    assert_eq!(index.found(dense(90.0, &[1, 2, 5])).await, [(1, 0), (2, 0)]);
    let hits = index.hits(dense(40.0, &all)).await;
    assert!((hits[0].dense.expect("scored") - 1.0).abs() < 0.01 && hits[0].lexical.is_none());
    let limited = IndexQuery { limit: 2, ..dense(0.0, &all) };
    assert_eq!(index.found(limited).await, [(2, 0), (4, 0)]);
    let without = IndexQuery { vector: None, ..dense(0.0, &all) };
    let refused = index.index.search(OURS, without).await;
    assert!(matches!(refused, Err(IndexError::NoVector)));
}

async fn both_find_what_either_finds(index: &IndexUnderTest) {
    let far = |key| near(key, "other words", 85.0);
    index.put(vec![near(1, "rain", 85.0), near(2, "sun", 5.0), near(3, "rain today", 5.0)]).await;
    index.put(vec![far(4), far(5), texts(6, &["rain"])]).await;
    let found = index.found(hybrid("rain today", 5.0, &[1, 2, 3, 4, 5, 6])).await;
    assert_eq!(found[0], (3, 0), "what both say comes first");
    for either in [(1, 0), (2, 0), (6, 0)] {
        assert!(found.contains(&either), "{either:?} of {found:?}");
    }
    // Without a vector it goes by words.
    let words = IndexQuery { vector: None, ..hybrid("rain", 0.0, &[1, 2, 3, 4, 5, 6]) };
    assert_eq!(index.set(words).await, [(1, 0), (3, 0), (6, 0)]);
}

async fn nothing_else_than_what_is_permitted_is_found(index: &IndexUnderTest) {
    for key in 1..=6_u64 {
        let degrees = f32::from(u8::try_from(key).expect("small")) * 10.0;
        index.put(vec![near(key, "secret", degrees)]).await;
    }
    let permitted: [&[u64]; 5] = [&[], &[3], &[1, 6], &[2, 9, 1 << 40], &[1, 2, 3, 4, 5, 6]];
    for permitted in permitted {
        let expected: Vec<(u64, u32)> =
            permitted.iter().filter(|key| **key <= 6).map(|key| (*key, 0)).collect();
        assert_eq!(index.set(lexical("secret", permitted)).await, expected);
        assert_eq!(index.set(dense(0.0, permitted)).await, expected);
        assert_eq!(index.set(hybrid("secret", 0.0, permitted)).await, expected);
    }
}

async fn quoted_words_have_to_be_found(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["force majeure", "force", "majeure of force"])]).await;
    index.put(vec![texts(2, &["majeure"])]).await;
    let all = [1, 2];
    assert_eq!(index.set(lexical(r#""force majeure""#, &all)).await, [(1, 0), (1, 2)]);
    assert_eq!(index.set(lexical(r#"of "majeure""#, &all)).await, [(1, 0), (1, 2), (2, 0)]);
    // What holds them all is not permitted, so nothing is gained by the marks.
    assert_eq!(index.set(lexical(r#""force majeure""#, &[2])).await, [(2, 0)]);
}

async fn versions_are_replaced(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["early", "early"]), texts(2, &["early"])]).await;
    index.put(vec![texts(1, &["late"])]).await;
    let all = [1, 2];
    assert_eq!(index.set(lexical("early late", &all)).await, [(1, 0), (2, 0)]);
    assert_eq!(index.set(lexical("early", &all)).await, [(2, 0)]);
    // By nothing.
    index.put(vec![texts(2, &[])]).await;
    assert_eq!(index.set(lexical("early late", &all)).await, [(1, 0)]);
    // And by the last one of a key.
    index.put(vec![texts(2, &["first"]), texts(2, &["second"])]).await;
    assert_eq!(index.set(lexical("first second", &all)).await, [(2, 0)]);
    assert!(index.found(lexical("first", &all)).await.is_empty());
    index.pass(48);
    index.maintain(&all).await;
    assert_eq!(index.set(lexical("early late first second", &all)).await, [(1, 0), (2, 0)]);
    assert!(index.found(lexical("early first", &all)).await.is_empty());
}

async fn organisations_know_nothing_of_each_other(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["shared ours"])]).await;
    index.index.put(THEIRS, vec![texts(2, &["shared theirs"])]).await.expect("put");
    let all = [1, 2];
    assert_eq!(index.found(lexical("shared", &all)).await, [(1, 0)]);
    let theirs = index.index.search(THEIRS, lexical("shared", &all)).await.expect("searched");
    assert_eq!(theirs.iter().map(|hit| hit.version.0).collect::<Vec<_>>(), [2]);
}

async fn maintenance_changes_nothing_that_is_live(index: &IndexUnderTest) {
    let all: Vec<u64> = (1..=30).collect();
    for key in &all {
        let degrees = f32::from(u8::try_from(*key).expect("small")) * 2.0;
        index.put(vec![near(*key, &format!("word{} common", key % 5), degrees)]).await;
    }
    let queries =
        || [lexical("word3 common", &all), dense(31.0, &all), hybrid("word2", 11.0, &all)];
    let mut before = Vec::new();
    for query in queries() {
        before.push(index.hits(query).await);
    }
    index.pass(48);
    assert_eq!(index.maintain(&all).await, 0);
    for (query, before) in queries().into_iter().zip(before) {
        assert_eq!(index.hits(query).await, before);
    }
}

async fn what_is_not_live_goes(index: &IndexUnderTest) {
    for key in 1..=10_u64 {
        index.put(vec![near(key, "word", 10.0), texts(key + 100, &["word", "word"])]).await;
    }
    index.pass(48);
    let all: Vec<u64> = (1..=110).collect();
    assert_eq!(index.maintain(&[2, 3, 104]).await, 8 + 18);
    assert_eq!(index.set(lexical("word", &all)).await, [(2, 0), (3, 0), (104, 0), (104, 1)]);
    assert_eq!(index.set(dense(0.0, &all)).await, [(2, 0), (3, 0)]);
    index.pass(48);
    assert_eq!(index.maintain(&[]).await, 4);
    assert!(index.found(hybrid("word", 0.0, &all)).await.is_empty());
}

/// A version that was put after the live ones were read.
async fn what_came_in_between_stays(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["word"])]).await;
    assert_eq!(index.maintain(&[]).await, 0);
    assert_eq!(index.found(lexical("word", &[1])).await, [(1, 0)]);
}

/// Also what was put just now and what was merged; but no version with a later key.
async fn what_is_forgotten_goes_at_once(index: &IndexUnderTest) {
    let forget = async |live: &[u64], up_to| {
        let live = RoaringTreemap::from_iter(live);
        index.index.forget(OURS, &live, VersionKey(up_to)).await.expect("forgotten");
    };
    forget(&[], 100).await;
    for key in 1..=10_u64 {
        index.put(vec![near(key, "word", 10.0), texts(key + 20, &["word", "word"])]).await;
    }
    assert_eq!(index.maintain(&(1..=30).collect::<Vec<_>>()).await, 0);
    index.put(vec![texts(31, &["word"]), texts(32, &["word"])]).await;
    let all: Vec<u64> = (1..=32).collect();
    forget(&[2, 3, 21], 31).await;
    let left = [(2, 0), (3, 0), (21, 0), (21, 1), (32, 0)];
    assert_eq!(index.set(lexical("word", &all)).await, left);
    assert_eq!(index.set(dense(10.0, &all)).await, [(2, 0), (3, 0)]);
    forget(&[2, 3, 21], 31).await;
    assert_eq!(index.set(lexical("word", &all)).await, left);
    index.put(vec![texts(33, &["word"])]).await;
    forget(&[], 33).await;
    assert!(index.found(hybrid("word", 0.0, &all)).await.is_empty());
}

async fn everything_can_be_removed(index: &IndexUnderTest) {
    index.put(vec![texts(1, &["word"])]).await;
    index.put(vec![texts(2, &["word"])]).await;
    assert_eq!(checked(index).await, [1, 2]);
    index.index.remove_all(OURS).await.expect("removed");
    assert_eq!(checked(index).await, [0_u64; 0]);
    assert!(index.found(lexical("word", &[1, 2])).await.is_empty());
    index.index.remove_all(OURS).await.expect("removed again");
    index.put(vec![texts(2, &["word"])]).await;
    assert_eq!(index.found(lexical("word", &[1, 2])).await, [(2, 0)]);
}

/// The keys of all versions that are in the index.
async fn checked(index: &IndexUnderTest) -> Vec<u64> {
    index.index.check(OURS).await.expect("checked").iter().collect()
}

async fn nothing_is_found_where_there_is_nothing(index: &IndexUnderTest) {
    assert!(index.found(hybrid("word", 0.0, &[1])).await.is_empty());
    assert_eq!(index.maintain(&[1]).await, 0);
    index.put(Vec::new()).await;
    index.put(vec![texts(1, &[])]).await;
    assert!(index.found(hybrid("word", 0.0, &[1])).await.is_empty());
    index.put(vec![near(1, "word", 0.0)]).await;
    for text in ["", "— !", "unknown"] {
        assert!(index.found(lexical(text, &[1])).await.is_empty(), "{text}");
    }
    let none = IndexQuery { limit: 0, ..lexical("word", &[1]) };
    assert!(index.found(none).await.is_empty());
}
