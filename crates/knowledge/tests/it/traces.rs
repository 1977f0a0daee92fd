//! How an answer came to be is told to whoever asked, as far as the documents may still be read.

use domain::{Caller, OrganisationId, TraceId};
use knowledge::{Answer, AnswerMode, TraceError, VersionKey};
use uuid::Uuid;

use crate::world::{World, caller, hits};

const FEE: usize = 2;

async fn answered() -> (World, Vec<VersionKey>, Answer) {
    let world = World::new();
    let versions = world.passports();
    world.engine.then(|seen| format!("{}\n{}", seen.line(1, FEE, FEE), seen.line(2, FEE, FEE)));
    let answer = world.ask(AnswerMode::Extractive, hits(&versions)).await;
    (world, versions, answer)
}

#[tokio::test]
async fn a_trace_tells_everything_that_led_to_the_answer() {
    let (world, versions, answer) = answered().await;
    let told = world.trace_reader().read(&world.caller, answer.trace).await.unwrap();
    let trace = told.trace;
    assert!(!trace.is_withheld);
    assert_eq!(trace.hits, hits(&versions));
    let shown: Vec<VersionKey> = trace.passages.iter().map(|one| one.version).collect();
    assert_eq!(shown, versions);
    assert_eq!(trace.passages[0].sentences, 4);
    let said = trace.steps[0].text.as_deref();
    assert_eq!(said, Some("[1] Le passeport coûte 86 €.\n[2] Pour un mineur, il coûte 17 €."));
    assert_eq!((trace.statements, trace.outcome), (answer.statements, answer.outcome));
    assert_eq!(world.entries().last().unwrap().0, "trace.read");
}

#[tokio::test]
async fn what_may_not_be_read_any_more_is_left_out_of_it() {
    let (world, versions, answer) = answered().await;
    world.library.revoke(versions[0]);
    let told = world.trace_reader().read(&world.caller, answer.trace).await.unwrap();
    let trace = told.trace;
    assert!(trace.is_withheld);
    // Whoever cites by number cites the same as before.
    assert_eq!((answer.numbers, told.numbers), (vec![1, 2], vec![2]));
    assert_eq!((trace.hits.len(), trace.passages.len(), trace.statements.len()), (2, 2, 1));
    assert_eq!(trace.steps[0].text, None, "the model was shown what may not be read");
    assert!(!format!("{trace:?}").contains("86 €"));
    // A document that was found and not shown takes nothing else away.
    let kept = world.traces.all();
    assert_eq!((kept.len(), kept[0].statements.len(), kept[0].is_withheld), (1, 2, false));
}

#[tokio::test]
async fn nobody_else_is_told() {
    let (world, _, answer) = answered().await;
    let elsewhere = OrganisationId::from_uuid(Uuid::from_u128(8));
    let outsider = Caller { organisation: elsewhere, ..world.caller };
    for (somebody, id) in [
        (caller(4), answer.trace),
        (outsider, answer.trace),
        (world.caller, TraceId::from_uuid(Uuid::nil())),
    ] {
        let refused = world.trace_reader().read(&somebody, id).await.unwrap_err();
        assert!(matches!(refused, TraceError::Unknown { .. }), "{refused}");
        assert_eq!(refused.code(), "trace.unknown");
    }
}
