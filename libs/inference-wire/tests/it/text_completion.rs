use inference_wire::{
    FimRequest, RequestError, TextCompletionRequest, TextLogprobs, TextPrompt, TokenCandidate,
    TokenLogprob,
};
use serde_json::{Value, json};

fn decode(members: Value) -> Result<TextCompletionRequest, RequestError> {
    let mut request = json!({"model": "m", "prompt": "a"});
    for (key, value) in members.as_object().unwrap() {
        request[key] = value.clone();
    }
    TextCompletionRequest::decode(request.to_string().as_bytes())
}

fn text(text: &str) -> TextPrompt {
    TextPrompt::Text(text.to_owned())
}

#[test]
fn prompts_have_four_shapes() {
    for (prompt, expected) in [
        (json!("a"), vec![text("a")]),
        (json!(""), vec![text("")]),
        (json!(["a", "b"]), vec![text("a"), text("b")]),
        (json!([1, 2]), vec![TextPrompt::Tokens(vec![1, 2])]),
        (json!([[1], [2, 3]]), vec![TextPrompt::Tokens(vec![1]), TextPrompt::Tokens(vec![2, 3])]),
        (json!([[1], "b"]), vec![TextPrompt::Tokens(vec![1]), text("b")]),
    ] {
        let read = decode(json!({"prompt": prompt})).unwrap();
        assert_eq!(read.prompts, expected, "{prompt}");
    }
}

#[test]
fn older_names_reach_their_places() {
    let least = decode(json!({})).unwrap();
    assert_eq!(least.chat.max_tokens, Some(16), "as OpenAI has it");
    assert_eq!((least.chat.candidates(), least.echo, least.suffix), (None, false, None));
    let all = decode(json!({
        "suffix": "b", "max_tokens": 3, "temperature": 0.5, "n": 2, "stream": true, "logprobs": 4,
        "stop": "x", "seed": 5, "best_of": 2, "user": "u",
    }));
    let all = all.unwrap();
    assert_eq!(all.suffix.as_deref(), Some("b"));
    assert_eq!((all.chat.max_tokens, all.chat.n, all.chat.seed), (Some(3), Some(2), Some(5)));
    assert_eq!((all.chat.candidates(), all.chat.stream), (Some(4), true));
    assert_eq!(decode(json!({"logprobs": 0})).unwrap().chat.candidates(), Some(0));
    assert_eq!(decode(json!({"logprobs": false})).unwrap().chat.candidates(), None);
    assert_eq!(decode(json!({"suffix": ""})).unwrap().suffix, None);
}

#[track_caller]
fn check(members: Value, expected: &str) {
    let shown = members.to_string();
    let told = match decode(members) {
        Err(RequestError::Invalid { fields }) => {
            format!("{} {}", fields[0].path(), fields[0].kind.as_str())
        }
        Err(RequestError::Unsupported { field }) => format!("{} unsupported", field.path()),
        other => panic!("{shown}: {other:?}"),
    };
    assert_eq!(told, expected, "{shown}");
}

#[test]
fn what_cannot_be_done_is_refused() {
    check(json!({"prompt": null}), "body.prompt missing");
    check(json!({"prompt": []}), "body.prompt too_short");
    check(json!({"prompt": 3}), "body.prompt string_type");
    check(json!({"prompt": ["a", 3]}), "body.prompt[1] string_type");
    check(json!({"prompt": [-1]}), "body.prompt[0] out_of_range");
    check(json!({"prompt": vec!["a"; 17]}), "body.prompt too_long");
    check(json!({"logprobs": 21}), "body.logprobs out_of_range");
    check(json!({"n": 9}), "body.n out_of_range");
    check(json!({"best_of": 3}), "body.best_of unsupported");
    check(json!({"echo": true, "logprobs": 1}), "body.echo unsupported");
    check(json!({"echo": true, "prompt": [1]}), "body.echo unsupported");
    check(json!({"suffix": "b", "prompt": [1]}), "body.suffix unsupported");
    check(json!({"guardrails": [{}]}), "body.guardrails unsupported");
}

#[test]
fn holes_have_two_sides() {
    let read = |members: Value| FimRequest::decode(members.to_string().as_bytes());
    let both = read(json!({"model": "m", "prompt": "a", "suffix": "b", "random_seed": 3})).unwrap();
    assert_eq!((both.prompt.as_str(), both.suffix.as_str(), both.chat.seed), ("a", "b", Some(3)));
    assert_eq!(both.chat.max_tokens, None);
    let open = read(json!({"model": "m", "prompt": "a", "suffix": null})).unwrap();
    assert_eq!(open.suffix, "");
    for members in [json!({"model": "m"}), json!({"model": "m", "prompt": ["a"]}), json!([])] {
        assert!(matches!(read(members), Err(RequestError::Invalid { .. })));
    }
}

#[test]
fn older_log_probabilities_are_lists() {
    let candidate = |token: &str, logprob| TokenCandidate {
        token: token.to_owned(),
        token_id: 1,
        logprob,
        bytes: Vec::new(),
    };
    let token = TokenLogprob {
        token: "a".to_owned(),
        token_id: 1,
        logprob: -0.5,
        bytes: Vec::new(),
        top_logprobs: vec![
            candidate("a", -0.5),
            candidate("b", f32::NEG_INFINITY),
            candidate("a", -3.0),
        ],
    };
    let mut told = TextLogprobs::default();
    told.push(&token, 7);
    let expected = json!({
        "tokens": ["a"], "token_logprobs": [-0.5], "text_offset": [7],
        "top_logprobs": [{"a": -0.5, "b": -9999.0}],
    });
    assert_eq!(serde_json::to_value(&told).unwrap(), expected);
}
