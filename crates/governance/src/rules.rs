//! Rules of the customer: what is denied beside what roles, keys and residency deny.
//!
//! They come last and can only take away: whoever asks them has been let through by everything that
//! is built in. What they say is asked anew for each access.

use std::sync::Arc;

use domain::{Account, Caller, ModelId, Permission, Principal};

use crate::ports::{AccessStore, Rules};

/// Who does something, as rules see it.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// An account, and what proved it.
    Account { account: &'a Account, by: Principal },
    /// The installation itself: it sends to a destination.
    Installation,
}

/// What is done, as rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// A route that asks for this permission is used.
    Use(Permission),
    /// A model answers.
    Infer(ModelFacts<'a>),
    /// A model turns texts into vectors.
    Embed(ModelFacts<'a>),
    /// Something is sent to a destination beyond this process.
    Send(DestinationFacts<'a>),
}

/// What rules see of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts<'a> {
    pub id: &'a ModelId,
    /// SHA-256 of the model, lower-case hexadecimal.
    pub digest: &'a str,
    pub architecture: &'a str,
    /// Whether it stands on the weights of another model.
    pub is_adapter: bool,
}

/// What rules see of a destination: words of the residency policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestinationFacts<'a> {
    /// Scheme, host and port.
    pub origin: &'a str,
    pub data_class: &'a str,
    pub purpose: &'a str,
    /// Where its machines stand; `None` where nothing is declared.
    pub zone: Option<&'a str>,
    pub operator_jurisdiction: Option<&'a str>,
    pub parent_jurisdiction: Option<&'a str>,
}

/// One access that rules decide about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub actor: Actor<'a>,
    pub act: Act<'a>,
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("the rule `{rule}` of this installation forbids it")]
    Forbidden { rule: Arc<str> },
    #[error("no rule of this installation permits it")]
    NotPermitted,
    /// Nothing is decided without them, so nothing is done.
    #[error("the rules of this installation cannot be asked: {reason}")]
    Unavailable { reason: Arc<str> },
}

impl RulesError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Forbidden { .. } | Self::NotPermitted => "policy.denied",
            Self::Unavailable { .. } => "policy.unavailable",
        }
    }
}

/// Asks the rules for callers. Cheap to clone.
#[derive(Clone)]
pub struct Rulebook {
    /// `None`: an installation that cannot have rules.
    parts: Option<(Arc<dyn Rules>, Arc<dyn AccessStore>)>,
}

impl Rulebook {
    /// The accounts are read anew for each question: a role that was changed counts at once.
    pub fn new(rules: Arc<dyn Rules>, accounts: Arc<dyn AccessStore>) -> Self {
        Self { parts: Some((rules, accounts)) }
    }

    /// Denies nothing.
    pub const fn without_rules() -> Self {
        Self { parts: None }
    }

    /// Whether there is something to ask; false spares gathering what rules would see.
    pub fn has_rules(&self) -> Result<bool, RulesError> {
        match &self.parts {
            Some((rules, _)) => rules.are_there(),
            None => Ok(false),
        }
    }

    /// Whether the caller may do what everything built in allows. Fails closed.
    pub async fn permits(&self, caller: &Caller, act: Act<'_>) -> Result<(), RulesError> {
        let Some((rules, accounts)) = &self.parts else { return Ok(()) };
        if !rules.are_there()? {
            return Ok(());
        }
        let account = accounts.account(caller.organisation, caller.account).await;
        let account = account.map_err(|error| unavailable(error.to_string()))?;
        let account = account.ok_or_else(|| unavailable("the account is not known any more"))?;
        let actor = Actor::Account { account: &account, by: caller.principal };
        rules.decide(&Asked { actor, act })
    }
}

fn unavailable(reason: impl Into<Arc<str>>) -> RulesError {
    RulesError::Unavailable { reason: reason.into() }
}
