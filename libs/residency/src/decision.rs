//! What is asked of a policy, and what it says.

use std::fmt::{self, Display, Formatter};

use crate::{DataClass, Name, Operator, Purpose, Record, Zone};

/// Whether data may go to a destination.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Where the data belongs.
    pub data_zone: Zone,
    /// What it is.
    pub class: DataClass,
    /// What the destination is reached for.
    pub purpose: Purpose,
    /// What is declared of the destination; `None` if nothing is.
    pub record: Option<&'a Record>,
    /// Whom the destination is known to belong to, by its names or by its address.
    pub known: Option<&'a Operator>,
}

/// Whether it may, and because of which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow(AllowedBy),
    /// It may not.
    Deny(DeniedBy),
}

/// The rule that allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedBy {
    /// Site, operator and parent all lie where the data belongs.
    Within,
    /// A witness may see what everybody may see.
    PublicWitness,
    /// A rule of the operator.
    Rule(Name),
}

/// The rule that denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeniedBy {
    /// The destination belongs to a provider that is under the law of another region.
    Hyperscaler(&'static str),
    /// Nothing is declared of the destination.
    NoRecord,
    /// The machines stand elsewhere.
    Site(Zone),
    /// The operator is under another law.
    Operator(Zone),
    /// The operator's parent is under another law.
    Parent(Zone),
    /// A rule of the operator.
    Rule(Name),
    /// No rule allows it.
    Default,
}

impl Decision {
    /// Whether it may.
    pub const fn is_allowed(&self) -> bool {
        match self {
            Self::Allow(_) => true,
            Self::Deny(_) => false,
        }
    }
}

impl AllowedBy {
    /// Stable name of the rule, without that of the operator's.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::PublicWitness => "public_witness",
            Self::Rule(_) => "rule",
        }
    }
}

impl DeniedBy {
    /// Stable code of the error that a client meets.
    pub const fn code(&self) -> &'static str {
        "residency.denied"
    }

    /// Stable name of the rule, without that of the operator's.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Hyperscaler(_) => "hyperscaler",
            Self::NoRecord => "no_record",
            Self::Site(_) => "site_outside",
            Self::Operator(_) => "operator_outside",
            Self::Parent(_) => "parent_outside",
            Self::Rule(_) => "rule",
            Self::Default => "default",
        }
    }
}

impl Display for DeniedBy {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hyperscaler(operator) => {
                write!(formatter, "it belongs to {operator}, which the law of another region binds")
            }
            Self::NoRecord => formatter.write_str("nothing is declared of it"),
            Self::Site(zone) => write!(formatter, "its machines stand in {zone}"),
            Self::Operator(zone) => write!(formatter, "its operator is bound by the law of {zone}"),
            Self::Parent(zone) => {
                write!(formatter, "the parent of its operator is bound by the law of {zone}")
            }
            Self::Rule(name) => write!(formatter, "the rule \"{name}\" denies it"),
            Self::Default => formatter.write_str("no rule allows it"),
        }
    }
}

/// None of the destinations may be used, and no other one is tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of {} destinations may be used", denied.len())]
pub struct NoEligible {
    /// Why not, one a destination, in their order.
    pub denied: Vec<DeniedBy>,
}

impl NoEligible {
    /// Stable code of the error that a client meets.
    pub const fn code(&self) -> &'static str {
        "residency.no_eligible_upstream"
    }
}
