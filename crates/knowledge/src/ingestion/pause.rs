//! How long to wait for whoever is not there.

use std::time::Duration;

use tokio::time::Instant;

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// From one try to the next: twice as long each time.
#[derive(Default)]
pub(super) struct Pause {
    until: Option<Instant>,
    length: Duration,
}

impl Pause {
    pub(super) fn begin(&mut self, now: Instant) {
        // What was begun together fails together, and counts once.
        if self.is_on(now) {
            return;
        }
        self.length = (self.length * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        self.until = Some(now + self.length);
    }

    /// It went well.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_longer_until_one_goes_well() {
        let (mut pause, mut now) = (Pause::default(), Instant::now());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(!pause.is_on(now));
            pause.begin(now);
            pause.begin(now);
            let length = Duration::from_secs(seconds);
            assert!(pause.is_on(now + length / 2));
            now += length;
        }
        pause.end();
        pause.begin(now);
        assert!(!pause.is_on(now + PAUSE_MIN));
    }
}
