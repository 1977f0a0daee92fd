//! Watches the times of entries, which nothing but the clock of the log's machine has set.

use crate::finding::Finding;

/// How far a clock may step back without being called moved, in seconds.
///
/// # Source
/// RFC 4120 (Kerberos 5), section 10.1: a clock skew of five minutes is customarily accepted.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 300;

/// Finds entries whose time lies before that of earlier ones.
///
/// A tree proves in which order entries were written. An entry that is written late and given an
/// early time shows here, as long as the machine's clock was right before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chronology {
    newest_us: Option<i64>,
}

impl Chronology {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry: its place, and its time in microseconds since 1970-01-01T00:00:00Z.
    ///
    /// Returns [`Finding::Backdated`] when it lies more than [`CLOCK_SKEW_SECONDS_MAX`] before the
    /// newest time of the entries before it.
    #[must_use]
    pub fn entry(&mut self, leaf: u64, at_us: i64) -> Option<Finding> {
        let newest_us = *self.newest_us.get_or_insert(at_us);
        let back_us = newest_us.saturating_sub(at_us);
        if back_us > CLOCK_SKEW_SECONDS_MAX * 1_000_000 {
            return Some(Finding::Backdated { leaf, at_us, newest_us });
        }
        self.newest_us = Some(newest_us.max(at_us));
        None
    }

    /// Takes the entry in which the operator declares the clock to be right: later entries are
    /// compared with its time and no longer with what was before.
    pub fn clock_accepted(&mut self, at_us: i64) {
        self.newest_us = Some(at_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times in seconds, `!` in front of those at which the operator accepted the clock; expects
    /// the leaves that are back-dated.
    fn check(times: &str, expected: &[u64]) {
        let mut chronology = Chronology::new();
        let mut found = Vec::new();
        for (leaf, word) in (0..).zip(times.split_whitespace()) {
            let at_us = |text: &str| text.parse::<i64>().unwrap().saturating_mul(1_000_000);
            match word.strip_prefix('!') {
                Some(accepted) => chronology.clock_accepted(at_us(accepted)),
                None => found.extend(chronology.entry(leaf, at_us(word))),
            }
        }
        let leaves: Vec<u64> = found.iter().filter_map(Finding::leaf).collect();
        assert_eq!(leaves, expected, "{times}");
        assert!(found.iter().all(|finding| finding.code() == "log.backdated"));
    }

    #[test]
    fn times_may_step_back_by_the_customary_skew() {
        check("", &[]);
        check("1000 1000 1001 701", &[]);
        check("1000 1001 700", &[2]);
        check("1000 5000 1000 4999 5000", &[2]);
        check("-9223372036854 9223372036854 -9223372036854", &[2]);
    }

    #[test]
    fn small_steps_do_not_add_up() {
        check("1000 800 600", &[2]);
    }

    #[test]
    fn the_operator_may_accept_a_clock() {
        check("9000 1000 !1001 1002 600", &[1, 4]);
        check("!9000 1000", &[1]);
    }

    #[test]
    fn the_limit_is_exact() {
        let mut chronology = Chronology::new();
        assert_eq!(chronology.entry(0, 300_000_001), None);
        assert_eq!(chronology.entry(1, 1), None);
        let finding = Finding::Backdated { leaf: 2, at_us: 0, newest_us: 300_000_001 };
        assert_eq!(chronology.entry(2, 0), Some(finding));
    }
}
