//! When, by what and under whose law something is done.

use domain::{Principal, Timestamp};

/// What data is processed for that is neither answered nor sent: accounts, keys, the log.
pub(crate) const ADMINISTRATION: &str = "administration";

/// What stands for a country that nobody has declared.
pub(crate) const UNDECLARED: &str = "undeclared";

/// 1970-01-01 was a Thursday.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// By what somebody acts: a key, a signed-in browser, a shell on the machine; or nobody does.
pub(crate) const MEANS: [&str; 4] = ["key", "session", "operator", "installation"];

/// What the settings say of the place where this installation works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where the data belongs: the region of the residency policy.
    pub data_zone: String,
    /// The country in which the machine stands, if it is declared; so the others.
    pub site: Option<String>,
    pub operator_jurisdiction: Option<String>,
    pub parent_jurisdiction: Option<String>,
}

/// When something is done, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    pub(crate) hour: u8,
    pub(crate) weekday: &'static str,
}

impl Circumstances {
    /// Of this moment.
    pub fn at(now: Timestamp) -> Self {
        let seconds = now.as_seconds();
        let hour = seconds.div_euclid(3600).rem_euclid(24);
        let weekday = (seconds.div_euclid(86_400) + 3).rem_euclid(7);
        Self {
            hour: u8::try_from(hour).unwrap_or(0),
            weekday: WEEKDAYS[usize::try_from(weekday).unwrap_or(0)],
        }
    }

    pub(crate) fn every() -> impl Iterator<Item = Self> {
        WEEKDAYS.into_iter().flat_map(|weekday| (0..24).map(move |hour| Self { hour, weekday }))
    }
}

pub(crate) const fn means(principal: Principal) -> &'static str {
    match principal {
        Principal::Key(_) => MEANS[0],
        Principal::Session(_) => MEANS[1],
        Principal::Operator => MEANS[2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_weekdays_are_those_of_utc() {
        // The right sides are of `date --utc --date=@SECONDS '+%A %H'`.
        for (seconds, expected) in [
            (0, ("thursday", 0)),
            (951_827_696, ("tuesday", 12)),
            (1_795_392_000, ("monday", 0)),
            (1_795_391_999, ("sunday", 23)),
            (-1, ("wednesday", 23)),
        ] {
            let found = Circumstances::at(Timestamp::from_micros(seconds * 1_000_000));
            assert_eq!((found.weekday, found.hour), expected, "{seconds}");
        }
    }
}
