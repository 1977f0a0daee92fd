//! What comes back from an upstream over a real connection, well-formed or not.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;
mod suite;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use carbon_ledger::{Joules, Method, Uncertainty, factors};
use domain::{
    RequestId,
    chat::{Message, Role},
};
use egress::{
    Broker, Deadlines, EgressClient, EgressParts, Event, NotRecorded, Recorder, SystemResolver,
};
use engine_remote::{EnergyPerToken, Kind, RemoteModel, RemoteParts, RemoteUpstream};
use inference::{
    AnswerFormat, FinishReason, FunctionCall, Metering, ModelPurpose, Sampling, Site, Tool,
    ToolUse,
    ports::{
        Asking, AskingPassages, BrokenOff, Consumed, EngineEvent, Passage, Upstream as _,
        UpstreamCard, UpstreamError, UpstreamModel,
    },
};
use residency::{DataClass, Declaration, Policy, PolicyParts, Purpose, Record, Zone};
use tokio::time::timeout;
use uuid::Uuid;

use crate::server::{Server, begun, chunks, json_answer, stream_of};

/// No step takes longer on a working upstream, however slow the machine.
const HANG: Duration = Duration::from_mins(1);

struct Nowhere;

#[async_trait]
impl Recorder for Nowhere {
    async fn record(&self, _: Event<'_>) -> Result<(), NotRecorded> {
        Ok(())
    }
}

/// An upstream that is waited for, however slow the machine.
fn upstream(address: &str) -> RemoteUpstream {
    World::patient(address).upstream()
}

/// What an upstream is made of.
#[derive(Clone, Copy)]
struct World<'a> {
    address: &'a str,
    /// Where it is declared to be; an address of this machine needs no declaration.
    place: Option<&'a str>,
    head: Duration,
    pause: Duration,
}

impl<'a> World<'a> {
    fn patient(address: &'a str) -> Self {
        Self { address, place: None, head: HANG, pause: HANG }
    }

    fn declaration(&self) -> Declaration {
        let record = |place: &str| {
            let zone = || place.parse().expect("a place");
            let operator = "Operator".parse().expect("a name");
            Record { operator, site: zone(), jurisdiction: zone(), parent: zone() }
        };
        Declaration {
            origin: self.address.to_owned(),
            purpose: Purpose::Inference,
            class: DataClass::Content,
            internal: self.place.is_some(),
            record: self.place.map(record),
        }
    }

    fn upstream(&self) -> RemoteUpstream {
        RemoteUpstream::new(self.parts()).expect("a key that can stand in a header")
    }

    fn parts(&self) -> RemoteParts {
        let models =
            [("chat", ModelPurpose::Chat), ("vectors", ModelPurpose::Embeddings { dimensions: 2 })];
        let models = models.map(|(id, purpose)| UpstreamModel {
            id: id.parse().expect("an id"),
            context_tokens: 4096,
            purpose,
        });
        let energy = EnergyPerToken {
            prompt: Joules::new(0.5).expect("a quantity"),
            completion: Joules::new(2.0).expect("a quantity"),
            uncertainty: Uncertainty::from_percent(50.0).expect("a percentage"),
        };
        let remote = |model: &UpstreamModel| RemoteModel {
            id: model.id.clone(),
            name: format!("there/{}", model.id),
            energy: Some(energy),
        };
        let site = Site { name: "there".to_owned(), zone: "FR".to_owned() };
        RemoteParts {
            models: models.iter().map(remote).collect(),
            card: UpstreamCard {
                id: "there".parse().expect("an id"),
                models: models.into(),
                is_own: true,
                requests_max: 4,
                microeuros_per_million: 0,
                metering: Metering::new(site, factors::grid("FR").expect("listed")),
            },
            kind: Kind::Vllm,
            address: self.address.to_owned(),
            key: Some("the-key\n".to_owned().into()),
            client: client(self.declaration()),
            head: self.head,
            pause: self.pause,
            whole: HANG,
        }
    }
}

fn client(declaration: Declaration) -> EgressClient {
    let policy = Policy::new(PolicyParts {
        region: Zone::Eu,
        rules: Vec::new(),
        declarations: vec![declaration.clone()],
        ranges: None,
    });
    let client = EgressClient::new(EgressParts {
        broker: Broker::new(Arc::new(policy), Arc::default(), [declaration]).expect("an address"),
        resolver: Arc::new(SystemResolver::default()),
        recorder: Arc::new(Nowhere),
        deadlines: Deadlines::default(),
    });
    client.expect("a client")
}

fn asking(is_streamed: bool) -> Asking {
    Asking {
        request: RequestId::from_uuid(Uuid::nil()),
        model: "chat".parse().expect("an id"),
        messages: vec![Message::new(Role::User, "Twelve bytes")],
        sampling: Sampling::default(),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: Some(8),
        stop: Vec::new(),
        top_logprobs: None,
        is_streamed,
    }
}

#[derive(Debug)]
struct Answer {
    text: String,
    calls: Vec<FunctionCall>,
    end: Option<EngineEvent>,
    consumed: Consumed,
}

async fn ask(server: &Server, asking: &Asking) -> Result<Answer, UpstreamError> {
    ask_for(&upstream(server.address()), asking).await
}

async fn ask_for(upstream: &RemoteUpstream, asking: &Asking) -> Result<Answer, UpstreamError> {
    let announced = upstream.announce(asking).await?;
    let generation = timeout(HANG, announced.send()).await.expect("in time")?;
    let (mut events, settled) = (generation.events, generation.settled);
    let (mut text, mut calls, mut end) = (String::new(), Vec::new(), None);
    while let Some(event) = timeout(HANG, events.recv()).await.expect("an event in time") {
        assert_eq!(end, None, "nothing comes after the end");
        match event {
            EngineEvent::Token(piece) => text.push_str(&piece.text),
            EngineEvent::Calls(more) => calls.extend(more),
            EngineEvent::Finished(_) | EngineEvent::Failed { .. } => end = Some(event),
        }
    }
    let consumed = timeout(HANG, settled).await.expect("settled in time").expect("settled");
    Ok(Answer { text, calls, end, consumed })
}

const STOP: Option<EngineEvent> = Some(EngineEvent::Finished(FinishReason::Stop));

const WHOLE: &str = r#"{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}"#;

#[tokio::test]
async fn a_whole_answer_is_read_and_charged() {
    let server = Server::start(vec![json_answer(200, WHOLE)]).await;
    let answer = ask(&server, &asking(false)).await.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.end), ("Hello", STOP));
    let consumed = answer.consumed;
    let tokens =
        (consumed.prompt_tokens, consumed.cached_prompt_tokens, consumed.completion_tokens);
    assert_eq!(tokens, (10, 4, 3));
    // Cached tokens cost nothing: 6 times 0.5 J and 3 times 2 J.
    assert!((consumed.energy.joules.value() - 9.0).abs() < 1e-9, "{consumed:?}");
    assert_eq!(consumed.energy.method, Method::Estimated);
    let request = server.requests().pop().expect("one request");
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer the-key\r\n"), "{request}");
    assert!(request.contains(r#""model":"there/chat""#), "{request}");
}

#[tokio::test]
async fn a_stream_is_read_however_it_is_cut() {
    let parts = [
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":"Hé"}}]}"#,
        r#"{"choices":[{"delta":{"content":"llo"},"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
    ];
    for size in [1, 7, 4096] {
        let server = Server::start(vec![stream_of(&chunks(&parts), size)]).await;
        let answer = ask(&server, &asking(true)).await.expect("an answer");
        assert_eq!((answer.text.as_str(), answer.end), ("Héllo", STOP), "{size}");
        assert_eq!((answer.consumed.prompt_tokens, answer.consumed.completion_tokens), (5, 2));
    }
}

#[tokio::test]
async fn calls_come_out_whole_and_usage_is_estimated_where_it_is_missing() {
    let parts = [
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
    ];
    let server = Server::start(vec![stream_of(&chunks(&parts), 64)]).await;
    let tool = Tool {
        name: "f".to_owned(),
        description: None,
        parameters: r#"{"type":"object"}"#.into(),
        strict: true,
    };
    let tools = ToolUse { tools: vec![tool], ..ToolUse::default() };
    let answer = ask(&server, &Asking { tools, ..asking(true) }).await.expect("an answer");
    let call = FunctionCall { name: "f".to_owned(), arguments: "{\"x\":1}".to_owned() };
    assert_eq!(answer.calls, [call]);
    assert_eq!(answer.end, Some(EngineEvent::Finished(FinishReason::ToolCalls)));
    // Four bytes a token: the message, what stands around it, the tool.
    let estimated = (12 + 16 + 1 + 17) / 4;
    assert_eq!((answer.consumed.prompt_tokens, answer.consumed.completion_tokens), (estimated, 1));
    assert!(!server.requests()[0].contains("strict"), "vLLM refuses it");
}

#[tokio::test]
async fn an_upstream_that_answers_at_once_though_it_was_to_stream_is_understood() {
    let server = Server::start(vec![json_answer(200, WHOLE)]).await;
    let answer = ask(&server, &asking(true)).await.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.end), ("Hello", STOP));
}

/// Why there is no answer, in a word.
async fn refused(answer: Vec<u8>, is_streamed: bool) -> String {
    let server = Server::start(vec![answer]).await;
    match ask(&server, &asking(is_streamed)).await {
        Ok(Answer { end: Some(EngineEvent::Failed { .. }), text, .. }) => format!("cut {text}"),
        Ok(answer) => panic!("{answer:?}"),
        Err(UpstreamError::Failed { .. }) => "failed".to_owned(),
        Err(UpstreamError::Barred { status }) => format!("barred {status}"),
        Err(UpstreamError::Erred { status }) => format!("erred {status}"),
        Err(UpstreamError::Refused { status, detail }) => format!("refused {status} {detail}"),
        Err(UpstreamError::Busy { retry_after_seconds }) => format!("busy {retry_after_seconds:?}"),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_found_at_once() {
    let key = Some("two\nlines".to_owned().into());
    let parts = RemoteParts { key, ..World::patient("http://127.0.0.1:9").parts() };
    RemoteUpstream::new(parts).expect_err("no header holds it");
}

#[tokio::test]
async fn what_is_no_answer_is_told_before_anything_is_said() {
    for body in ["", "no JSON", "[]", "{}", r#"{"choices":[]}"#, r#"{"error":{"message":"no"}}"#] {
        assert_eq!(refused(json_answer(200, body), false).await, "failed", "{body}");
        let stream = stream_of(format!("data: {body}\n\n").as_bytes(), 64);
        assert_eq!(refused(stream, true).await, "failed", "{body}");
    }
    for status in [301, 502, 504] {
        assert_eq!(refused(json_answer(status, "{}"), false).await, "failed", "{status}");
    }
    for status in [401, 403, 404, 405, 503] {
        assert_eq!(refused(json_answer(status, "{}"), false).await, format!("barred {status}"));
    }
    assert_eq!(refused(json_answer(500, "{}"), false).await, "erred 500");
    let text = r#"{"message":"too\nlong","type":"invalid_request_error"}"#;
    assert_eq!(refused(json_answer(400, text), false).await, "refused 400 too long");
    for (said, expected) in
        [("7", "busy Some(7)"), ("86400", "busy Some(3600)"), ("x", "busy None")]
    {
        let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nretry-after: ";
        let answer = format!("{head}{said}\r\n\r\n").into_bytes();
        assert_eq!(refused(answer, false).await, expected);
    }
    assert_eq!(
        refused(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"cho".to_vec(), false).await,
        "failed"
    );
    assert_eq!(refused(b"\0\0\0\0 garbage\r\n\r\n".to_vec(), true).await, "failed");
    assert_eq!(refused(Vec::new(), true).await, "failed");
}

#[tokio::test]
async fn an_answer_that_ends_in_the_middle_is_no_answer() {
    let parts = [r#"{"choices":[{"delta":{"content":"He"}}]}"#];
    let mut cut = Vec::new();
    cut.extend_from_slice(format!("data: {}\n\n", parts[0]).as_bytes());
    assert_eq!(refused(stream_of(&cut, 64), true).await, "cut He", "without a reason");
    cut.extend_from_slice(b"data: {\"choices\":[{\"delta\":{\"content\":\"l");
    assert_eq!(refused(stream_of(&cut, 64), true).await, "cut He", "in the middle of an event");
    let error = [parts[0], r#"{"error":{"message":"out of memory"}}"#];
    assert_eq!(refused(stream_of(&chunks(&error), 64), true).await, "cut He", "with an error");
    let aborted = [parts[0], r#"{"choices":[{"delta":{},"finish_reason":"abort"}]}"#];
    assert_eq!(refused(stream_of(&chunks(&aborted), 64), true).await, "cut He");
}

/// Some find out what is wrong with a request after they have begun to answer.
#[tokio::test]
async fn an_error_in_place_of_an_answer_says_whose_fault_it_is() {
    for (error, expected) in [
        (r#"{"error":{"code":400,"message":"too long"}}"#, "refused 400 too long"),
        (r#"{"error":{"code":"422","message":"no such role"}}"#, "refused 422 no such role"),
        (r#"{"error":{"status":429,"message":"later"}}"#, "busy None"),
        (r#"{"error":{"code":500,"message":"out of memory"}}"#, "failed"),
        (r#"{"error":"out of memory"}"#, "failed"),
    ] {
        assert_eq!(refused(json_answer(200, error), false).await, expected, "{error}");
        assert_eq!(refused(stream_of(&chunks(&[error]), 64), true).await, expected, "{error}");
    }
}

/// What an upstream says is written to logs, and it may say what it was sent.
#[tokio::test]
async fn no_failure_repeats_what_the_upstream_said() {
    let bodies = [
        r#"{"choices": "zebra"}"#,
        r#"{"choices":[{"message":"zebra"}]}"#,
        r#"{"choices":[{"message":{"content":{"zebra":1}}}]}"#,
        r#"{"error":{"message":"zebra","code":500}}"#,
        r#"{"error":"zebra"}"#,
        "zebra",
    ];
    let whole = bodies.map(|body| (json_answer(200, body), false));
    let streamed = bodies.map(|body| (stream_of(format!("data: {body}\n\n").as_bytes(), 64), true));
    let statuses = [302, 401, 403, 404, 500, 503];
    let statuses = statuses.map(|status| (json_answer(status, r#"{"message":"zebra"}"#), false));
    for (answer, is_streamed) in whole.into_iter().chain(streamed).chain(statuses) {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let server = Server::start(vec![answer]).await;
        let error = ask(&server, &asking(is_streamed)).await.expect_err("no answer");
        assert!(!format!("{error} {error:?}").contains("zebra"), "{text}: {error:?}");
    }
    let cut = [r#"{"choices":[{"delta":{"content":"He"}}]}"#, r#"{"error":{"message":"zebra"}}"#];
    let server = Server::start(vec![stream_of(&chunks(&cut), 4096)]).await;
    let end = ask(&server, &asking(true)).await.expect("a beginning").end;
    let told = BrokenOff::Told;
    assert!(matches!(&end, Some(EngineEvent::Failed { because, .. }) if *because == told));
    assert!(!format!("{end:?}").contains("zebra"), "{end:?}");
    let late = [r#"{"choices":[{"delta":{"content":"He"}}]}"#, r#"{"error":{"code":400}}"#];
    let server = Server::start(vec![stream_of(&chunks(&late), 4096)]).await;
    let end = ask(&server, &asking(true)).await.expect("a beginning").end;
    let refused = BrokenOff::Refused;
    assert!(matches!(&end, Some(EngineEvent::Failed { because, .. }) if *because == refused));
}

#[tokio::test]
async fn an_answer_whose_reason_has_come_is_whole_however_the_connection_ends() {
    let part = r#"{"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    let server = Server::start(vec![begun(part)]).await;
    let answer = ask(&server, &asking(true)).await.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.end), ("Hello", STOP));
}

/// Both ways of falling silent end in a failure, on a machine that stands still meanwhile too.
#[tokio::test]
async fn an_upstream_that_falls_silent_is_given_up() {
    const SOON: Duration = Duration::from_millis(300);
    let part = r#"{"choices":[{"delta":{"content":"He"}}]}"#;
    let server = Server::silent_after(begun(part)).await;
    let hasty = World { pause: SOON, ..World::patient(server.address()) };
    match ask_for(&hasty.upstream(), &asking(true)).await {
        Ok(answer) => {
            assert!(matches!(answer.end, Some(EngineEvent::Failed { .. })), "{:?}", answer.end);
        }
        // The pause was over before the first word was read.
        Err(error) => assert!(error.is_fault(), "{error:?}"),
    }
    let server = Server::silent_after(Vec::new()).await;
    let hasty = World { head: SOON, ..World::patient(server.address()) };
    let error = ask_for(&hasty.upstream(), &asking(true)).await.expect_err("no beginning");
    assert!(error.is_fault(), "{error:?}");
}

#[tokio::test]
async fn who_leaves_ends_the_exchange_and_is_charged() {
    let part = r#"{"choices":[{"delta":{"content":"He"}}]}"#;
    let server = Server::silent_after(begun(part)).await;
    let upstream = upstream(server.address());
    let announced = upstream.announce(&asking(true)).await.expect("announced");
    let generation = announced.send().await.expect("a beginning");
    drop(generation.events);
    let consumed = timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    assert_eq!(consumed.prompt_tokens, (12 + 16) / 4);
    timeout(HANG, server.closed()).await.expect("the connection is closed");
}

#[tokio::test]
async fn passages_become_vectors_of_length_one() {
    let body = r#"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}],"usage":{"prompt_tokens":9}}"#;
    let server = Server::start(vec![json_answer(200, body)]).await;
    let upstream = upstream(server.address());
    let passages = vec![Passage::Text("a".to_owned()), Passage::Tokens(vec![1, 2])];
    let request = RequestId::from_uuid(Uuid::nil());
    let asking = AskingPassages { request, model: "vectors".parse().expect("an id"), passages };
    let announced = upstream.announce_passages(&asking).await.expect("announced");
    let embedding = announced.send().await.expect("vectors");
    let vectors = embedding.vectors.await.expect("told").expect("made");
    assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0]]);
    assert_eq!(embedding.settled.await.expect("settled").prompt_tokens, 9);
    assert!(server.requests()[0].contains(r#""input":["a",[1,2]]"#));
}

#[tokio::test]
async fn a_probe_says_whether_it_lives() {
    let server =
        Server::start(vec![json_answer(200, "{}"), json_answer(401, "{}"), json_answer(503, "{}")])
            .await;
    let upstream = upstream(server.address());
    assert_eq!(upstream.probe().await, Ok(()));
    assert!(upstream.probe().await.is_err_and(|error| error.is_fault()));
    assert!(upstream.probe().await.is_err_and(|error| error.is_fault()));
    drop(server);
    assert!(upstream.probe().await.is_err_and(|error| error.is_fault()));
}

#[tokio::test]
async fn nothing_goes_where_the_policy_does_not_let_it() {
    let away = upstream("https://api.example");
    assert_eq!(away.admits().expect_err("undeclared").code, "residency.denied");
    let Err(error) = away.announce(&asking(true)).await else { panic!("it is denied") };
    assert!(matches!(error, UpstreamError::Denied(_)), "{error:?}");
}
