//! Who goes first: what each organisation was given, and who must make way for whom.
//!
//! Every organisation has an account of the work that was done for it. Whoever was given least
//! goes first. One that comes back after a pause begins no lower than those who stayed, so that
//! nobody saves up for a flood.

use std::collections::HashMap;

use domain::OrganisationId;
use inference::Priority;

/// Accounts of organisations that are not here now. The oldest news about them is worth little.
const ABSENT_MAX: usize = 1024;

/// What a generation asks a place with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) organisation: OrganisationId,
    pub(super) priority: Priority,
}

/// Work done for organisations, in multiply-adds.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    given: HashMap<OrganisationId, f64>,
}

impl Accounts {
    /// Call when a generation arrives; `present` are those that wait or run already.
    pub(super) fn arrive(
        &mut self,
        organisation: OrganisationId,
        present: impl Iterator<Item = OrganisationId>,
    ) {
        let mut least = f64::INFINITY;
        let mut is_present = false;
        for one in present {
            is_present |= one == organisation;
            least = least.min(self.given(one));
        }
        if is_present {
            return;
        }
        if least.is_infinite() {
            // Nobody to be fair to.
            self.given.clear();
            least = 0.0;
        }
        if self.given.len() >= ABSENT_MAX {
            // Who was given less than all that are here is lifted on return anyway.
            self.given.retain(|_, given| *given > least);
        }
        let given = self.given.entry(organisation).or_default();
        *given = given.max(least);
    }

    pub(super) fn charge(&mut self, organisation: OrganisationId, work: f64) {
        *self.given.entry(organisation).or_default() += work;
    }

    fn given(&self, organisation: OrganisationId) -> f64 {
        self.given.get(&organisation).copied().unwrap_or(0.0)
    }

    /// Which of those that wait goes first: by priority, then to whom least was given, then to
    /// whom fewest run for, then in the order of arrival.
    pub(super) fn first(
        &self,
        waiting: impl Iterator<Item = Claim>,
        running: &[Claim],
    ) -> Option<usize> {
        let given = |claim: &Claim| self.given(claim.organisation);
        let compare = |left: &Claim, right: &Claim| {
            let by_priority = left.priority.cmp(&right.priority);
            let by_count = || count(running, left).cmp(&count(running, right));
            by_priority.then(given(left).total_cmp(&given(right))).then_with(by_count)
        };
        waiting.enumerate().min_by(|(_, left), (_, right)| compare(left, right)).map(|(at, _)| at)
    }
}

fn count(running: &[Claim], claim: &Claim) -> usize {
    running.iter().filter(|one| one.organisation == claim.organisation).count()
}

/// Which of those that run makes way for the one that waits, when there is no place for all: the
/// youngest of a lower priority, else the youngest of the organisation that runs most, if that one
/// still runs as many afterwards. So places never go back and forth.
pub(super) fn victim(waiting: Claim, running: &[Claim]) -> Option<usize> {
    let lowest = running.iter().map(|one| one.priority).max()?;
    if lowest > waiting.priority {
        return running.iter().rposition(|one| one.priority == lowest);
    }
    let own = count(running, &waiting);
    let may_go = |one: &Claim| one.priority == waiting.priority;
    let largest = running.iter().filter(|one| may_go(one)).max_by_key(|one| count(running, one))?;
    if count(running, largest) < own + 2 {
        return None;
    }
    running.iter().rposition(|one| may_go(one) && one.organisation == largest.organisation)
}

#[cfg(test)]
pub(super) mod tests {
    use uuid::Uuid;

    use super::*;

    /// `A` to `Z` are organisations, lower case is background work.
    pub(in crate::scheduler) fn claim(letter: char) -> Claim {
        let organisation = u128::from(u32::from(letter.to_ascii_uppercase()));
        let priority =
            if letter.is_lowercase() { Priority::Background } else { Priority::Interactive };
        Claim { organisation: OrganisationId::from_uuid(Uuid::from_u128(organisation)), priority }
    }

    fn check_victim(waiting: char, running: &str, expected: Option<usize>) {
        let claims: Vec<Claim> = running.chars().map(claim).collect();
        assert_eq!(victim(claim(waiting), &claims), expected, "{waiting} waits for {running}");
    }

    #[test]
    fn background_makes_way_and_then_whoever_has_most() {
        check_victim('A', "", None);
        check_victim('A', "AAAA", None);
        check_victim('B', "AAAA", Some(3));
        check_victim('B', "AABA", Some(3));
        check_victim('B', "AABB", None);
        check_victim('B', "AAB", None);
        check_victim('C', "AAB", Some(1));
        check_victim('A', "aAaA", Some(2));
        check_victim('B', "AAAa", Some(3));
        check_victim('b', "AAAA", None);
        check_victim('b', "Aaaa", Some(3));
        check_victim('b', "aBBB", None);
    }

    /// Gives every place away, one preemption after the other.
    #[test]
    fn places_settle_evenly_whoever_comes() {
        for start in ["AAAAAAAAAAAAAAAA", "AAAAAAAABBBBBBBB", "aaaaAAAAaaaaBBBB"] {
            let mut running: Vec<Claim> = start.chars().map(claim).collect();
            let mut waiting: Vec<Claim> = "CBACBACBACBACBACBACBA".chars().map(claim).collect();
            let mut moves = 0;
            while let Some((at, out)) = waiting
                .iter()
                .enumerate()
                .find_map(|(at, one)| victim(*one, &running).map(|out| (at, out)))
            {
                let comes = waiting.remove(at);
                waiting.push(std::mem::replace(&mut running[out], comes));
                moves += 1;
                assert!(moves < 100, "{start}: places go back and forth");
            }
            let count = |letter| running.iter().filter(|one| **one == claim(letter)).count();
            let counts = ['A', 'B', 'C'].map(count);
            assert_eq!(counts.iter().sum::<usize>(), 16, "{start}: {running:?}");
            assert!(counts.iter().all(|count| (5..=6).contains(count)), "{start}: {counts:?}");
        }
    }

    #[test]
    fn whoever_was_given_least_goes_first() {
        let organisation = |letter| claim(letter).organisation;
        let mut accounts = Accounts::default();
        accounts.arrive(organisation('A'), std::iter::empty());
        accounts.charge(organisation('A'), 100.0);
        accounts.arrive(organisation('B'), [organisation('A')].into_iter());
        let first = |accounts: &Accounts, waiting: &str| {
            accounts.first(waiting.chars().map(claim), &[claim('A')])
        };
        assert_eq!(first(&accounts, ""), None);
        assert_eq!(first(&accounts, "AB"), Some(1), "a newcomer begins where the others are");
        accounts.charge(organisation('A'), 1.0);
        assert_eq!(first(&accounts, "AABB"), Some(2));
        assert_eq!(first(&accounts, "bAA"), Some(1), "background goes last");
        accounts.charge(organisation('B'), 50.0);
        assert_eq!(first(&accounts, "BAA"), Some(1));
    }

    #[test]
    fn a_pause_saves_nothing_up_and_forgives_nothing() {
        let organisation = |letter| claim(letter).organisation;
        let mut accounts = Accounts::default();
        accounts.arrive(organisation('A'), std::iter::empty());
        accounts.arrive(organisation('B'), [organisation('A')].into_iter());
        accounts.charge(organisation('A'), 1000.0);
        accounts.charge(organisation('B'), 10.0);
        // B pauses; A goes on.
        accounts.charge(organisation('A'), 1000.0);
        accounts.arrive(organisation('B'), [organisation('A')].into_iter());
        let first =
            |accounts: &Accounts, waiting: &str| accounts.first(waiting.chars().map(claim), &[]);
        assert_eq!(first(&accounts, "AB"), Some(0), "B has saved nothing up");
        accounts.charge(organisation('B'), 500.0);
        // B pauses; A, given less, goes on; B still owes.
        accounts.arrive(organisation('B'), [organisation('A')].into_iter());
        assert_eq!(first(&accounts, "BA"), Some(1));
    }

    #[test]
    fn accounts_are_bounded() {
        let mut accounts = Accounts::default();
        let stays = claim('A').organisation;
        accounts.arrive(stays, std::iter::empty());
        for number in 1000..10_000_u128 {
            let passes = OrganisationId::from_uuid(Uuid::from_u128(number));
            accounts.arrive(passes, [stays].into_iter());
            accounts.charge(stays, 1.0);
        }
        assert!(accounts.given.len() <= ABSENT_MAX + 1, "{}", accounts.given.len());
    }
}
