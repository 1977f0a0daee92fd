use std::collections::BTreeMap;

use inference_wire::{
    Accepted, CalledFunction, ChatCompletionChunk, ChatRequest, ClassificationRequest,
    DescribedSchema, FimRequest, FinishReason, FunctionName, Message, NamedTool, RerankRequest,
    ResponseFormat, Role, ServiceTier, StreamOptions, StructuredOutputs, TextCompletionRequest,
    Tool, ToolCall, ToolChoice, ToolChoiceWord, ToolFunction, ToolKind, Usage, sse,
};
use proptest::{collection, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use crate::answers::{chunk, usage};

const KEYS: [&str; 66] = [
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "prefix",
    "stream",
    "stream_options",
    "include_usage",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "max_tokens",
    "max_completion_tokens",
    "min_tokens",
    "stop",
    "seed",
    "random_seed",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "n",
    "response_format",
    "json_schema",
    "schema",
    "structured_outputs",
    "json",
    "regex",
    "grammar",
    "tool_choice",
    "tools",
    "function",
    "name",
    "description",
    "parameters",
    "strict",
    "parallel_tool_calls",
    "tool_calls",
    "tool_call_id",
    "arguments",
    "guardrails",
    "safe_prompt",
    "input",
    "targets",
    "labels",
    "query",
    "documents",
    "top_n",
    "prompt",
    "suffix",
    "echo",
    "best_of",
    "thinking",
    "reference_ids",
    "prediction",
    "metadata",
    "store",
    "user",
    "prompt_mode",
    "reasoning_effort",
    "12",
];

/// Everything that any client library takes for the end of a line.
const LINE_BREAKS: &str = "\n\r\u{b}\u{c}\u{1c}\u{1d}\u{1e}\u{85}\u{2028}\u{2029}";

/// Any JSON, with the keys and words that lead deep into the decoder.
fn json() -> impl Strategy<Value = Value> {
    let word = select(vec!["user", "assistant", "system", "tool", "text", "auto", "image_url"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3..40_i64).prop_map(Value::from),
        word.prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 12, |inner| {
        let key = prop_oneof![9 => select(&KEYS[..]).prop_map(str::to_owned), 1 => ".{0,80}"];
        prop_oneof![
            collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            collection::vec((key, inner), 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let role = select(vec![Role::System, Role::User, Role::Assistant]);
    let message = (role, ".{0,40}").prop_map(|(role, content)| vec![Message::new(role, content)]);
    let parts = prop_oneof![3 => message, 1 => called()];
    (collection::vec(parts, 0..5), any::<bool>()).prop_map(|(messages, prefix)| {
        let mut messages = messages.concat();
        if let Some(last) = messages.last_mut() {
            last.prefix = prefix && last.role == Role::Assistant;
        }
        messages
    })
}

/// A call, and its result.
fn called() -> impl Strategy<Value = Vec<Message>> {
    ("[a-z]{1,9}", "[a-z_]{1,20}", ".{0,20}", ".{0,20}").prop_map(
        |(id, name, arguments, result)| {
            let function = CalledFunction { name: name.clone(), arguments };
            let call = ToolCall { index: 0, id: id.clone(), kind: ToolKind::Function, function };
            let asking = Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") };
            let answering = Message {
                tool_call_id: Some(id),
                name: Some(name),
                ..Message::new(Role::Tool, result)
            };
            vec![asking, answering]
        },
    )
}

fn tools() -> impl Strategy<Value = (Vec<Tool>, ToolChoice, Option<bool>)> {
    let keys = collection::vec(select(&KEYS[..]), 0..3);
    let parameters = option::of(keys.prop_map(|keys| json!({"type": "object", "required": keys})));
    let function = (option::of(".{0,20}"), parameters, any::<bool>());
    let names = collection::btree_set("[a-zA-Z0-9_.-]{1,12}", 1..4);
    let choice = select(vec![
        Some(ToolChoiceWord::Auto),
        Some(ToolChoiceWord::None),
        Some(ToolChoiceWord::Any),
        Some(ToolChoiceWord::Required),
        None,
    ]);
    (names, function, choice, option::of(any::<bool>())).prop_map(
        |(names, (description, parameters, strict), choice, parallel)| {
            let first = names.first().cloned().unwrap_or_default();
            let named = NamedTool::Function { function: FunctionName { name: first } };
            let choice = choice.map_or(ToolChoice::Named(named), ToolChoice::Word);
            let tool = |name| Tool::Function {
                function: ToolFunction {
                    name,
                    description: description.clone(),
                    parameters: parameters.clone(),
                    strict,
                },
            };
            (names.into_iter().map(tool).collect(), choice, parallel)
        },
    )
}

/// A form or tools: both together are not offered.
type FormOrTools =
    ((ResponseFormat, Option<StructuredOutputs>), (Vec<Tool>, ToolChoice, Option<bool>));

fn form_or_tools() -> impl Strategy<Value = FormOrTools> {
    prop_oneof![
        form().prop_map(|form| (form, (Vec::new(), ToolChoice::default(), None))),
        tools().prop_map(|tools| ((ResponseFormat::Text, None), tools)),
    ]
}

fn form() -> impl Strategy<Value = (ResponseFormat, Option<StructuredOutputs>)> {
    let schema =
        || collection::vec(select(&KEYS[..]), 0..3).prop_map(|keys| json!({"required": keys}));
    let described = schema().prop_map(|schema| DescribedSchema { schema });
    prop_oneof![
        Just((ResponseFormat::Text, None)),
        Just((ResponseFormat::JsonObject, None)),
        described.prop_map(|json_schema| (ResponseFormat::JsonSchema { json_schema }, None)),
        schema().prop_map(|schema| (ResponseFormat::Text, Some(StructuredOutputs::Json(schema)))),
        ".{0,40}".prop_map(|text| (ResponseFormat::Text, Some(StructuredOutputs::Regex(text)))),
        ".{0,40}".prop_map(|text| (ResponseFormat::Text, Some(StructuredOutputs::Grammar(text)))),
    ]
}

fn request() -> impl Strategy<Value = ChatRequest> {
    let sampling = (
        option::of(0.0..=2.0_f32),
        option::of(1..u32::MAX),
        option::of(1e-6..=1.0_f32),
        option::of(0.0..=1.0_f32),
        option::of(-2.0..=2.0_f32),
        option::of(-2.0..=2.0_f32),
        option::of(1e-6..=2.0_f32),
        option::of(any::<u64>()),
        collection::btree_map(any::<u32>(), -100.0..=100.0_f32, 0..5),
    );
    let report = (
        any::<bool>(),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(0..=20_u8),
        option::of(1..u32::MAX),
        option::of(any::<u32>()),
        collection::vec(".{1,60}", 0..=16),
    );
    let others = (any::<bool>(), option::of(1..=8_u8), any::<bool>());
    let whole = (".{0,20}", messages(), sampling, report, form_or_tools(), others);
    whole.prop_map(|(model, messages, sampling, report, (form, tools), others)| {
        let (flex, n, safe_prompt) = others;
        let (temperature, top_k, top_p, min_p, presence, frequency, repetition, seed, biases) =
            sampling;
        let (stream, include_usage, logprobs, top_logprobs, max_tokens, min_tokens, stop) = report;
        ChatRequest {
            model,
            messages,
            stream,
            stream_options: include_usage.map(|include_usage| StreamOptions { include_usage }),
            temperature,
            top_k,
            top_p,
            min_p,
            max_tokens,
            min_tokens,
            stop,
            seed,
            presence_penalty: presence,
            frequency_penalty: frequency,
            repetition_penalty: repetition,
            logit_bias: biases.into_iter().collect::<BTreeMap<_, _>>(),
            logprobs,
            top_logprobs,
            service_tier: if flex { ServiceTier::Flex } else { ServiceTier::Default },
            response_format: form.0,
            structured_outputs: form.1,
            tools: tools.0,
            tool_choice: tools.1,
            parallel_tool_calls: tools.2,
            n,
            safe_prompt,
            accepted: Accepted { user: n.map(|n| n.to_string()), ..Accepted::default() },
        }
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(value in json()) {
        let told = ChatRequest::from_value(&value).map_err(|error| error.to_string());
        let text = serde_json::to_vec(&value).unwrap();
        // Neither panics.
        TextCompletionRequest::decode(&text).ok();
        FimRequest::decode(&text).ok();
        ClassificationRequest::decode_texts(&text).ok();
        ClassificationRequest::decode_chats(&text).ok();
        RerankRequest::decode(&text).ok();
        let bytes = serde_json::to_vec(&value).unwrap();
        // Numbers that are not finite become null on the way, which is absent: both are fine.
        let again = ChatRequest::decode(&bytes).map_err(|error| error.to_string());
        prop_assert_eq!(told.is_ok(), again.is_ok());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in collection::vec(any::<u8>(), 0..200)) {
        ChatRequest::decode(&bytes).ok();
    }

    #[test]
    fn a_request_is_read_as_it_was_written(request in request()) {
        let bytes = serde_json::to_vec(&request).unwrap();
        prop_assert_eq!(ChatRequest::decode(&bytes), Ok(request));
    }

    #[test]
    fn an_event_is_one_line_and_reads_back(
        text in prop_oneof![
            "(?s).{0,80}",
            collection::vec(select(LINE_BREAKS.chars().collect::<Vec<_>>()), 0..20)
                .prop_map(String::from_iter),
        ],
        last in any::<bool>(),
    ) {
        let finish_reason = last.then_some(FinishReason::Stop);
        let chunk = chunk(&text, finish_reason, last.then(|| usage(0.25)));
        let frame = sse::event(&chunk).unwrap();
        let line = frame.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
        prop_assert!(!line.contains(|c| LINE_BREAKS.contains(c)), "{line:?}");
        let read: ChatCompletionChunk = serde_json::from_str(line).unwrap();
        prop_assert_eq!(read, chunk);
    }

    #[test]
    fn figures_are_always_finite(joules in any::<f64>()) {
        let text = serde_json::to_string(&usage(joules)).unwrap();
        let read: Usage = serde_json::from_str(&text).unwrap();
        prop_assert!(read.footprint.energy_joules.is_finite(), "{text}");
        if joules.is_finite() {
            // Reading may be off in the last bit; writing is exact.
            let difference = (read.footprint.energy_joules - joules).abs();
            prop_assert!(difference <= joules.abs() * 1e-12, "{text}");
        }
    }
}
