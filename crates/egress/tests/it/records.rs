//! What is written down of exchanges and refusals.

use egress::EgressError;

use crate::{
    server::{Reaction, Server, answer},
    world::{self, World},
};

#[tokio::test]
async fn an_exchange_of_content_is_written_down_before_it_takes_place() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let world = World::default();
    let client = world.client([world::service(&server.address("/"), ["fr"; 3])]);
    for _ in 0..2 {
        client.post(&server.address("/a"), "text/plain", "content").await.expect("an answer");
    }
    assert_eq!(world.recorder.all(), vec![format!("exchange {}", server.address("")); 2]);
    world.recorder.close();
    let error = client.post(&server.address("/a"), "text/plain", "content").await;
    let error = error.expect_err("refused");
    assert!(matches!(error, EgressError::NotRecorded { .. }), "{error:?}");
    assert_eq!(server.requests().len(), 2, "nothing is sent that is not written down");
}

/// A witness is what opens a closed log again, and every entry needs a checkpoint.
#[tokio::test]
async fn a_witness_is_written_down_once_a_day_and_reached_while_the_log_is_closed() {
    let server = Server::start(Reaction::Answer(answer("200 OK", "", ""))).await;
    let world = World::default();
    let client = world.client([world::witness(&server.address("/"))]);
    world.recorder.close();
    client.get(&server.address("/")).await.expect("an answer");
    let world = World::default();
    let client = world.client([world::witness(&server.address("/"))]);
    for _ in 0..3 {
        client.get(&server.address("/")).await.expect("an answer");
    }
    assert_eq!(world.recorder.all(), [format!("exchange {}", server.address(""))]);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn the_same_refusal_of_a_party_is_written_down_once_an_hour() {
    let (world, _) = World::with_answers(&["api.example 10.0.0.1", "api.example 10.0.0.1"]);
    let client = world.client([world::service("https://api.example", ["fr"; 3])]);
    for _ in 0..2 {
        client.get("https://api.example/path").await.expect_err("refused");
    }
    let entries = world.recorder.all();
    let refusals: Vec<_> = entries.iter().filter(|entry| entry.starts_with("egress")).collect();
    assert_eq!(refusals, ["egress.address https://api.example"]);
}
