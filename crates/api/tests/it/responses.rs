//! Answers in the shape of Responses, complete and streamed.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::Behaviour;

use crate::server::{Answer, Server};

async fn ask(server: &Server, members: Value) -> Answer {
    let mut body = json!({"model": "fake-model", "input": "Bonjour tout le monde"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    server.send(server.request(Method::POST, "/v1/responses", body.to_string())).await
}

/// The events of a stream, each named as it says itself, and numbered.
fn events(body: &str) -> Vec<Value> {
    let frames: Vec<&str> =
        body.split_terminator("\n\n").filter(|frame| *frame != ": keep-alive").collect();
    let read = |(number, frame): (usize, &&str)| {
        let (name, data) = frame.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!((&event["type"], &event["sequence_number"]), (&json!(name), &json!(number)));
        event
    };
    frames.iter().enumerate().map(read).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_complete_answer() {
    let server = Server::new().await;
    let members = json!({"instructions": "Be brief.", "metadata": {"a": "b"}, "store": true});
    let answer = ask(&server, members).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.assert_common_headers();
    let body = answer.json();
    let id = answer.header("x-request-id");
    assert_eq!(body["id"], format!("resp_{id}"));
    assert_eq!((&body["object"], &body["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(
        body["output"],
        json!([{
            "type": "message", "id": format!("msg_{id}_0"), "status": "completed",
            "role": "assistant",
            "content": [{
                "type": "output_text", "text": "Bonjour tout le monde", "annotations": [],
                "logprobs": [],
            }],
        }])
    );
    for member in ["error", "incomplete_details", "previous_response_id", "temperature"] {
        assert_eq!(body.get(member), Some(&Value::Null), "{member}");
    }
    assert_eq!(
        (&body["instructions"], &body["metadata"]),
        (&json!("Be brief."), &json!({"a": "b"}))
    );
    assert_eq!((&body["store"], &body["tool_choice"]), (&json!(false), &json!("auto")));
    assert_eq!((&body["tools"], &body["parallel_tool_calls"]), (&json!([]), &json!(true)));
    assert_eq!(body["text"], json!({"format": {"type": "text"}}));
    let usage = &body["usage"];
    let tokens = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(tokens("total_tokens"), tokens("input_tokens") + tokens("output_tokens"));
    assert_eq!(usage["output_tokens_details"], json!({"reasoning_tokens": 0}));
    assert!(usage["energy_joules"].as_f64().unwrap() > 0.0, "{usage}");
    assert_eq!(usage.get("prompt_tokens"), None);
    server.assert_audit(&[("chat.complete", "ok")]);
    assert_eq!(server.store.usage_records().len(), 1);
}

#[tokio::test]
async fn a_streamed_answer() {
    let server = Server::new().await;
    let answer = ask(&server, json!({"stream": true, "top_logprobs": 2})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let events = events(&answer.body);
    let (begin, rest) = events.split_at(4);
    assert_eq!(
        names(begin),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
        ]
    );
    assert_eq!(begin[0]["response"]["status"], "in_progress");
    assert_eq!(begin[0]["response"]["usage"], Value::Null);
    let (deltas, end) = rest.split_at(rest.len() - 4);
    assert!(deltas.len() > 1, "{deltas:?}");
    let text: String = deltas.iter().map(|event| event["delta"].as_str().unwrap()).collect();
    assert_eq!(text, "Bonjour tout le monde");
    assert!(deltas.iter().all(|event| event["logprobs"].as_array().unwrap().len() == 1));
    assert_eq!(
        names(end),
        [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert_eq!((&end[0]["text"], &end[1]["part"]["text"]), (&json!(text), &json!(text)));
    assert_eq!(end[0]["logprobs"].as_array().unwrap().len(), 4);
    let item = &end[3]["response"]["output"][0];
    assert_eq!((item, &item["id"]), (&end[2]["item"], &begin[3]["item_id"]));

    // The same answer at once, but for its ids.
    let complete = ask(&server, json!({"top_logprobs": 2})).await;
    let complete = complete.without_id();
    let whole = Answer { body: end[3]["response"].to_string(), ..answer };
    let (mut one, mut other): (Value, Value) = (
        serde_json::from_str(&complete).unwrap(),
        serde_json::from_str(&whole.without_id()).unwrap(),
    );
    for body in [&mut one, &mut other] {
        body["created_at"] = Value::Null;
        body["usage"] = Value::Null;
    }
    assert_eq!(one, other);
    server.assert_audit(&[("chat.complete", "ok"), ("chat.complete", "ok")]);
}

#[tokio::test]
async fn calls_are_items_of_their_own() {
    let server = Server::new().await;
    let calls = [("weather", json!({"city": "Brest"})), ("stop", json!({}))];
    server.engine.answer_with_calls("Bonjour tout le monde", &["I", " look."], &calls);
    let tools = json!([
        {"type": "function", "name": "weather", "parameters": {"type": "object"}},
        {"type": "function", "name": "stop"},
    ]);
    let body = ask(&server, json!({"tools": tools})).await.json();
    let output = body["output"].as_array().unwrap();
    assert_eq!(output[0]["content"][0]["text"], "I look.");
    assert_eq!(output.len(), 3, "{body}");
    for (item, (name, arguments)) in output[1..].iter().zip(&calls) {
        assert_eq!(
            (&item["type"], &item["status"]),
            (&json!("function_call"), &json!("completed"))
        );
        assert_eq!(
            (&item["name"], &item["arguments"]),
            (&json!(name), &json!(arguments.to_string()))
        );
        assert_eq!(item["call_id"].as_str().unwrap().len(), 9);
        assert!(item["id"].as_str().unwrap().starts_with("fc_"));
    }
    assert_eq!((&body["tools"], &body["status"]), (&tools, &json!("completed")));

    let streamed = events(&ask(&server, json!({"tools": tools, "stream": true})).await.body);
    let told = names(&streamed);
    let call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ];
    assert!(told.ends_with(&[&call[..], &call[..], &["response.completed"]].concat()), "{told:?}");
    let indexes: Vec<_> = streamed
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| event["output_index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [0, 1, 2]);
}

#[tokio::test]
async fn a_bound_leaves_an_answer_incomplete() {
    let server = Server::new().await;
    let body = ask(&server, json!({"max_output_tokens": 2})).await.json();
    assert_eq!(body["status"], "incomplete");
    assert_eq!(body["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!(body["output"][0]["status"], "incomplete");
    let streamed = ask(&server, json!({"max_output_tokens": 2, "stream": true})).await;
    assert_eq!(names(&events(&streamed.body)).last(), Some(&"response.incomplete"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_says_so() {
    let server = Server::new().await;
    server.engine.behave(Behaviour::FailAfter { tokens: 2 });
    let streamed = events(&ask(&server, json!({"stream": true})).await.body);
    let last = streamed.last().unwrap();
    assert_eq!(last["type"], "response.failed");
    assert_eq!(last["response"]["error"]["code"], "server_error");
    let text = &last["response"]["output"][0]["content"][0]["text"];
    assert_eq!(text, "Bonjour tout", "what was written stands");
    ask(&server, json!({})).await.assert_problem(500, "engine.failed");
}

#[tokio::test]
async fn refusals_are_those_of_chat() {
    let server = Server::new().await;
    ask(&server, json!({"input": []})).await.assert_problem(422, "messages.empty");
    ask(&server, json!({"input": 3})).await.assert_problem(422, "request.invalid");
    ask(&server, json!({"previous_response_id": "resp_1"}))
        .await
        .assert_problem(422, "feature.unsupported");
    ask(&server, json!({"model": "nobody"})).await.assert_problem(404, "model.unknown");
}

#[tokio::test]
async fn an_answer_has_its_receipt() {
    let server = Server::new().await;
    let body = ask(&server, json!({})).await.json();
    server.log.checkpoint().await.unwrap();
    let path = format!("/v1/receipts/{}", body["id"].as_str().unwrap());
    let receipt = server.get(&path).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
}
