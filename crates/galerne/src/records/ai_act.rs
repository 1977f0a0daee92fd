//! The pack of a deployer: Regulation (EU) 2024/1689, Articles 12, 26, 50 and 95.

use super::{
    declared::Declared,
    document::{Document, Section, Source, Table, Value, text},
    energy,
    facts::Facts,
};

pub(super) fn document(facts: &Facts, declared: &Declared) -> Document {
    let heading = facts.heading(
        "ai-act",
        "Log and pack of the deployer",
        "Regulation (EU) 2024/1689 (AI Act), Articles 12, 26, 50 and 95",
    );
    let said = &declared.ai_act;
    let deployer = Section::new("26", "Deployer and system")
        .said("deployer", "records.toml: controller.name", declared.controller.name.as_ref())
        .said(
            "contact of the deployer",
            "records.toml: controller.contact",
            declared.controller.contact.as_ref(),
        )
        .said("system", "records.toml: ai_act.system", said.system.as_ref())
        .said(
            "intended purpose",
            "records.toml: ai_act.intended_purpose",
            said.intended_purpose.as_ref(),
        )
        .said("risk class", "records.toml: ai_act.risk_class", said.risk_class.as_ref());
    let oversight = Section::new("26(2)", "Human oversight").said(
        "who oversees, with which means",
        "records.toml: ai_act.human_oversight",
        said.human_oversight.as_ref(),
    );
    let input = Section::new("26(4)", "Input data").said(
        "how input data are kept relevant",
        "records.toml: ai_act.input_data",
        said.input_data.as_ref(),
    );
    let incidents = Section::new("26(5)", "Monitoring and incidents").said(
        "contact for incidents",
        "records.toml: ai_act.incident_contact",
        said.incident_contact.as_ref(),
    );
    let informed = Section::new("26(7), 26(11), 50", "People who are informed").said(
        "how people are told that they deal with an AI system",
        "records.toml: ai_act.people_informed",
        said.people_informed.as_ref(),
    );
    let sections = vec![
        deployer,
        models(facts),
        oversight,
        input,
        incidents,
        log(facts),
        informed,
        energy::section(facts),
    ];
    Document::new(heading, sections)
}

fn models(facts: &Facts) -> Section {
    let mut section = facts.with_models(Section::new("26(1)", "Models in use"));
    match &facts.models {
        Err(_) => {}
        Ok(models) if models.is_empty() => section.lacks("models", None, "galerne model import"),
        Ok(models) => {
            for model in models.iter().filter(|model| model.licences == 0) {
                section.lacks(
                    "licence of a model",
                    Some(model.id.clone()),
                    "data directory: models/<id>/licences",
                );
            }
        }
    }
    section
}

fn log(facts: &Facts) -> Section {
    let log = &facts.log;
    let rows = log.actions.iter().map(|(name, count)| vec![text(name), text(count)]);
    let entries = Table {
        name: "Entries by kind of access",
        source: Source::Log,
        columns: vec!["kind", "entries"],
        rows: rows.collect(),
    };
    let span = log.span.as_ref();
    let mut section = Section::new("12, 26(6)", "Records over the lifetime")
        .fact(
            "what an entry holds",
            Source::Program,
            Value::Word(
                "time, kind of access, outcome, pseudonym, model and its digest, policy in force; \
                 no content",
            ),
        )
        .from("log", Source::Log, "galerne audit key", log.origin.clone())
        .from("entries", Source::Log, "galerne audit verify", log.size.map(|it| it.to_string()))
        .from("first entry", Source::Log, "galerne audit verify", span.map(|it| it.0.clone()))
        .from("last entry", Source::Log, "galerne audit verify", span.map(|it| it.1.clone()))
        .from(
            "newest signed checkpoint",
            Source::Log,
            "galerne audit checkpoint",
            log.checkpoint.clone(),
        )
        .from(
            "days that entries are kept at least",
            Source::Settings,
            "galerne.toml: retention.log_days",
            facts.terms.get("log").map(u32::to_string),
        )
        .from(
            "days that usage records are kept",
            Source::Settings,
            "galerne.toml: retention.usage_days",
            facts.terms.get("usage").map(u32::to_string),
        );
    if let Some(reason) = &log.unread {
        section.lacks("entries of the log", Some(reason.clone()), "galerne audit export");
    }
    // An empty table would say that there is no entry.
    if span.is_some() { section.table(entries) } else { section }
}
