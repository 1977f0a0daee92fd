//! Port of break-glass.

use async_trait::async_trait;
use domain::{OpeningId, OrganisationId};

use super::StoreError;
use crate::{AuditEntry, Opening};

/// Keeps who asked for whose conversations, and who agreed. Every implementation passes
/// `testkit::break_glass_suite`. Each method is one transaction, its audit entry included.
#[async_trait]
pub trait BreakGlassStore: Send + Sync {
    async fn insert_opening(&self, opening: &Opening, audit: &AuditEntry)
    -> Result<(), StoreError>;

    async fn opening(
        &self,
        organisation: OrganisationId,
        id: OpeningId,
    ) -> Result<Option<Opening>, StoreError>;

    /// Newest first.
    async fn openings(&self, organisation: OrganisationId) -> Result<Vec<Opening>, StoreError>;

    /// Keeps who approved and who closed. `false`, and nothing is kept, if the opening is not as
    /// `before` says: somebody else was faster.
    async fn update_opening(
        &self,
        before: &Opening,
        after: &Opening,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError>;
}
