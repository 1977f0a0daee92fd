//! A JSON value together with the way to it, and the places where errors are gathered.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{
    FieldError, FieldErrorKind as Kind, PathPart, RequestError, field_error::FIELD_ERRORS_MAX,
};

/// Keys of the caller that are repeated in an error are cut to this many characters.
const KEY_CHARS_MAX: usize = 64;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Findings {
    invalid: Vec<FieldError>,
    unsupported: Vec<FieldError>,
}

impl Findings {
    /// The result, unless something was found. Wrong fields are told before unsupported ones.
    pub(super) fn unless_any<T>(mut self, result: T) -> Result<T, RequestError> {
        if !self.invalid.is_empty() {
            Err(RequestError::Invalid { fields: self.invalid })
        } else if self.unsupported.is_empty() {
            Ok(result)
        } else {
            Err(RequestError::Unsupported { field: self.unsupported.swap_remove(0) })
        }
    }
}

/// The way to a value, without allocating until there is an error to tell.
#[derive(Clone, Copy)]
enum Way<'a> {
    Body,
    Key(&'a Field<'a>, &'a str),
    Index(&'a Field<'a>, usize),
}

/// A value that is to be understood.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    value: &'a Value,
    way: Way<'a>,
}

impl<'a> Field<'a> {
    pub(super) const fn body(value: &'a Value) -> Self {
        Self { value, way: Way::Body }
    }

    /// The member `key`, unless it is absent or `null`.
    pub(super) fn get(&'a self, key: &'a str) -> Option<Field<'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Field { value, way: Way::Key(self, key) })
    }

    /// The member `key`, which must be there.
    pub(super) fn need(&'a self, key: &'a str, findings: &mut Findings) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            let missing = Field { value: &Value::Null, way: Way::Key(self, key) };
            missing.refuse(Kind::Missing, "field required", findings);
        }
        field
    }

    pub(super) const fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn refuse(&self, kind: Kind, message: &str, findings: &mut Findings) {
        let list = match kind {
            Kind::Unsupported => &mut findings.unsupported,
            Kind::Missing
            | Kind::String
            | Kind::Number
            | Kind::Integer
            | Kind::Boolean
            | Kind::List
            | Kind::Object
            | Kind::Enum
            | Kind::OutOfRange
            | Kind::TooLong
            | Kind::TooShort
            | Kind::Value => &mut findings.invalid,
        };
        if list.len() < FIELD_ERRORS_MAX {
            list.push(FieldError { loc: self.loc(), kind, message: message.to_owned() });
        }
    }

    pub(super) fn object(&self, findings: &mut Findings) -> Option<&'a Map<String, Value>> {
        self.or_refuse(self.value.as_object(), Kind::Object, "must be an object", findings)
    }

    pub(super) fn list(&'a self, findings: &mut Findings) -> Option<Vec<Field<'a>>> {
        let list = self.or_refuse(self.value.as_array(), Kind::List, "must be a list", findings)?;
        let at = |(index, value)| Field { value, way: Way::Index(self, index) };
        Some(list.iter().enumerate().map(at).collect())
    }

    pub(super) fn text(&self, findings: &mut Findings) -> Option<&'a str> {
        self.or_refuse(self.value.as_str(), Kind::String, "must be a string", findings)
    }

    pub(super) fn boolean(&self, findings: &mut Findings) -> Option<bool> {
        let found = self.value.as_bool();
        self.or_refuse(found, Kind::Boolean, "must be true or false", findings)
    }

    pub(super) fn number(&self, findings: &mut Findings) -> Option<f64> {
        self.or_refuse(self.value.as_f64(), Kind::Number, "must be a number", findings)
    }

    /// A number in a closed range; `above_zero` excludes a lower end of 0.
    #[expect(clippy::cast_possible_truncation, reason = "the ranges of the API fit an f32")]
    pub(super) fn number_in(
        &self,
        range: RangeInclusive<f64>,
        above_zero: bool,
        findings: &mut Findings,
    ) -> Option<f32> {
        let number = self.number(findings)?;
        // A number so small that it becomes 0 as an f32 counts as 0.
        let zero = above_zero && number as f32 <= 0.0;
        if range.contains(&number) && !zero {
            return Some(number as f32);
        }
        let (start, end) = range.into_inner();
        let message = if above_zero {
            format!("must be above {start} and at most {end}")
        } else {
            format!("must be between {start} and {end}")
        };
        self.refuse(Kind::OutOfRange, &message, findings);
        None
    }

    /// A whole number. `16.0` counts as one, as in pydantic.
    pub(super) fn integer(&self, findings: &mut Findings) -> Option<i128> {
        let whole = match self.value {
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => Some(i128::from(number)),
                (None, Some(number), _) => Some(i128::from(number)),
                (None, None, Some(number)) => whole(number),
                (None, None, None) => None,
            },
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        self.or_refuse(whole, Kind::Integer, "must be a whole number", findings)
    }

    /// A count of at least `min`; one that no machine could reach is cut to the largest `u32`.
    pub(super) fn count(&self, min: u32, findings: &mut Findings) -> Option<u32> {
        let number = self.integer(findings)?;
        if number < i128::from(min) {
            self.refuse(Kind::OutOfRange, &format!("must be at least {min}"), findings);
            return None;
        }
        Some(u32::try_from(number).unwrap_or(u32::MAX))
    }

    fn or_refuse<T>(
        &self,
        found: Option<T>,
        kind: Kind,
        message: &str,
        findings: &mut Findings,
    ) -> Option<T> {
        if found.is_none() {
            self.refuse(kind, message, findings);
        }
        found
    }

    fn loc(&self) -> Vec<PathPart> {
        match self.way {
            Way::Body => vec![PathPart::Key("body".to_owned())],
            Way::Key(parent, key) => {
                let mut loc = parent.loc();
                loc.push(PathPart::Key(key.chars().take(KEY_CHARS_MAX).collect()));
                loc
            }
            Way::Index(parent, index) => {
                let mut loc = parent.loc();
                loc.push(PathPart::Index(index));
                loc
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
fn whole(number: f64) -> Option<i128> {
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(number as i128)
}
