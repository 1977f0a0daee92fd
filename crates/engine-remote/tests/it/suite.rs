//! An upstream over a real connection does what every upstream does.

use std::sync::Arc;

use async_trait::async_trait;
use testkit::{OtherEnd, UpstreamCase, UpstreamUnderTest, upstream_suite};

use crate::{
    WHOLE, World,
    server::{Reply, Server, begun, chunks, json_answer, stream_of},
};

const WORD: &str = r#"{"choices":[{"delta":{"content":"He"}}]}"#;
const REST: &str = r#"{"choices":[{"delta":{"content":"llo"},"finish_reason":"stop"}]}"#;

#[async_trait]
impl OtherEnd for Server {
    fn received(&self) -> Vec<String> {
        self.requests()
    }

    async fn left(&self) {
        self.closed().await;
    }
}

/// A server that answers like an engine, until it is to do something else.
fn reply(case: UpstreamCase, request: &str) -> Reply {
    let is = |path: &str| request.lines().next().is_some_and(|line| line.contains(path));
    if is("/v1/models") {
        return Reply::Whole(json_answer(200, r#"{"object":"list","data":[]}"#));
    }
    if is("/v1/embeddings") {
        let vectors = r#"{"data":[{"embedding":[3,4]},{"embedding":[0,2]}]}"#;
        return Reply::Whole(json_answer(200, vectors));
    }
    let is_streamed = request.contains(r#""stream":true"#);
    match case {
        UpstreamCase::Answers | UpstreamCase::Denied if is_streamed => {
            Reply::Whole(stream_of(&chunks(&[WORD, REST]), 64))
        }
        UpstreamCase::Answers | UpstreamCase::Denied => Reply::Whole(json_answer(200, WHOLE)),
        UpstreamCase::Stalls => Reply::Silent(begun(WORD)),
        UpstreamCase::BreaksOff => Reply::Whole(begun(WORD)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_upstream_passes_the_upstream_suite() {
    upstream_suite(async |case| {
        let server = Server::run(move |request| Some(reply(case, request))).await;
        let place = match case {
            UpstreamCase::Answers | UpstreamCase::Stalls | UpstreamCase::BreaksOff => "fr",
            UpstreamCase::Denied => "us",
        };
        let world = World { place: Some(place), ..World::patient(server.address()) };
        UpstreamUnderTest {
            upstream: Arc::new(world.upstream()),
            model: "chat".parse().expect("an id"),
            embedder: "vectors".parse().expect("an id"),
            other_end: Arc::new(server),
        }
    })
    .await;
}
