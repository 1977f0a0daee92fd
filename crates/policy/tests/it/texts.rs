//! What is refused before it is in force, and where the error is said to be.

use policy::RuleSet;

use crate::world::PERMIT_ALL;

fn check(text: &str, line: Option<usize>, expected: &str) {
    let error = RuleSet::parse(text).unwrap_err();
    assert_eq!(error.line, line, "{text}: {error}");
    assert!(error.to_string().contains(expected), "{text}: {error}");
    assert!(!error.hint.is_empty(), "{text}");
}

#[test]
fn wrong_rules_are_refused_with_their_line() {
    check("", None, "there is no rule");
    check("// nothing but a comment\n", None, "there is no rule");
    check("\n\npermit (principal, action, resource);", Some(3), "a rule has no id");
    check(
        "@id(\"A b\")\npermit (principal, action, resource);",
        Some(1),
        "the id of a rule is none",
    );
    check("@id(\"a\")\npermit (principal, action, resource)\n", Some(2), "unexpected");
    check(&format!("{PERMIT_ALL}{PERMIT_ALL}"), Some(3), "another rule is called `all`");
    check(
        &format!("{PERMIT_ALL}@id(\"b\")\nforbid (principal == ?principal, action, resource);"),
        None,
        "templates",
    );
    check(&"a".repeat(2 << 20), None, "longer than");
}

#[test]
fn every_word_is_one_of_the_schema() {
    let condition = |text: &str| {
        format!("{PERMIT_ALL}@id(\"b\")\nforbid (principal, action, resource)\nwhen {{ {text} }};")
    };
    for text in [
        "context.purpose == Purpose::\"advertising\"",
        "context.colour == 1",
        "context.hour == \"night\"",
        "principal in Role::\"boss\"",
        "context.weekday == Weekday::\"someday\"",
    ] {
        let error = RuleSet::parse(&condition(text)).unwrap_err();
        assert!(error.line.is_some_and(|line| line >= 3), "{text}: {error:?}");
    }
    for text in [
        "context.purpose == Purpose::\"inference\"",
        "context.hour < 6 || context.weekday == Weekday::\"sunday\"",
        "context.by == Means::\"key\" && context.data_class == DataClass::\"content\"",
        "[\"FR\", \"DE\"].contains(context.destination_zone)",
    ] {
        assert_eq!(RuleSet::parse(&condition(text)).unwrap().len(), 2, "{text}");
    }
    let unknown = "@id(\"a\")\npermit (principal, action == Action::\"steal\", resource);";
    assert!(RuleSet::parse(unknown).is_err());
}

#[test]
fn the_digest_is_of_rules_and_of_what_is_built_in() {
    let digest = |text: &str, residency| RuleSet::parse(text).unwrap().digest(residency);
    let one = digest(PERMIT_ALL, crate::world::RESIDENCY);
    assert_eq!(digest(PERMIT_ALL, crate::world::RESIDENCY), one);
    assert_ne!(digest(&format!("{PERMIT_ALL} "), crate::world::RESIDENCY), one);
    assert_ne!(digest(PERMIT_ALL, governance::PolicyDigest([8; 32])), one);
    let canonical = RuleSet::parse(PERMIT_ALL).unwrap().canonical(crate::world::RESIDENCY);
    assert!(canonical.contains("\nrole auditor: log\n"), "{canonical}");
}
