//! Browsers that were sent to the provider and are not back yet.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{Caller, Timestamp};
use zeroize::Zeroizing;

use crate::TokenHash;

/// How long somebody may take to sign in at the provider.
pub(crate) const PENDING_SECONDS: i64 = 10 * 60;

/// So many are waited for at once; the next one takes the place of the oldest. Anybody can begin a
/// sign-in, so nobody may be kept out by those who never come back.
const PENDING_MAX: usize = 4096;

/// By the hash of their state. Forgotten at a restart: whoever is on the way begins again.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// Touched for a moment at departure and return: a lock, not a task.
    waiting: Mutex<HashMap<[u8; 32], Departure>>,
}

/// What a browser that comes back is measured by.
#[derive(Debug)]
pub(crate) struct Departure {
    /// Hash of the cookie of the browser that left.
    pub(crate) browser: TokenHash,
    pub(crate) nonce: Zeroizing<String>,
    pub(crate) verifier: Zeroizing<String>,
    /// Whoever was signed in and wants the identity bound to the own account.
    pub(crate) binds: Option<Caller>,
    pub(crate) expires_at: Timestamp,
}

impl Pending {
    pub(crate) fn depart(&self, state: &TokenHash, departure: Departure, now: Timestamp) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= PENDING_MAX {
            waiting.retain(|_, departure| departure.is_open(now));
        }
        if waiting.len() >= PENDING_MAX {
            let oldest = waiting.iter().min_by_key(|(_, departure)| departure.expires_at);
            let oldest = oldest.map(|(state, _)| *state);
            oldest.map(|state| waiting.remove(&state));
        }
        waiting.insert(*state.as_bytes(), departure);
    }

    /// Once: whatever is found wrong afterwards, the state is used up.
    pub(crate) fn take(&self, state: &TokenHash, now: Timestamp) -> Option<Departure> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(state.as_bytes()).filter(|departure| departure.is_open(now))
    }
}

impl Departure {
    /// A clock that was set back closes it too: nobody knows how long it has been open.
    fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.plus_seconds(PENDING_SECONDS) >= self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
    }

    fn departure(seconds: i64) -> Departure {
        Departure {
            browser: TokenHash::from_bytes([1; 32]),
            nonce: Zeroizing::default(),
            verifier: Zeroizing::default(),
            binds: None,
            expires_at: at(seconds).plus_seconds(PENDING_SECONDS),
        }
    }

    fn state(number: usize) -> TokenHash {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        TokenHash::from_bytes(bytes)
    }

    #[test]
    fn a_state_is_good_once_and_for_ten_minutes() {
        for (after, expected) in [(0, true), (599, true), (600, false), (-1, false)] {
            let pending = Pending::default();
            pending.depart(&state(1), departure(0), at(0));
            assert!(pending.take(&state(2), at(after)).is_none());
            assert_eq!(pending.take(&state(1), at(after)).is_some(), expected, "after {after} s");
            assert!(pending.take(&state(1), at(0)).is_none(), "a second time");
        }
    }

    #[test]
    fn the_oldest_gives_way_when_there_is_no_room() {
        let pending = Pending::default();
        pending.depart(&state(0), departure(0), at(0));
        for number in 1..PENDING_MAX {
            pending.depart(&state(number), departure(1), at(1));
        }
        pending.depart(&state(PENDING_MAX), departure(2), at(2));
        assert_eq!(pending.waiting.lock().unwrap().len(), PENDING_MAX);
        assert!(pending.take(&state(0), at(2)).is_none(), "the oldest");
        assert!(pending.take(&state(PENDING_MAX), at(2)).is_some(), "the newest");
        pending.depart(&state(0), departure(601), at(601));
        pending.depart(&state(1), departure(601), at(601));
        assert_eq!(pending.waiting.lock().unwrap().len(), 2, "who is too late is forgotten");
    }
}
