//! Documents of made facts.

use std::collections::{BTreeMap, BTreeSet};

use inference::{UsageSum, UsageTotal};
use residency::{Record, Zone};

use super::{
    Bill, Declared, Document, Facts, Language, document,
    document::{Source, Table, Value},
    facts::{LogFact, ModelFact, ProtectionFact, Recipient, Vouched},
    language::has_french,
};
use crate::cli::RecordKind;

const KINDS: [RecordKind; 3] = [RecordKind::Processing, RecordKind::AiAct, RecordKind::Dora];

fn facts(recipients: Vec<Recipient>) -> Facts {
    let site = |name, declare: &'static str| (name, declare, Some("FR".to_owned()));
    Facts {
        made_at: "2026-11-23T00:00:00Z".to_owned(),
        program: "galerne 0".to_owned(),
        site: [
            site("country of the site", "galerne.toml: site.country"),
            site("operator", "galerne.toml: site.operator"),
            site("country of the operator", "galerne.toml: site.operator_country"),
            site("country of its parent", "galerne.toml: site.parent_country"),
        ],
        region: "EU".to_owned(),
        terms: BTreeMap::from([
            ("conversations", 365),
            ("files", 365),
            ("documents", 365),
            ("usage", 1095),
            ("sign_ins", 200),
            ("log", 400),
        ]),
        accounts: Ok(BTreeMap::from([(("person", "owner"), 2)])),
        models: Ok(vec![model(Vouched::Nobody, 1)]),
        recipients: Ok(recipients),
        usage: Ok(Vec::new()),
        protection: Ok(ProtectionFact { erasures_done: 3, erasures_under_way: 1, holds: 2 }),
        log: LogFact {
            origin: Some("log.example".to_owned()),
            size: Some(7),
            checkpoint: Some("note".to_owned()),
            actions: vec![("infer".to_owned(), 5)],
            span: Some(("2026-01-01T00:00:00Z".to_owned(), "2026-02-01T00:00:00Z".to_owned())),
            unread: None,
        },
        measures: vec![("log.verified", "the log is what was signed")],
        open: vec![("drill.restore", "a backup was restored")],
    }
}

/// Where nothing could be seen and nothing was set.
fn bare() -> Facts {
    let unseen = || "it could not be read".to_owned();
    let site = |name, declare: &'static str| (name, declare, None);
    Facts {
        site: [
            site("country of the site", "galerne.toml: site.country"),
            site("operator", "galerne.toml: site.operator"),
            site("country of the operator", "galerne.toml: site.operator_country"),
            site("country of its parent", "galerne.toml: site.parent_country"),
        ],
        terms: BTreeMap::new(),
        accounts: Err(unseen()),
        models: Err(unseen()),
        recipients: Err(unseen()),
        usage: Err(unseen()),
        protection: Err(unseen()),
        log: LogFact {
            origin: None,
            size: None,
            checkpoint: None,
            actions: Vec::new(),
            span: None,
            unread: Some(unseen()),
        },
        measures: Vec::new(),
        open: Vec::new(),
        ..facts(Vec::new())
    }
}

fn model(vouched: Vouched, licences: usize) -> ModelFact {
    ModelFact {
        id: "demo".to_owned(),
        sha256: "ab".to_owned(),
        bytes: 3,
        architecture: "llama".to_owned(),
        base: None,
        imported_at: "2026-11-23T00:00:00Z".to_owned(),
        vouched,
        licences,
    }
}

fn recipient(origin: &str, country: Option<&str>) -> Recipient {
    let record = country.map(|country| {
        let zone: Zone = country.parse().unwrap();
        let operator = "Somebody".parse().unwrap();
        Record { operator, site: zone, jurisdiction: zone, parent: zone }
    });
    Recipient { origin: origin.to_owned(), purpose: Some("witness"), is_reached: true, record }
}

fn total(method: Option<&str>, joules: f64) -> UsageTotal {
    UsageTotal {
        month: "2026-11".to_owned(),
        model: "demo".parse().unwrap(),
        digest: None,
        requests: 2,
        sum: method.map(|method| UsageSum {
            prompt_tokens: 10,
            completion_tokens: 20,
            energy_joules: joules,
            energy_method: method.to_owned(),
            energy_uncertainty_percent: 60.0,
            co2e_grams: joules / 1e3,
            co2e_method: "estimated".to_owned(),
            co2e_uncertainty_percent: 63.0,
            grid_zone: "FR".to_owned(),
            grid_factor_source: "RTE".to_owned(),
        }),
    }
}

const DECLARED: &str = "
[controller]
name = 'Hospital'
contact = 'dpo@hospital.example'
[data_officer]
name = 'A. Martin'
contact = 'a.martin@hospital.example'
[processing]
purposes = ['letters']
legal_bases = ['6(1)(e)']
subjects = ['staff']
categories = ['texts']
[ai_act]
system = 'Assistant'
intended_purpose = 'letters'
risk_class = 'limited'
human_oversight = 'the author'
input_data = 'the author'
people_informed = 'a notice'
incident_contact = 'desk'
";

fn made(kind: RecordKind, facts: &Facts, declared: &str) -> Document {
    document(kind, facts, &toml::from_str::<Declared>(declared).unwrap()).unwrap()
}

fn missing(document: &Document) -> Vec<String> {
    document.missing.iter().map(super::Missing::line).collect()
}

fn table<'a>(document: &'a Document, name: &str) -> &'a Table {
    let mut tables = document.sections.iter().flat_map(|section| &section.tables);
    tables.find(|table| table.name == name).unwrap()
}

fn says(document: &Document, name: &str) -> Option<String> {
    let mut fields = document.sections.iter().flat_map(|section| &section.fields);
    let found = fields.find(|field| field.name == name).unwrap();
    found.value.as_ref().map(|value| value.as_str().to_owned())
}

#[test]
fn a_record_is_complete_where_everything_was_said() {
    let facts = facts(vec![recipient("https://witness.example", Some("FR"))]);
    for kind in [RecordKind::Processing, RecordKind::AiAct] {
        let document = made(kind, &facts, DECLARED);
        assert!(document.complete, "{kind:?}: {:?}", document.missing);
    }
}

/// Each line that is left out is told of, by its name, and nothing stands in its place.
#[test]
fn each_declaration_that_is_left_out_is_missing_by_its_name() {
    let facts = facts(Vec::new());
    let both = [RecordKind::Processing, RecordKind::AiAct];
    let mut section = "";
    for line in DECLARED.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
            continue;
        }
        let name = format!("({}: {section}.{})", "records.toml", line.split(' ').next().unwrap());
        let without = DECLARED.replacen(line, "", 1);
        let lines: Vec<_> =
            both.iter().flat_map(|kind| missing(&made(*kind, &facts, &without))).collect();
        // Some are asked for in both, and in one of them `name` begins in two sections.
        assert!(
            lines.iter().any(|it| it.ends_with(&name)) || line.starts_with("name"),
            "{lines:?}"
        );
        assert!(!lines.is_empty(), "{line}");
    }
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    for kind in KINDS {
        let document = made(kind, &bare(), "");
        assert!(!document.complete);
        for field in document.sections.iter().flat_map(|section| &section.fields) {
            // What is true of every deployment, and what is in force without a setting.
            let is_always = field.source == Source::Program || field.name == "region of the policy";
            assert_eq!(field.value.is_some(), is_always, "{field:?}");
        }
        let tables = document.sections.iter().flat_map(|section| &section.tables);
        for table in tables.filter(|table| table.source != Source::Program) {
            // Templates have their columns, settings of retention their classes, checks their verdicts.
            let is_form = table.name.starts_with("B_0") || table.source == Source::Settings;
            assert!(is_form || table.source == Source::Assessment, "{table:?}");
        }
        let page = document.page(Language::English);
        assert!(page.contains("<h2>Missing</h2>"), "{page}");
    }
    let lines = missing(&made(RecordKind::Processing, &bare(), ""));
    for term in ["conversations_days", "usage_days", "sign_ins_days"] {
        let name = format!("(galerne.toml: retention.{term})");
        assert!(lines.iter().any(|line| line.ends_with(&name)), "{term}: {lines:?}");
    }
}

#[test]
fn every_recipient_of_the_log_is_a_recipient_of_the_record() {
    let facts = facts(vec![
        recipient("https://witness.example", Some("FR")),
        recipient("https://elsewhere.example", None),
    ]);
    let document = made(RecordKind::Processing, &facts, DECLARED);
    let csv = table(&document, "Recipients").csv();
    assert!(csv.contains("\"https://witness.example\",\"witness\",\"yes\",\"Somebody\",\"FR\""));
    assert!(csv.contains("\"https://elsewhere.example\",\"witness\",\"yes\",\"\",\"\""), "{csv}");
    let lines = missing(&document);
    for line in ["who runs a recipient", "whether a recipient is in the EEA"] {
        let line = format!("{line}: https://elsewhere.example");
        assert!(lines.iter().any(|it| it.contains(&line)), "{lines:?}");
    }
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_transfer_asks_for_its_safeguards() {
    let facts = facts(vec![recipient("https://far.example", Some("US"))]);
    let document = made(RecordKind::Processing, &facts, DECLARED);
    assert_eq!(missing(&document), ["30(1)(e): safeguards (records.toml: processing.safeguards)"]);
    let name = "recipients with site, operator or parent outside of the EEA";
    assert_eq!(says(&document, name).as_deref(), Some("https://far.example"));
}

#[test]
fn a_log_that_was_not_read_whole_gives_no_complete_list() {
    let mut facts = facts(Vec::new());
    facts.log.unread = Some("the oldest 5 entries were not searched".to_owned());
    for kind in KINDS {
        let document = made(kind, &facts, DECLARED);
        assert!(missing(&document).iter().any(|it| it.contains("oldest 5")), "{kind:?}");
    }
}

#[test]
fn terms_and_counts_are_those_of_the_rows() {
    let mut facts = facts(Vec::new());
    let document = made(RecordKind::Processing, &facts, DECLARED);
    let terms = table(&document, "Until when rows are kept by the settings").csv();
    assert!(terms.contains("\"conversations\",\"365\"\r\n\"files and batch jobs\",\"365\"\r\n\"documents of libraries\",\"365\"\r\n\"usage records\",\"1095\""), "{terms}");
    assert_eq!(says(&document, "people erased, with a certificate").as_deref(), Some("3"));
    assert_eq!(says(&document, "legal holds in force").as_deref(), Some("2"));
    facts.terms.remove("conversations");
    let lines = missing(&made(RecordKind::Processing, &facts, DECLARED));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let declared = DECLARED.replace("[ai_act]", "time_limits = ['two years']\n[ai_act]");
    assert!(made(RecordKind::Processing, &facts, &declared).complete);
    facts.terms.remove("log");
    let lines = missing(&made(RecordKind::AiAct, &facts, DECLARED));
    assert!(lines[0].ends_with("(galerne.toml: retention.log_days)"), "{lines:?}");
}

#[test]
fn energy_is_told_with_how_it_was_obtained_and_never_mixed() {
    let mut facts = facts(Vec::new());
    let totals = [total(None, 0.0), total(Some("estimated"), 12.5), total(Some("measured"), 3.25)];
    facts.usage = Ok(totals.into());
    let document = made(RecordKind::AiAct, &facts, DECLARED);
    let csv = table(&document, "Energy and emissions").csv();
    let row = |csv: &str, place: usize| csv.lines().nth(place).unwrap().to_owned();
    let nobody =
        "\"2026-11\",\"demo\",\"\",\"2\",\"\",\"\",\"\",\"not known\",\"\",\"\",\"not known\"";
    assert!(row(&csv, 1).starts_with(nobody), "{csv}");
    let estimated =
        "\"10\",\"20\",\"12.500\",\"estimated\",\"60\",\"0.012500\",\"estimated\",\"63\"";
    assert!(row(&csv, 2).contains(estimated), "{csv}");
    assert!(row(&csv, 3).contains("\"3.250\",\"measured\",\"60\""), "{csv}");
    assert!(document.complete, "a request that ended without figures can be told by nobody");
    for row in &table(&document, "Energy and emissions").rows {
        assert_eq!(row.len(), 14);
    }
}

#[test]
fn register_rows_list_their_blanks() {
    let facts = facts(vec![recipient("https://witness.example", Some("FR"))]);
    let declared = "[dora]\nlei = '5493001KJTIIGC8Y1R12'\nname = 'Bank'\n\
        [[dora.contracts]]\ndestination = 'https://witness.example'\nreference = 'C-1'\n";
    let document = made(RecordKind::Dora, &facts, declared);
    let lines = missing(&document);
    let has = |what: &str| lines.iter().any(|line| line.contains(what));
    assert!(has("exit plan: https://witness.example"), "{lines:?}");
    assert!(!has("reference of the contract"), "{lines:?}");
    assert!(has("functions that are supported"), "{lines:?}");
    let csv = table(&document, "B_05.01").csv();
    assert!(csv.contains("\"https://witness.example\",\"Somebody\",\"\",\"FR\",\"FR\""), "{csv}");
}

/// Whatever is ours on a page, gathered from documents in which everything occurs.
#[test]
fn pages_say_everything_of_ours_in_french() {
    let mut rich = facts(vec![
        recipient("https://far.example", Some("US")),
        recipient("https://elsewhere.example", None),
        Recipient { is_reached: false, ..recipient("https://near.example", Some("FR")) },
    ]);
    let (key, reason) = ("k".to_owned(), "r".to_owned());
    let vouched = [
        Vouched::Trusted(key.clone()),
        Vouched::Untrusted(key),
        Vouched::Waived,
        Vouched::Refused(reason),
    ];
    rich.models = Ok(vouched.into_iter().map(|vouched| model(vouched, 0)).collect());
    rich.usage = Ok(["measured", "modelled", "estimated"].map(|it| total(Some(it), 1.0)).into());
    let declared = DECLARED.replace("[ai_act]", "time_limits = ['two years']\n[ai_act]");
    let mut documents: Vec<_> = KINDS.map(|kind| made(kind, &rich, &declared)).into();
    documents.extend(KINDS.map(|kind| made(kind, &bare(), "[[dora.functions]]\nid = 'F1'\n")));
    documents.push(made(RecordKind::AiAct, &facts(Vec::new()), ""));
    documents.push(Bill::read("2026-11-23T00:00:00Z".to_owned()).unwrap().document());
    let words: BTreeSet<_> = documents.iter().flat_map(words).collect();
    // The numbers of templates are the same in every language.
    let untold: Vec<_> =
        words.iter().filter(|word| !word.starts_with("B_0") && !has_french(word)).collect();
    assert!(untold.is_empty(), "{untold:#?}");
    assert!(words.len() > 100);
}

fn words(document: &Document) -> Vec<&'static str> {
    let mut all = vec![document.title, document.text, "Made", "Missing", "missing", "none"];
    all.extend(["what", "says", "source"]);
    all.extend(document.missing.iter().map(|missing| missing.what));
    let mut ours = |value: &Option<Value>| {
        if let Some(Value::Word(word)) = value {
            all.push(word);
        }
    };
    let mut names = Vec::new();
    for section in &document.sections {
        names.push(section.title);
        for field in &section.fields {
            names.extend([field.name, field.source.as_str()]);
            ours(&field.value);
        }
        for table in &section.tables {
            names.extend([table.name, table.source.as_str()]);
            names.extend(&table.columns);
            table.rows.iter().flatten().for_each(&mut ours);
        }
    }
    all.extend(names);
    all
}
