//! Whether everything that is stored can be read.

use domain::OrganisationId;
use knowledge::IndexError;
use roaring::RoaringTreemap;

use super::SegmentIndex;
use crate::{deadline::Deadline, failure::damaged, objects::segment_name};

impl SegmentIndex {
    /// Reads every object that belongs to the index, whether it is open already or not.
    pub(super) async fn check_segments(
        &self,
        organisation: OrganisationId,
        deadline: Deadline,
    ) -> Result<RoaringTreemap, IndexError> {
        let current = self.chain.check(organisation).await?;
        let mut versions = RoaringTreemap::new();
        for entry in &current.manifest.segments {
            let segment = self.opened.read(organisation, entry.id, deadline).await?;
            let name = segment_name(organisation, entry.id);
            let segment = segment.ok_or_else(|| damaged(name.to_string(), "it is not there"))?;
            versions |= &segment.versions;
        }
        Ok(versions)
    }
}
