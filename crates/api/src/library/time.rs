//! Days and times as clients write them.

use domain::{Day, Timestamp};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// How they are written, for people.
pub(super) const EXPECTED: &str =
    "must be a day such as `2016-10-01`, or a time in RFC 3339 such as `2016-10-01T12:00:00Z`";

/// A day, which begins in UTC, or a time in RFC 3339.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let day = text.parse::<Day>().ok().map(Day::begins);
    day.or_else(|| instant(text))
}

fn instant(text: &str) -> Option<Timestamp> {
    let (day, rest) = text.split_at_checked(10)?;
    let day = day.parse::<Day>().ok()?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let (micros, rest) = fraction(rest)?;
    let seconds = clock_seconds(clock)? - offset_seconds(rest)?;
    let whole = day.begins().plus_seconds(seconds).as_micros();
    Some(Timestamp::from_micros(whole.saturating_add(micros)))
}

/// `23:59:59`
fn clock_seconds(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts[..] else { return None };
    Some(number(hour, 23)? * 3_600 + number(minute, 59)? * 60 + number(second, 60)?)
}

/// `.25`, in microseconds, and what follows it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(behind) = text.strip_prefix('.') else { return Some((0, text)) };
    let end = behind.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = behind.split_at_checked(end)?;
    let mut micros = 0;
    let mut unit = MICROS_PER_SECOND;
    // What is finer than a microsecond is left out.
    for digit in digits.bytes() {
        unit /= 10;
        micros += i64::from(digit - b'0') * unit;
    }
    (!digits.is_empty()).then_some((micros, rest))
}

/// `Z`, or `+02:00`.
fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let east = text.strip_prefix('+');
    let (sign, clock) = match east {
        Some(clock) => (1, clock),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hour, minute) = clock.split_once(':')?;
    Some(sign * (number(hour, 23)? * 3_600 + number(minute, 59)? * 60))
}

/// Of two digits.
fn number(text: &str, most: i64) -> Option<i64> {
    let is_written = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_written && *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read() {
        for (text, expected) in [
            ("2016-10-01", "2016-10-01T00:00:00Z"),
            ("2016-09-30T23:59:59Z", "2016-09-30T23:59:59Z"),
            ("2016-10-01t00:30:00.5+02:00", "2016-09-30T22:30:00Z"),
            ("2016-10-01 12:00:00-01:30", "2016-10-01T13:30:00Z"),
        ] {
            let read = time(text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        let micros = time("1970-01-01T00:00:00.0000015Z").map(Timestamp::as_micros);
        assert_eq!(micros, Some(1));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in [
            "",
            "yesterday",
            "2016-13-01",
            "2016-10-01T",
            "2016-10-01T12:00Z",
            "2016-10-01T12:00:00",
            "2016-10-01T24:00:00Z",
            "2016-10-01T12:00:00.Z",
            "2016-10-01T12:00:00.5",
            "2016-10-01T12:00:00+2",
            "2016-10-01T1é:00:00Z",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
