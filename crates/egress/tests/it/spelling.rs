//! The many ways to write an address that must not be reached.

use egress::{EgressError, Refusal};

use crate::{
    server::{Reaction, Server, answer},
    world::{self, World},
};

/// Every one of them is this machine, no machine, or where clouds tell machines their secrets.
const SPELLINGS: [&str; 21] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.1",
    "\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}",
    "localhost",
    "0",
    "0.0.0.0",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[fd00:ec2::254]",
    "[::7f00:1]",
];

#[tokio::test]
async fn no_spelling_of_an_address_gets_past_the_list() {
    let sink = Server::start(Reaction::Answer(answer("200 OK", "", "secret"))).await;
    let world = World::default();
    let client = world.client([world::service("https://api.example", ["fr"; 3])]);
    for spelling in SPELLINGS {
        let address = format!("http://{spelling}:{}/", sink.port());
        let error = client.get(&address).await.expect_err("refused");
        assert!(matches!(error, EgressError::Denied { .. }), "{spelling}: {error:?}");
    }
    let port = sink.port();
    for address in [
        format!("http://ok@127.0.0.1:{port}/"),
        format!("http://api.example@127.0.0.1:{port}/"),
        format!("https://api.example:443@127.0.0.1:{port}/"),
        format!("http://api.example\\@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}#@api.example/"),
        format!("gopher://127.0.0.1:{port}/_GET"),
        "file:///etc/passwd".to_owned(),
        format!("dict://127.0.0.1:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
        "data:text/plain,a".to_owned(),
        "unix:/run/docker.sock".to_owned(),
        format!("//127.0.0.1:{port}/"),
    ] {
        let error = client.get(&address).await.expect_err("refused");
        let is_refused = matches!(error, EgressError::Denied { .. } | EgressError::Address { .. });
        assert!(is_refused, "{address}: {error:?}");
    }
    assert_eq!(sink.requests(), [""; 0]);
    // One entry each, none of which repeats what somebody asked for.
    assert_eq!(world.recorder.all(), ["egress.undeclared nobody"; 33]);
}

/// The settings cannot name them either, but for this machine.
#[tokio::test]
async fn no_spelling_is_reached_because_the_settings_name_it() {
    for spelling in SPELLINGS {
        let address = format!("http://{spelling}:1/");
        let client = World::default().client([world::service(&address, ["fr"; 3])]);
        let error = client.get(&address).await.expect_err("nobody there");
        let is_this_machine =
            address.parse::<egress::Destination>().expect("one").is_this_machine();
        match error {
            EgressError::Unreachable { .. } => assert!(is_this_machine, "{spelling}"),
            EgressError::Refused { refusal: Refusal::Address { .. }, .. } => {
                assert!(!is_this_machine, "{spelling}");
            }
            error => panic!("{spelling}: {error:?}"),
        }
    }
}

/// A name on the internet that leads to one of them.
#[tokio::test]
async fn no_name_leads_to_one_of_them() {
    let sink = Server::start(Reaction::Answer(answer("200 OK", "", "secret"))).await;
    for target in [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "169.254.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ] {
        // Together with an address that could be reached: one is enough to refuse all.
        let answers = format!("api.example 9.9.9.9 {target}");
        let (world, asked) = World::with_answers(&[&answers]);
        let address = format!("http://api.example:{}/", sink.port());
        let client = world.client([world::service(&address, ["fr"; 3])]);
        let error = client.post(&address, "text/plain", "secret").await.expect_err("refused");
        let EgressError::Refused { refusal: Refusal::Address { address, .. }, .. } = error else {
            panic!("{target}: {error:?}")
        };
        assert_eq!(address.to_string(), target);
        assert_eq!(asked.asked(), 1);
    }
    assert_eq!(sink.requests(), [""; 0]);
}
