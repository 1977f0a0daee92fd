use std::collections::BTreeSet;

use inference::{AnswerFormat, QuotesRead};
use llguidance::Matcher;
use proptest::prelude::*;
use testkit::Random;

use super::*;
use crate::{
    grammar::{COMPILED_MAX, GrammarError, Grammars, QUOTES_MAX},
    tokenizer::{Tokenizer, tiny::Tiny},
};

/// More logits than tokens, as padded models have.
const VOCABULARY: usize = 320;

/// Answers beyond this are cut, as `max_tokens` cuts them.
const TOKENS_MAX: usize = 2_000;

/// Together 10,000 in four languages.
const QUOTES_EACH: usize = 2_500;

const ENGLISH: [&[&str]; 3] = [
    &[
        "The fee is 86 euros.",
        "It is paid once.",
        "The fee is 86 euros. It is paid once.",
        "\"No refund\" means: none.",
    ],
    &["See p. 5.", "See p.", "It is paid once.", "A\\B {x} %regex [1]", "See p. 5."],
    &["One sentence alone."],
];

const FRENCH: [&[&str]; 3] = [
    &[
        "L’État paie 1 234,50 € à l’agent.",
        "L’État paie.",
        "« Déjà », dit-il, où ? À Nîmes.",
        "L’État paie 1 234,50 €",
    ],
    &["Art. L. 123-4 : la demande est écrite.", "Elle est signée.", "Elle est signée."],
    &["Œuvre, cœur, naïf — tout cela."],
];

const ARABIC: [&[&str]; 3] = [
    &["تدفع الدولة ٨٦ يورو.", "هل يجوز ذلك؟", "المادة ٥ من القانون؛", "تدفع الدولة."],
    &["قَالَ الكِتَابُ.", "\u{200f}النص من اليمين.", "هل يجوز ذلك؟"],
    &["نعم."],
];

const HINDI: [&[&str]; 3] = [
    &["शुल्क ८६ यूरो है।", "यह एक बार दिया जाता है।", "शुल्क ८६ यूरो है। यह", "क्षत्रिय ज्ञान।"],
    &["अनुच्छेद २१ देखें।", "यह एक बार दिया जाता है।", "र\u{94d}\u{200d}य"],
    &["हाँ।"],
];

fn form(passages: &[&[&str]], quotes_max: usize) -> QuoteForm {
    let sentences = |one: &&[&str]| one.iter().map(|&sentence| sentence.to_owned()).collect();
    let passages: Vec<Vec<String>> = passages.iter().map(sentences).collect();
    QuoteForm::new(&passages, quotes_max).unwrap()
}

fn compiled(form: &QuoteForm, tokenizer: &Tokenizer) -> Result<Matcher, GrammarError> {
    let format = AnswerFormat::Quotes(form.clone().into());
    let matcher =
        Grammars::default().matcher(&format, tokenizer, VOCABULARY, Matcher::deep_clone)?;
    Ok(matcher.expect("quotes are a form"))
}

/// An answer of random tokens among those that are allowed; `None` when it was cut.
fn write(matcher: &Matcher, tokenizer: &Tokenizer, random: &mut Random) -> Option<String> {
    let mut matcher = matcher.deep_clone();
    let mut bytes = Vec::new();
    for _ in 0..TOKENS_MAX {
        let allowed = matcher.compute_mask_or_eos().unwrap().to_list();
        assert!(!allowed.is_empty(), "something may always follow");
        let token = allowed[usize::try_from(random.below(allowed.len() as u64)).unwrap()];
        if tokenizer.end_tokens().contains(&token) {
            return Some(String::from_utf8(bytes).expect("text"));
        }
        bytes.extend_from_slice(tokenizer.token_bytes(token));
        matcher.consume_token(token).unwrap();
        if matcher.is_stopped() {
            return Some(String::from_utf8(bytes).expect("text"));
        }
    }
    None
}

/// How many quotes an answer has. Told from the outside: nothing of the form's own reading is used
/// to find out whether a quote stands where it says.
fn exact_quotes(answer: &str, form: &QuoteForm) -> Result<usize, String> {
    if answer == NO_ANSWER {
        return Ok(0);
    }
    let mut runs = Vec::new();
    for line in answer.split('\n') {
        let (number, quote) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
            .ok_or_else(|| format!("{line:?} has no number"))?;
        let number: usize = number.parse().map_err(|_| format!("{line:?} has no number"))?;
        let sentences = &form.passages()[number - 1];
        if quote.is_empty() || !sentences.join(" ").contains(quote) {
            return Err(format!("{quote:?} is not in passage {number}"));
        }
        let all = (0..sentences.len()).flat_map(|first| {
            (first..sentences.len()).map(move |last| sentences[first..=last].join(" "))
        });
        if !all.collect::<BTreeSet<_>>().contains(quote) {
            return Err(format!("{quote:?} is no run of whole sentences"));
        }
        runs.push(quote.to_owned());
    }
    let QuotesRead::Quotes(read) = form.read(answer) else {
        return Err(format!("{answer:?} is read as no answer"));
    };
    let read: Vec<String> = read.iter().filter_map(|run| form.text(*run)).collect();
    if read == runs { Ok(runs.len()) } else { Err(format!("{answer:?} is read as {read:?}")) }
}

/// Random tokens write so many quotes; every one that ends is one to the letter.
fn check(language: &str, passages: &[&[&str]], seed: u64) {
    println!("{language}: seed {seed}");
    let tokenizer = Tiny::new().tokenizer();
    let form = form(passages, 6);
    let matcher = compiled(&form, &tokenizer).unwrap();
    let mut random = Random::new(seed);
    let (mut quotes, mut longest) = (0, 0);
    while quotes < QUOTES_EACH {
        let Some(answer) = write(&matcher, &tokenizer, &mut random) else { continue };
        let found = exact_quotes(&answer, &form);
        let found = found.unwrap_or_else(|reason| panic!("{language}, seed {seed}: {reason}"));
        longest = longest.max(found);
        quotes += found;
    }
    assert!((2..=6).contains(&longest), "{language}: {longest} quotes in an answer");
}

#[test]
fn random_tokens_quote_english_to_the_letter() {
    check("English", &ENGLISH, 20_261_124);
}

#[test]
fn random_tokens_quote_french_to_the_letter() {
    check("French", &FRENCH, 20_261_125);
}

#[test]
fn random_tokens_quote_arabic_to_the_letter() {
    check("Arabic", &ARABIC, 20_261_126);
}

#[test]
fn random_tokens_quote_hindi_to_the_letter() {
    check("Hindi", &HINDI, 20_261_127);
}

#[test]
fn an_answer_may_say_that_there_is_none() {
    let tokenizer = Tiny::new().tokenizer();
    let matcher = compiled(&form(&FRENCH, 1), &tokenizer).unwrap();
    let mut random = Random::new(1);
    let written = (0..200).filter_map(|_| write(&matcher, &tokenizer, &mut random));
    let written: BTreeSet<String> = written.collect();
    assert!(written.contains(NO_ANSWER));
    assert!(written.iter().all(|answer| !answer.contains('\n')), "one quote at most");
}

#[test]
fn the_largest_form_is_compiled() {
    let sentence = "क्षत्रिय ज्ञान है, अनुच्छेद २१ देखें; यह एक बार दिया जाता है।";
    let of = |passage: usize| -> Vec<String> {
        (0..7).map(|number| format!("{passage} {number} {sentence}")).collect()
    };
    let mut passages: Vec<Vec<String>> = (0..QuoteForm::PASSAGES_MAX).map(of).collect();
    let bytes =
        |passages: &[Vec<String>]| passages.iter().flatten().map(String::len).sum::<usize>();
    while bytes(&passages) > QuoteForm::BYTES_MAX {
        passages.pop();
    }
    let form = QuoteForm::new(&passages, QuoteForm::QUOTES_MAX).unwrap();
    let tokenizer = Tiny::new().tokenizer();
    let matcher = compiled(&form, &tokenizer).unwrap();
    let mut random = Random::new(3);
    let answers = (0..20).filter_map(|_| write(&matcher, &tokenizer, &mut random));
    for answer in answers {
        exact_quotes(&answer, &form).unwrap();
    }
}

#[test]
fn quotes_push_out_no_other_form() {
    let (grammars, tokenizer) = (Grammars::default(), Tiny::new().tokenizer());
    let ask = |format: &AnswerFormat| {
        grammars.matcher(format, &tokenizer, VOCABULARY, |_| ()).unwrap();
    };
    let other = AnswerFormat::Regex("a+".into());
    ask(&other);
    let quotes = |number: usize| AnswerFormat::Quotes(form(&[&[&format!("{number}.")]], 1).into());
    for number in 0..COMPILED_MAX + 3 {
        ask(&quotes(number));
    }
    let kept = |shelf: &super::super::Shelf| -> Vec<AnswerFormat> {
        shelf.lock().unwrap().iter().map(|(format, _)| format.clone()).collect()
    };
    assert_eq!(kept(&grammars.compiled), [other]);
    let (first, end) = (COMPILED_MAX + 3 - QUOTES_MAX, COMPILED_MAX + 3);
    assert_eq!(kept(&grammars.quotes), (first..end).map(quotes).collect::<Vec<_>>());
}

/// What could end a string, a lexeme, a line or a grammar, and any other character.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\\n".to_owned()),
        Just("\"i".to_owned()),
        Just("/".to_owned()),
        Just("~\"\"".to_owned()),
        Just("%regex {".to_owned()),
        Just("}]".to_owned()),
        Just("[1]".to_owned()),
        Just(NO_ANSWER.to_owned()),
        Just("<|im_end|>".to_owned()),
        Just("\u{7f}\u{0}\u{1b}".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("a".to_owned()),
        Just("ab".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_text_holds_it_is_quoted_to_the_letter(
        passages in proptest::collection::vec(proptest::collection::vec(hostile(), 1..5), 1..4),
        quotes_max in 1_usize..4,
        seed in any::<u64>(),
    ) {
        // A sentence of white space alone is refused before there is a grammar.
        let Ok(form) = QuoteForm::new(&passages, quotes_max) else { return Ok(()) };
        let tokenizer = Tiny::new().tokenizer();
        let matcher = compiled(&form, &tokenizer)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut random = Random::new(seed);
        for _ in 0..4 {
            let Some(answer) = write(&matcher, &tokenizer, &mut random) else { continue };
            exact_quotes(&answer, &form).map_err(TestCaseError::fail)?;
        }
    }
}
