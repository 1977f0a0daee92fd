//! Numbers that come from outside, each with its unit, year, source, licence and doubt.
//!
//! # Grid factors
//! Annual averages in grams of CO2 equivalent per kilowatt-hour of electricity generated in the
//! zone, life cycle (upstream fuel, construction and methane included, 100-year warming
//! potential).
//!
//! Source: Ember, Yearly Electricity Data, release of 2025, data year 2024, licence CC BY 4.0,
//! <https://ember-energy.org/data/yearly-electricity-data/>, rounded to the gram. Checked against
//! the copy that Our World in Data processes ("Carbon intensity of electricity generation"): the
//! two agree within 2.5 % in every zone listed.
//!
//! The uncertainty of a zone says how far the *production* mix may be from the mix that is really
//! consumed there, imports included. It is the largest relative difference, for 2022, between
//! Ember's figure and the mean over 8,760 hours of a flow-traced life-cycle series (Electricity
//! Maps, by bidding zone), rounded up to the next 5 %, and never below 20 %. Zones that could not
//! be compared have 30 %, just above the median of those that could. Small countries that import
//! much are therefore very uncertain (Switzerland: the flow-traced figure was four times the
//! production one), and Luxembourg, which imports most of its electricity, is left out. The swing
//! within a day or a season is not covered: an annual factor cannot show it.
//!
//! # Processor power
//! [`CPU_POWER`] is used only where no energy counter can be read. It covers the processor package
//! alone: memory, disks, network, power supplies and cooling are not included, which is the same as
//! a power usage effectiveness of 1.0.

use crate::evidence::{Method, Uncertainty};
use crate::footprint::Energy;
use crate::units::{Joules, UnitError};

/// Emissions of one kilowatt-hour from one grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridFactor {
    /// Two capital letters: ISO 3166-1 alpha-2, or `EU` for the 27 member states together.
    pub zone: &'static str,
    /// Grams of CO2 equivalent per kilowatt-hour, life cycle, annual average.
    pub grams_per_kwh: f64,
    /// The year that the average covers.
    pub year: u16,
    /// Data set, publisher and licence.
    pub source: &'static str,
    /// How far the mix consumed in the zone may be from this figure.
    pub uncertainty: Uncertainty,
}

/// The power that a class of processors draws for each busy core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuPower {
    /// Watts of the whole package divided by its cores, all of them busy.
    pub watts_per_core: f64,
    /// Half the range within the class.
    pub uncertainty: Uncertainty,
    /// Where the figure comes from.
    pub source: &'static str,
}

impl CpuPower {
    /// The energy of `cpu_seconds` of computing, summed over all threads.
    ///
    /// One second on one hardware thread counts as one busy core. Where two hardware threads share
    /// a core and both are busy this charges too much rather than too little.
    ///
    /// # Errors
    /// [`UnitError`] if `cpu_seconds` is negative, NaN or infinite.
    pub fn energy(&self, cpu_seconds: f64) -> Result<Energy, UnitError> {
        Ok(Energy {
            joules: Joules::from_watts(self.watts_per_core, cpu_seconds)?,
            method: Method::Estimated,
            uncertainty: self.uncertainty,
        })
    }
}

/// Server processors of 2023 to 2025: 5.5 W for each busy core, give or take 60 %.
///
/// # Source
/// An engineering estimate, not a measurement: the thermal design power that the makers publish,
/// divided by the number of cores. From 2.6 W (AMD EPYC 9965: 500 W, 192 cores) through 5.5 W
/// (Intel Xeon Platinum 8592+: 350 W, 64 cores) to 8.75 W (AMD EPYC 9355: 280 W, 32 cores).
pub const CPU_POWER: CpuPower = CpuPower {
    watts_per_core: 5.5,
    uncertainty: Uncertainty::literal(60.0),
    source: "thermal design power per core of server processors of 2023-2025 (2.6 to 8.75 W), \
             engineering estimate",
};

/// The zone that an installation is charged for until it is configured.
pub const ZONE_DEFAULT: &str = "FR";

const EMBER_2024: &str =
    "Ember, Yearly Electricity Data (2025), life cycle, production mix, CC BY 4.0";

const fn ember(zone: &'static str, grams_per_kwh: f64, percent: f64) -> GridFactor {
    GridFactor {
        zone,
        grams_per_kwh,
        year: 2024,
        source: EMBER_2024,
        uncertainty: Uncertainty::literal(percent),
    }
}

/// In the order of [`GridFactor::zone`].
const GRID_FACTORS: [GridFactor; 28] = [
    ember("AT", 103.0, 75.0),
    ember("BE", 118.0, 25.0),
    ember("BG", 264.0, 20.0),
    ember("CH", 37.0, 310.0),
    ember("CZ", 414.0, 30.0),
    ember("DE", 342.0, 20.0),
    ember("DK", 143.0, 25.0),
    ember("EE", 341.0, 25.0),
    ember("ES", 146.0, 20.0),
    ember("EU", 213.0, 30.0),
    ember("FI", 72.0, 20.0),
    ember("FR", 44.0, 30.0),
    ember("GB", 216.0, 30.0),
    ember("GR", 320.0, 20.0),
    ember("HR", 174.0, 30.0),
    ember("HU", 183.0, 35.0),
    ember("IE", 280.0, 30.0),
    ember("IT", 288.0, 30.0),
    ember("LT", 139.0, 30.0),
    ember("LV", 136.0, 115.0),
    ember("NL", 253.0, 30.0),
    ember("NO", 31.0, 20.0),
    ember("PL", 615.0, 20.0),
    ember("PT", 112.0, 20.0),
    ember("RO", 246.0, 60.0),
    ember("SE", 36.0, 65.0),
    ember("SI", 227.0, 20.0),
    ember("SK", 96.0, 145.0),
];

/// The factor of a zone; `None` if the zone is not listed. Upper and lower case are the same.
pub fn grid(zone: &str) -> Option<GridFactor> {
    GRID_FACTORS.into_iter().find(|factor| factor.zone.eq_ignore_ascii_case(zone))
}

/// Every zone that [`grid`] knows, in alphabetical order.
pub fn zones() -> impl Iterator<Item = &'static str> {
    GRID_FACTORS.iter().map(|factor| factor.zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_factor_is_a_quantity_with_a_source() {
        for zone in zones() {
            let factor = grid(zone).expect("listed");
            assert_eq!(factor.zone, zone);
            assert!((1.0..1200.0).contains(&factor.grams_per_kwh), "{factor:?}");
            assert!(Uncertainty::from_percent(factor.uncertainty.percent()).is_ok(), "{factor:?}");
            assert!(factor.uncertainty.percent() >= 20.0, "{factor:?}");
            assert!(factor.source.contains("CC BY 4.0") && factor.year == 2024, "{factor:?}");
        }
    }

    #[test]
    fn zones_are_in_order_and_unique() {
        let zones: Vec<&str> = zones().collect();
        assert!(zones.is_sorted_by(|left, right| left < right), "{zones:?}");
        assert!(zones.iter().all(|zone| zone.len() == 2 && zone.is_ascii()), "{zones:?}");
        assert!(zones.contains(&ZONE_DEFAULT));
    }

    #[test]
    fn a_zone_is_found_in_any_case_or_not_at_all() {
        assert_eq!(grid("fr"), grid("FR"));
        assert!(grid("fr").is_some_and(|factor| factor.zone == "FR"));
        for unknown in ["", "F", "FRA", "XX", "F\u{131}"] {
            assert_eq!(grid(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn a_core_second_costs_the_documented_watts() {
        let energy = CPU_POWER.energy(2.0).expect("valid");
        assert_eq!(energy.joules.value().to_bits(), 11.0_f64.to_bits());
        assert_eq!(energy.method, Method::Estimated);
        assert!((energy.uncertainty.percent() - 60.0).abs() < f64::EPSILON);
        assert!(CPU_POWER.energy(-1.0).is_err());
    }

    #[test]
    fn the_range_of_processors_lies_within_the_stated_doubt() {
        let half_width = CPU_POWER.watts_per_core * CPU_POWER.uncertainty.percent() / 100.0;
        for watts in [500.0 / 192.0, 350.0 / 64.0, 280.0 / 32.0] {
            assert!((watts - CPU_POWER.watts_per_core).abs() <= half_width, "{watts} W");
        }
    }
}
