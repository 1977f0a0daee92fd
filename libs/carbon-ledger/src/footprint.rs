use crate::evidence::{Method, Uncertainty};
use crate::factors::GridFactor;
use crate::units::{GramsCo2e, Joules, KilowattHours};

/// Energy that some work used, with its evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// The amount.
    pub joules: Joules,
    /// How the amount was obtained.
    pub method: Method,
    /// How far the amount may be off.
    pub uncertainty: Uncertainty,
}

impl Energy {
    /// No energy at all, which is known exactly.
    pub const ZERO: Energy =
        Energy { joules: Joules::ZERO, method: Method::Measured, uncertainty: Uncertainty::NONE };

    /// The energy of two pieces of work together: the weaker method, the doubt weighted by amount.
    #[must_use]
    pub fn plus(self, other: Energy) -> Energy {
        Energy {
            joules: self.joules + other.joules,
            method: self.method.combine(other.method),
            uncertainty: Uncertainty::of_sum([
                (self.joules.value(), self.uncertainty),
                (other.joules.value(), other.uncertainty),
            ]),
        }
    }
}

/// Greenhouse-gas emissions of some work, with their evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Emissions {
    /// The amount.
    pub grams: GramsCo2e,
    /// How the amount was obtained.
    pub method: Method,
    /// How far the amount may be off.
    pub uncertainty: Uncertainty,
}

/// Energy, the grid factor that it was multiplied by, and the emissions that follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footprint {
    /// What the work used.
    pub energy: Energy,
    /// What follows from the energy and the factor.
    pub emissions: Emissions,
    /// The grid that the work ran on.
    pub factor: GridFactor,
}

impl Footprint {
    /// Multiplies energy by a grid factor.
    ///
    /// A grid factor is a published model of a whole grid, so emissions are at best
    /// [`Method::Modelled`], even where the energy was measured; an estimate stays an estimate.
    /// The two doubts combine in quadrature ([`Uncertainty::product`]).
    pub fn new(energy: Energy, factor: GridFactor) -> Footprint {
        let hours = KilowattHours::from(energy.joules).value();
        let emissions = Emissions {
            grams: GramsCo2e::derived(hours * factor.grams_per_kwh),
            method: energy.method.combine(Method::Modelled),
            uncertainty: energy.uncertainty.product(factor.uncertainty),
        };
        Footprint { energy, emissions, factor }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::factors;

    fn energy(joules: f64, method: Method, percent: f64) -> Energy {
        Energy {
            joules: Joules::new(joules).expect("valid"),
            method,
            uncertainty: Uncertainty::from_percent(percent).expect("valid"),
        }
    }

    fn check(method: Method, expected: Method) {
        let factor = factors::grid("FR").expect("listed");
        let footprint = Footprint::new(energy(1.0, method, 10.0), factor);
        assert_eq!(footprint.emissions.method, expected, "energy {method}");
        assert_eq!(footprint.energy.method, method);
    }

    #[test]
    fn emissions_are_never_measured() {
        check(Method::Measured, Method::Modelled);
        check(Method::Modelled, Method::Modelled);
        check(Method::Estimated, Method::Estimated);
    }

    #[test]
    fn one_kilowatt_hour_emits_the_factor() {
        let factor = factors::grid("DE").expect("listed");
        let footprint = Footprint::new(energy(3_600_000.0, Method::Measured, 3.0), factor);
        assert_eq!(footprint.emissions.grams.value().to_bits(), factor.grams_per_kwh.to_bits());
        let expected = 3.0_f64.hypot(factor.uncertainty.percent());
        assert!((footprint.emissions.uncertainty.percent() - expected).abs() < 1e-12);
    }

    #[test]
    fn a_sum_claims_no_more_than_its_weakest_part() {
        let sum = energy(30.0, Method::Measured, 10.0).plus(energy(10.0, Method::Estimated, 50.0));
        assert_eq!(sum, energy(40.0, Method::Estimated, 20.0));
        let same = energy(5.0, Method::Modelled, 7.0);
        assert_eq!(Energy::ZERO.plus(same), same);
    }

    proptest! {
        #[test]
        fn more_energy_never_emits_less(left in 0.0..1e12_f64, more in 0.0..1e12_f64) {
            let factor = factors::grid("PL").expect("listed");
            let grams = |joules| {
                Footprint::new(energy(joules, Method::Estimated, 60.0), factor).emissions.grams
            };
            prop_assert!(grams(left + more) >= grams(left));
            prop_assert!(grams(left).value().is_finite());
        }
    }
}
