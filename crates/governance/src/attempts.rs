//! Bounds how often a password may be guessed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::Timestamp;

/// So many wrong ones in a window are what people who have forgotten theirs need.
const WRONG_MAX: u32 = 10;
const WINDOW_SECONDS: i64 = 15 * 60;

/// Names that are remembered; beyond that the oldest windows are forgotten first.
const NAMES_MAX: usize = 10_000;

/// Wrong passwords by name, also by names that nobody has: whoever guesses must not learn which
/// exist. Forgotten at a restart.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Touched for a moment by each attempt: a lock, not a task.
    windows: Mutex<HashMap<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened_at: Timestamp,
    wrong: u32,
}

impl Attempts {
    /// Counts an attempt as a wrong one until [`Attempts::forget`], so that many at once count.
    /// Or says after how many seconds the next one makes sense.
    pub(crate) fn enter(&self, name: &str, now: Timestamp) -> Result<(), u32> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= NAMES_MAX && !windows.contains_key(name) {
            make_room(&mut windows, now);
        }
        let fresh = Window { opened_at: now, wrong: 0 };
        let window = windows.entry(name.to_owned()).or_insert(fresh);
        if window.is_over(now) {
            *window = fresh;
        }
        if window.wrong >= WRONG_MAX {
            let closes_at = window.opened_at.plus_seconds(WINDOW_SECONDS);
            let seconds = closes_at.as_seconds() - now.as_seconds();
            return Err(u32::try_from(seconds).unwrap_or(1).max(1));
        }
        window.wrong += 1;
        Ok(())
    }

    /// The right password was given.
    pub(crate) fn forget(&self, name: &str) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.remove(name);
    }
}

impl Window {
    /// A clock that was set back opens a new window too, instead of locking somebody out.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.opened_at.plus_seconds(WINDOW_SECONDS) || now < self.opened_at
    }
}

fn make_room(windows: &mut HashMap<String, Window>, now: Timestamp) {
    windows.retain(|_, window| !window.is_over(now));
    if windows.len() < NAMES_MAX {
        return;
    }
    let mut opened: Vec<Timestamp> = windows.values().map(|window| window.opened_at).collect();
    opened.sort_unstable();
    let middle = opened[opened.len() / 2];
    windows.retain(|_, window| window.opened_at > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn ten_wrong_ones_close_a_name_for_a_while() {
        let attempts = Attempts::default();
        for second in 0..10 {
            assert_eq!(attempts.enter("anne", at(second)), Ok(()));
        }
        assert_eq!(attempts.enter("anne", at(10)), Err(890));
        assert_eq!(attempts.enter("bob", at(10)), Ok(()), "others are not concerned");
        assert_eq!(attempts.enter("anne", at(899)), Err(1));
        assert_eq!(attempts.enter("anne", at(900)), Ok(()));
    }

    #[test]
    fn the_right_one_makes_the_wrong_ones_forgotten() {
        let attempts = Attempts::default();
        for _ in 0..9 {
            attempts.enter("anne", at(0)).unwrap();
        }
        attempts.enter("anne", at(0)).unwrap();
        attempts.forget("anne");
        assert_eq!(attempts.enter("anne", at(0)), Ok(()));
    }

    #[test]
    fn names_that_are_made_up_take_no_more_than_their_room() {
        let attempts = Attempts::default();
        for number in 0..3 * NAMES_MAX {
            let name = number.to_string();
            attempts.enter(&name, at(i64::try_from(number / 100).unwrap())).unwrap();
        }
        assert!(attempts.windows.lock().unwrap().len() <= NAMES_MAX);
    }
}
