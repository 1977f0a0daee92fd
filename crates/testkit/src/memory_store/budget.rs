use std::{cmp::Reverse, collections::BTreeMap};

use async_trait::async_trait;
use domain::{Caller, Day, ModelId, Month, OrganisationId, Principal, ProjectId, Timestamp};
use governance::AuditEntry;
use inference::{
    Amounts, Budget, BudgetId, BudgetScope, MicroEuros, RequestUsage, Spent, UsagePage, UsageQuery,
    UsageRecord, UsageReportRow,
    ports::{BudgetStore, LedgerError},
};

use super::{
    MemoryStore, Refusal, State, ledger_error,
    usage::{Evidence, evidence_of, sum},
};

#[async_trait]
impl BudgetStore for MemoryStore {
    async fn budgets(&self, organisation: OrganisationId) -> Result<Vec<Budget>, LedgerError> {
        let state = self.working().map_err(ledger_error("read the limits"))?;
        let own = state.budgets.iter().filter(|((whose, _), _)| *whose == organisation);
        Ok(own.map(|(&(_, id), &amount)| Budget { organisation, id, amount }).collect())
    }

    async fn put_budget(
        &self,
        budget: &Budget,
        _: Timestamp,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        self.put(budget, audit).map_err(ledger_error("set the limit"))
    }

    async fn remove_budget(
        &self,
        organisation: OrganisationId,
        id: BudgetId,
        audit: &AuditEntry,
    ) -> Result<bool, LedgerError> {
        self.take_away((organisation, id), audit).map_err(ledger_error("remove the limit"))
    }

    async fn spent(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<Spent>, LedgerError> {
        let state = self.working().map_err(ledger_error("add up what was used"))?;
        let rows = state
            .usage
            .values()
            .filter(|row| row.opened.organisation == organisation && row.opened.opened_at >= since);
        // Each row by itself: who adds them up comes to the same.
        Ok(rows.map(|row| state.spent_by(row)).collect())
    }

    async fn usage(
        &self,
        organisation: OrganisationId,
        query: &UsageQuery,
    ) -> Result<Vec<UsageReportRow>, LedgerError> {
        let state = self.working().map_err(ledger_error("add up what was used"))?;
        let rows = state.usage.values().filter(|row| {
            let opened = &row.opened;
            opened.organisation == organisation
                && (query.from..query.until).contains(&opened.opened_at)
                && query.account.is_none_or(|account| account == opened.account)
        });
        let mut groups: BTreeMap<Group, Vec<&UsageRecord>> = BTreeMap::new();
        for row in rows {
            let day = query.split.day.then(|| Day::of(row.opened.opened_at));
            let model = query.split.model.then(|| row.opened.model.to_string());
            let project = query.split.project.then_some(row.opened.project);
            groups.entry((project, model, day, evidence_of(row))).or_default().push(row);
        }
        Ok(groups.into_iter().map(|(group, rows)| state.report_row(group, &rows)).collect())
    }

    async fn requests(
        &self,
        caller: &Caller,
        page: &UsagePage,
    ) -> Result<Vec<RequestUsage>, LedgerError> {
        let state = self.working().map_err(ledger_error("read the usage rows"))?;
        let is_asked = |row: &&UsageRecord| {
            let opened = &row.opened;
            (opened.organisation, opened.account) == (caller.organisation, caller.account)
                && (page.from..page.until).contains(&opened.opened_at)
                && page.models.as_ref().is_none_or(|models| models.contains(&opened.model))
        };
        let mut rows: Vec<_> = state.usage.values().filter(is_asked).collect();
        rows.sort_by_key(|row| Reverse((row.opened.opened_at, row.opened.request)));
        let rows = rows.into_iter().skip(page.offset as usize).take(page.limit as usize);
        let told =
            |row: &UsageRecord| RequestUsage { record: row.clone(), cost: state.cost_of(row) };
        Ok(rows.map(told).collect())
    }
}

type Group = (Option<ProjectId>, Option<String>, Option<Day>, Evidence);

impl MemoryStore {
    fn put(&self, budget: &Budget, audit: &AuditEntry) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let is_there = state.has(budget.organisation, budget.id.scope);
        if is_there {
            state.budgets.insert((budget.organisation, budget.id), budget.amount);
            state.audit.push(audit.clone());
        }
        Ok(is_there)
    }

    fn take_away(
        &self,
        key: (OrganisationId, BudgetId),
        audit: &AuditEntry,
    ) -> Result<bool, Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let was_there = state.budgets.remove(&key).is_some();
        if was_there {
            state.audit.push(audit.clone());
        }
        Ok(was_there)
    }
}

impl State {
    fn has(&self, organisation: OrganisationId, scope: BudgetScope) -> bool {
        match scope {
            BudgetScope::Key(id) => {
                self.keys.get(&id).is_some_and(|kept| kept.key.organisation == organisation)
            }
            BudgetScope::Account(id) => self.accounts.contains_key(&(organisation, id)),
            BudgetScope::Project(id) => self.check_project(organisation, id).is_ok(),
            BudgetScope::Organisation => self.organisations.contains_key(&organisation),
        }
    }

    fn spent_by(&self, row: &UsageRecord) -> Spent {
        let opened = &row.opened;
        let cost = self.cost_of(row).unwrap_or_default();
        let amounts = row.figures.as_ref().map(|figures| Amounts {
            tokens: u64::from(figures.prompt_tokens) + u64::from(figures.completion_tokens),
            microeuros: cost.0,
            millijoules: millijoules(figures.energy_joules),
        });
        let unsettled = row.figures.is_none().then_some(opened.prompt_tokens);
        Spent {
            month: Month::of(opened.opened_at),
            project: opened.project,
            account: (!opened.account.as_uuid().is_nil()).then_some(opened.account),
            key: match opened.principal {
                Principal::Key(id) => Some(id),
                Principal::Session(_) | Principal::Operator => None,
            },
            model: opened.model.clone(),
            amounts: amounts.unwrap_or_default(),
            unsettled_prompt_tokens: unsettled.unwrap_or_default().into(),
        }
    }

    fn cost_of(&self, row: &UsageRecord) -> Option<MicroEuros> {
        self.costs.get(&(row.opened.organisation, row.opened.request)).copied()
    }

    fn report_row(&self, group: Group, rows: &[&UsageRecord]) -> UsageReportRow {
        let (project, model, day, _) = group;
        let figures: Vec<_> = rows.iter().filter_map(|row| row.figures.as_ref()).collect();
        let costs = rows.iter().filter_map(|row| self.cost_of(row));
        UsageReportRow {
            project,
            model: model.and_then(|name| name.parse::<ModelId>().ok()),
            day,
            requests: rows.len() as u64,
            cost: costs.reduce(|sum, one| MicroEuros(sum.0 + one.0)),
            sum: sum(&figures),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "energy is finite and not negative"
)]
fn millijoules(joules: f64) -> u64 {
    (joules * 1000.0).round() as u64
}
