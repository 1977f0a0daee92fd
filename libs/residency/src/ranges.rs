//! Addresses of hyperscalers, as an operator imported them.

use std::{
    fmt::{self, Display, Formatter, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use sha2::{Digest as _, Sha256};

use crate::{Imported, Operator, hyperscalers};

/// The first line of a file of ranges.
const TITLE: &str = "galerne address ranges 1";

/// A network: an address and how many of its first bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Of IPv4, as it is embedded in IPv6.
    first: u128,
    last: u128,
    is_v4: bool,
}

/// A text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no network: give one as 192.0.2.0/24 or 2001:db8::/32")]
pub struct PrefixError {
    /// What was given.
    pub text: String,
}

/// Which addresses belong to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    networks: Vec<(&'static str, Vec<Prefix>)>,
    sources: Vec<String>,
}

/// What the ranges say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeCheck {
    /// Nothing was imported: the address may belong to anybody.
    NotMeasured,
    /// It is in no range that was imported.
    Outside,
    /// It belongs to this provider.
    Within(&'static Operator),
}

/// Why a text is no file of ranges.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangesError {
    /// The file is something else.
    #[error("it does not begin with `{TITLE}`")]
    Title,
    /// A line is neither a source nor a provider with a network.
    #[error("line {line} is neither a source nor a known provider with a network")]
    Line {
        /// Counted from 1.
        line: usize,
    },
}

impl Prefix {
    fn new(address: IpAddr, bits: u32) -> Option<Self> {
        let (number, width, is_v4) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32, true),
            IpAddr::V6(address) => (u128::from(address), 128, false),
        };
        let free = u32::checked_sub(width, bits)?;
        // A shift by all 128 bits would be none.
        let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |bit| bit - 1);
        Some(Self { first: number & !mask, last: number | mask, is_v4 })
    }

    fn number(address: IpAddr) -> (u128, bool) {
        match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), true),
            IpAddr::V6(address) => (u128::from(address), false),
        }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let read = || {
            let (address, bits) = text.split_once('/')?;
            Self::new(address.parse().ok()?, bits.parse().ok()?)
        };
        read().ok_or_else(|| PrefixError { text: text.to_owned() })
    }
}

impl Display for Prefix {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let free = 128 - (self.last - self.first).leading_zeros();
        match u32::try_from(self.first) {
            Ok(first) if self.is_v4 => {
                write!(formatter, "{}/{}", Ipv4Addr::from(first), 32 - free)
            }
            Ok(_) | Err(_) => {
                write!(formatter, "{}/{}", Ipv6Addr::from(self.first), 128 - free)
            }
        }
    }
}

impl Ranges {
    /// What was imported from files of several providers. `date` says when, as `2026-11-22`.
    pub fn new(imported: &[Imported], date: &str) -> Self {
        let mut ranges = Self::default();
        for file in imported {
            let Imported { operator, published, prefixes } = file;
            ranges.sources.push(format!("{date} {operator} {published}"));
            for &prefix in prefixes {
                ranges.add(operator, prefix);
            }
        }
        ranges.sort();
        ranges
    }

    /// To whom an address belongs. Takes logarithmic time.
    pub fn check(&self, address: IpAddr) -> RangeCheck {
        if self.networks.is_empty() {
            return RangeCheck::NotMeasured;
        }
        let (number, is_v4) = Prefix::number(address);
        let holds = |prefixes: &[Prefix]| {
            let after =
                prefixes.partition_point(|prefix| (prefix.is_v4, prefix.first) <= (is_v4, number));
            let before = after.checked_sub(1).and_then(|place| prefixes.get(place));
            before.is_some_and(|prefix| prefix.is_v4 == is_v4 && number <= prefix.last)
        };
        let owner = self.networks.iter().find(|(_, prefixes)| holds(prefixes));
        let owner = owner.and_then(|(operator, _)| hyperscalers::of_id(operator));
        owner.map_or(RangeCheck::Outside, RangeCheck::Within)
    }

    /// When and of what it was imported, one line a file.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// How many networks it holds, those within others not counted.
    pub fn len(&self) -> usize {
        self.networks.iter().map(|(_, prefixes)| prefixes.len()).sum()
    }

    /// Whether nothing was imported.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// SHA-256 of the file, however it was written.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.to_string()).into()
    }

    fn add(&mut self, operator: &'static str, prefix: Prefix) {
        match self.networks.iter_mut().find(|(known, _)| *known == operator) {
            Some((_, prefixes)) => prefixes.push(prefix),
            None => self.networks.push((operator, vec![prefix])),
        }
    }

    /// Leaves out networks within others: two networks never overlap otherwise.
    fn sort(&mut self) {
        self.networks.sort();
        for (_, prefixes) in &mut self.networks {
            prefixes.sort_by_key(|prefix| (prefix.is_v4, prefix.first, u128::MAX - prefix.last));
            prefixes.dedup_by(|later, kept| later.is_v4 == kept.is_v4 && later.last <= kept.last);
        }
    }
}

impl FromStr for Ranges {
    type Err = RangesError;

    fn from_str(text: &str) -> Result<Self, RangesError> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(RangesError::Title);
        }
        let mut ranges = Self::default();
        for (place, line) in lines.enumerate() {
            let wrong = RangesError::Line { line: place + 2 };
            match line.split_once(' ').ok_or(wrong)? {
                ("source", source) => ranges.sources.push(source.to_owned()),
                (operator, prefix) => {
                    let wrong = || RangesError::Line { line: place + 2 };
                    let operator = hyperscalers::of_id(operator).ok_or_else(wrong)?;
                    ranges.add(operator.id, prefix.parse().map_err(|_| wrong())?);
                }
            }
        }
        ranges.sort();
        Ok(ranges)
    }
}

/// The file, as it is read.
impl Display for Ranges {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut text = format!("{TITLE}\n");
        for source in &self.sources {
            writeln!(text, "source {source}")?;
        }
        for (operator, prefixes) in &self.networks {
            for prefix in prefixes {
                writeln!(text, "{operator} {prefix}")?;
            }
        }
        formatter.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(lines: &str) -> Ranges {
        format!("{TITLE}\nsource 2026-11-22 amazon 1\n{lines}").parse().unwrap()
    }

    fn owner(ranges: &Ranges, address: &str) -> Option<&'static str> {
        match ranges.check(address.parse().unwrap()) {
            RangeCheck::Within(operator) => Some(operator.id),
            RangeCheck::Outside => None,
            RangeCheck::NotMeasured => panic!("not measured"),
        }
    }

    #[test]
    fn networks_are_read_and_told() {
        for text in
            ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.7/32", "::/0", "2001:db8::/32", "::1/128"]
        {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), text);
        }
        assert_eq!("192.0.2.9/24".parse::<Prefix>().unwrap().to_string(), "192.0.2.0/24");
        for text in ["", "192.0.2.0", "192.0.2.0/33", "::/129", "a/8", "192.0.2.0/-1", "1.2.3/8"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_found_in_the_network_that_holds_it() {
        let ranges = ranges(
            "amazon 198.51.100.0/24\namazon 198.51.100.8/29\namazon 203.0.113.0/25\n\
             google 2001:db8:1::/48\nmicrosoft 203.0.113.128/25\n",
        );
        assert_eq!(ranges.len(), 4, "one lies within another");
        for (address, expected) in [
            ("198.51.99.255", None),
            ("198.51.100.0", Some("amazon")),
            ("198.51.100.9", Some("amazon")),
            ("198.51.100.255", Some("amazon")),
            ("198.51.101.0", None),
            ("203.0.113.127", Some("amazon")),
            ("203.0.113.128", Some("microsoft")),
            ("2001:db8:1:ffff::1", Some("google")),
            ("2001:db8:2::", None),
            ("::198.51.100.9", None),
        ] {
            assert_eq!(owner(&ranges, address), expected, "{address}");
        }
    }

    #[test]
    fn without_an_import_nothing_is_measured() {
        let address = "198.51.100.9".parse().unwrap();
        assert_eq!(Ranges::default().check(address), RangeCheck::NotMeasured);
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let written = ranges("google 2001:db8:1::/48\namazon 198.51.100.0/24\n");
        let read: Ranges = written.to_string().parse().unwrap();
        assert_eq!(read, written);
        assert_eq!(read.digest(), written.digest());
        assert_eq!(read.sources(), ["2026-11-22 amazon 1"]);
    }

    #[test]
    fn another_file_is_refused_with_its_line() {
        assert_eq!("".parse::<Ranges>(), Err(RangesError::Title));
        assert_eq!("{}".parse::<Ranges>(), Err(RangesError::Title));
        for line in ["amazon", "amazon 1.2.3.4", "nobody 192.0.2.0/24", " ", "amazon  192.0.2.0/24"]
        {
            let file = format!("{TITLE}\nsource a\n{line}\n");
            assert_eq!(file.parse::<Ranges>(), Err(RangesError::Line { line: 3 }), "{line}");
        }
    }
}
