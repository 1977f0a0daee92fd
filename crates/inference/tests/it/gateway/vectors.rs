//! Passages that become vectors elsewhere: the same rules as for answers.

use std::sync::Arc;

use domain::Caller;
use governance::ports::AccessStore as _;
use inference::{
    AnsweredBy, BudgetId, BudgetQuantity, BudgetScope, ChatLimits, EmbedCommand, EmbedError,
    EmbedLimits, Embedded, Embeddings, UsageFigures,
    ports::{Passage, UpstreamError, WhenTooLong},
};
use testkit::{FakeEngine, FakeUpstream, Samples, UpstreamBehaviour as Behaviour};
use tokio::{sync::Notify, time::timeout};
use tokio_util::task::TaskTracker;

use super::{Elsewhere, MODEL, failed, pair, until};
use crate::{HANG, World, caller, settlement::LateLedger};

const VECTORS: &str = "elsewhere-vectors";

struct Vectors {
    elsewhere: Elsewhere,
    embeddings: Embeddings,
}

impl Vectors {
    fn of(upstreams: &[&FakeUpstream]) -> Self {
        Self::with(Elsewhere::of(upstreams), EmbedLimits::default())
    }

    fn with(elsewhere: Elsewhere, limits: EmbedLimits) -> Self {
        let embeddings = elsewhere.world.embeddings(limits).through(elsewhere.gateway.clone());
        Self { elsewhere, embeddings }
    }

    async fn ask(&self, command: EmbedCommand) -> Result<Embedded, EmbedError> {
        self.ask_as(&caller(), command).await
    }

    async fn ask_as(&self, caller: &Caller, command: EmbedCommand) -> Result<Embedded, EmbedError> {
        timeout(HANG, self.embeddings.embed(caller, command)).await.expect("vectors or a refusal")
    }

    /// `made`, or why nothing was.
    async fn made(&self) -> &'static str {
        self.made_of(passages(VECTORS)).await
    }

    async fn made_of(&self, command: EmbedCommand) -> &'static str {
        match self.ask(command).await {
            Ok(_) => "made",
            Err(error) => error.code(),
        }
    }

    fn figures(&self) -> UsageFigures {
        self.elsewhere.world.row().figures.unwrap()
    }
}

/// Two short ones.
fn passages(model: &str) -> EmbedCommand {
    let passages = ["one", "two"].map(|text| Passage::Text(text.to_owned()));
    EmbedCommand {
        model: model.parse().unwrap(),
        passages: passages.into(),
        when_too_long: WhenTooLong::Refuse,
        dimensions: None,
    }
}

#[tokio::test]
async fn vectors_from_elsewhere_are_charged_and_say_where_they_come_from() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let vectors = Vectors::of(&[&upstream]);
    let embedded = vectors.ask(passages(VECTORS)).await.unwrap();
    assert_eq!(embedded.vectors, [[1.0, 0.0], [1.0, 0.0]]);
    assert_eq!((embedded.model.as_str(), embedded.usage.prompt_tokens), (VECTORS, 3));
    let row = vectors.elsewhere.world.row();
    assert_eq!((row.outcome.as_str(), row.opened.request), ("finished", embedded.request));
    let AnsweredBy::Upstream(engine) = &row.opened.deployment.as_ref().unwrap().engine else {
        panic!("{row:?}")
    };
    assert_eq!(engine.id, "paris");
    let figures = row.figures.unwrap();
    assert_eq!((figures.prompt_tokens, figures.site.as_str()), (3, "paris"));
    assert_eq!(vectors.elsewhere.world.outcomes(), ["ok"]);
    assert_eq!((upstream.counts().announced, upstream.counts().sent), (1, 1));
}

#[tokio::test]
async fn models_of_this_server_make_their_vectors_here() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let vectors = Vectors::of(&[&upstream]);
    let embedded = vectors.ask(passages(FakeEngine::embedder().as_str())).await.unwrap();
    assert_eq!(embedded.vectors.len(), 2);
    assert_eq!(upstream.counts().announced, 0);
}

#[tokio::test]
async fn what_cannot_be_kept_elsewhere_is_refused() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let vectors = Vectors::with(
        Elsewhere::of(&[&upstream]),
        EmbedLimits { tokens_max: 100, ..EmbedLimits::default() },
    );
    let two = passages(VECTORS);
    let cut = EmbedCommand { when_too_long: WhenTooLong::Cut, ..two.clone() };
    let long = EmbedCommand { passages: vec![Passage::Text("long ".repeat(100))], ..two.clone() };
    let cases = [
        (cut, "feature.unsupported"),
        (EmbedCommand { dimensions: Some(3), ..two.clone() }, "feature.unsupported"),
        (passages(MODEL), "model.unsuited"),
        (long, "input.rejected"),
    ];
    let expected: Vec<_> = cases.iter().map(|(_, code)| *code).collect();
    for (command, code) in cases {
        assert_eq!(vectors.made_of(command).await, code);
    }
    assert_eq!(vectors.elsewhere.world.outcomes(), expected);
    assert!(vectors.elsewhere.world.store.usage_records().is_empty(), "nothing is charged");
    assert_eq!((upstream.counts().announced, upstream.counts().sent), (0, 0));
    assert_eq!(vectors.made_of(EmbedCommand { dimensions: Some(2), ..two }).await, "made");
}

#[tokio::test]
async fn no_passage_goes_where_residency_denies_it() {
    let (european, american) = pair();
    american.deny(Some("residency.denied"));
    let vectors = Vectors::of(&[&american, &european]);
    assert_eq!(vectors.made().await, "made");
    european.behave(Behaviour::Refuses(failed()));
    for _ in 0..3 {
        assert_eq!(vectors.made().await, "upstream.failed");
    }
    assert_eq!(vectors.made().await, "upstream.unavailable");
    european.deny(Some("residency.denied"));
    assert_eq!(vectors.made().await, "residency.no_eligible_upstream");
    assert_eq!((american.counts().announced, american.counts().sent), (0, 0), "nothing left");
    assert_eq!(european.counts().sent, 4, "nothing was sent to one that is down or denied");
}

#[tokio::test]
async fn the_next_makes_vectors_when_the_first_does_not() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(failed()));
    let vectors = Vectors::of(&[&first, &second]);
    assert_eq!(vectors.made().await, "made");
    let (figures, sent) = (vectors.figures(), vectors.elsewhere.world.row().opened.prompt_tokens);
    assert_eq!(figures.site, "second", "who answered, not who was asked first");
    assert_eq!(figures.prompt_tokens, sent + 3, "what was sent to the first counts too");
}

#[tokio::test]
async fn passages_that_were_sent_count_though_nobody_has_answered() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(failed()));
    second.behave(Behaviour::Refuses(failed()));
    let vectors = Vectors::of(&[&first, &second]);
    assert_eq!(vectors.made().await, "upstream.failed");
    let row = vectors.elsewhere.world.row();
    assert_eq!(row.outcome, "failed");
    let (figures, sent) = (row.figures.unwrap(), row.opened.prompt_tokens);
    assert_eq!(figures.prompt_tokens, 2 * sent);
    assert_eq!(figures.site, "second", "the last that they were sent to");
    assert!(sent > 0);
}

/// One that took over once is not preferred for ever: passages begin like nothing.
#[tokio::test]
async fn vectors_go_back_to_the_cheaper_one() {
    let dear = FakeUpstream::new("dear", MODEL).with_price(9_000_000);
    let cheap = FakeUpstream::new("cheap", MODEL).with_price(1_000_000);
    let vectors = Vectors::of(&[&dear, &cheap]);
    cheap.behave(Behaviour::Refuses(failed()));
    assert_eq!(vectors.made().await, "made");
    assert_eq!((dear.counts().sent, cheap.counts().sent), (1, 1));
    cheap.behave(Behaviour::Answers);
    vectors.elsewhere.watch_until_well().await;
    for _ in 0..3 {
        assert_eq!(vectors.made().await, "made");
    }
    assert_eq!((dear.counts().sent, cheap.counts().sent), (1, 4));
}

#[tokio::test]
async fn no_passage_is_sent_that_is_not_written_down() {
    let (first, second) = pair();
    first.behave(Behaviour::Refuses(UpstreamError::NotRecorded));
    let vectors = Vectors::of(&[&first, &second]);
    assert_eq!(vectors.made().await, "audit.unavailable");
    assert_eq!(second.counts().announced, 0, "the log is no better for the next one");
}

/// The row is on its way to the disk: until it is there, not a passage leaves.
#[tokio::test]
async fn no_passage_is_sent_before_its_row_and_entry_are_durable() {
    let (written, acknowledge) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let late = (written.clone(), acknowledge.clone());
    let world = World::with_ledger(FakeEngine::new(), ChatLimits::default(), |store| {
        let (written, acknowledge) = late;
        Arc::new(LateLedger { store, written, acknowledge })
    });
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::in_world(world, &[&upstream], Vec::new());
    let vectors = Vectors::with(elsewhere, EmbedLimits::default());
    let asking = TaskTracker::new().spawn({
        let embeddings = vectors.embeddings.clone();
        async move { embeddings.embed(&caller(), passages(VECTORS)).await }
    });
    timeout(HANG, written.notified()).await.expect("the row is written");
    until("it is announced meanwhile", || upstream.counts().announced > 0).await;
    // Everything that could go on by itself has gone on.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(upstream.counts().sent, 0);
    acknowledge.notify_one();
    let made = timeout(HANG, asking).await.expect("an answer").unwrap();
    assert_eq!((made.unwrap().vectors.len(), upstream.counts().sent), (2, 1));
}

#[tokio::test]
async fn a_caller_that_leaves_while_vectors_are_made_is_charged() {
    let upstream = FakeUpstream::new("paris", MODEL);
    upstream.behave(Behaviour::NeverBegins);
    let vectors = Vectors::of(&[&upstream]);
    let asking = TaskTracker::new().spawn({
        let embeddings = vectors.embeddings.clone();
        async move { embeddings.embed(&caller(), passages(VECTORS)).await.map(drop) }
    });
    until("it is asked", || upstream.counts().sent > 0).await;
    assert_eq!(vectors.elsewhere.world.row().outcome, "running", "the row was there before");
    asking.abort();
    let world = &vectors.elsewhere.world;
    until("the row is closed", || world.row().outcome != "running").await;
    let row = world.row();
    assert_eq!(row.outcome, "cancelled");
    assert_eq!(row.figures.unwrap().prompt_tokens, row.opened.prompt_tokens, "it was sent");
}

#[tokio::test]
async fn a_limit_that_is_used_up_sends_nothing() {
    let upstream = FakeUpstream::new("paris", MODEL);
    let vectors = Vectors::of(&[&upstream]);
    let world = &vectors.elsewhere.world;
    let samples = Samples::new(5);
    let founding = samples.founding();
    let entry = samples.entry(Some(founding.organisation.id));
    assert!(world.store.found(&founding, &entry).await.unwrap());
    let own = Caller {
        organisation: founding.organisation.id,
        project: founding.project.id,
        account: founding.owner.id,
        ..caller()
    };
    assert!(vectors.ask_as(&own, passages(VECTORS)).await.is_ok(), "control: without a limit");
    let limit =
        BudgetId { scope: BudgetScope::Organisation, quantity: BudgetQuantity::TokensPerMonth };
    world.budgets.set(&own, limit, 3).await.unwrap();
    let error = vectors.ask_as(&own, passages(VECTORS)).await.unwrap_err();
    assert_eq!(error.code(), "budget.exceeded");
    assert_eq!((upstream.counts().announced, upstream.counts().sent), (1, 1));
}
