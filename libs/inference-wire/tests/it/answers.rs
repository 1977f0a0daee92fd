use inference_wire::{
    AnswerMessage, AnswerRole, CalledFunction, Capabilities, ChatCompletion, ChatCompletionChunk,
    Choice, ChunkChoice, ChunkObject, CompletionObject, Delta, ErrorBody, ErrorType,
    EvidenceMethod, FieldError, FieldErrorKind, FinishReason, Footprint, ListObject, Logprobs,
    ModelCard, ModelCosts, ModelKind, ModelList, ModelObject, PathPart, PromptTokensDetails,
    TokenCandidate, TokenLogprob, ToolCall, ToolKind, Usage, sse,
};

pub(crate) fn usage(energy_joules: f64) -> Usage {
    Usage {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        prompt_tokens_details: Some(PromptTokensDetails { cached_tokens: 1 }),
        footprint: Footprint {
            energy_joules,
            energy_method: EvidenceMethod::Estimated,
            energy_uncertainty_percent: 60.0,
            co2e_grams: 0.001,
            co2e_method: EvidenceMethod::Estimated,
            co2e_uncertainty_percent: 67.0,
            grid_factor_grams_per_kwh: 44.0,
            grid_factor_year: 2024,
            grid_factor_source: "somebody".to_owned(),
            grid_zone: "FR".to_owned(),
            site: "local".to_owned(),
        },
    }
}

pub(crate) fn chunk(
    content: &str,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
) -> ChatCompletionChunk {
    let delta = Delta { content: content.to_owned(), ..Delta::default() };
    ChatCompletionChunk {
        id: "chatcmpl-1".to_owned(),
        object: ChunkObject::ChatCompletionChunk,
        created: 1_767_225_600,
        model: "m".to_owned(),
        choices: vec![ChunkChoice { index: 0, delta, finish_reason, logprobs: None }],
        usage,
    }
}

#[test]
fn a_complete_answer() {
    let logprobs = Logprobs {
        content: vec![TokenLogprob {
            token: "Hi".to_owned(),
            token_id: 26843,
            logprob: -0.5,
            bytes: b"Hi".to_vec(),
            top_logprobs: vec![TokenCandidate {
                token: "\u{fffd}".to_owned(),
                token_id: 127,
                logprob: f32::NEG_INFINITY,
                bytes: vec![0xc3],
            }],
        }],
    };
    let message = AnswerMessage {
        role: AnswerRole::Assistant,
        content: "Hi".to_owned(),
        tool_calls: Vec::new(),
    };
    let answer = ChatCompletion {
        id: "chatcmpl-1".to_owned(),
        object: CompletionObject::ChatCompletion,
        created: 1_767_225_600,
        model: "m".to_owned(),
        choices: vec![Choice {
            index: 0,
            message,
            finish_reason: FinishReason::ModelLength,
            logprobs: Some(logprobs),
        }],
        usage: usage(0.25),
    };
    insta::assert_json_snapshot!(answer);
}

#[test]
fn chunks_always_say_whether_they_are_the_last() {
    let middle = sse::event(&chunk("line\nbreak\r\n\u{2028}", None, None)).unwrap();
    assert!(middle.contains(r#""finish_reason":null"#), "{middle}");
    insta::assert_snapshot!(middle);
    let last = chunk("", Some(FinishReason::Error), Some(usage(0.25)));
    insta::assert_snapshot!(sse::event(&last).unwrap());
}

#[test]
fn a_call_comes_whole() {
    let function = CalledFunction {
        name: "get_weather".to_owned(),
        arguments: r#"{"city":"Brest"}"#.to_owned(),
    };
    let call =
        ToolCall { index: 0, id: "a1B2c3D4e".to_owned(), kind: ToolKind::Function, function };
    let mut chunk = chunk("", None, None);
    chunk.choices[0].delta.tool_calls = vec![call];
    insta::assert_snapshot!(sse::event(&chunk).unwrap());
}

#[test]
fn models() {
    let card = ModelCard {
        id: "m".to_owned(),
        object: ModelObject::Model,
        created: 1_767_225_600,
        owned_by: "galerne".to_owned(),
        kind: ModelKind::Base,
        capabilities: Capabilities { completion_chat: true, ..Capabilities::default() },
        max_context_length: 8192,
        aliases: Vec::new(),
        deprecation: None,
        default_model_temperature: 0.7,
        digest: Some("00".to_owned()),
        architecture: Some("llama".to_owned()),
        quantization: Some("Q4_1".to_owned()),
        root: None,
        embedding_dimensions: None,
        parameters: Some(134_515_008),
        costs: Some(ModelCosts {
            prompt_tokens: "0.35".parse().unwrap(),
            completion_tokens: "1".parse().unwrap(),
        }),
    };
    insta::assert_json_snapshot!(ModelList { object: ListObject::List, data: vec![card] });
}

#[test]
fn errors_speak_to_both_families_of_clients() {
    let field = FieldError {
        loc: vec![
            PathPart::Key("body".to_owned()),
            PathPart::Key("messages".to_owned()),
            PathPart::Index(0),
        ],
        kind: FieldErrorKind::Object,
        message: "must be an object".to_owned(),
    };
    let message = field.to_string();
    let body = ErrorBody::new(ErrorType::InvalidRequestError, "request.invalid", message)
        .with_fields(&[field])
        .with_hint("look at the example");
    insta::assert_json_snapshot!(body);
}
