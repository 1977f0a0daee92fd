//! Several answers to one question, texts that go on, and holes that are filled.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Behaviour;

use crate::server::{Answer, Server, hello};

async fn post(server: &Server, path: &str, members: Value) -> Answer {
    let mut body = json!({"model": "fake-model"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    server.send(server.request(Method::POST, path, body.to_string())).await
}

async fn text(server: &Server, members: Value) -> Answer {
    post(server, "/v1/completions", members).await
}

/// The chunks of a stream.
fn chunks(answer: &Answer) -> Vec<Value> {
    let body =
        answer.body.strip_suffix("data: [DONE]\n\n").unwrap_or_else(|| panic!("{}", answer.body));
    body.split_terminator("\n\n")
        .filter(|frame| *frame != ": keep-alive")
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn several_answers_are_one_request() {
    let server = Server::new().await;
    let one = server.chat(hello(json!({}))).await.json();
    let answer = server.chat(hello(json!({"n": 3, "seed": 7}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let told = answer.json();
    let choices = told["choices"].as_array().unwrap();
    assert_eq!(choices.len(), 3);
    for (index, choice) in choices.iter().enumerate() {
        assert_eq!(choice["index"], index);
        assert_eq!(choice["message"], one["choices"][0]["message"]);
        assert_eq!(choice["finish_reason"], "stop");
    }
    let seeds: Vec<_> =
        server.engine.requests()[1..].iter().map(|asked| asked.sampling.seed).collect();
    assert_eq!(seeds, [Some(7), Some(8), Some(9)]);
    assert_eq!(told["usage"]["prompt_tokens"], one["usage"]["prompt_tokens"]);
    let tripled = one["usage"]["completion_tokens"].as_u64().unwrap() * 3;
    assert_eq!(told["usage"]["completion_tokens"], tripled);
    let joules = |usage: &Value| usage["energy_joules"].as_f64().unwrap();
    assert!((joules(&told["usage"]) - 3.0 * joules(&one["usage"])).abs() < 1e-9);
    server.assert_audit(&[("chat.complete", "ok"), ("chat.complete", "ok")]);
    let rows = server.store.usage_records();
    assert_eq!(rows.len(), 2, "one row a request");
    assert_eq!(rows[1].outcome, "finished");
}

#[tokio::test]
async fn streamed_choices_are_told_apart_and_end_together() {
    let server = Server::new().await;
    let answer = server.chat(hello(json!({"n": 2, "stream": true}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let chunks = chunks(&answer);
    let mut texts = [String::new(), String::new()];
    let mut ends = Vec::new();
    for chunk in &chunks {
        let choice = &chunk["choices"][0];
        assert!(choice.as_object().unwrap().contains_key("finish_reason"), "{chunk}");
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        texts[index].push_str(choice["delta"]["content"].as_str().unwrap());
        if choice["finish_reason"] == "stop" {
            ends.push((index, chunk["usage"].is_object()));
        } else {
            assert!(ends.is_empty(), "nothing comes after an end: {chunk}");
        }
    }
    assert_eq!(texts, ["Bonjour tout le monde", "Bonjour tout le monde"]);
    ends.sort_by_key(|&(_, told)| told);
    assert_eq!(ends.iter().map(|(_, told)| *told).collect::<Vec<_>>(), [false, true]);
    assert_eq!(chunks.last().unwrap()["usage"]["completion_tokens"], 8);
    assert_eq!(server.store.usage_records().len(), 1);
}

#[tokio::test]
async fn several_answers_break_off_together() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::FailAfter { tokens: 1 });
    server.chat(hello(json!({"n": 2}))).await.assert_problem(500, "engine.failed");
    let streamed = server.chat(hello(json!({"n": 2, "stream": true}))).await;
    let reasons: Vec<_> = chunks(&streamed)
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["finish_reason"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(reasons, ["error", "error"]);
    let outcomes: Vec<_> =
        server.store.usage_records().into_iter().map(|row| row.outcome).collect();
    assert_eq!(outcomes, ["failed", "failed"]);
}

#[tokio::test]
async fn a_safe_prompt_stands_in_front() {
    let server = Server::new().await;
    let count = async |members: Value| {
        let answer = server.chat(hello(members)).await;
        answer.json()["usage"]["prompt_tokens"].as_u64().unwrap()
    };
    let words = 26;
    assert_eq!(count(json!({"safe_prompt": true})).await, count(json!({})).await + words);
    let messages = json!([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]);
    let bare = count(json!({"messages": messages})).await;
    assert_eq!(count(json!({"messages": messages, "safe_prompt": true})).await, bare + words);
}

#[tokio::test]
async fn a_text_goes_on() {
    let server = Server::new().await;
    let answer = text(&server, json!({"prompt": "un deux trois"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    let told = answer.json();
    let id = told["id"].as_str().unwrap();
    assert_eq!(id, format!("cmpl-{}", answer.header("x-request-id")));
    assert_eq!(
        (&told["object"], &told["model"]),
        (&json!("text_completion"), &json!("fake-model"))
    );
    let expected =
        json!([{"index": 0, "text": "un deux trois", "logprobs": null, "finish_reason": "stop"}]);
    assert_eq!(told["choices"], expected);
    assert_eq!(told["usage"]["total_tokens"], 6);
    server.assert_audit(&[("chat.complete", "ok")]);
    assert_eq!(server.store.usage_records().len(), 1);
}

#[tokio::test]
async fn texts_are_told_in_order_and_after_their_prompts() {
    let server = Server::new().await;
    let members = json!({"prompt": ["a b", "c"], "n": 2, "echo": true});
    let told = text(&server, members.clone()).await.json();
    let texts: Vec<_> =
        told["choices"].as_array().unwrap().iter().map(|choice| choice["text"].clone()).collect();
    assert_eq!(texts, ["a ba b", "a ba b", "cc", "cc"]);
    assert_eq!(told["usage"]["prompt_tokens"], 3, "each prompt once");
    assert_eq!(told["usage"]["completion_tokens"], 6);
    let mut members = members;
    members["stream"] = json!(true);
    let streamed = text(&server, members).await;
    let mut texts = vec![String::new(); 4];
    for chunk in chunks(&streamed) {
        let choice = &chunk["choices"][0];
        let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
        texts[index].push_str(choice["text"].as_str().unwrap());
    }
    assert_eq!(texts, ["a ba b", "a ba b", "cc", "cc"]);
    assert_eq!(server.store.usage_records().len(), 2);
}

#[tokio::test]
async fn log_probabilities_come_in_the_older_shape() {
    let server = Server::new().await;
    let members = json!({"prompt": "un deux", "logprobs": 2});
    let told = text(&server, members).await.json();
    let logprobs = &told["choices"][0]["logprobs"];
    assert_eq!(logprobs["tokens"], json!(["un", " deux"]));
    assert_eq!(logprobs["text_offset"], json!([0, 2]));
    assert_eq!(logprobs["token_logprobs"].as_array().unwrap().len(), 2);
    assert!(
        logprobs["top_logprobs"][0].as_object().is_some_and(|top| !top.is_empty()),
        "{logprobs}"
    );
}

#[tokio::test]
async fn holes_are_filled() {
    let server = Server::new().await;
    for (path, place) in [("/v1/completions", "text"), ("/v1/fim/completions", "message")] {
        let answer = post(&server, path, json!({"prompt": "a", "suffix": "b"})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let choice = &answer.json()["choices"][0];
        let said = if place == "text" { &choice["text"] } else { &choice["message"]["content"] };
        assert_eq!(said, "a b");
    }
    let streamed = json!({"prompt": "a", "suffix": "b", "stream": true});
    let streamed = post(&server, "/v1/fim/completions", streamed).await;
    assert_eq!(chunks(&streamed)[0]["object"], "chat.completion.chunk");
}

#[tokio::test]
async fn what_cannot_be_gone_on_with_is_refused() {
    let server = Server::new().await;
    for (members, status, code, param) in [
        (json!({}), 422, "request.invalid", "prompt"),
        (json!({"prompt": "a", "best_of": 2}), 422, "feature.unsupported", "best_of"),
        (json!({"prompt": [4_000_000_000_u32]}), 400, "input.rejected", "input"),
        (json!({"prompt": "a ".repeat(300)}), 400, "context.too_long", "messages"),
        (json!({"prompt": "a", "model": "fake-embedder"}), 400, "model.unsuited", "model"),
        (json!({"prompt": "a", "model": "nobody"}), 404, "model.unknown", "model"),
    ] {
        let answer = text(&server, members.clone()).await;
        answer.assert_problem(status, code);
        assert_eq!(answer.json()["param"], param, "{members}");
    }
    assert_eq!(server.engine.counts().started, 0);
}

#[tokio::test]
async fn tokens_of_a_request_are_counted_and_not_charged() {
    let server = Server::new().await;
    let members = json!({"input": "un deux", "instructions": "trois"});
    let answer = post(&server, "/v1/responses/input_tokens", members).await;
    assert_eq!(answer.json(), json!({"object": "response.input_tokens", "input_tokens": 3}));
    server.assert_audit(&[]);
    assert!(server.store.usage_records().is_empty());
    let members = json!({"input": "a", "model": "nobody"});
    let unknown = post(&server, "/v1/responses/input_tokens", members).await;
    unknown.assert_problem(404, "model.unknown");
    server.assert_audit(&[("chat.complete", "model.unknown")]);
}

#[tokio::test]
async fn agents_find_no_connectors() {
    let server = Server::new().await;
    let path = "/v1/connectors/bootstrap?supports_mcp=true";
    let answer = server.send(server.request(Method::GET, path, String::new())).await;
    assert_eq!(answer.json(), json!({"connectors": []}));
}
