//! The bill of this very build.

use std::collections::BTreeSet;

use super::*;

fn bill() -> Bill {
    Bill::read("2026-11-23T00:00:00Z".to_owned()).unwrap()
}

fn found<'a>(bill: &'a Bill, name: &str) -> Vec<&'a Package> {
    bill.packages.iter().filter(|package| package.name == name).collect()
}

#[test]
fn what_is_linked_is_told_from_what_compiled_it() {
    let bill = bill();
    assert!(bill.packages.len() > 300, "{}", bill.packages.len());
    for (name, usage) in [
        ("libsqlite3-sys", Use::Linked),
        ("tokio", Use::Linked),
        ("domain", Use::Linked),
        ("std", Use::Linked),
        ("serde_derive", Use::Compiling),
        ("cc", Use::Compiling),
        ("react-dom", Use::Page),
    ] {
        let all = found(&bill, name);
        assert!(!all.is_empty() && all.iter().all(|it| it.usage == usage), "{name}: {all:?}");
    }
    for absent in ["galerne", "xtask", "proptest", "vitest", "windows-sys"] {
        assert!(found(&bill, absent).is_empty(), "{absent}");
    }
}

#[test]
fn every_package_of_others_has_a_checksum_and_a_licence() {
    for package in &bill().packages {
        let has_sum = package.checksum.is_some() || package.integrity.is_some();
        let is_of_registry = matches!(package.registry, Registry::Cargo | Registry::Npm);
        assert_eq!(has_sum, is_of_registry, "{package:?}");
        assert!(package.licence.as_ref().is_some_and(|it| !it.contains('/')), "{package:?}");
        assert!(!package.repository.as_ref().is_some_and(|it| it.contains("(*)")), "{package:?}");
    }
}

#[test]
fn the_place_of_the_sources_is_not_told() {
    let place = env!("CARGO_MANIFEST_DIR").trim_end_matches("/crates/galerne");
    let text = bill().cyclonedx().to_string();
    assert!(!text.contains(place), "{place}");
    assert!(!Build::this().compiled.contains(place), "{place}");
}

#[test]
fn everything_is_reached_from_the_program() {
    let bill = bill();
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = bill.needs.iter().collect();
    while let Some(reference) = open.pop() {
        if reached.insert(reference) {
            let package = bill.packages.iter().find(|it| it.reference() == *reference);
            open.extend(&package.unwrap_or_else(|| panic!("{reference}")).needs);
        }
    }
    let all: Vec<_> = bill.packages.iter().map(Package::reference).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "each stands there once");
    for reference in &all {
        assert!(reached.contains(reference), "{reference}");
    }
}

#[test]
fn a_country_has_a_source_and_nobody_is_guessed() {
    let bill = bill();
    for component in bill.cyclonedx()["components"].as_array().unwrap() {
        let properties = component["properties"].as_array().unwrap();
        let value = |name: &str| {
            let found = properties.iter().find(|property| property["name"] == name);
            found.map(|property| property["value"].as_str().unwrap())
        };
        match value("galerne:supplier-country").unwrap() {
            "own" | UNKNOWN => assert!(component["supplier"].is_null(), "{component}"),
            country => {
                assert_eq!(country, component["supplier"]["address"]["country"]);
                assert!(value("galerne:supplier-source").unwrap().starts_with("https://"));
            }
        }
    }
    assert!(bill.suppliers.date.parse::<sovereignty::Day>().is_ok());
    for supplier in &bill.suppliers.supplier {
        assert!(supplier.country.parse::<residency::Zone>().is_ok(), "{}", supplier.name);
        let is_used = bill.packages.iter().any(|package| {
            bill.suppliers.of(package).is_some_and(|found| found.name == supplier.name)
        });
        assert!(is_used, "{} supplies nothing", supplier.name);
        assert!(supplier.repositories.iter().all(|it| it.ends_with('/')), "{}", supplier.name);
    }
    assert!(bill.suppliers.of(found(&bill, "tokio")[0]).is_none());
}

#[test]
fn a_build_that_was_not_listed_has_no_bill() {
    let this = Build::this();
    let half = this.lock.get(..this.lock.len() / 2).unwrap();
    for build in [
        Build { compiled: "", ..Build::this() },
        Build { linked: "", ..Build::this() },
        Build { compiler: "", ..Build::this() },
        Build { lock: half, ..Build::this() },
        Build { lock: "package = []", ..Build::this() },
    ] {
        assert!(Bill::of(&build, String::new()).is_err());
    }
}
