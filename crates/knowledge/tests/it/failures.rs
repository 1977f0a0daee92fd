//! What becomes of documents that cannot be read, and of those beside them.

use std::time::Duration;

use knowledge::{
    AddTo, Described, IngestionLimits, KnowledgeError, Quota, ReadingState, ports::Detail,
};
use testkit::{EmbedderBehaviour, ParserBehaviour};

use crate::bench::Bench;

async fn library(bench: &Bench) -> AddTo {
    AddTo::Library(bench.library().await)
}

#[tokio::test(start_paused = true)]
async fn a_parser_that_hangs_is_given_up_and_others_are_read() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let hanging = bench.add(library, "never read").await;
    bench.parser.behave(ParserBehaviour::Hangs);
    let limits = IngestionLimits { readings: 1, ..IngestionLimits::default() };
    let running = bench.start_with(limits);
    bench.parser.until_asked().await;
    bench.parser.behave(ParserBehaviour::Reads);
    let other = bench.add(library, "read in time").await;
    bench.until(&other, ReadingState::Ready).await;
    let failed = bench.until(&hanging, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.late");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_parser_refuses_is_told_with_its_part() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let added = bench.add(library, "broken").await;
    let wanted = bench.documents.now(added.document.id);
    let text = bench.documents.text(&bench.caller, wanted, Detail::Text).await;
    assert_eq!(text.unwrap_err().code(), "document.pending");
    bench.parser.behave(ParserBehaviour::Refuses("annexe.xml"));
    let running = bench.start();
    let failed = bench.until(&added, ReadingState::Failed).await;
    let failure = failed.failure.unwrap();
    assert_eq!(failure.code, "document.broken");
    assert_eq!(failure.part.as_deref(), Some("annexe.xml"));
    let text = bench.documents.text(&bench.caller, wanted, Detail::Text).await;
    let error = text.unwrap_err();
    assert_eq!(error.code(), "document.unreadable");
    assert!(error.to_string().contains("document.broken at `annexe.xml`"), "{error}");
    bench.parser.behave(ParserBehaviour::Reads);
    bench.documents.reprocess(&bench.caller, wanted).await.unwrap();
    bench.until(&added, ReadingState::Ready).await;
    let text = bench.documents.text(&bench.caller, wanted, Detail::Text).await.unwrap();
    assert_eq!(text.reading.document.text, "broken");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_document_that_breaks_its_reader_is_given_up() {
    let bench = Bench::new().await;
    let added = bench.add(library(&bench).await, "poison").await;
    bench.parser.behave(ParserBehaviour::Panics);
    let running = bench.start();
    let failed = bench.until(&added, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.broken_off");
    assert_eq!(bench.parser.asked(), 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_away_is_waited_for() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let added = bench.add(library, "patience").await;
    bench.parser.behave(ParserBehaviour::Unavailable);
    let running = bench.start();
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert!(bench.parser.asked() > 5, "again and again, without counting");
    bench.index.be_away(true);
    bench.parser.behave(ParserBehaviour::Reads);
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(bench.version(&added).await.state, ReadingState::Reading);
    bench.embedder.behave(EmbedderBehaviour::Unavailable);
    bench.index.be_away(false);
    let indexed = bench.until(&added, ReadingState::Indexing).await;
    assert!(indexed.searchable);
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(bench.texts(&bench.caller, "patience").await, ["patience"], "by its words");
    bench.embedder.behave(EmbedderBehaviour::Embeds);
    bench.until(&added, ReadingState::Ready).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_document_without_vectors_is_found_by_its_words() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    for behaviour in [EmbedderBehaviour::Refuses, EmbedderBehaviour::Forgets] {
        bench.embedder.behave(behaviour);
        let text = format!("{behaviour:?} vectors");
        let added = bench.add(library, &text).await;
        let running = bench.start();
        let failed = bench.until(&added, ReadingState::Failed).await;
        assert_eq!(failed.failure.unwrap().code, "document.not_embedded");
        assert!(failed.searchable);
        assert_eq!(bench.texts(&bench.caller, &format!("{behaviour:?}")).await, [text]);
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_waits_for_a_model_and_is_found_by_its_words() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    bench.embedder.behave(EmbedderBehaviour::IsGone);
    let added = bench.add(library, "patience").await;
    let running = bench.start();
    let indexed = bench.until(&added, ReadingState::Indexing).await;
    assert!(indexed.searchable);
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(bench.texts(&bench.caller, "patience").await, ["patience"]);
    assert_eq!(bench.embedder.asked(), 0, "nobody asks whom there is not");
    bench.embedder.behave(EmbedderBehaviour::Embeds);
    bench.until(&added, ReadingState::Ready).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn vectors_are_made_for_whoever_added_the_document() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    bench.embedder.behave(EmbedderBehaviour::Denies);
    let added = bench.add(library, "patience").await;
    let running = bench.start();
    bench.until(&added, ReadingState::Indexing).await;
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert!(bench.embedder.asked() > 5, "again and again, without counting");
    assert_eq!(bench.version(&added).await.state, ReadingState::Indexing);
    bench.embedder.behave(EmbedderBehaviour::Embeds);
    bench.until(&added, ReadingState::Ready).await;
    running.stop().await;
    let caller = bench.embedder.caller().map(|caller| (caller.organisation, caller.account));
    assert_eq!(caller, Some((bench.caller.organisation, bench.caller.account)));
}

/// It may be too large for the index, and its vectors are made anew each time.
#[tokio::test(start_paused = true)]
async fn a_document_that_always_comes_late_is_given_up() {
    let bench = Bench::new().await;
    let added = bench.add(library(&bench).await, "late").await;
    bench.index.hang(true);
    let running = bench.start();
    let failed = bench.until(&added, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.broken_off");
    assert_eq!(bench.parser.asked(), 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_index_is_not_tried_for_ever() {
    let bench = Bench::new().await;
    let added = bench.add(library(&bench).await, "nowhere to go").await;
    bench.index.be_damaged();
    let running = bench.start();
    let failed = bench.until(&added, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.broken_off");
    assert_eq!(bench.parser.asked(), 5);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_damaged_index_lost_is_read_anew() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let before = bench.add(library, "early words").await;
    let running = bench.start();
    bench.until(&before, ReadingState::Ready).await;
    bench.index.be_damaged();
    let after = bench.add(library, "late words").await;
    bench.until(&after, ReadingState::Failed).await;
    bench.search.reindex(&bench.caller).await.unwrap();
    for added in [&before, &after] {
        bench.until(added, ReadingState::Ready).await;
    }
    assert_eq!(bench.texts(&bench.caller, "words").await.len(), 2);
    // Nothing is lost any more.
    let asked = bench.parser.asked();
    bench.search.reindex(&bench.caller).await.unwrap();
    for added in [&before, &after] {
        bench.until(added, ReadingState::Ready).await;
    }
    assert_eq!(bench.parser.asked(), asked);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_index_refuses_harms_nothing_beside_it() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    bench.index.refuse("unbearable");
    let one = bench.add(library, "one").await;
    let refused = bench.add(library, "unbearable").await;
    let two = bench.add(library, "two").await;
    let running = bench.start();
    for added in [&one, &two] {
        bench.until(added, ReadingState::Ready).await;
    }
    let failed = bench.until(&refused, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.too_large");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn bytes_that_were_not_read_are_not_cited() {
    let bench = Bench::new().await;
    let added = bench.add(library(&bench).await, "something").await;
    bench.parser.behave(ParserBehaviour::ReadsNothing);
    let running = bench.start();
    let failed = bench.until(&added, ReadingState::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "document.unreadable");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_makes_room_for_others() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let hanging = bench.add(library, "not wanted after all").await;
    bench.parser.behave(ParserBehaviour::Hangs);
    let limits = IngestionLimits {
        readings: 1,
        parse: Duration::from_hours(9_999),
        ..IngestionLimits::default()
    };
    let running = bench.start_with(limits);
    bench.parser.until_asked().await;
    bench.parser.behave(ParserBehaviour::Reads);
    let other = bench.add(library, "wanted").await;
    let wanted = bench.documents.now(hanging.document.id);
    let cancelled = bench.documents.cancel(&bench.caller, wanted).await.unwrap();
    assert_eq!(cancelled.current.state, ReadingState::Failed);
    assert_eq!(cancelled.current.failure.unwrap().code, "document.cancelled");
    bench.until(&other, ReadingState::Ready).await;
    assert_eq!(bench.version(&hanging).await.state, ReadingState::Failed);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn documents_are_as_large_as_they_may_be() {
    let quota = Quota { document_bytes_max: 10_000, bytes_max: 25_000 };
    let bench = Bench::with(quota).await;
    let library = library(&bench).await;
    let named = || Described { name: Some("a".to_owned()), ..Described::default() };
    let error = bench.try_add(library, &"x".repeat(10_001), named()).await.unwrap_err();
    assert_eq!(error.code(), "document.too_large");
    for letter in ["a", "b"] {
        bench.add(library, &letter.repeat(10_000)).await;
    }
    let error = bench.try_add(library, &"c".repeat(5_001), named()).await.unwrap_err();
    assert!(matches!(error, KnowledgeError::NoRoom { .. }), "{error}");
    assert_eq!(error.code(), "document.no_room");
    bench.add(library, &"c".repeat(5_000)).await;
}

/// Of one word, of nothing, of breaks alone, of more passages than there may be.
#[tokio::test(start_paused = true)]
async fn hostile_texts_come_to_an_end() {
    let bench = Bench::new().await;
    let library = library(&bench).await;
    let limits = IngestionLimits { passages_max: 50, ..IngestionLimits::default() };
    let running = bench.start_with(limits);
    for (text, expected) in [
        ("x".repeat(500_000), ReadingState::Ready),
        (String::new(), ReadingState::Ready),
        ("\n".repeat(100_000), ReadingState::Ready),
        ("\u{c}".repeat(1_000), ReadingState::Ready),
        ("# h\n".repeat(2_000), ReadingState::Ready),
        ("many words ".repeat(20_000), ReadingState::Failed),
    ] {
        let added = bench.add(library, &text).await;
        let version = bench.until(&added, expected).await;
        if let Some(failure) = version.failure {
            assert_eq!(failure.code, "document.too_large");
        }
    }
    running.stop().await;
}
