//! Counts what is used, and says before a request starts whether it may.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Caller, ModelId, Month, OrganisationId, Timestamp};

use super::{
    Amounts, Budget, BudgetExceeded, BudgetPeriod, BudgetQuantity, BudgetScope, BudgetStanding,
    Rate, Rates, Reservation, Spent, TokenEnergy, Wanted,
    energy::Observed,
    minute::{self, Minute},
    months::{MonthSum, Months},
};
use crate::{Price, Prices};

/// When a caller may ask again whom only running requests stand in the way of.
const RUNNING_SECONDS: i64 = 2;

/// So often is looked for sums that nothing can be asked of any more.
const TIDY_SECONDS: i64 = 60;

/// The sums of all organisations that have asked. Pure: it is told the time.
#[derive(Debug, Default)]
pub(super) struct Book {
    // A lock and not a task: nothing waits while it is held, and all sums of a request change
    // together or not at all.
    accounts: Mutex<HashMap<OrganisationId, Ledger>>,
    /// Of models that run elsewhere.
    declared: HashMap<ModelId, TokenEnergy>,
}

/// Of one organisation.
#[derive(Debug)]
struct Ledger {
    limits: HashMap<BudgetScope, Vec<(BudgetQuantity, u64)>>,
    /// When the limits were read.
    read_at: Timestamp,
    tidied_at: Timestamp,
    meters: HashMap<BudgetScope, Meter>,
    /// What tokens of each model took so far.
    energy: HashMap<ModelId, Observed>,
}

/// Of one key, account, project, or the organisation.
#[derive(Debug, Default)]
struct Meter {
    requests: Minute,
    tokens: Minute,
    months: Months,
}

/// What was counted for a request before it started.
#[derive(Clone, Debug)]
pub(super) struct Held {
    organisation: OrganisationId,
    model: ModelId,
    /// With the seconds under which requests and tokens are counted.
    scopes: Vec<(BudgetScope, i64, i64)>,
    month: Month,
    estimate: Amounts,
}

impl Book {
    pub(super) fn new(declared: HashMap<ModelId, TokenEnergy>) -> Self {
        Self { declared, ..Self::default() }
    }

    /// When the limits of the organisation were read, if they ever were.
    pub(super) fn read_at(&self, organisation: OrganisationId) -> Option<Timestamp> {
        self.lock().get(&organisation).map(|ledger| ledger.read_at)
    }

    /// Begins to count for an organisation. Nothing may have been reserved for it before.
    pub(super) fn begin(
        &self,
        (organisation, at): (OrganisationId, Timestamp),
        limits: &[Budget],
        (spent, prices): (&[Spent], &Prices),
    ) {
        let mut ledger = Ledger {
            limits: by_scope(limits),
            read_at: at,
            tidied_at: at,
            meters: HashMap::new(),
            energy: HashMap::new(),
        };
        for one in spent {
            let whole = one.whole(prices);
            for scope in one.scopes() {
                ledger.meters.entry(scope).or_default().months.use_up(one.month, whole);
            }
            ledger.observe(&one.model, one.amounts);
        }
        self.lock().entry(organisation).or_insert(ledger);
    }

    pub(super) fn put_limits(&self, organisation: OrganisationId, at: Timestamp, all: &[Budget]) {
        if let Some(ledger) = self.lock().get_mut(&organisation) {
            (ledger.limits, ledger.read_at) = (by_scope(all), at);
            ledger.tidy(at);
        }
    }

    /// Counts what a request may use, for all that it belongs to or for nothing.
    ///
    /// It is let in where anything is left, so a limit is passed by one request at most.
    pub(super) fn reserve(
        self: &Arc<Self>,
        caller: &Caller,
        wanted: &Wanted<'_>,
        (price, now): (Price, Timestamp),
    ) -> Result<Reservation, BudgetExceeded> {
        let mut accounts = self.lock();
        // Whoever reserves has begun before.
        let Some(ledger) = accounts.get_mut(&caller.organisation) else {
            return Ok(Reservation::new(Arc::clone(self), price, None));
        };
        let declared = self.declared.get(wanted.model).copied().unwrap_or_default();
        let estimate = ledger.estimate(wanted, (price, declared));
        let scopes = BudgetScope::all_of(caller);
        for &scope in &scopes {
            ledger.check(scope, estimate, now)?;
        }
        let held = ledger.hold(caller.organisation, (&scopes, wanted.model), estimate, now);
        drop(accounts);
        Ok(Reservation::new(Arc::clone(self), price, Some(held)))
    }

    /// What was used takes the place of what was held.
    pub(super) fn settle(&self, held: &Held, used: Amounts) {
        let mut accounts = self.lock();
        let Some(ledger) = accounts.get_mut(&held.organisation) else { return };
        for (scope, _, second) in &held.scopes {
            let meter = ledger.meters.entry(*scope).or_default();
            meter.tokens.replace(*second, held.estimate.tokens, used.tokens);
            meter.months.release(held.month, held.estimate);
            meter.months.use_up(held.month, used);
        }
        ledger.observe(&held.model, used);
    }

    /// As if the request had never been: it did not start.
    pub(super) fn release(&self, held: &Held) {
        let mut accounts = self.lock();
        let Some(ledger) = accounts.get_mut(&held.organisation) else { return };
        for (scope, second_of_requests, second) in &held.scopes {
            let meter = ledger.meters.entry(*scope).or_default();
            meter.requests.replace(*second_of_requests, 1, 0);
            meter.tokens.replace(*second, held.estimate.tokens, 0);
            meter.months.release(held.month, held.estimate);
        }
    }

    pub(super) fn standing(&self, budget: Budget, now: Timestamp) -> BudgetStanding {
        let mut accounts = self.lock();
        let sum = accounts.get_mut(&budget.organisation).map(|ledger| {
            let meter = ledger.meters.entry(budget.id.scope).or_default();
            meter.sum(budget.id.quantity, now)
        });
        let (used, held) = sum.unwrap_or_default();
        BudgetStanding { budget, used, held }
    }

    /// The limits a minute that leave the caller least.
    pub(super) fn rates(&self, caller: &Caller, now: Timestamp) -> Rates {
        let mut accounts = self.lock();
        let Some(ledger) = accounts.get_mut(&caller.organisation) else { return Rates::default() };
        let mut rates = Rates::default();
        for scope in BudgetScope::all_of(caller) {
            for &(quantity, limit) in ledger.limits.get(&scope).into_iter().flatten() {
                let meter = ledger.meters.entry(scope).or_default();
                let (minute, rate) = match quantity {
                    BudgetQuantity::RequestsPerMinute => (&mut meter.requests, &mut rates.requests),
                    BudgetQuantity::TokensPerMinute => (&mut meter.tokens, &mut rates.tokens),
                    BudgetQuantity::TokensPerMonth
                    | BudgetQuantity::EurosPerMonth
                    | BudgetQuantity::KilowattHoursPerMonth => continue,
                };
                let here = rate_of(minute, limit, now);
                if rate.is_none_or(|other| here.remaining < other.remaining) {
                    *rate = Some(here);
                }
            }
        }
        rates
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrganisationId, Ledger>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rate_of(minute: &mut Minute, limit: u64, now: Timestamp) -> Rate {
    let second = minute.at(now.as_seconds());
    let reset = minute.empty_at().map_or(0, |empty| empty - second);
    Rate {
        limit,
        remaining: limit.saturating_sub(minute.sum()),
        reset_seconds: u64::try_from(reset).unwrap_or_default(),
    }
}

fn by_scope(limits: &[Budget]) -> HashMap<BudgetScope, Vec<(BudgetQuantity, u64)>> {
    let mut all: HashMap<_, Vec<_>> = HashMap::new();
    for limit in limits {
        all.entry(limit.id.scope).or_default().push((limit.id.quantity, limit.amount));
    }
    all
}

impl Ledger {
    /// In energy what was declared or what was seen, whichever is more: prompts that were cached
    /// and requests that failed take less than the next one may.
    fn estimate(&self, wanted: &Wanted<'_>, (price, declared): (Price, TokenEnergy)) -> Amounts {
        let (prompt, completion) = (wanted.prompt_tokens, wanted.completion_tokens_max);
        let tokens = prompt.saturating_add(completion);
        let seen = self.energy.get(wanted.model).copied().unwrap_or_default().of(tokens);
        Amounts {
            tokens,
            microeuros: price.of(prompt, completion).0,
            millijoules: seen.max(declared.of(prompt, completion)),
        }
    }

    fn observe(&mut self, model: &ModelId, amounts: Amounts) {
        self.energy.entry(model.clone()).or_default().add(amounts);
    }

    /// Forgets keys and accounts that have no limit and did nothing this month: a limit that they
    /// get later counts its own month alone.
    fn tidy(&mut self, now: Timestamp) {
        let since = now.as_seconds().saturating_sub(self.tidied_at.as_seconds());
        if since.saturating_abs() < TIDY_SECONDS {
            return;
        }
        self.tidied_at = now;
        let Self { limits, meters, .. } = self;
        meters.retain(|scope, meter| limits.contains_key(scope) || meter.tidy(now));
    }

    fn check(
        &mut self,
        scope: BudgetScope,
        estimate: Amounts,
        now: Timestamp,
    ) -> Result<(), BudgetExceeded> {
        let Some(limits) = self.limits.get(&scope) else { return Ok(()) };
        let meter = self.meters.entry(scope).or_default();
        for &(quantity, limit) in limits {
            // What costs nothing is let through though no money is left.
            if quantity == BudgetQuantity::EurosPerMonth && estimate.microeuros == 0 {
                continue;
            }
            let (used, held) = meter.sum(quantity, now);
            if used.saturating_add(held) >= limit {
                let is_used_up = used >= limit;
                let resets_at = meter.resets_at((quantity, limit), is_used_up, now);
                return Err(BudgetExceeded { scope, quantity, limit, is_used_up, resets_at, now });
            }
        }
        Ok(())
    }

    fn hold(
        &mut self,
        organisation: OrganisationId,
        (scopes, model): (&[BudgetScope], &ModelId),
        estimate: Amounts,
        now: Timestamp,
    ) -> Held {
        let month = Month::of(now);
        let hold = |&scope: &BudgetScope| {
            let meter = self.meters.entry(scope).or_default();
            let requests = meter.requests.at(now.as_seconds());
            meter.requests.add(requests, 1);
            let tokens = meter.tokens.at(now.as_seconds());
            meter.tokens.add(tokens, estimate.tokens);
            meter.months.hold(month, estimate);
            (scope, requests, tokens)
        };
        let scopes = scopes.iter().map(hold).collect();
        Held { organisation, model: model.clone(), scopes, month, estimate }
    }
}

impl Meter {
    /// Keeps what counts now or is held. `false` if that is nothing.
    fn tidy(&mut self, now: Timestamp) -> bool {
        let mut is_over = true;
        for minute in [&mut self.requests, &mut self.tokens] {
            if minute.is_over(now.as_seconds()) {
                // Gives its memory back.
                *minute = Minute::default();
            } else {
                is_over = false;
            }
        }
        self.months.tidy(Month::of(now)) || !is_over
    }

    /// What is used, and what is held for requests that run. In a minute both are one sum.
    fn sum(&mut self, quantity: BudgetQuantity, now: Timestamp) -> (u64, u64) {
        let second = now.as_seconds();
        let MonthSum { used, held } = self.months.of(Month::of(now));
        match quantity {
            BudgetQuantity::RequestsPerMinute => {
                self.requests.at(second);
                (self.requests.sum(), 0)
            }
            BudgetQuantity::TokensPerMinute => {
                self.tokens.at(second);
                (self.tokens.sum(), 0)
            }
            BudgetQuantity::TokensPerMonth => (used.tokens, held.tokens),
            BudgetQuantity::EurosPerMonth => (used.microeuros, held.microeuros),
            BudgetQuantity::KilowattHoursPerMonth => (used.millijoules, held.millijoules),
        }
    }

    /// When there is room again, at the latest.
    fn resets_at(
        &self,
        (quantity, limit): (BudgetQuantity, u64),
        is_used_up: bool,
        now: Timestamp,
    ) -> Timestamp {
        let at_second = |second| Timestamp::from_micros(0).plus_seconds(second);
        match (quantity, quantity.period()) {
            // There will never be any, and nobody needs to ask at once.
            (_, BudgetPeriod::Minute) if limit == 0 => now.plus_seconds(minute::SECONDS),
            (BudgetQuantity::RequestsPerMinute, _) => at_second(self.requests.free_at(limit)),
            (_, BudgetPeriod::Minute) => at_second(self.tokens.free_at(limit)),
            (_, BudgetPeriod::Month) if is_used_up => Month::of(now).next().begins(),
            (_, BudgetPeriod::Month) => now.plus_seconds(RUNNING_SECONDS),
        }
    }
}

#[cfg(test)]
mod tests;
