use domain::{AccountId, Caller, OrganisationId};

/// Who asks, as far as permissions of libraries go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visitor {
    pub organisation: OrganisationId,
    pub account: AccountId,
}

impl From<&Caller> for Visitor {
    fn from(caller: &Caller) -> Self {
        Self { organisation: caller.organisation, account: caller.account }
    }
}
