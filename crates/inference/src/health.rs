//! Whether an upstream is worth asking, from how it answered before.

use std::time::Duration;

use domain::Timestamp;

/// Failures one after another that close the way to an upstream.
const FAILURES_MAX: u32 = 3;
/// Before the first try again; doubles up to [`PAUSE_MAX`] while tries fail.
const PAUSE: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// How an upstream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    Well,
    /// It failed lately: asked when nobody else is there.
    Doubtful,
    /// Nothing is sent until a probe succeeds or the pause is over.
    Down,
}

impl Health {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Doubtful => "doubtful",
            Self::Down => "down",
        }
    }
}

/// A circuit breaker: opens after some failures in a row, closes with a success.
#[derive(Clone, Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    /// When it opened, and for how long.
    opened: Option<(Timestamp, Duration)>,
}

impl Breaker {
    pub(crate) fn health(&self, now: Timestamp) -> Health {
        match self.opened {
            Some((since, pause)) if !is_over(since, pause, now) => Health::Down,
            Some(_) => Health::Doubtful,
            None if self.failures > 0 => Health::Doubtful,
            None => Health::Well,
        }
    }

    /// Seconds until it is tried again; none if it can be asked now.
    pub(crate) fn retry_after_seconds(&self, now: Timestamp) -> Option<u32> {
        let (since, pause) = self.opened.filter(|&(since, pause)| !is_over(since, pause, now))?;
        let passed = u64::try_from(now.as_micros().saturating_sub(since.as_micros()));
        let left = pause.saturating_sub(Duration::from_micros(passed.unwrap_or(0)));
        u32::try_from(left.as_micros().div_ceil(1_000_000)).ok()
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// It failed, perhaps of one request: others are asked first, and a probe says how it is.
    pub(crate) fn doubted(&mut self) {
        self.failures = self.failures.max(1);
    }

    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        let pause = match self.opened {
            // Another request that was on its way when it opened says nothing new.
            Some((since, pause)) if !is_over(since, pause, now) => return,
            Some((_, pause)) => pause.saturating_mul(2).min(PAUSE_MAX),
            None if self.failures < FAILURES_MAX => return,
            None => PAUSE,
        };
        self.opened = Some((now, pause));
    }
}

/// A clock that was set back must not keep an upstream down for years.
fn is_over(since: Timestamp, pause: Duration, now: Timestamp) -> bool {
    let passed = now.as_micros().saturating_sub(since.as_micros());
    u64::try_from(passed).map_or(true, |passed| Duration::from_micros(passed) >= pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_with_a_success() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.health(at(0)), Health::Well);
        breaker.failed(at(0));
        breaker.failed(at(0));
        assert_eq!(breaker.health(at(0)), Health::Doubtful);
        breaker.succeeded();
        assert_eq!(breaker.health(at(0)), Health::Well);
        for _ in 0..3 {
            breaker.failed(at(0));
        }
        assert_eq!(
            (breaker.health(at(1)), breaker.retry_after_seconds(at(1))),
            (Health::Down, Some(1))
        );
        assert_eq!(breaker.health(at(2)), Health::Doubtful);
        assert_eq!(breaker.retry_after_seconds(at(2)), None);
        breaker.failed(at(2));
        assert_eq!(breaker.health(at(5)), Health::Down, "the pause has doubled");
        assert_eq!(breaker.health(at(6)), Health::Doubtful);
        breaker.succeeded();
        assert_eq!(breaker.health(at(6)), Health::Well);
    }

    #[test]
    fn doubts_alone_close_nothing() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.doubted();
        }
        assert_eq!(breaker.health(at(0)), Health::Doubtful);
        breaker.failed(at(0));
        assert_eq!(breaker.health(at(0)), Health::Doubtful);
        breaker.succeeded();
        assert_eq!(breaker.health(at(0)), Health::Well);
    }

    #[test]
    fn the_pause_is_bounded() {
        let mut breaker = Breaker::default();
        let mut now = 0;
        for _ in 0..50 {
            breaker.failed(at(now));
            now += 60;
            assert_ne!(breaker.health(at(now)), Health::Down);
        }
    }

    #[test]
    fn a_clock_that_jumps_keeps_nothing_down() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(at(1_000_000));
        }
        assert_eq!(breaker.health(at(5)), Health::Doubtful, "set back");
        assert_eq!(breaker.health(at(9_000_000)), Health::Doubtful, "set forward");
    }
}
