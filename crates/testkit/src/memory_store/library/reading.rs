//! What is to be read, and what was, in memory.

use async_trait::async_trait;
use domain::Timestamp;
use governance::ports::StoreError;
use knowledge::{
    BytesId, Reading, ReadingState, VersionKey,
    ports::{BytesReader, Claim, ReadingStore, Stage, Step},
};

use super::{KeptVersion, MemoryStore, State, document::Reader, store_error};

#[async_trait]
impl ReadingStore for MemoryStore {
    async fn claim(&self, stage: Stage, held: &[VersionKey]) -> Result<Option<Claim>, StoreError> {
        let mut state = self.working().map_err(store_error("claim a version"))?;
        Ok(state.claim_version(stage, held))
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut state = self.working().map_err(store_error("give a version back"))?;
        if let Some(kept) = state.claimed_version(claim) {
            kept.attempts = kept.attempts.saturating_sub(1);
        }
        Ok(())
    }

    async fn source(&self, claim: &Claim) -> Result<Option<Box<dyn BytesReader>>, StoreError> {
        let state = self.working().map_err(store_error("read the bytes of a version"))?;
        let kept = state.libraries.versions.get(&claim.key);
        let bytes = kept.and_then(|kept| state.libraries.bytes.get(&kept.lies_at)).cloned();
        Ok(bytes.map(|bytes| Box::new(Reader { bytes }) as Box<dyn BytesReader>))
    }

    async fn keep_reading(
        &self,
        claim: &Claim,
        _lies_at: BytesId,
        reading: &Reading,
    ) -> Result<bool, StoreError> {
        let mut state = self.working().map_err(store_error("keep what was read"))?;
        let Some(kept) = state.claimed_version(claim) else { return Ok(false) };
        if kept.version.state != ReadingState::Reading {
            return Ok(false);
        }
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        kept.version.pages = count(reading.document.pages.len());
        kept.version.passages = count(reading.passages.len());
        kept.version.tokens = reading.tokens();
        kept.version.notes = count(reading.document.notes.len());
        kept.version.language = reading.language;
        kept.version.searchable = false;
        kept.reading = Some(reading.clone());
        Ok(true)
    }

    async fn reading(&self, claim: &Claim) -> Result<Option<Reading>, StoreError> {
        let state = self.working().map_err(store_error("read what was read"))?;
        let kept = state.libraries.versions.get(&claim.key);
        Ok(kept.and_then(|kept| kept.reading.clone()).map(without_places))
    }

    async fn advance(
        &self,
        steps: &[(Claim, Step)],
        at: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        let mut state = self.working().map_err(store_error("write down how far versions are"))?;
        Ok(steps.iter().map(|(claim, step)| state.take_on(claim, step, at)).collect())
    }
}

impl State {
    pub(super) fn claimed_version(&mut self, claim: &Claim) -> Option<&mut KeptVersion> {
        let kept = self.libraries.versions.get_mut(&claim.key)?;
        (kept.fence == claim.fence).then_some(kept)
    }

    fn take_on(&mut self, claim: &Claim, step: &Step, at: Timestamp) -> bool {
        let Some(kept) = self.claimed_version(claim) else { return false };
        if !kept.version.state.leads_to(step.state()) {
            return false;
        }
        kept.version.state = step.state();
        kept.version.ended_at = step.state().is_ended().then_some(at);
        match step {
            Step::Indexed => {
                kept.version.searchable = true;
                kept.indexed_at = Some(at);
                kept.attempts = 0;
                self.follow(claim.key);
            }
            Step::Ready => {}
            Step::Failed(failure) => kept.version.failure = Some(failure.clone()),
        }
        true
    }
}

/// As it is opened for a search.
pub(super) fn without_places(mut reading: Reading) -> Reading {
    reading.document.pages.iter_mut().for_each(|page| page.runs.clear());
    reading
}
