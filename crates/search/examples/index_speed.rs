//! Measures the index on this machine:
//! `cargo run --release -p search --example index_speed [passages] [queries]`.
//!
//! Texts are made of a vocabulary whose words are as frequent as those of languages (the word of
//! rank `r` about `1/r` times), vectors lie in clusters of a narrow cone, as embeddings of E5 do.
//! Everything is put in batches, merged, and searched through filters that permit all documents,
//! one of ten and one of a hundred. The right answers for vectors are those of products in single
//! precision with all vectors.
#![expect(clippy::print_stdout, reason = "a measuring program")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded for printing")]
#![expect(clippy::cast_possible_truncation, reason = "small places, rounded numbers")]
#![expect(clippy::cast_sign_loss, reason = "numbers that are positive")]

#[path = "index_speed/cone.rs"]
mod cone;
#[path = "index_speed/texts.rs"]
mod texts;

use std::{
    error::Error,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::OrganisationId;
use envelope::{DataKey, NONCE_LENGTH};
use governance::{Locked, SecretSource as _, Unreadable};
use knowledge::{
    Index as _, IndexHit, IndexPassage, IndexQuery, IndexVersion, Language, SearchMode, VersionKey,
};
use roaring::RoaringTreemap;
use search::{
    SealedPlace, SearchLimits, SegmentIndex, SegmentIndexParts, SegmentKeys, Unsealed, objects_in,
};
use testkit::{SeededIds, SeededSecrets, SimulatedClock};
use uuid::Uuid;
use zeroize::Zeroizing;

use cone::{Cone, Noise};
use texts::Texts;

type Failed = Box<dyn Error + Send + Sync>;

const OURS: OrganisationId = OrganisationId::from_uuid(Uuid::from_u128(1));
const PASSAGES_A_VERSION: u32 = 20;
const VERSIONS_A_PUT: u32 = 250;
const K: usize = 10;

/// One key for everything.
struct Keys(SeededSecrets);

impl Keys {
    fn key() -> DataKey {
        DataKey::new(1, Zeroizing::new([7; 32]))
    }
}

impl SegmentKeys for Keys {
    fn seal(
        &self,
        _organisation: OrganisationId,
        place: SealedPlace<'_>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Locked> {
        let mut nonce = [0; NONCE_LENGTH];
        self.0.fill(&mut nonce);
        Ok(Self::key().sealing_key(place.object).seal(nonce, place.part, bytes))
    }

    fn open(
        &self,
        _organisation: OrganisationId,
        place: SealedPlace<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        let opened = Self::key().sealing_key(place.object).open(place.part, sealed);
        Ok(opened.map_err(Unreadable::from)?)
    }

    fn check(&self, _organisation: OrganisationId) -> Result<(), Locked> {
        Ok(())
    }
}

/// What is put and searched.
struct World {
    cone: Cone,
    texts: Texts,
    passages: u32,
}

impl World {
    fn versions(&self) -> u32 {
        self.passages.div_ceil(PASSAGES_A_VERSION)
    }

    /// The passages of a version, the same each time.
    fn version(&self, key: u32) -> IndexVersion {
        let mut noise = Noise::of(u64::from(key));
        let passages = (0..PASSAGES_A_VERSION).map(|number| IndexPassage {
            number,
            text: self.texts.passage(&mut noise),
            vector: Some(self.cone.vector(&mut noise)),
        });
        let passages = passages.collect();
        IndexVersion { key: VersionKey(u64::from(key)), language: Some(Language::French), passages }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let passages: u32 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let queries: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let world = World { cone: Cone::new(10_000), texts: Texts::new(), passages };
    let folder = tempfile::tempdir()?;
    let clock = SimulatedClock::default();
    let index = SegmentIndex::new(SegmentIndexParts {
        objects: objects_in(folder.path())?,
        keys: Arc::new(Keys(SeededSecrets::new(1))),
        clock: Arc::new(clock.clone()),
        ids: Arc::new(SeededIds::new(1)),
        limits: SearchLimits {
            search_threads: 2,
            write_threads: 1,
            memory_bytes_max: u64::MAX,
            search_seconds_max: 600,
        },
    });
    fill(&index, &world, &clock).await?;
    let bytes = bytes_below(folder.path())?;
    println!("| bytes a passage, stored | {:.0} |", bytes as f64 / f64::from(passages));
    search(&index, &world, queries).await
}

async fn fill(index: &SegmentIndex, world: &World, clock: &SimulatedClock) -> Result<(), Failed> {
    let start = Instant::now();
    let keys: Vec<u32> = (0..world.versions()).collect();
    for keys in keys.chunks(VERSIONS_A_PUT as usize) {
        index.put(OURS, keys.iter().map(|key| world.version(*key)).collect()).await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("| measure | value |\n|---|---|");
    println!("| passages | {} |", world.passages);
    println!("| passages put a second | {:.0} |", f64::from(world.passages) / seconds);

    let start = Instant::now();
    let live = everything(world, 1);
    let mut merges = 0;
    loop {
        let maintained = index.maintain(OURS, &live).await?;
        merges += maintained.replaced;
        if !maintained.is_unfinished {
            break;
        }
    }
    println!("| merging | {merges} segments in {:.1} s |", start.elapsed().as_secs_f64());
    clock.advance(Duration::from_hours(2));
    index.maintain(OURS, &live).await?;
    Ok(())
}

/// Every `step`th version.
fn everything(world: &World, step: usize) -> RoaringTreemap {
    (0..u64::from(world.versions())).step_by(step).collect()
}

async fn search(index: &SegmentIndex, world: &World, queries: u64) -> Result<(), Failed> {
    let questions: Vec<(String, Vec<f32>)> = (0..queries)
        .map(|at| {
            let mut noise = Noise::of(at ^ 0xface_0000_0000);
            (world.texts.question(&mut noise), world.cone.vector(&mut noise))
        })
        .collect();
    for (share, step) in [("all", 1), ("one of 10", 10), ("one of 100", 100)] {
        let permitted = everything(world, step);
        for mode in [SearchMode::Lexical, SearchMode::Dense, SearchMode::Hybrid] {
            let mut milliseconds = Vec::new();
            let mut found = Vec::new();
            for (text, vector) in &questions {
                let query = IndexQuery {
                    text: text.clone(),
                    vector: Some(vector.clone()),
                    permitted: permitted.clone(),
                    limit: K,
                    mode,
                };
                let start = Instant::now();
                found.push(index.search(OURS, query).await?);
                milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
            }
            milliseconds.sort_by(f64::total_cmp);
            let (half, most) = (at(&milliseconds, 50), at(&milliseconds, 95));
            println!("| {mode:?}, {share} permitted | p50 {half:.2} ms, p95 {most:.2} ms |");
            if mode == SearchMode::Dense && step == 1 {
                println!("| recall@{K} of vectors | {:.4} |", recall(world, &questions, &found));
            }
        }
    }
    Ok(())
}

/// The least value that this share of them does not exceed.
fn at(ascending: &[f64], percent: usize) -> f64 {
    let place = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
    ascending.get(place).copied().unwrap_or_default()
}

/// How many of the right ones were found.
fn recall(world: &World, questions: &[(String, Vec<f32>)], found: &[Vec<IndexHit>]) -> f64 {
    let mut best: Vec<Vec<(f32, (u64, u32))>> = vec![Vec::new(); questions.len()];
    for key in 0..world.versions() {
        for passage in world.version(key).passages {
            let Some(vector) = passage.vector else { continue };
            for ((_, question), best) in questions.iter().zip(&mut best) {
                let score = cone::dot(question, &vector);
                if best.len() == K && best[K - 1].0 >= score {
                    continue;
                }
                let place = best.partition_point(|(other, _)| *other >= score);
                best.insert(place, (score, (u64::from(key), passage.number)));
                best.truncate(K);
            }
        }
    }
    let mut shared = 0;
    for (hits, best) in found.iter().zip(&best) {
        let is_right =
            |hit: &&IndexHit| best.iter().any(|(_, right)| *right == (hit.version.0, hit.passage));
        shared += hits.iter().filter(is_right).count();
    }
    let all: usize = best.iter().map(Vec::len).sum();
    shared as f64 / all.max(1) as f64
}

fn bytes_below(folder: &Path) -> Result<u64, Failed> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
