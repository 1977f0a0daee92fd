//! The record of processing activities: Regulation (EU) 2016/679, Article 30(1).

use domain::RetentionClass;

use super::{
    declared::Declared,
    document::{Document, Section, Source, Table, Value, known, text, word},
    facts::Facts,
};

/// What a deployment keeps of people, whatever the settings.
const KEPT: [(&str, &str); 8] = [
    ("accounts", "names, roles, groups, times of sign-in"),
    ("conversations", "questions, files, answers, drafts; sealed"),
    ("libraries", "names, documents, what was read of them, sealed; who may use them"),
    ("usage records", "account, model, numbers of tokens, energy, times"),
    ("entries of the log", "pseudonyms, kinds of access, times, salted hashes; no content"),
    ("sessions, links and keys", "hashes, names, ends"),
    ("identities", "issuer and subject at the identity provider"),
    ("openings", "who asked to read whose conversations, why, and who agreed"),
];

pub(super) fn document(facts: &Facts, declared: &Declared) -> Document {
    let heading = facts.heading(
        "processing",
        "Record of processing activities",
        "Regulation (EU) 2016/679 (GDPR), Article 30(1)",
    );
    let said = &declared.processing;
    let purposes = Section::new("30(1)(b)", "Purposes of the processing")
        .said_all("purposes", "records.toml: processing.purposes", &said.purposes)
        .said_all("legal bases", "records.toml: processing.legal_bases", &said.legal_bases);
    let sections = vec![
        controller(facts, declared),
        facts.with_models(purposes),
        people(declared),
        recipients(facts),
        transfers(facts, declared),
        limits(facts, declared),
        measures(facts),
    ];
    Document::new(heading, sections)
}

fn controller(facts: &Facts, declared: &Declared) -> Section {
    let (controller, officer) = (&declared.controller, &declared.data_officer);
    let mut section = Section::new("30(1)(a)", "Controller and data protection officer")
        .said("controller", "records.toml: controller.name", controller.name.as_ref())
        .said(
            "contact of the controller",
            "records.toml: controller.contact",
            controller.contact.as_ref(),
        )
        .said("data protection officer", "records.toml: data_officer.name", officer.name.as_ref())
        .said(
            "contact of the officer",
            "records.toml: data_officer.contact",
            officer.contact.as_ref(),
        );
    for (name, declare, value) in &facts.site {
        section = section.from(name, Source::Settings, declare, value.clone());
    }
    section
}

fn people(declared: &Declared) -> Section {
    let said = &declared.processing;
    let rows = KEPT.iter().map(|(what, holds)| vec![word(what), word(holds)]);
    let table = Table {
        name: "What is kept",
        source: Source::Program,
        columns: vec!["rows", "what they hold"],
        rows: rows.collect(),
    };
    Section::new("30(1)(c)", "Categories of data subjects and of personal data")
        .said_all("data subjects", "records.toml: processing.subjects", &said.subjects)
        .said_all("categories of data", "records.toml: processing.categories", &said.categories)
        .table(table)
}

fn recipients(facts: &Facts) -> Section {
    let mut section = facts.with_recipients(Section::new("30(1)(d)", "Recipients"));
    facts.require_whole_log(&mut section);
    for recipient in facts.recipients.iter().flatten().filter(|it| it.record.is_none()) {
        let of = Some(recipient.origin.clone());
        section.lacks("who runs a recipient", of, "galerne.toml: [[egress.destinations]]");
    }
    match &facts.accounts {
        Ok(accounts) => {
            let rows = accounts
                .iter()
                .map(|((kind, role), count)| vec![text(kind), text(role), text(count)]);
            let rows = rows.collect();
            let columns = vec!["kind", "role", "accounts"];
            let name = "Accounts that may be used";
            section.table(Table { name, source: Source::Accounts, columns, rows })
        }
        Err(reason) => {
            section.lacks("accounts", Some(reason.clone()), "galerne account list");
            section
        }
    }
}

fn transfers(facts: &Facts, declared: &Declared) -> Section {
    let region = Value::Text(facts.region.clone());
    let mut section = Section::new("30(1)(e)", "Transfers to third countries").fact(
        "region of the policy",
        Source::Settings,
        region,
    );
    facts.require_whole_log(&mut section);
    let (mut outside, mut is_known) = (Vec::new(), facts.knows_recipients());
    for recipient in facts.recipients.iter().flatten() {
        match recipient.is_in_eea() {
            Some(true) => {}
            Some(false) => outside.push(recipient.origin.clone()),
            None => {
                is_known = false;
                section.lacks(
                    "whether a recipient is in the EEA",
                    Some(recipient.origin.clone()),
                    "galerne.toml: [[egress.destinations]]",
                );
            }
        }
    }
    let name = "recipients with site, operator or parent outside of the EEA";
    if outside.is_empty() && is_known {
        return section.fact(name, Source::Settings, Value::Word("none"));
    }
    if outside.is_empty() {
        return section.gap(name, Source::Settings);
    }
    section.fact(name, Source::Settings, Value::Text(outside.join(", "))).said_all(
        "safeguards",
        "records.toml: processing.safeguards",
        &declared.processing.safeguards,
    )
}

const fn class_name(class: RetentionClass) -> (&'static str, &'static str) {
    match class {
        RetentionClass::Conversations => {
            ("conversations", "galerne.toml: retention.conversations_days")
        }
        RetentionClass::Files => ("files and batch jobs", "galerne.toml: retention.files_days"),
        RetentionClass::Documents => {
            ("documents of libraries", "galerne.toml: retention.documents_days")
        }
        RetentionClass::Usage => ("usage records", "galerne.toml: retention.usage_days"),
        RetentionClass::SignIns => {
            ("sessions and links that are over", "galerne.toml: retention.sign_ins_days")
        }
        RetentionClass::Log => (
            "entries of the log (at least; they are not removed)",
            "galerne.toml: retention.log_days",
        ),
    }
}

/// A class without a term is kept for good: that is told, and a time limit is missing unless
/// somebody declared one.
fn limits(facts: &Facts, declared: &Declared) -> Section {
    let said = &declared.processing.time_limits;
    let mut section = Section::new("30(1)(f)", "Time limits for erasure");
    let mut rows = Vec::new();
    for class in RetentionClass::ALL {
        let (name, declare) = class_name(class);
        let days = facts.terms.get(class.as_str());
        let is_limit = class.is_removed() && days.is_none() && said.is_empty();
        if is_limit {
            section.lacks("time limit", Some(class.as_str().to_owned()), declare);
        }
        rows.push(vec![word(name), known(days)]);
    }
    let columns = vec!["rows", "days"];
    let name = "Until when rows are kept by the settings";
    section = section.table(Table { name, source: Source::Settings, columns, rows });
    if !said.is_empty() {
        section = section.said_all("time limits", "records.toml: processing.time_limits", said);
    }
    match &facts.protection {
        Err(reason) => section.lacks("erasures", Some(reason.clone()), "galerne hold list"),
        Ok(found) => {
            let count = |number: usize| Value::Text(number.to_string());
            section = section
                .fact(
                    "people erased, with a certificate",
                    Source::Protection,
                    count(found.erasures_done),
                )
                .fact("erasures under way", Source::Protection, count(found.erasures_under_way))
                .fact("legal holds in force", Source::Protection, count(found.holds));
        }
    }
    section
}

fn measures(facts: &Facts) -> Section {
    let table = |name, checks: &[(&str, &str)]| {
        let rows = checks.iter().map(|(id, title)| vec![text(id), text(title)]);
        let rows = rows.collect();
        Table { name, source: Source::Assessment, columns: vec!["check", "what is true"], rows }
    };
    Section::new("30(1)(g)", "Technical and organisational measures")
        .table(table("Measures that were found in force", &facts.measures))
        .table(table("Measures that were not found", &facts.open))
}
