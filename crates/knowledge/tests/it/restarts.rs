//! However often whoever reads documents goes away, each version is found once in the end.

use std::time::Duration;

use governance::ports::RunningTurns as _;
use knowledge::{AddTo, Added, IngestionLimits, ReadingState};
use testkit::{EmbedderBehaviour, ParserBehaviour, Random};

use crate::bench::{Bench, HANG};

const DOCUMENTS: usize = 40;

async fn some(bench: &Bench) -> Vec<Added> {
    let library = AddTo::Library(bench.library().await);
    let mut added = Vec::new();
    for number in 0..DOCUMENTS {
        let text = format!("# Rule {number}\nMarker{number} holds for everybody.\n");
        added.push(bench.add(library, &text).await);
    }
    added
}

async fn all_are_found_once(bench: &Bench, added: &[Added]) {
    for (number, one) in added.iter().enumerate() {
        let version = bench.version(one).await;
        assert_eq!((version.state, version.failure), (ReadingState::Ready, None), "{number}");
        let passages = bench.index.passages(bench.caller.organisation, version.key);
        assert_eq!(passages.len(), version.passages as usize);
        assert!(passages.iter().all(|passage| passage.vector.is_some()));
        let found = bench.find(&bench.caller, &format!("marker{number}")).await.hits;
        let found: Vec<_> = found.iter().map(|hit| hit.document).collect();
        assert_eq!(found, [one.document.id], "{number}");
    }
}

/// Fewer kills than a version has attempts, so that none of them is given up.
#[tokio::test(start_paused = true)]
async fn every_version_is_found_however_often_it_is_killed() {
    let seed = 20_261_123;
    let mut random = Random::new(seed);
    let mut bench = Bench::new().await;
    let added = some(&bench).await;
    for _ in 0..4 {
        let running = bench.start();
        for _ in 0..random.below(400) {
            tokio::task::yield_now().await;
        }
        running.kill().await;
        bench.restarted();
    }
    let running = bench.start();
    for one in &added {
        bench.until(one, ReadingState::Ready).await;
    }
    running.stop().await;
    all_are_found_once(&bench, &added).await;
    assert!(bench.index.writes().iter().any(|versions| *versions > 1), "written together");
}

/// In the middle of parsing, of the first write, of vectors, and of the second write.
#[tokio::test(start_paused = true)]
async fn a_kill_in_each_state_is_taken_up_again() {
    let mut bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let parsing = bench.add(library, "parsing breaks off").await;
    bench.parser.behave(ParserBehaviour::Hangs);
    let running = bench.start();
    bench.parser.until_asked().await;
    bench.until(&parsing, ReadingState::Reading).await;
    running.kill().await;
    bench.restarted();

    bench.parser.behave(ParserBehaviour::Reads);
    bench.index.hang(true);
    let running = bench.start();
    while bench.version(&parsing).await.passages == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!bench.version(&parsing).await.searchable, "it is read, and not in the index");
    running.kill().await;
    bench.restarted();
    bench.index.hang(false);

    bench.embedder.behave(EmbedderBehaviour::Hangs);
    let running = bench.start();
    let indexed = bench.until(&parsing, ReadingState::Indexing).await;
    assert!(indexed.searchable);
    assert_eq!(bench.texts(&bench.caller, "parsing").await, ["parsing breaks off"]);
    while bench.embedder.asked() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.kill().await;
    bench.restarted();

    bench.embedder.behave(EmbedderBehaviour::Embeds);
    bench.index.hang(true);
    let (asked, running) = (bench.embedder.asked(), bench.start());
    while bench.embedder.asked() == asked {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(bench.version(&parsing).await.state, ReadingState::Indexing);
    running.kill().await;
    bench.restarted();
    bench.index.hang(false);

    let running = bench.start();
    bench.until(&parsing, ReadingState::Ready).await;
    running.stop().await;
    assert_eq!(bench.texts(&bench.caller, "parsing").await, ["parsing breaks off"]);
}

/// A stop counts for nothing: however often it happens, nothing is given up.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_stopped_again_and_again_gives_nothing_up() {
    let mut bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let added = bench.add(library, "patience").await;
    bench.parser.behave(ParserBehaviour::Hangs);
    for _ in 0..10 {
        let running = bench.start();
        bench.parser.until_asked().await;
        running.stop().await;
        bench.restarted();
    }
    bench.parser.behave(ParserBehaviour::Reads);
    let running = bench.start();
    bench.until(&added, ReadingState::Ready).await;
    running.stop().await;
}

/// Neither does it wait for a write of the index.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_stopped_while_the_index_is_written_gives_nothing_up() {
    let mut bench = Bench::new().await;
    let added = bench.add(AddTo::Library(bench.library().await), "patience").await;
    bench.index.hang(true);
    for _ in 0..10 {
        let running = bench.start();
        while bench.version(&added).await.passages == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        running.stop().await;
        bench.restarted();
    }
    bench.index.hang(false);
    let running = bench.start();
    bench.until(&added, ReadingState::Ready).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_whoever_is_erased_nothing_is_read() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let added = bench.add(library, "of somebody who goes").await;
    bench.parser.behave(ParserBehaviour::Hangs);
    let running = bench.start();
    bench.parser.until_asked().await;
    let (organisation, account) = (bench.caller.organisation, bench.caller.account);
    let stopped = bench.running.stop_all(organisation, account);
    tokio::time::timeout(HANG, stopped).await.unwrap();
    bench.parser.behave(ParserBehaviour::Reads);
    let asked = bench.parser.asked();
    let more = bench.add(library, "more of the same").await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(bench.parser.asked(), asked);
    assert!(!bench.version(&added).await.searchable && !bench.version(&more).await.searchable);
    running.stop().await;
}

/// However many documents of somebody who is erased wait: others are read meanwhile.
#[tokio::test(start_paused = true)]
async fn whoever_is_erased_holds_up_nobody() {
    let mut bench = Bench::new().await;
    let waiting = some(&bench).await;
    bench.running.stop_all(bench.caller.organisation, bench.caller.account).await;
    bench.caller = bench.somebody().await;
    let library = AddTo::Library(bench.library().await);
    let running = bench.start();
    let added = bench.add(library, "of somebody who stays").await;
    bench.until(&added, ReadingState::Ready).await;
    assert_eq!(bench.parser.asked(), 1, "none of the {} others", waiting.len());
    running.stop().await;
}

/// What waits for the index is bounded, whatever the documents are.
#[tokio::test(start_paused = true)]
async fn nothing_more_is_read_while_the_index_takes_nothing() {
    let bench = Bench::new().await;
    let library = AddTo::Library(bench.library().await);
    let mut added = Vec::new();
    for number in 0..DOCUMENTS {
        added.push(bench.add(library, &format!("{number} {}", "words ".repeat(200))).await);
    }
    bench.index.hang(true);
    let limits = IngestionLimits {
        group_bytes: 1_000,
        waiting_bytes_max: 4_000,
        put: Duration::from_hours(1),
        ..IngestionLimits::default()
    };
    let running = bench.start_with(limits);
    tokio::time::sleep(Duration::from_mins(10)).await;
    // Those that filled it, and those that were being read then.
    assert!(bench.parser.asked() <= 4 + limits.readings, "{}", bench.parser.asked());
    bench.index.hang(false);
    for one in &added {
        bench.until(one, ReadingState::Ready).await;
    }
    running.stop().await;
}
