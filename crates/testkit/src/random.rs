//! Numbers, ids and secrets that look random and repeat with their seed.

use std::sync::{Mutex, PoisonError};

use domain::{IdSource, Timestamp};
use governance::SecretSource;
use uuid::{Builder, Uuid};

/// `SplitMix64`: small, good enough for tests, the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must be above 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// `UUIDv7` values whose random bits come from a seed. Within one millisecond they ascend.
#[derive(Debug)]
pub struct SeededIds {
    state: Mutex<(Random, u16)>,
}

impl SeededIds {
    pub const fn new(seed: u64) -> Self {
        Self { state: Mutex::new((Random::new(seed), 0)) }
    }
}

impl IdSource for SeededIds {
    fn next(&self, at: Timestamp) -> Uuid {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (random, count) = &mut *state;
        let mut bytes = [0; 10];
        random.fill(&mut bytes);
        // The 12 bits after the version; the version takes the upper half of the first byte.
        bytes[..2].copy_from_slice(&(*count % 0x1000).to_be_bytes());
        *count = count.wrapping_add(1);
        let millis = u64::try_from(at.as_micros() / 1_000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

/// Secrets that everybody who knows the seed knows.
#[derive(Debug)]
pub struct SeededSecrets {
    random: Mutex<Random>,
}

impl SeededSecrets {
    pub const fn new(seed: u64) -> Self {
        Self { random: Mutex::new(Random::new(seed)) }
    }
}

impl SecretSource for SeededSecrets {
    fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_and_carry_their_time() {
        let ids = SeededIds::new(1);
        let at = Timestamp::from_micros(1_767_225_600_123_456);
        let made: Vec<Uuid> = (0..100).map(|_| ids.next(at)).collect();
        assert!(made.is_sorted());
        for id in made {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.as_u128() >> 80, 1_767_225_600_123);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_secrets() {
        let secret = |seed| {
            let mut bytes = [0; 13];
            SeededSecrets::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(secret(7), secret(7));
        assert_ne!(secret(7), secret(8));
    }
}
