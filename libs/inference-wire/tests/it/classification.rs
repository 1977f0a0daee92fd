use inference_wire::{
    ClassificationInput, ClassificationRequest, EmbeddingDtype, EmbeddingVector, EncodingFormat,
    RequestError, RerankRequest,
};
use serde_json::{Value, json};

fn body(members: Value) -> Vec<u8> {
    let mut request = json!({"model": "m"});
    for (key, value) in members.as_object().unwrap() {
        request[key] = value.clone();
    }
    request.to_string().into_bytes()
}

#[track_caller]
fn check<T: std::fmt::Debug>(read: Result<T, RequestError>, expected: &str) {
    match read {
        Err(RequestError::Invalid { fields }) => {
            let told = format!("{} {}", fields[0].path(), fields[0].kind.as_str());
            assert_eq!(told, expected);
        }
        other => panic!("{expected}: {other:?}"),
    }
}

fn texts(members: Value) -> Result<ClassificationRequest, RequestError> {
    ClassificationRequest::decode_texts(&body(members))
}

fn chats(members: Value) -> Result<ClassificationRequest, RequestError> {
    ClassificationRequest::decode_chats(&body(members))
}

#[test]
fn texts_have_two_shapes_and_two_names() {
    let one = vec![ClassificationInput::Text("a".to_owned())];
    for members in [json!({"input": "a"}), json!({"input": ["a"]}), json!({"inputs": "a"})] {
        assert_eq!(texts(members).unwrap().input, one);
    }
    check(texts(json!({})), "body.input missing");
    check(texts(json!({"input": [1]})), "body.input[0] string_type");
    check(texts(json!({"input": []})), "body.input too_short");
    check(texts(json!({"input": vec!["a"; 33]})), "body.input too_long");
}

#[test]
fn conversations_have_four_shapes() {
    let messages = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]);
    for (input, count) in [
        (messages.clone(), 1),
        (json!([messages, messages]), 2),
        (json!({"messages": messages}), 1),
        (json!([{"messages": messages}]), 1),
    ] {
        let read = chats(json!({"input": input})).unwrap();
        assert_eq!(read.input.len(), count, "{input}");
        let is_whole = |input: &ClassificationInput| match input {
            ClassificationInput::Chat(messages) => messages.len() == 2,
            ClassificationInput::Text(_) => false,
        };
        assert!(read.input.iter().all(is_whole), "{input}");
    }
    check(chats(json!({"input": "a"})), "body.input list_type");
    check(chats(json!({"input": []})), "body.input too_short");
    check(chats(json!({"input": [[]]})), "body.input[0] too_short");
    check(chats(json!({"input": [{"role": "x"}]})), "body.input[0].role enum");
    check(chats(json!({"input": vec![messages; 33]})), "body.input too_long");
}

#[test]
fn targets_have_labels() {
    let of = |targets: Value| texts(json!({"input": "a", "targets": targets}));
    let read = of(json!([{"name": "mood", "labels": ["glad", "sad"]}])).unwrap();
    assert_eq!((read.targets[0].name.as_str(), read.targets[0].labels.len()), ("mood", 2));
    check(of(json!([{"labels": ["a", "b"]}])), "body.targets[0].name missing");
    check(of(json!([{"name": "a", "labels": ["a"]}])), "body.targets[0].labels too_short");
    check(of(json!([{"name": "a", "labels": vec!["a"; 17]}])), "body.targets[0].labels too_long");
    check(of(json!(vec![json!({"name": "a", "labels": ["a", "b"]}); 5])), "body.targets too_long");
    // Scores are told by names: twins would hide each other.
    let (twins, blank) = (json!(["a", "b", "a"]), json!(["a", " "]));
    check(of(json!([{"name": "a", "labels": twins}])), "body.targets[0].labels[2] value_error");
    check(of(json!([{"name": "a", "labels": blank}])), "body.targets[0].labels[1] too_short");
    let two = json!(vec![json!({"name": "a", "labels": ["a", "b"]}); 2]);
    check(of(two), "body.targets[1].name value_error");
}

#[test]
fn documents_are_texts_or_hold_one() {
    let decode = |members: Value| RerankRequest::decode(&body(members));
    let members = json!({
        "query": "q", "documents": ["a", {"text": "b", "title": "t"}], "top_n": 1,
        "return_documents": true, "document_prefix": "passage: ", "max_tokens_per_doc": 5,
    });
    let read = decode(members).unwrap();
    assert_eq!(read.documents, ["a", "b"]);
    assert_eq!((read.top_n, read.return_documents), (Some(1), true));
    assert_eq!((read.query_prefix.as_str(), read.document_prefix.as_str()), ("", "passage: "));
    let older = decode(json!({"prompt": "q", "input": ["a"]})).unwrap();
    assert_eq!((older.query.as_str(), older.documents.len()), ("q", 1));
    check(decode(json!({"query": "q"})), "body.documents missing");
    check(decode(json!({"documents": ["a"]})), "body.query missing");
    check(decode(json!({"query": "q", "documents": []})), "body.documents too_short");
    check(decode(json!({"query": "q", "documents": [3]})), "body.documents[0] string_type");
    check(decode(json!({"query": "q", "documents": [{}]})), "body.documents[0].text missing");
    check(decode(json!({"query": "q", "documents": ["a"], "top_n": 0})), "body.top_n out_of_range");
    // It is copied before each document.
    let prefixed = |bytes: usize| {
        let prefix = "x".repeat(bytes);
        decode(json!({"query": "q", "documents": ["a"], "document_prefix": prefix}))
    };
    assert_eq!(prefixed(256).unwrap().document_prefix.len(), 256);
    check(prefixed(257), "body.document_prefix too_long");
}

#[test]
fn numbers_become_whole_or_bits() {
    let vector = vec![0.5, -1.0, 0.0, 0.25, -0.125, 0.0, 0.0, 0.0, -0.5];
    let written = |dtype| EmbeddingVector::new(vector.clone(), EncodingFormat::Float, dtype);
    let int8 = vec![64, -127, 0, 32, -16, 0, 0, 0, -64];
    assert_eq!(written(EmbeddingDtype::Int8), EmbeddingVector::Whole(int8.clone()));
    let uint8 = int8.into_iter().map(|number| number + 128).collect();
    assert_eq!(written(EmbeddingDtype::Uint8), EmbeddingVector::Whole(uint8));
    // 1011 0111, 0...
    assert_eq!(written(EmbeddingDtype::Ubinary), EmbeddingVector::Whole(vec![183, 0]));
    assert_eq!(written(EmbeddingDtype::Binary), EmbeddingVector::Whole(vec![55, -128]));
    let nothing = EmbeddingVector::new(vec![0.0; 2], EncodingFormat::Float, EmbeddingDtype::Int8);
    assert_eq!(nothing, EmbeddingVector::Whole(vec![0, 0]));
    let bytes = EmbeddingVector::new(vector, EncodingFormat::Base64, EmbeddingDtype::Binary);
    assert_eq!(bytes, EmbeddingVector::Base64("N4A=".to_owned()));
}
