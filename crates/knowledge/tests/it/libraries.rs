//! Who may do what with a library, and what is written down of it.

use knowledge::{
    AddTo, Described, Grantee, LibraryChange, LibraryQuery, NewLibrary, ReadingState, ShareRole,
    ports::LibraryStore as _,
};

use crate::bench::Bench;

fn named(name: &str) -> NewLibrary {
    NewLibrary { name: name.to_owned(), description: Some("  ".to_owned()) }
}

#[tokio::test]
async fn names_are_checked() {
    let bench = Bench::new().await;
    let made = bench.libraries.create(&bench.caller, named(" Lois ")).await.unwrap();
    assert_eq!((made.library.name.as_str(), made.library.description), ("Lois", None));
    for wrong in ["", " ", "a\nb", &"x".repeat(201)] {
        let error = bench.libraries.create(&bench.caller, named(wrong)).await.unwrap_err();
        assert_eq!(error.code(), "request.invalid", "{wrong:?}");
    }
    let change = LibraryChange { name: Some("Droit".to_owned()), ..LibraryChange::default() };
    let id = made.library.id;
    let changed = bench.libraries.update(&bench.caller, id, change).await.unwrap();
    assert_eq!(changed.library.name, "Droit");
}

#[tokio::test]
async fn viewers_add_nothing_and_editors_share_nothing() {
    let bench = Bench::new().await;
    let (library, other) = (bench.library().await, bench.somebody().await);
    let begin = async || bench.documents.begin(&other, AddTo::Library(library)).await;
    assert_eq!(begin().await.err().unwrap().code(), "library.unknown");
    bench.give(library, &other, ShareRole::Viewer).await;
    let error = begin().await.err().unwrap();
    assert_eq!(error.code(), "library.forbidden");
    assert_eq!(error.hint(), Some("ask the owner of the library to make you an editor"));
    bench.give(library, &other, ShareRole::Editor).await;
    let mut upload = begin().await.unwrap();
    upload.write(b"of an editor").await.unwrap();
    // What is taken away meanwhile counts at the end.
    let grantee = Grantee::Account(other.account);
    bench.libraries.unshare(&bench.caller, library, grantee).await.unwrap();
    let described = Described { name: Some("a".to_owned()), ..Described::default() };
    let error = upload.finish(described).await.err().unwrap();
    assert_eq!(error.code(), "library.unknown");
    bench.give(library, &other, ShareRole::Editor).await;
    let share =
        knowledge::Share { library, grantee: Grantee::Organisation, role: ShareRole::Viewer };
    let error = bench.libraries.share(&other, share).await.unwrap_err();
    assert_eq!(error.code(), "library.forbidden");
    let error = bench.libraries.delete(&other, library).await.unwrap_err();
    assert_eq!(error.code(), "library.forbidden");
}

#[tokio::test(start_paused = true)]
async fn progress_counts_by_state() {
    let bench = Bench::new().await;
    let library = bench.library().await;
    let mut added = Vec::new();
    for number in 0..3 {
        added.push(bench.add(AddTo::Library(library), &format!("number {number}")).await);
    }
    let progress = async || bench.libraries.progress(&bench.caller, library).await.unwrap();
    assert_eq!((progress().await.queued, progress().await.total()), (3, 3));
    let running = bench.start();
    for one in &added {
        bench.until(one, ReadingState::Ready).await;
    }
    running.stop().await;
    assert_eq!((progress().await.queued, progress().await.ready), (0, 3));
}

/// Nothing of a name or a question, and an entry of everything that was done.
#[tokio::test]
async fn each_access_leaves_an_entry_without_content() {
    let bench = Bench::new().await;
    let (library, other) = (bench.library().await, bench.somebody().await);
    bench.give(library, &other, ShareRole::Viewer).await;
    let added = bench.add(AddTo::Library(library), "secret words").await;
    bench.find(&bench.caller, "secret question").await;
    let grantee = Grantee::Account(other.account);
    bench.libraries.unshare(&bench.caller, library, grantee).await.unwrap();
    bench.documents.delete(&bench.caller, added.document.id).await.unwrap();
    bench.libraries.list(&bench.caller, &LibraryQuery::default()).await.unwrap();
    bench.libraries.delete(&bench.caller, library).await.unwrap();
    let entries = bench.store.audit_entries();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    for expected in [
        "library.create",
        "library.share",
        "document.add",
        "library.search",
        "library.unshare",
        "document.delete",
        "library.list",
        "library.delete",
    ] {
        assert!(actions.contains(&expected), "{expected}: {actions:?}");
    }
    for entry in &entries {
        let canonical = String::from_utf8(entry.canonical.clone()).unwrap();
        assert!(!canonical.contains("secret") && !canonical.contains("Handbook"), "{canonical}");
        let commits = canonical.contains(r#""content":"sha256:"#);
        assert_eq!(commits, entry.action == "library.search", "{canonical}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_library_leaves_the_index() {
    let bench = Bench::new().await;
    let (library, kept) = (bench.library().await, bench.library().await);
    let gone = bench.add(AddTo::Library(library), "gone words").await;
    let stays = bench.add(AddTo::Library(kept), "kept words").await;
    let running = bench.start();
    for added in [&gone, &stays] {
        bench.until(added, ReadingState::Ready).await;
    }
    running.stop().await;
    bench.libraries.delete(&bench.caller, library).await.unwrap();
    assert_eq!(bench.texts(&bench.caller, "words").await, ["kept words"], "at once");
    let organisation = bench.caller.organisation;
    let passages = |added: &knowledge::Added| {
        bench.index.passages(organisation, added.document.current.key).len()
    };
    assert_eq!((passages(&gone), passages(&stays)), (1, 1));
    bench.upkeep().maintain(organisation).await.unwrap();
    assert_eq!((passages(&gone), passages(&stays)), (0, 1));
    bench.upkeep().clean_up(true).await.unwrap();
    assert!(!bench.store.discard(1).await.unwrap(), "nothing is left over");
}
