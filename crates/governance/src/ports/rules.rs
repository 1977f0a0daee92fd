//! The port of the customer's rules.

use crate::{Asked, RulesError};

/// Decides by rules that the customer wrote. Keeps them in memory, and looks whether they are
/// still the ones that were applied before it says anything.
pub trait Rules: Send + Sync {
    /// Whether any are in force.
    ///
    /// # Errors
    /// [`RulesError::Unavailable`] when that cannot be told, or what lies there was not applied.
    fn are_there(&self) -> Result<bool, RulesError>;

    /// `Ok` if a rule permits it and none forbids it, or if none are in force. Never waits.
    fn decide(&self, asked: &Asked<'_>) -> Result<(), RulesError>;
}
