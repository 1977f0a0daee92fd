use inference_wire::{BatchLine, CreateBatch, CreateBatchJob, RequestError};
use serde_json::json;

fn fields(error: RequestError) -> Vec<String> {
    match error {
        RequestError::Invalid { fields } => fields.iter().map(ToString::to_string).collect(),
        RequestError::Unsupported { field } => vec![format!("unsupported {field}")],
        other => vec![other.to_string()],
    }
}

#[test]
fn jobs_name_files_or_have_requests() {
    let read = |value: serde_json::Value| CreateBatchJob::decode(value.to_string().as_bytes());
    let job = read(json!({
        "endpoint": "/v1/chat/completions", "input_files": ["a", "b"], "model": "m",
        "metadata": {"k": "v"}, "timeout_hours": 3, "unknown": 1,
    }))
    .unwrap();
    assert_eq!((job.input_files.len(), job.timeout_hours), (2, 3));
    assert_eq!((job.model.as_deref(), job.metadata["k"].as_str()), (Some("m"), "v"));
    let inline = json!({
        "endpoint": "/v1/embeddings", "input_files": null,
        "requests": [{"custom_id": 7, "body": {"input": "x"}}, {"body": {}}],
    });
    let inline = read(inline).unwrap();
    assert_eq!(inline.requests[0].custom_id.as_deref(), Some("7"));
    assert_eq!((inline.requests[1].custom_id.as_deref(), inline.timeout_hours), (None, 24));
    for wrong in [
        json!({"endpoint": "x"}),
        json!({"endpoint": "x", "input_files": ["a"], "requests": [{"body": {}}]}),
        json!({"input_files": ["a"]}),
        json!({"endpoint": "x", "input_files": [1]}),
        json!({"endpoint": "x", "input_files": ["a"], "metadata": {"k": 1}}),
        json!({"endpoint": "x", "input_files": ["a"], "timeout_hours": 0}),
        json!({"endpoint": "x", "requests": [{"body": "x"}]}),
        json!({"endpoint": "x", "input_files": ["a"], "agent_id": "ag"}),
        json!([]),
    ] {
        assert!(!fields(read(wrong.clone()).unwrap_err()).is_empty(), "{wrong}");
    }
}

#[test]
fn windows_are_hours() {
    let read = |window: serde_json::Value| {
        let body = json!({"endpoint": "x", "input_file_id": "f", "completion_window": window});
        CreateBatch::decode(body.to_string().as_bytes()).map(|batch| batch.completion_window)
    };
    assert_eq!(read(json!("24h")).unwrap(), 24);
    assert_eq!(read(json!(null)).unwrap(), 24);
    for wrong in [json!("1d"), json!("0h"), json!("h"), json!(24), json!("-1h")] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn lines_are_read_one_by_one() {
    let line =
        BatchLine::decode(br#"{"custom_id":"a","url":"/v1/x","body":{"model":"m"}}"#).unwrap();
    assert_eq!((line.custom_id.as_deref(), line.url.as_deref()), (Some("a"), Some("/v1/x")));
    assert_eq!(line.body, json!({"model": "m"}));
    for wrong in ["", "{", "[]", "{}", r#"{"body":1}"#, r#"{"custom_id":{},"body":{}}"#, "\u{0}"] {
        assert!(BatchLine::decode(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(BatchLine::decode(b"\xff").is_err());
    assert_eq!(BatchLine::name(br#"{"custom_id":"a"}"#).as_deref(), Some("a"));
    assert_eq!(BatchLine::name(b"{"), None);
}
