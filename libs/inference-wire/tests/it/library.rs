//! Requests of libraries and of collections.

use inference_wire::{
    AskLibraries, ChunkSearchMethod, CreateCollection, CreateLibrary, LibraryAnswerFallback,
    LibraryAnswerMode, LibrarySearchMode, RequestError, SearchChunks, SearchLibraries, ShareKind,
    ShareLevel, ShareLibrary, UpdateLibrary, UpdateLibraryDocument,
};
use serde_json::{Value, json};

/// What is said of a body that is refused.
fn refusal<T>(decode: fn(&[u8]) -> Result<T, RequestError>, body: Value) -> String {
    match decode(body.to_string().as_bytes()) {
        Ok(_) => panic!("it was taken: {body}"),
        Err(error) => error.to_string(),
    }
}

fn taken<T>(decode: fn(&[u8]) -> Result<T, RequestError>, body: Value) -> T {
    decode(body.to_string().as_bytes()).unwrap()
}

#[test]
fn libraries_and_documents_are_read() {
    let made = taken(CreateLibrary::decode, json!({"name": "a", "chunk_size": 400}));
    assert_eq!((made.name.as_str(), made.description), ("a", None));
    assert_eq!(refusal(CreateLibrary::decode, json!({})), "body.name: field required");
    let owned = refusal(CreateLibrary::decode, json!({"name": "a", "owner_type": "Workspace"}));
    assert!(owned.contains("share it"), "{owned}");
    let changed = taken(UpdateLibrary::decode, json!({"name": null, "description": ""}));
    assert_eq!((changed.name, changed.description.as_deref()), (None, Some("")));
    let attributes = taken(UpdateLibraryDocument::decode, json!({"attributes": {"year": 2024}}));
    assert_eq!(attributes.attributes.unwrap()["year"], 2024);
    let expiring = json!({"expires_at": "2030-01-01T00:00:00Z"});
    assert!(refusal(UpdateLibraryDocument::decode, expiring).contains("not offered"));
    let listed = refusal(UpdateLibraryDocument::decode, json!({"attributes": []}));
    assert_eq!(listed, "body.attributes: must be an object");
}

#[test]
fn shares_are_of_words_that_are_known() {
    let whom = |level: &str, kind: &str| json!({"level": level, "share_with_uuid": "1", "share_with_type": kind});
    let share = taken(ShareLibrary::decode, whom("Editor", "Workspace"));
    assert_eq!((share.level, share.share_with_type), (ShareLevel::Editor, ShareKind::Workspace));
    for wrong in [whom("Owner", "User"), whom("Viewer", "user")] {
        assert!(refusal(ShareLibrary::decode, wrong).contains("must be one of"));
    }
}

#[test]
fn searches_stay_within_their_bounds() {
    let usual = taken(SearchLibraries::decode, json!({"query": "a"}));
    assert_eq!((usual.limit, usual.mode), (10, LibrarySearchMode::Hybrid));
    assert_eq!((usual.library_ids, usual.as_of), (None, None));
    let full = json!({"query": "a", "library_ids": ["1"], "limit": 50, "mode": "dense"});
    assert_eq!(taken(SearchLibraries::decode, full).limit, 50);
    for (wrong, why) in [
        (json!({}), "field required"),
        (json!({"query": "a", "limit": 0}), "at least 1"),
        (json!({"query": "a", "limit": 51}), "at most 50"),
        (json!({"query": "a", "mode": "best"}), "hybrid, lexical, dense"),
        (json!({"query": "a", "library_ids": []}), "leave it out"),
        (json!({"query": "a", "library_ids": vec!["1"; 101]}), "at most 100"),
        (json!({"query": "a", "library_ids": [1]}), "must be a string"),
    ] {
        let told = refusal(SearchLibraries::decode, wrong);
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn questions_say_whose_words_they_want() {
    let asked = taken(AskLibraries::decode, json!({"question": "Who?", "model": "m"}));
    assert_eq!(asked.mode, LibraryAnswerMode::Quotes);
    assert_eq!((asked.fallback, asked.stream), (LibraryAnswerFallback::Quote, false));
    for (field, value) in [("mode", "guessed"), ("fallback", "guess")] {
        let mut wrong = json!({"question": "Who?", "model": "m"});
        wrong[field] = value.into();
        assert!(refusal(AskLibraries::decode, wrong).contains("must be one of"), "{field}");
    }
    assert_eq!(
        refusal(AskLibraries::decode, json!({})),
        "body.question: field required (and 1 more)"
    );
}

#[test]
fn older_and_newer_clients_of_albert_are_read() {
    let older = json!({"prompt": "a", "collections": ["1"], "k": 3, "rff_k": 20});
    let newer = json!({"query": "a", "collection_ids": ["1"], "limit": 3});
    for body in [older, newer] {
        let search = taken(SearchChunks::decode, body);
        assert_eq!((search.query.as_str(), search.limit, search.offset), ("a", 3, 0));
        assert_eq!(search.collection_ids, ["1"]);
        assert_eq!(search.method, ChunkSearchMethod::Semantic);
    }
    for (wrong, why) in [
        (json!({}), "body.prompt: field required"),
        (json!({"prompt": "a", "limit": 60, "offset": 41}), "at most 100"),
        (json!({"prompt": "a", "method": "lexical", "score_threshold": 0.5}), "semantic"),
        (json!({"prompt": "a", "score_threshold": 2}), "between 0 and 1"),
        (json!({"prompt": "a", "document_ids": [7]}), "not offered"),
    ] {
        let told = refusal(SearchChunks::decode, wrong);
        assert!(told.contains(why), "{told}");
    }
    let zero = json!({"prompt": "a", "method": "lexical", "score_threshold": 0.0});
    assert_eq!(taken(SearchChunks::decode, zero).score_threshold, Some(0.0));
    let public = json!({"name": "a", "visibility": "public"});
    assert!(refusal(CreateCollection::decode, public).contains("gives it to others"));
    let private = json!({"name": "a", "visibility": "private"});
    assert_eq!(taken(CreateCollection::decode, private).name, "a");
}
