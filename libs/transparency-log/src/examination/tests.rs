//! Every attack, at the sizes where trees and tiles change their shape.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::hash::empty_root;

const SIZES: [u64; 7] = [1, 2, 3, 255, 256, 257, 600];

/// Where checkpoints are made on the way, as far as the log reaches.
const SIGNED_ON_THE_WAY: [u64; 6] = [0, 1, 100, 256, 300, 512];

/// A log as somebody finds it, and what was kept outside of it.
#[derive(Clone, Debug)]
struct Found {
    entries: Vec<Vec<u8>>,
    recorded: Option<Vec<Hash>>,
    reference: Option<Vec<Hash>>,
    own: Vec<Checkpoint>,
    outside: Vec<Checkpoint>,
    bundle_entries: usize,
}

impl Found {
    /// Untouched, with checkpoints on the way and at the end.
    fn honest(size: u64) -> Self {
        let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
        let sizes = SIGNED_ON_THE_WAY.into_iter().filter(|signed| *signed < size).chain([size]);
        let own = sizes.map(|size| checkpoint(&entries, size)).collect();
        let recorded = Some(hashes(&entries));
        let (reference, outside) = (None, Vec::new());
        Self { entries, recorded, reference, own, outside, bundle_entries: 256 }
    }

    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The hashes and tiles are made again from the entries as they are now.
    fn rebuild_tiles(&mut self) {
        self.recorded = Some(hashes(&self.entries));
    }

    /// The owner of the key signs what there is now: from then on, nothing inside is wrong.
    fn sign_again(&mut self) {
        let size = self.size();
        for checkpoint in &mut self.own {
            *checkpoint = self::checkpoint(&self.entries, checkpoint.size.min(size));
        }
    }

    fn examine(&self) -> Result<Examined, Vec<Finding>> {
        let examination = Examination::with_outside(self.own.clone(), self.outside.clone());
        let mut examination = examination.map_err(|fork| vec![fork])?;
        let length = |hashes: &Option<Vec<Hash>>| hashes.as_ref().map_or(0, Vec::len);
        let longest = self.entries.len().max(length(&self.recorded)).max(length(&self.reference));
        for number in 0..longest.div_ceil(self.bundle_entries.min(256)) {
            let recorded = self.recorded.as_deref().map(|all| piece(all, number, 256));
            let reference = self.reference.as_deref().map(|all| piece(all, number, 256));
            let entries = piece(&self.entries, number, self.bundle_entries);
            examination.bundle(entries, recorded, reference);
        }
        examination.finish()
    }
}

fn piece<T>(all: &[T], number: usize, width: usize) -> &[T] {
    let end = all.len().min((number + 1) * width);
    all.get(number * width..end).unwrap_or(&[])
}

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

fn hashes(entries: &[Vec<u8>]) -> Vec<Hash> {
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

fn checkpoint(entries: &[Vec<u8>], size: u64) -> Checkpoint {
    let mut tree = TreeBuilder::new();
    for leaf in hashes(entries).into_iter().take(usize::try_from(size).unwrap()) {
        tree.push(leaf);
    }
    assert_eq!(tree.size(), size);
    Checkpoint { origin: "example.org/log".to_owned(), size, root: tree.root() }
}

fn other_hash() -> Hash {
    leaf_hash(b"of no entry")
}

/// Leaves at both ends, in the middle and beside the borders of tiles and checkpoints.
fn leaves(size: u64) -> Vec<u64> {
    let all = [0, 1, 99, 100, 254, 255, 256, 257, 299, 300, 511, 512, size / 2, size - 1];
    let mut leaves: Vec<u64> = all.into_iter().filter(|leaf| *leaf < size).collect();
    leaves.sort_unstable();
    leaves.dedup();
    leaves
}

fn at(leaf: u64) -> usize {
    usize::try_from(leaf).unwrap()
}

/// The largest checkpoint that does not cover a leaf, and the smallest that does.
fn around(found: &Found, leaf: u64) -> (u64, u64) {
    let sizes = || found.own.iter().map(|checkpoint| checkpoint.size);
    let from = sizes().filter(|size| *size <= leaf).max().unwrap_or(0);
    (from, sizes().filter(|size| *size > leaf).min().unwrap())
}

fn check(found: &Found, what: &str, expected: &[Finding]) {
    let size = found.size();
    assert_eq!(found.examine(), Err(expected.to_vec()), "{what}, {size} entries now");
}

/// Applies an attack at every leaf of every size and expects one finding.
fn check_each(attack: impl Fn(&mut Found, u64) -> Option<Finding>) {
    for size in SIZES {
        for leaf in leaves(size) {
            let mut found = Found::honest(size);
            if let Some(expected) = attack(&mut found, leaf) {
                check(&found, &format!("{size} entries, leaf {leaf}"), &[expected]);
            }
        }
    }
}

#[test]
fn an_honest_log_passes() {
    for size in [&[0], SIZES.as_slice()].concat() {
        let found = Found::honest(size);
        let honest = Examined {
            size,
            root: checkpoint(&found.entries, size).root,
            signed_size: size,
            checkpoints_matched: found.own.len(),
            reference_differs_at: None,
        };
        assert_eq!(found.examine(), Ok(honest));
        let bare = Found { recorded: None, ..found.clone() };
        assert_eq!(bare.examine(), Ok(honest));
        let with_reference = Found { reference: found.recorded.clone(), ..found.clone() };
        assert_eq!(with_reference.examine(), Ok(honest));
        let mut repeated = found.clone();
        repeated.own.extend(found.own.clone());
        repeated.own.reverse();
        repeated.outside = found.own.clone();
        assert_eq!(repeated.examine(), Ok(honest));
    }
}

#[test]
fn entries_that_no_checkpoint_covers_yet_pass() {
    for size in SIZES {
        let mut found = Found::honest(size);
        found.entries.extend((0..300).map(|number| entry(size + number)));
        let examined = found.examine().unwrap();
        assert_eq!((examined.size, examined.signed_size), (size + 300, size));
    }
    let nothing_signed = Found { own: Vec::new(), ..Found::honest(600) };
    assert_eq!(nothing_signed.examine().unwrap().signed_size, 0);
}

#[test]
fn an_edit_is_named_by_its_leaf() {
    check_each(|found, leaf| {
        found.entries[at(leaf)].push(b'!');
        Some(Finding::Edited { leaf })
    });
}

#[test]
fn an_entry_that_is_overwritten_with_another_is_edited() {
    check_each(|found, leaf| {
        let last = found.entries.last().cloned().unwrap();
        // With the last but one it could as well have been removed, and the last repeated.
        if leaf + 2 >= found.size() {
            return None;
        }
        found.entries[at(leaf)] = last;
        Some(Finding::Edited { leaf })
    });
}

#[test]
fn entries_that_are_overwritten_with_others_do_not_look_shifted() {
    let edited = [Finding::Edited { leaf: 100 }];
    let mut found = Found::honest(600);
    found.entries[100] = entry(400);
    found.entries[101] = b"other".to_vec();
    check(&found, "a later entry repeated before", &edited);
    let mut found = Found::honest(600);
    found.entries[100] = b"other".to_vec();
    found.entries[101] = b"another".to_vec();
    found.entries[400] = entry(100);
    check(&found, "an earlier entry repeated behind", &edited);
}

#[test]
fn an_edit_with_all_tiles_rebuilt_lies_between_two_checkpoints() {
    check_each(|found, leaf| {
        found.entries[at(leaf)].push(b'!');
        found.rebuild_tiles();
        let (from, to) = around(found, leaf);
        Some(Finding::Rebuilt { from, to })
    });
}

#[test]
fn hashes_kept_outside_tell_the_leaf_of_a_rebuilt_log() {
    check_each(|found, leaf| {
        found.reference = found.recorded.clone();
        found.entries[at(leaf)].push(b'!');
        found.rebuild_tiles();
        Some(Finding::Rebuilt { from: leaf, to: leaf + 1 })
    });
}

#[test]
fn hashes_kept_outside_narrow_even_when_they_end_before() {
    let mut found = Found::honest(600);
    found.reference = found.recorded.clone().map(|all| all[..550].to_vec());
    found.entries[570].push(b'!');
    found.rebuild_tiles();
    check(&found, "reference ends at 550", &[Finding::Rebuilt { from: 550, to: 600 }]);
    found.reference = found.reference.map(|all| all[..400].to_vec());
    check(&found, "reference ends at 400", &[Finding::Rebuilt { from: 512, to: 600 }]);
    let rebuilt = Some(hashes(&found.entries));
    found.reference = rebuilt.clone();
    found.reference.as_mut().unwrap()[100] = other_hash();
    check(&found, "reference is wrong before", &[Finding::Rebuilt { from: 512, to: 600 }]);
    found.reference = rebuilt;
    check(&found, "reference is rebuilt too", &[Finding::Rebuilt { from: 512, to: 600 }]);
}

#[test]
fn a_log_that_is_rebuilt_and_signed_again_contradicts_older_checkpoints() {
    for leaf in leaves(600) {
        let mut found = Found::honest(600);
        found.outside = found.own.clone();
        found.own.retain(|checkpoint| checkpoint.size == 600);
        found.outside.retain(|checkpoint| checkpoint.size < 600);
        found.entries[at(leaf)].push(b'!');
        found.rebuild_tiles();
        found.sign_again();
        let covering = found.outside.iter().find(|checkpoint| checkpoint.size > leaf);
        let Some(to) = covering.map(|checkpoint| checkpoint.size) else {
            assert!(found.examine().is_ok(), "no checkpoint outside covers leaf {leaf}");
            continue;
        };
        let (from, _) = around(&Found::honest(600), leaf);
        check(&found, "signed again", &[Finding::Rebuilt { from, to }]);
    }
}

#[test]
fn two_histories_of_one_size_are_a_fork() {
    check_each(|found, leaf| {
        let root = |found: &Found| found.own.last().unwrap().root;
        let size = found.size();
        let before = root(found);
        found.outside = vec![found.own.last().cloned().unwrap()];
        found.entries[at(leaf)].push(b'!');
        found.rebuild_tiles();
        found.sign_again();
        Some(Finding::Forked { size, roots: [root(found), before] })
    });
}

#[test]
fn every_fork_is_told_once() {
    let honest = Found::honest(600);
    let mut other = honest.clone();
    other.entries[290].push(b'!');
    other.sign_again();
    let all = [honest.own.clone(), other.own.clone(), other.own.clone()].concat();
    let pairs = honest.own.iter().zip(&other.own).filter(|(one, two)| one.root != two.root);
    let expected: Vec<Finding> = pairs
        .map(|(one, two)| Finding::Forked { size: one.size, roots: [one.root, two.root] })
        .collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(forks(&all), expected);
    assert_eq!(forks(&honest.own), []);
}

#[test]
fn an_empty_log_has_one_root() {
    let root = other_hash();
    let origin = "example.org/log".to_owned();
    let own = vec![Checkpoint { origin, size: 0, root }];
    let found = Found { own, ..Found::honest(0) };
    check(&found, "empty", &[Finding::Forked { size: 0, roots: [empty_root(), root] }]);
}

#[test]
fn truncation_is_told_with_both_sizes() {
    for signed_size in SIZES {
        for size in [&[0], leaves(signed_size).as_slice()].concat() {
            let mut found = Found::honest(signed_size);
            found.entries.truncate(at(size));
            let expected = [Finding::Truncated { size, signed_size }];
            check(&found, "tiles left", &expected);
            found.rebuild_tiles();
            check(&found, "tiles truncated", &expected);
            found.recorded = None;
            check(&found, "no tiles", &expected);
        }
    }
}

#[test]
fn a_roll_back_is_whole_in_itself() {
    for signed_size in SIZES {
        for size in [&[0], leaves(signed_size).as_slice()].concat() {
            let mut found = Found::honest(size);
            let newest = Found::honest(signed_size);
            found.outside = newest.own;
            check(&found, "old database", &[Finding::RolledBack { size, signed_size }]);
        }
    }
    let mut grown = Found { outside: Found::honest(600).own, ..Found::honest(300) };
    grown.entries.extend((300..400).map(entry));
    check(&grown, "went on", &[Finding::RolledBack { size: 400, signed_size: 600 }]);
    grown.entries.truncate(299);
    let truncated = |size| Finding::Truncated { size, signed_size: 600 };
    check(&grown, "cut as well", &[truncated(299)]);
    let mut edited = Found { outside: Found::honest(600).own, ..Found::honest(300) };
    edited.entries[7].push(b'!');
    check(&edited, "edited as well", &[Finding::Edited { leaf: 7 }, truncated(300)]);
}

#[test]
fn a_log_that_went_on_otherwise_after_a_roll_back_contradicts_what_was_kept() {
    let mut found = Found { outside: Found::honest(512).own, ..Found::honest(300) };
    found.entries.extend((0..700).map(|number| format!("other {number}").into_bytes()));
    found.rebuild_tiles();
    found.own.push(checkpoint(&found.entries, 1000));
    check(&found, "other entries from 300 on", &[Finding::Rebuilt { from: 300, to: 512 }]);
}

#[test]
fn entries_that_changed_places_are_named() {
    check_each(|found, leaf| {
        let with = leaf + 1;
        (with < found.size()).then(|| found.entries.swap(at(leaf), at(with)))?;
        Some(Finding::Reordered { leaf, with })
    });
    check_each(|found, leaf| {
        let with = found.size() - 1;
        (leaf < with).then(|| found.entries.swap(at(leaf), at(with)))?;
        Some(Finding::Reordered { leaf, with })
    });
}

#[test]
fn an_entry_that_was_moved_is_named_with_where_it_stands_now() {
    check_each(|found, leaf| {
        let with = found.size() - 1;
        (leaf < with).then_some(())?;
        let moved = found.entries.remove(at(leaf));
        found.entries.push(moved);
        Some(Finding::Reordered { leaf, with })
    });
    check_each(|found, leaf| {
        let with = found.size() - 1;
        (leaf < with).then_some(())?;
        let moved = found.entries.pop()?;
        found.entries.insert(at(leaf), moved);
        Some(Finding::Reordered { leaf, with })
    });
}

#[test]
fn an_insertion_shifts_what_follows() {
    for count in [1, 2, 255, 256, 300, 1500] {
        check_each(|found, leaf| {
            let inserted = (0..count).map(|number| format!("inserted {number}").into_bytes());
            found.entries.splice(at(leaf)..at(leaf), inserted);
            Some(Finding::Inserted { leaf, count })
        });
    }
}

#[test]
fn an_insertion_that_pushes_the_last_entry_out_is_an_insertion() {
    check_each(|found, leaf| {
        found.entries.insert(at(leaf), b"inserted".to_vec());
        found.entries.pop();
        let is_last = leaf + 1 == found.size();
        // Nothing follows that could have been shifted.
        Some(if is_last { Finding::Edited { leaf } } else { Finding::Inserted { leaf, count: 1 } })
    });
}

#[test]
fn a_removal_moves_up_what_follows() {
    for count in [1, 2, 255, 256, 300] {
        check_each(|found, leaf| {
            let end = leaf + count;
            (end < found.size()).then(|| found.entries.drain(at(leaf)..at(end)))?;
            Some(Finding::Removed { leaf, count })
        });
    }
}

#[test]
fn a_removal_is_found_when_the_log_has_gone_on() {
    check_each(|found, leaf| {
        let size = found.size();
        found.entries.extend((0..3).map(|number| entry(size + number)));
        found.entries.remove(at(leaf));
        // Of the last signed entry, nothing tells whether it was removed or edited.
        let is_last = leaf + 1 == size;
        Some(if is_last { Finding::Edited { leaf } } else { Finding::Removed { leaf, count: 1 } })
    });
}

#[test]
fn many_removed_entries_are_found_far_away() {
    let mut found = Found::honest(6000);
    found.entries.drain(1000..5000);
    check(&found, "4000 removed", &[Finding::Removed { leaf: 1000, count: 4000 }]);
}

#[test]
fn a_removal_and_a_truncation_are_two_findings() {
    let mut found = Found::honest(600);
    found.entries.truncate(590);
    found.entries.remove(7);
    let truncated = Finding::Truncated { size: 589, signed_size: 600 };
    check(&found, "both", &[Finding::Removed { leaf: 7, count: 1 }, truncated]);
}

#[test]
fn altered_tiles_do_not_accuse_the_entries() {
    check_each(|found, leaf| {
        found.recorded.as_mut().unwrap()[at(leaf)] = other_hash();
        Some(Finding::TilesAltered { leaf })
    });
    check_each(|found, leaf| {
        found.recorded.as_mut().unwrap().truncate(at(leaf));
        Some(Finding::TilesAltered { leaf })
    });
}

#[test]
fn a_missing_tile_is_found_if_others_are_there() {
    let found = Found::honest(600);
    let recorded = found.recorded.clone().unwrap();
    for given in [[true, false, true], [true, true, false]] {
        let mut examination = Examination::new(found.own.clone()).unwrap();
        for (number, given) in given.into_iter().enumerate() {
            let tile = given.then(|| piece(&recorded, number, 256));
            examination.bundle(piece(&found.entries, number, 256), tile, None);
        }
        let leaf = if given[1] { 512 } else { 256 };
        assert_eq!(examination.finish(), Err(vec![Finding::TilesAltered { leaf }]));
    }
}

#[test]
fn a_reference_ends_where_a_tile_of_it_is_missing() {
    let found = Found::honest(600);
    let reference = found.recorded.clone().unwrap();
    let mut examination = Examination::new(found.own.clone()).unwrap();
    for (number, given) in [true, false, true].into_iter().enumerate() {
        let tile = given.then(|| piece(&reference, number, 256));
        examination.bundle(piece(&found.entries, number, 256), None, tile);
    }
    assert_eq!(examination.finish().unwrap().reference_differs_at, None);
}

#[test]
fn comparing_ends_when_one_stream_runs_ahead() {
    // Tiles up to where the entries begin, then entries: (tiles ahead, what is found).
    let edited = Finding::Edited { leaf: 7 };
    let found_late = Finding::Rebuilt { from: 1, to: 100 };
    for (ahead, expected) in [(1024, edited), (1025, found_late)] {
        let mut found = Found::honest(2000);
        found.entries[7].push(b'!');
        let recorded = found.recorded.clone().unwrap();
        let mut examination = Examination::new(found.own.clone()).unwrap();
        examination.bundle(&[], Some(&recorded[..ahead]), None);
        examination.bundle(&found.entries, Some(&recorded[ahead..]), None);
        assert_eq!(examination.finish(), Err(vec![expected]), "{ahead}");
    }
}

#[test]
fn without_recorded_hashes_only_the_range_is_known() {
    check_each(|found, leaf| {
        found.recorded = None;
        found.entries[at(leaf)].push(b'!');
        let (from, to) = around(found, leaf);
        Some(Finding::Rebuilt { from, to })
    });
}

#[test]
fn a_reference_that_is_wrong_itself_is_mentioned() {
    for leaf in leaves(600) {
        let mut found = Found::honest(600);
        found.reference = found.recorded.clone();
        found.reference.as_mut().unwrap()[at(leaf)] = other_hash();
        assert_eq!(found.examine().unwrap().reference_differs_at, Some(leaf));
    }
}

#[test]
fn a_reference_covers_what_is_not_signed_yet() {
    let mut found = Found::honest(600);
    found.entries.extend((600..700).map(entry));
    found.reference = Some(hashes(&found.entries));
    assert!(found.examine().is_ok());
    found.entries[650].push(b'!');
    check(&found, "edited", &[Finding::Rebuilt { from: 650, to: 651 }]);
}

#[test]
fn bundles_of_other_widths_are_the_same_log() {
    for bundle_entries in [1, 7, 255, 257, 600] {
        let mut found = Found { bundle_entries, ..Found::honest(600) };
        assert!(found.examine().is_ok());
        found.entries.remove(300);
        check(&found, "removed", &[Finding::Removed { leaf: 300, count: 1 }]);
    }
}

#[test]
fn findings_are_told_in_one_sentence() {
    let (one, other) = (empty_root(), other_hash());
    let all = [
        Finding::Forked { size: 7, roots: [one, other] },
        Finding::Edited { leaf: 17 },
        Finding::Reordered { leaf: 17, with: 19 },
        Finding::Inserted { leaf: 17, count: 1 },
        Finding::Removed { leaf: 17, count: 2 },
        Finding::Rebuilt { from: 17, to: 18 },
        Finding::TilesAltered { leaf: 17 },
        Finding::Backdated { leaf: 17, at_us: 1_000_000, newest_us: 401_000_000 },
        Finding::Rebuilt { from: 17, to: 30 },
        Finding::Truncated { size: 17, signed_size: 30 },
        Finding::RolledBack { size: 17, signed_size: 30 },
    ];
    for finding in &all {
        let sentence = finding.to_string();
        assert!(!sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        assert!(sentence.contains("17") || finding.code() == "log.forked", "{sentence}");
        assert!(finding.code().starts_with("log."));
    }
    let mut sorted = all.clone();
    sorted.reverse();
    Finding::sort(&mut sorted);
    let codes =
        |findings: &[Finding]| -> Vec<&str> { findings.iter().map(Finding::code).collect() };
    assert_eq!(codes(&sorted)[0], "log.forked");
    assert_eq!(codes(&sorted)[8], "log.rebuilt");
    assert_eq!(all[3].to_string().split(' ').next(), Some("one"));
    assert_eq!(
        all[7].to_string(),
        "the entry of leaf 17 is back-dated: its time lies 400 s before that of an earlier entry"
    );
}

/// One change to one thing.
#[derive(Clone, Debug)]
enum Change {
    Entry(Index, u8),
    EntryGone(Index),
    EntryRepeated(Index),
    EntriesSwapped(Index, Index),
    Recorded(Index, u8),
    RecordedGone(Index),
    Root(Index, u8),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let (place, bit) = (any::<Index>, any::<u8>);
    prop_oneof![
        (place(), bit()).prop_map(|(place, bit)| Change::Entry(place, bit)),
        place().prop_map(Change::EntryGone),
        place().prop_map(Change::EntryRepeated),
        (place(), place()).prop_map(|(one, other)| Change::EntriesSwapped(one, other)),
        (place(), bit()).prop_map(|(place, bit)| Change::Recorded(place, bit)),
        place().prop_map(Change::RecordedGone),
        (place(), bit()).prop_map(|(place, bit)| Change::Root(place, bit)),
        place().prop_map(Change::Cut),
    ]
}

fn flipped(hash: Hash, bit: u8) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

/// Returns the first leaf that the change touches.
fn apply(found: &mut Found, change: &Change) -> usize {
    let Found { entries, recorded: Some(recorded), own, .. } = found else { panic!("no record") };
    let size = entries.len();
    match change {
        Change::Entry(place, bit) => {
            let entry = &mut entries[place.index(size)];
            let byte = usize::from(*bit) % entry.len();
            entry[byte] ^= 1 << (bit % 8);
            place.index(size)
        }
        Change::EntryGone(place) => {
            entries.remove(place.index(size));
            place.index(size)
        }
        Change::EntryRepeated(place) => {
            let entry = entries[place.index(size)].clone();
            entries.insert(place.index(size), entry);
            place.index(size) + 1
        }
        Change::EntriesSwapped(one, other) => {
            let one = one.index(size);
            let other = if other.index(size) == one { (one + 1) % size } else { other.index(size) };
            entries.swap(one, other);
            one.min(other)
        }
        Change::Recorded(place, bit) => {
            let hash = &mut recorded[place.index(size)];
            *hash = flipped(*hash, *bit);
            place.index(size)
        }
        Change::RecordedGone(place) => {
            recorded.remove(place.index(size));
            place.index(size)
        }
        Change::Root(place, bit) => {
            let number = place.index(own.len());
            let checkpoint = &mut own[number];
            checkpoint.root = flipped(checkpoint.root, *bit);
            // What it signed begins where the one before ended.
            number.checked_sub(1).map_or(0, |before| at(own[before].size))
        }
        Change::Cut(place) => {
            entries.truncate(place.index(size));
            place.index(size)
        }
    }
}

proptest! {
    /// A failure prints the change and the seed.
    #[test]
    fn any_single_change_is_found(size in 2_u64..700, change in change()) {
        let mut found = Found::honest(size);
        let leaf = apply(&mut found, &change);
        if leaf == at(size) {
            // A copy behind the last entry is a new entry, which no checkpoint covers yet.
            prop_assert_eq!(found.examine().unwrap().signed_size, size);
            return Ok(());
        }
        let findings = found.examine().unwrap_err();
        let first = findings[0].leaf();
        prop_assert!(first.is_none_or(|first| at(first) == leaf), "{:?}, not {}", findings, leaf);
        let exact = !matches!(change, Change::Root(..) | Change::Cut(_) | Change::EntryGone(_));
        prop_assert!(first.is_some() || !exact, "{:?}, not {}", findings, leaf);
    }
}
