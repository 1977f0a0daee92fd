//! What was used, added up for people.

use std::{str::FromStr, sync::Arc};

use domain::{AccountId, Caller, Day, ModelId, Permission, ProjectId, Timestamp};
use governance::{Action, AuditFact, Subject, Trail};

use crate::{BudgetError, MicroEuros, UsageRecord, UsageSum, ports::BudgetStore};

/// What sums are split by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSplit {
    pub project: bool,
    pub model: bool,
    pub day: bool,
}

/// Why a text says not what to split sums by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sums are split by some of project, model and day, with commas between them")]
pub struct UsageSplitError;

/// `project,model,day`; nothing is not split.
impl FromStr for UsageSplit {
    type Err = UsageSplitError;

    fn from_str(text: &str) -> Result<Self, UsageSplitError> {
        let mut split = Self::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "project" => split.project = true,
                "model" => split.model = true,
                "day" => split.day = true,
                _ => return Err(UsageSplitError),
            }
        }
        Ok(split)
    }
}

/// Which rows to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// When requests began, the first moment.
    pub from: Timestamp,
    /// The first moment that does not belong to it.
    pub until: Timestamp,
    pub split: UsageSplit,
    /// `None`: of everybody.
    pub account: Option<AccountId>,
}

/// What some rows add up to. Figures that were obtained in different ways stand in different rows.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageReportRow {
    pub project: Option<ProjectId>,
    pub model: Option<ModelId>,
    pub day: Option<Day>,
    pub requests: u64,
    /// `None` where no row has one: they are older than prices, or not settled.
    pub cost: Option<MicroEuros>,
    /// `None` for requests that run or whose process died: nobody knows what they used.
    pub sum: Option<UsageSum>,
}

/// Which requests of one account to tell one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsagePage {
    /// When requests began, the first moment.
    pub from: Timestamp,
    /// The first moment that does not belong to it.
    pub until: Timestamp,
    /// To these models alone; `None`: to all.
    pub models: Option<Vec<ModelId>>,
    /// So many of the newest are left out.
    pub offset: u32,
    /// At most so many are told.
    pub limit: u32,
}

/// One request, and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestUsage {
    pub record: UsageRecord,
    /// `None` for a row that is older than prices, or not settled.
    pub cost: Option<MicroEuros>,
}

/// What [`UsageReports`] is made of.
pub struct UsageReportsParts {
    pub store: Arc<dyn BudgetStore>,
    pub trail: Trail,
}

/// Tells what was used. Cheap to clone.
#[derive(Clone)]
pub struct UsageReports {
    store: Arc<dyn BudgetStore>,
    trail: Trail,
}

impl UsageReports {
    pub fn new(parts: UsageReportsParts) -> Self {
        let UsageReportsParts { store, trail } = parts;
        Self { store, trail }
    }

    /// Of the organisation for whoever keeps its accounts or reads its log, of the own account for
    /// everybody else.
    pub async fn read(
        &self,
        caller: &Caller,
        (from, until): (Timestamp, Timestamp),
        split: UsageSplit,
    ) -> Result<Vec<UsageReportRow>, BudgetError> {
        let fact = AuditFact::ok(Action::UsageRead, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        let account = (!sees_all(caller)).then_some(caller.account);
        let query = UsageQuery { from, until, split, account };
        Ok(self.store.usage(caller.organisation, &query).await?)
    }

    /// The requests of the caller's own account, the newest first.
    pub async fn own(
        &self,
        caller: &Caller,
        page: &UsagePage,
    ) -> Result<Vec<RequestUsage>, BudgetError> {
        let fact = AuditFact::ok(Action::UsageRead, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        Ok(self.store.requests(caller, page).await?)
    }
}

fn sees_all(caller: &Caller) -> bool {
    let may = |permission| caller.permissions.contains(permission);
    may(Permission::ManageAccounts) || may(Permission::ReadLog)
}
