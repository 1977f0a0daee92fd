//! What is limited, for whom, and by how much.

use std::{fmt, str::FromStr};

use domain::{AccountId, Caller, KeyId, OrganisationId, Principal, ProjectId};

use super::decimal;

/// For whom a limit is. What a request uses counts for all that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetScope {
    Key(KeyId),
    Account(AccountId),
    Project(ProjectId),
    Organisation,
}

impl BudgetScope {
    /// All that a caller's requests count for.
    pub(crate) fn all_of(caller: &Caller) -> Vec<Self> {
        let key = match caller.principal {
            Principal::Key(id) => Some(Self::Key(id)),
            Principal::Session(_) | Principal::Operator => None,
        };
        let others =
            [Self::Account(caller.account), Self::Project(caller.project), Self::Organisation];
        key.into_iter().chain(others).collect()
    }

    /// Whether it is of the caller's own key or account, and of nobody else.
    pub(crate) fn is_own(self, caller: &Caller) -> bool {
        match self {
            Self::Key(id) => caller.principal == Principal::Key(id),
            Self::Account(id) => caller.account == id,
            Self::Project(_) | Self::Organisation => false,
        }
    }

    pub const fn kind(self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Account(_) => "account",
            Self::Project(_) => "project",
            Self::Organisation => "organisation",
        }
    }

    /// Of the key, account or project.
    pub fn id(self) -> Option<String> {
        match self {
            Self::Key(id) => Some(id.to_string()),
            Self::Account(id) => Some(id.to_string()),
            Self::Project(id) => Some(id.to_string()),
            Self::Organisation => None,
        }
    }

    /// From the kind and the id as they are written.
    pub fn from_words(kind: &str, id: Option<&str>) -> Result<Self, BudgetWordError> {
        let unknown = |_| BudgetWordError::Id;
        match (kind, id) {
            ("key", Some(id)) => id.parse().map(Self::Key).map_err(unknown),
            ("account", Some(id)) => id.parse().map(Self::Account).map_err(unknown),
            ("project", Some(id)) => id.parse().map(Self::Project).map_err(unknown),
            ("organisation", None) => Ok(Self::Organisation),
            ("key" | "account" | "project", None) => Err(BudgetWordError::IdMissing),
            ("organisation", Some(_)) => Err(BudgetWordError::IdTooMuch),
            _ => Err(BudgetWordError::Scope),
        }
    }
}

/// `key 0190…`, or `organisation`.
impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => write!(f, "{} {id}", self.kind()),
            None => f.write_str(self.kind()),
        }
    }
}

/// In which time a quantity is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetPeriod {
    /// Any sixty seconds.
    Minute,
    /// A month of the calendar, in UTC.
    Month,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetQuantity {
    RequestsPerMinute,
    TokensPerMinute,
    TokensPerMonth,
    EurosPerMonth,
    KilowattHoursPerMonth,
}

impl BudgetQuantity {
    pub const ALL: [Self; 5] = [
        Self::RequestsPerMinute,
        Self::TokensPerMinute,
        Self::TokensPerMonth,
        Self::EurosPerMonth,
        Self::KilowattHoursPerMonth,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requests_per_minute",
            Self::TokensPerMinute => "tokens_per_minute",
            Self::TokensPerMonth => "tokens_per_month",
            Self::EurosPerMonth => "euros_per_month",
            Self::KilowattHoursPerMonth => "kwh_per_month",
        }
    }

    /// As sentences name it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requests a minute",
            Self::TokensPerMinute => "tokens a minute",
            Self::TokensPerMonth => "tokens a month",
            Self::EurosPerMonth => "euros a month",
            Self::KilowattHoursPerMonth => "kWh a month",
        }
    }

    pub const fn period(self) -> BudgetPeriod {
        match self {
            Self::RequestsPerMinute | Self::TokensPerMinute => BudgetPeriod::Minute,
            Self::TokensPerMonth | Self::EurosPerMonth | Self::KilowattHoursPerMonth => {
                BudgetPeriod::Month
            }
        }
    }

    /// How many of the units in which it is counted make one: a euro has a million, a kilowatt-hour
    /// 3.6 thousand million thousandths of a joule.
    const fn units(self) -> u64 {
        match self {
            Self::RequestsPerMinute | Self::TokensPerMinute | Self::TokensPerMonth => 1,
            Self::EurosPerMonth => 1_000_000,
            Self::KilowattHoursPerMonth => 3_600_000_000,
        }
    }

    /// The largest amount that stores hold.
    const MAX: u64 = i64::MAX.cast_unsigned();

    /// An amount as it is written: `12.5`. Of requests and tokens there are whole ones only.
    pub fn amount(self, text: &str) -> Result<u64, BudgetWordError> {
        let is_whole = self.units() > 1 || !text.contains('.');
        let amount = decimal::parse(text, self.units()).filter(|_| is_whole);
        amount.filter(|&amount| amount <= Self::MAX).ok_or(BudgetWordError::Amount)
    }

    pub fn show(self, amount: u64) -> String {
        decimal::show(amount, self.units())
    }
}

impl FromStr for BudgetQuantity {
    type Err = BudgetWordError;

    fn from_str(text: &str) -> Result<Self, BudgetWordError> {
        let found = Self::ALL.into_iter().find(|quantity| quantity.as_str() == text);
        found.ok_or(BudgetWordError::Quantity)
    }
}

/// Which limit: there is one of each quantity for a key, account, project or organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetId {
    pub scope: BudgetScope,
    pub quantity: BudgetQuantity,
}

/// `key.0190….tokens_per_month`, `organisation.euros_per_month`.
impl fmt::Display for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scope.kind())?;
        if let Some(id) = self.scope.id() {
            write!(f, ".{id}")?;
        }
        write!(f, ".{}", self.quantity.as_str())
    }
}

impl FromStr for BudgetId {
    type Err = BudgetWordError;

    fn from_str(text: &str) -> Result<Self, BudgetWordError> {
        let parts: Vec<_> = text.split('.').collect();
        let (kind, id, quantity) = match parts[..] {
            [kind, quantity] => (kind, None, quantity),
            [kind, id, quantity] => (kind, Some(id), quantity),
            _ => return Err(BudgetWordError::Scope),
        };
        Ok(Self { scope: BudgetScope::from_words(kind, id)?, quantity: quantity.parse()? })
    }
}

/// A limit of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    pub organisation: OrganisationId,
    pub id: BudgetId,
    /// In requests, tokens, millionths of a euro, or thousandths of a joule.
    pub amount: u64,
}

/// Why a text names no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetWordError {
    #[error("a limit is for a key, an account, a project or the organisation")]
    Scope,
    #[error("the id of the key, account or project is missing")]
    IdMissing,
    #[error("the organisation is the caller's own and has no id here")]
    IdTooMuch,
    #[error("that is not the id of a key, account or project")]
    Id,
    #[error(
        "a quantity is requests_per_minute, tokens_per_minute, tokens_per_month, euros_per_month \
         or kwh_per_month"
    )]
    Quantity,
    #[error("an amount is a number of at least 0, whole for requests and tokens")]
    Amount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let account = format!("account.{}.kwh_per_month", "0".repeat(32));
        for text in ["organisation.euros_per_month", account.as_str()] {
            assert_eq!(text.parse::<BudgetId>().unwrap().to_string(), text);
        }
        for (text, expected) in [
            ("", BudgetWordError::Scope),
            ("team.tokens_per_month", BudgetWordError::Scope),
            ("key.tokens_per_month", BudgetWordError::IdMissing),
            ("key.7.tokens_per_month", BudgetWordError::Id),
            ("organisation.7.tokens_per_month", BudgetWordError::IdTooMuch),
            ("organisation.tokens", BudgetWordError::Quantity),
        ] {
            assert_eq!(text.parse::<BudgetId>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn amounts_have_the_units_of_their_quantity() {
        use BudgetQuantity as Quantity;
        for (quantity, text, expected) in [
            (Quantity::TokensPerMonth, "1000", Some(1000)),
            (Quantity::TokensPerMonth, "1.5", None),
            (Quantity::EurosPerMonth, "1.5", Some(1_500_000)),
            (Quantity::KilowattHoursPerMonth, "0.5", Some(1_800_000_000)),
            (Quantity::RequestsPerMinute, "9223372036854775808", None),
        ] {
            assert_eq!(quantity.amount(text).ok(), expected, "{text}");
            assert!(expected.is_none_or(|amount| quantity.show(amount) == text), "{text}");
        }
    }
}
