//! The index of an organisation as one manifest names it, open in memory.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use knowledge::{IndexError, Language, VersionKey};
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::{
    failure::unavailable,
    filter::Filter,
    lexical::{Lengths, TextField},
    manifest::{Current, SegmentEntry},
    segment::OpenSegment,
};

/// Sets of permitted versions that are remembered as filters: those of the people who search now.
const FILTERS_MAX: usize = 8;

/// Languages whose stems a query is looked up by: those that most passages are in.
const LANGUAGES_MAX: usize = 4;

/// Everything that a search reads. Never changed; another manifest makes another one.
pub(crate) struct Snapshot {
    pub(crate) current: Current,
    pub(crate) members: Vec<Member>,
    /// Passages of all segments, also replaced ones: what terms are rare among.
    pub(crate) passages: u64,
    /// For each field, how long passages are on average.
    pub(crate) lengths: [Lengths; TextField::ALL.len()],
    /// Those that most passages are in.
    pub(crate) languages: Vec<Language>,
    /// Newest first. A lock and not a task: nothing waits while it is held.
    filters: Mutex<VecDeque<(SetDigest, Filters)>>,
}

/// A segment of the index.
pub(crate) struct Member {
    pub(crate) entry: SegmentEntry,
    pub(crate) segment: Arc<OpenSegment>,
    /// Versions that a later segment tells of: here they do not count any more.
    pub(crate) replaced: RoaringTreemap,
}

/// Equal sets have equal digests, and others have others.
type SetDigest = blake3::Hash;

/// What may be looked at, of each segment.
pub(crate) type Filters = Arc<Vec<Filter>>;

impl Snapshot {
    /// `segments` are those of the manifest, in its order.
    pub(crate) fn new(current: Current, segments: Vec<Arc<OpenSegment>>) -> Self {
        let entries = current.manifest.segments.iter().cloned();
        let members = with_replaced(entries.zip(segments).collect());
        let passages = members.iter().map(|member| u64::from(member.passages())).sum();
        let lengths = TextField::ALL.map(|field| {
            let lexical = members.iter().filter_map(|member| member.segment.lexical.as_ref());
            Lengths::new(lexical.map(|lexical| lexical.tokens(field)).sum(), passages)
        });
        let languages = most_used(&members);
        let filters = Mutex::default();
        Self { current, members, passages, lengths, languages, filters }
    }

    /// What may be looked at for whoever may read these versions.
    pub(crate) fn filters(&self, permitted: &RoaringTreemap) -> Result<Filters, IndexError> {
        let digest = digest_of(permitted)?;
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        let made: Filters =
            Arc::new(self.members.iter().map(|member| member.filter(permitted)).collect());
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        filters.truncate(FILTERS_MAX - 1);
        filters.push_front((digest, Arc::clone(&made)));
        Ok(made)
    }

    fn known(&self, digest: SetDigest) -> Option<Filters> {
        let mut filters = self.filters.lock().unwrap_or_else(PoisonError::into_inner);
        let place = filters.iter().position(|(other, _)| *other == digest)?;
        let known = filters.remove(place)?;
        let found = Arc::clone(&known.1);
        filters.push_front(known);
        Some(found)
    }

    /// The passage of an ordinal of a segment.
    pub(crate) fn passage(&self, place: usize, ordinal: u32) -> Option<(VersionKey, u32)> {
        self.members.get(place)?.segment.table.find(ordinal)
    }
}

impl Member {
    pub(crate) fn passages(&self) -> u32 {
        self.segment.table.passages()
    }

    /// The passages of permitted versions that were not replaced.
    fn filter(&self, permitted: &RoaringTreemap) -> Filter {
        let mut ordinals = RoaringBitmap::new();
        for (run, range) in self.segment.table.ranges() {
            let key = run.version.0;
            if permitted.contains(key) && !self.replaced.contains(key) {
                ordinals.insert_range(range);
            }
        }
        Filter::new(ordinals, self.passages())
    }

    /// Versions that a merge may leave out: replaced ones, and those that `live` does not hold.
    pub(crate) fn droppable(&self, live: Option<&RoaringTreemap>) -> HashSet<VersionKey> {
        let versions = self.segment.versions.iter();
        let is_dead = |key: &u64| live.is_some_and(|live| !live.contains(*key));
        versions
            .filter(|key| self.replaced.contains(*key) || is_dead(key))
            .map(VersionKey)
            .collect()
    }

    /// Versions up to this key that it speaks of and `live` does not hold.
    pub(crate) fn gone(
        &self,
        live: &RoaringTreemap,
        up_to: VersionKey,
    ) -> impl Iterator<Item = VersionKey> {
        let versions = self.segment.versions.iter().take_while(move |key| *key <= up_to.0);
        versions.filter(move |key| !live.contains(*key)).map(VersionKey)
    }

    /// How many passages these versions have in it.
    pub(crate) fn passages_of(&self, versions: &HashSet<VersionKey>) -> u64 {
        let ranges = self.segment.table.ranges();
        let of_them = ranges.filter(|(run, _)| versions.contains(&run.version));
        of_them.map(|(_, range)| u64::from(range.end - range.start)).sum()
    }
}

/// Each segment with the versions that segments of higher orders tell of.
fn with_replaced(segments: Vec<(SegmentEntry, Arc<OpenSegment>)>) -> Vec<Member> {
    let mut by_order: BTreeMap<u64, RoaringTreemap> = BTreeMap::new();
    for (entry, segment) in &segments {
        *by_order.entry(entry.order).or_default() |= &segment.versions;
    }
    // From the last order on, what those before it told of already counts no more.
    let mut later = RoaringTreemap::new();
    let mut replaced: BTreeMap<u64, RoaringTreemap> = BTreeMap::new();
    for (order, versions) in by_order.iter().rev() {
        replaced.insert(*order, versions & &later);
        later |= versions;
    }
    let member = |(entry, segment): (SegmentEntry, Arc<OpenSegment>)| {
        let of_order = replaced.get(&entry.order).cloned().unwrap_or_default();
        let replaced = of_order & &segment.versions;
        Member { entry, segment, replaced }
    };
    segments.into_iter().map(member).collect()
}

/// The languages that most passages are in.
fn most_used(members: &[Member]) -> Vec<Language> {
    let mut passages: BTreeMap<Language, u64> = BTreeMap::new();
    for member in members {
        for (language, count) in member.segment.table.languages() {
            *passages.entry(language).or_default() += count;
        }
    }
    let used = passages.into_iter().filter(|(_, count)| *count > 0);
    let mut used: Vec<(Language, u64)> = used.collect();
    used.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
    used.truncate(LANGUAGES_MAX);
    used.into_iter().map(|(language, _)| language).collect()
}

fn digest_of(set: &RoaringTreemap) -> Result<SetDigest, IndexError> {
    let mut hasher = blake3::Hasher::new();
    set.serialize_into(&mut hasher).map_err(unavailable)?;
    Ok(hasher.finalize())
}
