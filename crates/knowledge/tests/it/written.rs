//! Sentences of the model are given out only where they hold.

use knowledge::{
    AnswerMode, AnswerProgress, Check, Fallback, Outcome, StatementKind, TraceStepKind,
};
use serde_json::json;

use crate::world::{World, command, hits};

const FEE: usize = 2;

const QUOTE: AnswerMode = AnswerMode::Written { fallback: Fallback::Quote };
const REFUSE: AnswerMode = AnswerMode::Written { fallback: Fallback::Refuse };

/// The model quotes the fee of both documents, then writes this.
fn told(written: &'static str) -> (World, Vec<knowledge::VersionKey>) {
    let world = World::new();
    let versions = world.passports();
    world.engine.then(|seen| format!("{}\n{}", seen.line(1, FEE, FEE), seen.line(2, FEE, FEE)));
    world.engine.then(move |_| written.to_owned());
    (world, versions)
}

#[tokio::test]
async fn sentences_that_hold_are_given_out_with_their_quotes() {
    let (world, versions) = told("Un passeport coûte 86 €. [1]\nUn mineur paie 17 €. [2]");
    let (answer, progress) = world.ask_with(Some(0.95), command(QUOTE, hits(&versions))).await;
    let answer = answer.unwrap();
    let kinds: Vec<StatementKind> = answer.statements.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [StatementKind::Written; 2]);
    assert_eq!(answer.statements[0].text, "Un passeport coûte 86 €.");
    assert_eq!(answer.statements[0].citations[0].quote, "Le passeport coûte 86 €.");
    assert_eq!(answer.statements[1].citations[0].version.key, versions[1]);
    assert!(answer.statements.iter().all(|one| one.checks.iter().all(Check::holds)));
    assert!(progress.contains(&AnswerProgress::Checking { sentences: 2 }), "{progress:?}");
    let steps: Vec<TraceStepKind> =
        world.traces.all()[0].steps.iter().map(|step| step.kind).collect();
    assert_eq!(steps, [TraceStepKind::Quote, TraceStepKind::Write]);
    assert_eq!(world.store.usage_records().len(), 2, "two requests, both metered");
    assert_eq!(answer.usage.expect("used").completion_tokens, 2);
}

#[tokio::test]
async fn a_sentence_with_another_number_gives_way_to_its_quote() {
    let (world, versions) = told("Un passeport coûte 68 €. [1]\nUn mineur paie 17 €. [2]");
    let answer = world.ask(QUOTE, hits(&versions)).await;
    let texts: Vec<&str> = answer.statements.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["Le passeport coûte 86 €.", "Un mineur paie 17 €."]);
    assert_eq!(answer.statements[0].kind, StatementKind::Quoted);
    let trace = &world.traces.all()[0];
    assert_eq!(trace.rejected.len(), 1);
    assert_eq!(trace.rejected[0].text, "Un passeport coûte 68 €.");
    let Check::Claims { missing } = &trace.rejected[0].checks[0] else { panic!("{trace:?}") };
    assert_eq!(missing[0].claimed().text, "68 €");
}

#[tokio::test]
async fn a_sentence_with_an_address_of_nobody_gives_way_to_its_quote() {
    let (world, versions) =
        told("Un passeport coûte 86 € : https://evil.example/?q=86 [1]\nUn mineur paie 17 €. [2]");
    let answer = world.ask(QUOTE, hits(&versions)).await;
    let texts: Vec<&str> = answer.statements.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["Le passeport coûte 86 €.", "Un mineur paie 17 €."]);
    let trace = &world.traces.all()[0];
    let Check::Claims { missing } = &trace.rejected[0].checks[0] else { panic!("{trace:?}") };
    assert_eq!(missing[0].claimed().text, "https://evil.example/?q=86");
}

#[tokio::test]
async fn or_is_left_out_if_that_is_wanted() {
    let (world, versions) = told("Un passeport coûte 68 €. [1]\nUn mineur paie 17 €. [2]");
    let answer = world.ask(REFUSE, hits(&versions)).await;
    assert_eq!(answer.statements.len(), 1);
    assert_eq!(answer.outcome, Outcome::Answered { withdrawn: 0, refused: 1 });
}

#[tokio::test]
async fn a_sentence_that_is_not_like_its_quote_or_was_not_compared_gives_way() {
    for embedder in [Some(0.5), None] {
        let (world, versions) = told("Un passeport coûte 86 €. [1]\nUn mineur paie 17 €. [2]");
        let (answer, _) = world.ask_with(embedder, command(QUOTE, hits(&versions))).await;
        let answer = answer.unwrap();
        let is_quoted = answer.statements.iter().all(|one| one.kind == StatementKind::Quoted);
        assert!(is_quoted && answer.statements.len() == 2, "{embedder:?}");
        assert_eq!(world.traces.all()[0].rejected.len(), 2);
    }
}

#[tokio::test]
async fn a_sentence_that_is_missing_gives_way_too() {
    let (world, versions) = told("Un passeport coûte 86 €. [1]\nUn mineur pa");
    let answer = world.ask(QUOTE, hits(&versions)).await;
    let kinds: Vec<StatementKind> = answer.statements.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [StatementKind::Written, StatementKind::Quoted]);
    assert!(world.traces.all()[0].rejected.is_empty(), "nothing was written that did not hold");
}

#[tokio::test]
async fn a_model_elsewhere_writes_a_list() {
    let world = World::new();
    let versions = world.passports();
    world.engine.move_elsewhere();
    world
        .engine
        .then(|_| json!({ "quotes": [{ "passage": 1, "first": 2, "last": 3 }] }).to_string());
    world.engine.then(|_| json!({ "sentences": ["Il coûte 86 € pour 10 ans."] }).to_string());
    let answer = world.ask(QUOTE, hits(&versions)).await;
    assert_eq!(answer.statements[0].text, "Il coûte 86 € pour 10 ans.");
    assert_eq!(answer.statements[0].kind, StatementKind::Written);
}
