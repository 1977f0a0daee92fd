//! Words of data protection: why somebody is erased, why something is held, what is kept how long.

use std::{fmt, str::FromStr};

use crate::{
    Role,
    account::{UnknownWord, find},
};

/// Why a person is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErasureReason {
    /// The person asked for it (GDPR article 17).
    RequestOfPerson,
    /// What the content was kept for is over.
    EndOfPurpose,
    /// A court or an authority ordered it.
    Order,
}

impl ErasureReason {
    pub const ALL: [Self; 3] = [Self::RequestOfPerson, Self::EndOfPurpose, Self::Order];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestOfPerson => "request_of_person",
            Self::EndOfPurpose => "end_of_purpose",
            Self::Order => "order",
        }
    }
}

impl FromStr for ErasureReason {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, ErasureReason::as_str, text)
    }
}

/// Why something must not be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    Litigation,
    Investigation,
    /// A supervisory authority asked for it.
    Authority,
    Audit,
}

impl HoldReason {
    pub const ALL: [Self; 4] =
        [Self::Litigation, Self::Investigation, Self::Authority, Self::Audit];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Litigation => "litigation",
            Self::Investigation => "investigation",
            Self::Authority => "authority",
            Self::Audit => "audit",
        }
    }
}

impl FromStr for HoldReason {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, HoldReason::as_str, text)
    }
}

/// As what somebody gave an order of data protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderedBy {
    /// Whoever types commands on the machine.
    Operator,
    Role(Role),
}

impl OrderedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Role(role) => role.as_str(),
        }
    }
}

impl FromStr for OrderedBy {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        if text == "operator" { Ok(Self::Operator) } else { text.parse().map(Self::Role) }
    }
}

/// What has a term of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetentionClass {
    /// Conversations, counted from their last turn, drafts of none, and how answers from documents
    /// came to be, counted from the question.
    Conversations,
    /// Files, counted from when they were made, and batch jobs, from their end.
    Files,
    /// Documents of libraries, counted from their newest version or last change.
    Documents,
    /// Usage records: who asked which model when, at what cost.
    Usage,
    /// Sessions and sign-in links that are over.
    SignIns,
    /// Entries of the log. The tree only grows: a term says how long they are kept at least.
    Log,
}

/// Between how many days the law wants a class to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermBounds {
    pub days_min: u32,
    pub days_max: u32,
    /// The text that says so, for messages.
    pub source: &'static str,
}

/// A century: what no law bounds is bounded by this.
const DAYS_MAX: u32 = 36_500;

/// Deployers keep the logs of a high-risk system; 183 days stand for six months.
const AI_ACT: &str = "Regulation (EU) 2024/1689 (AI Act), article 26(6): at least six months";

impl RetentionClass {
    pub const ALL: [Self; 6] =
        [Self::Conversations, Self::Files, Self::Documents, Self::Usage, Self::SignIns, Self::Log];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Files => "files",
            Self::Documents => "documents",
            Self::Usage => "usage",
            Self::SignIns => "sign_ins",
            Self::Log => "log",
        }
    }

    pub const fn bounds(self) -> TermBounds {
        match self {
            Self::Conversations | Self::Files | Self::Documents => TermBounds {
                days_min: 1,
                days_max: DAYS_MAX,
                source: "no law bounds it: what the purpose needs",
            },
            Self::Usage | Self::Log => {
                TermBounds { days_min: 183, days_max: DAYS_MAX, source: AI_ACT }
            }
            // 180 for the security log alone; without its session nobody knows who asked a model.
            Self::SignIns => TermBounds {
                days_min: 183,
                days_max: 365,
                source: "CNIL reference for health data warehouses, SEC-JOU-4: 180 to 365 days, \
                         and AI Act, article 26(6): at least six months",
            },
        }
    }

    /// Whether what is older than its term is removed.
    pub const fn is_removed(self) -> bool {
        match self {
            Self::Conversations | Self::Files | Self::Documents | Self::Usage | Self::SignIns => {
                true
            }
            Self::Log => false,
        }
    }

    /// A term of this class.
    ///
    /// # Errors
    /// [`TermError`] outside of what the law wants.
    pub const fn term(self, days: u32) -> Result<Term, TermError> {
        let TermBounds { days_min, days_max, .. } = self.bounds();
        if days_min <= days && days <= days_max {
            Ok(Term { class: self, days })
        } else {
            Err(TermError { class: self, days })
        }
    }
}

impl FromStr for RetentionClass {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        find(&Self::ALL, RetentionClass::as_str, text)
    }
}

/// How long a class is kept; within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    class: RetentionClass,
    days: u32,
}

impl Term {
    pub const fn class(self) -> RetentionClass {
        self.class
    }

    pub const fn days(self) -> u32 {
        self.days
    }
}

/// The law does not want this term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermError {
    pub class: RetentionClass,
    pub days: u32,
}

impl fmt::Display for TermError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TermBounds { days_min, days_max, source } = self.class.bounds();
        let (class, days) = (self.class.as_str(), self.days);
        write!(f, "{days} days for `{class}` are not within {days_min} to {days_max} ({source})")
    }
}

impl std::error::Error for TermError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for reason in ErasureReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        for reason in HoldReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        for class in RetentionClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
        }
        for by in Role::ALL.map(OrderedBy::Role).into_iter().chain([OrderedBy::Operator]) {
            assert_eq!(by.as_str().parse(), Ok(by));
        }
        assert!("whim".parse::<ErasureReason>().is_err());
    }

    #[test]
    fn terms_lie_within_what_the_law_wants() {
        let check = |class: RetentionClass, days: u32, expected: bool| {
            assert_eq!(class.term(days).is_ok(), expected, "{class:?} {days}");
        };
        check(RetentionClass::Conversations, 0, false);
        check(RetentionClass::Conversations, 1, true);
        check(RetentionClass::Usage, 30, false);
        check(RetentionClass::Usage, 182, false);
        check(RetentionClass::Usage, 183, true);
        check(RetentionClass::Log, 30, false);
        check(RetentionClass::Log, 183, true);
        check(RetentionClass::SignIns, 182, false);
        check(RetentionClass::SignIns, 365, true);
        check(RetentionClass::SignIns, 366, false);
        let error = RetentionClass::Log.term(30).unwrap_err().to_string();
        assert_eq!(
            error,
            "30 days for `log` are not within 183 to 36500 (Regulation (EU) 2024/1689 (AI Act), \
             article 26(6): at least six months)"
        );
    }
}
