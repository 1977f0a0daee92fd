//! Documents and their bytes.

use domain::DocumentId;
use knowledge::{
    DocumentChange, DocumentQuery, Grantee, LibraryAccess, ShareRole, StoredDocument, VersionQuery,
    Wanted,
    ports::{Changed, Kept, NewVersion, Refusal},
};

use super::{Case, unknown};

async fn bytes<S>(case: &Case<S>, document: &StoredDocument) -> Vec<u8> {
    let reader = case.documents.bytes(case.owner, document.current.key).await.expect("opened");
    let mut reader = reader.expect("there");
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next().await.expect("read") {
        assert!(!piece.is_empty());
        bytes.extend(piece);
    }
    bytes
}

pub(super) async fn bytes_come_back_as_they_were_written<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    // Around the ends of pieces of every size that an implementation may have.
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let written: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0] ^ 0x5a).collect();
        let document = case.added(library, &written).await;
        assert_eq!(bytes(case, &document).await, written, "{length}");
        assert_eq!(document.current.bytes, u64::from(length));
        let found = case.read(case.owner, case.newest(document.id)).await;
        assert_eq!(found, Some(document));
    }
    let seen = case.libraries.library(case.owner, library).await.expect("read").expect("there");
    assert_eq!((seen.library.documents, seen.library.bytes), (6, 396_609));
    let kept = case.documents.bytes_kept(case.owner.organisation).await;
    assert_eq!(kept.expect("added up"), 396_609);
}

pub(super) async fn the_same_bytes_are_kept_once<S>(case: &Case<S>) {
    let (library, elsewhere) = (case.library(case.owner).await, case.library(case.owner).await);
    let first = case.added(library, b"one").await;
    let again = case.new_document(case.owner, library, b"one");
    let kept = case.write(&again, b"one").await.expect("answered");
    assert_eq!(kept, Kept { document: first.clone(), is_new: false });
    case.added(elsewhere, b"one").await;
    let now = case.samples.now();
    let same = case.new_version(&first, b"one", now);
    assert!(!case.write(&same, b"one").await.expect("answered").is_new);
    let later = case.new_version(&first, b"two", now);
    let later = case.write(&later, b"two").await.expect("answered");
    assert!(later.is_new);
    assert_eq!((later.document.versions, later.document.current.number), (2, 2));
    // What it was before is another version of it again, and a document of its own elsewhere.
    let back = case.new_version(&first, b"one", case.samples.now());
    let back = case.write(&back, b"one").await.expect("answered");
    assert_eq!((back.is_new, back.document.current.number), (true, 3));
    let other = case.added(library, b"three").await;
    let moved = case.new_version(&other, b"one", case.samples.now());
    assert!(case.write(&moved, b"one").await.expect("answered").is_new);
    // The bytes of those that were there already are given up.
    assert_eq!(case.documents.clean_up(false).await.expect("cleaned"), 2);
    assert_eq!(bytes(case, &back.document).await, b"one");
}

pub(super) async fn pages_follow_each_other<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let mut ids: Vec<DocumentId> = Vec::new();
    for number in 0..5_u8 {
        ids.insert(0, case.added(library, &[number]).await.id);
    }
    let at = case.samples.now();
    let all = DocumentQuery { library, limit: 2, offset: 0, after: None, at };
    let listed = async |query: DocumentQuery| {
        let page = case.documents.documents(case.owner, &query).await.expect("listed");
        let page = page.expect("seen");
        assert_eq!(page.total, 5);
        let listed: Vec<DocumentId> = page.documents.iter().map(|one| one.id).collect();
        (listed, page.has_more)
    };
    assert_eq!(listed(all).await, (ids[..2].to_vec(), true));
    assert_eq!(listed(DocumentQuery { offset: 4, ..all }).await, (ids[4..].to_vec(), false));
    let behind = DocumentQuery { after: Some(ids[1]), ..all };
    assert_eq!(listed(behind).await, (ids[2..4].to_vec(), true));
    let seen = case.documents.documents(case.other, &all).await.expect("answered");
    assert_eq!(seen, unknown(library));
}

pub(super) async fn what_was_given_up_is_cleaned_up<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let kept = case.added(library, b"kept").await;
    let new = case.new_document(case.owner, library, b"abc");
    let mut writer = case.documents.begin(case.owner, new.lies_at).await.expect("begun");
    writer.write(b"abc").await.expect("written");
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0, "under way");
    writer.finish().await.expect("finished");
    drop(writer);
    assert_eq!(case.documents.clean_up(false).await.expect("cleaned"), 1);
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0);
    assert_eq!(bytes(case, &kept).await, b"kept");
}

pub(super) async fn a_document_that_is_removed_is_gone<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    case.index(document.current.key).await;
    let viewer = Grantee::Account(case.other.account);
    assert_eq!(case.give(library, viewer, ShareRole::Viewer).await, Ok(()));
    assert!(case.read(case.other, case.newest(document.id)).await.is_some());
    assert!(case.read(case.third, case.newest(document.id)).await.is_none());
    let remove = async |visitor| -> Changed<()> {
        let removed = case.documents.remove(visitor, document.id, &case.entry()).await;
        removed.expect("answered")
    };
    let gone = Err(Refusal::DocumentUnknown(document.id));
    assert_eq!(remove(case.third).await, gone);
    assert_eq!(remove(case.other).await, Err(Refusal::Forbidden(LibraryAccess::Editor)));
    assert_eq!(case.give(library, viewer, ShareRole::Editor).await, Ok(()));
    assert_eq!(remove(case.other).await, Ok(()));
    assert_eq!(remove(case.owner).await, gone);
    assert_eq!(case.read(case.owner, case.newest(document.id)).await, None);
    assert_eq!(case.found(case.owner, case.samples.now()).await, []);
    let left = case.documents.bytes_kept(case.owner.organisation).await;
    assert_eq!(left.expect("added up"), 0);
    assert_eq!(case.documents.clean_up(true).await.expect("cleaned"), 0, "its bytes are gone");
    let again = case.new_document(case.owner, library, b"one");
    assert!(case.write(&again, b"one").await.expect("answered").is_new, "nothing is the same");
}

pub(super) async fn changes_are_told<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let document = case.added(library, b"one").await;
    let change = DocumentChange { name: Some("loi".to_owned()), attributes: None };
    let entry = case.entry();
    let changed = case.documents.change(case.owner, document.id, &change, &entry).await;
    let expected =
        StoredDocument { name: "loi".to_owned(), updated_at: entry.at, ..document.clone() };
    assert_eq!(changed.expect("answered"), Ok(expected));
    let named = case.new_version(&document, b"two", case.samples.now());
    let attributes = Some("{}".to_owned());
    let named = NewVersion { attributes, ..named };
    let added = case.write(&named, b"two").await.expect("answered").document;
    assert_eq!((added.name.as_str(), added.attributes.as_str()), ("loi", "{}"));
    let query = VersionQuery { document: document.id, limit: 9, before: None };
    let versions = case.documents.versions(case.owner, &query).await.expect("listed");
    let numbers = versions.expect("seen").into_iter().map(|version| version.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [2, 1]);
    let query = VersionQuery { before: Some(2), ..query };
    let versions = case.documents.versions(case.owner, &query).await.expect("listed");
    assert_eq!(versions.expect("seen"), std::slice::from_ref(&document.current));
    let wanted = Wanted { document: document.id, number: Some(1), at: case.samples.now() };
    let found = case.read(case.owner, wanted).await.expect("there");
    assert_eq!(found.current, document.current);
    let wanted = Wanted { number: Some(3), ..wanted };
    assert_eq!(case.read(case.owner, wanted).await, None);
}

pub(super) async fn a_document_is_found_by_its_name<S>(case: &Case<S>) {
    let (library, elsewhere) = (case.library(case.owner).await, case.library(case.owner).await);
    let named = async |visitor, library, name: &str| -> Option<DocumentId> {
        case.documents.named(visitor, library, name).await.expect("answered")
    };
    let name = "règlement.txt";
    assert_eq!(named(case.owner, library, name).await, None);
    let first = case.added(library, b"one").await;
    let second = case.added(library, b"two").await;
    assert_eq!(named(case.owner, library, name).await, Some(second.id), "the newest");
    assert_eq!(named(case.owner, library, "Règlement.txt").await, None, "to the letter");
    assert_eq!(named(case.owner, elsewhere, name).await, None);
    assert_eq!(named(case.other, library, name).await, None, "nobody gave it the library");
    let change = DocumentChange { name: Some("autre.txt".to_owned()), attributes: None };
    let changed = case.documents.change(case.owner, second.id, &change, &case.entry()).await;
    changed.expect("answered").expect("changed");
    assert_eq!(named(case.owner, library, name).await, Some(first.id));
}

pub(super) async fn of_two_with_a_name_one_is_a_version<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let named = |bytes: &[u8]| NewVersion {
        is_named: true,
        ..case.new_document(case.owner, library, bytes)
    };
    // Both were begun before one was kept.
    let (one, two) = (named(b"one"), named(b"two"));
    let first = case.write(&one, b"one").await.expect("kept").document;
    assert_eq!(case.write(&two, b"two").await, Err(Refusal::Named(first.id)));
    let again = NewVersion { document: first.id, is_own: false, ..named(b"two") };
    let second = case.write(&again, b"two").await.expect("kept").document;
    assert_eq!((second.id, second.versions), (first.id, 2));
    // Of a name that it had before, nobody knows any more.
    let change = DocumentChange { name: Some("autre.txt".to_owned()), attributes: None };
    let changed = case.documents.change(case.owner, first.id, &change, &case.entry()).await;
    changed.expect("answered").expect("changed");
    assert!(case.write(&named(b"three"), b"three").await.expect("kept").is_new);
}

pub(super) async fn no_more_is_kept_than_there_is_room<S>(case: &Case<S>) {
    let library = case.library(case.owner).await;
    let of =
        |bytes: &[u8]| NewVersion { bytes_max: 8, ..case.new_document(case.owner, library, bytes) };
    // Both had room when they began.
    let (one, two) = (of(b"12345"), of(b"1234"));
    assert!(case.write(&one, b"12345").await.expect("kept").is_new);
    let refused = Err(Refusal::NoRoom { bytes: 5, bytes_max: 8 });
    assert_eq!(case.write(&two, b"1234").await, refused);
    assert!(!case.write(&of(b"12345"), b"12345").await.expect("answered").is_new, "no more");
    assert!(case.write(&of(b"123"), b"123").await.expect("kept").is_new, "as much as there is");
}
