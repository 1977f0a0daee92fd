//! Nobody makes the client wait or remember without end.

use std::time::Duration;

use egress::{Answer, EgressError};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    client, hasty_client,
    server::{Reaction, Server, answer},
};

/// No call takes longer on a working client, however slow the machine.
const HANG: Duration = Duration::from_mins(1);

async fn ask(reaction: Reaction) -> Result<Answer, EgressError> {
    let server = Server::start(reaction).await;
    let address = server.address("/");
    timeout(HANG, client(&address).get(&address)).await.expect("no hang")
}

async fn check_cut(reaction: Reaction) {
    let error = ask(reaction).await.expect_err("cut");
    assert!(matches!(error, EgressError::TooLong { bytes_max: 65_536, .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let piece = vec![b'a'; 1000];
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    check_cut(Reaction::Endless { head, piece: piece.clone() }).await;
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000000\r\n\r\n".to_vec();
    check_cut(Reaction::Endless { head, piece }).await;
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    check_cut(Reaction::Endless { head, piece: b"3\r\nabc\r\n".to_vec() }).await;
}

#[tokio::test]
async fn an_endless_head_is_cut() {
    let head = b"HTTP/1.1 200 OK\r\na: ".to_vec();
    let error = ask(Reaction::Endless { head, piece: vec![b'a'; 1000] }).await.expect_err("cut");
    assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let error = ask(Reaction::Endless { head, piece: b"a: b\r\n".to_vec() }).await;
    let error = error.expect_err("cut");
    assert!(matches!(error, EgressError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn the_longest_answer_is_64_kibibytes() {
    let whole = "a".repeat(65_536);
    let answered = ask(Reaction::Answer(answer("200 OK", "", &whole))).await.expect("an answer");
    assert_eq!(answered.body, whole);
    check_cut(Reaction::Answer(answer("200 OK", "", &format!("{whole}a")))).await;
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let mut checks = JoinSet::new();
    for sent in [
        &b""[..],
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\none",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
    ] {
        checks.spawn(check_given_up(sent));
    }
    checks.join_all().await;
}

async fn check_given_up(sent: &[u8]) {
    let server = Server::start(Reaction::Stall(sent.to_vec())).await;
    let address = server.address("/");
    let asked = timeout(HANG, hasty_client(&address).get(&address)).await.expect("no hang");
    let error = asked.expect_err("silence");
    assert!(matches!(error, EgressError::TimedOut { .. }), "{sent:?}: {error:?}");
    let text = error.to_string();
    assert!(text.ends_with("did not answer within 1000 ms"), "{text}");
    assert!(server.requests().len() <= 1, "asked again: {sent:?}");
}
