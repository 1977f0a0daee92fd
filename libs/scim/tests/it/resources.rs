use scim::{Group, Kind, Members, ScimType, Selection, TEXT_CHARACTERS_MAX, User};
use serde_json::{Value, json};

fn object(value: Value) -> Members {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

#[test]
fn users_are_read_without_what_is_not_kept() {
    let user = User::read(&object(json!({
        "schemas": [Kind::User.schema()],
        "UserName": "anne", "displayName": "", "externalId": null, "active": "TRUE",
        "name": {"givenName": "Anne"}, "emails": [{"value": "anne@example.org"}], "password": "x",
    })));
    let expected = User {
        user_name: "anne".into(),
        external_id: None,
        display_name: None,
        active: Some(true),
    };
    assert_eq!(user.unwrap(), expected);
}

#[test]
fn what_is_of_another_type_is_refused() {
    let long = "x".repeat(TEXT_CHARACTERS_MAX + 1);
    for wrong in [
        json!({}),
        json!({"userName": ""}),
        json!({"userName": 1}),
        json!({"userName": ["anne"]}),
        json!({"userName": "anne", "active": "yes"}),
        json!({"userName": "anne", "active": 1}),
        json!({"userName": "anne", "externalId": long}),
    ] {
        assert_eq!(User::read(&object(wrong)).unwrap_err().kind, ScimType::InvalidValue);
    }
    for wrong in [
        json!({"members": []}),
        json!({"displayName": "a", "members": "b"}),
        json!({"displayName": "a", "members": [{}]}),
        json!({"displayName": "a", "members": [{"value": 1}]}),
    ] {
        assert_eq!(Group::read(&object(wrong)).unwrap_err().kind, ScimType::InvalidValue);
    }
}

#[test]
fn members_count_once() {
    let given = json!({"displayName": "a", "members": [{"value": "1"}, {"value": "1"}]});
    assert_eq!(Group::read(&object(given)).unwrap().members, ["1"]);
}

#[test]
fn a_client_sees_what_it_asks_for() {
    let resource = || object(json!({"schemas": [], "id": "1", "userName": "anne", "active": true}));
    let check = |wanted: Option<&str>, unwanted: Option<&str>, expected: &[&str]| {
        let shown = Selection::new(wanted, unwanted).of(resource());
        assert_eq!(shown.keys().collect::<Vec<_>>(), expected, "{wanted:?} {unwanted:?}");
    };
    check(None, None, &["schemas", "id", "userName", "active"]);
    check(Some("USERNAME"), None, &["schemas", "id", "userName"]);
    check(
        Some("urn:ietf:params:scim:schemas:core:2.0:User:active, x"),
        None,
        &["schemas", "id", "active"],
    );
    check(None, Some("id,active,schemas"), &["schemas", "id", "userName"]);
    check(Some(""), Some(""), &["schemas", "id", "userName", "active"]);
    assert!(!Selection::new(None, Some("members")).shows("members"));
    assert!(Selection::default().shows("members"));
}

#[test]
fn schemas_tell_what_may_be_written() {
    let schema = scim::schema("/scim/v2", Kind::User);
    let attributes = schema["attributes"].as_array().unwrap();
    let writable: Vec<_> = attributes
        .iter()
        .filter(|attribute| attribute["mutability"] == "readWrite")
        .map(|attribute| attribute["name"].as_str().unwrap())
        .collect();
    assert_eq!(writable, ["userName", "displayName", "active"]);
}
