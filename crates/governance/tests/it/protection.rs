//! Erasures, holds and terms on in-memory stores and a simulated clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Account, AccountKind, Caller, ErasureReason, HoldReason, OrderedBy, OrganisationId,
    RetentionClass, Role, Term,
};
use governance::{
    AccessError, ErasedClass, ErasureState, Erasures, ErasuresParts, Holds, HoldsParts, Log,
    LogParts, NewAccount, NewHold, ProtectionError, ReceiptLog, Retention, RetentionParts,
    SubjectId,
    ports::{AccessStore as _, DerivedContent, StoreError},
};
use testkit::{MemoryWitness, SeededIds};
use transparency_log::{SignedNote, Signer};

use crate::World;

const DAY: Duration = Duration::from_hours(24);

fn signer() -> Signer {
    Signer::from_seed("example.org/log", [5; 32]).unwrap()
}

async fn log(world: &World) -> Log {
    Log::open(LogParts {
        store: world.store.clone(),
        signer: signer(),
        witness: Arc::new(MemoryWitness::new(signer().verifier())),
        clock: Arc::new(world.clock.clone()),
        gate: world.gate.clone(),
        every: Duration::from_secs(5),
        witness_grace: Duration::from_mins(10),
    })
    .await
    .unwrap()
}

fn erasures(world: &World, log: &Log) -> Erasures {
    Erasures::new(ErasuresParts {
        store: world.store.clone(),
        access: world.access.clone(),
        log: ReceiptLog::new(log.reader().clone(), signer()),
        turns: None,
        patience: Duration::ZERO,
    })
}

fn holds(world: &World) -> Holds {
    Holds::new(HoldsParts {
        store: world.store.clone(),
        trail: world.trail.clone(),
        clock: Arc::new(world.clock.clone()),
        ids: Arc::new(SeededIds::new(99)),
    })
}

fn retention(world: &World, terms: Vec<Term>) -> Retention {
    Retention::new(RetentionParts {
        store: world.store.clone(),
        access: world.access.clone(),
        trail: world.trail.clone(),
        clock: Arc::new(world.clock.clone()),
        terms,
    })
}

/// Somebody of a role, signed in.
async fn somebody(world: &World, name: &str, role: Role) -> (Account, Caller, String) {
    let operator = world.access.operator().await.unwrap();
    let new = NewAccount { name: name.parse().unwrap(), kind: AccountKind::Person, role };
    let account = world.access.create_account(&operator, &new).await.unwrap();
    let link = world.access.invite(&operator, account.id).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    let token = signed_in.token.expose().to_owned();
    let (caller, _, _) = world.access.authenticate_session(&token).await.unwrap();
    (account, caller, token)
}

#[tokio::test]
async fn somebody_is_erased_and_a_certificate_says_so() {
    let world = World::founded().await;
    let log = log(&world).await;
    let (anne, _, token) = somebody(&world, "anne@ministere.example", Role::Member).await;
    let (_, officer, _) = somebody(&world, "officer", Role::DataOfficer).await;
    log.checkpoint().await.unwrap();
    let (_, before) = log.reader().checkpoint().await.unwrap().unwrap();
    let pseudonym = world.trail.account_pseudonym(anne.organisation, anne.id).await.unwrap();
    let erasures = erasures(&world, &log);

    let ordered = erasures.order(&officer, anne.id, ErasureReason::RequestOfPerson).await.unwrap();
    assert_eq!(ordered.ordered_by, OrderedBy::Role(Role::DataOfficer));
    assert_eq!(Some(&ordered.subject), pseudonym.as_ref());
    let refused = world.access.authenticate_session(&token).await;
    assert!(matches!(refused, Err(AccessError::SessionInvalid)), "{refused:?}");
    erasures.advance().await.unwrap();
    let waiting = erasures.wait(ordered).await.unwrap();
    let waiting = erasures.read(&officer, waiting.id).await.unwrap();
    assert_eq!(waiting.state, ErasureState::Overwritten, "no checkpoint signs the entry yet");
    log.checkpoint().await.unwrap();
    erasures.advance().await.unwrap();
    let done = erasures.read(&officer, waiting.id).await.unwrap();
    assert_eq!((done.state, done.account), (ErasureState::Done, None));
    assert_eq!(done.erased.get(&ErasedClass::Accounts), Some(&1));

    let certificate = done.certificate.unwrap();
    let note = SignedNote::parse(&certificate).unwrap();
    note.verify(&signer().verifier()).unwrap();
    let line = note.text().strip_prefix("galerne erasure v1\n").unwrap();
    let stated: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(stated["subject"], pseudonym.clone().unwrap());
    assert_eq!(stated["ordered_by"], "data_officer");
    assert_eq!(stated["reason"], "request_of_person");
    assert_eq!(stated["erased"]["sessions"], 1);
    let entry: serde_json::Value =
        serde_json::from_str(stated["log"]["entry"].as_str().unwrap()).unwrap();
    assert_eq!(entry["action"], "erasure.complete");
    assert_eq!((&entry["subject"], &entry["at"]), (&stated["subject"], &stated["at"]));
    assert!(!certificate.contains("anne") && !certificate.contains(&anne.id.to_string()));

    // The tree went on from where it was, and the key is gone for good.
    let (_, after) = log.reader().checkpoint().await.unwrap().unwrap();
    assert!(after.size > before.size);
    log.reader().consistency(before.size, after.size).await.unwrap();
    let key = world.store.subject_key(anne.organisation, SubjectId::Account(anne.id), [1; 32]);
    assert_eq!(key.await.unwrap(), None);
    let gone = world.trail.account_pseudonym(anne.organisation, anne.id).await.unwrap();
    assert_eq!(gone, None, "no cache remembers it either");
}

#[tokio::test]
async fn an_erasure_is_taken_up_by_whoever_comes_next() {
    let world = World::founded().await;
    let log = log(&world).await;
    let (anne, _, _) = somebody(&world, "anne", Role::Member).await;
    let operator = world.access.operator().await.unwrap();
    let first = erasures(&world, &log);
    let ordered = first.order(&operator, anne.id, ErasureReason::Order).await.unwrap();
    let again = first.order(&operator, anne.id, ErasureReason::EndOfPurpose).await.unwrap();
    assert_eq!((again.id, again.reason), (ordered.id, ErasureReason::Order), "the first order");
    drop(first);
    let second = erasures(&world, &log);
    second.advance().await.unwrap();
    log.checkpoint().await.unwrap();
    second.advance().await.unwrap();
    let done = second.read(&operator, ordered.id).await.unwrap();
    assert_eq!(done.state, ErasureState::Done);
    second.advance().await.unwrap();
    let missing = second.order(&operator, anne.id, ErasureReason::Order).await;
    assert!(matches!(missing, Err(ProtectionError::AccountUnknown)), "{missing:?}");
}

/// An index that may be away.
#[derive(Default)]
struct Derived {
    is_away: AtomicBool,
    /// How often it forgot.
    forgot: AtomicUsize,
}

#[async_trait]
impl DerivedContent for Derived {
    async fn forget(&self, _organisation: OrganisationId) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            let (action, source) = ("forget", "told to be away".into());
            return Err(StoreError { action, is_locked: false, source });
        }
        self.forgot.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_certified_before_what_was_made_of_content_is_gone() {
    let world = World::founded().await;
    let log = log(&world).await;
    let (anne, _, _) = somebody(&world, "anne", Role::Member).await;
    let operator = world.access.operator().await.unwrap();
    let derived = Arc::new(Derived { is_away: AtomicBool::new(true), ..Derived::default() });
    let erasures = erasures(&world, &log).with_derived(Arc::clone(&derived) as _);
    let ordered = erasures.order(&operator, anne.id, ErasureReason::Order).await.unwrap();
    for _ in 0..3 {
        let refused = erasures.advance().await.unwrap_err();
        assert_eq!(refused.code(), "store.unavailable");
        let waiting = erasures.read(&operator, ordered.id).await.unwrap();
        assert_eq!((waiting.state, waiting.certificate), (ErasureState::Removed, None));
        log.checkpoint().await.unwrap();
    }
    derived.is_away.store(false, Ordering::SeqCst);
    erasures.advance().await.unwrap();
    erasures.advance().await.unwrap();
    let done = erasures.read(&operator, ordered.id).await.unwrap();
    assert_eq!(done.state, ErasureState::Done);
    assert_eq!(derived.forgot.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_hold_keeps_everything_until_it_is_lifted() {
    let world = World::founded().await;
    let log = log(&world).await;
    let (anne, _, _) = somebody(&world, "anne", Role::Member).await;
    let (_, officer, _) = somebody(&world, "officer", Role::DataOfficer).await;
    let (erasures, holds) = (erasures(&world, &log), holds(&world));
    let new = |account, reference: &str| NewHold {
        account,
        reason: HoldReason::Litigation,
        reference: reference.to_owned(),
    };
    let hold = holds.place(&officer, new(Some(anne.id), "RG 26/01234")).await.unwrap();
    let refused = erasures.order(&officer, anne.id, ErasureReason::RequestOfPerson).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), "hold.in_force");
    assert!(refused.to_string().contains(&hold.id.to_string()), "{refused}");
    for reference in ["", " ", "two\nlines", &"x".repeat(201)] {
        let refused = holds.place(&officer, new(None, reference)).await.unwrap_err();
        assert_eq!(refused.code(), "request.invalid", "{reference:?}");
    }
    holds.lift(&officer, hold.id).await.unwrap();
    assert_eq!(holds.lift(&officer, hold.id).await.unwrap_err().code(), "hold.unknown");
    erasures.order(&officer, anne.id, ErasureReason::RequestOfPerson).await.unwrap();
    let actions = world.actions();
    let of_holds: Vec<_> = actions.iter().filter(|action| action.starts_with("hold.")).collect();
    assert_eq!(of_holds, ["hold.place", "hold.lift"]);
}

/// Travels with the clock: what ended before the term goes, batch by batch, with an entry for each.
#[tokio::test]
async fn what_is_older_than_its_term_goes_when_its_day_has_come() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    for _ in 0..120 {
        world.access.create_link(&operator).await.unwrap();
    }
    let term = RetentionClass::SignIns.term(183).unwrap();
    let keeper = retention(&world, vec![term, RetentionClass::Log.term(183).unwrap()]);
    assert_eq!(keeper.remove_expired().await.unwrap(), []);
    // Links are over after ten minutes: 183 days later they are not due yet.
    world.clock.advance(DAY * 183);
    assert_eq!(keeper.remove_expired().await.unwrap(), []);
    let held = holds(&world);
    let new = NewHold { account: None, reason: HoldReason::Audit, reference: "2026/7".to_owned() };
    let hold = held.place(&operator, new).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(keeper.remove_expired().await.unwrap(), [], "a hold is in force");
    held.lift(&operator, hold.id).await.unwrap();
    assert_eq!(keeper.remove_expired().await.unwrap(), [(RetentionClass::SignIns, 120)]);
    let entries = world.store.audit_entries();
    let removals = entries.iter().filter(|entry| entry.action == "retention.remove");
    let subjects: Vec<_> = removals
        .map(|entry| {
            let entry: serde_json::Value = serde_json::from_slice(&entry.canonical).unwrap();
            entry["subject"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(subjects, ["expired:sign_ins:100", "expired:sign_ins:20"]);
    let before = world.store.audit_entries().len();
    assert_eq!(keeper.remove_expired().await.unwrap(), []);
    assert_eq!(world.store.audit_entries().len(), before, "nothing is done, nothing is written");
}
