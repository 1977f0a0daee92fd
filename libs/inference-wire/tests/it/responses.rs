//! Requests for Responses, and what becomes of them.

use inference_wire::{
    RequestError, ResponseFormat, Role, ServiceTier, Tool, ToolChoice, ToolChoiceWord,
    responses::{ResponsesEcho, ResponsesRequest},
};
use serde_json::{Value, json};

fn read(members: &Value) -> Result<ResponsesRequest, RequestError> {
    let mut request = json!({"model": "m", "input": "Bonjour"});
    for (key, value) in members.as_object().unwrap() {
        request[key] = value.clone();
    }
    ResponsesRequest::decode(request.to_string().as_bytes())
}

fn accept(members: Value) -> ResponsesRequest {
    read(&members).unwrap_or_else(|error| panic!("{members}: {error}"))
}

/// Each field that is wrong, with its kind; for what is not offered, the field alone.
fn refused(members: &Value) -> Vec<String> {
    match read(members) {
        Err(RequestError::Invalid { fields }) => {
            fields.iter().map(|field| format!("{} {}", field.path(), field.kind.as_str())).collect()
        }
        Err(RequestError::Unsupported { field }) => vec![field.path()],
        other => panic!("{members:.300}: {other:?}"),
    }
}

#[test]
fn a_question_is_a_message() {
    let ResponsesRequest { chat, echo } = accept(json!({}));
    let [message] = &chat.messages[..] else { panic!("{chat:?}") };
    assert_eq!((message.role, message.content.as_str()), (Role::User, "Bonjour"));
    assert_eq!((chat.model.as_str(), chat.stream, chat.candidates()), ("m", false, None));
    assert_eq!(echo, ResponsesEcho::default());
}

#[test]
fn a_conversation_is_its_messages() {
    let ResponsesRequest { chat, .. } = accept(json!({
        "instructions": "Be brief.",
        "input": [
            {"role": "developer", "content": "In French."},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "Weather "}, {"type": "input_text", "text": "and time?"},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content": [
                {"type": "output_text", "text": "I look.", "annotations": []},
            ]},
            {"type": "function_call", "call_id": "a", "name": "weather", "arguments": "{}"},
            {"type": "function_call", "call_id": "b", "name": "time", "arguments": "{\"at\":1}"},
            {"type": "function_call_output", "call_id": "b", "output": "noon"},
            {"type": "function_call_output", "call_id": "a", "output": [
                {"type": "input_text", "text": "sun"},
            ]},
            {"type": "function_call", "call_id": "c", "name": "time", "arguments": "{}"},
        ],
    }));
    let told: Vec<(Role, &str, usize)> = chat
        .messages
        .iter()
        .map(|message| (message.role, message.content.as_str(), message.tool_calls.len()))
        .collect();
    assert_eq!(
        told,
        [
            (Role::System, "Be brief.", 0),
            (Role::System, "In French.", 0),
            (Role::User, "Weather and time?", 0),
            (Role::Assistant, "I look.", 2),
            (Role::Tool, "noon", 0),
            (Role::Tool, "sun", 0),
            (Role::Assistant, "", 1),
        ]
    );
    let calls = &chat.messages[3].tool_calls;
    assert_eq!((calls[0].index, calls[1].index), (0, 1));
    assert_eq!((calls[1].id.as_str(), calls[1].function.arguments.as_str()), ("b", "{\"at\":1}"));
    let results: Vec<_> = chat.messages[4..6]
        .iter()
        .map(|message| (message.tool_call_id.as_deref(), message.name.as_deref()))
        .collect();
    assert_eq!(results, [(Some("b"), Some("time")), (Some("a"), Some("weather"))]);
}

#[test]
fn every_option_reaches_its_place() {
    let schema = json!({"type": "object"});
    let format = json!({"type": "json_schema", "name": "n", "schema": schema, "strict": true});
    let ResponsesRequest { chat, echo } = accept(json!({
        "stream": true,
        "temperature": 0.5,
        "top_p": 0.25,
        "max_output_tokens": 7,
        "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
        "top_logprobs": 3,
        "service_tier": "flex",
        "text": {"format": format, "verbosity": "low"},
        "metadata": {"ticket": "12"},
        "parallel_tool_calls": false,
        "store": true,
        "truncation": "disabled",
        "background": false,
        "previous_response_id": null,
        "reasoning": {"effort": "high"},
        "user": "somebody",
    }));
    assert!(chat.stream);
    assert_eq!((chat.temperature, chat.top_p, chat.max_tokens), (Some(0.5), Some(0.25), Some(7)));
    assert_eq!((chat.candidates(), chat.service_tier), (Some(3), ServiceTier::Flex));
    assert_eq!(chat.parallel_tool_calls, Some(false));
    let ResponseFormat::JsonSchema { json_schema } = &chat.response_format else {
        panic!("{chat:?}")
    };
    assert_eq!(json_schema.schema, schema);
    assert_eq!(echo.text.format, format);
    assert_eq!(Value::Object(echo.metadata), json!({"ticket": "12"}));
    assert_eq!((echo.max_output_tokens, echo.parallel_tool_calls), (Some(7), false));
    assert_eq!((echo.temperature, echo.top_p, echo.top_logprobs), (Some(0.5), Some(0.25), Some(3)));
}

#[test]
fn functions_are_flat() {
    let weather = json!({
        "type": "function", "name": "weather", "description": "d", "strict": true,
        "parameters": {"type": "object"},
    });
    let named = json!({"type": "function", "name": "weather"});
    let ResponsesRequest { chat, echo } = accept(json!({"tools": [weather], "tool_choice": named}));
    let [Tool::Function { function }] = &chat.tools[..] else { panic!("{chat:?}") };
    assert_eq!((function.name.as_str(), function.strict), ("weather", true));
    assert_eq!(function.parameters, Some(json!({"type": "object"})));
    assert!(matches!(chat.tool_choice, ToolChoice::Named(_)));
    assert_eq!((echo.tools, echo.tool_choice), (vec![weather.clone()], named));
    let required = accept(json!({"tools": [weather], "tool_choice": "required"}));
    assert_eq!(required.chat.tool_choice, ToolChoice::Word(ToolChoiceWord::Required));
}

#[test]
fn what_makes_no_sense_is_named() {
    let cases = [
        (json!({"input": null}), "body.input missing"),
        (json!({"input": 3}), "body.input string_type"),
        (json!({"input": [3]}), "body.input[0] dict_type"),
        (json!({"input": [{"role": "user"}]}), "body.input[0].content missing"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "body.input[0].role enum"),
        (json!({"input": [{"role": "king", "content": "x"}]}), "body.input[0].role enum"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}),
            "body.input[0].content[0].text missing",
        ),
        (
            json!({"input": [{"type": "function_call", "call_id": "a", "name": "f"}]}),
            "body.input[0].arguments missing",
        ),
        (
            json!({"input": [{"type": "function_call_output", "call_id": "a", "output": "x"}]}),
            "body.input[0].call_id value_error",
        ),
        (json!({"max_output_tokens": 0}), "body.max_output_tokens out_of_range"),
        (json!({"temperature": 3}), "body.temperature out_of_range"),
        (json!({"top_logprobs": 21}), "body.top_logprobs out_of_range"),
        (json!({"include": "all"}), "body.include list_type"),
        (json!({"instructions": 1}), "body.instructions string_type"),
        (json!({"text": {"format": {"type": "json_schema"}}}), "body.text.format.schema missing"),
        (json!({"text": {"format": {"type": "xml"}}}), "body.text.format.type enum"),
        (json!({"tools": [{"type": "function"}]}), "body.tools[0].name missing"),
        (json!({"tool_choice": "required"}), "body.tool_choice value_error"),
        (json!({"metadata": []}), "body.metadata dict_type"),
    ];
    for (members, expected) in cases {
        assert_eq!(refused(&members), [expected], "{members}");
    }
}

#[test]
fn what_is_not_offered_is_refused() {
    let cases = [
        (json!({"previous_response_id": "resp_1"}), "body.previous_response_id"),
        (json!({"conversation": "conv_1"}), "body.conversation"),
        (json!({"prompt": {"id": "p"}}), "body.prompt"),
        (json!({"background": true}), "body.background"),
        (json!({"truncation": "auto"}), "body.truncation"),
        (json!({"tools": [{"type": "web_search"}]}), "body.tools[0].type"),
        (json!({"input": [{"type": "item_reference", "id": "x"}]}), "body.input[0].type"),
        (json!({"input": [{"type": "web_search_call"}]}), "body.input[0].type"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
            "body.input[0].content[0].type",
        ),
    ];
    for (members, expected) in cases {
        assert_eq!(refused(&members), [expected], "{members}");
    }
}
