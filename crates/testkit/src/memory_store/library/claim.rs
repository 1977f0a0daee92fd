//! Whose version is read next, in memory.

use std::collections::BTreeMap;

use domain::{LibraryId, OrganisationId};
use knowledge::{
    ReadingState, VersionKey,
    ports::{Claim, Stage},
};

use super::State;

impl State {
    pub(super) fn claim_version(&mut self, stage: Stage, held: &[VersionKey]) -> Option<Claim> {
        let key = self.next_version(stage, held)?;
        self.libraries.turns += 1;
        let turn = self.libraries.turns;
        let kept = self.libraries.versions.get_mut(&key)?;
        kept.fence += 1;
        kept.attempts += 1;
        if kept.version.state == ReadingState::Queued {
            kept.version.state = ReadingState::Reading;
        }
        let library = self.libraries.libraries.get_mut(&kept.library)?;
        library.turn = turn;
        let document = self.libraries.documents.get(&kept.document)?;
        Some(Claim {
            key,
            organisation: kept.organisation,
            library: kept.library,
            document: kept.document,
            owner: library.library.owner,
            added_by: document.added_by,
            name: document.name.clone(),
            media_type: kept.media_type.clone(),
            digest: kept.version.digest,
            bytes: kept.version.bytes,
            state: kept.version.state,
            attempts: kept.attempts,
            fence: kept.fence,
        })
    }

    /// Of organisations with the fewest places, of their libraries with the fewest, each time that
    /// whose turn is the longest ago, the oldest.
    fn next_version(&self, stage: Stage, held: &[VersionKey]) -> Option<VersionKey> {
        let all = &self.libraries;
        let of_libraries = self.held_by_library(held);
        let held_of = |id: LibraryId| of_libraries.get(&id).copied().unwrap_or(0);
        let turn_of = |id: LibraryId| all.libraries.get(&id).map_or(0, |kept| kept.turn);
        let is_kept = |id: LibraryId| all.libraries.get(&id).is_some_and(|kept| !kept.is_removed);
        // As a store counts them: libraries in which something waits, held or not.
        let waiting = all
            .versions
            .iter()
            .filter(|(_, kept)| stage.takes(kept.version.state) && is_kept(kept.library));
        let mut organisations: BTreeMap<OrganisationId, (usize, u64)> = BTreeMap::new();
        let mut counted: Vec<LibraryId> = Vec::new();
        for (_, kept) in waiting.clone() {
            if !counted.contains(&kept.library) {
                counted.push(kept.library);
                let of = organisations.entry(kept.organisation).or_default();
                *of = (of.0 + held_of(kept.library), of.1.max(turn_of(kept.library)));
            }
        }
        let free = waiting.filter(|(key, _)| !held.contains(key));
        let next = free.min_by_key(|(key, kept)| {
            let organisation = organisations.get(&kept.organisation).copied().unwrap_or_default();
            let library = (held_of(kept.library), turn_of(kept.library), kept.library);
            (organisation, kept.organisation, library, **key)
        });
        next.map(|(key, _)| *key)
    }

    fn held_by_library(&self, held: &[VersionKey]) -> BTreeMap<LibraryId, usize> {
        let mut counts = BTreeMap::new();
        for kept in held.iter().filter_map(|key| self.libraries.versions.get(key)) {
            *counts.entry(kept.library).or_default() += 1;
        }
        counts
    }
}
