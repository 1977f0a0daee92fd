//! Which segments are put together, and when one is written anew.
//!
//! Segments of about one size are put together as soon as there are eight of them, so a passage is
//! written once for each size, and a search looks at some thirty segments where there are a
//! million passages. What is gone from a segment is left out then, or once it is a fifth of it, or
//! at the latest a day after the segment was written.

use domain::Timestamp;

/// How many segments of a size are put together.
const FAN_IN: usize = 8;

/// Passages of the smallest size.
const SMALLEST: u64 = 256;

/// A segment does not grow beyond this: it is written, read and sealed as one, in memory.
const PASSAGES_MAX: u64 = 250_000;

/// A segment is written anew once this part of it is gone: one of so many.
const GONE_SHARE: u64 = 5;

/// How long what is gone may stay in a segment that nothing else is done with.
const GONE_SECONDS_MAX: i64 = 24 * 60 * 60;

/// What is known of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Which of the segments it is.
    pub(crate) place: usize,
    /// Passages that stay.
    pub(crate) kept: u64,
    /// Passages that go.
    pub(crate) gone: u64,
    /// Versions of which it only says that they have no passages, and that go.
    pub(crate) is_gone: bool,
    /// Around which centre its vectors lie.
    pub(crate) family: Option<u64>,
    pub(crate) made_at: Timestamp,
}

/// The segments to write anew as one; `None` if all may stay.
pub(crate) fn choose(candidates: &[Candidate], now: Timestamp) -> Option<Vec<usize>> {
    let mostly_gone = candidates.iter().find(|one| one.is_gone || one.gone > one.kept / GONE_SHARE);
    if let Some(one) = mostly_gone {
        return Some(vec![one.place]);
    }
    if let Some(places) = of_one_size(candidates) {
        return Some(places);
    }
    let long_ago = now.plus_seconds(-GONE_SECONDS_MAX);
    let late = candidates.iter().find(|one| one.gone > 0 && one.made_at < long_ago);
    late.map(|one| vec![one.place])
}

/// Segments of one size and one centre, if there are enough of them.
fn of_one_size(candidates: &[Candidate]) -> Option<Vec<usize>> {
    let alike = |one: &Candidate| (size(one.kept), one.family);
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by_key(|one| (alike(one), one.kept, one.place));
    let groups = sorted.chunk_by(|left, right| alike(left) == alike(right));
    groups.filter(|group| group.len() >= FAN_IN).find_map(fitting)
}

/// The smallest of them that fit into one; `None` if not even two do.
fn fitting(group: &[&Candidate]) -> Option<Vec<usize>> {
    let mut passages = 0;
    let fitting = group.iter().take(FAN_IN).take_while(|one| {
        passages += one.kept;
        passages <= PASSAGES_MAX
    });
    let mut places: Vec<usize> = fitting.map(|one| one.place).collect();
    places.sort_unstable();
    (places.len() >= 2).then_some(places)
}

/// 0 for the smallest, one more for each time that it is eight times larger.
fn size(passages: u64) -> u32 {
    (passages / SMALLEST).checked_ilog(8).map_or(0, |power| power + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn candidate(place: usize, kept: u64) -> Candidate {
        let made_at = NOW.plus_seconds(-60);
        Candidate { place, kept, gone: 0, is_gone: false, family: Some(1), made_at }
    }

    fn check(candidates: &[Candidate], expected: Option<&[usize]>) {
        assert_eq!(choose(candidates, NOW).as_deref(), expected, "{candidates:?}");
    }

    #[test]
    fn sizes_are_powers_of_eight() {
        for (passages, expected) in
            [(0, 0), (255, 0), (256, 1), (2047, 1), (2048, 2), (131_072, 4), (250_000, 4)]
        {
            assert_eq!(size(passages), expected, "{passages}");
        }
    }

    #[test]
    fn eight_of_a_size_are_put_together() {
        let seven: Vec<Candidate> = (0..7).map(|place| candidate(place, 100)).collect();
        check(&seven, None);
        let eight: Vec<Candidate> = (0..8).map(|place| candidate(place, 100)).collect();
        check(&eight, Some(&[0, 1, 2, 3, 4, 5, 6, 7]));
        let mut mixed = eight.clone();
        mixed[3].kept = 5000;
        check(&mixed, None);
        let mut other_centre = eight;
        other_centre[0].family = None;
        check(&other_centre, None);
    }

    #[test]
    fn no_segment_grows_beyond_all_bounds() {
        let large: Vec<Candidate> = (0..9).map(|place| candidate(place, 140_000)).collect();
        check(&large, None);
        let some: Vec<Candidate> = (0..8).map(|place| candidate(place, 100_000)).collect();
        check(&some, Some(&[0, 1]));
    }

    #[test]
    fn what_is_gone_goes_sooner_or_later() {
        let gone = Candidate { gone: 30, ..candidate(1, 100) };
        check(&[candidate(0, 100), gone], Some(&[1]));
        let few = Candidate { gone: 1, ..candidate(1, 100) };
        check(&[candidate(0, 100), few], None);
        let long_ago = Candidate { made_at: NOW.plus_seconds(-GONE_SECONDS_MAX - 1), ..few };
        check(&[candidate(0, 100), long_ago], Some(&[1]));
        let empty = Candidate { kept: 0, is_gone: true, ..candidate(1, 0) };
        check(&[candidate(0, 100), empty], Some(&[1]));
    }
}
