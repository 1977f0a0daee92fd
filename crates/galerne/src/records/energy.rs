//! What answers used, by month and model, with how each figure was obtained.

use super::{
    document::{Section, Source, Table, text, word},
    facts::Facts,
};
use inference::UsageTotal;

/// Figures that were obtained in different ways stand in rows of their own and are never added up.
pub(super) fn section(facts: &Facts) -> Section {
    let mut section = Section::new("95(2)(b)", "Energy of use, by month and model");
    let totals = match &facts.usage {
        Ok(totals) => totals,
        Err(reason) => {
            section.lacks("energy of use", Some(reason.clone()), "galerne.db");
            return section;
        }
    };
    let columns = vec![
        "month (UTC)",
        "model",
        "SHA-256",
        "requests",
        "tokens read",
        "tokens written",
        "energy (J)",
        "how obtained",
        "± %",
        "emissions (g CO2e)",
        "how obtained",
        "± %",
        "grid",
        "source of the grid factor",
    ];
    let rows = totals.iter().map(row).collect();
    section.table(Table { name: "Energy and emissions", source: Source::Usage, columns, rows })
}

fn row(total: &UsageTotal) -> Vec<Option<super::document::Value>> {
    let digest = total.digest.map(|digest| domain::hexadecimal(digest.as_bytes()));
    let mut row =
        vec![text(&total.month), text(&total.model), digest.and_then(text), text(total.requests)];
    let Some(sum) = &total.sum else {
        // They run, or their process died: nobody knows, and nothing stands in.
        row.extend([None, None, None, word("not known"), None, None, word("not known")]);
        row.extend([None, None, None]);
        return row;
    };
    row.extend([
        text(sum.prompt_tokens),
        text(sum.completion_tokens),
        text(format_args!("{:.3}", sum.energy_joules)),
        method(&sum.energy_method),
        text(format_args!("{:.0}", sum.energy_uncertainty_percent)),
        text(format_args!("{:.6}", sum.co2e_grams)),
        method(&sum.co2e_method),
        text(format_args!("{:.0}", sum.co2e_uncertainty_percent)),
        text(&sum.grid_zone),
        text(&sum.grid_factor_source),
    ]);
    row
}

/// As rows have it; a word that is not known here stays as it is.
fn method(name: &str) -> Option<super::document::Value> {
    match name {
        "measured" => word("measured"),
        "modelled" => word("modelled"),
        "estimated" => word("estimated"),
        other => text(other),
    }
}
