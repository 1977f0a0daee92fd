//! Documents, their versions and their links.

use std::time::Duration;

use domain::Timestamp;
use knowledge::{
    AddTo, Described, DocumentChange, DocumentOrder, DocumentQuery, Grantee, InForce, Listing,
    ReadingState, ShareRole, VersionQuery, Wanted, ports::Detail,
};

use crate::bench::Bench;

async fn all(content: &mut knowledge::DocumentContent) -> String {
    let mut bytes = Vec::new();
    while let Some(piece) = content.reader.next().await.unwrap() {
        bytes.extend(piece);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_are_read_once() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let first = bench.add(library, "the same").await;
    let again = bench.add(library, "the same").await;
    assert!(first.is_new && !again.is_new);
    assert_eq!(again.document.id, first.document.id);
    let same = bench.add(AddTo::Document(first.document.id), "the same").await;
    assert!(!same.is_new);
    let next = bench.add(AddTo::Document(first.document.id), "another").await;
    assert_eq!((next.is_new, next.document.current.number, next.document.versions), (true, 2, 2));
    let running = bench.start();
    for added in [&first, &next] {
        bench.until(added, ReadingState::Ready).await;
    }
    running.stop().await;
    assert_eq!(bench.parser.asked(), 2);
    let adds = bench.store.audit_entries();
    let adds = adds.iter().filter(|entry| entry.action == "document.add").count();
    assert_eq!(adds, 4, "each time that somebody asked");
}

#[tokio::test]
async fn a_document_of_the_same_name_is_another_version() {
    let bench = Bench::new().await;
    let id = bench.library().await;
    let first = bench.add(AddTo::Named(id), "24 days").await;
    let next = bench.add(AddTo::Named(id), "30 days").await;
    assert_eq!(next.document.id, first.document.id);
    assert_eq!((next.is_new, next.document.versions), (true, 2));
    let again = bench.add(AddTo::Named(id), "30 days").await;
    assert_eq!((again.is_new, again.document.versions), (false, 2));
    let elsewhere = bench.add(AddTo::Named(bench.library().await), "24 days").await;
    assert_ne!(elsewhere.document.id, first.document.id);
    let change = DocumentChange { name: Some("other.txt".to_owned()), ..DocumentChange::default() };
    bench.documents.change(&bench.caller, first.document.id, change).await.unwrap();
    let new = bench.add(AddTo::Named(id), "36 days").await;
    assert_ne!(new.document.id, first.document.id, "nothing has that name any more");
    let other = bench.somebody().await;
    let error = bench.documents.may_add(&other, id).await.unwrap_err();
    assert_eq!(error.code(), "library.unknown");
    bench.give(id, &other, ShareRole::Viewer).await;
    let error = bench.documents.may_add(&other, id).await.unwrap_err();
    assert_eq!(error.code(), "library.forbidden");
    let (documents, library) = (&bench.documents, elsewhere.document.library);
    documents.must_be_in(&bench.caller, id, new.document.id).await.unwrap();
    let error = documents.must_be_in(&bench.caller, library, new.document.id).await.unwrap_err();
    assert_eq!(error.code(), "document.unknown");
}

#[tokio::test]
async fn documents_are_listed_in_each_order() {
    let bench = Bench::new().await;
    let library = bench.library().await;
    for (name, text) in [("B.txt", "longest text"), ("a.txt", "short"), ("c.md", "longer one")] {
        bench.clock.advance(Duration::from_secs(1));
        let described = Described {
            name: Some(name.to_owned()),
            attributes: Some(format!("{{\"size\": {}, \"kind\": \"law\"}}", text.len())),
            ..Described::default()
        };
        bench.try_add(AddTo::Library(library), text, described).await.unwrap();
    }
    let all = Listing {
        library,
        name: None,
        attributes: None,
        order: DocumentOrder::CreatedAt,
        is_ascending: true,
        limit: 9,
        offset: 0,
    };
    let names = async |listing: Listing| {
        let page = bench.documents.list_some(&bench.caller, &listing).await.unwrap();
        let names = page.documents.into_iter().map(|document| document.name);
        (names.collect::<Vec<_>>().join(" "), page.total, page.has_more)
    };
    for (order, expected, turned) in [
        (DocumentOrder::CreatedAt, "B.txt a.txt c.md", "c.md a.txt B.txt"),
        (DocumentOrder::UpdatedAt, "B.txt a.txt c.md", "c.md a.txt B.txt"),
        (DocumentOrder::Name, "a.txt B.txt c.md", "c.md B.txt a.txt"),
        (DocumentOrder::Size, "a.txt c.md B.txt", "B.txt c.md a.txt"),
    ] {
        let up = Listing { order, ..all.clone() };
        assert_eq!(names(up.clone()).await, (expected.to_owned(), 3, false), "{order:?}");
        let down = Listing { is_ascending: false, ..up.clone() };
        assert_eq!(names(down).await, (turned.to_owned(), 3, false), "{order:?}");
        let mut words = expected.split(' ');
        let first = Listing { limit: 1, ..up.clone() };
        assert_eq!(names(first).await, (words.next().unwrap().to_owned(), 3, true), "{order:?}");
        let rest = Listing { offset: 1, limit: 2, ..up };
        assert_eq!(names(rest).await, (words.collect::<Vec<_>>().join(" "), 3, false));
    }
    let named = Listing { name: Some(".TXT".to_owned()), limit: 1, ..all.clone() };
    assert_eq!(names(named).await, ("B.txt".to_owned(), 2, true));
    for (attributes, expected) in [
        (r#"{"size": 5}"#, "a.txt"),
        (r#"{"kind": "law", "size": 12}"#, "B.txt"),
        (r#"{"kind": "advice"}"#, ""),
    ] {
        let some = Listing { attributes: Some(attributes.to_owned()), ..all.clone() };
        assert_eq!(names(some).await.0, expected, "{attributes}");
    }
    let wrong = Listing { attributes: Some("[]".to_owned()), ..all };
    let error = bench.documents.list_some(&bench.caller, &wrong).await.unwrap_err();
    assert_eq!(error.code(), "request.invalid");
}

#[tokio::test(start_paused = true)]
async fn a_version_can_be_asked_for_as_of_a_time() {
    let bench = Bench::new().await;
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let library = AddTo::Library(bench.library().await);
    let in_force = |from| Described {
        name: Some("L. 3141-3".to_owned()),
        in_force: Some(InForce::since(at(from))),
        ..Described::default()
    };
    let old = bench.try_add(library, "24 days", in_force(1_000)).await.unwrap();
    let id = old.document.id;
    let new = bench.try_add(AddTo::Document(id), "30 days", in_force(2_000)).await.unwrap();
    let running = bench.start();
    for added in [&old, &new] {
        bench.until(added, ReadingState::Ready).await;
    }
    running.stop().await;
    let text = async |wanted: Wanted| {
        let text = bench.documents.text(&bench.caller, wanted, Detail::Text).await.unwrap();
        text.reading.document.text
    };
    assert_eq!(text(bench.documents.as_of(id, Some(at(1_500)))).await, "24 days");
    assert_eq!(text(bench.documents.as_of(id, None)).await, "30 days");
    assert_eq!(text(Wanted { number: Some(1), ..bench.documents.now(id) }).await, "24 days");
    let query = VersionQuery { document: id, limit: 9, before: None };
    let versions = bench.documents.versions(&bench.caller, &query).await.unwrap();
    let ends: Vec<_> = versions.iter().map(|version| version.in_force.until).collect();
    assert_eq!(ends, [None, Some(at(2_000))]);
}

#[tokio::test]
async fn what_is_said_of_a_document_is_checked() {
    let bench = Bench::new().await;
    let library = bench.library().await;
    let error = bench.try_add(AddTo::Library(library), "a", Described::default()).await;
    assert_eq!(error.unwrap_err().code(), "request.invalid", "it has no name");
    let added = bench.add(AddTo::Library(library), "a").await;
    let id = added.document.id;
    let attributes = Some("[1]".to_owned());
    let change = DocumentChange { attributes, ..DocumentChange::default() };
    let error = bench.documents.change(&bench.caller, id, change).await.unwrap_err();
    assert_eq!(error.code(), "request.invalid");
    let change = DocumentChange { name: Some("b".to_owned()), ..DocumentChange::default() };
    let changed = bench.documents.change(&bench.caller, id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.attributes.as_str()), ("b", "{}"));
    let now = bench.documents.now(id);
    let query = DocumentQuery { library, limit: 9, offset: 0, after: None, at: now.at };
    let listed = bench.documents.list(&bench.caller, &query).await.unwrap();
    assert_eq!(listed.documents, [changed]);
    bench.documents.delete(&bench.caller, id).await.unwrap();
    let error = bench.documents.read(&bench.caller, now).await.unwrap_err();
    assert_eq!(error.code(), "document.unknown");
}

#[tokio::test]
async fn a_link_reads_as_long_as_its_maker_may() {
    let bench = Bench::new().await;
    let (library, other) = (bench.library().await, bench.somebody().await);
    let added = bench.add(AddTo::Library(library), "linked text").await;
    bench.give(library, &other, ShareRole::Viewer).await;
    let wanted = bench.documents.now(added.document.id);
    for hours in [0, 169] {
        let error = bench.documents.link(&other, wanted, hours).await.unwrap_err();
        assert_eq!(error.code(), "request.invalid");
    }
    let link = bench.documents.link(&other, wanted, 2).await.unwrap();
    // The link is of the version that there was.
    bench.add(AddTo::Document(added.document.id), "newer text").await;
    let mut content = bench.documents.linked(&link).await.unwrap();
    assert_eq!(all(&mut content).await, "linked text");
    let code = async |link: &str| bench.documents.linked(link).await.err().unwrap().code();
    assert_eq!(code(&link[1..]).await, "document.link_invalid");
    let grantee = Grantee::Account(other.account);
    bench.libraries.unshare(&bench.caller, library, grantee).await.unwrap();
    assert_eq!(code(&link).await, "document.unknown");
    bench.give(library, &other, ShareRole::Viewer).await;
    assert!(bench.documents.linked(&link).await.is_ok());
    bench.clock.advance(Duration::from_hours(3));
    assert_eq!(code(&link).await, "document.link_invalid");
}
