//! Answers of a given form, from a model that would write anything.

use engine_cpu::EngineOptions;
use inference::{
    AnswerFormat, FinishReason, Sampling,
    ports::{Engine as _, EngineError, Generate},
};
use tokio::time::timeout;

use super::{
    Answer, HANG, Running, finished, read, start, tiny_model::TinyModel, two_threads,
    without_prefixes,
};

/// Three or more words of the letters a to c.
const WORDS: &str = "[a-c]{2,4}(, [a-c]{2,4}){2,6}";

impl Running {
    /// As varied as the sampler allows; `min_tokens` asks for more than the form does.
    fn form(&self, seed: u32, format: &AnswerFormat, max_tokens: u32) -> Generate {
        let request = self.request(seed, 20, max_tokens);
        let varied = Sampling { temperature: 2.0, seed: Some(seed.into()), ..request.sampling };
        Generate { sampling: varied, format: format.clone(), ..request }
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.tokens.concat()).expect("text")
}

fn is_words(text: &str) -> bool {
    let words: Vec<&str> = text.split(", ").collect();
    let is_word = |word: &&str| {
        (2..=4).contains(&word.len()) && word.bytes().all(|letter| (b'a'..=b'c').contains(&letter))
    };
    (3..=7).contains(&words.len()) && words.iter().all(is_word)
}

#[tokio::test]
async fn many_at_once_keep_their_forms_and_others_are_free() {
    let running = start(&TinyModel::default(), &two_threads());
    let words = AnswerFormat::Regex(WORDS.into());
    let forms = (1..=8).map(|seed| running.generate(running.form(seed, &words, 200)));
    let forms: Vec<_> = forms.collect();
    let free = running.generate(running.request(9, 20, 100));
    for (seed, generation) in (1..).zip(forms) {
        let answer = read(generation).await;
        assert!(is_words(&text(&answer)), "seed {seed}: {:?}", text(&answer));
        assert_eq!(answer.end, Some(finished(FinishReason::Stop)), "seed {seed}");
    }
    assert_eq!(read(free).await.tokens.len(), 100);
    assert_eq!((running.engine.kv_bytes().held, running.engine.generations()), (0, 0));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answer_of_a_form() {
    let running = start(&TinyModel::default(), &without_prefixes());
    let words = AnswerFormat::Regex(WORDS.into());
    let first = running.answer(running.form(3, &words, 200)).await;
    assert_eq!(running.answer(running.form(3, &words, 200)).await, first);
    assert_ne!(text(&running.answer(running.form(4, &words, 200)).await), text(&first));
}

#[tokio::test]
async fn an_answer_that_is_cut_is_the_beginning_of_a_form() {
    let running = start(&TinyModel::default(), &two_threads());
    let answer = running.answer(running.form(1, &AnswerFormat::json_object(), 1)).await;
    assert_eq!(answer.end, Some(finished(FinishReason::Length)));
    assert!(text(&answer).trim_start_matches([' ', '\n', '\r', '\t']).len() <= 1, "{answer:?}");
    // Complete with its last token: it ends by itself.
    let exact = AnswerFormat::Regex("a{7}".into());
    let answer = running.answer(running.form(1, &exact, 7)).await;
    assert_eq!(
        (text(&answer).as_str(), answer.end),
        ("aaaaaaa", Some(finished(FinishReason::Stop)))
    );
}

#[tokio::test]
async fn a_form_that_leaves_at_any_token_leaves_nothing_behind() {
    let options = EngineOptions { sequences_max: 4, ..two_threads() };
    let running = start(&TinyModel::default(), &options);
    let long = AnswerFormat::Regex("[a-z ]{300}".into());
    for tokens in 0..12 {
        let mut generation = running.generate(running.form(tokens, &long, 300));
        for _ in 0..tokens {
            timeout(HANG, generation.events.recv()).await.expect("in time").expect("a token");
        }
        drop(generation.events);
        timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    }
    assert_eq!((running.engine.kv_bytes().held, running.engine.generations()), (0, 0));
}

#[tokio::test]
async fn a_form_that_was_not_prepared_is_refused_before_it_starts() {
    let running = start(&TinyModel::default(), &two_threads());
    let refused = running.engine.generate(running.form(1, &AnswerFormat::Regex("(".into()), 5));
    assert!(matches!(refused, Err(EngineError::FormatRejected { .. })), "{refused:?}");
    assert_eq!(running.engine.generations(), 0);
}

#[tokio::test]
async fn an_engine_with_a_running_form_stops() {
    let running = start(&TinyModel::default(), &two_threads());
    let long = AnswerFormat::Regex("[a-z ]{400}".into());
    let generation = running.generate(running.form(1, &long, 400));
    running.engine.shut_down(std::time::Duration::ZERO).await;
    timeout(HANG, generation.settled).await.expect("in time").expect("settled");
    let refused = running.engine.generate(running.form(2, &long, 5));
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
}
