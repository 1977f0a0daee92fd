//! Groups of changes, callers that leave, and closing.

use std::{sync::Arc, time::Duration};

use domain::{KeyId, OrganisationId, Principal};
use governance::ports::{AccessStore as _, AuditStore as _};
use inference::{UsageOpened, UsageOutcome, ports::UsageLedger as _};
use store::Store;
use tempfile::TempDir;
use testkit::{Random, Samples, UsageRows as _};
use tokio::{task::JoinSet, time::timeout};

use crate::rows::Rows;

const HANG: Duration = Duration::from_mins(1);

/// In one group, changes that fail stand between changes that succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_change_harms_no_other_one() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(1);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    let twin = samples.opened(&caller);
    let mut tasks = JoinSet::new();
    for number in 0..90 {
        let store = store.clone();
        let opened = samples.opened(&caller);
        // Every third one asks for the same request: one of them wins.
        let opened = if number % 3 == 0 { twin.clone() } else { opened };
        let entry = samples.entry(Some(project.organisation));
        tasks.spawn(async move {
            let done = store.open(&opened, &entry).await.is_ok();
            (done, opened, entry)
        });
    }
    let answers = tasks.join_all().await;
    let twins = answers.iter().filter(|(done, opened, _)| *done && *opened == twin).count();
    assert_eq!(twins, 1, "a request is opened once");
    let others = answers.iter().filter(|(_, opened, _)| *opened != twin);
    assert!(others.clone().all(|(done, ..)| *done), "the others are not disturbed");
    assert_eq!(others.count(), 60);

    let rows = Rows(path).usage_rows(project.organisation).await;
    let mut rows: Vec<UsageOpened> = rows.into_iter().map(|row| row.opened).collect();
    rows.sort_by_key(|row| row.request);
    let acknowledged = || answers.iter().filter(|(done, ..)| *done);
    let mut expected: Vec<_> = acknowledged().map(|(_, opened, _)| opened.clone()).collect();
    expected.sort_by_key(|row| row.request);
    assert_eq!(rows, expected);
    let trail = store.read_after(Some(project.organisation), 0, 1_000).await.expect("read");
    let mut trail: Vec<_> = trail.into_iter().map(|(_, entry)| entry).collect();
    trail.sort_by_key(|entry| entry.id);
    let mut expected: Vec<_> = acknowledged().map(|(.., entry)| entry.clone()).collect();
    expected.sort_by_key(|entry| entry.id);
    assert_eq!(trail, expected, "both or neither");
}

/// A caller that leaves at any point leaves nothing half done, and the store goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_leave_leave_nothing_half_done() {
    let seed = 7;
    println!("seed {seed}");
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let (samples, mut random) = (Samples::new(seed), Random::new(seed));
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    for _ in 0..200 {
        let (opened, entry) = (samples.opened(&caller), samples.entry(Some(project.organisation)));
        let mut call = Box::pin(store.open(&opened, &entry));
        // Polled a few times and dropped: before it is queued, queued, under way or done.
        for _ in 0..random.below(4) {
            tokio::select! {
                biased;
                done = &mut call => { done.expect("opened"); break }
                () = tokio::task::yield_now() => {}
            }
        }
        drop(call);
        if random.below(8) == 0 {
            let read = store.read_after(Some(project.organisation), 0, 1).await;
            read.expect("reads go on");
        }
    }
    // Changes are written in order, so when this one is done the others are decided.
    let (opened, entry) = (samples.opened(&caller), samples.entry(Some(project.organisation)));
    store.open(&opened, &entry).await.expect("the store goes on");
    let rows = Rows(path).usage_rows(project.organisation).await;
    let trail = store.read_after(Some(project.organisation), 0, 1_000).await.expect("read");
    assert_eq!(rows.len(), trail.len(), "both or neither");
    assert!(rows.len() > 1, "some were queued before their callers left");
    timeout(HANG, store.close()).await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_writes_what_is_queued_and_refuses_the_rest() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Arc::new(Samples::new(3));
    let organisation = OrganisationId::from_uuid(samples.id());
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, entry) = (store.clone(), samples.entry(Some(organisation)));
        tasks.spawn(async move { store.append(&entry).await.is_ok() });
    }
    timeout(HANG, store.close()).await.expect("closed");
    let acknowledged = tasks.join_all().await.into_iter().filter(|done| *done).count();

    let late = store.append(&samples.entry(None)).await.expect_err("it is closed");
    assert_eq!(late.source.to_string(), "the store is closed");
    let late = store.home().await.expect_err("it is closed");
    assert_eq!(late.source.to_string(), "the store is closed");
    let late = store.find_key(KeyId::from_uuid(samples.id())).await.expect_err("it is closed");
    assert_eq!(late.source.to_string(), "the store is closed");
    timeout(HANG, store.close()).await.expect("closing twice is no error");

    let left: Vec<_> = std::fs::read_dir(directory.path()).expect("listed").flatten().collect();
    assert_eq!(left.len(), 1, "one file, nothing beside it: {left:?}");
    let again = Store::open(&path).await.expect("opened again");
    let trail = again.read_after(Some(organisation), 0, 1_000).await.expect("read");
    assert_eq!(trail.len(), acknowledged, "what was acknowledged, and nothing else");
}

/// Another process may hold the database for longer than a caller waits.
#[tokio::test]
async fn a_caller_waits_until_its_deadline_and_no_longer() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(5);
    let mut other = crate::raw(&path).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.expect("locked");

    // With nothing else to do, a paused clock jumps to the deadline.
    tokio::time::pause();
    let caller = samples.caller(&samples.founding().project, Principal::Operator);
    let (opened, late) = (samples.opened(&caller), samples.entry(None));
    let late = store.open(&opened, &late).await.expect_err("it is locked");
    tokio::time::resume();
    assert_eq!(late.source.to_string(), "the database did not answer within 10 s");
    assert_eq!(store.read_after(None, 0, 10).await.expect("reads go on"), []);

    sqlx::query("ROLLBACK").execute(&mut other).await.expect("unlocked");
    let entry = samples.entry(None);
    store.append(&entry).await.expect("the store goes on");
    let trail = store.read_after(None, 0, 10).await.expect("read");
    assert_eq!(trail, [(1, entry)], "what was told to have failed is not written later");
}

/// The figures come back as they went in, to the last bit.
#[tokio::test]
async fn numbers_are_kept_exactly() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(4);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    let mut opened = samples.opened(&caller);
    opened.prompt_tokens = u32::MAX;
    store.open(&opened, &samples.entry(Some(project.organisation))).await.expect("opened");
    let mut settled = samples.settled(&opened, UsageOutcome::Finished);
    settled.usage.cpu_seconds = 0.1 + 0.2;
    store.settle(&settled).await.expect("settled");
    let rows = Rows(path).usage_rows(project.organisation).await;
    let figures = rows[0].figures.as_ref().expect("settled");
    assert_eq!(figures.cpu_seconds.to_bits(), (0.1_f64 + 0.2).to_bits());
    assert_eq!(rows[0].opened.prompt_tokens, u32::MAX);
}
