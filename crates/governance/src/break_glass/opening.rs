//! One time that somebody asks to open another one's conversations: what it is at which moment,
//! and who may do what about it. Decides, and does nothing.

use domain::{Account, AccountId, AccountKind, OpeningId, OrganisationId, Role, Timestamp};

/// A request that nobody agreed to ends after a day.
pub const WAITING_SECONDS: i64 = 24 * 60 * 60;

/// So long may somebody read, in minutes.
pub const MINUTES_MIN: u16 = 5;
pub const MINUTES_MAX: u16 = 240;

/// So long may the reason be, in characters.
pub const REASON_CHARACTERS_MIN: usize = 10;
pub const REASON_CHARACTERS_MAX: usize = 1_000;

/// One request to read what another account wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub id: OpeningId,
    pub organisation: OrganisationId,
    /// Whose conversations.
    pub subject: AccountId,
    pub requester: AccountId,
    /// The subject reads it too.
    pub reason: String,
    pub minutes: u16,
    pub requested_at: Timestamp,
    pub approved: Option<Step>,
    /// Refused or ended early.
    pub closed: Option<Step>,
}

/// Who did something, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub by: AccountId,
    pub at: Timestamp,
}

/// What an [`Opening`] is at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningState {
    /// For a second person.
    Waiting,
    /// Nobody agreed in time.
    Lapsed,
    /// Closed before anybody agreed.
    Refused,
    /// The requester may read.
    Open,
    /// Its time is over.
    Ended,
    /// Closed before its time was over.
    Revoked,
}

impl OpeningState {
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Lapsed, Self::Refused, Self::Open, Self::Ended, Self::Revoked];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Lapsed => "lapsed",
            Self::Refused => "refused",
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }
}

/// Why somebody may not do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    #[error("nobody opens the own conversations: they are there to be read")]
    OwnContent,
    #[error("whoever asked cannot agree: a second person has to")]
    OwnRequest,
    #[error("whose conversations they are cannot agree: a third person has to")]
    OfSubject,
    #[error("one of the two has to be a data officer")]
    NoOfficer,
    #[error("one of the two may not do this any more: the account is disabled or has another role")]
    NotEntitled,
    #[error("whoever asked reads, and nobody else")]
    NotRequester,
    #[error("it is {}", .0.as_str())]
    Over(OpeningState),
}

impl Opening {
    /// When reading ends by itself, if somebody has agreed.
    pub fn until(&self) -> Option<Timestamp> {
        self.approved.map(|step| step.at.plus_seconds(i64::from(self.minutes) * 60))
    }

    pub fn state(&self, now: Timestamp) -> OpeningState {
        let lapses_at = self.requested_at.plus_seconds(WAITING_SECONDS);
        match (self.until(), self.closed) {
            (None, Some(_)) => OpeningState::Refused,
            (None, None) if now < lapses_at => OpeningState::Waiting,
            (None, None) => OpeningState::Lapsed,
            (Some(until), Some(step)) if step.at < until => OpeningState::Revoked,
            (Some(until), _) if now < until && !self.is_early(now) => OpeningState::Open,
            (Some(_), _) => OpeningState::Ended,
        }
    }

    /// A clock that was set back closes it too: nobody knows how long it has been open.
    fn is_early(&self, now: Timestamp) -> bool {
        self.approved.is_some_and(|step| now < step.at)
    }

    /// Whether these two stand for it now.
    fn pair(requester: &Account, second: &Account) -> Result<(), Denial> {
        if !is_entitled(requester) || !is_entitled(second) {
            return Err(Denial::NotEntitled);
        }
        let is_officer = |account: &Account| account.role == Role::DataOfficer;
        if is_officer(requester) || is_officer(second) { Ok(()) } else { Err(Denial::NoOfficer) }
    }

    pub(crate) fn may_approve(
        &self,
        requester: &Account,
        approver: &Account,
        now: Timestamp,
    ) -> Result<(), Denial> {
        if approver.id == self.requester {
            return Err(Denial::OwnRequest);
        }
        if approver.id == self.subject {
            return Err(Denial::OfSubject);
        }
        match self.state(now) {
            OpeningState::Waiting => Self::pair(requester, approver),
            over => Err(Denial::Over(over)),
        }
    }

    /// `approver` is the account of whoever agreed.
    pub(crate) fn may_read(
        &self,
        reader: &Account,
        approver: &Account,
        now: Timestamp,
    ) -> Result<(), Denial> {
        if reader.id != self.requester {
            return Err(Denial::NotRequester);
        }
        match self.state(now) {
            OpeningState::Open => Self::pair(reader, approver),
            over => Err(Denial::Over(over)),
        }
    }

    /// Everybody who may ask may also end it.
    pub(crate) fn may_close(&self, now: Timestamp) -> Result<(), Denial> {
        match self.state(now) {
            OpeningState::Waiting | OpeningState::Open => Ok(()),
            over => Err(Denial::Over(over)),
        }
    }
}

/// Who may ask and agree: persons who answer for the organisation or for data protection.
pub(crate) fn is_entitled(account: &Account) -> bool {
    account.disabled_at.is_none()
        && account.kind == AccountKind::Person
        && account.role.permissions().contains(domain::Permission::BreakGlass)
}
