use scim::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter, Members, ScimType};
use serde_json::{Value, json};

fn anne() -> Members {
    let value = json!({
        "id": "1",
        "userName": "anne@ministere.example",
        "displayName": "Anne Dupont",
        "externalId": "A-1",
        "active": true,
        "groups": [{"value": "7", "display": "Staff"}, {"value": "8", "display": "Devs"}],
        "meta": {"created": "2026-11-01T00:00:00Z"},
        "age": 41,
    });
    let Value::Object(members) = value else { panic!("an object") };
    members
}

fn check(filter: &str, expected: bool) {
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(parsed.fits(&anne()), expected, "{filter}");
}

#[test]
fn comparisons_are_those_of_the_standard() {
    for (filter, expected) in [
        (r#"userName eq "anne@ministere.example""#, true),
        (r#"USERNAME Eq "ANNE@ministere.example""#, true),
        (r#"externalId eq "A-1""#, true),
        (r#"externalId eq "a-1""#, false),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "anne""#, true),
        (r#"urn:example:User:userName sw "anne""#, false),
        (r#"userName ne "bob""#, true),
        (r#"displayName co "dup""#, true),
        (r#"displayName ew "dupont""#, true),
        (r#"displayName sw "dupont""#, false),
        ("displayName pr", true),
        ("title pr", false),
        ("title eq null", true),
        ("active eq true", true),
        ("active eq false", false),
        ("age gt 40", true),
        ("age le 40.5", false),
        ("age eq 41", true),
        (r#"meta.created ge "2026-11-01T00:00:00Z""#, true),
        (r#"meta.created lt "2026-11-01T00:00:00Z""#, false),
        (r#"groups eq "7""#, true),
        (r#"groups.display eq "devs""#, true),
        (r#"groups[value eq "7" and display eq "devs"]"#, false),
        (r#"groups[value eq "8" and display eq "devs"]"#, true),
        (r#"title eq "x""#, false),
        (r#"displayName eq "quote \" and \\ and )""#, false),
    ] {
        check(filter, expected);
    }
}

#[test]
fn and_binds_stronger_than_or_and_not_strongest() {
    for (filter, expected) in [
        ("active eq true or active eq false and title pr", true),
        ("(active eq true or active eq false) and title pr", false),
        ("not (title pr)", true),
        ("not(title pr) AND active eq true", true),
        ("not (active eq true) or not (title pr)", true),
        ("active eq true and (title pr or (displayName pr))", true),
    ] {
        check(filter, expected);
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let deep = format!("{}title pr{}", "(".repeat(100), ")".repeat(100));
    let brackets = format!("{}title pr{}", "a[".repeat(100), "]".repeat(100));
    let long = format!("userName eq \"{}\"", "x".repeat(1 << 20));
    for wrong in [
        "",
        " ",
        "userName",
        "userName eq",
        "eq \"x\"",
        "userName is \"x\"",
        "userName eq x",
        "userName eq \"x",
        "userName eq \"x\" and",
        "(userName pr",
        "userName pr)",
        "and",
        "userName pr or",
        "not userName pr",
        "a[b pr",
        "a[]",
        "()",
        "active co true",
        "active gt true",
        "userName sw null",
        "a..b pr",
        "1a pr",
        "userName eq \"\\q\"",
        "userName pr userName pr",
        "a[b pr].c eq 1",
        &deep,
        &brackets,
        &long,
    ] {
        let error = Filter::parse(wrong).unwrap_err();
        assert_eq!(error.kind, ScimType::InvalidFilter);
        assert!(error.to_string().len() < 300, "{error}");
    }
}

#[test]
fn bounds_are_where_they_are_said_to_be() {
    let nested = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(FILTER_DEPTH_MAX)).is_ok());
    assert!(Filter::parse(&nested(FILTER_DEPTH_MAX + 1)).is_err());
    let begin = "title eq \"";
    let padded = |bytes: usize| format!("{begin}{}\"", "x".repeat(bytes - begin.len() - 1));
    assert!(Filter::parse(&padded(FILTER_BYTES_MAX)).is_ok());
    assert!(Filter::parse(&padded(FILTER_BYTES_MAX + 1)).is_err());
}

#[test]
fn a_plain_look_up_is_told() {
    let told = |text: &str| Filter::parse(text).unwrap().equals("userName").map(str::to_owned);
    assert_eq!(told(r#"username eq "anne""#), Some("anne".to_owned()));
    assert_eq!(told(r#"userName ne "anne""#), None);
    assert_eq!(told(r#"userName eq "anne" and active eq true"#), None);
}
