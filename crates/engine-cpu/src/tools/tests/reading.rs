use proptest::prelude::*;

use super::*;

fn reader(dialect: Dialect) -> CallReader {
    CallReader::new(dialect, ["get", "get_all", "add"].map(str::to_owned).to_vec())
}

/// The whole, however it is divided.
fn read<'a>(
    dialect: Dialect,
    pushes: impl IntoIterator<Item = &'a str>,
) -> (String, Vec<FunctionCall>) {
    let mut reader = reader(dialect);
    let (mut text, mut calls) = (String::new(), Vec::new());
    let mut take = |read: reader::Read| {
        text.push_str(&read.text);
        calls.extend(read.calls);
    };
    for push in pushes {
        take(reader.push(push));
    }
    take(reader.finish());
    assert_eq!(reader.finish(), reader::Read::default(), "nothing follows the end");
    assert_eq!(reader.calls_read(), calls.len());
    (text, calls)
}

/// Whole, character by character, and cut at every two places.
#[track_caller]
fn check(dialect: Dialect, answer: &str, text: &str, calls: &[(&str, &str)]) {
    let calls: Vec<_> = calls.iter().map(|(name, arguments)| call(name, arguments)).collect();
    let expected = (text.to_owned(), calls);
    assert_eq!(read(dialect, [answer]), expected, "{answer}");
    let places: Vec<usize> = (0..=answer.len()).filter(|&at| answer.is_char_boundary(at)).collect();
    let characters = places.windows(2).map(|ends| &answer[ends[0]..ends[1]]);
    assert_eq!(read(dialect, characters), expected, "{answer}");
    for (at, &first) in places.iter().enumerate() {
        for &second in &places[at..] {
            let pieces = [&answer[..first], &answer[first..second], &answer[second..]];
            assert_eq!(read(dialect, pieces), expected, "{pieces:?}");
        }
    }
}

#[test]
fn calls_of_hermes() {
    let check = |answer: &str, text: &str, calls: &[(&str, &str)]| {
        check(Dialect::Hermes, answer, text, calls);
    };
    check(
        "<tool_call>\n{\"name\": \"get\", \"arguments\": {\"a\": 1}}\n</tool_call>",
        "",
        &[("get", r#"{"a":1}"#)],
    );
    check(
        "I look.\n<tool_call>{\"name\":\"get\"}</tool_call>\n<tool_call>\n{\"arguments\": {}, \
         \"name\": \"add\"}\n</tool_call>\n",
        "I look.\n",
        &[("get", "{}"), ("add", "{}")],
    );
    // Without its end, with text behind it, with marks in a text.
    check("<tool_call>{\"name\": \"get\"} so", "so", &[("get", "{}")]);
    check(
        "<tool_call>{\"name\": \"get\", \"arguments\": {\"t\": \"</tool_call>}\"}}</tool_call>é",
        "é",
        &[("get", r#"{"t":"</tool_call>}"}"#)],
    );
    check(
        "<tool_call>{\"name\": \"get\", \"arguments\": \"{\\\"a\\\": 2}\"}</tool_call>",
        "",
        &[("get", r#"{"a":2}"#)],
    );
    // No calls.
    for text in [
        "Hello.",
        "  <tool",
        "a <tool_call",
        "<tool_call>",
        "<tool_call> no",
        "<tool_call>{\"name\": \"other\"}</tool_call>",
        "<tool_call>{\"name\": \"get\", \"arguments\": 3}</tool_call>",
        "<tool_call>{\"name\": \"get\",}</tool_call> x",
        "<tool_call>{\"name\": \"get\", \"arguments\": {",
        "[TOOL_CALLS][{\"name\": \"get\"}]",
        "{\"name\": \"get\"}",
        "\n\n",
    ] {
        check(text, text, &[]);
    }
    // One that is none does not hide the next.
    check("<tool_call>oh<tool_call>{\"name\": \"get\"}", "<tool_call>oh", &[("get", "{}")]);
}

#[test]
fn calls_of_mistral_as_a_list() {
    let check = |answer: &str, text: &str, calls: &[(&str, &str)]| {
        check(Dialect::MistralList, answer, text, calls);
    };
    check(
        "[TOOL_CALLS][{\"name\": \"get\", \"arguments\": {\"a\": [1, \"]\"]}}]",
        "",
        &[("get", r#"{"a":[1,"]"]}"#)],
    );
    check(
        "Well [TOOL_CALLS] [ {\"name\": \"get\"} , {\"name\": \"add\", \"arguments\": {}}]",
        "Well ",
        &[("get", "{}"), ("add", "{}")],
    );
    check("[TOOL_CALLS]{\"name\": \"get\"}", "", &[("get", "{}")]);
    check("[TOOL_CALLS][{\"name\": \"get\"}] then", "then", &[("get", "{}")]);
    check(
        "[TOOL_CALLS][{\"name\": \"get\"}, {\"name\": \"x\"}]",
        "{\"name\": \"x\"}]",
        &[("get", "{}")],
    );
    for text in ["[TOOL", "[TOOL_CALLS]", "[TOOL_CALLS][]", "[TOOL_CALLS][1]", "[TOOL_CALLS]no"] {
        check(text, text, &[]);
    }
}

#[test]
fn calls_of_mistral_by_name() {
    let check = |answer: &str, text: &str, calls: &[(&str, &str)]| {
        check(Dialect::MistralNamed, answer, text, calls);
    };
    check("[TOOL_CALLS]get[ARGS]{\"a\": 1}", "", &[("get", r#"{"a":1}"#)]);
    check(
        "See: [TOOL_CALLS]get_all[ARGS]{}[TOOL_CALLS]add[CALL_ID]abc123def[ARGS]{\"b\": {}}",
        "See: ",
        &[("get_all", "{}"), ("add", r#"{"b":{}}"#)],
    );
    check("[TOOL_CALLS]get{}", "", &[("get", "{}")]);
    check("[TOOL_CALLS]get{\"a\": \"[ARGS]x\"}", "", &[("get", r#"{"a":"[ARGS]x"}"#)]);
    check("[TOOL_CALLS][{\"name\": \"get\"}]", "", &[("get", "{}")]);
    for text in [
        "[TOOL_CALLS]get",
        "[TOOL_CALLS]got[ARGS]{}",
        "[TOOL_CALLS]get[ARGS]3",
        "[TOOL_CALLS]get[ARGS]{\"a\"}",
        "[TOOL_CALLS]get the",
    ] {
        check(text, text, &[]);
    }
}

#[test]
fn calls_of_llama_and_gemma() {
    for dialect in [Dialect::Llama, Dialect::Gemma] {
        let check = |answer: &str, text: &str, calls: &[(&str, &str)]| {
            check(dialect, answer, text, calls);
        };
        check(
            "{\"name\": \"get\", \"parameters\": {\"a\": \"}\"}}",
            "",
            &[("get", r#"{"a":"}"}"#)],
        );
        check(
            "\n {\"type\": \"function\", \"name\": \"add\", \"parameters\": {}}\n",
            "",
            &[("add", "{}")],
        );
        for text in [
            "{\"city\": \"Brest\"}",
            "{\"name\": \"Brest\"}",
            "{\"name\": \"get\"",
            "{ }",
            "{",
            "No: {\"name\": \"get\"}",
            " {\"a\": 1} {\"name\": \"get\"}",
        ] {
            check(text, text, &[]);
        }
    }
    check(Dialect::Llama, "<|python_tag|>{\"name\": \"get\"}", "", &[("get", "{}")]);
    check(Dialect::Llama, "So <|python_tag|>{\"name\": \"get\"};", "So ", &[("get", "{}")]);
    for fence in ["json", "tool_code", ""] {
        let answer = format!("```{fence}\n{{\"name\": \"get\"}}\n```\n");
        check(Dialect::Gemma, &answer, "", &[("get", "{}")]);
    }
    check(
        Dialect::Gemma,
        "[{\"name\": \"get\"}, {\"name\": \"add\"}]",
        "",
        &[("get", "{}"), ("add", "{}")],
    );
    for text in ["```python\n{}```", "``", "```json\nx", "[1, 2]", "`{\"name\": \"get\"}`"] {
        check(Dialect::Gemma, text, text, &[]);
    }
}

#[test]
fn text_is_held_back_no_longer_than_needed() {
    let mut reader = reader(Dialect::Hermes);
    for (push, text) in [("Hi <", "Hi "), ("b>", "<b>"), (" <tool", " "), ("s>", "<tools>")] {
        assert_eq!(reader.push(push).text, text);
        assert_eq!(reader.is_holding(), text.ends_with(' '), "{push}");
    }
    let mut reader = super::super::CallReader::new(Dialect::Llama, vec!["get".to_owned()]);
    assert_eq!(reader.push("{\"na").text, "");
    assert_eq!(reader.writing(), None);
    assert_eq!(reader.push("me\": \"get\", ").text, "");
    assert_eq!(reader.writing(), Some((1, "{\"name\": \"get\", ")));
    let mut other = super::super::CallReader::new(Dialect::Llama, vec!["get".to_owned()]);
    assert_eq!(other.push("{\"city\"").text, "{\"city\"", "no call begins so");
}

proptest! {
    #[test]
    fn dividing_an_answer_changes_nothing(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "<tool_call>", "</tool_call>", "\n", "{\"name\": \"get\"", ", \"arguments\": {",
                "}", "}}", "[TOOL_CALLS]", "[ARGS]", "[", "]", ", ", "get", "get_all", "add",
                "<|python_tag|>", "{", "\"", "\\", "é", "text ", "```", "json\n", ";", "\"parameters\": ",
            ]),
            0..16,
        ),
        cuts in proptest::collection::vec(0_usize..200, 0..12),
        dialect in prop::sample::select(DIALECTS.to_vec()),
    ) {
        let answer = parts.concat();
        let whole = read(dialect, [answer.as_str()]);
        let mut cuts: Vec<usize> =
            cuts.into_iter().map(|cut| answer.floor_char_boundary(cut.min(answer.len()))).collect();
        cuts.extend([0, answer.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| &answer[ends[0]..ends[1]]);
        prop_assert_eq!(read(dialect, pieces), whole, "{}", answer);
    }
}
