//! The bill for reading: how many packages under which licence and from which country, then each.

use std::collections::BTreeMap;

use super::{
    super::{
        document::{Document, Heading, Section, Source, Table, Value, known, text, word},
        facts,
    },
    Bill, Package, Registry, Use,
};

pub(super) fn document(bill: &Bill) -> Document {
    let heading = Heading {
        kind: "sbom",
        title: "Software bill of materials",
        text: "CycloneDX 1.6; Regulation (EU) 2024/2847 (Cyber Resilience Act), Annex I, part II (1)",
        made_at: bill.made_at.clone(),
        program: facts::program(bill.version, bill.commit),
    };
    let count = |usage: Use| {
        let found = bill.packages.iter().filter(|package| package.usage == usage);
        Value::Text(found.count().to_string())
    };
    let unknown = bill.others().filter(|(_, supplier)| supplier.is_none()).count();
    let program = Section::new("1", "Program")
        .fact("built for", Source::Program, Value::Text(bill.target.clone()))
        .fact("packages that are part of the program", Source::Program, count(Use::Linked))
        .fact(
            "packages that only ran while it was compiled",
            Source::Program,
            count(Use::Compiling),
        )
        .fact("packages of the page", Source::Program, count(Use::Page));
    let suppliers = Section::new("2", "Countries of suppliers")
        .fact(
            "packages by others of which the country of the supplier is not known",
            Source::Program,
            Value::Text(format!("{unknown} / {}", bill.others().count())),
        )
        .fact(
            "when the list of suppliers was looked through",
            Source::Program,
            Value::Text(bill.suppliers.date.clone()),
        )
        .table(countries(bill));
    let licences = Section::new("3", "Licences").table(licences(bill));
    let all = Section::new("4", "Packages").table(packages(bill));
    Document::new(heading, vec![program, suppliers, licences, all])
}

fn countries(bill: &Bill) -> Table {
    let mut counts = BTreeMap::<Option<(&str, &str, &str)>, usize>::new();
    for (_, supplier) in bill.others() {
        let key = supplier.map(|it| (it.country.as_str(), it.name.as_str(), it.source.as_str()));
        *counts.entry(key).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(named, count)| match named {
        Some((country, name, source)) => vec![text(country), text(name), text(count), text(source)],
        None => vec![word("unknown"), None, text(count), None],
    });
    let columns = vec!["country", "supplier", "packages", "where its seat is told"];
    Table {
        name: "Packages by country of the supplier",
        source: Source::Program,
        columns,
        rows: rows.collect(),
    }
}

fn licences(bill: &Bill) -> Table {
    let mut counts = BTreeMap::<Option<&str>, usize>::new();
    for package in &bill.packages {
        *counts.entry(package.licence.as_deref()).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(licence, count)| {
        let licence = licence.map_or_else(|| word("unknown"), text);
        vec![licence, text(count)]
    });
    let columns = vec!["licence", "packages"];
    Table { name: "Packages by licence", source: Source::Program, columns, rows: rows.collect() }
}

pub(super) fn packages(bill: &Bill) -> Table {
    let row = |package: &Package| {
        let supplier = bill.suppliers.of(package);
        let unknown = match package.registry {
            Registry::Own => word("our own"),
            Registry::Cargo | Registry::Npm | Registry::Compiler => word("unknown"),
        };
        let usage = match package.usage {
            Use::Linked => "part of the program",
            Use::Compiling => "only while it was compiled",
            Use::Page => "page",
        };
        vec![
            text(&package.name),
            text(&package.version),
            word(usage),
            known(package.licence.as_ref()).or_else(|| word("unknown")),
            supplier.map_or_else(|| unknown.clone(), |it| text(&it.name)),
            supplier.map_or(unknown, |it| text(&it.country)),
            known(package.repository.as_ref()),
        ]
    };
    let columns = vec!["package", "version", "use", "licence", "supplier", "country", "repository"];
    let rows = bill.packages.iter().map(row).collect();
    Table { name: "Packages", source: Source::Program, columns, rows }
}
