use domain::ModelId;
use inference::{
    AnswerFormat, BareText, ToolUse,
    ports::{EngineError, Passage},
};

use super::{EngineUnderTest, QUESTION};

pub(super) fn models_are_told(engine: &EngineUnderTest) {
    let cards = engine.engine.models();
    let mut ids: Vec<_> = cards.iter().map(|card| card.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), cards.len(), "a model is told once");
    let card = cards.iter().find(|card| card.id == engine.model).expect("the model is told");
    assert!(card.context_tokens >= 256, "{card:?}");
    let hexadecimal = |digit: char| digit.is_ascii_digit() || ('a'..='f').contains(&digit);
    let digest = &card.weights.as_ref().expect("its files are here").digest;
    assert!(digest.len() == 64 && digest.chars().all(hexadecimal), "{card:?}");
}

pub(super) fn prompts_repeat(engine: &EngineUnderTest) {
    let (first, second) = (engine.prompt(QUESTION), engine.prompt(QUESTION));
    assert_eq!(first, second, "the same conversation gives the same tokens");
    assert!(!first.tokens.is_empty());
    assert_eq!(first.model, engine.model);
    let cards = engine.engine.models();
    let card = cards.iter().find(|card| card.id == engine.model).expect("the model is told");
    assert_eq!(first.context_tokens, card.context_tokens);
    assert_ne!(engine.prompt("another question").tokens, first.tokens);
}

pub(super) fn what_cannot_be_answered_is_refused(engine: &EngineUnderTest) {
    let (text, tools) = (AnswerFormat::Text, ToolUse::default());
    let nobody: ModelId = "no-such-model".parse().expect("a model id");
    let refused = engine.prepare(&nobody, "hello", &text, &tools);
    let named = |error: &EngineError| matches!(error, EngineError::UnknownModel { model } if *model == nobody);
    assert!(refused.as_ref().is_err_and(named), "{refused:?}");

    let context_tokens = engine.prompt("hello").context_tokens;
    let long = "word ".repeat(context_tokens as usize + 1);
    let refused = engine.prepare(&engine.model, &long, &text, &tools);
    let counted = |error: &EngineError| {
        matches!(
            error,
            EngineError::ContextTooLong { model, prompt_tokens, context_tokens: told }
                if *model == engine.model
                    && *prompt_tokens >= context_tokens
                    && *told == context_tokens
        )
    };
    let refused = refused.map(|prompt| prompt.tokens.len());
    assert!(refused.as_ref().is_err_and(counted), "{refused:?}");
}

pub(super) fn a_form_that_makes_no_sense_is_refused(engine: &EngineUnderTest) {
    let prepare = |format: &AnswerFormat| {
        engine.prepare(&engine.model, QUESTION, format, &ToolUse::default())
    };
    for schema in ["", "nonsense", "[]", "{", r#"{"type":"nothing"}"#] {
        let refused = prepare(&AnswerFormat::Json(schema.into()));
        let rejected = matches!(refused, Err(EngineError::FormatRejected { .. }));
        assert!(rejected, "{schema:?}: {refused:?}");
    }
    let prepared = prepare(&AnswerFormat::json_object());
    assert_eq!(prepared.expect("an object"), engine.prompt(QUESTION), "the prompt is the same");
}

/// Tokens stand for the text that they were made of.
pub(super) fn bare_texts_are_prepared(engine: &EngineUnderTest) {
    let text = BareText::Open(Passage::Text(QUESTION.to_owned()));
    let prompt = engine.bare(&text).expect("prepared");
    assert_eq!(engine.bare(&text).expect("prepared"), prompt, "the same text, the same tokens");
    assert_eq!(prompt.model, engine.model);
    assert_eq!(prompt.digest, engine.prompt(QUESTION).digest);
    let tokens = BareText::Open(Passage::Tokens(prompt.tokens.clone()));
    assert_eq!(engine.bare(&tokens).expect("prepared"), prompt);
    let hole = BareText::Hole { before: "one".to_owned(), after: "two".to_owned() };
    let suited = engine.bare(&hole);
    let is_one = match &suited {
        Ok(prompt) => !prompt.tokens.is_empty(),
        Err(EngineError::Unsuited { model, .. }) => *model == engine.model,
        Err(_) => false,
    };
    assert!(is_one, "holes are filled, or the model is unsuited: {suited:?}");
}

pub(super) fn bare_texts_that_are_none_are_refused(engine: &EngineUnderTest) {
    let tokens = BareText::Open(Passage::Tokens(vec![u32::MAX]));
    let refused = engine.bare(&tokens);
    let named = matches!(refused, Err(EngineError::TokenUnknown { token: u32::MAX, .. }));
    assert!(named, "{refused:?}");
    let text = BareText::Open(Passage::Text("word".to_owned()));
    let nobody: ModelId = "no-such-model".parse().expect("a model id");
    let refused = engine.engine.prepare_text(&nobody, &text);
    assert!(matches!(refused, Err(EngineError::UnknownModel { .. })), "{refused:?}");
    let context_tokens = engine.prompt("hello").context_tokens as usize;
    let long = BareText::Open(Passage::Text("word ".repeat(context_tokens + 1)));
    let refused = engine.bare(&long).map(|prompt| prompt.tokens.len());
    assert!(matches!(refused, Err(EngineError::ContextTooLong { .. })), "{refused:?}");
}
