//! The machine's clock and randomness behind the ports that contexts ask.

use domain::{Clock, IdSource, Timestamp};
use governance::SecretSource;
use uuid::{Builder, Uuid};

/// The machine's clock. Never goes back below 1970.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The operating system's random bytes.
pub(crate) struct SystemRandom;

impl SecretSource for SystemRandom {
    #[expect(clippy::expect_used, reason = "without randomness nothing here can be safe")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

impl IdSource for SystemRandom {
    fn next(&self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(at.as_micros().div_euclid(1000)).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuid_v7_of_the_time_given() {
        let id = SystemRandom.next(Timestamp::from_micros(1_795_219_199_000_000));
        assert_eq!(id.get_version_num(), 7);
        let (seconds, _) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds, 1_795_219_199);
    }
}
