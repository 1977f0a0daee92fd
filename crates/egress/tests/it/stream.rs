//! Answers that are read as they come: bounded too, announced first, and nowhere else.

use std::time::Duration;

use egress::{Credentials, EgressClient, EgressError, Incoming, Outgoing, Patience, Refusal};
use tokio::time::timeout;

use crate::{
    client,
    server::{Reaction, Server, answer},
    world::{self, World},
};

/// No step takes longer on a working client, however slow the machine.
const HANG: Duration = Duration::from_mins(1);
/// What is to pass, passes soon.
const SOON: Duration = Duration::from_millis(300);

const PATIENT: Patience = Patience { head: HANG, pause: HANG, whole: HANG, bytes_max: 1000 };

fn credentials() -> Credentials {
    Credentials::new("Bearer secret").expect("a header can hold it")
}

fn outgoing(patience: Patience) -> Outgoing {
    Outgoing {
        content_type: "text/plain",
        body: "content".into(),
        credentials: Some(credentials()),
        patience,
    }
}

/// A client that may send content to the server.
fn content_client(server: &Server) -> EgressClient {
    World::default().client([world::service(&server.address("/"), ["fr"; 3])])
}

async fn send(
    client: &EgressClient,
    to: &str,
    patience: Patience,
) -> Result<Incoming, EgressError> {
    let announced = client.announce(to).await?;
    timeout(HANG * 2, announced.send(outgoing(patience))).await.expect("no hang")
}

/// All that comes, and how it ends.
async fn read(reaction: Reaction, patience: Patience) -> (Vec<u8>, Result<(), EgressError>) {
    let server = Server::start(reaction).await;
    let mut read = Vec::new();
    let incoming = send(&content_client(&server), &server.address("/"), patience).await;
    let mut incoming = match incoming {
        Ok(incoming) => incoming,
        Err(error) => return (read, Err(error)),
    };
    loop {
        match timeout(HANG * 2, incoming.chunk()).await.expect("no hang") {
            Ok(Some(bytes)) => read.extend_from_slice(&bytes),
            Ok(None) => return (read, Ok(())),
            Err(error) => return (read, Err(error)),
        }
    }
}

#[tokio::test]
async fn it_is_written_down_before_it_is_sent_and_sent_once() {
    let sent = answer("200 OK", "content-type: text/x.note\r\nretry-after: 7\r\n", "one");
    let server = Server::start(Reaction::Answer(sent)).await;
    let world = World::default();
    let client = world.client([world::service(&server.address("/"), ["fr"; 3])]);
    let announced = client.announce(&server.address("/a")).await.expect("announced");
    let entry = format!("exchange {}", server.address(""));
    assert_eq!(world.recorder.all(), std::slice::from_ref(&entry));
    assert_eq!(server.requests(), [""; 0], "nothing is sent yet");
    let mut incoming = announced.send(outgoing(PATIENT)).await.expect("an answer");
    assert_eq!(incoming.status(), 200);
    assert_eq!(incoming.content_type().as_deref(), Some("text/x.note"));
    assert_eq!(incoming.retry_after_seconds(), Some(7));
    assert_eq!(incoming.chunk().await.expect("a piece").as_deref(), Some(&b"one"[..]));
    assert_eq!(incoming.chunk().await.expect("the end"), None);
    let request = server.requests().pop().expect("one request");
    assert!(request.starts_with("POST /a HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\ncontent"), "{request}");
    assert_eq!((server.requests().len(), world.recorder.all()), (1, vec![entry]));
}

#[tokio::test]
async fn what_is_announced_and_dropped_is_not_sent() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let client = content_client(&server);
    drop(client.announce(&server.address("/dropped")).await.expect("announced"));
    send(&client, &server.address("/sent"), PATIENT).await.expect("an answer");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].starts_with("POST /sent "), "{requests:?}");
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_sent() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let world = World::default();
    let client = world.client([world::service(&server.address("/"), ["fr"; 3])]);
    world.recorder.close();
    let error = client.announce(&server.address("/")).await.expect_err("refused");
    assert!(matches!(error, EgressError::NotRecorded { .. }), "{error:?}");
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn an_answer_has_so_many_bytes_at_most() {
    let whole = "a".repeat(1000);
    let (read_all, end) = read(Reaction::Answer(answer("200 OK", "", &whole)), PATIENT).await;
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(read_all, whole.as_bytes());
    let longer = answer("200 OK", "", &format!("{whole}a"));
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let endless = Reaction::Endless { head, piece: b"3\r\nabc\r\n".to_vec() };
    for reaction in [Reaction::Answer(longer), endless] {
        let (read, end) = read(reaction, PATIENT).await;
        assert!(matches!(end, Err(EgressError::TooLong { bytes_max: 1000, .. })), "{end:?}");
        assert!(read.len() <= 1000, "{}", read.len());
    }
}

/// Which of the deadlines it is says the error.
async fn check_given_up(sent: &[u8], patience: Patience) {
    let (_, end) = read(Reaction::Stall(sent.to_vec()), patience).await;
    let is_soon = matches!(end, Err(EgressError::TimedOut { deadline, .. }) if deadline == SOON);
    assert!(is_soon, "{patience:?}: {end:?}");
}

#[tokio::test]
async fn one_that_falls_silent_is_given_up() {
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\none";
    check_given_up(b"", Patience { head: SOON, ..PATIENT }).await;
    check_given_up(b"HTTP/1.1 2", Patience { head: SOON, ..PATIENT }).await;
    check_given_up(begun, Patience { pause: SOON, ..PATIENT }).await;
    check_given_up(begun, Patience { whole: SOON, ..PATIENT }).await;
}

#[tokio::test]
async fn an_answer_that_is_cut_is_told() {
    for cut in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\none"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
    ] {
        let (read, end) = read(Reaction::Answer(cut.to_vec()), PATIENT).await;
        assert!(matches!(end, Err(EgressError::Broken { .. })), "{end:?}");
        assert_eq!(read, b"one");
    }
}

/// Where a name leads is found out after the announcement; what it finds is written down too.
#[tokio::test]
async fn a_name_that_leads_elsewhere_meanwhile_is_refused() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let (world, answers) = World::with_answers(&["api.internal 169.254.169.254"]);
    let address = format!("http://api.internal:{}", server.port());
    let client = world.client([world::internal(&address)]);
    let announced = client.announce(&format!("{address}/")).await.expect("announced");
    assert_eq!(answers.asked(), 0, "nothing is resolved yet");
    let sent = timeout(HANG, announced.send(outgoing(PATIENT))).await.expect("no hang");
    let error = sent.expect_err("refused");
    let is_refused = matches!(error, EgressError::Refused { refusal: Refusal::Address { .. }, .. });
    assert!(is_refused, "{error:?}");
    let expected = [format!("exchange {address}"), format!("egress.address {address}")];
    assert_eq!(world.recorder.all(), expected);
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Server::start(Reaction::Answer(answer("200 OK", "", "target"))).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let headers = format!("location: {}\r\n", target.address("/"));
        let server = Server::start(Reaction::Answer(answer(status, &headers, ""))).await;
        let allowed = [server.address("/"), target.address("/")];
        let allowed = allowed.map(|address| world::service(&address, ["fr"; 3]));
        let client = World::default().client(allowed);
        let incoming = send(&client, &server.address("/"), PATIENT).await.expect("an answer");
        assert_eq!(incoming.status().to_string(), status[..3]);
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(target.requests(), [""; 0]);
}

#[tokio::test]
async fn what_may_not_be_reached_is_told_without_reaching_it() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let world = World::default();
    let abroad = world.client([world::service(&server.address("/"), ["us"; 3])]);
    let refusal = abroad.permits(&server.address("/")).expect_err("denied");
    assert_eq!(refusal.code(), "residency.denied");
    assert_eq!(abroad.permits("http://127.0.0.1:1/"), Err(Refusal::Undeclared));
    assert_eq!(abroad.permits("no address"), Err(Refusal::Undeclared));
    assert_eq!(world.recorder.all(), [""; 0], "nobody is told that somebody asks");
    let error = abroad.announce(&server.address("/")).await.expect_err("denied");
    assert!(matches!(error, EgressError::Refused { .. }), "{error:?}");
    let error = abroad.announce("http://127.0.0.1:1/").await.expect_err("undeclared");
    assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
    assert_eq!(server.requests(), [""; 0]);
    let near = content_client(&server);
    assert_eq!(near.permits(&server.address("/")), Ok(()), "control: the same server in the zone");
    send(&near, &server.address("/"), PATIENT).await.expect("an answer");
}

#[tokio::test]
async fn a_probe_sends_nothing_but_its_credentials_and_is_written_down_once_a_day() {
    let long = answer("404 Not Found", "", &"a".repeat(100_000));
    for (sent, status) in [(answer("401 Unauthorized", "", ""), 401), (long, 200)] {
        let server = Server::start(Reaction::Answer(sent)).await;
        let world = World::default();
        let client = world.client([world::service(&server.address("/"), ["fr"; 3])]);
        for _ in 0..2 {
            let probed = client.probe(&server.address("/v1/models"), Some(&credentials())).await;
            assert_eq!(probed.expect("somebody answers"), status);
        }
        assert_eq!(world.recorder.all(), [format!("exchange {}", server.address(""))]);
        for request in server.requests() {
            assert!(request.starts_with("GET /v1/models HTTP/1.1\r\n"), "{request}");
            assert!(request.contains("authorization: Bearer secret\r\n"), "{request}");
            assert!(request.ends_with("\r\n\r\n"), "{request}");
        }
    }
    let nobody = client("http://127.0.0.1:1");
    let error = nobody.probe("http://127.0.0.1:2/", None).await.expect_err("undeclared");
    assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
}
