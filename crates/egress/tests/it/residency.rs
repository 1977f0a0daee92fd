//! Where the policy lets things go.

use egress::EgressError;

use crate::{
    server::{Reaction, Server, answer},
    world::{self, World},
};

#[tokio::test]
async fn a_destination_beyond_the_region_gets_nothing() {
    let sink = Server::start(Reaction::Answer(answer("200 OK", "", "answer"))).await;
    for (places, reason) in [
        (["us", "fr", "fr"], "its machines stand in US"),
        (["fr", "us", "fr"], "its operator is bound by the law of US"),
        (["fr", "fr", "us"], "the parent of its operator is bound by the law of US"),
    ] {
        let (world, answers) = World::with_answers(&["api.internal 127.0.0.1"]);
        let address = format!("http://api.internal:{}/", sink.port());
        let mut declared = world::service(&address, places);
        declared.internal = true;
        let client = world.client([declared]);
        let error = client.post(&address, "text/plain", "secret").await.expect_err("refused");
        let EgressError::Refused { refusal, .. } = &error else { panic!("{error:?}") };
        assert_eq!(refusal.to_string(), format!("the policy denies it: {reason}"));
        assert_eq!(answers.asked(), 0, "nothing is resolved for nothing");
        let party = address.trim_end_matches('/');
        assert_eq!(world.recorder.all(), [format!("residency.denied {party}")]);
    }
    assert_eq!(sink.requests(), [""; 0]);
}

#[tokio::test]
async fn the_name_of_a_hyperscaler_is_refused_whatever_is_declared() {
    for address in [
        "https://bedrock-runtime.eu-west-3.amazonaws.com/",
        "https://a.openai.azure.com./",
        "https://EUROPE-west9-aiplatform.GOOGLEAPIS.com/",
        "https://s3.eusc-de-east-1.amazonaws.eu/",
    ] {
        for declared in [world::service(address, ["fr"; 3]), world::witness(address)] {
            let (world, answers) = World::with_answers(&[]);
            let client = world.client([declared]);
            let error = client.examine().await.expect_err("refused");
            assert!(matches!(error, EgressError::Refused { .. }), "{address}: {error:?}");
            client.get(address).await.expect_err("refused");
            assert_eq!(answers.asked(), 0);
        }
    }
}

#[tokio::test]
async fn what_is_not_declared_gets_nothing_but_what_is_public() {
    let mut declared = world::service("https://api.example/", ["fr"; 3]);
    declared.record = None;
    let (world, answers) = World::with_answers(&["api.example 9.9.9.9"]);
    let client = world.client([declared]);
    let error = client.get("https://api.example/").await.expect_err("refused");
    assert!(error.to_string().contains("nothing is declared of it"), "{error}");
    assert_eq!(answers.asked(), 0);
}
