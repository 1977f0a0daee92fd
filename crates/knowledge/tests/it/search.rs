//! What is found, and by whom.

use domain::Timestamp;
use knowledge::{
    AddTo, Added, Described, Grantee, InForce, ReadingState, SearchMode, SearchRequest, ShareRole,
    ports::{DocumentStore, LibraryStore},
};
use testkit::{EmbedderBehaviour, Samples};

use crate::bench::{Bench, request};

async fn read(bench: &Bench, added: &[&Added]) {
    let running = bench.start();
    for one in added {
        bench.until(one, ReadingState::Ready).await;
    }
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_hit_says_where_it_stands() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let text = "# Leave\nOne month before. Ask in writing, always.\u{c}# Pay\nPaid monthly.\n";
    let added = bench.add(library, text).await;
    read(&bench, &[&added]).await;
    let request = SearchRequest { mode: SearchMode::Hybrid, ..request("ask in writing") };
    let found = bench.search.find(&bench.caller, &request).await.unwrap();
    assert_eq!(found.mode, SearchMode::Hybrid);
    let best = &found.hits[0];
    assert_eq!((best.document, best.name.as_str()), (added.document.id, "leave.txt"));
    assert_eq!((best.version.number, best.passage), (1, 0));
    assert_eq!(best.version.digest, added.document.current.digest);
    assert_eq!(&text[best.span.range()], best.text);
    assert_eq!(best.pages, [1]);
    assert_eq!(&best.text[best.snippet.range()], "Ask in writing, always.");
    assert!(best.sentences.iter().all(|span| best.text.get(span.range()).is_some()));
    assert!(best.lexical.is_some() && best.dense.is_some());
}

#[tokio::test(start_paused = true)]
async fn nobody_finds_what_they_may_not_read() {
    let bench = Bench::new().await;
    let (mine, other) = (bench.library().await, bench.somebody().await);
    let added = bench.add(AddTo::Library(mine), "hidden words").await;
    read(&bench, &[&added]).await;
    bench.index.leak();
    assert_eq!(bench.texts(&bench.caller, "words").await, ["hidden words"]);
    assert!(bench.texts(&other, "words").await.is_empty());
    let named = SearchRequest { libraries: vec![mine], ..request("words") };
    let error = bench.search.find(&other, &named).await.unwrap_err();
    assert_eq!(error.code(), "library.unknown");
    bench.give(mine, &other, ShareRole::Viewer).await;
    assert_eq!(bench.texts(&other, "words").await, ["hidden words"]);
    // Of two libraries, only what is asked for.
    let empty = bench.library().await;
    let elsewhere = SearchRequest { libraries: vec![empty], ..request("words") };
    let found = bench.search.find(&bench.caller, &elsewhere).await.unwrap();
    assert!(found.hits.is_empty());
}

/// Between what the index finds and what is opened.
#[tokio::test(start_paused = true)]
async fn what_is_taken_away_meanwhile_is_not_opened() {
    let bench = Bench::new().await;
    let (library, other) = (bench.library().await, bench.somebody().await);
    let added = bench.add(AddTo::Library(library), "shared words").await;
    read(&bench, &[&added]).await;
    bench.give(library, &other, ShareRole::Viewer).await;
    assert_eq!(bench.texts(&other, "words").await, ["shared words"]);
    let (store, owner) = (bench.store.clone(), (&bench.caller).into());
    let (grantee, organisation) = (Grantee::Account(other.account), bench.caller.organisation);
    bench.index.between(move || {
        let store = store.clone();
        async move {
            let entry = Samples::new(500).entry(Some(organisation));
            LibraryStore::unshare(&store, owner, library, grantee, &entry).await.unwrap().unwrap();
        }
    });
    assert!(bench.texts(&other, "words").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_meanwhile_is_not_opened() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let (gone, kept) =
        (bench.add(library, "gone words").await, bench.add(library, "kept words").await);
    read(&bench, &[&gone, &kept]).await;
    let (store, owner) = (bench.store.clone(), (&bench.caller).into());
    let (id, organisation) = (gone.document.id, bench.caller.organisation);
    bench.index.between(move || {
        let store = store.clone();
        async move {
            let entry = Samples::new(501).entry(Some(organisation));
            DocumentStore::remove(&store, owner, id, &entry).await.unwrap().unwrap();
        }
    });
    assert_eq!(bench.texts(&bench.caller, "words").await, ["kept words"]);
}

#[tokio::test(start_paused = true)]
async fn versions_are_found_as_of_a_time() {
    let bench = Bench::new().await;
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let described = |from, until: Option<i64>| Described {
        name: Some("L. 3141-3".to_owned()),
        in_force: Some(InForce { from: at(from), until: until.map(at) }),
        ..Described::default()
    };
    let library = AddTo::Library(bench.library().await);
    let old = bench.try_add(library, "24 days", described(1_000, None)).await.unwrap();
    let document = AddTo::Document(old.document.id);
    let new = bench.try_add(document, "30 days", described(2_000, Some(3_000))).await.unwrap();
    read(&bench, &[&old, &new]).await;
    let found = async |as_of: Option<i64>| {
        let request = SearchRequest { as_of: as_of.map(at), ..request("days") };
        let found = bench.search.find(&bench.caller, &request).await.unwrap();
        found.hits.into_iter().map(|hit| hit.text).collect::<Vec<_>>()
    };
    assert!(found(Some(999)).await.is_empty());
    assert_eq!(found(Some(1_000)).await, ["24 days"]);
    assert_eq!(found(Some(2_000)).await, ["30 days"]);
    assert!(found(Some(3_000)).await.is_empty(), "somebody said when it ends");
    assert!(found(None).await.is_empty(), "now");
    let newest = bench.add(document, "36 days").await;
    assert!(found(None).await.is_empty(), "until it is read");
    read(&bench, &[&newest]).await;
    assert_eq!(found(None).await, ["36 days"]);
}

#[tokio::test(start_paused = true)]
async fn without_vectors_it_is_looked_for_by_words() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let added = bench.add(library, "some words").await;
    read(&bench, &[&added]).await;
    for behaviour in [EmbedderBehaviour::Unavailable, EmbedderBehaviour::Hangs] {
        bench.embedder.behave(behaviour);
        let hybrid = SearchRequest { mode: SearchMode::Hybrid, ..request("words") };
        let found = bench.search.find(&bench.caller, &hybrid).await.unwrap();
        assert_eq!((found.mode, found.hits.len()), (SearchMode::Lexical, 1));
        let dense = SearchRequest { mode: SearchMode::Dense, ..hybrid };
        let error = bench.search.find(&bench.caller, &dense).await.unwrap_err();
        assert_eq!(error.code(), "search.unavailable");
    }
}
