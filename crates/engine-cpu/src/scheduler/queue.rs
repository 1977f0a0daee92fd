//! Generations that wait for a place.

use std::collections::VecDeque;

use super::{Job, Sequence};

/// First come, first served, except that an organisation with fewer running generations goes
/// before one with more: nobody fills the engine while others wait.
#[derive(Default)]
pub(super) struct WaitingQueue {
    jobs: VecDeque<Box<Job>>,
}

impl WaitingQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn push(&mut self, job: Box<Job>) {
        self.jobs.push_back(job);
    }

    /// The next one, if there is room for it. One that does not fit is not overtaken: it would
    /// wait for ever while small ones come.
    pub(super) fn next(
        &mut self,
        running: &[Sequence],
        fits: impl Fn(&Job) -> bool,
    ) -> Option<Box<Job>> {
        let count = |job: &Job| {
            running.iter().filter(|one| one.organisation == job.request.organisation).count()
        };
        let first = least(self.jobs.iter().map(|job| count(job)))?;
        if fits(&self.jobs[first]) { self.jobs.remove(first) } else { None }
    }

    pub(super) fn take_cancelled(&mut self) -> VecDeque<Box<Job>> {
        let (cancelled, waiting) =
            self.jobs.drain(..).partition(|job| job.as_ref().events.is_closed());
        self.jobs = waiting;
        cancelled
    }

    pub(super) fn take_all(&mut self) -> VecDeque<Box<Job>> {
        std::mem::take(&mut self.jobs)
    }
}

/// Index of the smallest number, the first of equals.
fn least(counts: impl Iterator<Item = usize>) -> Option<usize> {
    counts.enumerate().min_by_key(|&(_, count)| count).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(running_of_each_waiting: &[usize], expected: Option<usize>) {
        assert_eq!(least(running_of_each_waiting.iter().copied()), expected);
    }

    #[test]
    fn fewer_running_goes_first_and_equals_in_order() {
        check(&[], None);
        check(&[3], Some(0));
        check(&[1, 1, 1], Some(0));
        check(&[2, 2, 0, 1, 0], Some(2));
    }
}
