//! A witness that is asked over the network.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
    routing::post,
};
use egress::{
    Broker, Deadlines, EgressClient, EgressParts, Event, NotRecorded, Recorder, SystemResolver,
};
use governance::ports::{Witness as _, WitnessError};
use residency::{DataClass, Declaration, Policy, PolicyParts, Purpose, Zone};
use testkit::{SampleLog, WitnessUnderTest, witness_suite};
use witness::HttpWitness;

use crate::{
    server::{Server, Watched, answering},
    unavailable,
};

fn client(prefix: &str) -> EgressClient {
    client_of(&[prefix], Deadlines::default())
}

/// A client as old settings make it: nothing is declared of the witness.
fn client_of(prefixes: &[&str], deadlines: Deadlines) -> EgressClient {
    let declarations = prefixes.iter().map(|prefix| Declaration {
        origin: (*prefix).to_owned(),
        purpose: Purpose::Witness,
        class: DataClass::Public,
        internal: false,
        record: None,
    });
    let declarations: Vec<_> = declarations.collect();
    let policy = Policy::new(PolicyParts {
        region: Zone::Eu,
        rules: Vec::new(),
        declarations: declarations.clone(),
        ranges: None,
    });
    let broker = Broker::new(Arc::new(policy), Arc::default(), declarations).expect("addresses");
    let (resolver, recorder) = (Arc::new(SystemResolver::default()), Arc::new(Nowhere));
    let parts = EgressParts { broker, resolver, recorder, deadlines };
    EgressClient::new(parts).expect("a client")
}

/// Writes nothing down.
struct Nowhere;

#[async_trait]
impl Recorder for Nowhere {
    async fn record(&self, _: Event<'_>) -> Result<(), NotRecorded> {
        Ok(())
    }
}

/// One that waits for a second.
fn hasty_client(prefix: &str) -> EgressClient {
    let deadlines = Deadlines { whole: Duration::from_secs(1), ..Deadlines::default() };
    client_of(&[prefix], deadlines)
}

fn witness(prefix: &str) -> HttpWitness {
    HttpWitness::new(prefix, client(prefix)).expect("a witness")
}

#[tokio::test]
async fn a_witness_on_the_network_passes_the_suite() {
    witness_suite(async |verifier| {
        let server = Watched::new(verifier).serve().await;
        // The server lives as long as what asks it.
        WitnessUnderTest::new(move || Box::new(witness(&server.prefix())))
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_made_good() {
    let mut log = SampleLog::new(100);
    let watched = Watched::new(log.verifier());
    let server = watched.serve().await;
    let prefix = server.prefix();
    let hasty = HttpWitness::new(&prefix, hasty_client(&prefix)).expect("a witness");
    let (first, second) = (log.grow(5), log.grow(5));
    witness(&prefix).add(&log.addition(0, first)).await.expect("taken");
    watched.loses_answer.store(true, Ordering::SeqCst);
    let reason = unavailable(&hasty, &log.addition(first, second)).await;
    assert!(reason.contains("did not answer within 1000 ms"), "{reason}");
    let error = witness(&prefix).add(&log.addition(first, second)).await.expect_err("held already");
    assert!(matches!(error, WitnessError::OtherSize { size } if size == second), "{error:?}");
    witness(&prefix).add(&log.addition(second, second)).await.expect("held");
    assert_eq!(watched.memory.notes(), [log.checkpoint(first), log.checkpoint(second)]);
}

#[tokio::test]
async fn a_witness_that_does_not_know_the_log_is_told() {
    let (mut log, other) = (SampleLog::new(101), SampleLog::new(102));
    let server = Watched::new(other.verifier()).serve().await;
    let size = log.grow(3);
    let reason = unavailable(&witness(&server.prefix()), &log.addition(0, size)).await;
    assert_eq!(reason, "the witness answered 404: ");
}

#[tokio::test]
async fn a_witness_that_is_away_is_told() {
    let mut log = SampleLog::new(103);
    let watched = Watched::new(log.verifier());
    let server = watched.serve().await;
    let prefix = server.prefix();
    let witness = witness(&prefix);
    let size = log.grow(3);
    watched.memory.go_away();
    let reason = unavailable(&witness, &log.addition(0, size)).await;
    assert_eq!(reason, "the witness answered 503: ");
    watched.memory.come_back();
    witness.add(&log.addition(0, size)).await.expect("taken");
    drop(server);
    let reason = unavailable(&witness, &log.addition(size, size)).await;
    assert!(reason.starts_with("the witness could not be asked: "), "{reason}");
}

#[tokio::test]
async fn a_witness_that_the_settings_do_not_name_is_not_asked() {
    let mut log = SampleLog::new(104);
    let watched = Watched::new(log.verifier());
    let (server, named) = (watched.serve().await, watched.serve().await);
    let size = log.grow(3);
    let witness = HttpWitness::new(&server.prefix(), client(&named.prefix())).expect("a witness");
    let reason = unavailable(&witness, &log.addition(0, size)).await;
    let destination = server.prefix().replace("/prefix", "");
    let expected = format!(
        "the witness could not be asked: the settings do not name {destination}, so it is not \
         reached"
    );
    assert_eq!(reason, expected);
    assert_eq!(watched.memory.checkpoints(), []);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut log = SampleLog::new(105);
    let watched = Watched::new(log.verifier());
    let target = watched.serve().await;
    let location = format!("{}/add-checkpoint", target.prefix());
    let server = answering(move || {
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location.clone())], "").into_response()
    })
    .await;
    let client = client_of(&[&server.prefix(), &target.prefix()], Deadlines::default());
    let witness = HttpWitness::new(&server.prefix(), client).expect("a witness");
    let size = log.grow(3);
    let reason = unavailable(&witness, &log.addition(0, size)).await;
    assert_eq!(reason, "the witness answered 307: ");
    assert_eq!(watched.memory.checkpoints(), []);
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let mut log = SampleLog::new(106);
    let endless = || {
        let pieces =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("a".repeat(1000)));
        Response::new(Body::from_stream(pieces))
    };
    let server = answering(endless).await;
    let size = log.grow(3);
    let reason = unavailable(&witness(&server.prefix()), &log.addition(0, size)).await;
    assert!(reason.ends_with("is longer than 65536 bytes"), "{reason}");
}

#[tokio::test]
async fn a_silent_witness_is_given_up_and_asked_once() {
    let mut log = SampleLog::new(107);
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let silent = post(async move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>().await;
    });
    let server = Server::start(Router::new().route("/prefix/add-checkpoint", silent)).await;
    let prefix = server.prefix();
    let witness = HttpWitness::new(&prefix, hasty_client(&prefix)).expect("a witness");
    let size = log.grow(3);
    let reason = unavailable(&witness, &log.addition(0, size)).await;
    assert!(reason.ends_with("did not answer within 1000 ms"), "{reason}");
    assert!(asked.load(Ordering::SeqCst) <= 1, "asked again");
}

#[tokio::test]
async fn a_page_that_is_no_witness_is_told() {
    let mut log = SampleLog::new(108);
    let size = log.grow(3);
    let server = answering(|| "<h1>Sign in</h1>\n".into_response()).await;
    let reason = unavailable(&witness(&server.prefix()), &log.addition(0, size)).await;
    let expected = "the witness answered 200 without signing: <h1>Sign in</h1>";
    assert!(reason.starts_with(expected), "{reason}");
    let server = answering(|| (StatusCode::CONFLICT, "20\n").into_response()).await;
    let reason = unavailable(&witness(&server.prefix()), &log.addition(0, size)).await;
    assert_eq!(reason, "the witness answered 409: 20");
}
