//! The schema that rules are checked against: every word that a rule can use.

use std::sync::LazyLock;

use cedar_policy::{Schema, SchemaFragment};
use domain::{AccountKind, Permission, Role};
use residency::{DataClass, Purpose};

use crate::circumstances::{ADMINISTRATION, MEANS, WEEKDAYS};

/// Actions that are about a model.
pub(crate) const INFER: &str = "infer";
pub(crate) const EMBED: &str = "embed";
/// The action of the installation itself.
pub(crate) const SEND: &str = "send";

/// Where every permission is used.
pub(crate) const HERE: &str = "here";

static TEXT: LazyLock<String> = LazyLock::new(text);

/// The schema, in Cedar's own format.
pub fn schema() -> &'static str {
    &TEXT
}

/// Every action: the permissions, then those about models and destinations.
pub fn action_names() -> Vec<&'static str> {
    let permissions = Permission::ALL.map(Permission::as_str);
    permissions.into_iter().chain([INFER, EMBED, SEND]).collect()
}

#[expect(clippy::expect_used, reason = "a test reads it; nothing of it comes from outside")]
pub(crate) static PARSED: LazyLock<Schema> = LazyLock::new(|| {
    let (fragment, _) = SchemaFragment::from_cedarschema_str(schema()).expect("the schema is one");
    Schema::from_schema_fragments([fragment]).expect("the schema is whole")
});

fn text() -> String {
    let permissions = words(&Permission::ALL.map(Permission::as_str));
    let purposes = Purpose::ALL.map(Purpose::as_str);
    let purposes: Vec<_> = purposes.into_iter().chain([ADMINISTRATION]).collect();
    format!(
        r#"// Who acts.
entity Account in [Role] {{ kind: Kind, name: String }};
entity Installation;
entity Role enum [{roles}];
entity Kind enum [{kinds}];

// What it is done to.
entity Model {{ adapter: Bool, architecture: String, digest: String }};
entity Destination;

// Under which circumstances.
entity DataClass enum [{classes}];
entity Purpose enum [{purposes}];
entity Weekday enum [{weekdays}];
entity Means enum [{means}];
type Circumstances = {{
  data_class: DataClass,
  data_zone: String,
  destination_zone: String,
  operator_jurisdiction: String,
  parent_jurisdiction: String,
  purpose: Purpose,
  hour: Long,
  weekday: Weekday,
  by: Means,
}};

action {permissions} appliesTo {{
  principal: [Account], resource: [Installation], context: Circumstances,
}};
action "{INFER}", "{EMBED}" appliesTo {{
  principal: [Account], resource: [Model], context: Circumstances,
}};
action "{SEND}" appliesTo {{
  principal: [Installation], resource: [Destination], context: Circumstances,
}};
"#,
        roles = words(&Role::ALL.map(Role::as_str)),
        kinds = words(&AccountKind::ALL.map(AccountKind::as_str)),
        classes = words(&DataClass::ALL.map(DataClass::as_str)),
        purposes = words(&purposes),
        weekdays = words(&WEEKDAYS),
        means = words(&MEANS),
    )
}

fn words(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_one_and_knows_every_action() {
        let known: Vec<_> =
            PARSED.actions().map(|action| action.id().unescaped().to_owned()).collect();
        let mut expected = action_names();
        expected.sort_unstable();
        let mut known: Vec<_> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        assert_eq!(known, expected);
    }
}
