use inference::{
    BareText, FinishReason,
    ports::{Generate, Passage},
};

use super::{EngineUnderTest, QUESTION, finished};

pub(super) async fn a_generation_ends_once_and_is_settled(engine: &EngineUnderTest) {
    let request = engine.request(QUESTION, 8);
    let prompt_tokens = request.prompt.tokens.len();
    let answer = engine.answer(request).await;
    assert_eq!(answer.end, finished(FinishReason::Length));
    assert!(!answer.text.is_empty());
    assert!(answer.logprobs.is_empty(), "nobody asked for them");
    let consumed = answer.consumed;
    assert_eq!(consumed.prompt_tokens as usize, prompt_tokens);
    assert!(consumed.cached_prompt_tokens < consumed.prompt_tokens, "the last is always computed");
    assert!(consumed.energy.joules.value() > 0.0, "{consumed:?}");
    assert!(consumed.cpu_seconds > 0.0, "{consumed:?}");
}

pub(super) async fn a_bare_text_goes_on(engine: &EngineUnderTest) {
    let text = BareText::Open(Passage::Text(QUESTION.to_owned()));
    let prompt = engine.bare(&text).expect("prepared");
    let prompt_tokens = prompt.tokens.len();
    let answer = engine.answer(Generate { prompt, ..engine.request(QUESTION, 5) }).await;
    assert_eq!(answer.end, finished(FinishReason::Length));
    assert_eq!(answer.consumed.prompt_tokens as usize, prompt_tokens);
    assert_eq!(answer.consumed.completion_tokens, 5);
}

pub(super) async fn max_tokens_is_kept(engine: &EngineUnderTest) {
    for max_tokens in [1, 2, 9] {
        let answer = engine.answer(engine.request(QUESTION, max_tokens)).await;
        assert_eq!(answer.end, finished(FinishReason::Length), "of {max_tokens}");
        assert_eq!(answer.consumed.completion_tokens, max_tokens);
    }
}

pub(super) async fn stop_strings_end_an_answer(engine: &EngineUnderTest) {
    // Without a least number of tokens: whether that puts stop strings off is not the question.
    let request = |stop: Vec<String>| {
        let mut request = engine.request(QUESTION, 24);
        request.sampling.min_tokens = 0;
        Generate { stop, ..request }
    };
    let whole = engine.answer(request(Vec::new())).await;
    let characters: Vec<char> = whole.text.chars().collect();
    assert!(characters.len() >= 8, "too short to stop in: {:?}", whole.text);
    // Three characters from the middle: in general neither the start nor the end of a token.
    let middle = characters.len() / 2;
    let stop: String = characters[middle - 1..middle + 2].iter().collect();
    let expected = whole.text.split(&stop).next();
    let answer = engine.answer(request(vec![stop.clone()])).await;
    assert_eq!(answer.end, finished(FinishReason::Stop), "at {stop:?} in {:?}", whole.text);
    assert_eq!(Some(answer.text.as_str()), expected, "at {stop:?} in {:?}", whole.text);
    assert!(answer.consumed.completion_tokens <= whole.consumed.completion_tokens);

    let answer = engine.answer(request(vec!["\u{1f9ed} never said".to_owned()])).await;
    assert_eq!(answer.text, whole.text, "a stop string that does not come changes nothing");
}

pub(super) async fn log_probabilities_are_told_when_asked_for(engine: &EngineUnderTest) {
    for count in [0, 3] {
        let request = Generate { top_logprobs: Some(count), ..engine.request(QUESTION, 6) };
        let answer = engine.answer(request).await;
        assert_eq!(answer.logprobs.len(), 6, "one a token");
        for token in &answer.logprobs {
            assert!(token.chosen.logprob <= 0.0, "{token:?}");
            assert_eq!(token.top.len(), usize::from(count), "{token:?}");
            let best_first = token.top.is_sorted_by(|left, right| left.logprob >= right.logprob);
            assert!(best_first, "{token:?}");
        }
        let bytes: Vec<u8> =
            answer.logprobs.iter().flat_map(|token| token.chosen.bytes.clone()).collect();
        let told = String::from_utf8_lossy(&bytes);
        assert!(told.starts_with(&answer.text), "{told:?} spells {:?}", answer.text);
    }
}
