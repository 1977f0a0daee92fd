//! What has to be done so that a library holds what lies in a folder. Decided here, done elsewhere.

use std::collections::{HashMap, HashSet};

/// A file, as far as the decision goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// SHA-256, hexadecimal.
    pub(super) digest: String,
}

/// A document, likewise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) name: String,
    /// SHA-256 of its version, hexadecimal; `None` if the server does not tell.
    pub(super) digest: Option<String>,
}

/// What is to be done, by the places in the two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Files that are sent: new ones, and those that have changed.
    pub(super) send: Vec<usize>,
    /// Documents that get another name, and the files that have it.
    pub(super) rename: Vec<(usize, usize)>,
    /// Documents of which there is no file.
    pub(super) gone: Vec<usize>,
    /// How many files are there as they are.
    pub(super) same: usize,
}

impl Plan {
    /// `kept`: the newest first. Of documents with one name the newest counts.
    pub(super) fn of(wanted: &[Wanted], kept: &[Kept]) -> Self {
        let names: HashSet<&str> = wanted.iter().map(|file| file.name.as_str()).collect();
        let (mut by_name, mut by_digest) = (HashMap::new(), HashMap::new());
        for (place, document) in kept.iter().enumerate().rev() {
            by_name.insert(document.name.as_str(), place);
            if let Some(digest) = &document.digest {
                by_digest.insert(digest.as_str(), place);
            }
        }
        let (mut plan, mut renamed) = (Self::default(), HashSet::new());
        for (at, file) in wanted.iter().enumerate() {
            let of_name = by_name.get(file.name.as_str()).and_then(|place| kept.get(*place));
            let alike = by_digest.get(file.digest.as_str()).copied();
            let has_other_file =
                |place: usize| kept.get(place).is_some_and(|one| names.contains(one.name.as_str()));
            match (of_name, alike) {
                (Some(document), _) if document.digest.as_ref() == Some(&file.digest) => {
                    plan.same += 1;
                }
                // A library keeps the same bytes once: this is a copy of another file.
                (None, Some(place)) if has_other_file(place) => plan.same += 1,
                (None, Some(place)) if renamed.insert(place) => plan.rename.push((place, at)),
                (None, Some(_)) => plan.same += 1,
                (Some(_), _) | (None, None) => plan.send.push(at),
            }
        }
        let is_gone = |(place, document): &(usize, &Kept)| {
            !names.contains(document.name.as_str()) && !renamed.contains(place)
        };
        plan.gone = kept.iter().enumerate().filter(is_gone).map(|(place, _)| place).collect();
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], documents: &[(&str, &str)], expected: &str) {
        let wanted = files.iter().map(|(name, digest)| Wanted {
            name: (*name).to_owned(),
            digest: (*digest).to_owned(),
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let kept = documents.iter().map(|(name, digest)| Kept {
            id: format!("id of {name}"),
            name: (*name).to_owned(),
            digest: Some((*digest).to_owned()).filter(|digest| !digest.is_empty()),
        });
        let kept: Vec<Kept> = kept.collect();
        let Plan { send, rename, gone, same } = Plan::of(&wanted, &kept);
        let found = format!("send {send:?} rename {rename:?} gone {gone:?} same {same}");
        assert_eq!(found, expected, "{files:?} {documents:?}");
    }

    #[test]
    fn only_what_has_changed_is_sent() {
        check(&[], &[], "send [] rename [] gone [] same 0");
        check(&[("a", "1")], &[], "send [0] rename [] gone [] same 0");
        check(&[("a", "1")], &[("a", "1")], "send [] rename [] gone [] same 1");
        check(&[("a", "2"), ("b", "3")], &[("a", "1")], "send [0, 1] rename [] gone [] same 0");
        check(&[("a", "1")], &[("a", "")], "send [0] rename [] gone [] same 0");
        check(&[], &[("a", "1"), ("b", "2")], "send [] rename [] gone [0, 1] same 0");
    }

    #[test]
    fn what_has_another_name_is_not_sent_again() {
        check(&[("b", "1")], &[("a", "1")], "send [] rename [(0, 0)] gone [] same 0");
        // One of two copies takes the document along.
        check(&[("b", "1"), ("c", "1")], &[("a", "1")], "send [] rename [(0, 0)] gone [] same 1");
        // A copy of a file that is there still.
        check(&[("a", "1"), ("b", "1")], &[("a", "1")], "send [] rename [] gone [] same 2");
        // Two that have exchanged their contents.
        check(
            &[("a", "2"), ("b", "1")],
            &[("a", "1"), ("b", "2")],
            "send [0, 1] rename [] gone [] same 0",
        );
    }

    #[test]
    fn of_one_name_the_newest_counts() {
        check(&[("a", "2")], &[("a", "2"), ("a", "1")], "send [] rename [] gone [] same 1");
    }
}
