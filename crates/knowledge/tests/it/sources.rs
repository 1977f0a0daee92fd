//! Versions are opened for answers as their libraries permit.

use std::sync::Arc;

use governance::ports::DerivedContent as _;
use knowledge::{
    AddTo, Forgetting, ForgettingParts, Grantee, ReadingState, ShareRole, StoredSources,
    ports::Sources as _,
};

use crate::bench::Bench;

const TEXT: &str = "Leave is granted. Ask early.";

#[tokio::test(start_paused = true)]
async fn what_was_read_is_opened_for_whoever_may_read_it() {
    let bench = Bench::new().await;
    let library = bench.library().await;
    let added = bench.add(AddTo::Library(library), TEXT).await;
    let running = bench.start();
    let key = bench.until(&added, ReadingState::Ready).await.key;
    running.stop().await;
    let sources = StoredSources::new(Arc::new(bench.store.clone()), Arc::new(bench.store.clone()));
    let source = sources.source(&bench.caller, key).await.unwrap().unwrap();
    assert_eq!((source.version, source.number), (key, 1));
    assert_eq!((source.document, source.library), (added.document.id, library));
    assert_eq!((&*source.name, &*source.reading.text), ("leave.txt", TEXT));
    assert_eq!(source.digest, added.document.current.digest);
    assert_eq!(source.passages.len(), 1);

    let other = bench.somebody().await;
    assert!(sources.source(&other, key).await.unwrap().is_none());
    assert_eq!(sources.readable(&other, &[key]).await.unwrap(), []);
    bench.give(library, &other, ShareRole::Viewer).await;
    assert!(sources.source(&other, key).await.unwrap().is_some());
    assert_eq!(sources.readable(&other, &[key]).await.unwrap(), [key]);
    let grantee = Grantee::Account(other.account);
    bench.libraries.unshare(&bench.caller, library, grantee).await.unwrap();
    assert!(sources.source(&other, key).await.unwrap().is_none());
    bench.documents.delete(&bench.caller, added.document.id).await.unwrap();
    assert!(sources.source(&bench.caller, key).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_removed_is_forgotten_and_nothing_else() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let kept = bench.add(library, "kept").await;
    let removed = bench.add(library, "removed").await;
    let running = bench.start();
    for added in [&kept, &removed] {
        bench.until(added, ReadingState::Ready).await;
    }
    running.stop().await;
    bench.documents.delete(&bench.caller, removed.document.id).await.unwrap();
    let forgetting = Forgetting::new(ForgettingParts {
        libraries: Arc::new(bench.store.clone()),
        index: Arc::new(bench.index.clone()),
    });
    let organisation = bench.caller.organisation;
    bench.index.be_away(true);
    assert!(forgetting.forget(organisation).await.is_err(), "nothing is claimed");
    bench.index.be_away(false);
    forgetting.forget(organisation).await.unwrap();
    let passages = |added: &knowledge::Added| {
        bench.index.passages(organisation, added.document.current.key).len()
    };
    assert_eq!((passages(&kept), passages(&removed)), (1, 0));
}
