//! `galerne usage`

use domain::{Clock as _, Day, Month};
use inference::UsageReportRow;
use serde_json::{Value, json};

use crate::{
    cli::Usage, config::Settings, failure::Failure, output::Output, system::SystemClock,
    wiring::Local,
};

pub(super) async fn run(settings: &Settings, flags: &Usage, output: Output) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    let result = tell(&local, flags, output).await;
    local.close().await;
    result
}

async fn tell(local: &Local, flags: &Usage, output: Output) -> Result<(), Failure> {
    let operator = local.operator().await?;
    let now = SystemClock.now();
    let from = flags.from.unwrap_or_else(|| Day::of(Month::of(now).begins()));
    let to = flags.to.unwrap_or_else(|| Day::of(now));
    if to < from {
        return Err(Failure::message(format!("{to} is before {from}"))
            .hint("give the first day with --from and the last one with --to"));
    }
    let period = (from.begins(), to.next().begins());
    let rows = local.usage().read(&operator, period, flags.by).await?;
    let head = format!("{from} to {to}, in UTC");
    let lines: Vec<_> = [head].into_iter().chain(rows.iter().map(line)).collect();
    let values: Vec<_> = rows.iter().map(describe).collect();
    let value = json!({ "from": from.to_string(), "to": to.to_string(), "data": values });
    output.show(&lines.join("\n"), &value)
}

fn line(row: &UsageReportRow) -> String {
    let split = [
        row.day.map(|day| day.to_string()),
        row.project.map(|id| id.to_string()),
        row.model.as_ref().map(ToString::to_string),
    ];
    let mut words: Vec<_> = split.into_iter().flatten().collect();
    words.push(format!("{} requests", row.requests));
    if let Some(sum) = &row.sum {
        words.push(format!("{} + {} tokens", sum.prompt_tokens, sum.completion_tokens));
        let cost = row.cost.map_or_else(|| "not known".to_owned(), |cost| cost.to_string());
        words.push(format!("EUR {cost}"));
        words.push(format!(
            "{:.1} J {} ±{:.0} %",
            sum.energy_joules, sum.energy_method, sum.energy_uncertainty_percent
        ));
        words.push(format!("{:.3} g CO2e", sum.co2e_grams));
    } else {
        words.push("not settled".to_owned());
    }
    words.join("  ")
}

fn describe(row: &UsageReportRow) -> Value {
    let sum = row.sum.as_ref();
    json!({
        "project": row.project.map(|id| id.to_string()),
        "model": row.model.as_ref().map(ToString::to_string),
        "day": row.day.map(|day| day.to_string()),
        "requests": row.requests,
        "prompt_tokens": sum.map(|sum| sum.prompt_tokens),
        "completion_tokens": sum.map(|sum| sum.completion_tokens),
        "cost_euros": row.cost.and_then(|cost| cost.to_string().parse::<serde_json::Number>().ok()),
        "energy": sum.map(|sum| json!({
            "joules": sum.energy_joules,
            "method": sum.energy_method,
            "uncertainty_percent": sum.energy_uncertainty_percent,
        })),
        "co2e": sum.map(|sum| json!({
            "grams": sum.co2e_grams,
            "method": sum.co2e_method,
            "uncertainty_percent": sum.co2e_uncertainty_percent,
            "grid_zone": sum.grid_zone,
            "source": sum.grid_factor_source,
        })),
    })
}
