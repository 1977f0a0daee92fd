use proptest::prelude::*;
use scim::{Filter, Group, Kind, Members, Patch, User};
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\é]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop_oneof![
            Just("value".to_owned()),
            Just("members".to_owned()),
            Just("active".to_owned()),
            Just("op".to_owned()),
            Just("path".to_owned()),
            "[a-zA-Z$.\\[]{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn object(value: Value) -> Members {
    match value {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z (\\[\\])\"\\\\.:$é0-9]{0,60}", resource in value()) {
        if let Ok(filter) = Filter::parse(&text) {
            filter.fits(&object(resource));
        }
    }

    #[test]
    fn words_of_the_grammar_do_not_either(words in prop::collection::vec(prop_oneof![
        Just("userName"), Just("eq"), Just("\"x\""), Just("and"), Just("or"), Just("not"),
        Just("("), Just(")"), Just("["), Just("]"), Just("pr"), Just("true"), Just("a.b"),
    ], 0..24)) {
        if let Ok(filter) = Filter::parse(&words.join(" ")) {
            filter.fits(&object(json!({"userName": "x"})));
        }
    }

    #[test]
    fn every_text_is_found_by_its_own_filter(text in "\\PC{1,20}") {
        let filter = format!("displayName eq {}", json!(text));
        let resource = object(json!({"displayName": text}));
        prop_assert!(Filter::parse(&filter).unwrap().fits(&resource));
        let negated = format!("not ({filter})");
        prop_assert!(!Filter::parse(&negated).unwrap().fits(&resource));
    }

    #[test]
    fn no_patch_breaks_a_resource(operations in prop::collection::vec(value(), 0..6)) {
        for kind in Kind::ALL {
            let before = match kind {
                Kind::User => object(json!({"userName": "anne", "active": true})),
                Kind::Group => object(json!({"displayName": "a", "members": [{"value": "1"}]})),
            };
            let Ok(patch) = Patch::read(&object(json!({"Operations": operations}))) else { continue };
            // What was patched is read or refused, and never more than that.
            match patch.apply(kind, &before) {
                Ok(after) if kind == Kind::User => drop(User::read(&after)),
                Ok(after) => drop(Group::read(&after)),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn users_are_read_as_they_are_written(
        user_name in "[a-z]{1,8}", display in prop::option::of("[ -~]{1,9}"),
        active in any::<Option<bool>>(),
    ) {
        let user = User { user_name, external_id: None, display_name: display, active };
        prop_assert_eq!(User::read(&user.write()).unwrap(), user);
    }
}
