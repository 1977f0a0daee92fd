//! What an entry of the log says, as far as a reader needs it.

use serde_json::{Map, Value};

/// The action by which the operator declares the clock of the machine to be right.
pub(crate) const CLOCK_ACCEPT: &str = "clock.accept";

/// An entry that is JSON of the expected form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) action: String,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) at_us: i64,
    /// Whether it was written before there was a rule that the clock goes on.
    pub(crate) is_first_version: bool,
    pub(crate) id: Option<String>,
    pub(crate) outcome: Option<String>,
    /// What the entry commits to, if it does.
    pub(crate) content: Option<String>,
    /// Digest of the policy that was in force; entries before version 3 have none.
    pub(crate) policy: Option<String>,
    /// The model that answered; entries before the third version name none.
    pub(crate) model: Option<String>,
    pub(crate) organisation: Option<String>,
    pub(crate) subject: Option<String>,
}

/// The bytes of an entry are not what Galerne writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    #[error("it is not a JSON object")]
    NoObject,
    #[error("its `action` is not a text")]
    Action,
    #[error("its `at` is not a whole number of microseconds")]
    At,
}

impl Entry {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let mut object: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| EntryError::NoObject)?;
        let mut text = |key: &str| match object.get_mut(key).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        };
        let action = text("action").ok_or(EntryError::Action)?;
        let (id, outcome, content) = (text("id"), text("outcome"), text("content"));
        let (model, organisation, subject) = (text("model"), text("organisation"), text("subject"));
        let policy = text("policy");
        let at_us = object.get("at").and_then(Value::as_i64).ok_or(EntryError::At)?;
        let is_first_version = object.get("v").and_then(Value::as_i64) == Some(1);
        Ok(Self {
            action,
            at_us,
            is_first_version,
            id,
            outcome,
            content,
            policy,
            model,
            organisation,
            subject,
        })
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let id = self.id.as_deref().map_or("none", shortened);
        let outcome = self.outcome.as_deref().map_or("none", shortened);
        let action = shortened(&self.action);
        format!("{action} at {}, id {id}, outcome {outcome}", utc(self.at_us))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::json!({
            "action": self.action,
            "at": self.at_us,
            "id": self.id,
            "outcome": self.outcome,
            "content": self.content,
            "model": self.model,
            "policy": self.policy,
        })
    }
}

/// The beginning of a text that should be short, but is whatever somebody wrote.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

/// RFC 3339, in UTC.
pub(crate) fn utc(at_us: i64) -> String {
    const SECONDS_A_DAY: i64 = 86_400;
    let (seconds, fraction_us) = (at_us.div_euclid(1_000_000), at_us.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction_us:06}Z")
}

/// The Gregorian date of a number of days since 1970-01-01.
///
/// # Source
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`: years begin
/// in March, so that the leap day is the last one.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_utc() {
        let check = |at_us, expected: &str| assert_eq!(utc(at_us), expected);
        // The right sides are of `date --utc --date=@SECONDS --iso-8601=seconds`.
        check(0, "1970-01-01T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(951_782_400_000_000, "2000-02-29T00:00:00.000000Z");
        check(951_868_799_999_999, "2000-02-29T23:59:59.999999Z");
        check(1_709_251_199_000_001, "2024-02-29T23:59:59.000001Z");
        check(4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z");
        check(i64::MAX, "294247-01-10T04:00:54.775807Z");
    }

    fn check(bytes: &[u8], expected: EntryError) {
        assert_eq!(Entry::parse(bytes), Err(expected), "{bytes:?}");
    }

    #[test]
    fn an_entry_is_read() {
        let json =
            br#"{"action":"key.create","at":1000001,"content":null,"id":"i","outcome":"ok"}"#;
        let entry = Entry::parse(json).unwrap();
        assert_eq!((entry.content.as_deref(), entry.policy.as_deref()), (None, None));
        assert!(!entry.is_first_version);
        assert!(Entry::parse(br#"{"action":"a","at":1,"v":1}"#).unwrap().is_first_version);
        let third = br#"{"action":"a","at":1,"policy":"sha256:00","v":3}"#;
        assert_eq!(Entry::parse(third).unwrap().policy.as_deref(), Some("sha256:00"));
        assert_eq!(entry.line(), "key.create at 1970-01-01T00:00:01.000001Z, id i, outcome ok");
    }

    #[test]
    fn other_bytes_are_no_entry() {
        check(b"", EntryError::NoObject);
        check(b"{", EntryError::NoObject);
        check(b"[]", EntryError::NoObject);
        check(b"{}{}", EntryError::NoObject);
        check(b"\xff", EntryError::NoObject);
        check("[".repeat(100_000).as_bytes(), EntryError::NoObject);
        check(b"{}", EntryError::Action);
        check(br#"{"action":1,"at":1}"#, EntryError::Action);
        check(br#"{"action":"a","at":"1"}"#, EntryError::At);
        check(br#"{"action":"a","at":1.5}"#, EntryError::At);
        check(br#"{"action":"a","at":9223372036854775808}"#, EntryError::At);
    }
}
