//! Versions that are left alone for a while after they broke off, so that others come first.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::VersionKey;

const REST_MIN: Duration = Duration::from_secs(2);
const REST_MAX: Duration = Duration::from_mins(1);

/// Of what will not go on soon: it belongs to somebody who is erased or has used up a budget.
const REST_LONG: Duration = Duration::from_mins(10);

/// How long it is known how often a version broke off.
const KNOWN: Duration = Duration::from_mins(10);

/// So many are known at most; those that would end first make room.
const RESTS_MAX: usize = 10_000;

/// Versions that rest. Those that have ended do no harm here.
#[derive(Default)]
pub(super) struct Rests {
    of: HashMap<VersionKey, Rest>,
}

struct Rest {
    until: Instant,
    /// How often it broke off, one time after the other.
    breaks: u32,
}

impl Rests {
    /// Longer each time.
    pub(super) fn begin(&mut self, key: VersionKey, now: Instant) {
        let breaks = self.of.get(&key).map_or(0, |rest| rest.breaks);
        let length = REST_MIN.saturating_mul(2_u32.saturating_pow(breaks)).min(REST_MAX);
        self.insert(key, Rest { until: now + length, breaks: breaks.saturating_add(1) }, now);
    }

    /// For what nobody can hurry.
    pub(super) fn begin_long(&mut self, key: VersionKey, now: Instant) {
        self.insert(key, Rest { until: now + REST_LONG, breaks: 0 }, now);
    }

    fn insert(&mut self, key: VersionKey, rest: Rest, now: Instant) {
        self.of.retain(|_, rest| rest.until + KNOWN > now);
        if self.are_full()
            && let Some(first) = self.ends_first()
        {
            self.of.remove(&first);
        }
        self.of.insert(key, rest);
    }

    fn ends_first(&self) -> Option<VersionKey> {
        self.of.iter().min_by_key(|(_, rest)| rest.until).map(|(key, _)| *key)
    }

    /// Whether another one takes the place of one that rests.
    pub(super) fn are_full(&self) -> bool {
        self.of.len() >= RESTS_MAX
    }

    pub(super) fn keys(&self, now: Instant) -> Vec<VersionKey> {
        let resting = self.of.iter().filter(|(_, rest)| rest.until > now);
        resting.map(|(key, _)| *key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_breaks_off_rests_longer_each_time() {
        let (mut rests, mut now) = (Rests::default(), Instant::now());
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            rests.begin(VersionKey(1), now);
            let length = Duration::from_secs(seconds);
            assert_eq!(rests.keys(now + length / 2), [VersionKey(1)]);
            now += length;
            assert_eq!(rests.keys(now), []);
        }
    }

    #[test]
    fn what_nobody_can_hurry_rests_long() {
        let (mut rests, now) = (Rests::default(), Instant::now());
        rests.begin_long(VersionKey(1), now);
        assert_eq!(rests.keys(now + REST_LONG / 2), [VersionKey(1)]);
        assert_eq!(rests.keys(now + REST_LONG), []);
    }

    #[test]
    fn what_rests_is_bounded_and_those_that_end_first_make_room() {
        let (mut rests, now) = (Rests::default(), Instant::now());
        rests.begin(VersionKey(0), now);
        let more = 100;
        for key in 1..RESTS_MAX as u64 + more {
            rests.begin_long(VersionKey(key), now + Duration::from_millis(key));
        }
        let at = now + Duration::from_secs(20);
        let keys = rests.keys(at);
        assert_eq!(keys.len(), RESTS_MAX);
        assert_eq!(keys.iter().min(), Some(&VersionKey(more)));
    }
}
