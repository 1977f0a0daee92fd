//! What can be typed after `galerne budget` and `galerne usage`.

use clap::{Args, Subcommand};
use domain::{AccountName, Day, KeyId, ProjectId};
use inference::{BudgetId, BudgetQuantity, UsageSplit};

#[derive(Debug, Subcommand)]
pub(crate) enum Budget {
    /// List the limits, with what is used of them
    List,
    /// Set a limit, in the place of the one before; a running server knows it within seconds
    Set(BudgetSet),
    /// Remove a limit
    Remove {
        /// Id of the limit, as `budget list` shows it
        id: BudgetId,
    },
}

#[derive(Args, Debug)]
pub(crate) struct BudgetSet {
    /// `requests_per_minute`, `tokens_per_minute`, `tokens_per_month`, `euros_per_month` or
    /// `kwh_per_month`
    pub(crate) quantity: BudgetQuantity,
    /// At least 0; whole for requests and tokens
    pub(crate) limit: String,
    /// For this API key [default: for the organisation]
    #[arg(long, value_name = "ID", group = "for")]
    pub(crate) key: Option<KeyId>,
    /// For this account, with all its keys and browsers
    #[arg(long, value_name = "NAME", group = "for")]
    pub(crate) account: Option<AccountName>,
    /// For this project
    #[arg(long, value_name = "ID", group = "for")]
    pub(crate) project: Option<ProjectId>,
}

#[derive(Args, Debug)]
pub(crate) struct Usage {
    /// What to split the sums by: some of `project`, `model` and `day`, with commas
    #[arg(long, value_name = "LIST", default_value = "model")]
    pub(crate) by: UsageSplit,
    /// First day, in UTC, as 2026-11-01 [default: the first of this month]
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Day>,
    /// Last day [default: today]
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<Day>,
}
