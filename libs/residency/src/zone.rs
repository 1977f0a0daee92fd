//! Where data may be, where a machine stands, and whose law binds a company.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use crate::Country;

/// A country, or a union of countries. Also said of a jurisdiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// One country alone.
    Country(Country),
    /// The European Union; as a jurisdiction, that of its own institutions.
    Eu,
    /// The European Economic Area.
    Eea,
}

/// A text is no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no zone: give EU, EEA or two letters of ISO 3166-1, as FR")]
pub struct ZoneError {
    /// What was given.
    pub text: String,
}

impl Zone {
    /// Whether all of the other zone lies in this one.
    pub fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Country(own), Self::Country(other)) => own == other,
            (Self::Country(_), Self::Eu | Self::Eea) | (Self::Eu, Self::Eea) => false,
            (Self::Eu, Self::Country(other)) => other.is_in_eu(),
            (Self::Eea, Self::Country(other)) => other.is_in_eea(),
            (Self::Eu, Self::Eu) | (Self::Eea, Self::Eu | Self::Eea) => true,
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    /// Reads `eu`, `eea` or two letters of a country, capital or not.
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        if text.eq_ignore_ascii_case("eu") {
            return Ok(Self::Eu);
        }
        if text.eq_ignore_ascii_case("eea") {
            return Ok(Self::Eea);
        }
        text.parse().map(Self::Country).map_err(|_| ZoneError { text: text.to_owned() })
    }
}

impl Display for Zone {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => country.fmt(formatter),
            Self::Eu => formatter.write_str("EU"),
            Self::Eea => formatter.write_str("EEA"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(outer: &str, inner: &str) -> bool {
        outer.parse::<Zone>().unwrap().covers(inner.parse().unwrap())
    }

    #[test]
    fn unions_cover_their_members_and_not_the_other_way_round() {
        for (outer, inner) in [
            ("eu", "fr"),
            ("eu", "EU"),
            ("eea", "fr"),
            ("eea", "no"),
            ("eea", "eu"),
            ("EEA", "eea"),
            ("fr", "FR"),
        ] {
            assert!(covers(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [
            ("eu", "us"),
            ("eu", "no"),
            ("eu", "ch"),
            ("eu", "gb"),
            ("eu", "eea"),
            ("eea", "ch"),
            ("fr", "de"),
            ("fr", "eu"),
            ("fr", "eea"),
            ("us", "fr"),
        ] {
            assert!(!covers(outer, inner), "{outer} {inner}");
        }
    }

    #[test]
    fn a_zone_is_told_as_it_is_read() {
        for text in ["EU", "EEA", "FR", "US"] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), text);
        }
        for text in ["", "europe", "UK", "eu-west-1"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }
}
