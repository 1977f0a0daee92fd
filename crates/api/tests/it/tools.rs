//! Tools from the wire to the engine, and calls back.

use inference::{CallCount, ToolChoice};
use serde_json::{Value, json};

use crate::server::{Server, hello};

fn weather() -> Value {
    json!([
        {"type": "function", "function": {
            "name": "get_weather",
            "description": "Tells the weather.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"enum": ["Brest", "Lyon"]}},
                "required": ["city"],
            },
        }},
        {"type": "function", "function": {"name": "stop"}},
    ])
}

fn is_id(id: &Value) -> bool {
    let id = id.as_str().unwrap();
    id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn chunks(body: &str) -> Vec<Value> {
    let body = body.strip_suffix("data: [DONE]\n\n").unwrap_or_else(|| panic!("{body}"));
    body.split_terminator("\n\n")
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn calls_are_told_whole() {
    let server = Server::new().await;
    let calls = [("get_weather", json!({"city": "Brest"})), ("stop", json!({}))];
    server.engine.answer_with_calls("Bonjour tout le monde", &["I", " look."], &calls);
    let answer = server.chat(hello(json!({"tools": weather()}))).await.json();
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], "I look.");
    let told = choice["message"]["tool_calls"].as_array().unwrap();
    for (index, (call, (name, arguments))) in told.iter().zip(&calls).enumerate() {
        assert!(is_id(&call["id"]), "{call}");
        assert_eq!(call["type"], "function");
        assert_eq!(call["index"], index);
        assert_eq!(call["function"]["name"], *name);
        assert_eq!(call["function"]["arguments"], arguments.to_string());
    }
    assert_eq!(told.len(), 2);
    assert_ne!(told[0]["id"], told[1]["id"]);

    let body = hello(json!({"tools": weather(), "stream": true}));
    let streamed = chunks(&server.chat(body).await.body);
    let deltas: Vec<&Value> = streamed.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    let told: Vec<&Value> = deltas.iter().filter_map(|delta| delta.get("tool_calls")).collect();
    assert_eq!(told.len(), 2, "one call a chunk: {deltas:?}");
    for (index, (list, (name, arguments))) in told.iter().zip(&calls).enumerate() {
        let [call] = &list.as_array().unwrap()[..] else { panic!("{list}") };
        assert!(is_id(&call["id"]), "{call}");
        assert_eq!(call["index"], index);
        assert_eq!(call["function"], json!({"name": name, "arguments": arguments.to_string()}));
    }
    let reasons: Vec<&Value> = streamed
        .iter()
        .map(|chunk| &chunk["choices"][0]["finish_reason"])
        .filter(|reason| !reason.is_null())
        .collect();
    assert_eq!(reasons, ["tool_calls"]);
    // Without tools the same answer is text alone.
    let plain = server.chat(hello(json!({}))).await.json();
    assert_eq!(plain["choices"][0]["finish_reason"], "stop");
    assert_eq!(plain["choices"][0]["message"].get("tool_calls"), None);
}

#[tokio::test]
async fn every_choice_reaches_the_engine() {
    let server = Server::new().await;
    let named = json!({"type": "function", "function": {"name": "stop"}});
    for (choice, expected) in [
        (json!("auto"), ToolChoice::Auto),
        (json!("any"), ToolChoice::Any),
        (json!("required"), ToolChoice::Any),
        (named, ToolChoice::Named("stop".to_owned())),
    ] {
        server.chat(hello(json!({"tools": weather(), "tool_choice": choice}))).await;
        let asked = server.engine.requests().pop().unwrap().tools;
        assert_eq!((asked.choice, asked.count), (expected, CallCount::Many));
        assert_eq!(asked.tools.len(), 2);
        let schema = r#"{"type":"object","properties":{"city":{"enum":["Brest","Lyon"]}},"required":["city"]}"#;
        assert_eq!(*asked.tools[0].parameters, *schema);
        assert_eq!(&*asked.tools[1].parameters, r#"{"type":"object","properties":{}}"#);
    }
    let one = json!({"tools": weather(), "parallel_tool_calls": false});
    server.chat(hello(one)).await;
    assert_eq!(server.engine.requests().pop().unwrap().tools.count, CallCount::One);
    server.chat(hello(json!({"tools": weather(), "tool_choice": "none"}))).await;
    assert_eq!(server.engine.requests().pop().unwrap().tools.tools, []);
}

#[tokio::test]
async fn a_result_is_answered() {
    let server = Server::new().await;
    let forced = json!({"tools": weather(), "tool_choice": "any"});
    let first = server.chat(hello(forced)).await.json();
    let message = &first["choices"][0]["message"];
    let call = &message["tool_calls"][0];
    assert_eq!(call["function"]["arguments"], r#"{"city":"Brest"}"#);
    let messages = json!([
        {"role": "user", "content": "Bonjour"},
        message,
        {"role": "tool", "tool_call_id": call["id"], "name": "get_weather", "content": "It rains"},
    ]);
    let second = server.chat(hello(json!({"messages": messages, "tools": weather()}))).await;
    assert_eq!(second.json()["choices"][0]["message"]["content"], "It rains");
    assert_eq!(server.audit().len(), 2);
}

#[tokio::test]
async fn tools_that_cannot_be_offered_are_refused() {
    let server = Server::new().await;
    let broken = |schema: Value| json!([{"type": "function", "function": {"name": "broken", "parameters": schema}}]);
    let impossible = json!({"type": "object", "properties": {"n": {"type": "nothing"}}});
    let answer = server.chat(hello(json!({"tools": broken(impossible)}))).await;
    answer.assert_problem(422, "tools.rejected");
    assert!(answer.body.contains("`broken`"), "{}", answer.body);
    assert_eq!(answer.json()["param"], "tools");
    let large = json!({"type": "object", "description": "x".repeat(1 << 20)});
    let answer = server.chat(hello(json!({"tools": broken(large)}))).await;
    answer.assert_problem(422, "request.invalid");
    assert!(answer.body.len() < 1_000, "{}", answer.body);
    let orphan = json!([{"role": "tool", "tool_call_id": "a", "content": "1"}]);
    let answer = server.chat(hello(json!({"messages": orphan}))).await;
    answer.assert_problem(422, "request.invalid");
    server.assert_audit(&[
        ("chat.complete", "tools.rejected"),
        ("request.refused", "request.invalid"),
        ("request.refused", "request.invalid"),
    ]);
    assert_eq!(server.engine.counts().started, 0);
}
