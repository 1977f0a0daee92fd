//! Adds usage rows up by month, model and evidence.

use domain::{ModelDigest, OrganisationId};
use inference::{UsageSum, UsageTotal};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    budget::count,
    failure::Failure,
    row::{Columns, bytes},
};

pub(crate) async fn read(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
) -> Result<Vec<UsageTotal>, Failure> {
    // NULL comes first in every order: what nobody knows stands before what was obtained.
    let rows = sqlx::query(
        "SELECT strftime('%Y-%m', opened_at / 1000000, 'unixepoch') AS month, model, model_digest, \
         energy_method, co2e_method, grid_zone, grid_factor_source, COUNT(*) AS requests, \
         SUM(prompt_tokens) AS prompt_tokens, SUM(completion_tokens) AS completion_tokens, \
         SUM(energy_joules) AS energy_joules, SUM(co2e_grams) AS co2e_grams, \
         SUM(energy_joules * energy_uncertainty_percent) AS energy_doubt, \
         SUM(co2e_grams * co2e_uncertainty_percent) AS co2e_doubt \
         FROM usage WHERE organisation_id = ?1 GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7",
    )
    .bind(bytes(organisation.as_uuid()))
    .fetch_all(connection)
    .await?;
    rows.iter().map(total).collect()
}

fn total(row: &SqliteRow) -> Result<UsageTotal, Failure> {
    let columns = Columns(row);
    let unreadable = |_| Failure::Unreadable { column: "model" };
    let digest: Option<&[u8]> = row.try_get("model_digest")?;
    let digest = digest.map(|_| columns.array("model_digest").map(ModelDigest::from_bytes));
    let method: Option<String> = row.try_get("energy_method")?;
    Ok(UsageTotal {
        month: columns.text("month")?,
        model: row.try_get::<&str, _>("model")?.parse().map_err(unreadable)?,
        digest: digest.transpose()?,
        requests: count(row, "requests")?,
        sum: method.map(|method| sum(row, method)).transpose()?,
    })
}

pub(crate) fn sum(row: &SqliteRow, energy_method: String) -> Result<UsageSum, Failure> {
    let columns = Columns(row);
    let (energy_joules, co2e_grams) = (row.try_get("energy_joules")?, row.try_get("co2e_grams")?);
    Ok(UsageSum {
        prompt_tokens: count(row, "prompt_tokens")?,
        completion_tokens: count(row, "completion_tokens")?,
        energy_joules,
        energy_method,
        energy_uncertainty_percent: mean(row.try_get("energy_doubt")?, energy_joules),
        co2e_grams,
        co2e_method: columns.text("co2e_method")?,
        co2e_uncertainty_percent: mean(row.try_get("co2e_doubt")?, co2e_grams),
        grid_zone: columns.text("grid_zone")?,
        grid_factor_source: columns.text("grid_factor_source")?,
    })
}

/// Nothing at all is known exactly.
fn mean(weighted: f64, total: f64) -> f64 {
    if total > 0.0 { weighted / total } else { 0.0 }
}
