//! Filters: `userName eq "anne" and active eq true`.
//!
//! # Source
//! RFC 7644, section 3.4.2.2.

mod parser;

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::{AttributePath, Members, ScimError, ScimType};

/// A longer filter is refused unread.
pub const FILTER_BYTES_MAX: usize = 4096;

/// So deep may parentheses, brackets and `not` lie in each other.
pub const FILTER_DEPTH_MAX: usize = 16;

/// Which resources are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Present(AttributePath),
    Compare(AttributePath, Comparison, Literal),
    /// Some element of a list fits.
    Element(AttributePath, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
}

impl Filter {
    /// # Errors
    /// [`ScimType::InvalidFilter`] if it is longer than [`FILTER_BYTES_MAX`], deeper than
    /// [`FILTER_DEPTH_MAX`] or not of the grammar.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        parser::parse(text).map_err(|reason| {
            ScimError::new(ScimType::InvalidFilter, format!("the filter cannot be read: {reason}"))
        })
    }

    /// What is not there fits nothing but `eq null`, `ne` and `not`.
    pub fn fits(&self, resource: &Members) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.fits(resource)),
            Self::Any(any) => any.iter().any(|filter| filter.fits(resource)),
            Self::Not(filter) => !filter.fits(resource),
            Self::Present(path) => path.values(resource).into_iter().any(is_present),
            Self::Compare(path, comparison, literal) => {
                let values = path.values(resource);
                let exact = path.is_case_exact();
                match comparison {
                    Comparison::Equal => is_among(&values, literal, exact),
                    Comparison::NotEqual => !is_among(&values, literal, exact),
                    other => values.iter().any(|value| compares(value, *other, literal, exact)),
                }
            }
            Self::Element(path, filter) => elements(resource, path)
                .iter()
                .any(|element| element.as_object().is_some_and(|element| filter.fits(element))),
        }
    }

    /// The text that `name` must equal, if that is all the filter asks: it can be looked up.
    pub fn equals(&self, name: &str) -> Option<&str> {
        match self {
            Self::Compare(path, Comparison::Equal, Literal::Text(text))
                if path.is(name) && path.sub().is_none() =>
            {
                Some(text)
            }
            _ => None,
        }
    }
}

fn elements<'a>(resource: &'a Members, path: &AttributePath) -> &'a [Value] {
    match crate::attribute::member(resource, path.name()) {
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn is_among(values: &[&Value], literal: &Literal, exact: bool) -> bool {
    match literal {
        Literal::Null => !values.iter().any(|value| is_present(value)),
        Literal::Boolean(wanted) => values.iter().any(|value| value.as_bool() == Some(*wanted)),
        Literal::Number(wanted) => values.iter().any(|value| value.as_f64() == wanted.as_f64()),
        Literal::Text(wanted) => {
            let wanted = folded(wanted, exact);
            values
                .iter()
                .filter_map(|value| value.as_str())
                .any(|text| folded(text, exact) == wanted)
        }
    }
}

/// For comparisons other than those of equality.
fn compares(value: &Value, comparison: Comparison, literal: &Literal, exact: bool) -> bool {
    match (value, literal) {
        (Value::String(text), Literal::Text(wanted)) => {
            let (text, wanted) = (folded(text, exact), folded(wanted, exact));
            match comparison {
                Comparison::Contains => text.contains(&wanted),
                Comparison::StartsWith => text.starts_with(&wanted),
                Comparison::EndsWith => text.ends_with(&wanted),
                other => stands(Some(text.cmp(&wanted)), other),
            }
        }
        (Value::Number(number), Literal::Number(wanted)) => {
            let (number, wanted) = (number.as_f64(), wanted.as_f64());
            stands(number.zip(wanted).and_then(|(one, other)| one.partial_cmp(&other)), comparison)
        }
        _ => false,
    }
}

fn stands(order: Option<Ordering>, comparison: Comparison) -> bool {
    let Some(order) = order else { return false };
    match comparison {
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => false,
    }
}

fn folded(text: &str, exact: bool) -> String {
    if exact { text.to_owned() } else { text.to_lowercase() }
}
