use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Random;

use super::*;
use crate::tokenizer::tiny::{END, Tiny};

/// More logits than tokens, as padded models have.
const VOCABULARY: usize = 320;

/// Forms beyond this are cut, as `max_tokens` cuts them.
const TOKENS_MAX: usize = 4000;

fn json_schema(schema: &Value) -> AnswerFormat {
    AnswerFormat::Json(schema.to_string().into())
}

/// An answer of random tokens among those that are allowed; `None` when it was cut.
fn write(
    grammars: &Grammars,
    tokenizer: &Tokenizer,
    format: &AnswerFormat,
    seed: u64,
) -> Option<String> {
    let thread = MaskThread::start().unwrap();
    let matcher = grammars
        .matcher(format, tokenizer, VOCABULARY, Matcher::deep_clone)
        .unwrap()
        .expect("a form");
    let mut constraint = Constraint::begin(matcher, thread.masks());
    let mut random = Random::new(seed);
    let mut bytes = Vec::new();
    let mut is_complete = false;
    for _ in 0..TOKENS_MAX {
        let allowed = constraint.mask().unwrap().to_list();
        assert!(!allowed.is_empty(), "something may always follow");
        // An end is taken when it is offered, so that answers are short.
        let token = if allowed.contains(&END) {
            END
        } else {
            allowed[usize::try_from(random.below(allowed.len() as u64)).unwrap()]
        };
        assert!((token as usize) < tokenizer.len(), "{token} is only padding");
        if token == END {
            is_complete = true;
            break;
        }
        assert!(!tokenizer.is_control(token), "{token} is no text");
        bytes.extend_from_slice(tokenizer.token_bytes(token));
        if constraint.accept(token).unwrap() {
            is_complete = true;
            break;
        }
    }
    drop(constraint);
    thread.join();
    is_complete.then(|| String::from_utf8(bytes).expect("text"))
}

fn rejected(format: &AnswerFormat) -> String {
    let refused = Grammars::default().matcher(
        format,
        &Tiny::new().tokenizer(),
        VOCABULARY,
        Matcher::deep_clone,
    );
    match refused {
        Err(GrammarError::Rejected { reason }) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{format:?} was accepted"),
    }
}

#[test]
fn any_text_has_no_grammar() {
    let found = Grammars::default().matcher(
        &AnswerFormat::Text,
        &Tiny::new().tokenizer(),
        VOCABULARY,
        Matcher::deep_clone,
    );
    assert!(found.unwrap().is_none());
}

#[test]
fn random_tokens_become_json_of_the_schema() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    let schema = json!({
        "type": "object",
        "properties": {
            "city": {"enum": ["Brest", "Chennai", "الرباط"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 31},
            "open": {"type": "boolean"},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "maxItems": 3},
        },
        "required": ["city", "days", "open", "tags"],
        "additionalProperties": false,
        "$defs": {"tag": {"type": "string", "maxLength": 5}},
    });
    let mut complete = 0;
    for seed in 0..40 {
        let Some(text) = write(&grammars, &tokenizer, &json_schema(&schema), seed) else {
            continue;
        };
        complete += 1;
        let value: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
        let days = value["days"].as_i64().unwrap();
        assert!((1..=31).contains(&days), "seed {seed}: {text}");
        assert!(
            ["Brest", "Chennai", "الرباط"].contains(&value["city"].as_str().unwrap()),
            "seed {seed}: {text}"
        );
        assert!(
            value["open"].is_boolean() && value["tags"].as_array().unwrap().len() <= 3,
            "seed {seed}: {text}"
        );
        assert_eq!(value.as_object().unwrap().len(), 4, "seed {seed}: {text}");
    }
    assert_eq!(complete, 40, "no answer of this form is long");
}

#[test]
fn random_tokens_become_an_object() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    let mut complete = 0;
    for seed in 0..40 {
        let written = write(&grammars, &tokenizer, &AnswerFormat::json_object(), seed);
        let Some(text) = written else { continue };
        complete += 1;
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => assert!(value.is_object(), "seed {seed}: {text}"),
            // JSON knows numbers that fit no machine.
            Err(error) => {
                let is_great = error.to_string().contains("number out of range");
                assert!(is_great, "seed {seed}: {error}: {text}");
            }
        }
    }
    // Random strings and lists end late, or beyond the limit of this test.
    assert!(complete > 10, "{complete} of 40 ended");
}

#[test]
fn random_tokens_match_a_regular_expression_and_a_grammar() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    for seed in 0..20 {
        let date = AnswerFormat::Regex("20[0-9]{2}-(0[1-9]|1[0-2])".into());
        let text = write(&grammars, &tokenizer, &date, seed).expect("complete");
        let (year, month) = text.split_once('-').expect("a date");
        assert!(
            year.starts_with("20") && (1..=12).contains(&month.parse::<u8>().unwrap()),
            "seed {seed}: {text}"
        );
        let sum = AnswerFormat::Lark("start: number (\"+\" number)~2\nnumber: /[0-9]{1,3}/".into());
        let text = write(&grammars, &tokenizer, &sum, seed).expect("complete");
        assert_eq!(
            text.split('+').filter(|part| part.parse::<u16>().is_ok()).count(),
            3,
            "seed {seed}: {text}"
        );
    }
}

#[test]
fn whitespace_between_parts_of_json_ends() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    let thread = MaskThread::start().unwrap();
    let matcher =
        grammars.matcher(&AnswerFormat::json_object(), &tokenizer, VOCABULARY, Matcher::deep_clone);
    let mut constraint = Constraint::begin(matcher.unwrap().expect("a form"), thread.masks());
    let token_of = |text: &str| tokenizer.encode(text, crate::tokenizer::SpecialTokens::AsText)[0];
    let (open, line, space) = (token_of("{"), token_of("\n"), token_of(" "));
    for token in [open, line] {
        assert!(constraint.mask().unwrap().is_allowed(token));
        constraint.accept(token).unwrap();
    }
    for number in 0..40 {
        let allowed = constraint.mask().unwrap();
        assert!(allowed.is_allowed(space) && !allowed.is_allowed(line), "space {number}");
        constraint.accept(space).unwrap();
    }
    assert!(!constraint.mask().unwrap().is_allowed(space), "a model could write spaces for ever");
    drop(constraint);
    thread.join();
}

#[test]
fn forms_that_cannot_be_are_refused() {
    for (schema, told) in [
        (json!({"type": "nothing"}), "nothing"),
        (json!({"type": "string", "minLength": 5, "maxLength": 2}), "nsatisfiable"),
        (json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), "nsatisfiable"),
        (json!({"$ref": "#/$defs/missing"}), "missing"),
        (json!({"$ref": "https://example.org/schema.json"}), "example.org"),
        (json!({"type": "string", "pattern": "("}), ""),
        (json!({"type": "object", "if": {}, "then": {}}), "if"),
    ] {
        let reason = rejected(&json_schema(&schema));
        assert!(reason.contains(told) && reason.chars().count() <= 300, "{schema}: {reason}");
    }
    for schema in ["", "nonsense", "[]", "true", "{"] {
        rejected(&AnswerFormat::Json(schema.into()));
    }
    for pattern in ["(", "\\p{Nothing}"] {
        rejected(&AnswerFormat::Regex(pattern.into()));
    }
    for grammar in ["", "start: missing", "begin: \"a\"", "start: \"a\n"] {
        rejected(&AnswerFormat::Lark(grammar.into()));
    }
}

#[test]
fn forms_that_explode_are_refused_soon() {
    let wide: serde_json::Map<String, Value> = (0..20_000)
        .map(|number| {
            (format!("p{number}"), json!({"type": "string", "pattern": "^(a|b|ab)*c{1,50}$"}))
        })
        .collect();
    let deep = (0..100)
        .fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    let choices: Vec<Value> =
        (0..3000).map(|number| json!({"type": "object", "properties": {format!("k{number}"): {"type": "integer"}}})).collect();
    let formats = [
        json_schema(&json!({"type": "object", "properties": wide})),
        json_schema(&deep),
        json_schema(&json!({"anyOf": choices})),
        json_schema(&json!({"type": "string", "pattern": "^((a{1,100}){1,100}){1,100}$"})),
        AnswerFormat::Regex("(x+x+)+y".into()),
        AnswerFormat::Regex("((a{0,60}){0,60}){0,60}".into()),
        AnswerFormat::Lark("start: start start | \"a\"".into()),
    ];
    let tokenizer = Tiny::new().tokenizer();
    for (number, format) in formats.iter().enumerate() {
        let begun = Instant::now();
        // Some are kept, some refused; none takes the server away from others.
        Grammars::default().matcher(format, &tokenizer, VOCABULARY, Matcher::deep_clone).ok();
        let elapsed = begun.elapsed();
        // Only against hanging: this is not a measurement.
        assert!(elapsed < Duration::from_secs(20), "form {number} took {elapsed:?}");
    }
}

#[test]
fn forms_are_kept_for_the_next_request_and_the_oldest_go() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    let form = |number: usize| AnswerFormat::Regex(format!("a{number}").into());
    for number in 0..COMPILED_MAX + 5 {
        grammars.matcher(&form(number), &tokenizer, VOCABULARY, Matcher::deep_clone).unwrap();
        // Asked for again and again, so it stays.
        grammars.matcher(&form(0), &tokenizer, VOCABULARY, Matcher::deep_clone).unwrap();
    }
    let compiled = grammars.compiled.lock().unwrap();
    assert_eq!(compiled.len(), COMPILED_MAX);
    assert!(compiled.iter().any(|(known, _)| *known == form(0)));
    assert!(compiled.iter().all(|(known, _)| *known != form(1)));
}
