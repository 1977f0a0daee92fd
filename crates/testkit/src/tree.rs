//! A tree of entries in memory.

use std::collections::HashMap;

use assistant::Entry;
use domain::EntryId;

/// The entries from the root to `end`, root first; none if there is no such entry or its path is
/// broken.
pub(crate) fn path(entries: &[Entry], end: EntryId) -> Vec<&Entry> {
    let by_id: HashMap<EntryId, &Entry> = entries.iter().map(|entry| (entry.id, entry)).collect();
    let mut path = Vec::new();
    let mut next = Some(end);
    while let Some(id) = next {
        // A path longer than the tree goes in a circle.
        let Some(entry) = by_id.get(&id).filter(|_| path.len() < entries.len()) else {
            return Vec::new();
        };
        path.push(*entry);
        next = entry.parent;
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use assistant::{Body, Question};
    use domain::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::Random;

    fn id(number: usize) -> EntryId {
        EntryId::from_uuid(Uuid::from_u128(number as u128))
    }

    fn entry(number: usize, parent: Option<usize>) -> Entry {
        Entry {
            id: id(number),
            parent: parent.map(id),
            created_at: Timestamp::from_micros(0),
            completed_at: None,
            body: Body::Question(Question { text: "?".to_owned(), attachments: Vec::new() }),
        }
    }

    #[test]
    fn a_broken_path_is_none() {
        let lost = [entry(1, Some(0))];
        assert!(path(&lost, id(1)).is_empty() && path(&lost, id(2)).is_empty());
        let circle = [entry(0, Some(1)), entry(1, Some(0))];
        assert!(path(&circle, id(0)).is_empty());
    }

    #[test]
    fn every_path_of_a_random_tree_leads_from_its_root_to_its_end() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let size = 1 + usize::try_from(random.below(60)).expect("small");
            let mut parents = Vec::new();
            for number in 0..size {
                let any = usize::try_from(random.below(number as u64 + 1)).expect("small");
                // The number itself stands for no parent.
                parents.push((any < number).then_some(any));
            }
            let mut entries: Vec<Entry> =
                parents.iter().enumerate().map(|(number, parent)| entry(number, *parent)).collect();
            // Their order does not matter.
            for at in (1..size).rev() {
                let other = usize::try_from(random.below(at as u64 + 1)).expect("small");
                entries.swap(at, other);
            }
            for end in 0..size {
                let mut expected = vec![id(end)];
                let mut next = parents[end];
                while let Some(parent) = next {
                    expected.insert(0, id(parent));
                    next = parents[parent];
                }
                let found: Vec<EntryId> =
                    path(&entries, id(end)).into_iter().map(|entry| entry.id).collect();
                assert_eq!(found, expected, "seed {seed}, entry {end}");
            }
        }
    }
}
