//! What is found in rules.

use policy::{
    Finding, Lattice, ModelKind, RuleSet,
    Verdict::{BuiltIn, Denied, Depends, Permitted},
    analyse,
};

use crate::world::{PERMIT_ALL, place};

fn lattice() -> Lattice {
    let model = |id: &str, embeds| ModelKind {
        id: id.parse().unwrap(),
        digest: "00".to_owned(),
        architecture: "llama".to_owned(),
        is_adapter: false,
        embeds,
    };
    Lattice { models: vec![model("chat", false), model("vectors", true)], destinations: Vec::new() }
}

fn check(text: &str, expected: &[&str]) {
    let rules = RuleSet::parse(text).unwrap();
    let analysis = analyse(&rules, &lattice(), &place());
    let found: Vec<_> = analysis.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{text}: {found}");
    }
}

#[test]
fn rules_that_change_nothing_are_found() {
    check(PERMIT_ALL, &[]);
    check(
        &format!(
            "{PERMIT_ALL}@id(\"two\")\npermit (principal in Role::\"owner\", action == Action::\"log\", resource);"
        ),
        &["the rule `two` is shadowed"],
    );
    check(
        &format!(
            "{PERMIT_ALL}@id(\"no\")\nforbid (principal, action == Action::\"infer\", resource);\n\
             @id(\"more\")\nforbid (principal, action == Action::\"infer\", resource == Model::\"chat\");"
        ),
        // Neither decides alone: without one the other still forbids.
        &["line 3: the rule `no` is shadowed", "line 5: the rule `more` is shadowed"],
    );
    check(
        &format!(
            "{PERMIT_ALL}@id(\"gone\")\nforbid (principal, action, resource == Model::\"gone\");"
        ),
        &["the rule `gone` never applies"],
    );
    check(
        &format!(
            "{PERMIT_ALL}@id(\"late\")\nforbid (principal, action, resource) when {{ context.hour > 24 }};"
        ),
        &["the rule `late` never applies"],
    );
    check(
        &format!(
            "{PERMIT_ALL}@id(\"over\")\nforbid (principal, action == Action::\"infer\", resource)\n\
             when {{ 9223372036854775807 + context.hour > 0 }};"
        ),
        &["the rule `over` fails"],
    );
    check(
        "@id(\"no\")\nforbid (principal, action, resource);",
        &["the rule `no` is shadowed", "nothing is permitted"],
    );
}

#[test]
fn the_table_tells_what_roles_may_do() {
    let text = format!(
        "{PERMIT_ALL}@id(\"night\")\n\
         forbid (principal in Role::\"member\", action == Action::\"infer\", resource) when {{ context.hour < 6 }};\n\
         @id(\"no-vectors\")\nforbid (principal, action == Action::\"embed\", resource);\n"
    );
    let rules = RuleSet::parse(&text).unwrap();
    let analysis = analyse(&rules, &lattice(), &place());
    assert_eq!(analysis.findings, Vec::<Finding>::new());
    let row = |action: &str| {
        let row = analysis.table.iter().find(|row| row.action == action).unwrap();
        row.verdicts.clone()
    };
    // Owner, admin, auditor, data officer, developer, member.
    assert_eq!(row("infer"), [Permitted, Permitted, BuiltIn, Permitted, Permitted, Depends]);
    assert_eq!(row("embed"), [Denied, Denied, BuiltIn, Denied, Denied, Denied]);
    assert_eq!(row("log"), [Permitted, BuiltIn, Permitted, Permitted, BuiltIn, BuiltIn]);
}
