//! Decimal numbers to whole units and back, without floating point.

/// Digits behind the point; more say nothing that a unit could hold.
const DIGITS_MAX: usize = 12;

/// `12.5` of `units` each. `None` for what is no such number or too large; what is finer than a
/// unit is left out.
pub(crate) fn parse(text: &str, units: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > DIGITS_MAX {
        return None;
    }
    let whole = u128::from(whole.parse::<u64>().ok()?) * u128::from(units);
    let digits = u32::try_from(fraction.len()).ok()?;
    let fraction = fraction.parse::<u128>().ok()? * u128::from(units) / 10_u128.pow(digits);
    u64::try_from(whole + fraction).ok()
}

/// As it is read again; what is finer than nine digits behind the point is left out.
pub(crate) fn show(amount: u64, units: u64) -> String {
    const SHOWN: u128 = 1_000_000_000;
    let (whole, rest) = (amount / units, amount % units);
    let fraction = u128::from(rest) * SHOWN / u128::from(units);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, units, expected) in [
            ("0", 1, Some(0)),
            ("12", 1, Some(12)),
            ("12.5", 1_000_000, Some(12_500_000)),
            ("0.000001", 1_000_000, Some(1)),
            ("0.0000009", 1_000_000, Some(0)),
            ("1", 3_600_000_000, Some(3_600_000_000)),
            ("18446744073709551615", 1, Some(u64::MAX)),
            ("18446744073709551616", 1, None),
            ("18446744073709551615", 2, None),
            ("", 1, None),
            (".5", 10, None),
            ("1.", 10, None),
            ("-1", 1, None),
            ("1e3", 1, None),
            ("1.0000000000000", 1, None),
        ] {
            assert_eq!(parse(text, units), expected, "{text} of {units}");
        }
    }

    #[test]
    fn numbers_are_shown_as_they_are_read() {
        for (amount, units, expected) in [
            (0, 1_000_000, "0"),
            (12_500_000, 1_000_000, "12.5"),
            (1, 1_000_000, "0.000001"),
            (7, 1, "7"),
            (1_800_000_000, 3_600_000_000, "0.5"),
            (1, 3_600_000_000, "0"),
        ] {
            assert_eq!(show(amount, units), expected);
        }
    }
}
