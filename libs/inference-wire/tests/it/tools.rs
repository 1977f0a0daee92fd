//! Tools, calls and results in requests.

use inference_wire::{
    ChatRequest, FunctionName, NamedTool, RequestError, Role, Tool, ToolChoice, ToolChoiceWord,
    limits,
};
use serde_json::{Value, json};

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

/// Each field that is wrong, with its kind; for what is not offered, the field alone.
fn refused(members: Value) -> Vec<String> {
    let shown = members.to_string();
    match ChatRequest::from_value(&request(members)) {
        Err(RequestError::Invalid { fields }) => {
            let told = |field: &inference_wire::FieldError| {
                assert!(!field.message.is_empty() && field.message.len() < 300, "{field}");
                format!("{} {}", field.path(), field.kind.as_str())
            };
            fields.iter().map(told).collect()
        }
        Err(RequestError::Unsupported { field }) => vec![field.path()],
        other => panic!("{shown:.300}: {other:?}"),
    }
}

fn function(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name}})
}

#[test]
fn tools_reach_their_place() {
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let read = accept(json!({
        "tools": [
            {"type": "function", "function": {
                "name": "get_weather", "description": "d", "parameters": schema, "strict": true,
            }},
            {"function": {"name": "a.b-C_9", "description": null, "parameters": null}},
        ],
        "parallel_tool_calls": false,
    }));
    let [Tool::Function { function: first }, Tool::Function { function: second }] = &read.tools[..]
    else {
        panic!("{:?}", read.tools)
    };
    assert_eq!((first.name.as_str(), first.strict), ("get_weather", true));
    assert_eq!(first.parameters.as_ref().unwrap().to_string(), schema.to_string());
    assert_eq!((second.parameters.clone(), second.description.clone()), (None, None));
    assert_eq!(read.parallel_tool_calls, Some(false));
    for (choice, expected) in [
        (json!(null), ToolChoice::default()),
        (json!("auto"), ToolChoice::Word(ToolChoiceWord::Auto)),
        (json!("none"), ToolChoice::Word(ToolChoiceWord::None)),
        (json!("any"), ToolChoice::Word(ToolChoiceWord::Any)),
        (json!("required"), ToolChoice::Word(ToolChoiceWord::Required)),
        (
            function("f"),
            ToolChoice::Named(NamedTool::Function {
                function: FunctionName { name: "f".to_owned() },
            }),
        ),
    ] {
        let read = accept(json!({"tools": [function("f")], "tool_choice": choice}));
        assert_eq!(read.tool_choice, expected);
    }
    // Words without tools to choose from mean nothing.
    assert_eq!(accept(json!({"tool_choice": "none"})).tools, []);
}

#[test]
fn calls_and_results_reach_their_places() {
    let read = accept(json!({"messages": [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "I go.", "tool_calls": [
            {"id": "a", "type": "function", "index": 7,
             "function": {"name": "f", "arguments": "{\"x\": 1}"}},
            {"id": "b", "function": {"name": "g", "arguments": {"y": [2]}}},
        ]},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]},
        {"role": "tool", "content": "one"},
        {"role": "assistant", "content": null, "tool_calls": null},
    ]}));
    let [first, second] = &read.messages[1].tool_calls[..] else { panic!("{read:?}") };
    assert_eq!((first.index, first.function.arguments.as_str()), (0, "{\"x\": 1}"));
    assert_eq!((second.index, second.function.arguments.as_str()), (1, "{\"y\":[2]}"));
    let results: Vec<_> = read
        .messages
        .iter()
        .filter(|message| message.role == Role::Tool)
        .map(|message| (message.tool_call_id.as_deref(), message.name.as_deref()))
        .collect();
    // The one without an id answers what was left.
    assert_eq!(results, [(Some("b"), Some("g")), (Some("a"), Some("f"))]);
}

#[test]
fn tools_that_make_no_sense_are_refused() {
    let long = "x".repeat(limits::TOOLS_BYTES);
    for (tools, told) in [
        (json!({}), " list_type"),
        (json!(["f"]), "[0] dict_type"),
        (json!([{}]), "[0].function missing"),
        (json!([{"type": "function", "function": {}}]), "[0].function.name missing"),
        (json!([function("")]), "[0].function.name value_error"),
        (json!([function("a b")]), "[0].function.name value_error"),
        (json!([function(&"a".repeat(65))]), "[0].function.name value_error"),
        (json!([function("é")]), "[0].function.name value_error"),
        (json!([function("f"), function("f")]), "[1].function.name value_error"),
        (
            json!([{"function": {"name": "f", "parameters": "{}"}}]),
            "[0].function.parameters dict_type",
        ),
        (
            json!([{"function": {"name": "f", "parameters": {"type": "string"}}}]),
            "[0].function.parameters value_error",
        ),
        (json!([{"function": {"name": "f", "strict": 1}}]), "[0].function.strict bool_type"),
        (
            json!([{"function": {"name": "f", "description": {}}}]),
            "[0].function.description string_type",
        ),
        (json!(vec![function("f"); 129]), " too_long"),
        (json!([{"function": {"name": "f", "description": long}}]), " too_long"),
        (json!([{"function": {"name": "f", "parameters": {"title": long}}}]), " too_long"),
        (json!([{"type": "custom", "custom": {"name": "f"}}]), "[0].type"),
    ] {
        assert_eq!(refused(json!({"tools": tools})), [format!("body.tools{told}")]);
    }
}

#[test]
fn the_limit_of_a_schema_is_told() {
    let schema = json!({"type": "object", "description": "x".repeat(1 << 20)});
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": schema}}]);
    let error = ChatRequest::from_value(&request(json!({"tools": tools}))).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("at most 262144 bytes together") && told.contains("1048"), "{told}");
    assert!(told.len() < 300, "{told}");
}

#[test]
fn choices_that_make_no_sense_are_refused() {
    for (choice, told) in [
        (json!("must"), " enum"),
        (json!(1), " dict_type"),
        (json!({}), ".function missing"),
        (json!({"type": "function", "function": {}}), ".function.name missing"),
        (function("g"), ".function.name value_error"),
        (json!({"type": "allowed_tools"}), ".type"),
    ] {
        let members = json!({"tools": [function("f")], "tool_choice": choice});
        assert_eq!(refused(members), [format!("body.tool_choice{told}")]);
    }
    for choice in [json!("any"), json!("required")] {
        let members = json!({"tool_choice": choice});
        assert_eq!(refused(members), ["body.tool_choice value_error"]);
    }
    let parallel = json!({"parallel_tool_calls": "no"});
    assert_eq!(refused(parallel), ["body.parallel_tool_calls bool_type"]);
    for form in [
        json!({"response_format": {"type": "json_object"}}),
        json!({"structured_outputs": {"regex": "a"}}),
    ] {
        let mut members = form;
        members["tools"] = json!([function("f")]);
        assert_eq!(refused(members.clone()), ["body.tools"]);
        members["tool_choice"] = json!("none");
        accept(members);
    }
}

#[test]
fn results_of_no_call_are_refused() {
    let called = json!({"role": "assistant", "tool_calls": [
        {"id": "a", "function": {"name": "f", "arguments": "{}"}},
    ]});
    for (messages, told) in [
        (json!([{"role": "tool", "content": "1"}]), "[0] value_error"),
        (
            json!([{"role": "tool", "tool_call_id": "a", "content": "1"}]),
            "[0].tool_call_id value_error",
        ),
        (
            json!([called, {"role": "tool", "tool_call_id": "b", "content": "1"}]),
            "[1].tool_call_id value_error",
        ),
        (
            json!([called, {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}]),
            "[2] value_error",
        ),
        (json!([called, {"role": "tool", "tool_call_id": "a"}]), "[1].content missing"),
        (
            json!([called, {"role": "tool", "tool_call_id": 1, "content": ""}]),
            "[1].tool_call_id string_type",
        ),
        (json!([{"role": "assistant", "tool_calls": {}}]), "[0].tool_calls list_type"),
        (json!([{"role": "assistant", "tool_calls": [{}]}]), "[0].tool_calls[0].id missing"),
        (
            json!([{"role": "assistant", "tool_calls": [{"id": "a"}]}]),
            "[0].tool_calls[0].function missing",
        ),
        (
            json!([{"role": "assistant", "tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": 3}},
            ]}]),
            "[0].tool_calls[0].function.arguments string_type",
        ),
    ] {
        assert_eq!(refused(json!({"messages": messages})), [format!("body.messages{told}")]);
    }
}
