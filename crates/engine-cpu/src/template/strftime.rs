//! Dates for templates that tell the model what day it is, in UTC and in English.

use domain::Timestamp;
use minijinja::{Error, ErrorKind};

const DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats `now` by the codes of C's `strftime` that templates use.
pub(super) fn format(now: Timestamp, format: &str) -> Result<String, Error> {
    // `Timestamp` prints itself as 2026-11-20T23:59:59Z.
    let printed = now.to_string();
    let bad = || Error::new(ErrorKind::InvalidOperation, "the date is out of range");
    let (date, time) = printed.trim_end_matches('Z').split_once('T').ok_or_else(bad)?;
    let parts: Vec<usize> =
        date.splitn(3, '-').chain(time.split(':')).filter_map(|part| part.parse().ok()).collect();
    let [year, month, day, hour, minute, second] = parts[..] else { return Err(bad()) };
    let month_name = MONTHS.get(month.wrapping_sub(1)).ok_or_else(bad)?;
    // 1970-01-01 was a Thursday.
    let days = now.as_seconds().div_euclid(86_400);
    let day_name = DAYS[usize::try_from(days.rem_euclid(7)).unwrap_or(0)];
    let hour_of_12 = if hour % 12 == 0 { 12 } else { hour % 12 };

    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let mut code = characters.next();
        let padded = code != Some('-');
        if !padded {
            code = characters.next();
        }
        let number = |value: usize| {
            if padded { format!("{value:02}") } else { value.to_string() }
        };
        let written = match code {
            Some('Y') => format!("{year:04}"),
            Some('y') => number(year % 100),
            Some('m') => number(month),
            Some('B') => (*month_name).to_owned(),
            Some('b' | 'h') => month_name[..3].to_owned(),
            Some('d') => number(day),
            Some('e') => format!("{day:2}"),
            Some('A') => day_name.to_owned(),
            Some('a') => day_name[..3].to_owned(),
            Some('H') => number(hour),
            Some('I') => number(hour_of_12),
            Some('M') => number(minute),
            Some('S') => number(second),
            Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('F') => date.to_owned(),
            Some('T') => time.to_owned(),
            Some('Z') => "UTC".to_owned(),
            Some('z') => "+0000".to_owned(),
            Some('%') => "%".to_owned(),
            _ => {
                let detail = "an unknown code in the format of strftime_now";
                return Err(Error::new(ErrorKind::InvalidOperation, detail));
            }
        };
        text.push_str(&written);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: i64, codes: &str, expected: &str) {
        let now = Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(format(now, codes).unwrap(), expected);
    }

    #[test]
    fn dates_are_written_as_templates_ask() {
        check(1_795_219_199, "%d %B %Y", "20 November 2026");
        check(1_795_219_199, "%A, %b %d %I:%M:%S %p", "Friday, Nov 20 11:59:59 PM");
        check(951_782_400, "%Y-%m-%d %H:%M 100%%", "2000-02-29 00:00 100%");
        check(0, "%-d/%-m/%y %a %e", "1/1/70 Thu  1");
        check(-1, "%F %T", "1969-12-31 23:59:59");
    }

    #[test]
    fn unknown_codes_are_refused() {
        for codes in ["%Q", "%", "%-"] {
            assert!(format(Timestamp::from_micros(0), codes).is_err(), "{codes}");
        }
    }
}
