//! Adds usage rows up for people: by project, model and day as they ask, and always by evidence.

use domain::{Day, OrganisationId, ProjectId};
use inference::{MicroEuros, UsageQuery, UsageReportRow};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};

use crate::{
    budget::count,
    failure::Failure,
    row::{Columns, bytes},
    usage_total,
};

pub(crate) async fn read(
    connection: &mut SqliteConnection,
    organisation: OrganisationId,
    query: UsageQuery,
) -> Result<Vec<UsageReportRow>, Failure> {
    // NULL comes first in every order: what nobody knows stands before what was obtained.
    let rows = sqlx::query(
        "SELECT CASE WHEN ?4 THEN project_id END AS project, CASE WHEN ?5 THEN model END AS name, \
         CASE WHEN ?6 THEN strftime('%Y-%m-%d', opened_at / 1000000, 'unixepoch') END AS day, \
         energy_method, co2e_method, grid_zone, grid_factor_source, COUNT(*) AS requests, \
         SUM(cost_microeuros) AS cost, \
         SUM(prompt_tokens) AS prompt_tokens, SUM(completion_tokens) AS completion_tokens, \
         SUM(energy_joules) AS energy_joules, SUM(co2e_grams) AS co2e_grams, \
         SUM(energy_joules * energy_uncertainty_percent) AS energy_doubt, \
         SUM(co2e_grams * co2e_uncertainty_percent) AS co2e_doubt \
         FROM usage WHERE organisation_id = ?1 AND opened_at >= ?2 AND opened_at < ?3 \
         AND (?7 IS NULL OR account_id = ?7) \
         GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7",
    )
    .bind(bytes(organisation.as_uuid()))
    .bind(query.from.as_micros())
    .bind(query.until.as_micros())
    .bind(query.split.project)
    .bind(query.split.model)
    .bind(query.split.day)
    .bind(query.account.map(|id| bytes(id.as_uuid())))
    .fetch_all(connection)
    .await?;
    rows.iter().map(report_row).collect()
}

fn report_row(row: &SqliteRow) -> Result<UsageReportRow, Failure> {
    let columns = Columns(row);
    let unreadable = |column| move |_| Failure::Unreadable { column };
    let model = columns.text_if_any("name")?.map(|text| text.parse());
    let day = columns.text_if_any("day")?.map(|text| text.parse::<Day>());
    let cost: Option<i64> = row.try_get("cost")?;
    let method = columns.text_if_any("energy_method")?;
    Ok(UsageReportRow {
        project: columns.uuid_if_any("project")?.map(ProjectId::from_uuid),
        model: model.transpose().map_err(unreadable("model"))?,
        day: day.transpose().map_err(|_| Failure::Unreadable { column: "day" })?,
        requests: count(row, "requests")?,
        cost: cost.map(|cost| MicroEuros(cost.cast_unsigned())),
        sum: method.map(|method| usage_total::sum(row, method)).transpose()?,
    })
}
