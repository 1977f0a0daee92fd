use domain::{ModelId, RequestId, chat::Role};
use inference::{QuoteForm, ports::Asking};
use uuid::Uuid;

use super::*;

fn asking() -> Asking {
    Asking {
        request: RequestId::from_uuid(Uuid::nil()),
        model: "here".parse::<ModelId>().unwrap(),
        messages: vec![Message::new(Role::User, "Hi")],
        sampling: Sampling::default(),
        format: AnswerFormat::Text,
        tools: ToolUse::default(),
        max_tokens: None,
        stop: Vec::new(),
        top_logprobs: None,
        is_streamed: false,
    }
}

fn of(kind: Kind, asking: &Asking) -> Result<Value, &'static str> {
    match chat(kind, "there", asking) {
        Ok(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Err(UpstreamError::Unsuited { field }) => Err(field),
        Err(error) => panic!("{error}"),
    }
}

/// A member of the request for each kind, or the field that it cannot keep.
fn check(asking: &Asking, member: &str, expected: [Result<Value, &'static str>; 6]) {
    for (kind, expected) in Kind::ALL.into_iter().zip(expected) {
        let found = of(kind, asking).map(|body| body[member].clone());
        assert_eq!(found, expected, "{kind} {member}");
    }
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    for kind in Kind::ALL {
        let expected = json!({
            "model": "there", "temperature": 0.7,
            "messages": [{ "role": "user", "content": "Hi" }],
        });
        assert_eq!(of(kind, &asking()), Ok(expected), "{kind}");
    }
}

#[test]
fn each_program_is_asked_in_its_words() {
    let with = |sampling: Sampling| Asking { sampling, ..asking() };
    let seeded = with(Sampling { seed: Some(7), ..Sampling::default() });
    let (no, seven) = (Ok(Value::Null), Ok(json!(7)));
    check(
        &seeded,
        "seed",
        [seven.clone(), seven.clone(), seven.clone(), seven.clone(), no.clone(), seven.clone()],
    );
    let top = with(Sampling { top_k: Some(7), ..Sampling::default() });
    let lacks = Err("top_k");
    check(
        &top,
        "top_k",
        [seven.clone(), seven.clone(), seven.clone(), lacks.clone(), seven.clone(), lacks],
    );
    let penalty = with(Sampling { repetition_penalty: 1.1, ..Sampling::default() });
    let (some, lacks) = (Ok(json!(1.1)), Err("repetition_penalty"));
    check(
        &penalty,
        "repetition_penalty",
        [some.clone(), some.clone(), no.clone(), lacks.clone(), some.clone(), lacks],
    );
    let least = with(Sampling { min_tokens: 7, ..Sampling::default() });
    let lacks = Err("min_tokens");
    check(
        &least,
        "min_tokens",
        [seven.clone(), seven.clone(), lacks.clone(), lacks.clone(), seven.clone(), lacks],
    );
    let short = Asking { max_tokens: Some(7), is_streamed: true, ..asking() };
    check(
        &short,
        "max_tokens",
        [seven.clone(), seven.clone(), seven.clone(), seven.clone(), seven, no.clone()],
    );
    let usage = Ok(json!({ "include_usage": true }));
    check(
        &short,
        "stream_options",
        [usage.clone(), usage.clone(), usage.clone(), usage.clone(), no, usage],
    );
}

#[test]
fn forms_are_kept_or_refused() {
    let regex = Asking { format: AnswerFormat::Regex("a+".into()), ..asking() };
    let lacks = Err("structured_outputs.regex");
    check(
        &regex,
        "structured_outputs",
        [
            Ok(json!({ "regex": "a+" })),
            Ok(Value::Null),
            lacks.clone(),
            Ok(Value::Null),
            lacks.clone(),
            lacks,
        ],
    );
    let lark = Asking { format: AnswerFormat::Lark("start: \"a\"".into()), ..asking() };
    for kind in Kind::ALL {
        assert_eq!(of(kind, &lark), Err("structured_outputs.grammar"));
    }
    let form = QuoteForm::new(&[vec!["One.".to_owned(), "Two.".to_owned()]], 2).unwrap();
    let picks = Asking { format: form.picks(), ..asking() };
    let quotes = Asking { format: AnswerFormat::Quotes(form.into()), ..asking() };
    for kind in Kind::ALL {
        assert_eq!(of(kind, &quotes), Err("quotes"));
        let body = of(kind, &picks).unwrap();
        let schema = &body["response_format"]["json_schema"]["schema"];
        assert_eq!(schema["properties"]["quotes"]["type"], "array", "{kind}");
    }
    let json = Asking { format: AnswerFormat::Json(r#"{"type":"array"}"#.into()), ..asking() };
    let body = of(Kind::Vllm, &json).unwrap();
    assert_eq!(body["response_format"]["json_schema"]["schema"], json!({ "type": "array" }));
    let object = Asking { format: AnswerFormat::json_object(), ..asking() };
    assert_eq!(
        of(Kind::Tgi, &object).unwrap()["response_format"],
        json!({ "type": "json_object" })
    );
}

#[test]
fn tools_say_strict_only_to_those_who_know_it() {
    let tool = Tool {
        name: "f".to_owned(),
        description: None,
        parameters: r#"{"type":"object"}"#.into(),
        strict: true,
    };
    let (choice, count) = (ToolChoice::Any, CallCount::One);
    let asking = Asking { tools: ToolUse { tools: vec![tool], choice, count }, ..asking() };
    for kind in Kind::ALL {
        let body = of(kind, &asking).unwrap();
        let strict = &body["tools"][0]["function"]["strict"];
        let knows = matches!(kind, Kind::Mistral | Kind::OpenAi);
        assert_eq!(*strict, if knows { json!(true) } else { Value::Null }, "{kind}");
        let word = if kind == Kind::Mistral { "any" } else { "required" };
        assert_eq!(
            (&body["tool_choice"], &body["parallel_tool_calls"]),
            (&json!(word), &json!(false))
        );
    }
}

#[test]
fn ids_of_calls_are_what_templates_want_and_stay_together() {
    let call = |id: &str| ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into() };
    let answers = domain::chat::AnsweredCall { id: "call_1234567890".into(), name: "f".into() };
    let messages = vec![
        Message {
            calls: vec![call("call_1234567890"), call("abcDEF123")],
            ..Message::new(Role::Assistant, "")
        },
        Message { answers: Some(answers), ..Message::new(Role::Tool, "2") },
    ];
    let body = of(Kind::Vllm, &Asking { messages, ..asking() }).unwrap();
    let first = body["messages"][0]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(first.len() == 9 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{first}");
    assert_eq!(body["messages"][1]["tool_call_id"], *first);
    assert_eq!(body["messages"][0]["tool_calls"][1]["id"], "abcDEF123");
    assert_eq!(body["messages"][0].get("content"), None);
}

#[test]
fn beginnings_are_continued_where_that_is_possible() {
    let last = Message { prefix: true, ..Message::new(Role::Assistant, "So") };
    let asking = Asking { messages: vec![Message::new(Role::User, "Hi"), last], ..asking() };
    let lacks = Err("messages.prefix");
    check(
        &asking,
        "continue_final_message",
        [Ok(json!(true)), Ok(json!(true)), Ok(Value::Null), lacks.clone(), Ok(Value::Null), lacks],
    );
    let body = of(Kind::Mistral, &asking).unwrap();
    assert_eq!(body["messages"][1]["prefix"], json!(true));
}
