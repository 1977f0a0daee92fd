use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// Joules in one kilowatt-hour: 1000 W x 3600 s, exact by definition.
const JOULES_PER_KILOWATT_HOUR: f64 = 3_600_000.0;

/// Why a number is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// The number is NaN or infinite.
    #[error("a quantity must be a finite number, not {value}")]
    NotFinite {
        /// The number that was refused.
        value: f64,
    },
    /// The number is below zero.
    #[error("a quantity must not be negative, and {value} is")]
    Negative {
        /// The number that was refused.
        value: f64,
    },
}

/// The one check behind every constructor: finite and at least zero.
pub(crate) fn checked(value: f64) -> Result<f64, UnitError> {
    if !value.is_finite() {
        return Err(UnitError::NotFinite { value });
    }
    if value < 0.0 {
        return Err(UnitError::Negative { value });
    }
    // `-0.0` passes the test above; adding zero turns it into `0.0`, so that it never prints `-0`.
    Ok(value + 0.0)
}

/// Sums and products of checked quantities stay finite: what would overflow stays at the largest
/// number instead, so that no arithmetic on a constructed quantity can make it invalid.
pub(crate) fn saturated(value: f64) -> f64 {
    value.min(f64::MAX)
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(f64);

        impl $name {
            /// Nothing.
            pub const ZERO: $name = $name(0.0);

            /// Checks a number once; the type proves it afterwards.
            ///
            /// # Errors
            /// [`UnitError::NotFinite`] for NaN or infinity, [`UnitError::Negative`] below zero.
            pub fn new(value: f64) -> Result<$name, UnitError> {
                checked(value).map($name)
            }

            /// The number, finite and at least zero.
            pub const fn value(self) -> f64 {
                self.0
            }

            /// For results that are non-negative and not NaN by construction.
            pub(crate) fn derived(value: f64) -> $name {
                $name(saturated(value))
            }
        }

        impl Add for $name {
            type Output = $name;

            /// Saturates at the largest finite number.
            fn add(self, other: $name) -> $name {
                $name::derived(self.0 + other.0)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = $name>>(quantities: I) -> $name {
                quantities.fold($name::ZERO, Add::add)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)?;
                formatter.write_str(concat!(" ", $symbol))
            }
        }
    };
}

quantity!(
    /// An amount of energy in joules.
    Joules,
    "J"
);
quantity!(
    /// An amount of energy in kilowatt-hours, the unit of grid factors and bills.
    KilowattHours,
    "kWh"
);
quantity!(
    /// Greenhouse-gas emissions in grams of CO2 equivalent.
    GramsCo2e,
    "g CO2e"
);

impl Joules {
    /// The energy of `watts` drawn for `seconds`.
    ///
    /// # Errors
    /// [`UnitError`] if either number is negative, NaN or infinite.
    pub fn from_watts(watts: f64, seconds: f64) -> Result<Joules, UnitError> {
        Ok(Joules::derived(checked(watts)? * checked(seconds)?))
    }

    /// What was added since an earlier reading of the same total; zero if the total went back.
    #[must_use]
    pub fn since(self, earlier: Joules) -> Joules {
        Joules((self.0 - earlier.0).max(0.0))
    }
}

impl From<Joules> for KilowattHours {
    fn from(energy: Joules) -> KilowattHours {
        KilowattHours(energy.0 / JOULES_PER_KILOWATT_HOUR)
    }
}

impl From<KilowattHours> for Joules {
    fn from(energy: KilowattHours) -> Joules {
        Joules::derived(energy.0 * JOULES_PER_KILOWATT_HOUR)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(value: f64, expected: Result<f64, &str>) {
        let joules = Joules::new(value).map(Joules::value).map_err(|error| error.to_string());
        assert_eq!(joules, expected.map_err(str::to_owned), "Joules::new({value})");
        assert_eq!(GramsCo2e::new(value).is_ok(), joules.is_ok(), "GramsCo2e::new({value})");
    }

    #[test]
    fn constructors_refuse_what_is_no_quantity() {
        check(0.0, Ok(0.0));
        check(1.5, Ok(1.5));
        check(f64::MAX, Ok(f64::MAX));
        check(-0.1, Err("a quantity must not be negative, and -0.1 is"));
        check(f64::NAN, Err("a quantity must be a finite number, not NaN"));
        check(f64::INFINITY, Err("a quantity must be a finite number, not inf"));
        check(f64::NEG_INFINITY, Err("a quantity must be a finite number, not -inf"));
    }

    #[test]
    fn minus_zero_becomes_zero() {
        let joules = Joules::new(-0.0).expect("zero is a quantity");
        assert!(joules.value().is_sign_positive());
        assert_eq!(joules.to_string(), "0 J");
    }

    #[test]
    fn a_kilowatt_hour_is_3_6_megajoules() {
        let hour = Joules::from_watts(1000.0, 3600.0).expect("valid");
        assert_eq!(hour.value().to_bits(), 3_600_000.0_f64.to_bits());
        assert_eq!(KilowattHours::from(hour).value().to_bits(), 1.0_f64.to_bits());
        assert_eq!(Joules::from(KilowattHours::from(hour)), hour);
    }

    #[test]
    fn watts_and_seconds_are_checked_apart() {
        assert!(Joules::from_watts(-1.0, -1.0).is_err());
        assert!(Joules::from_watts(f64::INFINITY, 0.0).is_err());
        assert!(Joules::from_watts(0.0, f64::NAN).is_err());
    }

    #[test]
    fn a_total_that_went_back_added_nothing() {
        let (small, large) = (Joules::derived(2.0), Joules::derived(5.0));
        assert_eq!(large.since(small), Joules::derived(3.0));
        assert_eq!(small.since(large), Joules::ZERO);
    }

    proptest! {
        #[test]
        fn arithmetic_never_leaves_the_valid_range(
            left in 0.0..=f64::MAX,
            right in 0.0..=f64::MAX,
        ) {
            let sum = Joules::new(left).unwrap() + Joules::new(right).unwrap();
            let product = Joules::from_watts(left, right).unwrap();
            let back = Joules::from(KilowattHours::new(left).unwrap());
            for joules in [sum, product, back] {
                prop_assert!(Joules::new(joules.value()).is_ok(), "{joules:?}");
            }
            prop_assert!(sum.value() >= left.max(right));
        }

        #[test]
        fn a_sum_is_the_addition_in_order(parts in prop::collection::vec(0.0..1e9_f64, 0..20)) {
            let total: GramsCo2e = parts.iter().map(|&part| GramsCo2e::new(part).unwrap()).sum();
            let expected = parts.iter().fold(0.0, |sum, part| sum + part);
            prop_assert_eq!(total.value().to_bits(), expected.to_bits());
        }
    }
}
