use std::fmt;

use crate::units::{UnitError, checked, saturated};

/// How a figure was obtained, from the strongest evidence to the weakest.
///
/// The order is the meaning: `max` of two methods is the weaker one, and that is what a figure
/// made of both may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Read from a counter of the hardware that did the work.
    Measured,
    /// Computed by a model that was fitted to measurements of this hardware.
    Modelled,
    /// Computed from documented parameters of a class of hardware.
    Estimated,
}

impl Method {
    /// The word that the API, the database and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Measured => "measured",
            Method::Modelled => "modelled",
            Method::Estimated => "estimated",
        }
    }

    /// The method of a figure that needs both: the weaker of the two.
    #[must_use]
    pub fn combine(self, other: Method) -> Method {
        self.max(other)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Relative half-width of the interval in which the true value is expected, in per cent of the
/// stated value (dimensionless, at least 0): `20 J` with 50 % means 10 J to 30 J.
///
/// The intervals here are stated ranges (roughly 95 % where a source says so), not fitted
/// distributions.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Uncertainty(f64);

impl Uncertainty {
    /// The value is exact.
    pub const NONE: Uncertainty = Uncertainty(0.0);

    /// Nothing is known but the order of magnitude: the true value may be zero or the double.
    pub const UNKNOWN: Uncertainty = Uncertainty(100.0);

    /// Takes a half-width in per cent.
    ///
    /// # Errors
    /// [`UnitError`] if `percent` is negative, NaN or infinite.
    pub fn from_percent(percent: f64) -> Result<Uncertainty, UnitError> {
        checked(percent).map(Uncertainty)
    }

    /// For the constants of [`crate::factors`], whose values are literals that a test checks.
    pub(crate) const fn literal(percent: f64) -> Uncertainty {
        Uncertainty(percent)
    }

    /// The half-width in per cent.
    pub const fn percent(self) -> f64 {
        self.0
    }

    /// The half-width of a product (or quotient) of two independent figures: in quadrature,
    /// `sqrt(a^2 + b^2)`.
    ///
    /// # Source
    /// IPCC 2006 Guidelines for National Greenhouse Gas Inventories, volume 1, chapter 3,
    /// equation 3.1 (combining uncertainties, multiplication).
    #[must_use]
    pub fn product(self, other: Uncertainty) -> Uncertainty {
        Uncertainty(saturated(self.0.hypot(other.0)))
    }

    /// The half-width of a sum of figures that share their cause of doubt (the same factor, the
    /// same counter): the mean of the half-widths weighted by value, which is never narrower than
    /// the narrowest part. Parts with a true independent error would do better; requests of one
    /// server are not independent.
    #[must_use]
    pub fn of_sum(parts: impl IntoIterator<Item = (f64, Uncertainty)>) -> Uncertainty {
        let (mut total, mut weighted) = (0.0_f64, 0.0_f64);
        for (value, uncertainty) in parts {
            total += value;
            weighted += value * uncertainty.0;
        }
        let mean = weighted / total;
        if mean.is_finite() && mean > 0.0 { Uncertainty(mean) } else { Uncertainty::NONE }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const METHODS: [Method; 3] = [Method::Measured, Method::Modelled, Method::Estimated];

    #[test]
    fn the_weaker_method_wins_both_ways_round() {
        for (strength, method) in METHODS.into_iter().enumerate() {
            for (other_strength, other) in METHODS.into_iter().enumerate() {
                let expected = METHODS[strength.max(other_strength)];
                assert_eq!(method.combine(other), expected, "{method} with {other}");
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_api() {
        assert_eq!(METHODS.map(Method::as_str), ["measured", "modelled", "estimated"]);
    }

    #[test]
    fn a_product_combines_in_quadrature() {
        let product = Uncertainty(3.0).product(Uncertainty(4.0));
        assert!((product.percent() - 5.0).abs() < 1e-12, "{product:?}");
    }

    #[test]
    fn a_sum_is_weighted_by_value() {
        let sum = Uncertainty::of_sum([(30.0, Uncertainty(10.0)), (10.0, Uncertainty(50.0))]);
        assert!((sum.percent() - 20.0).abs() < 1e-12, "{sum:?}");
        assert_eq!(Uncertainty::of_sum([]), Uncertainty::NONE);
        assert_eq!(Uncertainty::of_sum([(0.0, Uncertainty(50.0))]), Uncertainty::NONE);
    }

    #[test]
    fn a_negative_half_width_is_refused() {
        assert!(Uncertainty::from_percent(-1.0).is_err());
        assert!(Uncertainty::from_percent(f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn a_product_is_at_least_as_doubtful_as_each_factor(
            left in 0.0..1e6_f64,
            right in 0.0..1e6_f64,
        ) {
            let product = Uncertainty(left).product(Uncertainty(right)).percent();
            prop_assert!(product >= left.max(right) && product <= (left + right) * (1.0 + 1e-12));
        }
    }
}
