//! Legal holds: what must not be removed, whoever asks for it.

use std::sync::Arc;

use domain::{AccountId, Caller, Clock, HoldId, HoldReason, IdSource, OrganisationId, Timestamp};

use crate::{Action, AuditFact, ProtectionError, Subject, Trail, ports::ProtectionStore};

/// Characters of a reference.
const REFERENCE_MAX: usize = 200;

/// An order to keep something from being removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub organisation: OrganisationId,
    /// `None`: everything of the organisation.
    pub account: Option<AccountId>,
    pub reason: HoldReason,
    /// Of the case, as others know it.
    pub reference: String,
    pub placed_at: Timestamp,
    pub lifted_at: Option<Timestamp>,
}

/// What to hold, and why.
#[derive(Clone, Debug)]
pub struct NewHold {
    pub account: Option<AccountId>,
    pub reason: HoldReason,
    pub reference: String,
}

/// What [`Holds`] is made of.
pub struct HoldsParts {
    pub store: Arc<dyn ProtectionStore>,
    pub trail: Trail,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
}

/// Places and lifts holds. Cheap to clone.
#[derive(Clone)]
pub struct Holds {
    store: Arc<dyn ProtectionStore>,
    trail: Trail,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Holds {
    pub fn new(parts: HoldsParts) -> Self {
        let HoldsParts { store, trail, clock, ids } = parts;
        Self { store, trail, clock, ids }
    }

    pub async fn place(&self, caller: &Caller, new: NewHold) -> Result<Hold, ProtectionError> {
        let reference = new.reference.trim();
        let characters = reference.chars().count();
        if !(1..=REFERENCE_MAX).contains(&characters) || reference.chars().any(char::is_control) {
            return Err(ProtectionError::Reference { characters_max: REFERENCE_MAX });
        }
        let now = self.clock.now();
        let hold = Hold {
            id: HoldId::from_uuid(self.ids.next(now)),
            organisation: caller.organisation,
            account: new.account,
            reason: new.reason,
            reference: reference.to_owned(),
            placed_at: now,
            lifted_at: None,
        };
        let fact = AuditFact::ok(Action::HoldPlace, *caller, Subject::Hold(hold.id));
        let audit = self.trail.entry(&fact).await?;
        if self.store.place_hold(&hold, &audit).await? {
            Ok(hold)
        } else {
            Err(ProtectionError::AccountUnknown)
        }
    }

    pub async fn lift(&self, caller: &Caller, id: HoldId) -> Result<(), ProtectionError> {
        let fact = AuditFact::ok(Action::HoldLift, *caller, Subject::Hold(id));
        let audit = self.trail.entry(&fact).await?;
        let now = self.clock.now();
        if self.store.lift_hold(caller.organisation, id, now, &audit).await? {
            Ok(())
        } else {
            Err(ProtectionError::HoldUnknown { id })
        }
    }

    /// Newest first, lifted ones too.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Hold>, ProtectionError> {
        let fact = AuditFact::ok(Action::HoldList, *caller, Subject::Nothing);
        self.trail.record(&fact).await?;
        Ok(self.store.holds(caller.organisation).await?)
    }
}
