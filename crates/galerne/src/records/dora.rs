//! Rows for the register of information: Regulation (EU) 2022/2554, Article 28(3), with the templates
//! of Implementing Regulation (EU) 2024/2956.

use super::{
    declared::{Contract, Declared},
    document::{Document, Section, Source, Table, Value, known, text},
    facts::{Facts, Recipient},
};

type Row = Vec<Option<Value>>;

pub(super) fn document(facts: &Facts, declared: &Declared) -> Document {
    let heading = facts.heading(
        "dora",
        "Rows for the register of information",
        "Regulation (EU) 2022/2554 (DORA), Article 28(3); Implementing Regulation (EU) 2024/2956",
    );
    let sections = vec![
        entity(facts, declared),
        contracts(facts, declared),
        providers(facts, declared),
        functions(declared),
        services(facts, declared),
    ];
    Document::new(heading, sections)
}

/// A table of values that somebody must have said. What is empty is listed.
fn template(
    (id, title, declare): (&'static str, &'static str, &'static str),
    columns: Vec<&'static str>,
    rows: Vec<Row>,
) -> Section {
    let mut section = Section::new(id, title);
    for row in &rows {
        let of = row.first().and_then(Option::as_ref).map(|value| value.as_str().to_owned());
        for (column, _) in columns.iter().zip(row).filter(|(_, value)| value.is_none()) {
            section.lacks(column, of.clone(), declare);
        }
    }
    section.table(Table { name: id, source: Source::Declared, columns, rows })
}

fn entity(facts: &Facts, declared: &Declared) -> Section {
    let dora = &declared.dora;
    let row = vec![
        known(dora.lei.as_ref()),
        known(dora.name.as_ref()),
        known(dora.country.as_ref()),
        known(dora.entity_type.as_ref()),
        known(dora.competent_authority.as_ref()),
        known(facts.made_at.get(..10)),
    ];
    let columns = vec![
        "LEI",
        "name",
        "country",
        "type of entity",
        "competent authority",
        "date of reporting",
    ];
    let named = ("B_01.01", "Entity that maintains the register", "records.toml: [dora]");
    template(named, columns, vec![row])
}

impl Declared {
    fn contract(&self, recipient: &Recipient) -> Option<&Contract> {
        let mut contracts = self.dora.contracts.iter();
        contracts.find(|contract| contract.destination.as_deref() == Some(&recipient.origin))
    }
}

/// One row a recipient of the log or the settings.
fn per_recipient(
    facts: &Facts,
    declared: &Declared,
    row: impl Fn(&Recipient, Option<&Contract>) -> Row,
) -> Vec<Row> {
    let recipients = facts.recipients.iter().flatten();
    recipients.map(|recipient| row(recipient, declared.contract(recipient))).collect()
}

fn contracts(facts: &Facts, declared: &Declared) -> Section {
    let rows = per_recipient(facts, declared, |recipient, contract| {
        vec![
            text(&recipient.origin),
            known(contract.and_then(|contract| contract.reference.as_ref())),
            known(contract.and_then(|contract| contract.kind.as_ref())),
            known(contract.and_then(|contract| contract.function.as_ref())),
            known(contract.and_then(|contract| contract.start.as_ref())),
            known(contract.and_then(|contract| contract.end.as_ref())),
            known(contract.and_then(|contract| contract.governing_law.as_ref())),
            known(contract.and_then(|contract| contract.annual_cost.as_ref())),
            known(recipient.record.as_ref().map(|record| record.site)),
        ]
    });
    let columns = vec![
        "destination",
        "reference of the contract",
        "type of ICT service",
        "function",
        "start",
        "end",
        "governing law",
        "annual cost",
        "place of processing",
    ];
    let named = ("B_02", "Contractual arrangements", "records.toml: [[dora.contracts]]");
    let mut section = template(named, columns, rows);
    facts.require_whole_log(&mut section);
    section
}

fn providers(facts: &Facts, declared: &Declared) -> Section {
    let rows = per_recipient(facts, declared, |recipient, contract| {
        let record = recipient.record.as_ref();
        vec![
            text(&recipient.origin),
            known(record.map(|record| record.operator.as_str())),
            known(contract.and_then(|contract| contract.provider_code.as_ref())),
            known(record.map(|record| record.jurisdiction)),
            known(record.map(|record| record.parent)),
        ]
    });
    let columns = vec![
        "destination",
        "legal name",
        "identification code",
        "country",
        "country of the parent",
    ];
    let declare = "records.toml: [[dora.contracts]]; galerne.toml: [[egress.destinations]]";
    template(("B_05.01", "ICT third-party service providers", declare), columns, rows)
}

fn functions(declared: &Declared) -> Section {
    let rows = declared.dora.functions.iter().map(|function| {
        vec![
            known(function.id.as_ref()),
            known(function.name.as_ref()),
            known(function.licensed_activity.as_ref()),
            known(function.critical.as_ref()),
            known(function.reason.as_ref()),
            known(function.assessed.as_ref()),
        ]
    });
    let columns = vec![
        "identifier",
        "name",
        "licensed activity",
        "critical or important",
        "reason",
        "last assessed",
    ];
    let named = ("B_06.01", "Functions", "records.toml: [[dora.functions]]");
    let mut section = template(named, columns, rows.collect());
    if declared.dora.functions.is_empty() {
        section.lacks("functions that are supported", None, "records.toml: [[dora.functions]]");
    }
    section
}

fn services(facts: &Facts, declared: &Declared) -> Section {
    let rows = per_recipient(facts, declared, |recipient, contract| {
        vec![
            text(&recipient.origin),
            known(contract.and_then(|contract| contract.exit_plan.as_ref())),
        ]
    });
    let named = ("B_07.01", "Assessment of ICT services", "records.toml: [[dora.contracts]]");
    template(named, vec!["destination", "exit plan"], rows)
}
