//! What is not reached.

use egress::{AddressError, EgressError};

use crate::{
    client, destination,
    server::{Reaction, Server, answer},
    world::{self, World},
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
    let client = World::default().client([]);
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
            let allowed = allowed.map(|address| world::witness(&address));
            let client = World::default().client(allowed);
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

/// The way of a server that wants to know what only this machine is told.
#[tokio::test]
async fn a_redirect_to_the_metadata_service_goes_nowhere() {
    let target = Server::start(Reaction::Answer(answer("200 OK", "", "secret"))).await;
    let port = target.port();
    for location in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[fd00:ec2::254]/latest/meta-data/".to_owned(),
        format!("http://2130706433:{port}/"),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:70/_x".to_owned(),
    ] {
        let headers = format!("location: {location}\r\n");
        let server = Server::start(Reaction::Answer(answer("302 Found", &headers, ""))).await;
        let client = client(&server.address("/"));
        let answer = client.get(&server.address("/")).await.expect("an answer");
        assert_eq!((answer.status, &answer.body[..]), (302, &b""[..]), "{location}");
        // Whoever takes the location for an address of its own is refused too.
        let error = client.get(&location).await.expect_err("refused");
        let is_refused = matches!(error, EgressError::Denied { .. } | EgressError::Address { .. });
        assert!(is_refused, "{location}: {error:?}");
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(target.requests(), [""; 0]);
}
