//! What was used in the last sixty seconds.

use std::collections::VecDeque;

pub(super) const SECONDS: i64 = 60;

/// A sum for each second of the last minute. Whatever sixty seconds are looked at, they hold no more
/// than was let in: a second counts until all of it is a minute old.
#[derive(Debug, Default)]
pub(super) struct Minute {
    /// Second and sum, the oldest first; at most 61.
    seconds: VecDeque<(i64, u64)>,
}

impl Minute {
    /// Forgets what is over, and returns the second under which something is counted now.
    ///
    /// A clock that goes back by less than a minute is waited for. One that goes back further would
    /// be waited for too long: what was counted then counts as used just now, so that nothing is
    /// given away.
    pub(super) fn at(&mut self, now: i64) -> i64 {
        let newest = self.seconds.back().map_or(now, |(second, _)| *second);
        let now = if now < newest && newest - now <= SECONDS { newest } else { now };
        if now < newest {
            let sum = self.sum();
            self.seconds.clear();
            self.seconds.push_back((now, sum));
        }
        while self.seconds.front().is_some_and(|(second, _)| now - second > SECONDS) {
            self.seconds.pop_front();
        }
        now
    }

    /// What counts, as of the last call of [`Minute::at`].
    pub(super) fn sum(&self) -> u64 {
        self.seconds.iter().fold(0, |sum, (_, one)| sum.saturating_add(*one))
    }

    pub(super) fn add(&mut self, second: i64, amount: u64) {
        match self.seconds.back_mut() {
            Some((newest, sum)) if *newest >= second => *sum = sum.saturating_add(amount),
            Some(_) | None => self.seconds.push_back((second, amount)),
        }
    }

    /// Puts another amount in the place of one that was added.
    pub(super) fn replace(&mut self, second: i64, was: u64, is: u64) {
        // What the clock moved counts under the newest second; what is over counts no more.
        let was_moved = self.seconds.iter().all(|(one, _)| *one < second);
        let found = if was_moved {
            self.seconds.back_mut()
        } else {
            self.seconds.iter_mut().find(|(one, _)| *one == second)
        };
        if let Some((_, sum)) = found {
            *sum = sum.saturating_sub(was).saturating_add(is);
        }
    }

    /// The first second in which less than `limit` counts, if nothing is added.
    pub(super) fn free_at(&self, limit: u64) -> i64 {
        let (mut left, mut free) = (self.sum(), 0);
        for (second, sum) in &self.seconds {
            if left < limit {
                break;
            }
            (left, free) = (left.saturating_sub(*sum), second + SECONDS + 1);
        }
        free
    }

    /// Whether nothing of it counts any more.
    pub(super) fn is_over(&mut self, now: i64) -> bool {
        self.at(now);
        self.seconds.is_empty()
    }

    /// The second in which nothing of it counts any more.
    pub(super) fn empty_at(&self) -> Option<i64> {
        self.seconds.back().map(|(second, _)| second + SECONDS + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_counts_until_all_of_it_is_a_minute_old() {
        let mut minute = Minute::default();
        for second in 100..105 {
            let second = minute.at(second);
            minute.add(second, 2);
        }
        assert_eq!((minute.sum(), minute.free_at(10), minute.free_at(4)), (10, 161, 164));
        for (now, expected) in [(160, 10), (161, 8), (164, 2), (165, 0), (9_999, 0)] {
            minute.at(now);
            assert_eq!(minute.sum(), expected, "at {now}");
        }
        assert_eq!(minute.empty_at(), None);
    }

    #[test]
    fn what_was_used_takes_the_place_of_what_was_held() {
        let mut minute = Minute::default();
        let first = minute.at(10);
        minute.add(first, 100);
        let second = minute.at(20);
        minute.add(second, 7);
        minute.replace(first, 100, 30);
        assert_eq!(minute.sum(), 37);
        minute.at(71);
        minute.replace(first, 30, 1_000);
        assert_eq!(minute.sum(), 7, "what is over counts no more");
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let mut minute = Minute::default();
        let second = minute.at(1_000);
        minute.add(second, 5);
        assert_eq!(minute.at(990), 1_000, "waited for");
        assert_eq!((minute.at(100), minute.sum()), (100, 5), "counts as used now");
        minute.replace(1_000, 5, 3);
        assert_eq!(minute.sum(), 3, "and is settled there");
        minute.at(161);
        assert_eq!(minute.sum(), 0);
        for now in [i64::MIN / 1_000_000, i64::MAX / 1_000_000, 0] {
            let second = minute.at(now);
            minute.add(second, 1);
            assert!(minute.sum() >= 1);
        }
    }
}
