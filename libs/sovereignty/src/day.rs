//! Days, for what ends.

use std::{fmt, str::FromStr};

/// A day of the Gregorian calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// The text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no day: write it as 2026-11-22")]
pub struct DayError {
    text: String,
}

impl Day {
    /// The day of so many seconds since 1970.
    pub fn of_unix_seconds(seconds: i64) -> Self {
        Self::of_number(seconds.div_euclid(86_400))
    }

    /// Days from this one to a later one; negative where the other is earlier.
    pub fn days_until(self, other: Self) -> i64 {
        other.number() - self.number()
    }

    /// Days since 1970-01-01.
    ///
    /// # Source
    /// Howard Hinnant, `chrono`-compatible low-level date algorithms, `days_from_civil`.
    fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.of_month));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        year.div_euclid(400) * 146_097 + day_of_era - 719_468
    }

    /// The inverse, `civil_from_days`; the year 9999 where it is later.
    fn of_number(number: i64) -> Self {
        let shifted = number + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let part = (5 * of_year + 2) / 153;
        let day = u8::try_from(of_year - (153 * part + 2) / 5 + 1).unwrap_or(1);
        let month = u8::try_from(if part < 10 { part + 3 } else { part - 9 }).unwrap_or(1);
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year: u16::try_from(year).unwrap_or(9999), month, of_month: day }
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError { text: text.to_owned() };
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
        let read = |part: &str, digits: usize| -> Option<u16> {
            let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { part.parse().ok() } else { None }
        };
        let narrow = |part: &str| read(part, 2).and_then(|number| u8::try_from(number).ok());
        let (year, month, day) = (read(year, 4), narrow(month), narrow(day));
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return Err(wrong());
        };
        let written = Self { year, month, of_month: day };
        let is_one = (1..=12).contains(&month) && Self::of_number(written.number()) == written;
        if is_one { Ok(written) } else { Err(wrong()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.of_month)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_read_and_counted() {
        for (text, seconds) in
            [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2026-11-22", 1_795_305_600)]
        {
            let day: Day = text.parse().unwrap();
            assert_eq!(day, Day::of_unix_seconds(seconds), "{text}");
            assert_eq!(day, Day::of_unix_seconds(seconds + 86_399), "{text}");
            assert_eq!(day.to_string(), text);
        }
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(day("2026-01-01").days_until(day("2027-01-01")), 365);
        assert_eq!(day("2027-01-01").days_until(day("2026-01-01")), -365);
    }

    #[test]
    fn nonsense_is_no_day() {
        for text in [
            "",
            "2026-1-1",
            "2026-02-30",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "26-01-01",
            "+026-01-01",
            "2026-01-01T00:00:00Z",
            "2025-02-29",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_read_as_it_is_written(number in 0_i64..2_900_000) {
            let day = Day::of_number(number);
            prop_assert_eq!(day.number(), number);
            prop_assert_eq!(day.to_string().parse::<Day>(), Ok(day));
        }
    }
}
