//! Names: where they lead is checked, and what was checked is what is connected to.

use std::{net::SocketAddr, sync::Arc};

use egress::{EgressError, Refusal, SystemResolver};
use hickory_resolver::proto::{
    op::{Message, OpCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use residency::DeniedBy;
use tokio::{net::UdpSocket, task::JoinSet};

use crate::{
    server::{Reaction, Server, answer},
    world::{self, World},
};

#[tokio::test]
async fn a_name_is_resolved_once_and_what_was_checked_is_connected_to() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", "answer"))).await;
    let first = "api.internal 127.0.0.1";
    let (world, answers) =
        World::with_answers(&[first, "api.internal 169.254.169.254", "api.internal 9.9.9.9"]);
    let address = format!("http://api.internal:{}/", server.port());
    let client = world.client([world::internal(&address)]);
    assert_eq!(client.get(&address).await.expect("an answer").body, "answer");
    assert_eq!(answers.asked(), 1);
    // The next connection finds another answer, and refuses it.
    for _ in 0..2 {
        let error = client.get(&address).await.expect_err("refused");
        let is_refused =
            matches!(error, EgressError::Refused { refusal: Refusal::Address { .. }, .. });
        assert!(is_refused, "{error:?}");
    }
    assert_eq!(answers.asked(), 3);
    assert_eq!(server.requests().len(), 1);
}

async fn refusal(answers: &str, places: [&str; 3]) -> Refusal {
    let (world, _) = World::with_answers(&[answers]);
    let address = "https://ai.ministere.example/";
    let client = world.client([world::service(address, places)]);
    match client.get(address).await.expect_err("refused") {
        EgressError::Refused { refusal, .. } => refusal,
        error => panic!("{answers}: {error:?}"),
    }
}

#[tokio::test]
async fn a_name_that_leads_to_a_hyperscaler_is_refused() {
    for (answers, expected) in [
        ("ai.ministere.example x.amazonaws.com 9.9.9.9", "Amazon Web Services"),
        (
            "ai.ministere.example a.example d1.cloudfront.net. z.example 9.9.9.9",
            "Amazon Web Services",
        ),
        ("ai.ministere.example star-azurefd-prod.trafficmanager.net 9.9.9.9", "Microsoft Azure"),
    ] {
        let denied = DeniedBy::Hyperscaler(expected);
        assert_eq!(refusal(answers, ["fr"; 3]).await, Refusal::Residency { denied });
    }
}

#[tokio::test]
async fn an_address_in_the_range_of_a_hyperscaler_is_refused() {
    let file = "galerne address ranges 1\nsource 2026-11-22 amazon test\namazon 9.9.9.0/24\n";
    let (world, _) = World::with_answers(&["api.example 9.9.9.9"]);
    let world = World { ranges: file.parse().expect("ranges"), ..world };
    for address in ["https://api.example/", "https://9.9.9.9/"] {
        let client = world.client([world::service(address, ["fr"; 3])]);
        let error = client.get(address).await.expect_err("refused");
        let EgressError::Refused { refusal, .. } = error else { panic!("{error:?}") };
        assert_eq!(refusal.code(), "residency.denied");
    }
}

/// A server that answers every question with a chain of names and an address.
async fn name_server(chain: &[&str], address: [u8; 4]) -> (SocketAddr, JoinSet<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let at = socket.local_addr().expect("an address");
    let names: Vec<Name> = chain.iter().map(|name| name.parse().expect("a name")).collect();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut buffer = [0; 1500];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).await.expect("a question");
            let question = Message::from_vec(&buffer[..length]).expect("a message");
            let mut answer = Message::response(question.metadata.id, OpCode::Query);
            let query = question.queries[0].clone();
            let kind = query.query_type();
            answer.add_query(query);
            for pair in names.windows(2) {
                let target = RData::CNAME(rdata::CNAME(pair[1].clone()));
                answer.add_answer(Record::from_rdata(pair[0].clone(), 0, target));
            }
            if kind == RecordType::A {
                let [a, b, c, d] = address;
                let data = RData::A(rdata::A::new(a, b, c, d));
                answer.add_answer(Record::from_rdata(names[names.len() - 1].clone(), 0, data));
            }
            let bytes = answer.to_vec().expect("bytes");
            socket.send_to(&bytes, peer).await.expect("sent");
        }
    });
    (at, tasks)
}

/// With a real question and a real answer of a name server.
#[tokio::test]
async fn the_names_in_between_are_seen() {
    let chain = ["ai.ministere.example.", "x.amazonaws.com.", "host.example."];
    let (server, _tasks) = name_server(&chain, [9, 9, 9, 9]).await;
    let world = World { resolver: Arc::new(SystemResolver::of_server(server)), ..World::default() };
    let address = "https://ai.ministere.example/";
    let client = world.client([world::service(address, ["fr"; 3])]);
    let error = client.examine().await.expect_err("refused before anything is asked for");
    assert!(error.to_string().contains("Amazon Web Services"), "{error}");
    let error = client.get(address).await.expect_err("refused");
    let denied = DeniedBy::Hyperscaler("Amazon Web Services");
    let EgressError::Refused { refusal, .. } = error else { panic!("{error:?}") };
    assert_eq!(refusal, Refusal::Residency { denied });
    // The other way: a name that leads to nobody in particular is reached.
    let target = Server::start(Reaction::Answer(answer("200 OK", "", "answer"))).await;
    let chain = ["api.internal.example.", "host.example."];
    let (server, _tasks) = name_server(&chain, [127, 0, 0, 1]).await;
    let world = World { resolver: Arc::new(SystemResolver::of_server(server)), ..World::default() };
    let address = format!("http://api.internal.example:{}/", target.port());
    let client = world.client([world::internal(&address)]);
    client.examine().await.expect("may be reached");
    assert_eq!(client.get(&address).await.expect("an answer").body, "answer");
}
