use super::*;

fn owned(passages: &[&[&str]]) -> Vec<Vec<String>> {
    let sentences = |one: &&[&str]| one.iter().map(|&sentence| sentence.to_owned()).collect();
    passages.iter().map(sentences).collect()
}

fn form(passages: &[&[&str]]) -> QuoteForm {
    QuoteForm::new(&owned(passages), 3).unwrap()
}

fn sample() -> QuoteForm {
    form(&[
        &["L’État paie.", "Il paie\u{a0}tout,\n  « même » ceci.", "Oui."],
        &["Oui.", "Oui. Non.", "Oui.", "المادة ٥."],
    ])
}

const fn run(passage: usize, first: usize, last: usize) -> QuoteRun {
    QuoteRun { passage, first, last }
}

#[track_caller]
fn check(answer: &str, expected: &[QuoteRun]) {
    assert_eq!(sample().read(answer), QuotesRead::Quotes(expected.to_vec()), "{answer:?}");
}

#[test]
fn lines_name_runs_of_whole_sentences() {
    check("[1] L’État paie.", &[run(0, 0, 0)]);
    check("[1] L’État paie. Il paie tout, « même » ceci.", &[run(0, 0, 1)]);
    check("[1] Oui.\n[2] المادة ٥.\n", &[run(0, 2, 2), run(1, 3, 3)]);
    check("[2] Oui. Non. Oui.", &[run(1, 1, 2)]);
    check("[2] Oui. Oui. Non.", &[run(1, 0, 1)]);
    // The same words stand at two places; both are the words that were chosen.
    check("[2] Oui. المادة ٥.", &[run(1, 2, 3)]);
    check("[2] Oui.", &[run(1, 0, 0)]);
    assert_eq!(sample().read(" NO_ANSWER\n"), QuotesRead::NoAnswer);
}

#[test]
fn what_is_no_run_is_left_out() {
    for line in [
        "",
        "Oui.",
        "[1]Oui.",
        "[1] ",
        "[1] Oui",
        "[1] Oui. L’État paie.",
        "[0] Oui.",
        "[3] Oui.",
        "[1] oui.",
        "[+] Oui.",
        "[1] L’État paie. Il pa",
        "NO_ANSWER Oui.",
    ] {
        check(line, &[]);
        check(&format!("[1] Oui.\n{line}\n[2] Oui."), &[run(0, 2, 2), run(1, 0, 0)]);
    }
    // White space around the whole text is no part of it; inside of the text it is.
    check("[1] Oui. ", &[run(0, 2, 2)]);
    check("[1] Oui. \n[2] Oui.", &[run(1, 0, 0)]);
}

#[test]
fn no_more_quotes_are_taken_than_were_asked_for() {
    check(&"[1] Oui.\n".repeat(5), &[run(0, 2, 2); 3]);
}

#[test]
fn a_run_is_told_as_it_is_repeated() {
    let form = sample();
    let told = form.text(run(0, 0, 1));
    assert_eq!(told.as_deref(), Some("L’État paie. Il paie tout, « même » ceci."));
    for missing in [run(2, 0, 0), run(0, 0, 3), run(0, 3, 3)] {
        assert_eq!(form.text(missing), None, "{missing:?}");
    }
    assert_eq!(form.bytes(), form.passages().iter().flatten().map(String::len).sum::<usize>());
}

#[test]
fn numbers_name_runs_too() {
    let form = sample();
    let AnswerFormat::Json(schema) = form.picks() else { panic!("{:?}", form.picks()) };
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let quotes = &schema["properties"]["quotes"];
    assert_eq!(quotes["maxItems"], 3);
    let pick = &quotes["items"]["properties"];
    assert_eq!(pick["passage"]["enum"], json!([1, 2]));
    for end in ["first", "last"] {
        assert_eq!(pick[end]["enum"], json!([1, 2, 3, 4]), "{end}");
    }
    assert_eq!(quotes["items"]["required"], json!(["passage", "first", "last"]));
}

#[test]
fn numbers_that_were_picked_are_read() {
    let form = sample();
    let read = |picks: &[[i64; 3]]| {
        let pick = |&[passage, first, last]: &[i64; 3]| json!({ "passage": passage, "first": first, "last": last });
        let quotes: Vec<Value> = picks.iter().map(pick).collect();
        form.read_picks(&json!({ "quotes": quotes }).to_string())
    };
    assert_eq!(read(&[]), QuotesRead::NoAnswer);
    let some = read(&[[2, 2, 4], [1, 1, 1], [1, 4, 4], [1, 2, 1], [3, 1, 1]]);
    assert_eq!(some, QuotesRead::Quotes(vec![run(1, 1, 3), run(0, 0, 0)]));
    assert_eq!(read(&[[0, 1, 1], [1, 0, 1]]), QuotesRead::Quotes(Vec::new()));
    assert_eq!(read(&[[1, 1, 1]; 5]), QuotesRead::Quotes(vec![run(0, 0, 0); 3]));
    for cut in ["", "{", r#"{"quotes":[{"passage":1,"fi"#, "[]", r#"{"quotes":[{"passage":-1}]}"#] {
        assert_eq!(form.read_picks(cut), QuotesRead::Quotes(Vec::new()), "{cut}");
    }
}

#[test]
fn passages_that_give_no_form_are_refused() {
    let refused = |passages: &[Vec<String>], quotes| QuoteForm::new(passages, quotes).unwrap_err();
    let one = owned(&[&["a"]]);
    assert_eq!(refused(&[], 1), QuoteFormError::Passages { passages: 0 });
    let many = vec![vec!["a".to_owned()]; 65];
    assert_eq!(refused(&many, 1), QuoteFormError::Passages { passages: 65 });
    assert_eq!(refused(&owned(&[&["a"], &[]]), 1), QuoteFormError::Blank { passage: 2 });
    assert_eq!(refused(&owned(&[&["a", " \n"]]), 1), QuoteFormError::Blank { passage: 1 });
    let long = vec![vec!["é".repeat(40_000)]];
    assert_eq!(refused(&long, 1), QuoteFormError::TooLong { bytes: 80_000 });
    for quotes in [0, 17] {
        assert_eq!(refused(&one, quotes), QuoteFormError::Quotes { quotes });
    }
}
