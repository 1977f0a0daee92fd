use std::time::Duration;

use domain::Principal;
use governance::{AccessError, NewKey};

use crate::World;

#[tokio::test]
async fn an_installation_is_founded_once() {
    let world = World::founded().await;
    assert!(world.access.found().await.unwrap().is_none());
    assert_eq!(world.actions(), ["installation.found"]);
}

#[tokio::test]
async fn the_first_key_is_recognised() {
    let world = World::founded().await;
    let caller = world.access.authenticate_key(&world.first_key.secret.expose()).await.unwrap();
    assert_eq!(caller.principal, Principal::Key(world.first_key.key.id));
    assert_eq!(caller.organisation, world.first_key.key.organisation);
}

#[tokio::test]
async fn unknown_and_forged_keys_are_not_told_apart() {
    let world = World::founded().await;
    let other = World::founded().await;
    let operator = other.access.operator().await.unwrap();
    let foreign = other.access.create_key(&operator, &NewKey::named("foreign")).await.unwrap();
    for text in ["", "glr_live_x", &foreign.secret.expose()] {
        let error = world.access.authenticate_key(text).await.unwrap_err();
        assert_eq!(error.code(), "auth.invalid", "{text}");
    }
}

#[tokio::test]
async fn a_revoked_key_stops_working_at_once_and_says_so() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let created = world.access.create_key(&operator, &NewKey::named("laptop")).await.unwrap();
    let secret = created.secret.expose();
    world.access.authenticate_key(&secret).await.unwrap();
    world.access.revoke_key(&operator, created.key.id).await.unwrap();
    let error = world.access.authenticate_key(&secret).await.unwrap_err();
    assert!(matches!(error, AccessError::KeyRevoked { id, revoked_at, .. }
        if id == created.key.id && revoked_at == world.now()));
}

#[tokio::test]
async fn keys_of_another_organisation_cannot_be_revoked() {
    let world = World::founded().await;
    let mut stranger = world.access.operator().await.unwrap();
    stranger.organisation = domain::OrganisationId::from_uuid(uuid::Uuid::nil());
    let error = world.access.revoke_key(&stranger, world.first_key.key.id).await.unwrap_err();
    assert_eq!(error.code(), "key.unknown");
    world.access.authenticate_key(&world.first_key.secret.expose()).await.unwrap();
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let link = world.access.create_link(&operator).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    let (caller, session, _) =
        world.access.authenticate_session(signed_in.token.expose()).await.unwrap();
    assert_eq!(caller.principal, Principal::Session(session.id));
    let error = world.access.sign_in(&link).await.unwrap_err();
    assert_eq!(error.code(), "auth.link_invalid");
}

#[tokio::test]
async fn links_and_sessions_expire() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let link = world.access.create_link(&operator).await.unwrap();
    world.clock.advance(Duration::from_mins(10));
    assert!(world.access.sign_in(&link).await.is_err());

    let link = world.access.create_link(&operator).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    world.clock.advance(Duration::from_hours(12));
    let error = world.access.authenticate_session(signed_in.token.expose()).await.unwrap_err();
    assert_eq!(error.code(), "auth.invalid");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let link = world.access.create_link(&operator).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    let token = signed_in.token.expose();
    let (caller, _, _) = world.access.authenticate_session(token).await.unwrap();
    world.access.sign_out(&caller).await.unwrap();
    assert!(world.access.authenticate_session(token).await.is_err());
}

#[tokio::test]
async fn every_handling_of_keys_and_sessions_is_written_down() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let created = world.access.create_key(&operator, &NewKey::named("laptop")).await.unwrap();
    world.access.list_keys(&operator).await.unwrap();
    world.access.revoke_key(&operator, created.key.id).await.unwrap();
    let link = world.access.create_link(&operator).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    let (caller, _, _) = world.access.authenticate_session(signed_in.token.expose()).await.unwrap();
    world.access.sign_out(&caller).await.unwrap();
    assert_eq!(
        world.actions(),
        [
            "installation.found",
            "key.create",
            "key.list",
            "key.revoke",
            "sign_in_link.create",
            "session.create",
            "session.end",
        ]
    );
}

#[tokio::test]
async fn nothing_is_handed_out_when_it_cannot_be_written_down() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    world.store.break_down();
    assert!(world.access.create_key(&operator, &NewKey::named("lost")).await.is_err());
    assert!(world.access.list_keys(&operator).await.is_err());
    assert!(world.access.create_link(&operator).await.is_err());
}

#[tokio::test]
async fn names_of_keys_have_a_length() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    for (name, good) in [("", false), ("é".repeat(200).as_str(), true), (&"x".repeat(201), false)]
    {
        let created = world.access.create_key(&operator, &NewKey::named(name)).await;
        assert_eq!(created.is_ok(), good, "{name}");
    }
}

#[tokio::test]
async fn an_expired_key_is_not_taken_and_says_so() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let expires_at = Some(world.now().plus_seconds(60));
    let new = NewKey { expires_at, ..NewKey::named("trial") };
    let created = world.access.create_key(&operator, &new).await.unwrap();
    let secret = created.secret.expose();
    world.access.authenticate_key(&secret).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    let error = world.access.authenticate_key(&secret).await.unwrap_err();
    assert_eq!(error.code(), "auth.expired");
    assert!(error.caller().is_some(), "its entry says whose it was");
}
