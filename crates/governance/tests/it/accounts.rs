use domain::{
    Account, AccountId, AccountKind, AccountName, Caller, Permission, Permissions, Principal, Role,
};
use governance::{AccessError, NewAccount, NewKey, Password, Wish};

use crate::World;

const GOOD: &str = "correct horse battery";

fn password(text: &str) -> Password {
    Password::typed(text.to_owned())
}

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

async fn account(world: &World, text: &str, role: Role) -> Account {
    let operator = world.access.operator().await.unwrap();
    let new = NewAccount { name: name(text), kind: AccountKind::Person, role };
    world.access.create_account(&operator, &new).await.unwrap()
}

/// Signed in by an invitation.
async fn browser(world: &World, account: &Account) -> (Caller, String) {
    let operator = world.access.operator().await.unwrap();
    let link = world.access.invite(&operator, account.id).await.unwrap();
    let signed_in = world.access.sign_in(&link).await.unwrap();
    let token = signed_in.token.expose().to_owned();
    let (caller, _, _) = world.access.authenticate_session(&token).await.unwrap();
    (caller, token)
}

#[tokio::test]
async fn somebody_signs_in_with_the_password_that_was_chosen() {
    let world = World::founded().await;
    let anne = account(&world, "anne@ministere.example", Role::Member).await;
    let (caller, _) = browser(&world, &anne).await;
    assert_eq!(caller.account, anne.id);
    assert_eq!(caller.permissions, Role::Member.permissions());
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    let signed_in =
        world.access.sign_in_with_password("Anne@Ministere.example", password(GOOD)).await.unwrap();
    let found = world.access.authenticate_session(signed_in.token.expose()).await.unwrap();
    assert_eq!(found.0.principal, Principal::Session(signed_in.session.id));
    assert_eq!(found.2, anne);
}

#[tokio::test]
async fn nobody_learns_whether_the_name_or_the_password_was_wrong() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Member).await;
    let (caller, _) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    account(&world, "bob-without-password", Role::Member).await;
    for (typed, secret) in
        [("anne", "wrong"), ("nobody", GOOD), ("bob-without-password", GOOD), ("é", GOOD), ("", "")]
    {
        let refused = world.access.sign_in_with_password(typed, password(secret)).await;
        assert_eq!(refused.unwrap_err().code(), "auth.password_wrong", "{typed}");
    }
}

#[tokio::test]
async fn guessing_is_stopped_even_with_the_right_one() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Member).await;
    let (caller, _) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    for _ in 0..10 {
        let wrong = world.access.sign_in_with_password("anne", password("wrong")).await;
        assert_eq!(wrong.unwrap_err().code(), "auth.password_wrong");
    }
    let refused = world.access.sign_in_with_password("anne", password(GOOD)).await.unwrap_err();
    assert!(matches!(refused, AccessError::TooManyAttempts { seconds: 900 }), "{refused:?}");
    world.clock.advance(std::time::Duration::from_mins(15));
    world.access.sign_in_with_password("anne", password(GOOD)).await.unwrap();
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_and_ends_other_sessions() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Member).await;
    let (caller, own) = browser(&world, &anne).await;
    let (_, elsewhere) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    world.access.authenticate_session(&own).await.unwrap();
    assert!(world.access.authenticate_session(&elsewhere).await.is_err());

    let other = "another horse battery";
    for current in [None, Some(password("wrong"))] {
        let refused = world.access.set_password(&caller, current, password(other)).await;
        assert_eq!(refused.unwrap_err().code(), "auth.password_wrong");
    }
    let refused = world.access.set_password(&caller, Some(password(GOOD)), password("short")).await;
    assert_eq!(refused.unwrap_err().code(), "request.invalid");
    world.access.set_password(&caller, Some(password(GOOD)), password(other)).await.unwrap();
    world.access.sign_in_with_password("anne", password(other)).await.unwrap();
}

#[tokio::test]
async fn who_keeps_accounts_cannot_sign_in_as_somebody_else() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Member).await;
    let (caller, _) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    let boss = account(&world, "boss", Role::Owner).await;
    let (boss, _) = browser(&world, &boss).await;
    let refused = world.access.invite(&boss, anne.id).await.unwrap_err();
    assert_eq!(refused.code(), "account.has_password");
    // Somebody with a shell on the machine can, and it is written down.
    let operator = world.access.operator().await.unwrap();
    world.access.invite(&operator, anne.id).await.unwrap();
}

#[tokio::test]
async fn an_admin_appoints_developers_and_members_alone() {
    let world = World::founded().await;
    let admin = account(&world, "admin", Role::Admin).await;
    let (admin, _) = browser(&world, &admin).await;
    let auditor = account(&world, "auditor", Role::Auditor).await;
    for role in Role::ALL {
        let new = NewAccount {
            name: name(&format!("new-{}", role.as_str().replace('_', "-"))),
            kind: AccountKind::Person,
            role,
        };
        let made = world.access.create_account(&admin, &new).await;
        let expected = matches!(role, Role::Developer | Role::Member);
        assert_eq!(made.is_ok(), expected, "{role:?}");
        if let Ok(made) = made {
            let promote = Wish { role: Some(Role::Owner), disabled: None };
            let refused = world.access.update_account(&admin, made.id, promote).await;
            assert_eq!(refused.unwrap_err().code(), "auth.forbidden", "nobody is made an owner");
        }
    }
    let disable = Wish { role: None, disabled: Some(true) };
    let refused = world.access.update_account(&admin, auditor.id, disable).await;
    assert_eq!(refused.unwrap_err().code(), "auth.forbidden", "who watches is left alone");
    let refused = world.access.invite(&admin, auditor.id).await;
    assert_eq!(refused.unwrap_err().code(), "auth.forbidden");
}

#[tokio::test]
async fn a_disabled_account_is_let_in_nowhere() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Developer).await;
    let (caller, token) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    let permissions = Permissions::of(&[Permission::UseModels]);
    let new = NewKey { permissions, ..NewKey::named("laptop") };
    let key = world.access.create_key(&caller, &new).await.unwrap().secret.expose();
    let operator = world.access.operator().await.unwrap();
    let link = world.access.invite(&operator, anne.id).await.unwrap();

    let disable = Wish { role: None, disabled: Some(true) };
    world.access.update_account(&operator, anne.id, disable).await.unwrap();
    let codes = [
        world.access.authenticate_session(&token).await.unwrap_err().code(),
        world.access.authenticate_key(&key).await.unwrap_err().code(),
        world.access.sign_in(&link).await.unwrap_err().code(),
        world.access.sign_in_with_password("anne", password(GOOD)).await.unwrap_err().code(),
    ];
    let disabled = "auth.account_disabled";
    assert_eq!(codes, ["auth.invalid", disabled, "auth.link_invalid", disabled]);

    let enable = Wish { role: None, disabled: Some(false) };
    world.access.update_account(&operator, anne.id, enable).await.unwrap();
    world.access.authenticate_key(&key).await.unwrap();
    assert!(world.access.authenticate_session(&token).await.is_err(), "sessions stay ended");
}

#[tokio::test]
async fn a_key_does_what_it_was_made_for_and_never_more_than_its_account() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Developer).await;
    let (caller, _) = browser(&world, &anne).await;
    let all = Permissions::OF_PLAIN_KEYS;
    let refused = world.access.create_key(&caller, &NewKey::named("all")).await.unwrap_err();
    assert!(matches!(refused, AccessError::KeyPermissions { wanted, .. } if wanted == all));
    let none = NewKey { permissions: Permissions::NONE, ..NewKey::named("none") };
    assert!(world.access.create_key(&caller, &none).await.is_err());

    let both = Permissions::of(&[Permission::UseModels, Permission::Converse]);
    let new = NewKey { permissions: both, ..NewKey::named("laptop") };
    let key = world.access.create_key(&caller, &new).await.unwrap().secret.expose();
    assert_eq!(world.access.authenticate_key(&key).await.unwrap().permissions, both);

    let operator = world.access.operator().await.unwrap();
    let demote = Wish { role: Some(Role::Auditor), disabled: None };
    world.access.update_account(&operator, anne.id, demote).await.unwrap();
    let caller = world.access.authenticate_key(&key).await.unwrap();
    assert_eq!(caller.permissions, Permissions::NONE, "the role counts at each request");
}

#[tokio::test]
async fn keys_of_others_are_neither_listed_nor_revoked() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Developer).await;
    let (caller, _) = browser(&world, &anne).await;
    assert_eq!(world.access.list_keys(&caller).await.unwrap(), []);
    let refused = world.access.revoke_key(&caller, world.first_key.key.id).await.unwrap_err();
    assert_eq!(refused.code(), "key.unknown");
    world.access.authenticate_key(&world.first_key.secret.expose()).await.unwrap();
    let operator = world.access.operator().await.unwrap();
    assert_eq!(world.access.list_keys(&operator).await.unwrap().len(), 1);
}

#[tokio::test]
async fn programs_have_no_browser() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let new = NewAccount { name: name("ci"), kind: AccountKind::Service, role: Role::Developer };
    let service = world.access.create_account(&operator, &new).await.unwrap();
    assert!(matches!(
        world.access.invite(&operator, service.id).await,
        Err(AccessError::NotAPerson)
    ));
    let reset = world.access.reset_password(&operator, &service, password(GOOD)).await;
    assert!(matches!(reset, Err(AccessError::NotAPerson)));
    let permissions = Permissions::of(&[Permission::UseModels]);
    let new = NewKey { account: Some(service.id), permissions, ..NewKey::named("pipeline") };
    let key = world.access.create_key(&operator, &new).await.unwrap();
    let caller = world.access.authenticate_key(&key.secret.expose()).await.unwrap();
    assert_eq!(caller.account, service.id);
}

#[tokio::test]
async fn every_handling_of_accounts_is_written_down() {
    let world = World::founded().await;
    let anne = account(&world, "anne", Role::Member).await;
    let (caller, _) = browser(&world, &anne).await;
    world.access.set_password(&caller, None, password(GOOD)).await.unwrap();
    world.access.sign_in_with_password("anne", password(GOOD)).await.unwrap();
    let operator = world.access.operator().await.unwrap();
    world.access.list_accounts(&operator).await.unwrap();
    let wish = Wish { role: Some(Role::Developer), disabled: None };
    world.access.update_account(&operator, anne.id, wish).await.unwrap();
    assert_eq!(
        world.actions(),
        [
            "installation.found",
            "account.create",
            "sign_in_link.create",
            "session.create",
            "account.update",
            "session.create",
            "account.list",
            "account.update",
        ]
    );
    let written = world.store.audit_entries();
    let canonical: Vec<u8> = written.into_iter().flat_map(|entry| entry.canonical).collect();
    let text = String::from_utf8(canonical).unwrap();
    assert!(!text.contains("anne") && !text.contains("horse"), "{text}");
}

#[tokio::test]
async fn work_without_anybody_goes_on_for_whoever_may_be_used() {
    let world = World::founded().await;
    let operator = world.access.operator().await.unwrap();
    let anne = account(&world, "anne", Role::Member).await;
    let bob = account(&world, "bob", Role::Developer).await;
    let organisation = anne.organisation;
    let working_for = async |accounts: &[AccountId]| {
        world.access.working_for(organisation, accounts.iter().copied()).await.unwrap()
    };
    let caller = working_for(&[anne.id, bob.id]).await;
    assert_eq!((caller.account, caller.project), (anne.id, anne.project));
    assert_eq!(caller.principal, Principal::Operator);
    assert_eq!(caller.permissions, Role::Member.permissions());
    let disable = Wish { role: None, disabled: Some(true) };
    world.access.update_account(&operator, anne.id, disable).await.unwrap();
    assert_eq!(working_for(&[anne.id, bob.id]).await.account, bob.id);
    assert_eq!(working_for(&[anne.id]).await.account, operator.account);
    assert_eq!(working_for(&[]).await.account, operator.account);
}
