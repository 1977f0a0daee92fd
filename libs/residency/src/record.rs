//! What the operator of an installation declares of a destination.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use crate::{DataClass, Purpose, Zone};

/// Who runs a destination, where, and whose laws reach them.
///
/// An address in Europe says nothing about control: a company follows the law of its own seat, and
/// of the seat of whoever owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who runs it.
    pub operator: Name,
    /// Where its machines stand.
    pub site: Zone,
    /// Whose law binds the operator.
    pub jurisdiction: Zone,
    /// Whose law binds the operator's parent company; that of the operator if it has none.
    pub parent: Zone,
}

/// A destination that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Scheme, host and port: `https://host` or `https://host:8443`.
    pub origin: String,
    /// What it is reached for.
    pub purpose: Purpose,
    /// The gravest data that is sent there.
    pub class: DataClass,
    /// Whether it stands in the operator's own network, at an address that is not public.
    pub internal: bool,
    /// What is declared of it.
    pub record: Option<Record>,
}

/// A short name on one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to {} bytes, no space at its ends, no quotation mark and no control character",
    Name::BYTES_MAX
)]
pub struct NameError;

impl Name {
    /// What the longest name may have.
    pub const BYTES_MAX: usize = 100;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (1..=Self::BYTES_MAX).contains(&text.len());
        let is_plain = text.trim() == text && !text.chars().any(|c| c.is_control() || c == '"');
        if fits && is_plain { Ok(Self(text.to_owned())) } else { Err(NameError) }
    }
}

impl Display for Name {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_on_one_line() {
        for text in ["a", "OVH SAS", "Gesellschaft f\u{fc}r Rechenzentren mbH"] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), text);
        }
        for text in ["", " a", "a ", "a\nb", "a\"b", &"a".repeat(101)] {
            assert_eq!(text.parse::<Name>(), Err(NameError), "{text}");
        }
    }
}
