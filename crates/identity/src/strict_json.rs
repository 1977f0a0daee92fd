//! JSON in which no object has two members of one name: what one reader takes for the first, the
//! next takes for the last, and a signature covers both.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// An object at the top.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Strict(Value::Object(members))) => Some(members),
        Ok(Strict(_)) | Err(_) => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without members of one name")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if read.insert(name, value).is_some() {
                return Err(A::Error::custom("two members have one name"));
            }
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(object(text.as_bytes()).is_some(), expected, "{text}");
    }

    #[test]
    fn members_have_names_of_their_own() {
        check(r#"{"a":1,"b":[{"a":null},{"a":-2.5e3}],"c":{"a":"é"}}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":1,"\u0061":1}"#, false);
        check(r#"{"b":[{"a":1,"a":2}]}"#, false);
        check(r#"{"b":{"a":1,"c":{},"a":2}}"#, false);
    }

    #[test]
    fn other_texts_are_no_objects() {
        for text in ["", "[]", "1", "{", r#"{"a":1} x"#, r#"{"a":1}{}"#, "{\"a\":\"\u{1}\"}"] {
            check(text, false);
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_none());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(4_000), "]".repeat(4_000));
        check(&deep, false);
    }

    #[test]
    fn values_are_read_as_the_usual_reader_reads_them() {
        let text = r#"{"a":1,"b":[true,null,18446744073709551615,-1,0.5],"c":{"d":"e"}}"#;
        let usual: Value = serde_json::from_str(text).unwrap();
        assert_eq!(object(text.as_bytes()).map(Value::Object), Some(usual));
    }
}
