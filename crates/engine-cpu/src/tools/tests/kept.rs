use std::time::{Duration, Instant};

use inference::AnswerFormat;
use llguidance::Matcher;
use serde_json::json;
use testkit::Random;

use super::*;
use crate::{
    grammar::{Constraint, GrammarError, Grammars, MaskThread},
    tokenizer::{Tokenizer, tiny::Tiny},
};

const VOCABULARY: usize = 320;
/// Answers beyond this are cut, as `max_tokens` cuts them.
const TOKENS_MAX: usize = 3000;

fn tokenizer(marks: &[&str]) -> Tokenizer {
    let mut tiny = Tiny::new();
    for mark in marks {
        tiny.tokens.push((*mark).to_owned());
        tiny.kinds.push(3);
    }
    tiny.tokenizer()
}

/// Random tokens of a grammar, with marks as their text; `None` when they were cut.
fn write(grammar: &str, tokenizer: &Tokenizer, marks: &Marks, seed: u64) -> Option<String> {
    let grammars = Grammars::default();
    let format = AnswerFormat::Lark(grammar.into());
    let matcher = grammars
        .matcher(&format, tokenizer, VOCABULARY, Matcher::deep_clone)
        .unwrap_or_else(|error| panic!("{error}: {grammar}"));
    let thread = MaskThread::start().unwrap();
    let mut constraint = Constraint::begin(matcher.expect("a form"), thread.masks());
    let mut random = Random::new(seed);
    let mut bytes = Vec::new();
    let mut is_complete = false;
    for _ in 0..TOKENS_MAX {
        let allowed = constraint.mask().unwrap().to_list();
        assert!(!allowed.is_empty(), "seed {seed}: something may always follow");
        let is_end = |token: &u32| tokenizer.end_tokens().contains(token);
        let may_end = allowed.iter().any(is_end);
        // Ends in half of the places where it may, so that there are several calls.
        let others: Vec<u32> = allowed.into_iter().filter(|token| !is_end(token)).collect();
        if may_end && (others.is_empty() || random.below(2) == 0) {
            is_complete = true;
            break;
        }
        let token = others[usize::try_from(random.below(others.len() as u64)).unwrap()];
        match marks.text(token) {
            Some(mark) => bytes.extend_from_slice(mark.as_bytes()),
            None => bytes.extend_from_slice(tokenizer.token_bytes(token)),
        }
        if constraint.accept(token).unwrap() {
            is_complete = true;
            break;
        }
    }
    drop(constraint);
    thread.join();
    is_complete.then(|| String::from_utf8(bytes).expect("text"))
}

fn weather() -> Vec<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": {"enum": ["Brest", "Chennai", "الرباط"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 31},
            "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}, "maxItems": 2},
        },
        "required": ["city", "days", "tags"],
        "$defs": {"tag": {"type": "string", "maxLength": 4}},
    });
    vec![tool("get_weather", &schema), tool("get", &json!({"type": "object", "properties": {}}))]
}

#[track_caller]
fn expect_weather(call: &FunctionCall, told: &str) {
    let arguments: Value = serde_json::from_str(&call.arguments).expect(told);
    match call.name.as_str() {
        "get" => assert_eq!(arguments, json!({}), "{told}"),
        "get_weather" => {
            assert!((1..=31).contains(&arguments["days"].as_i64().unwrap()), "{told}");
            assert!(arguments["tags"].as_array().unwrap().len() <= 2, "{told}");
            let city = arguments["city"].as_str().unwrap();
            assert!(["Brest", "Chennai", "الرباط"].contains(&city), "{told}");
            assert_eq!(arguments.as_object().unwrap().len(), 3, "{told}");
        }
        other => panic!("{other}: {told}"),
    }
}

fn read(dialect: Dialect, tools: &ToolUse, answer: &str) -> (String, Vec<FunctionCall>) {
    let names = tools.tools.iter().map(|tool| tool.name.clone()).collect();
    let mut reader = CallReader::new(dialect, names);
    let mut read = reader.push(answer);
    let rest = reader.finish();
    read.text.push_str(&rest.text);
    (read.text, read.calls)
}

#[test]
fn forced_calls_are_read_back_and_fit_their_schemas() {
    let named = || ToolChoice::Named("get_weather".to_owned());
    for dialect in DIALECTS {
        for own_tokens in [&[][..], dialect.marks()] {
            let tokenizer = tokenizer(own_tokens);
            let marks = Marks::find(dialect, &tokenizer);
            let mut several = 0;
            for (choice, count) in [
                (ToolChoice::Any, CallCount::Many),
                (ToolChoice::Any, CallCount::One),
                (named(), CallCount::Many),
            ] {
                let tools = tool_use(weather(), choice, count);
                let grammar = forced_calls(dialect, &marks, &tools).unwrap();
                for seed in 0..6 {
                    let answer = write(&grammar, &tokenizer, &marks, seed);
                    let answer = answer.unwrap_or_else(|| panic!("{dialect:?} {seed}: no end"));
                    let told = format!("{dialect:?}, seed {seed}: {answer}");
                    let (text, calls) = read(dialect, &tools, &answer);
                    assert_eq!(text, "", "{told}");
                    assert!((1..=16).contains(&calls.len()), "{told}");
                    assert!(count == CallCount::Many || calls.len() == 1, "{told}");
                    several += usize::from(calls.len() > 1);
                    for call in &calls {
                        expect_weather(call, &told);
                        assert!(tools.choice != named() || call.name == "get_weather", "{told}");
                    }
                }
            }
            assert_eq!(several > 0, dialect.writes_many(), "{dialect:?}");
        }
    }
}

#[test]
fn a_call_that_has_begun_is_kept() {
    for dialect in DIALECTS {
        let tokenizer = tokenizer(dialect.marks());
        let marks = Marks::find(dialect, &tokenizer);
        let tools = tool_use(weather(), ToolChoice::Auto, CallCount::Many);
        let grammar = begun_call(dialect, &marks, &tools).unwrap();
        for seed in 0..6 {
            let body = write(&grammar, &tokenizer, &marks, seed).expect("an end");
            let mark = dialect.mark().filter(|_| !dialect.is_bare()).unwrap_or_default();
            let (text, calls) = read(dialect, &tools, &format!("{mark}{body}"));
            assert_eq!(text, "", "{dialect:?}, seed {seed}: {body}");
            assert!(!calls.is_empty(), "{dialect:?}, seed {seed}: {body}");
            for call in &calls {
                expect_weather(call, &body);
            }
        }
    }
}

#[test]
fn what_cannot_be_kept_is_left_out_unless_it_must_be() {
    let schema = json!({
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 3, "not": {"const": 2}}},
        "required": ["n"],
        "x-guidance": {"lenient": false, "whitespace_flexible": 7},
    });
    let (tokenizer, marks) = (tokenizer(&[]), Marks::default());
    let compile = |strict| {
        let tools = vec![Tool { strict, ..tool("f", &schema) }];
        let tools = tool_use(tools, ToolChoice::Any, CallCount::One);
        let grammar = forced_calls(Dialect::Hermes, &marks, &tools).unwrap();
        Grammars::default().matcher(
            &AnswerFormat::Lark(grammar.into()),
            &tokenizer,
            VOCABULARY,
            Matcher::deep_clone,
        )
    };
    assert!(compile(false).is_ok());
    let Err(GrammarError::Rejected { reason }) = compile(true) else { panic!("it was kept") };
    assert!(reason.contains("not"), "{reason}");
}

#[test]
fn other_arguments_are_left_to_schemas_that_speak_of_them() {
    let listed = json!({"properties": {"a": {}}});
    for (more, is_closed) in [
        (json!({}), true),
        (json!({"required": ["a"]}), true),
        (json!({"required": ["b"]}), false),
        (json!({"additionalProperties": {"type": "string"}}), false),
        (json!({"anyOf": [{"required": ["b"]}]}), false),
        (json!({"properties": null}), false),
    ] {
        let mut schema = listed.clone();
        for (key, value) in more.as_object().unwrap() {
            schema[key] = value.clone();
        }
        let found = schema_of(&tool("f", &schema)).unwrap();
        assert_eq!(found["additionalProperties"] == json!(false), is_closed, "{schema}");
        assert_eq!(found["type"], "object");
    }
}

/// A schema of any shape, sound or not.
fn hostile(random: &mut Random, depth: u32) -> Value {
    let words = [
        "object",
        "array",
        "string",
        "integer",
        "number",
        "boolean",
        "null",
        "nothing",
        "",
        "#",
        "#/$defs/a",
        "#/properties/b",
        "https://example.org/x",
        "^(a|b|ab)*c{1,90}$",
        "(",
        "date",
        "((a{1,99}){1,99}){1,99}",
        "\"}]<tool_call>",
        "</tool_call>\n%json {",
        "start: x",
    ];
    let keys = [
        "type",
        "properties",
        "items",
        "enum",
        "const",
        "anyOf",
        "allOf",
        "oneOf",
        "$ref",
        "$defs",
        "pattern",
        "format",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "required",
        "not",
        "additionalProperties",
        "patternProperties",
        "minItems",
        "maxItems",
        "x-guidance",
        "a",
        "b",
        "multipleOf",
        "minProperties",
        "prefixItems",
        "description",
    ];
    let numbers = [0_i64, 1, -1, 3, 1000, 1_000_000, i64::MAX, i64::MIN];
    let pick = |random: &mut Random, len: usize| usize::try_from(random.below(len as u64)).unwrap();
    match random.below(if depth == 0 { 4 } else { 7 }) {
        0 => json!(words[pick(random, words.len())]),
        1 => json!(numbers[pick(random, numbers.len())]),
        2 => json!(random.below(2) == 0),
        3 => json!({"type": words[pick(random, 7)]}),
        4 => (0..random.below(5)).map(|_| hostile(random, depth - 1)).collect(),
        _ => {
            let mut members = serde_json::Map::new();
            for _ in 0..random.below(6) {
                let key = keys[pick(random, keys.len())].to_owned();
                members.insert(key, hostile(random, depth - 1));
            }
            Value::Object(members)
        }
    }
}

#[test]
fn hostile_schemas_are_kept_or_refused_soon() {
    const SEED: u64 = 20_261_122;
    let (tokenizer, marks) = (tokenizer(&[]), Marks::default());
    let (mut kept, mut refused) = (0, 0);
    for case in 0..300 {
        let seed = SEED + case;
        let mut random = Random::new(seed);
        let mut schema = json!({"type": "object", "$defs": {"a": hostile(&mut random, 3)}});
        schema["properties"] = json!({
            "a": hostile(&mut random, 4), "b": hostile(&mut random, 3),
        });
        schema["required"] = json!(["a"]);
        let dialect = DIALECTS[usize::try_from(case % 5).unwrap()];
        let tools = tool_use(vec![tool("f", &schema)], ToolChoice::Any, CallCount::One);
        let begun = Instant::now();
        let grammar = forced_calls(dialect, &marks, &tools).unwrap();
        let format = AnswerFormat::Lark(grammar.clone().into());
        match Grammars::default().matcher(&format, &tokenizer, VOCABULARY, Matcher::deep_clone) {
            Err(GrammarError::Rejected { reason }) => {
                assert!(!reason.is_empty() && reason.chars().count() <= 300, "seed {seed}");
                refused += 1;
            }
            Err(other) => panic!("seed {seed}: {other}"),
            Ok(_) => kept += 1,
        }
        let elapsed = begun.elapsed();
        // Only against hanging: this is not a measurement.
        assert!(elapsed < Duration::from_secs(20), "seed {seed} took {elapsed:?}: {schema}");
    }
    assert!(kept > 10 && refused > 10, "{kept} kept, {refused} refused from seed {SEED}");
}

#[test]
fn tools_that_are_too_much_together_are_refused_soon() {
    let schema = |number: usize| {
        let wide: serde_json::Map<String, Value> = (0..60)
            .map(|at| {
                (
                    format!("p{number}_{at}"),
                    json!({"type": "string", "pattern": "^(a|b|ab)*c{1,50}$"}),
                )
            })
            .collect();
        json!({"type": "object", "properties": wide})
    };
    let many = (0..128).map(|at| tool(&format!("tool_{at}"), &schema(at))).collect();
    let tools = tool_use(many, ToolChoice::Any, CallCount::Many);
    let (tokenizer, marks) = (tokenizer(&[]), Marks::default());
    let begun = Instant::now();
    let grammar = forced_calls(Dialect::Hermes, &marks, &tools).unwrap();
    let format = AnswerFormat::Lark(grammar.into());
    // Kept or refused; it takes the server away from nobody.
    Grammars::default().matcher(&format, &tokenizer, VOCABULARY, Matcher::deep_clone).ok();
    let elapsed = begun.elapsed();
    assert!(elapsed < Duration::from_secs(20), "it took {elapsed:?}");
}
