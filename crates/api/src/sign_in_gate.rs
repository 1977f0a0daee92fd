//! Bounds how often anybody may try to sign in, so that nobody can keep the store busy with it.

use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

const WINDOW_SECONDS: i64 = 60;

/// Counts the attempts of the running minute, of all browsers together: tokens are far too long
/// to be guessed and passwords are bounded by name, only the work is bounded here.
pub(crate) struct SignInGate {
    attempts_max: u32,
    /// Touched for nanoseconds by each attempt: a lock, not a task.
    window: Mutex<Window>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    opened_at: Timestamp,
    attempts: u32,
}

impl SignInGate {
    pub(crate) const fn new(attempts_max: u32) -> Self {
        let window = Window { opened_at: Timestamp::from_micros(i64::MIN), attempts: 0 };
        Self { attempts_max, window: Mutex::new(window) }
    }

    /// Counts an attempt, or says after how many seconds the next one makes sense.
    pub(crate) fn enter(&self, now: Timestamp) -> Result<(), u32> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let closes_at = window.opened_at.plus_seconds(WINDOW_SECONDS);
        // A clock that was set back opens a new window too, instead of locking everybody out.
        if now >= closes_at || now < window.opened_at {
            *window = Window { opened_at: now, attempts: 0 };
        }
        if window.attempts >= self.attempts_max {
            let closes_at = window.opened_at.plus_seconds(WINDOW_SECONDS);
            let seconds = closes_at.as_seconds() - now.as_seconds();
            return Err(u32::try_from(seconds).unwrap_or(1).max(1));
        }
        window.attempts += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn attempts_are_bounded_within_a_minute() {
        let gate = SignInGate::new(2);
        let steps = [
            (0, Ok(())),
            (1, Ok(())),
            (2, Err(58)),
            (59, Err(1)),
            (60, Ok(())),
            (61, Ok(())),
            (61, Err(59)),
            (-5, Ok(())),
        ];
        for (seconds, expected) in steps {
            assert_eq!(gate.enter(at(seconds)), expected, "after {seconds} s");
        }
    }
}
