//! Engines elsewhere: who is asked, what leaves before what is durable, what is charged.

mod shares;
mod stopping;
mod vectors;

use std::sync::Arc;

use inference::{
    AnswerFormat, AnsweredBy, BareText, Chat, ChatCommand, ChatError, ChatEvent, ChatLimits,
    ChatStream, Gateway, GatewayParts, Health, Question, QuoteForm, Several, ShareRule,
    ports::{BrokenOff, Passage, Upstream, UpstreamError, UsageLedger as _},
};
use testkit::{FakeEngine, FakeUpstream, SimulatedClock, UpstreamBehaviour as Behaviour};
use tokio::{sync::Notify, task::JoinSet, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{HANG, World, caller, question, read, settlement::LateLedger};

const MODEL: &str = "elsewhere";

struct Elsewhere {
    world: World,
    clock: Arc<SimulatedClock>,
    gateway: Gateway,
    chat: Chat,
}

impl Elsewhere {
    fn of(upstreams: &[&FakeUpstream]) -> Self {
        Self::with(upstreams, Vec::new())
    }

    fn with(upstreams: &[&FakeUpstream], shares: Vec<ShareRule>) -> Self {
        Self::in_world(World::new(FakeEngine::new(), ChatLimits::default()), upstreams, shares)
    }

    fn in_world(world: World, upstreams: &[&FakeUpstream], shares: Vec<ShareRule>) -> Self {
        let clock = Arc::new(SimulatedClock::default());
        let upstreams = upstreams.iter().map(|&one| Arc::new(one.clone()) as Arc<dyn Upstream>);
        let gateway = Gateway::new(GatewayParts {
            upstreams: upstreams.collect(),
            shares,
            grams_per_kwh: 44.0,
            clock: clock.clone(),
        });
        let chat = world.chat.clone().through(gateway.clone());
        Self { world, clock, gateway, chat }
    }

    async fn ask(&self) -> Result<ChatStream, ChatError> {
        self.ask_for(MODEL).await
    }

    async fn ask_for(&self, model: &str) -> Result<ChatStream, ChatError> {
        let caller = caller();
        let start = self.chat.start(&caller, asked(model));
        timeout(HANG, start).await.expect("an answer or a refusal")
    }

    /// What is said to a request.
    async fn said(&self) -> String {
        self.said_by(MODEL).await
    }

    /// What a model says to a request.
    async fn said_by(&self, model: &str) -> String {
        match self.ask_for(model).await {
            Ok(stream) => {
                let (text, last) = read(stream).await;
                let end = match last {
                    ChatEvent::Finished { .. } => "",
                    ChatEvent::Failed { .. } => " failed",
                    other => panic!("{other:?}"),
                };
                text + end
            }
            Err(error) => error.code().to_owned(),
        }
    }

    /// Looks at the upstreams until all that may be asked are well.
    async fn watch_until_well(&self) {
        let stop = CancellationToken::new();
        let watch = TaskTracker::new().spawn(self.gateway.clone().watch(stop.clone()));
        let is_well = || {
            let states = self.gateway.states().into_iter();
            states.filter(|state| state.denied.is_none()).all(|one| one.health == Health::Well)
        };
        until("the probe finds them well", is_well).await;
        stop.cancel();
        watch.await.unwrap();
    }
}

/// Lets others go on until something is so.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = timeout(HANG, async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect(what);
}

fn asked(model: &str) -> ChatCommand {
    ChatCommand { model: model.parse().unwrap(), ..question("one two three") }
}

fn failed() -> UpstreamError {
    UpstreamError::Failed { detail: "a test says so".to_owned() }
}

fn pair() -> (FakeUpstream, FakeUpstream) {
    (FakeUpstream::new("first", MODEL), FakeUpstream::new("second", MODEL))
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_shown_charged_and_says_where_it_comes_from() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    assert_eq!(elsewhere.said().await, "paris");
    let row = elsewhere.world.row();
    assert_eq!((row.outcome.as_str(), row.opened.digest), ("finished", None));
    let AnsweredBy::Upstream(engine) = &row.opened.deployment.as_ref().unwrap().engine else {
        panic!("{row:?}")
    };
    assert_eq!((engine.id.as_str(), engine.is_own), ("paris", true));
    let figures = row.figures.unwrap();
    assert_eq!((figures.prompt_tokens, figures.completion_tokens), (3, 1));
    assert_eq!((figures.site.as_str(), figures.energy_method.as_str()), ("paris", "estimated"));
    assert!((figures.energy_joules - 2.5).abs() < 1e-9);
    assert_eq!(elsewhere.world.outcomes(), ["ok"]);
}

fn quotes() -> AnswerFormat {
    AnswerFormat::Quotes(Arc::new(QuoteForm::new(&[vec!["One.".to_owned()]], 1).unwrap()))
}

#[tokio::test]
async fn quotes_are_answered_here_whoever_else_has_the_model() {
    let model = FakeEngine::model();
    let upstream = FakeUpstream::new("paris", model.as_str());
    let to = "paris".to_owned();
    let share = ShareRule { model: model.clone(), project: None, to, percent: 100 };
    let elsewhere = Elsewhere::with(&[&upstream], vec![share]);
    assert!(elsewhere.chat.keeps_quotes(&model));
    let asked = ChatCommand { format: quotes(), ..question("one two") };
    let (text, _) = read(elsewhere.chat.start(&caller(), asked).await.unwrap()).await;
    assert_eq!((text.as_str(), upstream.counts().announced), ("one two", 0));
}

#[tokio::test]
async fn quotes_are_refused_where_nobody_can_be_kept_to_them() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    assert!(!elsewhere.chat.keeps_quotes(&MODEL.parse().unwrap()));
    let asked = ChatCommand { format: quotes(), ..asked(MODEL) };
    let refused = elsewhere.chat.start(&caller(), asked).await.unwrap_err();
    assert_eq!((refused.code(), upstream.counts().sent), ("feature.unsupported", 0));
}

#[tokio::test]
async fn models_of_this_server_are_answered_here() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let (text, _) = read(elsewhere.chat.start(&caller(), question("one two")).await.unwrap()).await;
    assert_eq!(text, "one two");
    assert_eq!(upstream.counts().sent, 0);
}

#[tokio::test]
async fn a_model_that_does_something_else_is_told_from_one_that_may_not_be_asked() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let vectors = asked(&format!("{MODEL}-vectors"));
    let Err(error) = elsewhere.chat.start(&caller(), vectors).await else { panic!("it answers") };
    assert_eq!(error.code(), "model.unsuited");
    assert_eq!(upstream.counts().sent, 0);
}

#[tokio::test]
async fn engines_elsewhere_are_asked_for_one_answer_to_one_conversation() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let one: Several = asked(MODEL).into();
    let text = Question::Text(BareText::Open(Passage::Text("one".to_owned())));
    let hole = BareText::Hole { before: "one".to_owned(), after: "two".to_owned() };
    let two = [one.questions.clone(), one.questions.clone()].concat();
    let mut expected = Vec::new();
    for (several, code) in [
        (Several { choices: 2, ..one.clone() }, "feature.unsupported"),
        (Several { questions: vec![text], ..one.clone() }, "model.unsuited"),
        (Several { questions: vec![Question::Text(hole)], ..one.clone() }, "model.unsuited"),
        (Several { questions: two, ..one.clone() }, "model.unsuited"),
    ] {
        let refused = elsewhere.chat.start_several(&caller(), several).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        expected.push(code);
    }
    let refused = elsewhere.chat.count(&caller(), &one).await.unwrap_err();
    assert_eq!(refused.code(), "model.unsuited", "{refused}");
    expected.push("model.unsuited");
    assert_eq!(elsewhere.world.outcomes(), expected);
    assert!(elsewhere.world.store.usage_records().is_empty(), "nothing is charged");
    assert_eq!((upstream.counts().announced, upstream.counts().sent), (0, 0));
    assert_eq!(elsewhere.said().await, "paris");
}

#[tokio::test]
async fn the_engine_of_this_server_answers_what_others_are_not_asked() {
    let model = FakeEngine::model();
    let upstream = FakeUpstream::new("paris", model.as_str());
    let share = ShareRule { model, project: None, to: "paris".to_owned(), percent: 100 };
    let elsewhere = Elsewhere::with(&[&upstream], vec![share]);
    let one: Several = question("one two").into();
    let (text, _) = read(elsewhere.chat.start(&caller(), question("one two")).await.unwrap()).await;
    assert_eq!(text, "paris");
    let twice = Several { choices: 2, ..one.clone() };
    let mut streams = elsewhere.chat.start_several(&caller(), twice).await.unwrap().into_iter();
    let (first, second) = (streams.next().unwrap(), streams.next().unwrap());
    let ((first, _), (second, _)) = tokio::join!(read(first), read(second));
    assert_eq!((first.as_str(), second.as_str()), ("one two", "one two"));
    assert_eq!(elsewhere.chat.count(&caller(), &one).await.unwrap(), 2);
    assert_eq!(upstream.counts().sent, 1);
}

#[tokio::test]
async fn nobody_is_asked_whom_residency_denies_whatever_becomes_of_the_others() {
    let (european, american) = pair();
    american.deny(Some("residency.denied"));
    let elsewhere = Elsewhere::of(&[&american, &european]);
    assert_eq!(elsewhere.said().await, "first");
    european_is_down(&european, &elsewhere).await;
    assert_eq!(elsewhere.said().await, "upstream.unavailable");
    european.deny(Some("residency.denied"));
    assert_eq!(elsewhere.said().await, "residency.no_eligible_upstream");
    let counts = american.counts();
    assert_eq!((counts.announced, counts.sent), (0, 0), "nothing left");
}

#[tokio::test]
async fn nobody_is_probed_whom_residency_denies() {
    let (european, american) = pair();
    american.deny(Some("residency.denied"));
    let elsewhere = Elsewhere::of(&[&american, &european]);
    european_is_down(&european, &elsewhere).await;
    european.behave(Behaviour::Answers);
    elsewhere.watch_until_well().await;
    assert!(european.counts().probed > 0, "control: the other one is");
    assert_eq!(american.counts().probed, 0);
}

async fn european_is_down(upstream: &FakeUpstream, elsewhere: &Elsewhere) {
    upstream.behave(Behaviour::Refuses(failed()));
    for _ in 0..3 {
        assert_eq!(elsewhere.said().await, "upstream.failed");
    }
}

#[tokio::test]
async fn the_next_is_asked_while_none_has_begun_to_answer() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(failed()));
    let elsewhere = Elsewhere::of(&[&first, &second]);
    assert_eq!(elsewhere.said().await, "second");
    let request = elsewhere.world.row().opened.request;
    let record = elsewhere.world.store.find(&caller(), request).await.unwrap().unwrap();
    assert_eq!(record.figures.unwrap().site, "second");
    let AnsweredBy::Upstream(engine) = &record.opened.deployment.unwrap().engine else { panic!() };
    assert_eq!(engine.id, "second", "who answered, not who was asked first");
}

#[tokio::test]
async fn nobody_else_is_asked_once_an_answer_has_begun() {
    let (first, second) = pair();
    first.behave(Behaviour::BreaksOff);
    let elsewhere = Elsewhere::of(&[&first, &second]);
    assert_eq!(elsewhere.said().await, "first failed");
    assert_eq!(second.counts().sent, 0);
    assert_eq!(elsewhere.world.row().outcome, "failed");
    assert_eq!(elsewhere.gateway.states()[0].health, Health::Doubtful, "it is remembered");
}

/// One tenant must not close the way for all with a request that breaks something.
#[tokio::test]
async fn what_a_request_is_to_blame_for_in_mid_answer_is_no_fault_of_the_upstream() {
    for (because, health) in [
        (BrokenOff::Refused, Health::Well),
        (BrokenOff::Told, Health::Doubtful),
        (BrokenOff::Cut, Health::Doubtful),
    ] {
        let upstream = FakeUpstream::new("paris", MODEL);
        upstream.behave(Behaviour::BreaksOffBecause(because));
        let elsewhere = Elsewhere::of(&[&upstream]);
        assert_eq!(elsewhere.said().await, "paris failed");
        // The place is given back after what was learned is noted.
        let is_noted = || elsewhere.gateway.states()[0].running == 0;
        until("the place is free", is_noted).await;
        assert_eq!(elsewhere.gateway.states()[0].health, health, "{because:?}");
    }
}

#[tokio::test]
async fn what_the_request_is_to_blame_for_is_not_tried_elsewhere() {
    let (first, second) = pair();
    let refusal = UpstreamError::Refused { status: 400, detail: "too long".to_owned() };
    first.behave(Behaviour::Refuses(refusal));
    let elsewhere = Elsewhere::of(&[&first, &second]);
    for _ in 0..5 {
        assert_eq!(elsewhere.said().await, "upstream.refused");
    }
    assert_eq!(second.counts().sent, 0);
    assert_eq!(elsewhere.gateway.states()[0].health, Health::Well);
}

#[tokio::test]
async fn who_fails_is_left_alone_until_a_probe_says_otherwise() {
    let upstream = FakeUpstream::new("paris", MODEL);
    upstream.behave(Behaviour::Refuses(failed()));
    let elsewhere = Elsewhere::of(&[&upstream]);
    for _ in 0..3 {
        assert_eq!(elsewhere.said().await, "upstream.failed");
    }
    let sent = upstream.counts().sent;
    let Err(error) = elsewhere.ask().await else { panic!("it is down") };
    assert_eq!((error.code(), error.retry_after_seconds()), ("upstream.unavailable", Some(2)));
    assert_eq!(upstream.counts().sent, sent, "nothing is sent meanwhile");
    upstream.behave(Behaviour::Answers);
    elsewhere.watch_until_well().await;
    assert_eq!(elsewhere.said().await, "paris");
}

#[tokio::test]
async fn the_pause_ends_with_the_clock_too() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    european_is_down(&upstream, &elsewhere).await;
    upstream.behave(Behaviour::Answers);
    assert_eq!(elsewhere.said().await, "upstream.unavailable");
    elsewhere.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(elsewhere.said().await, "paris");
}

#[tokio::test]
async fn an_upstream_gets_no_more_than_it_has_room_for() {
    let (first, second) = pair();
    first.behave(Behaviour::Stalls);
    second.behave(Behaviour::Stalls);
    let elsewhere = Elsewhere::of(&[&first, &second]);
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(elsewhere.ask().await.unwrap());
    }
    assert_eq!((first.counts().sent, second.counts().sent), (4, 4));
    let Err(error) = elsewhere.ask().await else { panic!("both are full") };
    assert_eq!(error.code(), "capacity.exhausted");
    drop(streams);
    timeout(HANG, async {
        while elsewhere.gateway.states().iter().any(|state| state.running > 0) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("who leaves gives the place back");
    first.behave(Behaviour::Answers);
    second.behave(Behaviour::Answers);
    elsewhere.said().await;
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_begins_leaves_nothing_open() {
    let upstream = FakeUpstream::new("paris", MODEL);
    upstream.behave(Behaviour::NeverBegins);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let asking = TaskTracker::new().spawn({
        let chat = elsewhere.chat.clone();
        async move { chat.start(&caller(), asked(MODEL)).await.map(drop) }
    });
    timeout(HANG, async {
        while upstream.counts().sent == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it is asked");
    assert_eq!(elsewhere.world.row().outcome, "running", "the row was there before");
    asking.abort();
    timeout(HANG, async {
        while elsewhere.world.row().outcome == "running" {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the row is closed");
    let row = elsewhere.world.row();
    assert_eq!(row.outcome, "cancelled");
    assert_eq!(row.figures.unwrap().prompt_tokens, row.opened.prompt_tokens, "it was sent");
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_written_down() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    elsewhere.world.store.break_down();
    assert_eq!(elsewhere.said().await, "audit.unavailable");
    assert_eq!(upstream.counts().sent, 0);
    elsewhere.world.store.repair();
    upstream.behave(Behaviour::Refuses(UpstreamError::NotRecorded));
    assert_eq!(
        elsewhere.said().await,
        "audit.unavailable",
        "who cannot tell the log sends nothing"
    );
}

/// The row is on its way to the disk: until it is there, not a byte leaves.
#[tokio::test]
async fn nothing_is_sent_before_its_row_and_entry_are_durable() {
    let (written, acknowledge) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let late = (written.clone(), acknowledge.clone());
    let world = World::with_ledger(FakeEngine::new(), ChatLimits::default(), |store| {
        let (written, acknowledge) = late;
        Arc::new(LateLedger { store, written, acknowledge })
    });
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::in_world(world, &[&upstream], Vec::new());
    let asking = TaskTracker::new().spawn({
        let chat = elsewhere.chat.clone();
        async move { read(chat.start(&caller(), asked(MODEL)).await.unwrap()).await }
    });
    timeout(HANG, written.notified()).await.expect("the row is written");
    timeout(HANG, async {
        while upstream.counts().announced == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it is announced meanwhile");
    // Everything that could go on by itself has gone on.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(upstream.counts().sent, 0);
    acknowledge.notify_one();
    let (text, _) = timeout(HANG, asking).await.expect("an answer").unwrap();
    assert_eq!((text.as_str(), upstream.counts().sent), ("paris", 1));
}

#[tokio::test]
async fn what_was_sent_counts_though_nobody_has_answered() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(failed()));
    second.behave(Behaviour::Refuses(failed()));
    let elsewhere = Elsewhere::of(&[&first, &second]);
    assert_eq!(elsewhere.said().await, "upstream.failed");
    let row = elsewhere.world.row();
    let (figures, sent) = (row.figures.unwrap(), row.opened.prompt_tokens);
    assert_eq!((figures.prompt_tokens, figures.completion_tokens), (2 * sent, 0));
    assert_eq!(figures.site, "second", "the last that it was sent to");
    assert!((figures.energy_joules - 5.0).abs() < 1e-9, "what both declare for it");
    assert!(sent > 0);
}

#[tokio::test]
async fn who_has_not_worked_on_it_is_not_paid_for_it() {
    let detail = "nobody is there".to_owned();
    for (refusal, code) in [
        (UpstreamError::Busy { retry_after_seconds: None }, "capacity.exhausted"),
        (UpstreamError::Unreachable { detail }, "upstream.failed"),
        (UpstreamError::Barred { status: 401 }, "upstream.failed"),
        (UpstreamError::Barred { status: 503 }, "upstream.failed"),
        (UpstreamError::NotRecorded, "audit.unavailable"),
    ] {
        let (first, second) = pair();
        first.behave(Behaviour::Refuses(failed()));
        second.behave(Behaviour::Refuses(refusal));
        let elsewhere = Elsewhere::of(&[&first, &second]);
        assert_eq!(elsewhere.said().await, code);
        let row = elsewhere.world.row();
        let figures = row.figures.unwrap();
        assert_eq!(figures.prompt_tokens, row.opened.prompt_tokens, "of the first alone");
        assert_eq!(figures.site, "first");
    }
}

#[tokio::test]
async fn what_was_sent_before_another_one_answered_counts_too() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(failed()));
    let elsewhere = Elsewhere::of(&[&first, &second]);
    assert_eq!(elsewhere.said().await, "second");
    let row = elsewhere.world.row();
    let (figures, sent) = (row.figures.unwrap(), row.opened.prompt_tokens);
    assert_eq!((figures.prompt_tokens, figures.completion_tokens), (sent + 3, 1));
    assert!((figures.energy_joules - 5.0).abs() < 1e-9);
    assert!(sent > 0);
}

#[tokio::test]
async fn what_is_never_sent_is_refused_however_the_upstreams_are() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::of(&[&upstream]);
    european_is_down(&upstream, &elsewhere).await;
    assert_eq!(elsewhere.said().await, "upstream.unavailable");
    let twice = Several { choices: 2, ..asked(MODEL).into() };
    let refused = elsewhere.chat.start_several(&caller(), twice).await.unwrap_err();
    assert_eq!((refused.code(), refused.retry_after_seconds()), ("feature.unsupported", None));
}

#[tokio::test]
async fn what_does_not_fit_leaves_no_row_behind() {
    let upstream = FakeUpstream::new("paris", MODEL);
    upstream.behave(Behaviour::Stalls);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let chat = elsewhere.chat.clone();
        asking.spawn(async move { chat.start(&caller(), asked(MODEL)).await });
    }
    let started = timeout(HANG, asking.join_all()).await.expect("each is told");
    let refused = started.iter().filter(|one| one.is_err()).count();
    assert_eq!((refused, elsewhere.world.store.usage_records().len()), (16, 4));
    assert_eq!(upstream.counts().announced, 4);
}
