//! What somebody with access to the database, or with the key, could try.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use crate::log::{Log, START_US, entry_at, write};
use crate::program::{Run, assert_found, assert_verified, export, export_with};

/// An export of a log whose entries were changed after it was signed.
struct Scene {
    folder: TempDir,
    honest: Log,
}

impl Scene {
    fn new(size: u64) -> Self {
        let (folder, honest) = (tempdir().unwrap(), Log::of(size));
        honest.export(&folder.path().join("log"));
        honest.export(&folder.path().join("kept"));
        Self { folder, honest }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Changes entries; tiles and checkpoint stay.
    fn change_entries(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Log {
        let mut changed = self.honest.clone();
        change(&mut changed.entries);
        changed.export_entries(&self.log());
        changed
    }

    /// Changes entries and all hashes; the checkpoint stays.
    fn rebuild(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Log {
        let changed = self.change_entries(change);
        changed.export_tiles(&self.log());
        changed
    }

    /// Changes everything and signs it: what the holder of the key can do.
    fn sign_again(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Log {
        std::fs::remove_dir_all(self.log()).unwrap();
        let changed = self.rebuild(change);
        changed.export(&self.log());
        changed
    }

    fn keep(&self, sizes: &[usize]) -> PathBuf {
        write(self.folder.path(), "witness", self.honest.notes(sizes).as_bytes())
    }

    fn verify(&self) -> Run {
        export(&self.log(), &self.honest.key(), &[])
    }

    fn verify_with(&self, sizes: &[usize]) -> Run {
        export_with(&self.log(), &self.honest.key(), &[&self.keep(sizes)])
    }

    fn verify_against(&self) -> Run {
        let kept = self.folder.path().join("kept");
        let against: [&OsStr; 2] = ["--against".as_ref(), kept.as_os_str()];
        export(&self.log(), &self.honest.key(), &against)
    }
}

#[track_caller]
fn assert_range(run: &Run, from: u64, to: u64) {
    let finding = &run.json()["findings"][0];
    assert_eq!((&finding["from"], &finding["to"]), (&from.into(), &to.into()), "{run:?}");
}

#[test]
fn edits_are_named() {
    for (size, leaf) in [(1, 0), (256, 255), (257, 256), (600, 0), (600, 300), (600, 599)] {
        let scene = Scene::new(size);
        scene.change_entries(|entries| entries[leaf] = b"{}".to_vec());
        assert_found(&scene.verify(), &[&format!("log.edited {leaf}")]);
    }
}

#[test]
fn other_changes_are_named() {
    let scene = Scene::new(600);
    scene.change_entries(|entries| entries.swap(17, 18));
    assert_found(&scene.verify(), &["log.reordered 17"]);
    scene.change_entries(|entries| entries.swap(17, 540));
    // The times behind the first wrong leaf are no findings of their own.
    assert_found(&scene.verify(), &["log.reordered 17"]);
    scene.change_entries(|entries| {
        entries.insert(400, b"{\"action\":\"chat.complete\",\"at\":1}".to_vec());
        entries.pop();
    });
    assert_found(&scene.verify(), &["log.inserted 400", "log.backdated 400"]);
    scene.change_entries(|entries| {
        entries.remove(400);
        entries.push(b"{\"action\":\"chat.complete\",\"at\":1}".to_vec());
    });
    assert_found(&scene.verify(), &["log.removed 400"]);
}

#[test]
fn a_removed_entry_is_named_when_the_bundles_shrink() {
    let scene = Scene::new(600);
    let changed = scene.change_entries(|entries| drop(entries.remove(400)));
    let bytes = transparency_log::encode_bundle(&changed.entries[512..]).unwrap();
    write(&scene.log(), "tile/entries/002.p/88", &bytes);
    assert_found(&scene.verify(), &["log.removed 400", "export.incomplete"]);
}

#[test]
fn a_rebuilt_log_does_not_fit_its_checkpoint() {
    let scene = Scene::new(600);
    scene.rebuild(|entries| entries[300] = entry_at(300, START_US + 300_000_001));
    let run = scene.verify();
    assert_found(&run, &["log.rebuilt"]);
    assert_range(&run, 0, 600);
    let run = scene.verify_with(&[100, 256, 290, 310, 500]);
    assert_found(&run, &["log.rebuilt"]);
    assert_range(&run, 290, 310);
    let run = scene.verify_against();
    assert_found(&run, &["log.rebuilt 300"]);
    assert_eq!(run.json()["findings"][0]["entry"]["id"], "entry-300");
}

#[test]
fn what_the_holder_of_the_key_signs_again_contradicts_what_was_kept() {
    let scene = Scene::new(600);
    scene.sign_again(|entries| entries[300].push(b' '));
    assert_verified(&scene.verify());
    assert_verified(&scene.verify_with(&[300]));
    assert_found(&scene.verify_with(&[300, 400]), &["log.rebuilt"]);
    assert_found(&scene.verify_with(&[301]), &["log.rebuilt"]);
    assert_found(&scene.verify_with(&[600]), &["log.forked", "log.rebuilt"]);
    assert_found(&scene.verify_against(), &["log.forked", "log.rebuilt 300"]);
}

#[test]
fn a_log_that_was_rolled_back_ends_before_what_was_kept() {
    for size in [599, 512, 256, 1, 0] {
        let scene = Scene::new(600);
        scene.sign_again(|entries| entries.truncate(size));
        assert_verified(&scene.verify());
        assert_verified(&scene.verify_with(&[size.min(100)]));
        let run = scene.verify_with(&[1, 600]);
        assert_found(&run, &["log.rolled_back"]);
        assert_eq!(run.json()["findings"][0]["size"], size);
        assert_eq!(run.json()["findings"][0]["signed_size"], 600);
        assert_found(&scene.verify_against(), &["log.rolled_back"]);
    }
}

#[test]
fn a_log_that_went_on_after_a_roll_back_is_another_history() {
    let scene = Scene::new(600);
    scene.sign_again(|entries| {
        entries.truncate(450);
        entries.extend((450..700).map(|number| entry_at(number + 1, START_US + 1_000_000_000)));
    });
    assert_verified(&scene.verify());
    let run = scene.verify_with(&[450, 500, 600]);
    assert_found(&run, &["log.rebuilt"]);
    assert_range(&run, 450, 500);
    assert_found(&scene.verify_against(), &["log.rebuilt 450"]);
}

#[test]
fn the_end_that_is_missing_in_the_files_is_named_by_its_file() {
    let scene = Scene::new(600);
    let bytes = transparency_log::encode_bundle(&scene.honest.entries[512..590]).unwrap();
    write(&scene.log(), "tile/entries/002.p/88", &bytes);
    assert_found(&scene.verify(), &["log.truncated", "export.incomplete"]);
}

#[test]
fn an_export_kept_outside_must_be_whole_itself() {
    let scene = Scene::new(600);
    assert_verified(&scene.verify_against());
    let kept = |name: &str| scene.folder.path().join("kept").join(name);
    let tile = std::fs::read(kept("tile/0/001")).unwrap();
    let mut altered = tile.clone();
    altered[100] ^= 1;
    std::fs::write(kept("tile/0/001"), altered).unwrap();
    assert_found(&scene.verify_against(), &["export.incomplete"]);
    std::fs::remove_file(kept("tile/0/001")).unwrap();
    assert_found(&scene.verify_against(), &["export.incomplete"]);
    std::fs::write(kept("tile/0/001"), tile).unwrap();
    assert_verified(&scene.verify_against());
    std::fs::remove_file(kept("checkpoint")).unwrap();
    assert_found(&scene.verify_against(), &["export.incomplete"]);
}

#[test]
fn an_earlier_export_serves_as_reference() {
    let scene = Scene::new(600);
    std::fs::remove_dir_all(scene.folder.path().join("kept")).unwrap();
    let mut earlier = scene.honest.clone();
    earlier.entries.truncate(350);
    earlier.export(&scene.folder.path().join("kept"));
    assert_verified(&scene.verify_against());
    scene.rebuild(|entries| entries[300].push(b' '));
    assert_found(&scene.verify_against(), &["log.rebuilt 300"]);
    scene.rebuild(|entries| entries[400].push(b' '));
    let run = scene.verify_against();
    assert_found(&run, &["log.rebuilt"]);
    assert_range(&run, 350, 600);
}

/// The same attack on a chain of hashes without key and checkpoints passes unnoticed.
#[test]
fn a_chain_without_signatures_would_not_notice() {
    let chain = |entries: &[Vec<u8>]| {
        entries.iter().fold(transparency_log::empty_root(), |before, entry| {
            transparency_log::node_hash(&before, &transparency_log::leaf_hash(entry))
        })
    };
    let verify = |entries: &[Vec<u8>], stored: transparency_log::Hash| chain(entries) == stored;
    let mut entries = Log::of(600).entries;
    let stored = chain(&entries);
    assert!(verify(&entries, stored));
    entries[300].push(b' ');
    assert!(!verify(&entries, stored), "an edit alone is noticed");
    let rebuilt = chain(&entries);
    assert!(verify(&entries, rebuilt), "an edit with everything behind it rebuilt is not");
}

#[test]
fn findings_do_not_depend_on_the_working_directory() {
    let scene = Scene::new(10);
    let relative = Path::new("log");
    let run = export(relative, &scene.honest.key(), &[]);
    assert_eq!(run.code, 3, "there is no such directory where the program runs");
}
