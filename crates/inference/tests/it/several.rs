//! Several answers that are one request.

use inference::{
    BareText, ChatError, ChatEvent, ChatLimits, JudgeCommand, JudgeError, Question, Several,
    ports::{EngineError, Passage},
};
use testkit::{Behaviour, FakeEngine};
use tokio::time::timeout;

use super::{HANG, World, caller, question, read};

fn twice(text: &str) -> Several {
    Several { choices: 2, ..question(text).into() }
}

#[tokio::test]
async fn answers_end_together_with_the_usage_of_all() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    let streams = world.chat.start_several(&caller(), twice("one two three")).await.unwrap();
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0].request(), streams[1].request());
    let mut streams = streams.into_iter();
    let (first, second) = (streams.next().unwrap(), streams.next().unwrap());
    let ((first, first_end), (second, second_end)) = tokio::join!(read(first), read(second));
    assert_eq!((first.as_str(), second.as_str()), ("one two three", "one two three"));
    assert_eq!(first_end, second_end);
    let ChatEvent::Finished { usage, .. } = first_end else { panic!("{first_end:?}") };
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (3, 6));
    let row = world.row();
    assert_eq!((row.outcome.as_str(), row.opened.prompt_tokens), ("finished", 3));
    assert_eq!(world.outcomes(), ["ok"]);
}

#[tokio::test]
async fn one_that_is_left_is_charged_with_the_others() {
    let (engine, stepper) = FakeEngine::new().stepped();
    let world = World::new(engine, ChatLimits::default());
    let mut streams = world.chat.start_several(&caller(), twice("one two")).await.unwrap();
    drop(streams.pop());
    world.engine.reached(|counts| counts.cancelled == 1).await;
    stepper.release();
    let (text, end) = read(streams.pop().unwrap()).await;
    assert_eq!(text, "one two");
    assert!(matches!(end, ChatEvent::Finished { .. }), "{end:?}");
    assert_eq!(world.row().outcome, "cancelled", "not all of it was read");
}

#[tokio::test]
async fn stopping_one_stops_them_all() {
    let (engine, _stepper) = FakeEngine::new().stepped();
    let world = World::new(engine, ChatLimits::default());
    let mut streams = world.chat.start_several(&caller(), twice("one two")).await.unwrap();
    streams[0].stop();
    for stream in &mut streams {
        let end = timeout(HANG, stream.next()).await.unwrap();
        assert!(matches!(end, Some(ChatEvent::Stopped { .. })), "{end:?}");
    }
    assert_eq!(world.row().outcome, "cancelled");
}

#[tokio::test]
async fn every_answer_takes_a_place() {
    let limits = ChatLimits { requests_max: 3, ..ChatLimits::default() };
    let (engine, _stepper) = FakeEngine::new().stepped();
    let world = World::new(engine, limits);
    let streams = world.chat.start_several(&caller(), twice("one")).await.unwrap();
    let refused = world.chat.start_several(&caller(), twice("one")).await;
    assert!(matches!(refused, Err(ChatError::Crowded { places: 3 })), "{refused:?}");
    let refused = world.chat.count(&caller(), &twice("one")).await;
    assert!(matches!(refused, Err(ChatError::Crowded { .. })), "{refused:?}");
    assert_eq!(world.outcomes(), ["ok", "capacity.exhausted", "capacity.exhausted"]);
    drop(streams);
}

/// Nobody is told to come back with what can never be let in.
#[tokio::test]
async fn more_answers_than_there_are_places_are_refused_for_good() {
    let limits = ChatLimits { requests_max: 3, ..ChatLimits::default() };
    let world = World::new(FakeEngine::new(), limits);
    let many = Several { choices: 4, ..question("one").into() };
    let refused = world.chat.start_several(&caller(), many.clone()).await.unwrap_err();
    assert_eq!((refused.code(), refused.retry_after_seconds()), ("input.rejected", None));
    let refused = world.chat.count(&caller(), &many).await.unwrap_err();
    assert_eq!(refused.to_string(), "4 answers are asked for at once; 3 are possible");
    assert_eq!(world.outcomes(), ["input.rejected", "input.rejected"]);
    let fewer = Several { choices: 3, ..many };
    let counted = world.chat.count(&caller(), &fewer).await;
    assert_eq!(counted.unwrap(), 1, "the places are free");
    assert!(world.store.usage_records().is_empty());
}

#[tokio::test]
async fn an_engine_that_has_no_room_for_all_runs_none() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    world.engine.behave(Behaviour::Busy { retry_after_seconds: 3 });
    let refused = world.chat.start_several(&caller(), twice("one")).await;
    assert!(matches!(refused, Err(ChatError::Engine(EngineError::Busy { .. }))), "{refused:?}");
    assert!(world.store.usage_records().is_empty());
}

#[tokio::test]
async fn texts_of_one_request_are_told_in_their_order() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    let text = |text: &str| Question::Text(BareText::Open(Passage::Text(text.to_owned())));
    let hole = BareText::Hole { before: "c".to_owned(), after: "d".to_owned() };
    let questions = vec![text("a b"), Question::Text(hole)];
    let several = Several { questions, ..question("unused").into() };
    let mut streams = world.chat.start_several(&caller(), several).await.unwrap().into_iter();
    let (first, second) = (streams.next().unwrap(), streams.next().unwrap());
    let ((first, _), (second, end)) = tokio::join!(read(first), read(second));
    assert_eq!((first.as_str(), second.as_str()), ("a b", "c d"));
    let ChatEvent::Finished { usage, .. } = end else { panic!("{end:?}") };
    assert_eq!(usage.prompt_tokens, 4);
    assert_eq!(world.row().opened.prompt_tokens, 4);
}

#[tokio::test]
async fn a_judge_without_places_is_refused_before_its_texts_are_made() {
    let limits = ChatLimits { requests_max: 2, ..ChatLimits::default() };
    let (engine, _stepper) = FakeEngine::new().stepped();
    let world = World::new(engine, limits);
    let streams = world.chat.start_several(&caller(), twice("one")).await.unwrap();
    for (count, code) in [(2, "capacity.exhausted"), (3, "input.rejected")] {
        let questions = vec!["Is it so?".to_owned(); count];
        let command = JudgeCommand { model: FakeEngine::model(), text: "a".to_owned(), questions };
        let refused = world.chat.judge(&caller(), command).await;
        let Err(JudgeError::Refused(refused)) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.code(), code);
    }
    assert_eq!(world.outcomes(), ["ok", "capacity.exhausted", "input.rejected"]);
    drop(streams);
}

#[tokio::test]
async fn a_judge_is_asked_once_for_all_questions() {
    let world = World::new(FakeEngine::new(), ChatLimits::default());
    let asked = "Text: a Question: Is it so? Answer with one word, Yes or No.";
    world.engine.answer(asked, &["Yes"]);
    let questions = ["Is it so?", "Is it not?"].map(str::to_owned).to_vec();
    let command = JudgeCommand { model: FakeEngine::model(), text: "a".to_owned(), questions };
    let judged = world.chat.judge(&caller(), command).await.unwrap();
    assert_eq!(judged.scores.len(), 2);
    assert!(judged.scores[0] > 0.9, "{judged:?}");
    assert_eq!(judged.usage.completion_tokens, 2);
    assert_eq!(world.row().opened.request, judged.request);
}
