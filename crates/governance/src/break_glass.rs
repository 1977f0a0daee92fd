//! Break-glass: two persons open one person's conversations for a while, in sight of everybody
//! whom it concerns.

mod opening;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::{Account, AccountId, Caller, OpeningId, Permission, Timestamp};

use self::opening::is_entitled;
pub use self::opening::{
    Denial, MINUTES_MAX, MINUTES_MIN, Opening, OpeningState, REASON_CHARACTERS_MAX,
    REASON_CHARACTERS_MIN, Step, WAITING_SECONDS,
};
use crate::{
    Access, AccessError, Action, AuditEntry, AuditError, AuditFact, Subject,
    ports::{BreakGlassStore, StoreError},
};

/// Why nothing is opened.
#[derive(Debug, thiserror::Error)]
pub enum BreakGlassError {
    #[error("there is no such opening")]
    Unknown,
    #[error("the reason has {REASON_CHARACTERS_MIN} to {REASON_CHARACTERS_MAX} characters")]
    Reason,
    #[error("it lasts {MINUTES_MIN} to {MINUTES_MAX} minutes")]
    Minutes,
    #[error(transparent)]
    Denied(#[from] Denial),
    /// It was another one when it was looked at.
    #[error("somebody else was faster")]
    Changed,
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl BreakGlassError {
    /// Stable code, explained in `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "opening.unknown",
            Self::Reason | Self::Minutes => "request.invalid",
            Self::Denied(Denial::Over(_)) | Self::Changed => "opening.over",
            Self::Denied(
                Denial::OwnContent
                | Denial::OwnRequest
                | Denial::OfSubject
                | Denial::NoOfficer
                | Denial::NotEntitled
                | Denial::NotRequester,
            ) => "opening.denied",
            Self::Access(error) => error.code(),
        }
    }
}

impl From<StoreError> for BreakGlassError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl From<AuditError> for BreakGlassError {
    fn from(error: AuditError) -> Self {
        Self::Access(error.into())
    }
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct OpeningWish {
    pub subject: AccountId,
    pub reason: String,
    pub minutes: u16,
}

/// Proof that two persons have opened somebody's conversations to this caller, now. Nothing but
/// [`BreakGlass::permit`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct ReadPermit {
    caller: Caller,
    subject: AccountId,
}

impl ReadPermit {
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whose conversations may be read.
    pub const fn subject(&self) -> AccountId {
        self.subject
    }
}

/// Keeps who asked, who agreed, and for how long. Cheap to clone.
#[derive(Clone)]
pub struct BreakGlass {
    access: Access,
    store: Arc<dyn BreakGlassStore>,
}

impl BreakGlass {
    pub fn new(access: Access, store: Arc<dyn BreakGlassStore>) -> Self {
        Self { access, store }
    }

    pub async fn request(
        &self,
        caller: &Caller,
        wish: OpeningWish,
    ) -> Result<Opening, BreakGlassError> {
        let characters = wish.reason.trim().chars().count();
        if !(REASON_CHARACTERS_MIN..=REASON_CHARACTERS_MAX).contains(&characters) {
            return Err(BreakGlassError::Reason);
        }
        if !(MINUTES_MIN..=MINUTES_MAX).contains(&wish.minutes) {
            return Err(BreakGlassError::Minutes);
        }
        let requester = self.account(caller, caller.account).await?;
        let allowed = if wish.subject == caller.account {
            Err(Denial::OwnContent)
        } else if is_entitled(&requester) {
            Ok(())
        } else {
            Err(Denial::NotEntitled)
        };
        self.allowed(Action::BreakGlassRequest, caller, wish.subject, allowed).await?;
        let subject = self.account(caller, wish.subject).await?;
        let now = self.access.clock.now();
        let opening = Opening {
            id: OpeningId::from_uuid(self.access.ids.next(now)),
            organisation: caller.organisation,
            subject: subject.id,
            requester: requester.id,
            reason: wish.reason.trim().to_owned(),
            minutes: wish.minutes,
            requested_at: now,
            approved: None,
            closed: None,
        };
        let audit = self.entry(Action::BreakGlassRequest, caller, &opening).await?;
        self.store.insert_opening(&opening, &audit).await?;
        alarm(&opening, "somebody asks to open another one's conversations");
        Ok(opening)
    }

    /// All of the organisation for whoever may ask and agree or reads the log; for everybody else
    /// those that concern the own account.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Opening>, BreakGlassError> {
        self.access.record(Action::BreakGlassList, caller, Subject::Nothing).await?;
        let mut openings = self.store.openings(caller.organisation).await?;
        let sees_all = caller.permissions.contains(Permission::BreakGlass)
            || caller.permissions.contains(Permission::ReadLog);
        openings.retain(|opening| sees_all || opening.subject == caller.account);
        Ok(openings)
    }

    pub async fn approve(
        &self,
        caller: &Caller,
        id: OpeningId,
    ) -> Result<Opening, BreakGlassError> {
        let opening = self.find(caller, id).await?;
        let requester = self.account(caller, opening.requester).await?;
        let approver = self.account(caller, caller.account).await?;
        let now = self.access.clock.now();
        let allowed = opening.may_approve(&requester, &approver, now);
        self.allowed(Action::BreakGlassApprove, caller, opening.subject, allowed).await?;
        let step = Step { by: approver.id, at: now };
        let after = Opening { approved: Some(step), ..opening.clone() };
        self.change(Action::BreakGlassApprove, caller, &opening, after).await
    }

    /// Refuses it, or ends it early.
    pub async fn close(&self, caller: &Caller, id: OpeningId) -> Result<Opening, BreakGlassError> {
        let opening = self.find(caller, id).await?;
        let now = self.access.clock.now();
        let allowed = opening.may_close(now);
        self.allowed(Action::BreakGlassClose, caller, opening.subject, allowed).await?;
        let after =
            Opening { closed: Some(Step { by: caller.account, at: now }), ..opening.clone() };
        self.change(Action::BreakGlassClose, caller, &opening, after).await
    }

    /// Looks anew at each reading: time, roles and accounts of both. A refusal has its entry.
    pub async fn permit(
        &self,
        caller: &Caller,
        id: OpeningId,
    ) -> Result<ReadPermit, BreakGlassError> {
        let opening = self.find(caller, id).await?;
        let now = self.access.clock.now();
        let reader = self.account(caller, caller.account).await?;
        let allowed = match opening.approved {
            Some(step) => {
                let approver = self.account(caller, step.by).await?;
                opening.may_read(&reader, &approver, now)
            }
            None => Err(Denial::Over(opening.state(now))),
        };
        self.allowed(Action::BreakGlassRead, caller, opening.subject, allowed).await?;
        Ok(ReadPermit { caller: *caller, subject: opening.subject })
    }

    pub fn now(&self) -> Timestamp {
        self.access.clock.now()
    }

    async fn change(
        &self,
        action: Action,
        caller: &Caller,
        before: &Opening,
        after: Opening,
    ) -> Result<Opening, BreakGlassError> {
        let audit = self.entry(action, caller, before).await?;
        if !self.store.update_opening(before, &after, &audit).await? {
            return Err(BreakGlassError::Changed);
        }
        alarm(&after, action.as_str());
        Ok(after)
    }

    /// Writes a denial down with what was tried and on whom.
    async fn allowed(
        &self,
        action: Action,
        caller: &Caller,
        whose: AccountId,
        allowed: Result<(), Denial>,
    ) -> Result<(), BreakGlassError> {
        let Err(denial) = allowed else { return Ok(()) };
        let error = BreakGlassError::Denied(denial);
        let subject = Subject::Account(whose);
        let fact = AuditFact { outcome: error.code(), ..AuditFact::ok(action, *caller, subject) };
        self.access.trail.record(&fact).await?;
        Err(error)
    }

    async fn entry(
        &self,
        action: Action,
        caller: &Caller,
        opening: &Opening,
    ) -> Result<AuditEntry, BreakGlassError> {
        Ok(self.access.entry(action, caller, Subject::Account(opening.subject)).await?)
    }

    async fn find(&self, caller: &Caller, id: OpeningId) -> Result<Opening, BreakGlassError> {
        let found = self.store.opening(caller.organisation, id).await?;
        found.ok_or(BreakGlassError::Unknown)
    }

    async fn account(&self, caller: &Caller, id: AccountId) -> Result<Account, BreakGlassError> {
        let found = self.access.store.account(caller.organisation, id).await?;
        Ok(found.ok_or(AccessError::AccountUnknown)?)
    }
}

/// For whoever watches the log of the server; the officer sees it in the list.
fn alarm(opening: &Opening, what: &str) {
    tracing::warn!(opening = %opening.id, what, "break-glass");
}
