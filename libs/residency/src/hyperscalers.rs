//! Large providers of clouds and delivery networks, told by the names under which they are reached.

use std::{collections::HashMap, sync::LazyLock};

use sha2::{Digest as _, Sha256};

use crate::Zone;

/// The list as it is shipped, with its date and sources.
pub const LIST: &str = include_str!("../data/hyperscalers.txt");

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// One word, as in files of address ranges.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Whose law binds it.
    pub jurisdiction: Zone,
    /// Whose law binds its parent.
    pub parent: Zone,
}

/// What the list holds.
struct Table {
    date: &'static str,
    operators: Vec<Operator>,
    /// Places in `operators`.
    suffixes: HashMap<&'static str, usize>,
}

/// Read once: asking must cost less than the request that it is about.
static TABLE: LazyLock<Table> = LazyLock::new(|| read(LIST));

/// To whom a host belongs by its name, if to one of them. Names are compared label by label,
/// whatever their case, and with or without the dot at their end.
pub fn of_host(host: &str) -> Option<&'static Operator> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let mut rest = host.as_str();
    loop {
        if let Some(&place) = TABLE.suffixes.get(rest) {
            return TABLE.operators.get(place);
        }
        rest = rest.split_once('.')?.1;
    }
}

/// The provider of an id.
pub fn of_id(id: &str) -> Option<&'static Operator> {
    TABLE.operators.iter().find(|operator| operator.id == id)
}

/// When the list was made, as `2026-11-22`.
pub fn date() -> &'static str {
    TABLE.date
}

/// SHA-256 of the list.
pub fn digest() -> [u8; 32] {
    Sha256::digest(LIST).into()
}

/// Lines that it does not understand are left out; a test shows that there are none.
fn read(list: &'static str) -> Table {
    let mut table = Table { date: "unknown", operators: Vec::new(), suffixes: HashMap::new() };
    for line in list.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "#" => {
                if let Some(date) = rest.strip_prefix("date ") {
                    table.date = date;
                }
            }
            "operator" => table.operators.extend(operator(rest)),
            "suffix" => {
                if let Some(place) = table.operators.len().checked_sub(1) {
                    table.suffixes.insert(rest, place);
                }
            }
            _ => {}
        }
    }
    table
}

fn operator(text: &'static str) -> Option<Operator> {
    let mut words = text.splitn(4, ' ');
    let id = words.next()?;
    let jurisdiction = words.next()?.parse().ok()?;
    let parent = words.next()?.parse().ok()?;
    Some(Operator { id, name: words.next()?, jurisdiction, parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_understood() {
        let starting = |word: &str| LIST.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!(TABLE.operators.len(), starting("operator "));
        // As many as there are lines: none stands there twice.
        assert_eq!(TABLE.suffixes.len(), starting("suffix "));
        let others = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(others.count(), TABLE.operators.len() + TABLE.suffixes.len());
        for suffix in TABLE.suffixes.keys() {
            let is_plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            assert!(suffix.chars().all(is_plain), "{suffix}");
        }
        assert_eq!(date().len(), "2026-11-22".len());
    }

    #[test]
    fn a_name_belongs_to_whoever_runs_what_is_above_it() {
        for (host, expected) in [
            ("s3.eu-west-3.amazonaws.com", Some("amazon")),
            ("bedrock-runtime.eu-central-1.amazonaws.com.", Some("amazon")),
            ("amazonaws.com", Some("amazon")),
            ("D123.CloudFront.NET", Some("amazon")),
            ("my.openai.azure.com", Some("microsoft")),
            ("europe-west9-aiplatform.googleapis.com", Some("google")),
            ("inference.generativeai.eu-frankfurt-1.oci.oraclecloud.com", Some("oracle")),
            ("dashscope.aliyuncs.com", Some("alibaba")),
            ("notamazonaws.com", None),
            ("amazonaws.com.example", None),
            ("amazonaws.example", None),
            ("witness.example", None),
            ("com", None),
            ("", None),
            (".", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(of_host(host).map(|operator| operator.id), expected, "{host}");
        }
    }
}
