//! Jobs that are left alone for a while after they were played, so that others come first.

use std::{collections::HashMap, time::Duration};

use domain::BatchJobId;
use tokio::time::Instant;

const REST_MIN: Duration = Duration::from_secs(2);
const REST_MAX: Duration = Duration::from_mins(1);

/// How long it is known how often a job broke off.
const KNOWN: Duration = Duration::from_mins(10);

/// How a job was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It has ended, or is another one's.
    Alone,
    /// Others had none that was played.
    TurnOver,
    BrokenOff,
}

/// Jobs that rest. Those that have ended do no harm here.
#[derive(Default)]
pub(super) struct Rests {
    of: HashMap<BatchJobId, Rest>,
}

struct Rest {
    until: Instant,
    /// How often it broke off, one time after the other.
    breaks: u32,
}

impl Rests {
    pub(super) fn begin(&mut self, id: BatchJobId, left: Left, now: Instant) {
        self.of.retain(|_, rest| rest.until + KNOWN > now);
        let known = self.of.get(&id).map_or(0, |rest| rest.breaks);
        let (length, breaks) = match left {
            Left::Alone => (REST_MIN, 0),
            Left::TurnOver => (REST_MAX, 0),
            Left::BrokenOff => {
                let length = REST_MIN.saturating_mul(2_u32.saturating_pow(known));
                (length.min(REST_MAX), known.saturating_add(1))
            }
        };
        self.of.insert(id, Rest { until: now + length, breaks });
    }

    pub(super) fn ids(&self, now: Instant) -> Vec<BatchJobId> {
        let resting = self.of.iter().filter(|(_, rest)| rest.until > now);
        resting.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_breaks_off_rests_longer_each_time() {
        let id: BatchJobId = "1".repeat(32).parse().unwrap();
        let (mut rests, mut now) = (Rests::default(), Instant::now());
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            rests.begin(id, Left::BrokenOff, now);
            let length = Duration::from_secs(seconds);
            assert_eq!(rests.ids(now + length / 2), [id]);
            now += length;
            assert_eq!(rests.ids(now), []);
        }
        rests.begin(id, Left::Alone, now);
        assert_eq!(rests.ids(now + REST_MIN), []);
    }
}
