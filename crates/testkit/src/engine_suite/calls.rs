use inference::{
    AnswerFormat, CallCount, FinishReason, Tool, ToolChoice, ToolUse,
    ports::{EngineError, Generate},
};

use super::{EngineUnderTest, QUESTION, finished};

/// Of few characters, so that any model has written them soon.
const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"enum":[1,2,3]}},"required":["n"]}"#;

fn tool(name: &str, parameters: &str) -> Tool {
    Tool { name: name.to_owned(), description: None, parameters: parameters.into(), strict: true }
}

fn two_tools(choice: ToolChoice) -> ToolUse {
    let tools = vec![tool("add", SCHEMA), tool("stop", SCHEMA)];
    ToolUse { tools, choice, count: CallCount::One }
}

pub(super) async fn a_forced_call_is_made_and_told_whole(engine: &EngineUnderTest) {
    for (choice, names) in [
        (ToolChoice::Any, &["add", "stop"][..]),
        (ToolChoice::Named("stop".to_owned()), &["stop"][..]),
    ] {
        let tools = two_tools(choice);
        let prompt = engine.prepare(&engine.model, QUESTION, &AnswerFormat::Text, &tools);
        let request = Generate {
            prompt: prompt.expect("prepared"),
            tools,
            max_tokens: 200,
            ..engine.request(QUESTION, 200)
        };
        let answer = engine.answer(request).await;
        assert_eq!(answer.end, finished(FinishReason::ToolCalls), "{answer:?}");
        assert_eq!((answer.text.as_str(), answer.calls.len()), ("", 1), "{answer:?}");
        let call = &answer.calls[0];
        assert!(names.contains(&call.name.as_str()), "{call:?}");
        let arguments: serde_json::Value = serde_json::from_str(&call.arguments).expect("JSON");
        assert!((1..=3).any(|n| arguments == serde_json::json!({"n": n})), "{call:?}");
    }
}

pub(super) fn tools_that_make_no_sense_are_refused(engine: &EngineUnderTest) {
    for choice in [ToolChoice::Auto, ToolChoice::Any] {
        for schema in ["", "nonsense", "[]", r#"{"properties":{"n":{"type":"nothing"}}}"#] {
            let tools = vec![tool("add", SCHEMA), tool("broken", schema)];
            let tools = ToolUse { tools, choice: choice.clone(), count: CallCount::Many };
            let refused = engine.prepare(&engine.model, QUESTION, &AnswerFormat::Text, &tools);
            let named = |error: &EngineError| matches!(error, EngineError::ToolsRejected { reason } if reason.contains("broken"));
            assert!(refused.as_ref().is_err_and(named), "{schema:?}: {refused:?}");
        }
    }
}
