//! What was used in each month, and what is held for requests that run.

use std::collections::BTreeMap;

use domain::Month;

use super::Amounts;

/// More are seen by a clock alone that jumps about; then those without a request are forgotten.
const MONTHS_KEPT: usize = 36;

/// One sum a month. Months that are over are kept where something is limited, so that a clock that
/// goes back finds them.
#[derive(Debug, Default)]
pub(super) struct Months(BTreeMap<Month, MonthSum>);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MonthSum {
    pub(super) used: Amounts,
    pub(super) held: Amounts,
}

impl Months {
    pub(super) fn of(&self, month: Month) -> MonthSum {
        self.0.get(&month).copied().unwrap_or_default()
    }

    pub(super) fn use_up(&mut self, month: Month, amounts: Amounts) {
        let sum = self.sum(month);
        sum.used = sum.used.plus(amounts);
    }

    pub(super) fn hold(&mut self, month: Month, amounts: Amounts) {
        let sum = self.sum(month);
        sum.held = sum.held.plus(amounts);
    }

    pub(super) fn release(&mut self, month: Month, amounts: Amounts) {
        let sum = self.sum(month);
        sum.held = sum.held.minus(amounts);
    }

    /// Keeps the sums of this month and what is held. `false` if that is nothing.
    pub(super) fn tidy(&mut self, now: Month) -> bool {
        let nothing = Amounts::default();
        self.0.retain(|&month, sum| sum.held != nothing || (month == now && sum.used != nothing));
        !self.0.is_empty()
    }

    fn sum(&mut self, month: Month) -> &mut MonthSum {
        if self.0.len() >= MONTHS_KEPT && !self.0.contains_key(&month) {
            let idle = |(_, sum): &(&Month, &MonthSum)| sum.held == Amounts::default();
            let oldest = self.0.iter().find(idle).map(|(&oldest, _)| oldest);
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        self.0.entry(month).or_default()
    }
}
