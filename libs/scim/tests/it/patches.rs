use scim::{Group, Kind, Members, OPERATIONS_MAX, Patch, ScimError, ScimType, User};
use serde_json::{Value, json};

fn object(value: Value) -> Members {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

fn user() -> Members {
    object(json!({"userName": "anne", "active": true, "displayName": "Anne", "externalId": "1"}))
}

fn group() -> Members {
    object(json!({"displayName": "staff", "members": [{"value": "a"}, {"value": "b"}]}))
}

fn patched(kind: Kind, resource: &Members, operations: &Value) -> Result<Members, ScimError> {
    Patch::read(&object(json!({"Operations": operations})))?.apply(kind, resource)
}

#[expect(clippy::needless_pass_by_value, reason = "made where it is said")]
fn check_user(operations: Value, expected: Value) {
    let told = operations.to_string();
    let changed = patched(Kind::User, &user(), &operations).unwrap();
    let expected = User::read(&object(expected)).unwrap();
    assert_eq!(User::read(&changed).unwrap(), expected, "{told}");
}

#[expect(clippy::needless_pass_by_value, reason = "made where it is said")]
fn check_members(operations: Value, expected: &[&str]) {
    let told = operations.to_string();
    let changed = patched(Kind::Group, &group(), &operations).unwrap();
    assert_eq!(Group::read(&changed).unwrap().members, expected, "{told}");
}

#[test]
fn attributes_are_set_and_taken_away() {
    let off =
        json!({"userName": "anne", "active": false, "displayName": "Anne", "externalId": "1"});
    for operations in [
        json!([{"op": "replace", "path": "active", "value": false}]),
        json!([{"op": "Replace", "path": "ACTIVE", "value": "False"}]),
        json!([{"op": "add", "value": {"active": false}}]),
        json!([{"op": "replace", "value": {"active": false, "title": "x", "id": "2"}}]),
        json!([{"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active",
            "value": false}]),
        json!([{"op": "replace", "path": "name.givenName", "value": "x"},
            {"op": "replace", "path": "active", "value": false},
            {"op": "add", "path": "emails[type eq \"work\"].value", "value": "x"}]),
    ] {
        check_user(operations, off.clone());
    }
    check_user(
        json!([{"op": "remove", "path": "displayName"}, {"op": "replace", "path": "externalId",
            "value": null}]),
        json!({"userName": "anne", "active": true}),
    );
}

#[test]
fn members_come_and_go() {
    check_members(
        json!([{"op": "add", "path": "members", "value": [{"value": "c"}]}]),
        &["a", "b", "c"],
    );
    check_members(json!([{"op": "add", "path": "members", "value": {"value": "b"}}]), &["a", "b"]);
    check_members(
        json!([{"op": "add", "value": {"members": [{"value": "c"}, {"value": "c"}]}}]),
        &["a", "b", "c"],
    );
    check_members(json!([{"op": "remove", "path": "members[value eq \"a\"]"}]), &["b"]);
    check_members(json!([{"op": "remove", "path": "members[value eq \"z\"]"}]), &["a", "b"]);
    check_members(json!([{"op": "remove", "path": "members", "value": [{"value": "b"}]}]), &["a"]);
    check_members(json!([{"op": "remove", "path": "members"}]), &[]);
    check_members(json!([{"op": "replace", "path": "members", "value": [{"value": "z"}]}]), &["z"]);
    check_members(json!([{"op": "replace", "path": "members", "value": []}]), &[]);
}

#[expect(clippy::needless_pass_by_value, reason = "made where it is said")]
fn check_refused(kind: Kind, operations: Value, expected: ScimType) {
    let told: String = operations.to_string().chars().take(200).collect();
    let resource = if kind == Kind::User { user() } else { group() };
    let error = patched(kind, &resource, &operations).unwrap_err();
    assert_eq!(error.kind, expected, "{told}: {error}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    use ScimType as Type;
    let replace =
        |path: &str, value: Value| json!([{"op": "replace", "path": path, "value": value}]);
    check_refused(Kind::User, replace("id", json!("2")), Type::Mutability);
    check_refused(Kind::User, replace("meta.created", json!("2")), Type::Mutability);
    check_refused(Kind::User, replace("groups", json!([])), Type::Mutability);
    check_refused(Kind::User, json!([{"op": "remove", "path": "userName"}]), Type::Mutability);
    check_refused(Kind::User, json!([{"op": "remove"}]), Type::NoTarget);
    check_refused(Kind::User, json!([{"op": "add", "path": "active"}]), Type::InvalidValue);
    check_refused(Kind::User, json!([{"op": "add", "value": 3}]), Type::InvalidValue);
    check_refused(Kind::User, json!([{"op": "move", "path": "a"}]), Type::InvalidSyntax);
    check_refused(Kind::User, json!([3]), Type::InvalidSyntax);
    check_refused(Kind::User, json!({"op": "add"}), Type::InvalidSyntax);
    check_refused(Kind::User, replace("a b", json!(1)), Type::InvalidPath);
    check_refused(Kind::User, replace("active.x", json!(true)), Type::InvalidPath);
    check_refused(Kind::User, replace("emails[type", json!(1)), Type::InvalidPath);
    check_refused(Kind::User, replace("emails[x is 1]", json!(1)), Type::InvalidFilter);
    check_refused(Kind::Group, replace("members[value eq \"z\"]", json!({})), Type::NoTarget);
    check_refused(
        Kind::Group,
        replace("members[value eq \"a\"].value", json!("c")),
        Type::Mutability,
    );
    check_refused(Kind::Group, replace("members", json!("a")), Type::InvalidValue);
    let many: Vec<_> =
        (0..=OPERATIONS_MAX).map(|_| json!({"op": "remove", "path": "members"})).collect();
    check_refused(Kind::Group, json!(many), Type::TooMany);
    let crowd: Vec<_> =
        (0..=scim::MEMBERS_MAX).map(|id| json!({"value": id.to_string()})).collect();
    check_refused(Kind::Group, replace("members", json!(crowd)), Type::InvalidValue);
}

/// All or none: what came before a wrong operation is not kept.
#[test]
fn the_resource_stays_as_it_was() {
    let before = user();
    let operations = json!([{"op": "replace", "path": "active", "value": false},
        {"op": "replace", "path": "id", "value": "2"}]);
    patched(Kind::User, &before, &operations).unwrap_err();
    assert_eq!(before, user());
}
