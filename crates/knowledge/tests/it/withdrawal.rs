//! Who may read a document is asked again before anything of it is given out.

use knowledge::{AnswerMode, Fallback, GapReason, Outcome};

use crate::world::{World, hits};

const FEE: usize = 2;

#[tokio::test]
async fn a_document_that_is_withdrawn_while_the_model_answers_is_not_given_out() {
    for mode in [AnswerMode::Extractive, AnswerMode::Written { fallback: Fallback::Quote }] {
        let world = World::new();
        let versions = world.passports();
        let (library, version) = (world.library.clone(), versions[0]);
        world.engine.then(move |seen| {
            library.revoke(version);
            seen.line(1, FEE, FEE)
        });
        world.engine.then(|_| "Un passeport coûte 86 €. [1]".to_owned());
        let answer = world.ask(mode, hits(&versions)).await;
        let Outcome::NoAnswer { gap } = &answer.outcome else { panic!("{:?}", answer.outcome) };
        assert_eq!(gap.because, GapReason::Withdrawn);
        let given = format!("{answer:?}");
        assert!(!given.contains("coûte") && !given.contains("valable"), "{given}");
    }
}

#[tokio::test]
async fn the_other_statements_stay_and_the_outcome_tells_how_many_went() {
    let world = World::new();
    let versions = world.passports();
    let (library, version) = (world.library.clone(), versions[0]);
    world.engine.then(move |seen| {
        library.revoke(version);
        format!("{}\n{}", seen.line(1, FEE, FEE), seen.line(2, FEE, FEE))
    });
    let answer = world.ask(AnswerMode::Extractive, hits(&versions)).await;
    assert_eq!(answer.outcome, Outcome::Answered { withdrawn: 1, refused: 0 });
    let texts: Vec<&str> = answer.statements.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["Pour un mineur, il coûte 17 €."]);
}
