//! What is to be read, and what was.

use domain::{LibraryId, OrganisationId};
use knowledge::{
    ReadFailure, Reading, ReadingState, StoredDocument, VersionKey,
    ports::{Detail, Stage, Step},
};

use super::{Case, reading};

async fn state<S>(case: &Case<S>, document: &StoredDocument) -> ReadingState {
    let found = case.read(case.owner, case.newest(document.id)).await;
    found.expect("there").current.state
}

pub(super) async fn each_step_follows_the_one_before<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    assert_eq!(state(case, &document).await, ReadingState::Queued);
    assert_eq!(case.claim(Stage::Embed, &[]).await, None);
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    assert_eq!((claim.key, claim.state), (document.current.key, ReadingState::Reading));
    assert_eq!((claim.name.as_str(), claim.bytes), ("règlement.txt", 3));
    assert_eq!((claim.owner, claim.added_by), (Some(case.owner.account), document.added_by));
    assert!(!case.advance(&claim, Step::Ready).await, "it was not indexed");
    assert!(case.keep_reading(&claim).await);
    assert!(case.advance(&claim, Step::Indexed).await);
    assert!(!case.advance(&claim, Step::Indexed).await, "it was");
    assert_eq!(case.claim(Stage::Read, &[]).await, None);
    let claim = case.claim(Stage::Embed, &[]).await.expect("a version");
    assert!(case.advance(&claim, Step::Ready).await);
    assert_eq!(case.claim(Stage::Embed, &[]).await, None);
    let found = case.read(case.owner, case.newest(document.id)).await.expect("there").current;
    assert_eq!((found.state, found.searchable), (ReadingState::Ready, true));
    assert_eq!((found.pages, found.passages, found.tokens, found.notes), (1, 1, 2, 0));
    let failing = case.added(library, b"two").await;
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    let part = Some("annexe é".to_owned());
    let failure = ReadFailure { code: "document.broken".to_owned(), part };
    assert!(case.advance(&claim, Step::Failed(failure.clone())).await);
    let found = case.read(case.owner, case.newest(failing.id)).await.expect("there").current;
    assert_eq!((found.state, found.failure), (ReadingState::Failed, Some(failure)));
    let progress = case.libraries.progress(case.owner, library).await.expect("read");
    let progress = progress.expect("seen");
    assert_eq!((progress.ready, progress.failed, progress.total()), (1, 1, 2));
}

pub(super) async fn whoever_claimed_last_reads<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    let dead = case.claim(Stage::Read, &[]).await.expect("a version");
    let claim = case.claim(Stage::Read, &[]).await.expect("as after a kill");
    assert_eq!(claim.key, dead.key);
    assert!(claim.fence > dead.fence);
    assert!(!case.keep_reading(&dead).await);
    assert!(!case.advance(&dead, Step::Indexed).await);
    assert!(case.keep_reading(&claim).await);
    let wanted = case.newest(document.id);
    let cancelled = case.documents.cancel(case.owner, wanted, &case.entry()).await;
    let cancelled = cancelled.expect("answered").expect("seen").current;
    assert_eq!(cancelled.state, ReadingState::Failed);
    assert_eq!(cancelled.failure.map(|failure| failure.code), Some("document.cancelled".into()));
    assert!(!case.keep_reading(&claim).await && !case.advance(&claim, Step::Indexed).await);
    assert_eq!(case.claim(Stage::Read, &[]).await, None);
    let queued = case.documents.requeue(case.owner, wanted, &case.entry()).await;
    let queued = queued.expect("answered").expect("seen").current;
    assert_eq!((queued.state, queued.failure), (ReadingState::Queued, None));
    assert_eq!(case.claim(Stage::Read, &[]).await.map(|claim| claim.attempts), Some(1));
}

pub(super) async fn the_next_one_is_that_of_who_has_least<S>(case: &Case<S>) {
    let (large, small) = (case.library(case.owner).await, case.library(case.other).await);
    let mut keys = Vec::new();
    for number in 0..3_u8 {
        keys.push(case.added(large, &[number]).await.current.key);
    }
    let single = case.added(small, b"alone").await.current.key;
    let mut held: Vec<VersionKey> = Vec::new();
    let mut order = Vec::new();
    while let Some(claim) = case.claim(Stage::Read, &held).await {
        held.push(claim.key);
        order.push(claim.library);
    }
    held.sort();
    keys.push(single);
    assert_eq!(held, keys);
    assert_eq!(position(&order, small), 1, "behind one of the other library");
    // Nobody holds anything: whoever had no turn for the longest time is next.
    let mut turns = Vec::new();
    for _ in 0..4 {
        turns.push(case.claim(Stage::Read, &[]).await.expect("a version").library);
    }
    assert_eq!(turns[0], turns[2]);
    assert_eq!(turns[1], turns[3]);
    assert_ne!(turns[0], turns[1]);
}

fn position(order: &[LibraryId], library: LibraryId) -> usize {
    order.iter().position(|one| *one == library).expect("it had a turn")
}

pub(super) async fn what_was_read_comes_back<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    let key = document.current.key;
    let text = async |detail| case.documents.text(case.owner, key, detail).await.expect("read");
    assert_eq!(text(Detail::Text).await, None);
    let claim = case.index(key).await;
    let whole = reading(claim.digest);
    assert_eq!(text(Detail::Places).await, Some(whole.clone()));
    let without = without_places(whole);
    assert_eq!(text(Detail::Text).await, Some(without.clone()));
    let claim = case.claim(Stage::Embed, &[]).await.expect("a version");
    assert_eq!(case.readings.reading(&claim).await.expect("read"), Some(without));
    assert_eq!(case.documents.text(case.other, key, Detail::Text).await.expect("read"), None);
    let mut source = case.readings.source(&claim).await.expect("opened").expect("there");
    assert_eq!(source.next().await.expect("read"), Some(b"one".to_vec()));
    assert_eq!(source.next().await.expect("read"), None);
}

fn without_places(mut reading: Reading) -> Reading {
    reading.document.pages.iter_mut().for_each(|page| page.runs.clear());
    reading
}

pub(super) async fn what_is_read_anew_is_found_meanwhile<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    let key = document.current.key;
    case.index(key).await;
    let queued = case.documents.requeue(case.owner, case.newest(document.id), &case.entry()).await;
    let queued = queued.expect("answered").expect("seen").current;
    assert_eq!((queued.state, queued.searchable), (ReadingState::Queued, true));
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    assert_eq!(case.found(case.owner, case.samples.now()).await, [key]);
    assert!(case.keep_reading(&claim).await);
    assert_eq!(case.found(case.owner, case.samples.now()).await, [], "its passages are others");
    assert!(case.advance(&claim, Step::Indexed).await);
    assert_eq!(case.found(case.owner, case.samples.now()).await, [key]);
    // What was read before is gone, and nothing else.
    case.documents.clean_up(true).await.expect("cleaned");
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0);
    let text = case.documents.text(case.owner, key, Detail::Places).await.expect("read");
    assert_eq!(text, Some(reading(claim.digest)));
}

pub(super) async fn attempts_are_counted_unless_given_back<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    case.added(library, b"one").await;
    for attempts in 1..4 {
        let claim = case.claim(Stage::Read, &[]).await.expect("a version");
        assert_eq!(claim.attempts, attempts);
    }
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    case.readings.release(&claim).await.expect("given back");
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    assert_eq!(claim.attempts, 4);
    assert!(case.keep_reading(&claim).await);
    assert!(case.advance(&claim, Step::Indexed).await);
    let claim = case.claim(Stage::Embed, &[]).await.expect("a version");
    assert_eq!(claim.attempts, 1, "of another stage");
}

pub(super) async fn what_the_index_keeps_is_told<S>(case: &Case<S>) {
    let organisation = case.owner.organisation;
    let live = async || case.libraries.live(organisation).await.expect("read");
    assert!(live().await.is_empty());
    let (library, gone) = (case.library(case.owner).await, case.library(case.other).await);
    let mut keys = Vec::new();
    for library in [library, library, gone] {
        let bytes = case.samples.id();
        keys.push(case.added(library, bytes.as_bytes()).await);
    }
    let deleted = case.libraries.delete(case.other, gone, &case.entry()).await;
    assert_eq!(deleted.expect("answered"), Ok(()));
    let removed = case.documents.remove(case.owner, keys[1].id, &case.entry()).await;
    assert_eq!(removed.expect("answered"), Ok(()));
    assert_eq!(live().await, [keys[0].current.key]);
    let highest = case.libraries.highest_key().await.expect("read");
    let given = keys.iter().map(|document| document.current.key).max();
    assert_eq!(Some(highest), given, "also those that are gone");
    while case.libraries.discard(9).await.expect("removed") {}
    let more = case.added(library, b"more").await.current.key;
    let is_before = |document: &StoredDocument| document.current.key < more;
    assert!(keys.iter().all(is_before), "no key is given twice");
    assert_eq!(case.libraries.organisations().await.expect("read"), [organisation]);
}

pub(super) async fn what_the_index_lost_is_read_anew<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let lost = case.added(library, b"lost").await.current.key;
    case.index(lost).await;
    let under_way = case.added(library, b"under way").await.current.key;
    let claim = case.claim(Stage::Read, &[]).await.expect("a version");
    assert_eq!(claim.key, under_way);
    let stays = case.added(library, b"stays").await.current.key;
    let read_anew = async |organisation: OrganisationId, keys: &[VersionKey]| {
        let at = case.samples.now();
        case.libraries.read_anew(organisation, keys, at).await.expect("changed");
    };
    let stranger = OrganisationId::from_uuid(case.samples.id());
    read_anew(stranger, [lost, under_way].as_slice()).await;
    let nothing = case.claim(Stage::Read, &[under_way, stays]).await;
    assert_eq!(nothing, None, "of another organisation nothing is");
    read_anew(case.owner.organisation, [lost, under_way, stays].as_slice()).await;
    assert!(!case.keep_reading(&claim).await, "whoever reads it reads it no more");
    // It is found until then.
    assert_eq!(case.found(case.owner, case.samples.now()).await, [lost]);
    for key in [lost, under_way, stays] {
        let others = [lost, under_way, stays].into_iter().filter(|other| *other != key);
        let others: Vec<VersionKey> = others.collect();
        let claim = case.claim(Stage::Read, &others).await.expect("a version");
        assert_eq!((claim.key, claim.attempts), (key, 1));
    }
}
