//! What the policy decides.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use residency::{
    Country, DataClass, Decision, Declaration, Effect, Policy, PolicyParts, Purpose, Question,
    Record, Rule, Zone, hyperscalers,
};

fn zone(text: &str) -> Zone {
    text.parse().expect("a zone")
}

fn record(places: &str) -> Option<Record> {
    if places == "undeclared" {
        return None;
    }
    let mut places = places.split_whitespace().map(zone);
    let mut next = || places.next().expect("a place");
    let operator = "Operator".parse().expect("a name");
    Some(Record { operator, site: next(), jurisdiction: next(), parent: next() })
}

fn rule(name: &str, effect: Effect, zones: &[&str]) -> Rule {
    Rule {
        name: name.parse().expect("a name"),
        effect,
        classes: Vec::new(),
        purposes: Vec::new(),
        zones: zones.iter().map(|text| zone(text)).collect(),
    }
}

fn policy(rules: Vec<Rule>) -> Policy {
    Policy::new(parts(rules))
}

fn parts(rules: Vec<Rule>) -> PolicyParts {
    PolicyParts { region: Zone::Eu, rules, declarations: Vec::new(), ranges: None }
}

fn told(decision: &Decision) -> String {
    match decision {
        Decision::Allow(rule) => format!("allow {}", rule.reason()),
        Decision::Deny(rule) => format!("deny {}", rule.reason()),
    }
}

/// `data`: its zone and class; `places`: site, operator, parent; `host`: by which it is known.
fn check(rules: &[Rule], data: &str, purpose: &str, (places, host): (&str, &str), expected: &str) {
    let (data_zone, class) = data.split_once(' ').expect("zone and class");
    let record = record(places);
    let question = Question {
        data_zone: zone(data_zone),
        class: class.parse().expect("a class"),
        purpose: purpose.parse().expect("a purpose"),
        record: record.as_ref(),
        known: hyperscalers::of_host(host),
    };
    let decision = policy(rules.to_vec()).decide(&question);
    assert_eq!(told(&decision), expected, "{data}, {purpose}, {places}, {host}");
}

#[test]
fn the_decision_table() {
    let host = "api.example";
    for (data, purpose, places, expected) in [
        // Within the union, one country of it, the economic area.
        ("eu content", "inference", "fr fr fr", "allow within"),
        ("eu content", "inference", "fr de eu", "allow within"),
        ("eu special", "keys", "de de de", "allow within"),
        ("fr content", "inference", "fr fr fr", "allow within"),
        ("eea content", "inference", "no is li", "allow within"),
        // Each of the three places decides alone.
        ("eu content", "inference", "us fr fr", "deny site_outside"),
        ("eu content", "inference", "fr us fr", "deny operator_outside"),
        ("eu content", "inference", "fr fr us", "deny parent_outside"),
        ("eu content", "inference", "us us us", "deny site_outside"),
        ("eu content", "inference", "ch ch ch", "deny site_outside"),
        ("eu content", "inference", "fr fr gb", "deny parent_outside"),
        ("eu content", "inference", "fr eea fr", "deny operator_outside"),
        ("fr content", "inference", "fr fr de", "deny parent_outside"),
        ("eea content", "inference", "fr fr ch", "deny parent_outside"),
        // Data that is not content stays too.
        ("eu metadata", "tools", "fr fr us", "deny parent_outside"),
        ("eu personal", "identity", "fr us us", "deny operator_outside"),
        ("eu metadata", "tools", "undeclared", "deny no_record"),
        // A witness sees what everybody sees; nothing else is reached without a rule.
        ("eu public", "witness", "undeclared", "allow public_witness"),
        ("eu public", "witness", "us us us", "allow public_witness"),
        ("eu public", "witness", "fr fr fr", "allow within"),
        ("eu public", "tools", "us us us", "deny default"),
        ("eu public", "tools", "undeclared", "deny default"),
        ("eu metadata", "witness", "us us us", "deny site_outside"),
    ] {
        check(&[], data, purpose, (places, host), expected);
    }
}

#[test]
fn a_hyperscaler_is_refused_whatever_is_declared_and_allowed() {
    let rules = [rule("everything", Effect::Allow, &[])];
    for host in
        ["x.amazonaws.com", "a.openai.azure.com", "storage.googleapis.com", "s3.amazonaws.eu"]
    {
        for class in DataClass::ALL {
            let data = format!("eu {class}");
            check(&rules, &data, "witness", ("fr fr fr", host), "deny hyperscaler");
        }
    }
    // Elsewhere, records decide.
    let us = Policy::new(PolicyParts { region: zone("us"), ..parts(Vec::new()) });
    let record = record("us us us");
    let question = Question {
        data_zone: zone("us"),
        class: DataClass::Content,
        purpose: Purpose::Inference,
        record: record.as_ref(),
        known: hyperscalers::of_host("x.amazonaws.com"),
    };
    assert_eq!(told(&us.decide(&question)), "allow within");
}

#[test]
fn rules_of_the_operator_deny_more_and_allow_only_what_is_public() {
    let deny_hu = rule("not there", Effect::Deny, &["hu"]);
    let allow_ch = rule("neighbours", Effect::Allow, &["ch", "eu"]);
    let deny_tools = Rule {
        purposes: vec![Purpose::Tools],
        classes: vec![DataClass::Special],
        ..rule("no tools", Effect::Deny, &[])
    };
    let all = [allow_ch, deny_hu, deny_tools];
    for (data, purpose, places, expected) in [
        ("eu content", "inference", "fr fr hu", "deny rule"),
        ("eu public", "witness", "hu fr fr", "deny rule"),
        ("eu content", "inference", "fr fr ch", "deny parent_outside"),
        ("eu public", "tools", "fr fr ch", "allow rule"),
        ("eu public", "tools", "fr us ch", "deny default"),
        ("eu public", "tools", "undeclared", "deny rule"),
        ("eu special", "tools", "fr fr fr", "deny rule"),
        ("eu content", "tools", "fr fr fr", "allow within"),
    ] {
        check(&all, data, purpose, (places, "api.example"), expected);
    }
}

#[test]
fn nothing_is_used_when_nothing_may_be() {
    let policy = policy(Vec::new());
    let records = [record("us us us"), record("fr fr us"), record("undeclared")];
    let error = policy.eligible(&records, asked).expect_err("none");
    let reasons: Vec<_> = error.denied.iter().map(residency::DeniedBy::reason).collect();
    assert_eq!(reasons, ["site_outside", "parent_outside", "no_record"]);
    assert_eq!(error.code(), "residency.no_eligible_upstream");
    assert_eq!(error.to_string(), "none of 3 destinations may be used");
    let records = [record("us us us"), record("fr fr fr")];
    assert_eq!(policy.eligible(&records, asked), Ok(vec![&records[1]]));
    assert!(policy.eligible(&[], asked).is_err());
}

fn content(record: Option<&Record>) -> Question<'_> {
    Question {
        data_zone: Zone::Eu,
        class: DataClass::Content,
        purpose: Purpose::Inference,
        record,
        known: None,
    }
}

#[expect(clippy::ref_option, reason = "the candidates are what is borrowed")]
fn asked(record: &Option<Record>) -> Question<'_> {
    content(record.as_ref())
}

/// Whatever decisions follow from is in the digest.
#[test]
fn every_part_of_the_policy_changes_its_digest() {
    let declaration = |origin: &str, places: &str| Declaration {
        origin: origin.to_owned(),
        purpose: Purpose::Witness,
        class: DataClass::Public,
        internal: false,
        record: record(places),
    };
    let declared =
        |declaration| PolicyParts { declarations: vec![declaration], ..parts(Vec::new()) };
    let denial = rule("a", Effect::Deny, &["us"]);
    let mut policies = vec![
        parts(Vec::new()),
        PolicyParts { region: Zone::Eea, ..parts(Vec::new()) },
        PolicyParts { ranges: Some([0; 32]), ..parts(Vec::new()) },
        PolicyParts { ranges: Some([1; 32]), ..parts(Vec::new()) },
        parts(vec![denial.clone()]),
        parts(vec![denial.clone(), denial.clone()]),
        parts(vec![rule("a", Effect::Allow, &["us"])]),
        parts(vec![rule("a", Effect::Deny, &["us", "cn"])]),
        parts(vec![rule("b", Effect::Deny, &["us"])]),
        parts(vec![Rule { classes: vec![DataClass::Public], ..denial.clone() }]),
        parts(vec![Rule { purposes: vec![Purpose::Tools], ..denial }]),
    ];
    let one = declaration("https://a.example", "fr fr fr");
    policies.extend([
        declared(one.clone()),
        declared(declaration("https://b.example", "fr fr fr")),
        declared(declaration("https://a.example", "fr fr de")),
        declared(declaration("https://a.example", "fr de fr")),
        declared(declaration("https://a.example", "de fr fr")),
        declared(declaration("https://a.example", "undeclared")),
        declared(Declaration { internal: true, ..one.clone() }),
        declared(Declaration { class: DataClass::Content, ..one.clone() }),
        declared(Declaration { purpose: Purpose::Tools, ..one }),
    ]);
    let count = policies.len();
    let mut digests: Vec<_> =
        policies.into_iter().map(|parts| Policy::new(parts).digest().to_string()).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

/// Fails whenever digests of earlier versions would no longer be found again: then `VERSION` has to
/// be another one.
#[test]
fn the_canonical_form_is_the_same_everywhere() {
    let policy = policy(vec![rule("not there", Effect::Deny, &["hu", "us"])]);
    let lines: Vec<_> = policy.canonical().lines().collect();
    assert_eq!(lines[0], "galerne residency policy 1");
    assert_eq!(lines[1], "region EU");
    assert!(lines[2].starts_with("hyperscalers sha256:"), "{}", lines[2]);
    assert_eq!(lines[3], "ranges none");
    assert_eq!(lines[4], "rule \"not there\" deny classes=any purposes=any zones=HU,US");
    assert_eq!(lines.len(), 5);
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let countries: Vec<_> = Country::all().map(Zone::Country).collect();
    prop_oneof![
        6 => proptest::sample::select(countries),
        // Often enough to meet decisions that allow.
        6 => proptest::sample::select(vec![zone("fr"), zone("de"), zone("us"), zone("no")]),
        1 => Just(Zone::Eu),
        1 => Just(Zone::Eea),
    ]
}

fn any_record() -> impl Strategy<Value = Option<Record>> {
    let places = (any_zone(), any_zone(), any_zone());
    proptest::option::weighted(
        0.9,
        places.prop_map(|(site, jurisdiction, parent)| Record {
            operator: "Operator".parse().expect("a name"),
            site,
            jurisdiction,
            parent,
        }),
    )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let classes = proptest::collection::vec(proptest::sample::select(&DataClass::ALL[..]), 0..3);
    let purposes = proptest::collection::vec(proptest::sample::select(&Purpose::ALL[..]), 0..3);
    let zones = proptest::collection::vec(any_zone(), 0..3);
    (effect, classes, purposes, zones).prop_map(|(effect, classes, purposes, zones)| Rule {
        name: "rule".parse().expect("a name"),
        effect,
        classes,
        purposes,
        zones,
    })
}

fn any_host() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "api.example",
        "api.example",
        "x.amazonaws.com",
        "a.aliyuncs.com",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing that belongs to the union reaches a place, an operator or a parent beyond it, unless
    /// it is public; and no public data reaches a hyperscaler.
    #[test]
    fn data_of_the_union_stays_in_it(
        record in any_record(),
        rules in proptest::collection::vec(any_rule(), 0..5),
        class in proptest::sample::select(&DataClass::ALL[..]),
        purpose in proptest::sample::select(&Purpose::ALL[..]),
        host in any_host(),
    ) {
        let known = hyperscalers::of_host(host);
        let question =
            Question { data_zone: Zone::Eu, class, purpose, record: record.as_ref(), known };
        if policy(rules).decide(&question).is_allowed() {
            prop_assert!(known.is_none());
            if class != DataClass::Public {
                let record = record.expect("a record");
                for place in [record.site, record.jurisdiction, record.parent] {
                    prop_assert!(Zone::Eu.covers(place));
                }
            }
        }
    }

    /// Adding permissions changes no denial by a rule, in whatever order they stand.
    #[test]
    fn a_denial_beats_every_permission(
        record in any_record(),
        rules in proptest::collection::vec(any_rule(), 0..5),
        class in proptest::sample::select(&DataClass::ALL[..]),
        purpose in proptest::sample::select(&Purpose::ALL[..]),
        host in any_host(),
    ) {
        let known = hyperscalers::of_host(host);
        let question =
            Question { data_zone: Zone::Eu, class, purpose, record: record.as_ref(), known };
        let denials: Vec<_> =
            rules.iter().filter(|rule| rule.effect == Effect::Deny).cloned().collect();
        let everything = rule("everything", Effect::Allow, &[]);
        let denied = policy(denials.clone()).decide(&question);
        let with_all: Vec<_> = [everything].into_iter().chain(rules.clone()).collect();
        let allowed = policy(with_all).decide(&question).is_allowed();
        if let Decision::Deny(by) = denied && by.reason() != "default" {
            prop_assert!(!allowed, "{by}");
        }
        // The other way: a denial that fits everything leaves nothing.
        let nothing = rules.into_iter().chain([rule("nothing", Effect::Deny, &[])]).collect();
        prop_assert!(!policy(nothing).decide(&question).is_allowed());
    }

    /// What is eligible is allowed, in order and complete; there is no fallback.
    #[test]
    fn only_what_is_allowed_is_eligible(
        records in proptest::collection::vec(any_record(), 0..8),
        rules in proptest::collection::vec(any_rule(), 0..4),
    ) {
        let policy = policy(rules);
        let is_allowed = |record: &&Option<Record>| policy.decide(&content(record.as_ref())).is_allowed();
        let allowed: Vec<_> = records.iter().filter(is_allowed).collect();
        match policy.eligible(&records, asked) {
            Ok(eligible) => prop_assert_eq!(eligible, allowed),
            Err(error) => {
                prop_assert!(allowed.is_empty());
                prop_assert_eq!(error.denied.len(), records.len());
            }
        }
    }

    #[test]
    fn a_policy_made_twice_has_one_digest(rules in proptest::collection::vec(any_rule(), 0..5)) {
        prop_assert_eq!(policy(rules.clone()).digest(), policy(rules).digest());
    }
}
