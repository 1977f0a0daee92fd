use domain::{AccountId, Caller, OrganisationId};

/// Whose something is: nobody else sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    pub organisation: OrganisationId,
    pub account: AccountId,
}

impl From<&Caller> for Owner {
    fn from(caller: &Caller) -> Self {
        Self { organisation: caller.organisation, account: caller.account }
    }
}
