//! Indexes for tests, and what is put into them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domain::OrganisationId;
use envelope::{DataKey, NONCE_LENGTH};
use futures_util::TryStreamExt as _;
use governance::{Locked, SecretSource as _, Unreadable};
use knowledge::{IndexPassage, IndexQuery, IndexVersion, Language, SearchMode, VersionKey};
use object_store::{ObjectStore, memory::InMemory, path::Path};
use roaring::RoaringTreemap;
use search::{SealedPlace, SearchLimits, SegmentIndex, SegmentIndexParts, SegmentKeys, Unsealed};
use testkit::{SeededIds, SeededSecrets, SimulatedClock};
use uuid::Uuid;
use zeroize::Zeroizing;

pub(crate) const OURS: OrganisationId = OrganisationId::from_uuid(Uuid::from_u128(7));

/// A key for each organisation, which can be taken away.
pub(crate) struct Keys {
    secrets: SeededSecrets,
    is_locked: AtomicBool,
}

impl Keys {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { secrets: SeededSecrets::new(5), is_locked: AtomicBool::new(false) })
    }

    pub(crate) fn lock(&self, is_locked: bool) {
        self.is_locked.store(is_locked, Ordering::SeqCst);
    }

    fn key(organisation: OrganisationId) -> DataKey {
        let mut secret = Zeroizing::new([0; 32]);
        secret[..16].copy_from_slice(organisation.as_uuid().as_bytes());
        DataKey::new(1, secret)
    }
}

impl SegmentKeys for Keys {
    fn seal(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Locked> {
        self.check(organisation)?;
        let mut nonce = [0; NONCE_LENGTH];
        self.secrets.fill(&mut nonce);
        Ok(Self::key(organisation).sealing_key(place.object).seal(nonce, place.part, bytes))
    }

    fn open(
        &self,
        organisation: OrganisationId,
        place: SealedPlace<'_>,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        self.check(organisation)?;
        let opened = Self::key(organisation).sealing_key(place.object).open(place.part, sealed);
        Ok(opened.map_err(Unreadable::from)?)
    }

    fn check(&self, _organisation: OrganisationId) -> Result<(), Locked> {
        if self.is_locked.load(Ordering::SeqCst) { Err(Locked) } else { Ok(()) }
    }
}

/// What several processes that share objects have in common.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: SimulatedClock,
}

impl World {
    pub(crate) fn on(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, keys: Keys::new(), clock: SimulatedClock::default() }
    }

    pub(crate) fn in_memory() -> Self {
        Self::on(Arc::new(InMemory::new()))
    }

    /// The same with other objects: another way to the same ones.
    pub(crate) fn through(&self, objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, ..self.clone() }
    }

    /// Where every object lies.
    pub(crate) async fn paths(&self) -> Vec<Path> {
        let listed = self.objects.list(None).map_ok(|object| object.location);
        let mut paths: Vec<Path> = listed.try_collect().await.unwrap();
        paths.sort();
        paths
    }

    /// How many segments are stored.
    pub(crate) async fn segments(&self) -> usize {
        let paths = self.paths().await;
        paths.iter().filter(|path| path.as_ref().contains("/segments/")).count()
    }

    /// A process that makes its ids of this seed.
    pub(crate) fn index(&self, seed: u64) -> SegmentIndex {
        SegmentIndex::new(SegmentIndexParts {
            objects: Arc::clone(&self.objects),
            keys: Arc::clone(&self.keys) as Arc<dyn SegmentKeys>,
            clock: Arc::new(self.clock.clone()),
            ids: Arc::new(SeededIds::new(seed)),
            limits: SearchLimits { search_seconds_max: 120, ..SearchLimits::default() },
        })
    }
}

/// A version whose passages have these texts, and vectors that depend on the key.
pub(crate) fn version(key: u64, texts: &[&str]) -> IndexVersion {
    let passage = |(number, text): (u32, &&str)| IndexPassage {
        number,
        text: (*text).to_owned(),
        vector: Some(towards(key * 7 + u64::from(number))),
    };
    let passages = (0..).zip(texts).map(passage).collect();
    IndexVersion { key: VersionKey(key), language: Some(Language::Other), passages }
}

/// A vector of length 1 of 16 coordinates, the `at`th of many different ones.
pub(crate) fn towards(at: u64) -> Vec<f32> {
    let mut random = testkit::Random::new(at);
    let values: Vec<f32> =
        (0..16).map(|_| f32::from(u16::try_from(random.below(2001)).unwrap()) - 1000.0).collect();
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(1.0);
    values.iter().map(|value| value / length).collect()
}

pub(crate) fn query(text: &str, permitted: impl IntoIterator<Item = u64>) -> IndexQuery {
    IndexQuery {
        text: text.to_owned(),
        vector: None,
        permitted: RoaringTreemap::from_iter(permitted),
        limit: 100,
        mode: SearchMode::Lexical,
    }
}
