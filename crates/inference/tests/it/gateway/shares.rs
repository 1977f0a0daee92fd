//! How requests are divided while a model moves, also from and to the engine of this server.

use domain::{ModelId, ProjectId};
use inference::ShareRule;
use testkit::{FakeEngine, FakeUpstream, UpstreamBehaviour as Behaviour};

use super::{Elsewhere, MODEL, failed, pair};
use crate::caller;

/// What the engine of this server says: it repeats the question.
const HERE: &str = "one two three";

fn share(project: Option<ProjectId>, to: &str, percent: u8) -> ShareRule {
    ShareRule { model: FakeEngine::model(), project, to: to.to_owned(), percent }
}

/// An upstream beside the engine of this server, for the same model.
fn beside(shares: Vec<ShareRule>) -> (FakeUpstream, Elsewhere) {
    let upstream = FakeUpstream::new("paris", FakeEngine::model().as_str());
    let elsewhere = Elsewhere::with(&[&upstream], shares);
    (upstream, elsewhere)
}

async fn said(elsewhere: &Elsewhere) -> String {
    elsewhere.said_by(FakeEngine::model().as_str()).await
}

#[tokio::test]
async fn the_engine_of_this_server_takes_its_share() {
    for (to, percent, expected) in
        [("paris", 0, 0), ("paris", 100, 20), ("here", 0, 20), ("here", 100, 0)]
    {
        let (upstream, elsewhere) = beside(vec![share(None, to, percent)]);
        for _ in 0..20 {
            let is_here = said(&elsewhere).await == HERE;
            assert_eq!(is_here, expected == 0, "{to} {percent}");
        }
        assert_eq!(upstream.counts().sent, expected, "{to} {percent}");
    }
}

#[tokio::test]
async fn a_part_of_the_requests_comes_back_here() {
    let (upstream, elsewhere) = beside(vec![share(None, "here", 25)]);
    for _ in 0..400 {
        said(&elsewhere).await;
    }
    let here = 400 - upstream.counts().sent;
    // Seeded ids: 25 of 100, give or take four standard deviations.
    assert!((65..=135).contains(&here), "{here}");
}

#[tokio::test]
async fn a_share_of_the_requests_moves() {
    let (old, new) = pair();
    let model: ModelId = MODEL.parse().unwrap();
    let share = ShareRule { model, project: None, to: "second".to_owned(), percent: 25 };
    let elsewhere = Elsewhere::with(&[&old, &new], vec![share]);
    for _ in 0..400 {
        elsewhere.said().await;
    }
    let (old, new) = (old.counts().sent, new.counts().sent);
    assert_eq!(old + new, 400);
    assert!((65..=135).contains(&new), "{new}");
    let shares = elsewhere.chat.upstreams(&caller()).await.unwrap().shares;
    let of = |id: &str| {
        let share = shares.iter().find(|share| share.upstream.as_deref() == Some(id)).unwrap();
        (usize::try_from(share.requests).unwrap(), share.tokens, share.is_own)
    };
    assert_eq!(of("first"), (old, 4 * old as u64, true));
    assert_eq!(of("second"), (new, 4 * new as u64, true));
}

#[tokio::test]
async fn the_share_of_a_project_comes_before_that_of_all() {
    let own = Some(caller().project);
    let (upstream, elsewhere) = beside(vec![share(None, "paris", 100), share(own, "here", 100)]);
    assert_eq!(said(&elsewhere).await, HERE);
    assert_eq!(upstream.counts().sent, 0);
    let (_, elsewhere) = beside(vec![share(None, "here", 100), share(own, "paris", 100)]);
    assert_eq!(said(&elsewhere).await, "paris");
}

/// Health comes before shares: whoever failed lately gets none until it is well.
#[tokio::test]
async fn the_share_of_one_that_failed_is_answered_here() {
    let (upstream, elsewhere) = beside(vec![share(None, "paris", 100)]);
    upstream.behave(Behaviour::Refuses(failed()));
    assert_eq!(said(&elsewhere).await, "upstream.failed", "who is asked first answers or nobody");
    for _ in 0..5 {
        assert_eq!(said(&elsewhere).await, HERE);
    }
    assert_eq!(upstream.counts().sent, 1, "it is left alone");
    upstream.behave(Behaviour::Answers);
    elsewhere.watch_until_well().await;
    assert_eq!(said(&elsewhere).await, "paris");
}

#[tokio::test]
async fn the_share_of_one_that_is_denied_is_answered_here() {
    let (upstream, elsewhere) = beside(vec![share(None, "paris", 100)]);
    upstream.deny(Some("residency.denied"));
    assert_eq!(said(&elsewhere).await, HERE);
    assert_eq!((upstream.counts().announced, upstream.counts().sent), (0, 0));
}
