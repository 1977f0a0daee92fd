//! What is sent, and what comes back.

use egress::EgressError;
use tokio::net::TcpListener;

use crate::{
    client,
    server::{Reaction, Server, answer},
};

#[tokio::test]
async fn an_answer_comes_back_as_it_was_sent() {
    let sent = answer("200 OK", "content-type: text/x.note\r\n", "one\ntwo\n");
    let server = Server::start(Reaction::Answer(sent)).await;
    let address = server.address("/prefix/add?a=b");
    let answer = client(&address).post(&address, "text/plain", "body\n").await.expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type.as_deref(), Some("text/x.note"));
    assert_eq!(answer.body, "one\ntwo\n");
    let version = env!("CARGO_PKG_VERSION");
    let port = server.port();
    // Everything that is sent: no cookie, no referer, no offer of an encoding.
    let expected = format!(
        "POST /prefix/add?a=b HTTP/1.1\r\ncontent-type: text/plain\r\naccept: */*\r\n\
         user-agent: galerne/{version}\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 5\r\n\r\n\
         body\n"
    );
    assert_eq!(server.requests(), [expected]);
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    for status in ["204 No Content", "404 Not Found", "409 Conflict", "503 Service Unavailable"] {
        let server = Server::start(Reaction::Answer(answer(status, "", ""))).await;
        let address = server.address("/");
        let answer = client(&address).get(&address).await.expect("an answer");
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(answer.content_type, None);
        assert_eq!(answer.body, "");
    }
}

#[tokio::test]
async fn a_cookie_is_not_kept() {
    let sent = answer("200 OK", "set-cookie: a=b\r\n", "");
    let server = Server::start(Reaction::Answer(sent)).await;
    let client = client(&server.address("/"));
    for _ in 0..2 {
        client.get(&server.address("/")).await.expect("an answer");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| !request.contains("cookie")), "{requests:?}");
}

#[tokio::test]
async fn a_broken_answer_is_told_and_nothing_is_sent_again() {
    for broken in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\none",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ] {
        let server = Server::start(Reaction::Answer(broken.to_vec())).await;
        let address = server.address("/");
        let error =
            client(&address).post(&address, "text/plain", "body").await.expect_err("broken");
        assert!(matches!(error, EgressError::Broken { .. }), "{broken:?}: {error:?}");
        assert_eq!(server.requests().len(), 1, "{broken:?}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let address = format!("{origin}/path");
    let error = client(&address).get(&address).await.expect_err("nobody there");
    assert!(matches!(error, EgressError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("{origin} cannot be reached"));
}
