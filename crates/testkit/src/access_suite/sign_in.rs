use domain::{AccountId, Principal, ProjectId};
use governance::{
    Session, SignInLink,
    ports::{AccessStore, AuditStore, Founding},
};
use tokio::task::JoinSet;

use super::{is_last, trail};
use crate::{Samples, samples::founded};

pub(super) async fn a_link_is_found_until_it_expires<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let link = kept_link(&store, &samples, &founding).await;
    let just_before = domain::Timestamp::from_micros(link.expires_at.as_micros() - 1);
    for (at, expected) in [
        (link.created_at, Some(link.clone())),
        (just_before, Some(link.clone())),
        (link.expires_at, None),
        (link.expires_at.plus_seconds(1), None),
    ] {
        let found = store.find_link(&link.token, at).await.expect("readable");
        assert_eq!(found, expected, "at {at}");
    }
    let found = store.find_link(&samples.hash(), link.created_at).await.expect("readable");
    assert_eq!(found, None, "another token");

    let before = trail(&store, link.organisation).await;
    let entry = samples.entry(Some(link.organisation));
    let twin = SignInLink { token: link.token, ..samples.link(&founding.owner) };
    store.insert_link(&twin, &entry).await.expect_err("a token is used once");
    let lost =
        SignInLink { project: ProjectId::from_uuid(samples.id()), ..samples.link(&founding.owner) };
    store.insert_link(&lost, &entry).await.expect_err("there is no such project");
    let nobody =
        SignInLink { account: AccountId::from_uuid(samples.id()), ..samples.link(&founding.owner) };
    store.insert_link(&nobody, &entry).await.expect_err("there is no such account");
    assert_eq!(trail(&store, link.organisation).await, before, "both or neither");
}

pub(super) async fn a_link_is_redeemed_once<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let link = kept_link(&store, &samples, &founding).await;
    let session = samples.session(&founding.owner);
    let entry = samples.entry(Some(link.organisation));
    let done = store.redeem_link(&link.token, &session, &entry).await.expect("answered");
    assert!(done, "a fresh link");
    assert!(is_last(&store, &entry).await);
    assert_eq!(session_of(&store, &session).await, Some(session));
    let found = store.find_link(&link.token, link.created_at).await.expect("readable");
    assert_eq!(found, None, "it is used up");

    must_not_redeem(&store, &samples, &link.token, &samples.session(&founding.owner)).await;
}

pub(super) async fn a_link_that_is_not_good_changes_nothing<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let link = kept_link(&store, &samples, &founding).await;
    let session = samples.session(&founding.owner);
    must_not_redeem(&store, &samples, &samples.hash(), &session).await;

    let late = Session { created_at: link.expires_at, ..samples.session(&founding.owner) };
    must_not_redeem(&store, &samples, &link.token, &late).await;

    let elsewhere = Session { project: ProjectId::from_uuid(samples.id()), ..session.clone() };
    must_not_redeem(&store, &samples, &link.token, &elsewhere).await;

    let somebody = Session { account: AccountId::from_uuid(samples.id()), ..session.clone() };
    must_not_redeem(&store, &samples, &link.token, &somebody).await;

    let entry = samples.entry(Some(link.organisation));
    let done = store.redeem_link(&link.token, &session, &entry).await.expect("answered");
    assert!(done, "the link is still good");
}

pub(super) async fn a_refused_session_leaves_its_link_unused<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let used = kept_link(&store, &samples, &founding).await;
    let session = samples.session(&founding.owner);
    let entry = samples.entry(Some(used.organisation));
    assert!(store.redeem_link(&used.token, &session, &entry).await.expect("answered"));

    let link = kept_link(&store, &samples, &founding).await;
    let before = trail(&store, link.organisation).await;
    let same_token = Session { token: session.token, ..samples.session(&founding.owner) };
    let entry = samples.entry(Some(link.organisation));
    let refused = store.redeem_link(&link.token, &same_token, &entry).await;
    refused.expect_err("a session's token is used once");
    let found = store.find_link(&link.token, link.created_at).await.expect("readable");
    assert_eq!(found, Some(link.clone()), "the link is as good as before");
    assert_eq!(trail(&store, link.organisation).await, before, "both or neither");
}

pub(super) async fn many_redeem_one_link_and_one_succeeds<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + Clone + 'static,
{
    let (store, samples, founding) = founded(store, samples).await;
    let link = kept_link(&store, &samples, &founding).await;
    let before = trail(&store, link.organisation).await.len();
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (store, token) = (store.clone(), link.token);
        let session = samples.session(&founding.owner);
        let entry = samples.entry(Some(link.organisation));
        tasks.spawn(async move {
            let done = store.redeem_link(&token, &session, &entry).await.expect("answered");
            (done, session)
        });
    }
    let mut winners = 0;
    for (done, session) in tasks.join_all().await {
        let found = session_of(&store, &session).await;
        assert_eq!(found, done.then_some(session), "a session exists if its redemption succeeded");
        winners += usize::from(done);
    }
    assert_eq!(winners, 1, "exactly one session from one link");
    assert_eq!(trail(&store, link.organisation).await.len(), before + 1);
}

pub(super) async fn a_session_ends_once<S: AccessStore + AuditStore>(store: S, samples: Samples) {
    let (store, samples, founding) = founded(store, samples).await;
    let session = signed_in(&store, &samples, &founding).await;
    for (at, expected) in [
        (session.created_at, Some(session.clone())),
        (session.expires_at, None),
        (session.expires_at.plus_seconds(1), None),
    ] {
        let found = store.find_session(&session.token, at).await.expect("readable");
        let expected = expected.map(|session| (session, founding.owner.clone()));
        assert_eq!(found, expected, "at {at}");
    }
    let found = store.find_session(&samples.hash(), session.created_at).await.expect("readable");
    assert_eq!(found, None, "another token");

    let caller = samples.caller(&founding.project, Principal::Session(session.id));
    for _ in 0..2 {
        let entry = samples.entry(Some(session.organisation));
        store.end_session(&caller, samples.now(), &entry).await.expect("ending twice is no error");
        assert!(is_last(&store, &entry).await);
        assert_eq!(session_of(&store, &session).await, None);
    }
}

pub(super) async fn a_session_is_ended_by_itself_only<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let session = signed_in(&store, &samples, &founding).await;
    let other = signed_in(&store, &samples, &founding).await;
    let mut stranger = samples.caller(&founding.project, Principal::Session(session.id));
    stranger.organisation = domain::OrganisationId::from_uuid(samples.id());
    for caller in [
        stranger,
        samples.caller(&founding.project, Principal::Operator),
        samples.caller(&founding.project, Principal::Key(founding.key.key.id)),
        samples.caller(&founding.project, Principal::Session(other.id)),
    ] {
        let entry = samples.entry(Some(caller.organisation));
        store.end_session(&caller, samples.now(), &entry).await.expect("answered");
        assert!(is_last(&store, &entry).await, "the attempt is on the trail");
        assert_eq!(session_of(&store, &session).await, Some(session.clone()), "{caller:?}");
    }
    assert_eq!(session_of(&store, &other).await, None);
}

async fn kept_link<S: AccessStore>(
    store: &S,
    samples: &Samples,
    founding: &Founding,
) -> SignInLink {
    let link = samples.link(&founding.owner);
    let entry = samples.entry(Some(link.organisation));
    store.insert_link(&link, &entry).await.expect("kept");
    link
}

async fn signed_in<S: AccessStore>(store: &S, samples: &Samples, founding: &Founding) -> Session {
    let link = kept_link(store, samples, founding).await;
    let session = samples.session(&founding.owner);
    let entry = samples.entry(Some(link.organisation));
    assert!(store.redeem_link(&link.token, &session, &entry).await.expect("answered"));
    session
}

async fn session_of<S: AccessStore>(store: &S, session: &Session) -> Option<Session> {
    let found = store.find_session(&session.token, session.created_at).await.expect("readable");
    found.map(|(session, _)| session)
}

async fn must_not_redeem<S: AccessStore + AuditStore>(
    store: &S,
    samples: &Samples,
    token: &governance::TokenHash,
    session: &Session,
) {
    let before = trail(store, session.organisation).await;
    let entry = samples.entry(Some(session.organisation));
    let done = store.redeem_link(token, session, &entry).await.expect("answered");
    assert!(!done, "the link is not good");
    assert_eq!(session_of(store, session).await, None);
    assert_eq!(trail(store, session.organisation).await, before, "nothing was written");
}
