//! What is not reached.

use egress::{AddressError, EgressError};

use crate::{
    client, destination,
    server::{Reaction, Server, answer},
};

#[tokio::test]
async fn only_what_the_settings_name_is_reached() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let other = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let client = client(&server.address("/prefix"));
    let port = server.port();
    for address in [
        other.address("/prefix"),
        format!("https://127.0.0.1:{port}/prefix"),
        format!("http://localhost:{port}/prefix"),
        format!("http://127.0.0.2:{port}/prefix"),
        "http://127.0.0.1/prefix".to_owned(),
        // Such a name never resolves: the refusal comes before the look-up.
        format!("http://127.0.0.1.invalid:{port}/prefix"),
    ] {
        let error = client.post(&address, "text/plain", "body").await.expect_err("refused");
        let EgressError::Denied { destination: denied } = error else { panic!("{error:?}") };
        assert_eq!(denied, destination(&address));
        let error = client.get(&address).await.expect_err("refused");
        assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
    }
    assert_eq!(other.requests(), [""; 0]);
    assert_eq!(server.requests(), [""; 0]);
    // Any path of what is named is reached.
    client.get(&server.address("/elsewhere")).await.expect("an answer");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_client_without_destinations_reaches_nothing() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let client = egress::EgressClient::new([]).expect("a client");
    let error = client.get(&server.address("/")).await.expect_err("refused");
    assert!(matches!(error, EgressError::Denied { .. }), "{error:?}");
    assert_eq!(server.requests(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(Reaction::Answer(answer("200 OK", "", "target"))).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        for location in [target.address("/"), "/elsewhere".to_owned()] {
            let headers = format!("location: {location}\r\n");
            let server = Server::start(Reaction::Answer(answer(status, &headers, "moved"))).await;
            let allowed = [server.address("/"), target.address("/")];
            let client = egress::EgressClient::new(allowed.map(|address| destination(&address)));
            let client = client.expect("a client");
            let answer = client.post(&server.address("/"), "text/plain", "body").await;
            let answer = answer.expect("an answer");
            assert_eq!(
                (answer.status.to_string().as_str(), &answer.body[..]),
                (&status[..3], &b"moved"[..])
            );
            assert_eq!(server.requests().len(), 1);
        }
    }
    assert_eq!(target.requests(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let client = client("http://127.0.0.1:1");
    for address in ["", "/path", "127.0.0.1:1", "ftp://127.0.0.1:1/", "file:///etc/passwd"] {
        let error = client.get(address).await.expect_err("refused");
        assert!(matches!(error, EgressError::Address { .. }), "{address}: {error:?}");
    }
    let error = client.get("http://user:secret@127.0.0.1:1/").await.expect_err("refused");
    let EgressError::Address { source } = error else { panic!("{error:?}") };
    assert!(matches!(&source, AddressError::Credentials { .. }), "{source:?}");
    assert!(!format!("{source:?}").contains("secret"), "{source:?}");
}
