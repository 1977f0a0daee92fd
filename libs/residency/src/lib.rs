//! Decides where data may go, from the zones and jurisdictions of both ends.
//!
//! Start at [`Policy::decide`]: a [`Question`] becomes a [`Decision`] that names the rule behind it.
//! Nothing is allowed unless a rule says so, and no rule allows what another one denies.
//! [`Policy::eligible`] chooses among several destinations and never falls back on a denied one.
//! [`hyperscalers`] knows the names under which large foreign providers are reached, [`Ranges`] the
//! addresses that those providers publish, once somebody has imported them.
//!
//! **Never here:** the network, clocks, files, settings.
#![deny(missing_docs)]

pub mod hyperscalers;

mod country;
mod data;
mod decision;
mod import;
mod policy;
mod ranges;
mod record;
mod rule;
mod zone;

pub use country::{Country, CountryError};
pub use data::{DataClass, Purpose, WordError};
pub use decision::{AllowedBy, Decision, DeniedBy, NoEligible, Question};
pub use hyperscalers::Operator;
pub use import::{ImportError, Imported};
pub use policy::{Policy, PolicyDigest, PolicyParts};
pub use ranges::{Prefix, PrefixError, RangeCheck, Ranges, RangesError};
pub use record::{Declaration, Name, NameError, Record};
pub use rule::{Effect, Rule};
pub use zone::{Zone, ZoneError};
