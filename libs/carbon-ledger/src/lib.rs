//! Quantities of energy and carbon, their attribution to requests, and sourced factors.
//!
//! Start at [`Footprint`]: the energy of some work, the grid it ran on, and the emissions that
//! follow. Every figure carries how it was obtained ([`Method`]) and how far it may be off
//! ([`Uncertainty`]); combining two figures keeps the weaker method and the wider doubt.
//! [`attribution`] divides a total among the pieces of work that caused it; [`factors`] holds the
//! numbers that come from outside, each with its unit, year, source and licence.
//!
//! **Never here:** unnamed constants, counters that are read from the machine, clocks.
#![deny(missing_docs)]

pub mod attribution;
pub mod factors;

mod evidence;
mod footprint;
mod units;

pub use evidence::{Method, Uncertainty};
pub use factors::GridFactor;
pub use footprint::{Emissions, Energy, Footprint};
pub use units::{GramsCo2e, Joules, KilowattHours, UnitError};
