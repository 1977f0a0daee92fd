use inference_wire::{
    AnswerRole, AppendConversation, Attachment, CompletionArgs, Conversation, ConversationEntry,
    ConversationEvent, ConversationHistory, ConversationObject, ConversationResponse, EntryObject,
    EntryState, HistoryObject, InputContent, InputEntry, InputRole, MessageDelta, OutputEntry,
    PutDraft, Question, RequestError, ResponseDone, ResponseError, ResponseObject, ResponseStarted,
    RestartConversation, StartConversation, UpdateConversation, sse,
};
use serde_json::{Value, json};

use crate::answers::usage;

const AT: &str = "2026-01-01T00:00:00Z";

/// A request that is sound, with some members put in its place.
fn start(members: Value) -> Result<StartConversation, RequestError> {
    let mut request = json!({"model": "m", "inputs": "Hello"});
    for (key, value) in members.as_object().unwrap() {
        request[key] = value.clone();
    }
    StartConversation::decode(request.to_string().as_bytes())
}

fn question(inputs: Value) -> Question {
    start(json!({"inputs": inputs})).unwrap().inputs
}

fn file(name: &str, text: &str) -> Attachment {
    Attachment { name: name.to_owned(), text: text.to_owned() }
}

#[track_caller]
fn refuse<T: std::fmt::Debug>(read: Result<T, RequestError>, expected: &[&str]) {
    match read {
        Err(RequestError::Invalid { fields }) => {
            let told: Vec<_> = fields
                .iter()
                .map(|field| format!("{} {}", field.path(), field.kind.as_str()))
                .collect();
            assert_eq!(told, expected);
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unsupported<T: std::fmt::Debug>(read: Result<T, RequestError>, path: &str) {
    match read {
        Err(RequestError::Unsupported { field }) => assert_eq!(field.path(), path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_official_clients_send_is_read() {
    let sent = json!({
        "inputs": [{"object": "entry", "type": "message.input", "role": "user", "prefix": false,
                    "content": [{"type": "text", "text": "Hello"}]}],
        "stream": false, "store": true, "handoff_execution": "server", "instructions": "Be brief.",
        "tools": [], "guardrails": null, "name": "n", "description": "d", "metadata": {"a": [1]},
        "agent_id": null, "agent_version": null, "model": "m",
        "completion_args": {"temperature": 0.5, "top_p": 1, "max_tokens": 7.0, "stop": "a",
            "random_seed": -1, "presence_penalty": 1, "frequency_penalty": -1,
            "prediction": null, "response_format": {"type": "text"}, "tool_choice": "auto"},
    });
    let read = start(sent).unwrap();
    let completion_args = CompletionArgs {
        temperature: Some(0.5),
        top_p: Some(1.0),
        max_tokens: Some(7),
        stop: vec!["a".to_owned()],
        random_seed: Some(u64::MAX),
        presence_penalty: Some(1.0),
        frequency_penalty: Some(-1.0),
    };
    let expected = StartConversation {
        inputs: Question { text: "Hello".to_owned(), attachments: Vec::new() },
        model: "m".to_owned(),
        stream: false,
        instructions: Some("Be brief.".to_owned()),
        name: Some("n".to_owned()),
        description: Some("d".to_owned()),
        metadata: json!({"a": [1]}).as_object().cloned(),
        completion_args,
    };
    assert_eq!(read, expected);
}

#[test]
fn questions_are_texts_or_one_message() {
    let text = |text: &str| Question { text: text.to_owned(), attachments: Vec::new() };
    assert_eq!(question(json!("a")), text("a"));
    assert!(question(json!("")).is_empty());
    assert!(question(json!([])).is_empty());
    assert_eq!(question(json!([{"role": "user", "content": "a"}])), text("a"));
    let chunks = json!([{"type": "text", "text": "a"}, {"text": "b"}]);
    assert_eq!(question(json!([{"role": "user", "content": chunks}])), text("ab"));
    let chunks = json!([
        {"type": "text", "text": "f", "file_name": "one.txt"},
        {"type": "text", "text": "a", "file_name": null},
        {"type": "text", "text": "", "file_name": "two.txt"},
        {"type": "text", "text": "b"},
    ]);
    let expected = Question {
        text: "ab".to_owned(),
        attachments: vec![file("one.txt", "f"), file("two.txt", "")],
    };
    assert_eq!(question(json!([{"role": "user", "content": chunks}])), expected);
    let absent = AppendConversation::decode(b"{\"parent_id\": \"msg_1\"}").unwrap();
    assert!(absent.inputs.is_empty());
    assert_eq!(absent.parent_id.as_deref(), Some("msg_1"));
}

#[test]
fn errors_name_the_field() {
    let decode = |text: &str| StartConversation::decode(text.as_bytes());
    refuse(decode("[]"), &["body dict_type"]);
    refuse(decode("{}"), &["body.inputs missing", "body.model missing"]);
    refuse(start(json!({"inputs": 3})), &["body.inputs string_type"]);
    refuse(start(json!({"inputs": [3]})), &["body.inputs[0] dict_type"]);
    refuse(start(json!({"inputs": [{}]})), &["body.inputs[0].role missing"]);
    refuse(start(json!({"inputs": [{"role": "x"}]})), &["body.inputs[0].role enum"]);
    refuse(start(json!({"inputs": [{"role": "user"}]})), &["body.inputs[0].content missing"]);
    let chunk = json!([{"role": "user", "content": [{"text": "a", "file_name": 3}]}]);
    refuse(start(json!({"inputs": chunk})), &["body.inputs[0].content[0].file_name string_type"]);
    refuse(start(json!({"metadata": []})), &["body.metadata dict_type"]);
    refuse(start(json!({"store": "no"})), &["body.store bool_type"]);
    refuse(
        start(json!({"name": 1, "completion_args": {"temperature": 3, "stop": [1]}})),
        &[
            "body.name string_type",
            "body.completion_args.temperature out_of_range",
            "body.completion_args.stop[0] string_type",
        ],
    );
    refuse(RestartConversation::decode(b"{}"), &["body.from_entry_id missing"]);
    refuse(UpdateConversation::decode(b"{\"pinned\": 1}"), &["body.pinned bool_type"]);
    refuse(
        PutDraft::decode(b"{\"text\": 1, \"attachments\": [{\"name\": \"a\"}, 3]}"),
        &[
            "body.text string_type",
            "body.attachments[0].text missing",
            "body.attachments[1] dict_type",
        ],
    );
    let error = StartConversation::decode(b"{").unwrap_err();
    assert!(matches!(error, RequestError::InvalidJson { .. }), "{error:?}");
    let error = PutDraft::decode(b"\xff").unwrap_err();
    assert!(matches!(error, RequestError::InvalidUtf8 { .. }), "{error:?}");
}

#[test]
fn what_is_not_offered_is_not_ignored() {
    let check = |members: Value, path| unsupported(start(members), path);
    check(json!({"store": false}), "body.store");
    check(json!({"agent_id": "ag_1"}), "body.agent_id");
    check(json!({"agent_id": "ag_1", "model": null}), "body.agent_id");
    check(json!({"tools": [{"type": "web_search"}]}), "body.tools");
    check(json!({"guardrails": [{}]}), "body.guardrails");
    check(json!({"handoff_execution": "client"}), "body.handoff_execution");
    let arguments = json!({"response_format": {"type": "json_object"}});
    check(json!({"completion_args": arguments}), "body.completion_args.response_format.type");
    let arguments = json!({"tool_choice": "any"});
    check(json!({"completion_args": arguments}), "body.completion_args.tool_choice");
    let two = json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]);
    check(json!({"inputs": two}), "body.inputs[1]");
    let answer = json!([{"role": "assistant", "content": "a"}]);
    check(json!({"inputs": answer}), "body.inputs[0].role");
    let result = json!([{"type": "function.result", "tool_call_id": "a", "result": "b"}]);
    check(json!({"inputs": result}), "body.inputs[0].type");
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]);
    check(json!({"inputs": image}), "body.inputs[0].content[0]");
    let confirmations = br#"{"inputs": "a", "tool_confirmations": [{"tool_call_id": "a"}]}"#;
    unsupported(AppendConversation::decode(confirmations), "body.tool_confirmations");
    let metadata = br#"{"from_entry_id": "msg_1", "metadata": {"a": 1}}"#;
    unsupported(RestartConversation::decode(metadata), "body.metadata");
}

#[test]
fn requests_are_read_as_they_were_written() {
    let inputs = Question { text: "a".to_owned(), attachments: vec![file("n", "t")] };
    let args = CompletionArgs { temperature: Some(0.25), ..CompletionArgs::default() };
    let start = StartConversation {
        inputs: inputs.clone(),
        model: "m".to_owned(),
        stream: true,
        completion_args: args.clone(),
        ..StartConversation::default()
    };
    let bytes = serde_json::to_vec(&start).unwrap();
    assert_eq!(StartConversation::decode(&bytes), Ok(start));
    let append = AppendConversation {
        parent_id: Some("msg_1".to_owned()),
        model: Some("m".to_owned()),
        completion_args: args,
        ..AppendConversation::default()
    };
    let bytes = serde_json::to_vec(&append).unwrap();
    assert_eq!(AppendConversation::decode(&bytes), Ok(append));
    let restart = RestartConversation {
        inputs,
        from_entry_id: "msg_1".to_owned(),
        ..RestartConversation::default()
    };
    let bytes = serde_json::to_vec(&restart).unwrap();
    assert_eq!(RestartConversation::decode(&bytes), Ok(restart));
    let update = UpdateConversation { pinned: Some(false), ..UpdateConversation::default() };
    assert_eq!(serde_json::to_string(&update).unwrap(), r#"{"pinned":false}"#);
    let draft = PutDraft { attachments: vec![file("n", "t")], ..PutDraft::default() };
    let bytes = serde_json::to_vec(&draft).unwrap();
    assert_eq!(PutDraft::decode(&bytes), Ok(draft));
}

fn input(content: InputContent) -> ConversationEntry {
    ConversationEntry::Input(InputEntry {
        object: EntryObject::Entry,
        id: "msg_1".to_owned(),
        created_at: AT.to_owned(),
        completed_at: Some(AT.to_owned()),
        role: InputRole::User,
        content,
        prefix: false,
        parent_id: None,
    })
}

fn output() -> ConversationEntry {
    ConversationEntry::Output(OutputEntry {
        object: EntryObject::Entry,
        id: "msg_2".to_owned(),
        created_at: AT.to_owned(),
        completed_at: Some(AT.to_owned()),
        role: AnswerRole::Assistant,
        model: "m".to_owned(),
        agent_id: None,
        content: "Hi".to_owned(),
        parent_id: Some("msg_1".to_owned()),
        state: EntryState::Stopped,
        usage: Some(usage(0.25)),
        request_id: Some("0".repeat(32)),
        error_code: None,
    })
}

#[test]
fn conversations_and_their_entries() {
    let conversation = Conversation {
        object: ConversationObject::Conversation,
        id: "conv_1".to_owned(),
        name: Some("n".to_owned()),
        description: None,
        instructions: None,
        model: "m".to_owned(),
        tools: Vec::new(),
        completion_args: CompletionArgs::default(),
        metadata: None,
        created_at: AT.to_owned(),
        updated_at: AT.to_owned(),
        pinned: false,
        archived: false,
        head: Some("msg_2".to_owned()),
        running: false,
    };
    insta::assert_json_snapshot!(conversation);
    let chunks = InputContent::new("a".to_owned(), vec![file("n", "t")]);
    let history = ConversationHistory {
        object: HistoryObject::History,
        conversation_id: "conv_1".to_owned(),
        entries: vec![input(InputContent::Text("a".to_owned())), input(chunks), output()],
        head: Some("msg_2".to_owned()),
    };
    insta::assert_json_snapshot!(history);
    let text = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<ConversationHistory>(&text).unwrap(), history);
    let response = ConversationResponse {
        object: ResponseObject::Response,
        conversation_id: "conv_1".to_owned(),
        outputs: vec![output()],
        usage: usage(0.25),
    };
    let told = serde_json::to_value(&response).unwrap();
    assert_eq!(told["object"], "conversation.response");
    assert_eq!(told["outputs"][0]["type"], "message.output");
}

#[test]
fn events_are_numbered_and_named() {
    let (created_at, entry_id) = (AT.to_owned(), "msg_2".to_owned());
    let started = ConversationEvent::Started(ResponseStarted {
        created_at: created_at.clone(),
        conversation_id: "conv_1".to_owned(),
        input_id: Some("msg_1".to_owned()),
        entry_id: entry_id.clone(),
        model: "m".to_owned(),
    });
    let delta = ConversationEvent::Delta(MessageDelta {
        created_at: created_at.clone(),
        output_index: 0,
        id: entry_id.clone(),
        content_index: 0,
        model: "m".to_owned(),
        role: AnswerRole::Assistant,
        content: "line\nbreak\r\n\u{2028}".to_owned(),
    });
    let done = ConversationEvent::Done(ResponseDone {
        created_at: created_at.clone(),
        usage: usage(0.25),
        state: EntryState::Complete,
        entry_id: entry_id.clone(),
        request_id: Some("01".to_owned()),
    });
    let error = ConversationEvent::Error(ResponseError {
        created_at,
        message: "the engine failed".to_owned(),
        code: 500,
        error_code: "engine.failed".to_owned(),
        state: EntryState::Failed,
        entry_id,
    });
    let frames = [(0, started), (15, delta), (15, done), (15, error)].map(|(id, event)| {
        let frame = sse::named_event(id, event.name(), &event).unwrap();
        let data = frame.lines().nth(2).unwrap().strip_prefix("data: ").unwrap();
        let read: ConversationEvent = serde_json::from_str(data).unwrap();
        assert_eq!(read, event);
        let value: Value = serde_json::from_str(data).unwrap();
        assert_eq!(value["type"], event.name());
        frame
    });
    insta::assert_snapshot!(frames.concat());
}
