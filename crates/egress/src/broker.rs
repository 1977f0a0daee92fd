//! Decides who is reached. Knows the policy and the declared destinations, does nothing itself.

use std::{fmt, net::IpAddr, sync::Arc};

use residency::{
    DataClass, Decision, Declaration, DeniedBy, Operator, Policy, Question, RangeCheck, Ranges,
    Zone, hyperscalers,
};

use crate::{
    AddressError, AddressKind, Destination, address::Reach, destination::Host, resolver::Resolution,
};

/// Rules that come after the policy and can only deny more. They are asked before each exchange,
/// about each name and address that it leads to.
pub trait SendRules: Send + Sync {
    /// `Err` with a [`Refusal`] if something forbids it, or nothing can be asked.
    fn permit(&self, origin: &str, question: &Question<'_>) -> Result<(), Refusal>;
}

/// The rules, and the destinations that they are about.
#[derive(Clone, Debug)]
pub struct Broker {
    allowed: Arc<[Allowed]>,
}

/// What decisions follow from, beside the destination.
#[derive(Clone)]
struct Rules {
    policy: Arc<Policy>,
    ranges: Arc<Ranges>,
    more: Option<Arc<dyn SendRules>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, ranges, more: _ } = self;
        let mut shown = formatter.debug_struct("Rules");
        shown.field("policy", policy).field("ranges", ranges).finish_non_exhaustive()
    }
}

/// A destination that the settings name.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) destination: Destination,
    pub(crate) declaration: Declaration,
    rules: Rules,
    reach: Reach,
}

/// Why a destination is not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was resolved, nothing was sent.
    #[error("the settings do not name it")]
    Undeclared,
    #[error("it is at {address}, which is a {} address", kind.as_str())]
    Address { address: IpAddr, kind: AddressKind },
    #[error("the policy denies it: {denied}")]
    Residency { denied: DeniedBy },
    #[error("{reason}")]
    Rules { code: &'static str, reason: String },
}

impl Refusal {
    /// Stable code, as the audit log shows it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Undeclared => "egress.undeclared",
            Self::Address { .. } => "egress.address",
            Self::Residency { .. } => "residency.denied",
            Self::Rules { code, .. } => code,
        }
    }
}

impl Broker {
    /// A broker that lets through to these destinations, as far as policy and addresses allow.
    pub fn new(
        policy: Arc<Policy>,
        ranges: Arc<Ranges>,
        declarations: impl IntoIterator<Item = Declaration>,
    ) -> Result<Self, AddressError> {
        let rules = Rules { policy, ranges, more: None };
        let allowed = declarations.into_iter().map(|declaration| {
            let destination: Destination = declaration.origin.parse()?;
            let reach = reach(&destination, &declaration);
            Ok(Allowed { destination, declaration, rules: rules.clone(), reach })
        });
        let allowed = allowed.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { allowed: allowed.into() })
    }

    /// A broker that asks these rules too.
    #[must_use]
    pub fn under(self, more: &Arc<dyn SendRules>) -> Self {
        let allowed = self.allowed.iter().map(|allowed| {
            let rules = Rules { more: Some(Arc::clone(more)), ..allowed.rules.clone() };
            Allowed { rules, ..allowed.clone() }
        });
        Self { allowed: allowed.collect() }
    }

    /// The first destination that is refused whatever its name leads to.
    pub fn refused(&self) -> Option<(&Destination, Refusal)> {
        self.allowed.iter().find_map(|allowed| {
            let refusal = allowed.check().err()?;
            Some((&allowed.destination, refusal))
        })
    }

    pub(crate) fn allowed(&self) -> &[Allowed] {
        &self.allowed
    }
}

impl Allowed {
    /// Decides as far as it can be decided before anything is resolved.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        match self.destination.host() {
            Host::Address(address) => self.check_address(address),
            Host::Name(name) => self.check_owner(hyperscalers::of_host(&name)),
        }
    }

    /// Decides about everything that the name leads to: one address that is refused is a reason to
    /// use none of them.
    pub(crate) fn check_resolution(&self, resolution: &Resolution) -> Result<(), Refusal> {
        for name in &resolution.names {
            self.check_owner(hyperscalers::of_host(name))?;
        }
        resolution.addresses.iter().try_for_each(|&address| self.check_address(address))
    }

    fn check_address(&self, address: IpAddr) -> Result<(), Refusal> {
        if !self.reach.allows(address) {
            return Err(Refusal::Address { address, kind: AddressKind::of(address) });
        }
        self.check_owner(match self.rules.ranges.check(address) {
            RangeCheck::Within(operator) => Some(operator),
            RangeCheck::Outside | RangeCheck::NotMeasured => None,
        })
    }

    fn check_owner(&self, known: Option<&Operator>) -> Result<(), Refusal> {
        // What is declared counts: behind a port of this machine may lie a tunnel to another one.
        if self.is_this_machine() && self.declaration.record.is_none() {
            return Ok(());
        }
        let Declaration { class, purpose, record, .. } = &self.declaration;
        let question = Question {
            data_zone: self.data_zone(),
            class: *class,
            purpose: *purpose,
            record: record.as_ref(),
            known,
        };
        match self.rules.policy.decide(&question) {
            Decision::Allow(_) => match &self.rules.more {
                Some(more) => more.permit(&self.declaration.origin, &question),
                None => Ok(()),
            },
            Decision::Deny(denied) => Err(Refusal::Residency { denied }),
        }
    }

    /// Whether what is sent may be read by everybody.
    pub(crate) fn is_public(&self) -> bool {
        self.declaration.class == DataClass::Public
    }

    /// What is sent to this machine stays where it is, unless somebody declares otherwise.
    fn is_this_machine(&self) -> bool {
        match self.reach {
            Reach::Exactly(address) => AddressKind::of(address) == AddressKind::Loopback,
            Reach::Localhost => true,
            Reach::Public | Reach::Internal | Reach::Either => false,
        }
    }

    /// All data of an installation belongs to its region.
    fn data_zone(&self) -> Zone {
        self.rules.policy.region()
    }
}

fn reach(destination: &Destination, declaration: &Declaration) -> Reach {
    match destination.host() {
        Host::Address(address) => Reach::Exactly(address),
        Host::Name(_) if destination.is_localhost() => Reach::Localhost,
        Host::Name(_) if declaration.internal => Reach::Internal,
        Host::Name(_) if declaration.record.is_none() => Reach::Either,
        Host::Name(_) => Reach::Public,
    }
}
