//! The file in force: applied, edited, exchanged, deleted, put back.

use std::{fs, path::PathBuf, sync::Arc};

use domain::{Permission, Role};
use governance::{Act, Actor, Asked, PolicyInForce, RulesError, ports::Rules as _};
use policy::{Held, Keeper, KeeperParts};
use tempfile::TempDir;

use crate::world::{PERMIT_ALL, RESIDENCY, Standing, account, key, place};

const FORBID_LOG: &str = "@id(\"all\")\npermit (principal, action, resource);\n\
    @id(\"no-log\")\nforbid (principal, action == Action::\"log\", resource);\n";

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("rules.cedar")
    }

    /// As another process opens it.
    fn open(&self) -> Keeper {
        self.open_with([3; 32])
    }

    fn open_with(&self, seal_key: [u8; 32]) -> Keeper {
        Keeper::open(KeeperParts {
            file: self.file(),
            seal_key,
            residency: RESIDENCY,
            place: place(),
            clock: Arc::new(Standing::default()),
            in_force: PolicyInForce::default(),
        })
    }

    fn apply(&self, text: Option<&str>) {
        let keeper = self.open();
        keeper.install(&keeper.prepare(text).unwrap()).unwrap();
    }
}

/// What the rules say to reading the log.
fn log(keeper: &Keeper) -> &'static str {
    let account = account(5, Role::Auditor);
    let actor = Actor::Account { account: &account, by: key() };
    match keeper.decide(&Asked { actor, act: Act::Use(Permission::ReadLog) }) {
        Ok(()) => "ok",
        Err(RulesError::Forbidden { .. }) => "forbidden",
        Err(RulesError::NotPermitted) => "not permitted",
        Err(RulesError::Unavailable { .. }) => "unavailable",
    }
}

#[test]
fn another_process_applies_and_the_next_question_obeys() {
    let world = World::new();
    let keeper = world.open();
    assert_eq!((log(&keeper), keeper.status().digest), ("ok", RESIDENCY));
    assert_eq!(keeper.are_there(), Ok(false));
    for _ in 0..3 {
        world.apply(Some(FORBID_LOG));
        assert_eq!(log(&keeper), "forbidden");
        world.apply(Some(PERMIT_ALL));
        assert_eq!(log(&keeper), "ok");
    }
    assert_ne!(keeper.status().digest, RESIDENCY);
    assert_eq!(keeper.status().serial, 6);
    world.apply(None);
    assert_eq!((log(&keeper), keeper.status().digest), ("ok", RESIDENCY));
    assert!(matches!(keeper.status().held, Held::Nothing));
    assert_eq!(world.open().status().serial, 7);
}

#[test]
fn what_was_not_applied_stops_everything_until_rules_are_applied() {
    let world = World::new();
    world.apply(Some(FORBID_LOG));
    let keeper = world.open();
    assert_eq!(log(&keeper), "forbidden");
    let whole = fs::read(world.file()).unwrap();
    let good = keeper.status().digest;
    let text = String::from_utf8(whole.clone()).unwrap();
    let edits: [Box<dyn Fn()>; 6] = [
        Box::new(|| fs::write(world.file(), text.replace("\"log\"", "\"keys\"")).unwrap()),
        Box::new(|| fs::write(world.file(), PERMIT_ALL).unwrap()),
        Box::new(|| fs::write(world.file(), "").unwrap()),
        Box::new(|| fs::write(world.file(), &whole[..whole.len() - 3]).unwrap()),
        Box::new(|| fs::write(world.file(), [0xff, 0xfe]).unwrap()),
        Box::new(|| fs::remove_file(world.file()).unwrap()),
    ];
    for edit in &edits {
        edit();
        assert_eq!(log(&keeper), "unavailable");
        assert!(keeper.are_there().is_err());
        assert_ne!(keeper.status().digest, good);
        assert_eq!(log(&keeper), "unavailable", "it stays so");
        fs::write(world.file(), &whole).unwrap();
        assert_eq!(log(&keeper), "forbidden", "what was applied is back");
        assert_eq!(keeper.status().digest, good);
    }
    assert_eq!(log(&world.open_with([4; 32])), "unavailable", "sealed by another installation");
    fs::write(world.file(), PERMIT_ALL).unwrap();
    assert_eq!(log(&world.open()), "unavailable", "neither does a start take it");
    world.apply(Some(PERMIT_ALL));
    assert_eq!(log(&keeper), "ok");
}

#[test]
fn an_earlier_file_is_not_taken_again() {
    let world = World::new();
    world.apply(Some(PERMIT_ALL));
    let early = fs::read(world.file()).unwrap();
    world.apply(Some(FORBID_LOG));
    let keeper = world.open();
    assert_eq!(log(&keeper), "forbidden");
    fs::write(world.file(), early).unwrap();
    assert_eq!(log(&keeper), "unavailable");
}

#[test]
fn rules_that_are_wrong_change_nothing() {
    let world = World::new();
    world.apply(Some(FORBID_LOG));
    let keeper = world.open();
    let before = fs::read(world.file()).unwrap();
    assert!(keeper.prepare(Some("permit")).is_err());
    assert_eq!(fs::read(world.file()).unwrap(), before);
    assert_eq!(log(&keeper), "forbidden");
}

#[test]
fn an_explanation_names_the_rules() {
    let world = World::new();
    world.apply(Some(FORBID_LOG));
    let account = account(5, Role::Auditor);
    let actor = Actor::Account { account: &account, by: key() };
    let asked = Asked { actor, act: Act::Use(Permission::ReadLog) };
    let explained = world.open().explain(&asked).unwrap().unwrap();
    assert_eq!(explained.permits, ["all"]);
    assert_eq!(explained.forbids, ["no-log"]);
    assert_eq!(World::new().open().explain(&asked), Ok(None));
}
