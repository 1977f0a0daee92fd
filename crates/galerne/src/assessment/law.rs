//! Who runs the place and whose law reaches them: settings and declarations.

use carbon_ledger::factors;
use residency::Zone;
use sovereignty::{Check, Declarations, Measured};

use super::Scene;

/// Averages of grids are published with a delay of about two years.
const FACTOR_YEARS_MAX: i64 = 4;

pub(super) fn declared(check: Check, scene: &Scene<'_>) -> Measured {
    let nothing = Declarations::default();
    match &scene.declared {
        Ok(declarations) => {
            declarations
                .as_ref()
                .unwrap_or(&nothing)
                .measure(check, scene.today(), |name| scene.document(name))
        }
        Err(reason) => Measured::failed(reason.clone()),
    }
}

pub(super) fn operator_named(scene: &Scene<'_>) -> Measured {
    let site = &scene.settings.site_declared.value;
    let missing: Vec<_> = [
        ("site.country", site.country.is_none()),
        ("site.operator", site.operator.is_none()),
        ("site.operator_country", site.operator_country.is_none()),
        ("site.parent_country", site.parent_country.is_none()),
    ]
    .into_iter()
    .filter_map(|(name, is_missing)| is_missing.then_some(name))
    .collect();
    match (missing.as_slice(), &site.operator) {
        ([], Some(operator)) => Measured::passed(format!("run by {operator}")),
        (missing, _) => Measured::failed(format!("not set: {}", missing.join(", "))),
    }
}

pub(super) fn operator_in_region(scene: &Scene<'_>) -> Measured {
    let region = scene.settings.outbound.policy().region();
    let site = &scene.settings.site_declared.value;
    let countries = [&site.country, &site.operator_country, &site.parent_country];
    let mut outside = Vec::new();
    for country in countries {
        let Some(country) = country else {
            return Measured::not_measured("the settings do not name all countries");
        };
        match country.parse::<Zone>() {
            Ok(zone) if region.covers(zone) => {}
            Ok(_) | Err(_) => outside.push(country.as_str()),
        }
    }
    if outside.is_empty() {
        return Measured::passed(format!("all of it is within {region}"));
    }
    Measured::failed(format!("outside of {region}: {}", outside.join(", ")))
}

pub(super) fn grid_of_site(scene: &Scene<'_>) -> Measured {
    let zone = &scene.settings.site_zone.value;
    let Some(factor) = factors::grid(zone) else {
        return Measured::not_measured(format!("no factor is known for the zone {zone}"));
    };
    let this_year: i64 =
        scene.today().to_string().get(..4).and_then(|year| year.parse().ok()).unwrap_or(0);
    let age = this_year - i64::from(factor.year);
    let seen =
        format!("{zone}: {} g/kWh of {}, {}", factor.grams_per_kwh, factor.year, factor.source);
    match &scene.settings.site_declared.value.country {
        None => Measured::failed(format!("the settings do not say where the machine is; {seen}")),
        Some(country) if country != zone => {
            Measured::failed(format!("the machine is in {country}, and the factor of {seen}"))
        }
        Some(_) => Measured::when(age <= FACTOR_YEARS_MAX, seen),
    }
}
