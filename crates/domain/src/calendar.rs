//! Days and months of the Gregorian calendar, in UTC.

use std::{fmt, str::FromStr};

use crate::{Timestamp, clock::civil_from_days};

const SECONDS_PER_DAY: i64 = 86_400;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// A month, counted from January of the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i64);

/// Why a text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as 2026-11-30")]
pub struct DayError;

impl Day {
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_seconds().div_euclid(SECONDS_PER_DAY))
    }

    /// Its first moment.
    pub const fn begins(self) -> Timestamp {
        Timestamp::from_micros(0).plus_seconds(self.0.saturating_mul(SECONDS_PER_DAY))
    }

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// `2026-11-30`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let numbers: Vec<i64> = text
            .split('-')
            .map(|part| part.parse().map_err(|_| DayError))
            .collect::<Result<_, _>>()?;
        let [year, month, day] = numbers[..] else { return Err(DayError) };
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
            return Err(DayError);
        }
        let found = Self(days_from_civil(year, month, day.clamp(1, 31)));
        // The days that a month lacks come out as others, and so does what is written otherwise.
        if found.to_string() == text { Ok(found) } else { Err(DayError) }
    }
}

impl Month {
    pub const fn of(time: Timestamp) -> Self {
        let (year, month, _) = civil_from_days(time.as_seconds().div_euclid(SECONDS_PER_DAY));
        Self(year * 12 + month - 1)
    }

    /// As a store counts them: twelve times the year, and from 0 to 11 for the month.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its first moment.
    pub const fn begins(self) -> Timestamp {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        Day(days_from_civil(year, month, 1)).begins()
    }

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The other way round than `civil_from_days`.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_they_are_written() {
        for text in ["1970-01-01", "2000-02-29", "2026-11-30", "2100-03-01", "0001-01-01"] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!(Day::of(day.begins()), day);
            assert_eq!(Day::of(day.next().begins().plus_seconds(-1)), day);
        }
        for text in ["", "2026", "2026-1-1", "2026-02-29", "2026-13-01", "2026-11-31", "2026-11-0x"]
        {
            assert_eq!(text.parse::<Day>(), Err(DayError), "{text}");
        }
    }

    #[test]
    fn months_begin_where_the_last_one_ends() {
        let mut month = Month::of(Timestamp::from_micros(0));
        for _ in 0..2400 {
            let next = month.next();
            assert_eq!(Month::of(month.begins()), month);
            assert_eq!(Month::of(next.begins().plus_seconds(-1)), month);
            month = next;
        }
        assert_eq!(month.begins().to_string(), "2170-01-01T00:00:00Z");
        for micros in [i64::MIN, -1, 0, i64::MAX] {
            let month = Month::of(Timestamp::from_micros(micros));
            assert!(month <= Month::of(month.next().begins()));
        }
    }
}
