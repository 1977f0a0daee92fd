//! Limits on what keys, accounts, projects and organisations use: asked before work starts, settled
//! when it has ended.

mod book;
pub(crate) mod decimal;
mod energy;
mod limit;
mod minute;
mod months;
mod readings;

use std::{
    collections::HashMap,
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{
    AccountId, Caller, Clock, KeyId, ModelId, Month, OrganisationId, ProjectId, Timestamp,
};
use governance::{Action, AuditError, AuditFact, Subject, Trail};

use self::{
    book::{Book, Held},
    energy::millijoules,
    readings::Readings,
};
pub use self::{
    energy::TokenEnergy,
    limit::{Budget, BudgetId, BudgetPeriod, BudgetQuantity, BudgetScope, BudgetWordError},
};
use crate::{
    ChatError, MicroEuros, Price, Prices, Usage, content,
    ports::{BudgetStore, LedgerError, Passage},
};

/// Limits are read again after so long: another process may have changed them.
const LIMITS_SECONDS: i64 = 1;

/// What a request uses of what is counted by the month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    pub tokens: u64,
    pub microeuros: u64,
    pub millijoules: u64,
}

impl Amounts {
    fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            microeuros: self.microeuros.saturating_add(other.microeuros),
            millijoules: self.millijoules.saturating_add(other.millijoules),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            microeuros: self.microeuros.saturating_sub(other.microeuros),
            millijoules: self.millijoules.saturating_sub(other.millijoules),
        }
    }
}

/// What usage rows of one month, project, account, key and model add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub month: Month,
    pub project: ProjectId,
    /// `None` once whoever it was is erased.
    pub account: Option<AccountId>,
    /// `None` for browsers and the operator.
    pub key: Option<KeyId>,
    pub model: ModelId,
    /// Of rows that are settled.
    pub amounts: Amounts,
    /// Of the prompts of rows that run, or whose process died: nobody knows more of them.
    pub unsettled_prompt_tokens: u64,
}

impl Spent {
    fn scopes(&self) -> impl Iterator<Item = BudgetScope> {
        [
            self.key.map(BudgetScope::Key),
            self.account.map(BudgetScope::Account),
            Some(BudgetScope::Project(self.project)),
            Some(BudgetScope::Organisation),
        ]
        .into_iter()
        .flatten()
    }

    /// With the prompts of what was not settled.
    fn whole(&self, prices: &Prices) -> Amounts {
        let tokens = self.unsettled_prompt_tokens;
        let microeuros = prices.of(&self.model).of(tokens, 0).0;
        self.amounts.plus(Amounts { tokens, microeuros, millijoules: 0 })
    }
}

/// What a request may use at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) model: &'a ModelId,
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens_max: u64,
}

impl<'a> Wanted<'a> {
    /// Of a prompt and what the context leaves for its answer.
    pub(crate) fn chat(
        model: &'a ModelId,
        prompt_tokens: usize,
        context_tokens: u32,
        max_tokens: Option<u32>,
    ) -> Self {
        let prompt_tokens = u64::try_from(prompt_tokens).unwrap_or(u64::MAX);
        let room = u64::from(context_tokens).saturating_sub(prompt_tokens);
        let completion_tokens_max = max_tokens.map_or(room, |tokens| room.min(tokens.into()));
        Self { model, prompt_tokens, completion_tokens_max }
    }

    pub(crate) const fn nothing(model: &'a ModelId) -> Self {
        Self { model, prompt_tokens: 0, completion_tokens_max: 0 }
    }

    /// The same for so many answers to the prompt, which is read once.
    pub(crate) fn answers(self, choices: u8) -> Self {
        let completion_tokens_max = self.completion_tokens_max.saturating_mul(choices.into());
        Self { completion_tokens_max, ..self }
    }

    /// With what another prompt of the same request and its answers may use.
    pub(crate) fn plus(self, other: Self) -> Self {
        let completion_tokens_max =
            self.completion_tokens_max.saturating_add(other.completion_tokens_max);
        let prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        Self { model: self.model, prompt_tokens, completion_tokens_max }
    }
}

/// Why a request may not start: something that it belongs to has nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetExceeded {
    pub scope: BudgetScope,
    pub quantity: BudgetQuantity,
    pub limit: u64,
    /// Otherwise requests that run may leave something.
    pub is_used_up: bool,
    /// When there is room again, at the latest.
    pub resets_at: Timestamp,
    pub now: Timestamp,
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, words) = (self.quantity.show(self.limit), self.quantity.words());
        let state = if self.is_used_up { "used up" } else { "held for requests that run" };
        write!(f, "the limit of {limit} {words} for the {} is {state}", self.scope)
    }
}

impl Error for BudgetExceeded {}

impl BudgetExceeded {
    pub const fn code(&self) -> &'static str {
        match self.quantity.period() {
            BudgetPeriod::Minute => "rate.limited",
            BudgetPeriod::Month => "budget.exceeded",
        }
    }

    pub fn retry_after_seconds(&self) -> u32 {
        let seconds = self.resets_at.as_seconds().saturating_sub(self.now.as_seconds());
        u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
    }
}

/// What is held for a request until it is settled. Dropped before, it is given back.
#[derive(Debug)]
pub struct Reservation {
    book: Arc<Book>,
    price: Price,
    held: Mutex<Option<Held>>,
}

impl Reservation {
    fn new(book: Arc<Book>, price: Price, held: Option<Held>) -> Self {
        Self { book, price, held: Mutex::new(held) }
    }

    /// Counts what was used instead, once, and says what it cost.
    pub(crate) fn settle(&self, usage: &Usage) -> MicroEuros {
        let (prompt, completion) = (usage.prompt_tokens.into(), usage.completion_tokens.into());
        let cost = self.price.of(prompt, completion);
        if let Some(held) = self.take() {
            let amounts = Amounts {
                tokens: prompt.saturating_add(completion),
                microeuros: cost.0,
                millijoules: millijoules(usage.footprint.energy.joules),
            };
            self.book.settle(&held, amounts);
        }
        cost
    }

    fn take(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(held) = self.take() {
            self.book.release(&held);
        }
    }
}

/// A limit, and how much of it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStanding {
    pub budget: Budget,
    /// In the units of the limit.
    pub used: u64,
    /// For requests that run.
    pub held: u64,
}

/// A limit a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub limit: u64,
    pub remaining: u64,
    /// Until nothing of it is used.
    pub reset_seconds: u64,
}

/// The limits a minute that leave a caller least, where there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub requests: Option<Rate>,
    pub tokens: Option<Rate>,
}

/// Why limits were not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    #[error("there is no such limit")]
    Unknown,
    #[error("there is no such {}", .scope.kind())]
    NobodyThere { scope: BudgetScope },
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] LedgerError),
}

impl BudgetError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown | Self::NobodyThere { .. } => "budget.unknown",
            Self::Audit(_) => "audit.unavailable",
            Self::Store(_) => "store.unavailable",
        }
    }
}

/// What [`Budgets`] is made of.
pub struct BudgetsParts {
    pub store: Arc<dyn BudgetStore>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub prices: Prices,
}

/// Keeps the limits and asks them. One for all that answers with models. Cheap to clone.
#[derive(Clone)]
pub struct Budgets {
    store: Arc<dyn BudgetStore>,
    trail: Trail,
    clock: Arc<dyn Clock>,
    prices: Prices,
    book: Arc<Book>,
    readings: Arc<Readings>,
}

impl Budgets {
    pub fn new(parts: BudgetsParts) -> Self {
        let BudgetsParts { store, trail, clock, prices } = parts;
        let (book, readings) = (Arc::default(), Arc::default());
        Self { store, trail, clock, prices, book, readings }
    }

    /// The same, where requests to these models are held at least what is declared of them. Only
    /// before the first request: nothing is counted yet.
    #[must_use]
    pub fn expecting(self, energy: HashMap<ModelId, TokenEnergy>) -> Self {
        Self { book: Arc::new(Book::new(energy)), ..self }
    }

    /// Sets aside what a request may use, for all that it belongs to or for nothing.
    pub(crate) async fn reserve(
        &self,
        caller: &Caller,
        wanted: Wanted<'_>,
    ) -> Result<Reservation, ChatError> {
        self.be_up_to_date(caller.organisation).await?;
        let price = self.prices.of(wanted.model);
        Ok(self.book.reserve(caller, &wanted, (price, self.clock.now()))?)
    }

    /// How the limits a minute stand for a caller that has asked before.
    pub fn rates(&self, caller: &Caller) -> Rates {
        self.book.rates(caller, self.clock.now())
    }

    /// All limits of the organisation, by whom they are for.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<BudgetStanding>, BudgetError> {
        let fact = AuditFact::ok(Action::BudgetList, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        let limits = self.read_again(caller.organisation).await?;
        let now = self.clock.now();
        Ok(limits.into_iter().map(|limit| self.book.standing(limit, now)).collect())
    }

    /// The limits of the caller's own key and account. Whoever tells them writes the entry.
    pub async fn own(&self, caller: &Caller) -> Result<Vec<BudgetStanding>, BudgetError> {
        let limits = self.read_again(caller.organisation).await?;
        let now = self.clock.now();
        let own = limits.into_iter().filter(|limit| limit.id.scope.is_own(caller));
        Ok(own.map(|limit| self.book.standing(limit, now)).collect())
    }

    /// What tokens of a model cost; nothing where the settings say nothing.
    pub fn price(&self, model: &ModelId) -> Price {
        self.prices.of(model)
    }

    /// Sets a limit, in the place of the one before. It counts for the next request.
    pub async fn set(
        &self,
        caller: &Caller,
        id: BudgetId,
        amount: u64,
    ) -> Result<BudgetStanding, BudgetError> {
        let budget = Budget { organisation: caller.organisation, id, amount };
        let entry = self.trail.entry(&fact(Action::BudgetSet, caller, id, Some(amount))).await?;
        let reading = self.readings.lock(caller.organisation).await;
        if !self.store.put_budget(&budget, self.clock.now(), &entry).await? {
            return Err(BudgetError::NobodyThere { scope: id.scope });
        }
        drop(reading);
        self.read_again(caller.organisation).await?;
        Ok(self.book.standing(budget, self.clock.now()))
    }

    pub async fn remove(&self, caller: &Caller, id: BudgetId) -> Result<(), BudgetError> {
        let entry = self.trail.entry(&fact(Action::BudgetRemove, caller, id, None)).await?;
        let reading = self.readings.lock(caller.organisation).await;
        if !self.store.remove_budget(caller.organisation, id, &entry).await? {
            return Err(BudgetError::Unknown);
        }
        drop(reading);
        self.read_again(caller.organisation).await?;
        Ok(())
    }

    async fn read_again(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError> {
        let _reading = self.readings.lock(organisation).await;
        self.read(organisation).await
    }

    /// The first request of an organisation waits for its sums; later ones go on while one of them
    /// looks whether limits have changed, so one change is known a second and one look later.
    async fn be_up_to_date(&self, organisation: OrganisationId) -> Result<(), LedgerError> {
        let Some(read_at) = self.book.read_at(organisation) else {
            let _reading = self.readings.lock(organisation).await;
            if self.book.read_at(organisation).is_none() {
                self.read(organisation).await?;
            }
            return Ok(());
        };
        let seconds = self.clock.now().as_seconds().saturating_sub(read_at.as_seconds());
        if seconds.saturating_abs() < LIMITS_SECONDS {
            return Ok(());
        }
        if let Some(_reading) = self.readings.try_lock(organisation) {
            self.read(organisation).await?;
        }
        Ok(())
    }

    /// Only by whoever holds the lock of the organisation: what is read first may not be put in
    /// force last.
    async fn read(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError> {
        let now = self.clock.now();
        let limits = self.store.budgets(organisation).await?;
        if self.book.read_at(organisation).is_some() {
            self.book.put_limits(organisation, now, &limits);
        } else {
            let spent = self.store.spent(organisation, Month::of(now).begins()).await?;
            self.book.begin((organisation, now), &limits, (&spent, &self.prices));
        }
        Ok(limits)
    }
}

/// The entry commits to the limit, so that its amount can be proved later.
fn fact(action: Action, caller: &Caller, id: BudgetId, amount: Option<u64>) -> AuditFact {
    let subject = match id.scope {
        BudgetScope::Key(key) => Subject::Key(key),
        BudgetScope::Account(account) => Subject::Account(account),
        BudgetScope::Project(_) | BudgetScope::Organisation => Subject::Nothing,
    };
    let amount = amount.map(|amount| id.quantity.show(amount)).unwrap_or_default();
    let words = [id.to_string(), amount].map(Passage::Text);
    let content = Some(content::digest_of_passages(&words));
    AuditFact { content, ..AuditFact::ok(action, *caller, subject) }
}
