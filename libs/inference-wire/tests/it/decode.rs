use inference_wire::{
    Accepted, ChatRequest, DescribedSchema, Message, RequestError, ResponseFormat, Role,
    StructuredOutputs, limits,
};
use serde_json::{Value, json};

/// A request that is sound, with some members put in its place.
fn request(members: Value) -> Value {
    let mut request = json!({"model": "m", "messages": [{"role": "user", "content": "Hello"}]});
    for (key, value) in members.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

fn accept(members: Value) -> ChatRequest {
    let shown = members.to_string();
    ChatRequest::from_value(&request(members)).unwrap_or_else(|error| panic!("{shown}: {error}"))
}

fn content(content: Value) -> String {
    accept(json!({"messages": [{"role": "user", "content": content}]})).messages[0].content.clone()
}

#[track_caller]
fn refuse(members: Value, expected: &[&str]) {
    let shown = members.to_string();
    match ChatRequest::from_value(&request(members)) {
        Err(RequestError::Invalid { fields }) => {
            let told: Vec<_> = fields
                .iter()
                .map(|field| format!("{} {}", field.path(), field.kind.as_str()))
                .collect();
            assert_eq!(told, expected, "{shown}");
        }
        other => panic!("{shown}: {other:?}"),
    }
}

#[track_caller]
fn unsupported(members: Value, path: &str) {
    let shown = members.to_string();
    match ChatRequest::from_value(&request(members)) {
        Err(RequestError::Unsupported { field }) => assert_eq!(field.path(), path, "{shown}"),
        other => panic!("{shown}: {other:?}"),
    }
}

#[test]
fn the_least_request_is_complete() {
    let read = accept(json!({}));
    let messages = vec![Message::new(Role::User, "Hello")];
    assert_eq!(read, ChatRequest { model: "m".to_owned(), messages, ..ChatRequest::default() });
}

#[test]
fn unknown_fields_are_ignored_and_null_is_absent() {
    let read = accept(json!({
        "service_tier": "auto", "tools": [],
        "tool_choice": "auto", "response_format": {"type": "text"},
        "safe_prompt": false, "guardrails": [], "prompt_logprobs": 0, "something": [[]],
    }));
    assert_eq!(read, accept(json!({})));
    let read = accept(json!({
        "temperature": null, "top_p": null, "top_k": null, "min_p": null, "max_tokens": null,
        "max_completion_tokens": null, "min_tokens": null, "stream": null, "stop": null,
        "random_seed": null, "seed": null, "n": null, "presence_penalty": null,
        "frequency_penalty": null, "repetition_penalty": null, "response_format": null,
        "tools": null, "tool_choice": null, "parallel_tool_calls": null, "logprobs": null, "top_logprobs": null,
        "logit_bias": null, "stream_options": null, "guardrails": null, "service_tier": null,
        "user": null, "store": null, "metadata": null, "prompt_cache_key": null,
        "prediction": null, "prompt_mode": null, "reasoning_effort": null, "safe_prompt": null,
    }));
    assert_eq!(read, accept(json!({})));
}

#[test]
fn every_field_reaches_its_place() {
    let read = accept(json!({
        "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5,
        "top_k": 40, "top_p": 1, "min_p": 0.1, "max_tokens": 7, "min_tokens": 2,
        "stop": ["a", "", "b"], "seed": 5, "presence_penalty": -2, "frequency_penalty": 2.0,
        "repetition_penalty": 1.25, "logit_bias": {"12": 500, "3": -1.5}, "logprobs": true,
        "top_logprobs": 20,
    }));
    insta::assert_json_snapshot!(read);
    assert_eq!(read.candidates(), Some(20));
}

#[test]
fn what_changes_nothing_must_be_what_it_is_called() {
    let read = accept(json!({
        "user": "u", "store": true, "metadata": {"a": 1}, "prompt_cache_key": "k",
        "prediction": {"type": "content", "content": ""}, "prompt_mode": "reasoning",
        "reasoning_effort": "xhigh",
    }));
    assert_eq!(ChatRequest { accepted: Accepted::default(), ..read }, accept(json!({})));
    for (key, value, kind) in [
        ("user", json!(1), "string_type"),
        ("store", json!("yes"), "bool_type"),
        ("metadata", json!([]), "dict_type"),
        ("prediction", json!("text"), "dict_type"),
        ("prompt_cache_key", json!({}), "string_type"),
        ("prompt_mode", json!(true), "string_type"),
        ("reasoning_effort", json!(3), "string_type"),
        ("safe_prompt", json!("no"), "bool_type"),
    ] {
        refuse(json!({key: value}), &[&format!("body.{key} {kind}")]);
    }
}

#[test]
fn thoughts_and_sources_are_left_aside() {
    let thought = json!({"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]});
    let source = json!({"type": "reference", "reference_ids": [1, "a"]});
    let said = json!({"type": "text", "text": "Yes."});
    assert_eq!(content(json!([thought, said, source])), "Yes.");
    assert_eq!(content(json!([{"type": "thinking", "thinking": "Hm."}])), "");
    let of_user = |chunk: Value| json!({"messages": [{"role": "user", "content": [chunk]}]});
    let path = "body.messages[0].content[0].";
    let thinking = of_user(json!({"type": "thinking", "thinking": 3}));
    refuse(thinking, &[&format!("{path}thinking list_type")]);
    let missing = of_user(json!({"type": "reference"}));
    refuse(missing, &[&format!("{path}reference_ids missing")]);
}

#[test]
fn names_of_other_clients_mean_the_same() {
    let bounds = |members| accept(members).max_tokens;
    assert_eq!(bounds(json!({"max_completion_tokens": 9})), Some(9));
    assert_eq!(bounds(json!({"max_completion_tokens": 9, "max_tokens": 8})), Some(8));
    assert_eq!(bounds(json!({"max_tokens": 16.0})), Some(16));
    assert_eq!(bounds(json!({"max_tokens": 1_000_000_000_000_u64})), Some(u32::MAX));
    assert_eq!(accept(json!({"random_seed": 3})).seed, Some(3));
    assert_eq!(accept(json!({"seed": -1})).seed, Some(u64::MAX));
    assert_eq!(accept(json!({"top_k": -1})).top_k, None);
    assert_eq!(accept(json!({"stop": "end"})).stop, ["end"]);
    assert_eq!(accept(json!({"stop": ""})).stop, [""; 0]);
}

#[test]
fn candidates_follow_both_fields() {
    let candidates = |members| accept(members).candidates();
    assert_eq!(candidates(json!({})), None);
    assert_eq!(candidates(json!({"logprobs": true})), Some(0));
    assert_eq!(candidates(json!({"logprobs": true, "top_logprobs": 2})), Some(2));
    assert_eq!(candidates(json!({"top_logprobs": 2})), Some(2));
    assert_eq!(candidates(json!({"top_logprobs": 0})), None);
    assert_eq!(candidates(json!({"logprobs": false, "top_logprobs": 2})), None);
}

#[test]
fn content_is_a_string_or_text_chunks() {
    assert_eq!(content(json!("plain")), "plain");
    assert_eq!(content(json!("")), "");
    assert_eq!(content(json!([])), "");
    let chunks = json!([{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]);
    assert_eq!(content(chunks), "one two");
    assert_eq!(content(json!([{"text": "untyped"}])), "untyped");
}

#[test]
fn roles_and_prefix() {
    let read = accept(json!({"messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Call it."},
        {"role": "assistant", "content": null, "prefix": true, "tool_calls": [
            {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}
        ]},
        {"role": "tool", "content": "42", "tool_call_id": "a", "name": "f"},
        {"role": "assistant", "content": "It is", "prefix": true},
    ]}));
    let told: Vec<_> =
        read.messages.iter().map(|m| (m.role, m.content.as_str(), m.prefix)).collect();
    assert_eq!(
        told,
        [
            (Role::System, "Be brief.", false),
            (Role::User, "Call it.", false),
            (Role::Assistant, "", false),
            (Role::Tool, "42", false),
            (Role::Assistant, "It is", true),
        ]
    );
}

#[test]
fn errors_name_the_field() {
    refuse(json!({"model": null}), &["body.model missing"]);
    refuse(
        json!({"model": 3, "messages": {}}),
        &["body.model string_type", "body.messages list_type"],
    );
    refuse(json!({"messages": [3]}), &["body.messages[0] dict_type"]);
    refuse(json!({"messages": [{}]}), &["body.messages[0].role missing"]);
    refuse(json!({"messages": [{"role": "robot"}]}), &["body.messages[0].role enum"]);
    refuse(
        json!({"messages": [{"role": "user", "content": "a"}, {"role": "user"}]}),
        &["body.messages[1].content missing"],
    );
    refuse(
        json!({"messages": [{"role": "user", "content": 3}]}),
        &["body.messages[0].content string_type"],
    );
    refuse(
        json!({"messages": [{"role": "user", "content": [{"type": "text"}]}]}),
        &["body.messages[0].content[0].text missing"],
    );
    refuse(
        json!({"messages": [{"role": "assistant", "content": "", "prefix": 1}]}),
        &["body.messages[0].prefix bool_type"],
    );
}

#[test]
fn ranges_are_checked() {
    for (field, good, bad) in [
        ("temperature", vec![json!(0), json!(2)], vec![json!(-0.1), json!(2.01), json!(1e300)]),
        ("top_p", vec![json!(0.01), json!(1)], vec![json!(0), json!(1.1), json!(1e-60)]),
        ("min_p", vec![json!(0), json!(1)], vec![json!(-0.1), json!(1.1)]),
        ("presence_penalty", vec![json!(-2), json!(2)], vec![json!(-2.1), json!(2.1)]),
        ("frequency_penalty", vec![json!(-2), json!(2)], vec![json!(-2.1), json!(2.1)]),
        ("repetition_penalty", vec![json!(0.1), json!(2)], vec![json!(0), json!(2.1)]),
        ("max_tokens", vec![json!(1)], vec![json!(0), json!(-1)]),
        ("max_completion_tokens", vec![json!(1)], vec![json!(0)]),
        ("min_tokens", vec![json!(0)], vec![json!(-1)]),
        ("top_k", vec![json!(-1), json!(0), json!(1)], vec![json!(-2)]),
        ("top_logprobs", vec![json!(0), json!(20)], vec![json!(21), json!(-1), json!(300)]),
        ("seed", vec![json!(u64::MAX), json!(i64::MIN)], vec![]),
        ("n", vec![json!(1), json!(8)], vec![json!(0), json!(-1), json!(9)]),
    ] {
        for value in good {
            accept(json!({field: value}));
        }
        for value in bad {
            refuse(json!({field: value}), &[&format!("body.{field} out_of_range")]);
        }
    }
}

#[test]
fn types_are_checked() {
    for (field, value, kind) in [
        ("stream", json!("true"), "bool_type"),
        ("stream_options", json!(true), "dict_type"),
        ("stream_options", json!({"include_usage": 1}), ".include_usage bool_type"),
        ("temperature", json!("0.5"), "float_type"),
        ("temperature", json!(true), "float_type"),
        ("max_tokens", json!(1.5), "int_type"),
        ("max_tokens", json!("16"), "int_type"),
        ("seed", json!(1e300), "int_type"),
        ("stop", json!(3), "string_type"),
        ("stop", json!(["a", 3]), "[1] string_type"),
        ("stop", json!(vec!["a"; 17]), "too_long"),
        ("stop", json!("a".repeat(257)), "too_long"),
        ("logit_bias", json!([]), "dict_type"),
        ("logit_bias", json!({"x": 1}), ".x int_type"),
        ("logit_bias", json!({"-1": 1}), ".-1 int_type"),
        ("logit_bias", json!({"1": "1"}), ".1 float_type"),
        ("logprobs", json!(2), "bool_type"),
        ("n", json!("1"), "int_type"),
        ("response_format", json!("text"), "dict_type"),
        ("response_format", json!({}), ".type missing"),
    ] {
        let gap = if kind.starts_with(['.', '[']) { "" } else { " " };
        refuse(json!({field: value}), &[&format!("body.{field}{gap}{kind}")]);
    }
    let biases: serde_json::Map<_, _> = (0..301).map(|at| (at.to_string(), json!(1))).collect();
    refuse(json!({"logit_bias": biases}), &["body.logit_bias too_long"]);
}

#[test]
fn forms_of_an_answer() {
    let schema = || json!({"type": "integer"});
    let described =
        ResponseFormat::JsonSchema { json_schema: DescribedSchema { schema: schema() } };
    for (format, expected) in [
        (json!({"type": "text"}), ResponseFormat::Text),
        (json!({"type": "json_object"}), ResponseFormat::JsonObject),
        (json!({"type": "json_object", "json_schema": null}), ResponseFormat::JsonObject),
        (
            json!({"type": "json_schema", "json_schema": {
                "name": "n", "description": "d", "strict": false, "schema": schema()
            }}),
            described.clone(),
        ),
        (
            json!({"type": "json_schema", "json_schema": {"schema_definition": schema()}}),
            described.clone(),
        ),
    ] {
        let request = accept(json!({"response_format": format}));
        assert_eq!((request.response_format, request.structured_outputs), (expected, None));
    }
    for (structured, expected) in [
        (json!({}), None),
        (json!({"regex": null}), None),
        (json!({"json": schema()}), Some(StructuredOutputs::Json(schema()))),
        (json!({"regex": "a", "json": null}), Some(StructuredOutputs::Regex("a".to_owned()))),
        (json!({"grammar": "g"}), Some(StructuredOutputs::Grammar("g".to_owned()))),
    ] {
        let both = json!({"structured_outputs": structured, "response_format": {"type": "text"}});
        assert_eq!(accept(both).structured_outputs, expected);
    }
}

#[test]
fn forms_that_make_no_sense_are_refused() {
    let long = "a".repeat(limits::FORMAT_BYTES + 1);
    for (format, told) in [
        (json!({"type": "xml"}), ".type enum"),
        (json!({"type": "json_schema"}), ".json_schema missing"),
        (json!({"type": "json_schema", "json_schema": []}), ".json_schema dict_type"),
        (json!({"type": "json_schema", "json_schema": {}}), ".json_schema.schema missing"),
        (
            json!({"type": "json_schema", "json_schema": {"schema": "{}"}}),
            ".json_schema.schema dict_type",
        ),
        (
            json!({"type": "json_schema", "json_schema": {"schema": {"title": long}}}),
            ".json_schema.schema too_long",
        ),
    ] {
        refuse(json!({"response_format": format}), &[&format!("body.response_format{told}")]);
    }
    for (structured, told) in [
        (json!([]), " dict_type"),
        (json!({"json": true}), ".json dict_type"),
        (json!({"regex": 1}), ".regex string_type"),
        (json!({"grammar": long}), ".grammar too_long"),
    ] {
        refuse(
            json!({"structured_outputs": structured}),
            &[&format!("body.structured_outputs{told}")],
        );
    }
    let two = json!({"regex": "a", "grammar": "b"});
    unsupported(json!({"structured_outputs": two}), "body.structured_outputs");
    let format = json!({"type": "json_object"});
    let both = json!({"structured_outputs": {"regex": "a"}, "response_format": format});
    unsupported(both, "body.structured_outputs");
}

#[test]
fn what_is_not_offered_is_not_ignored() {
    unsupported(json!({"prompt_logprobs": 1}), "body.prompt_logprobs");
    unsupported(json!({"structured_outputs": {"choice": ["a"]}}), "body.structured_outputs");
    unsupported(json!({"tools": [{"type": "web_search"}]}), "body.tools[0].type");
    unsupported(json!({"guardrails": [{"block_on_error": true}]}), "body.guardrails");
    let image = json!([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": "x"}]);
    let messages = json!([{"role": "user", "content": image}]);
    unsupported(json!({"messages": messages}), "body.messages[0].content[1]");
    // A wrong field is told first: it is wrong on every server.
    refuse(json!({"guardrails": [{}], "stream": 1}), &["body.stream bool_type"]);
}

#[test]
fn only_so_many_errors_are_told() {
    let messages = vec![json!(1); 1_000];
    match ChatRequest::from_value(&request(json!({"messages": messages}))) {
        Err(RequestError::Invalid { fields }) => assert_eq!(fields.len(), 16),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_no_json_are_told_apart() {
    let decode = |bytes: &[u8]| ChatRequest::decode(bytes).unwrap_err();
    let utf8 = decode(b"{\"model\": \"\xff\"}");
    assert_eq!(utf8, RequestError::InvalidUtf8 { valid_up_to: 11 });
    for text in ["", "{", "{]", "{\"model\": \"\\ud800\"}", "nul", "1e999", &"[".repeat(100_000)] {
        let error = decode(text.as_bytes());
        assert!(matches!(error, RequestError::InvalidJson { .. }), "{text:.20}: {error:?}");
    }
    for text in ["null", "[]", "3", "\"text\""] {
        let error = decode(text.as_bytes());
        assert!(matches!(error, RequestError::Invalid { .. }), "{text}: {error:?}");
    }
}
