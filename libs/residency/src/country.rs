//! Countries, and which of them form the European Union and the European Economic Area.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

/// A country or territory with a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// A text is no code of a country.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no country: give two letters of ISO 3166-1, as FR or US")]
pub struct CountryError {
    /// What was given.
    pub text: String,
}

impl Country {
    /// Whether it is a member state of the European Union.
    pub fn is_in_eu(self) -> bool {
        EU.contains(&self.as_str())
    }

    /// Whether it is party to the European Economic Area, as the member states of the Union are.
    pub fn is_in_eea(self) -> bool {
        self.is_in_eu() || EEA_BEYOND_EU.contains(&self.as_str())
    }

    /// Two capital letters.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get past `from_str`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Every country there is.
    pub fn all() -> impl Iterator<Item = Self> {
        ISO_3166_1.split_ascii_whitespace().filter_map(|code| code.parse().ok())
    }
}

impl FromStr for Country {
    type Err = CountryError;

    /// Reads two letters, capital or not.
    fn from_str(text: &str) -> Result<Self, CountryError> {
        let wrong = || CountryError { text: text.to_owned() };
        let code: [u8; 2] = text.as_bytes().try_into().map_err(|_| wrong())?;
        let code = code.map(|letter| letter.to_ascii_uppercase());
        let known = ISO_3166_1.split_ascii_whitespace().any(|known| known.as_bytes() == code);
        if known { Ok(Self(code)) } else { Err(wrong()) }
    }
}

impl Display for Country {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The member states of the European Union since 2020-02-01.
///
/// # Source
/// <https://european-union.europa.eu/principles-countries-history/eu-countries_en>, in the codes
/// of ISO 3166-1: Greece is `GR`, not `EL`.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Parties to the agreement on the European Economic Area that are not in the Union.
///
/// # Source
/// <https://www.efta.int/eea-relations-eu>: Iceland, Liechtenstein, Norway. Switzerland is not one.
const EEA_BEYOND_EU: [&str; 3] = ["IS", "LI", "NO"];

/// The 249 officially assigned codes.
///
/// # Source
/// ISO 3166-1:2020, alpha-2.
const ISO_3166_1: &str = "
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_countries_as_the_lists_say() {
        assert_eq!(Country::all().count(), 249);
        assert_eq!(Country::all().filter(|country| country.is_in_eu()).count(), 27);
        assert_eq!(Country::all().filter(|country| country.is_in_eea()).count(), 30);
        let codes: Vec<_> = Country::all().collect();
        assert!(codes.is_sorted(), "{codes:?}");
    }

    #[test]
    fn codes_are_read_in_either_case_and_nothing_else_is() {
        assert_eq!("fr".parse::<Country>().unwrap().to_string(), "FR");
        for text in ["", "F", "FRA", "EU", "EL", "UK", "XX", "F1", "\u{e9}", "fr "] {
            let error = text.parse::<Country>().unwrap_err();
            assert_eq!(error, CountryError { text: text.to_owned() });
        }
    }
}
