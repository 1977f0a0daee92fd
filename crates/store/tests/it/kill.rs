//! What was acknowledged survives the sudden death of the process.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use domain::{OrganisationId, Principal, Project, ProjectId, RequestId};
use governance::ports::AuditStore as _;
use inference::{UsageOutcome, ports::UsageLedger as _};
use store::Store;
use tempfile::TempDir;
use testkit::{Random, Samples, UsageRows as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::rows::Rows;

const ROUNDS: u64 = 6;
const WRITERS: u64 = 8;

/// Names the database to the child, which is this very test in another process.
const CHILD: &str = "GALERNE_TEST_KILL_DATABASE";

fn project() -> Project {
    Project {
        id: ProjectId::from_uuid(Uuid::from_u128(2)),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(1)),
        name: String::new(),
        created_at: domain::Timestamp::from_micros(0),
    }
}

/// In the child, many writers say on stdout what was acknowledged, until the process is killed.
/// In a plain test run, each writes a few rows and they must all be there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_say_what_was_acknowledged() {
    let child: Option<OsString> = std::env::var_os(CHILD);
    if let Some(path) = child {
        // A child whose parent died before it could kill it ends by itself.
        return write(Path::new(&path), 10_000).await;
    }
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    write(&path, 3).await;
    let rows = Rows(path).usage_rows(project().organisation).await;
    assert_eq!(rows.len(), usize::try_from(WRITERS * 3).expect("small"));
}

async fn write(path: &Path, requests_each: u32) {
    let store = Store::open(path).await.expect("opened");
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        // The process id keeps the rows of one round apart from those of the others.
        let seed = u64::from(std::process::id()) * WRITERS + writer;
        writers.spawn(async move {
            let samples = Samples::new(seed);
            for _ in 0..requests_each {
                let caller = samples.caller(&project(), Principal::Operator);
                let opened = samples.opened(&caller);
                let entry = samples.entry(Some(caller.organisation));
                store.open(&opened, &entry).await.expect("opened");
                acknowledged("open", opened.request);
                let settled = samples.settled(&opened, UsageOutcome::Finished);
                store.settle(&settled).await.expect("settled");
                acknowledged("settled", opened.request);
            }
        });
    }
    writers.join_all().await;
    store.close().await;
}

/// Past the test harness, which keeps what `println!` says.
fn acknowledged(what: &str, request: RequestId) {
    let line = format!("acknowledged {what} {request}\n");
    std::io::stdout().write_all(line.as_bytes()).expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let seed = 2026;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        let kill_after = 1 + random.below(150);
        println!("round {round}: killed after {kill_after} lines");
        acknowledged.extend(killed_after(&path, kill_after));
        check(&path, &acknowledged).await;
    }
    assert!(!acknowledged.is_empty());
}

/// Runs the child, kills it after so many lines, and returns all that it said.
fn killed_after(path: &Path, lines: u64) -> BTreeMap<RequestId, bool> {
    let test = std::env::current_exe().expect("this test");
    let mut child = Command::new(test)
        .args(["--exact", "kill::writers_say_what_was_acknowledged", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let output = BufReader::new(child.stdout.take().expect("piped"));
    let mut acknowledged = BTreeMap::new();
    let mut left = lines;
    // After the kill, what is still in the pipe was acknowledged too.
    for line in output.lines() {
        let line = line.expect("a line");
        let Some((what, request)) =
            line.strip_prefix("acknowledged ").and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        let settled = acknowledged.entry(request.parse().expect("an id")).or_insert(false);
        *settled |= what == "settled";
        left = left.saturating_sub(1);
        if left == 0 {
            child.kill().expect("killed");
        }
    }
    let status = child.wait().expect("ended");
    assert!(!status.success(), "it ended by itself: {status}");
    assert!(left == 0, "it ended before it was killed: {status}");
    acknowledged
}

async fn check(path: &Path, acknowledged: &BTreeMap<RequestId, bool>) {
    let store = Arc::new(Store::open(path).await.expect("opened after the kill"));
    let organisation = project().organisation;
    let rows = Rows(path.to_owned()).usage_rows(organisation).await;
    let found: BTreeMap<RequestId, &str> =
        rows.iter().map(|row| (row.opened.request, row.outcome.as_str())).collect();
    for (request, settled) in acknowledged {
        let outcome = found.get(request).copied();
        assert!(outcome.is_some(), "request {request} was acknowledged and is lost");
        assert!(!settled || outcome == Some("finished"), "request {request} is {outcome:?}");
    }
    let mut trail = Vec::new();
    loop {
        let after = trail.last().map_or(0, |(sequence, _)| *sequence);
        let page = store.read_after(Some(organisation), after, 1_000).await.expect("read");
        if page.is_empty() {
            break;
        }
        trail.extend(page);
    }
    assert_eq!(trail.len(), rows.len(), "each row has its entry, each entry its row");
    let gapless = trail.iter().zip(1..).all(|((sequence, _), expected)| *sequence == expected);
    assert!(gapless, "the sequence of the trail has a gap");
    let running = rows.iter().filter(|row| row.outcome == "running").count();
    let at = domain::Timestamp::from_micros(i64::MAX);
    let closed = store.close_interrupted(at).await.expect("closed");
    assert_eq!(usize::try_from(closed).expect("few"), running);
    let mut connection = crate::raw(path).await;
    let integrity: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .expect("checked");
    assert_eq!(integrity, "ok");
    store.close().await;
}
