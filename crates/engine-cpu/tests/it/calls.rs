//! Calls, from a model that would write anything.

use domain::{
    Timestamp,
    chat::{Message, Role},
};
use inference::{
    AnswerFormat, CallCount, FinishReason, FunctionCall, Sampling, Tool, ToolChoice, ToolUse,
    ports::{Asked, Engine as _, EngineError, EngineEvent, Generate, Generation},
};
use tokio::time::timeout;

use super::{HANG, Running, finished, start, tiny_model::TinyModel, two_threads};

/// The mark of calls in the model that has one.
const MARK: u32 = 256;

const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":9}},"required":["n"]}"#;

fn tool_use(choice: ToolChoice, count: CallCount) -> ToolUse {
    let tool = |name: &str| Tool {
        name: name.to_owned(),
        description: None,
        parameters: SCHEMA.into(),
        strict: true,
    };
    ToolUse { tools: vec![tool("add"), tool("sub")], choice, count }
}

#[derive(Debug, Default, PartialEq)]
struct Told {
    text: String,
    calls: Vec<FunctionCall>,
    end: Option<EngineEvent>,
}

async fn read(mut generation: Generation) -> Told {
    let mut told = Told::default();
    while let Some(event) = timeout(HANG, generation.events.recv()).await.expect("in time") {
        match event {
            EngineEvent::Token(piece) => told.text.push_str(&piece.text),
            EngineEvent::Calls(calls) => told.calls.extend(calls),
            end @ (EngineEvent::Finished(_) | EngineEvent::Failed { .. }) => told.end = Some(end),
        }
    }
    timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    told
}

impl Running {
    fn calling(&self, seed: u32, tools: ToolUse, max_tokens: u32) -> Generate {
        let request = self.request(seed, 20, max_tokens);
        let sampling = Sampling {
            temperature: 2.0,
            seed: Some(seed.into()),
            min_tokens: 0,
            ..request.sampling
        };
        Generate { sampling, tools, top_logprobs: None, ..request }
    }
}

fn expect_call(call: &FunctionCall) {
    assert!(["add", "sub"].contains(&call.name.as_str()), "{call:?}");
    let digit = call.arguments.strip_prefix("{\"n\":").and_then(|rest| rest.strip_suffix('}'));
    assert!(digit.is_some_and(|digit| digit.parse::<u8>().is_ok()), "{call:?}");
}

#[tokio::test]
async fn forced_calls_of_many_at_once_are_whole() {
    for mistral in [false, true] {
        let model = TinyModel { mistral, ..TinyModel::default() };
        let running = start(&model, &two_threads());
        let tools = tool_use(ToolChoice::Any, CallCount::Many);
        let running_calls: Vec<_> = (0..6)
            .map(|seed| running.generate(running.calling(seed, tools.clone(), 400)))
            .collect();
        for (seed, generation) in running_calls.into_iter().enumerate() {
            let told = read(generation).await;
            assert!(!told.calls.is_empty(), "seed {seed}: {told:?}");
            told.calls.iter().for_each(expect_call);
            if told.end == Some(finished(FinishReason::ToolCalls)) {
                assert_eq!(told.text, "", "seed {seed}");
            }
        }
        assert_eq!((running.engine.kv_bytes().held, running.engine.generations()), (0, 0));
    }
}

#[tokio::test]
async fn a_call_that_begins_in_a_free_answer_is_kept() {
    let model = TinyModel { mistral: true, ..TinyModel::default() };
    let running = start(&model, &two_threads());
    for seed in 0..8 {
        let tools = tool_use(ToolChoice::Auto, CallCount::One);
        let mut request = running.calling(seed, tools, 300);
        // Begins wherever it may.
        request.sampling.logit_bias = vec![(MARK, 100.0)];
        let told = read(running.generate(request)).await;
        assert_eq!(told.end, Some(finished(FinishReason::ToolCalls)), "seed {seed}: {told:?}");
        assert_eq!((told.text.as_str(), told.calls.len()), ("", 1), "seed {seed}: {told:?}");
        expect_call(&told.calls[0]);
    }
    // Behind a call the model is free again, and begins the next.
    let tools = tool_use(ToolChoice::Auto, CallCount::Many);
    let mut request = running.calling(1, tools, 300);
    request.sampling.logit_bias = vec![(MARK, 100.0)];
    let told = read(running.generate(request)).await;
    assert!(told.calls.len() > 1, "{told:?}");
    told.calls.iter().for_each(expect_call);
    assert_eq!(told.end, Some(finished(FinishReason::Length)));
}

#[tokio::test]
async fn without_tools_the_mark_is_never_shown() {
    let model = TinyModel { mistral: true, ..TinyModel::default() };
    let running = start(&model, &two_threads());
    let mut request = running.calling(1, ToolUse::default(), 20);
    request.sampling.logit_bias = vec![(MARK, 100.0)];
    let told = read(running.generate(request)).await;
    assert_eq!((told.text.as_str(), told.calls.len()), ("", 0), "{told:?}");
    assert_eq!(told.end, Some(finished(FinishReason::Length)));
}

#[tokio::test]
async fn a_call_that_is_cut_is_text() {
    let running = start(&TinyModel::default(), &two_threads());
    let tools = tool_use(ToolChoice::Named("add".to_owned()), CallCount::One);
    let told = read(running.generate(running.calling(1, tools, 14))).await;
    assert_eq!(told.end, Some(finished(FinishReason::Length)));
    assert_eq!((told.text.as_str(), told.calls.len()), ("<tool_call>\n{\"", 0), "{told:?}");
}

#[tokio::test]
async fn the_model_is_told_of_the_tools() {
    let model = TinyModel { context: 4096, ..TinyModel::default() };
    let running = start(&model, &two_threads());
    let id = running.engine.models()[0].id.clone();
    let messages = [Message::new(Role::User, "Hi")];
    let prepare = |tools: &ToolUse| {
        let asked = Asked { messages: &messages, format: &AnswerFormat::Text, tools };
        running.engine.prepare(&id, asked, Timestamp::from_micros(0))
    };
    let plain = prepare(&ToolUse::default()).expect("prepared").tokens.len();
    let told = prepare(&tool_use(ToolChoice::Auto, CallCount::Many)).expect("prepared");
    assert!(told.tokens.len() > plain + 400, "{} beside {plain}", told.tokens.len());
    let mut broken = tool_use(ToolChoice::Auto, CallCount::Many);
    broken.tools[1].parameters = r#"{"type":"object","properties":{"n":{"not":{}}}}"#.into();
    let refused = prepare(&broken).expect_err("refused");
    let EngineError::ToolsRejected { reason } = &refused else { panic!("{refused}") };
    assert!(reason.contains("`sub`") && reason.contains("not"), "{reason}");
}
