use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Caller, OrganisationId, RequestId, Timestamp};
use governance::AuditEntry;
use inference::{
    AnsweredBy, AnsweredShare, RUNNING, UsageFigures, UsageOpened, UsageOutcome, UsageRecord,
    UsageSettled, UsageSum, UsageTotal,
    ports::{LedgerError, UsageLedger},
};

use super::{MemoryStore, Refusal, ledger_error};
use crate::UsageRows;

#[async_trait]
impl UsageLedger for MemoryStore {
    async fn open(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), LedgerError> {
        self.open_row(usage, audit).map_err(ledger_error("open the usage row"))
    }

    async fn settle(&self, usage: &UsageSettled) -> Result<(), LedgerError> {
        self.settle_row(usage).map_err(ledger_error("settle the usage row"))
    }

    async fn find(
        &self,
        caller: &Caller,
        request: RequestId,
    ) -> Result<Option<UsageRecord>, LedgerError> {
        let state = self.working().map_err(ledger_error("read the usage row"))?;
        let row = state.usage.get(&(caller.organisation, request));
        Ok(row.filter(|row| row.opened.account == caller.account).cloned())
    }

    async fn totals(&self, organisation: OrganisationId) -> Result<Vec<UsageTotal>, LedgerError> {
        let state = self.working().map_err(ledger_error("add up the usage rows"))?;
        let rows = state.usage.values().filter(|row| row.opened.organisation == organisation);
        Ok(totals(rows))
    }

    async fn shares(
        &self,
        organisation: OrganisationId,
        since: Timestamp,
    ) -> Result<Vec<AnsweredShare>, LedgerError> {
        let state = self.working().map_err(ledger_error("add up the usage rows"))?;
        let answered = [UsageOutcome::Finished, UsageOutcome::Cancelled].map(UsageOutcome::as_str);
        let rows = state.usage.values().filter(|row| {
            row.opened.organisation == organisation
                && row.opened.opened_at >= since
                && answered.contains(&row.outcome.as_str())
        });
        Ok(shares(rows))
    }

    async fn close_interrupted(&self, at: Timestamp) -> Result<u64, LedgerError> {
        let mut state = self.working().map_err(ledger_error("close interrupted requests"))?;
        let mut closed = 0;
        for row in state.usage.values_mut().filter(|row| row.outcome == RUNNING) {
            UsageOutcome::Interrupted.as_str().clone_into(&mut row.outcome);
            row.settled_at = Some(at);
            closed += 1;
        }
        Ok(closed)
    }
}

#[async_trait]
impl UsageRows for MemoryStore {
    async fn usage_rows(&self, organisation: OrganisationId) -> Vec<UsageRecord> {
        let mut rows = self.usage_records();
        rows.retain(|row| row.opened.organisation == organisation);
        rows
    }
}

impl MemoryStore {
    fn open_row(&self, usage: &UsageOpened, audit: &AuditEntry) -> Result<(), Refusal> {
        let mut state = self.working()?;
        state.check_entry(audit)?;
        let id = (usage.organisation, usage.request);
        if state.usage.contains_key(&id) {
            return Err(Refusal::Duplicate);
        }
        let row = UsageRecord {
            opened: usage.clone(),
            outcome: RUNNING.to_owned(),
            settled_at: None,
            figures: None,
        };
        state.usage.insert(id, row);
        state.audit.push(audit.clone());
        Ok(())
    }

    fn settle_row(&self, settled: &UsageSettled) -> Result<(), Refusal> {
        let mut state = self.working()?;
        let row = state.usage.get_mut(&(settled.organisation, settled.request));
        let row = row.ok_or(Refusal::UnknownRequest)?;
        if row.outcome == RUNNING {
            settled.outcome.as_str().clone_into(&mut row.outcome);
            row.settled_at = Some(settled.settled_at);
            row.figures = Some(UsageFigures::from(&settled.usage));
            if let Some(deployment) = &settled.answered_by {
                row.opened.deployment = Some(deployment.clone());
            }
            if let Some(cost) = settled.cost {
                state.costs.insert((settled.organisation, settled.request), cost);
            }
        }
        Ok(())
    }
}

fn shares<'a>(rows: impl Iterator<Item = &'a UsageRecord>) -> Vec<AnsweredShare> {
    let mut shares = BTreeMap::new();
    for row in rows {
        let (upstream, is_own) = match row.opened.deployment.as_ref().map(|one| &one.engine) {
            Some(AnsweredBy::Upstream(engine)) => (Some(engine.id.clone()), engine.is_own),
            Some(AnsweredBy::Here(_)) | None => (None, true),
        };
        let (project, model) = (row.opened.project, row.opened.model.clone());
        let place = (project, model.to_string(), upstream.clone());
        let share = shares.entry(place).or_insert(AnsweredShare {
            project,
            model,
            upstream,
            is_own,
            requests: 0,
            tokens: 0,
        });
        let figures = row.figures.as_ref();
        share.requests += 1;
        share.tokens += figures.map_or(0, |figures| {
            u64::from(figures.prompt_tokens) + u64::from(figures.completion_tokens)
        });
    }
    shares.into_values().collect()
}

/// Month, model and digest, then how and for which grid the figures were obtained.
pub(super) type Evidence = Option<(String, String, String, String)>;
type Group = (String, String, Option<Vec<u8>>, Evidence);

pub(super) fn evidence_of(row: &UsageRecord) -> Evidence {
    row.figures.as_ref().map(|figures| {
        let factor = (figures.grid_zone.clone(), figures.grid_factor_source.clone());
        (figures.energy_method.clone(), figures.co2e_method.clone(), factor.0, factor.1)
    })
}

fn totals<'a>(rows: impl Iterator<Item = &'a UsageRecord>) -> Vec<UsageTotal> {
    let mut groups: BTreeMap<Group, Vec<&UsageRecord>> = BTreeMap::new();
    for row in rows {
        let month = row.opened.opened_at.to_string().chars().take(7).collect();
        let digest = row.opened.digest.map(|digest| digest.as_bytes().to_vec());
        let group = (month, row.opened.model.to_string(), digest, evidence_of(row));
        groups.entry(group).or_default().push(row);
    }
    let total = |((month, ..), rows): (Group, Vec<&UsageRecord>)| {
        let first = &rows.first()?.opened;
        Some(UsageTotal {
            month,
            model: first.model.clone(),
            digest: first.digest,
            requests: rows.len() as u64,
            sum: sum(&rows.iter().filter_map(|row| row.figures.as_ref()).collect::<Vec<_>>()),
        })
    };
    groups.into_iter().filter_map(total).collect()
}

pub(super) fn sum(rows: &[&UsageFigures]) -> Option<UsageSum> {
    let first = rows.first()?;
    let add = |of: fn(&UsageFigures) -> f64| rows.iter().map(|row| of(row)).sum::<f64>();
    let (joules, grams) = (add(|row| row.energy_joules), add(|row| row.co2e_grams));
    let mean = |weighted: f64, total: f64| if total > 0.0 { weighted / total } else { 0.0 };
    Some(UsageSum {
        prompt_tokens: rows.iter().map(|row| u64::from(row.prompt_tokens)).sum(),
        completion_tokens: rows.iter().map(|row| u64::from(row.completion_tokens)).sum(),
        energy_joules: joules,
        energy_method: first.energy_method.clone(),
        energy_uncertainty_percent: mean(
            add(|row| row.energy_joules * row.energy_uncertainty_percent),
            joules,
        ),
        co2e_grams: grams,
        co2e_method: first.co2e_method.clone(),
        co2e_uncertainty_percent: mean(
            add(|row| row.co2e_grams * row.co2e_uncertainty_percent),
            grams,
        ),
        grid_zone: first.grid_zone.clone(),
        grid_factor_source: first.grid_factor_source.clone(),
    })
}
