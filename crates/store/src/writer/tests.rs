//! Groups as the writer is handed them: nothing is left to chance about who waits with whom.

use domain::Principal;
use inference::UsageOutcome;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use testkit::Samples;

use super::*;
use crate::{row::bytes, schema};

type Answer = oneshot::Receiver<Result<(), Failure>>;

/// With a database in memory.
async fn writer() -> Writer {
    let options = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    let mut connection = options.connect().await.unwrap();
    schema::migrate(&mut connection).await.unwrap();
    Writer::new(connection, Arc::default(), CancellationToken::new()).0
}

fn add<C: Together>(
    group: &mut Vec<Queued>,
    change: C,
    queued: impl FnOnce(Box<Waiting<C>>) -> Queued,
) -> Answer {
    let deadline = Instant::now() + std::time::Duration::from_mins(1);
    let (waiting, answer) = Waiting::new(change, deadline, Failure::Closed);
    group.push(queued(Box::new(waiting)));
    answer
}

/// A change that writes something and fails then.
fn add_failing(group: &mut Vec<Queued>) -> Answer {
    let deadline = Instant::now() + std::time::Duration::from_mins(1);
    let (pending, answer) = Pending::new(fail_half_way, deadline, Failure::Closed);
    group.push(Queued::Change(Box::new(pending)));
    answer
}

fn fail_half_way(connection: &mut SqliteConnection) -> Running<'_, ()> {
    Box::pin(async move {
        execute(connection, "INSERT INTO deployment (statement) VALUES ('half')").await?;
        Err(Failure::NoFolder)
    })
}

fn is_done(mut answer: Answer) -> bool {
    answer.try_recv().expect("answered").is_ok()
}

async fn count(writer: &mut Writer, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&mut writer.connection).await.unwrap()
}

#[tokio::test]
async fn each_row_gets_its_own_figures_whatever_is_refused_beside_it() {
    let (samples, mut writer) = (Samples::new(1), writer().await);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    // Statements of several widths.
    let opened: Vec<_> = (0..73).map(|_| samples.opened(&caller)).collect();
    let mut group = Vec::new();
    let failing = add_failing(&mut group);
    let opening = |usage: &inference::UsageOpened| Opening {
        usage: usage.clone(),
        audit: samples.entry(Some(project.organisation)),
    };
    let mut opens = Vec::new();
    for usage in &opened {
        opens.push(add(&mut group, opening(usage), Queued::Open));
    }
    let twin = add(&mut group, opening(&opened[0]), Queued::Open);
    let kept = add(&mut group, samples.entry(None), Queued::Append);
    let long = AuditEntry { canonical: vec![b'x'; 4097], ..samples.entry(None) };
    let long = add(&mut group, long, Queued::Append);
    writer.write(Group::of(&mut group)).await;
    assert!(!is_done(failing));
    assert!(opens.into_iter().all(is_done));
    assert!(!is_done(twin), "a request is opened once");
    assert!(is_done(kept));
    assert!(!is_done(long));
    assert_eq!(count(&mut writer, "SELECT count(*) FROM usage").await, 73);
    assert_eq!(count(&mut writer, "SELECT count(*) FROM audit").await, 74);
    let half = "SELECT count(*) FROM deployment WHERE statement = 'half'";
    assert_eq!(count(&mut writer, half).await, 0);

    let settle = |usage| samples.settled(usage, UsageOutcome::Finished);
    let settled: Vec<_> = opened.iter().map(settle).collect();
    let unknown = samples.settled(&samples.opened(&caller), UsageOutcome::Finished);
    let failing = add_failing(&mut group);
    let mut answers = Vec::new();
    for settled in &settled {
        answers.push(add(&mut group, settled.clone(), Queued::Settle));
    }
    let unknown = add(&mut group, unknown, Queued::Settle);
    writer.write(Group::of(&mut group)).await;
    assert!(!is_done(failing));
    assert!(!is_done(unknown), "it was never opened");
    assert!(answers.into_iter().all(is_done));
    for settled in &settled {
        let tokens: i64 =
            sqlx::query_scalar("SELECT completion_tokens FROM usage WHERE request_id = ?1")
                .bind(bytes(settled.request.as_uuid()))
                .fetch_one(&mut writer.connection)
                .await
                .unwrap();
        assert_eq!(tokens, i64::from(settled.usage.completion_tokens));
    }
}

#[tokio::test]
async fn the_widest_statements_write_each_row_with_its_own_figures() {
    let (samples, mut writer) = (Samples::new(2), writer().await);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    let opened: Vec<_> = (0..127).map(|_| samples.opened(&caller)).collect();
    let mut group = Vec::new();
    let mut answers = Vec::new();
    for usage in &opened {
        let audit = samples.entry(Some(project.organisation));
        let opening = Opening { usage: usage.clone(), audit };
        answers.push(add(&mut group, opening, Queued::Open));
    }
    writer.write(Group::of(&mut group)).await;
    let mut settled = Vec::new();
    for usage in &opened {
        let one = samples.settled(usage, UsageOutcome::Finished);
        answers.push(add(&mut group, one.clone(), Queued::Settle));
        settled.push(one);
    }
    writer.write(Group::of(&mut group)).await;
    assert!(answers.into_iter().all(is_done));
    for settled in settled {
        let tokens: i64 =
            sqlx::query_scalar("SELECT completion_tokens FROM usage WHERE request_id = ?1")
                .bind(bytes(settled.request.as_uuid()))
                .fetch_one(&mut writer.connection)
                .await
                .unwrap();
        assert_eq!(tokens, i64::from(settled.usage.completion_tokens));
    }
}

/// It would be written after its caller was told that it was not.
#[tokio::test]
async fn what_may_be_late_is_not_begun() {
    let (samples, mut writer) = (Samples::new(3), writer().await);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    let usage = samples.opened(&caller);
    let opening = Opening { usage, audit: samples.entry(Some(project.organisation)) };
    let deadline = Instant::now() + std::time::Duration::from_millis(500);
    let (waiting, answer) = Waiting::new(opening, deadline, Failure::Closed);
    let mut group = vec![Queued::Open(Box::new(waiting))];
    writer.write(Group::of(&mut group)).await;
    assert!(!is_done(answer));
    assert_eq!(count(&mut writer, "SELECT count(*) FROM usage").await, 0);
}

/// Who answered may need a row of its own: that is no single statement.
#[tokio::test]
async fn a_settle_that_names_who_answered_is_a_transaction() {
    let (samples, mut writer) = (Samples::new(4), writer().await);
    let project = samples.founding().project;
    let caller = samples.caller(&project, Principal::Operator);
    let mut unknown = samples.settled(&samples.opened(&caller), UsageOutcome::Finished);
    unknown.answered_by = Some(Arc::new(testkit::deployment()));
    let mut group = Vec::new();
    let answer = add(&mut group, unknown, Queued::Settle);
    writer.write(Group::of(&mut group)).await;
    assert!(!is_done(answer));
    let left = count(&mut writer, "SELECT count(*) FROM deployment").await;
    assert_eq!(left, 0, "a refused change leaves nothing behind");
}
