use std::{collections::BTreeMap, sync::Arc};

use domain::{AccountKind, Caller, Role};
use governance::{
    Admission, Admit, Arrived, Identities, IdentitiesParts, IdentityError, NewAccount, Returned,
    Wish,
};
use testkit::FakeProvider;

use crate::World;

struct Door {
    world: World,
    provider: FakeProvider,
    identities: Identities,
}

/// A browser on its way: its cookie, and the state that the provider will send it back with.
#[derive(Clone)]
struct Away {
    browser: String,
    state: String,
}

impl Door {
    async fn new(admit: Admit) -> Self {
        let world = World::founded().await;
        let provider = FakeProvider::new("subject-1", Some("anne@ministere.example"), &["staff"]);
        let roles = match admit {
            Admit::Mapped => vec![("staff", Role::Member), ("devs", Role::Developer)],
            Admit::Invited => vec![],
        };
        let roles: BTreeMap<_, _> =
            roles.into_iter().map(|(group, role)| (group.to_owned(), role)).collect();
        let identities = Identities::new(IdentitiesParts {
            access: world.access.clone(),
            store: world.store.clone(),
            provider: Arc::new(provider.clone()),
            admission: Admission::new(admit, roles).unwrap(),
        });
        Self { world, provider, identities }
    }

    async fn leave(&self, binds: Option<Caller>) -> Away {
        let begun = self.identities.begin(binds).await.unwrap();
        let (_, state) = begun.address.split_once("state=").unwrap();
        Away { browser: begun.browser, state: state.to_owned() }
    }

    async fn come_back(&self, returned: &Returned) -> Result<Arrived, IdentityError> {
        self.identities.finish(returned).await
    }

    /// The token of the session, or the code of the refusal.
    async fn sign_in(&self) -> Result<String, &'static str> {
        let away = self.leave(None).await;
        match self.come_back(&away.returned()).await {
            Ok(Arrived::SignedIn(signed_in)) => Ok(signed_in.token.expose().to_owned()),
            Ok(Arrived::Bound) => unreachable!("nobody is signed in already"),
            Err(error) => Err(error.code()),
        }
    }

    async fn role(&self, token: &str) -> Role {
        self.world.access.authenticate_session(token).await.unwrap().2.role
    }

    async fn bind(&self, caller: Caller) -> Result<Arrived, IdentityError> {
        let away = self.leave(Some(caller)).await;
        self.come_back(&away.returned()).await
    }

    /// Somebody who was invited, and the caller of their session.
    async fn invited(&self, name: &str, role: Role) -> Caller {
        let access = &self.world.access;
        let operator = access.operator().await.unwrap();
        let new = NewAccount { name: name.parse().unwrap(), kind: AccountKind::Person, role };
        let account = access.create_account(&operator, &new).await.unwrap();
        let link = access.invite(&operator, account.id).await.unwrap();
        let signed_in = access.sign_in(&link).await.unwrap();
        access.authenticate_session(signed_in.token.expose()).await.unwrap().0
    }
}

impl Away {
    fn returned(&self) -> Returned {
        Returned {
            state: Some(self.state.clone()),
            code: Some("good".to_owned()),
            issuer: None,
            error: None,
            browser: Some(self.browser.clone()),
        }
    }
}

#[tokio::test]
async fn a_group_makes_an_account_and_changes_its_role() {
    let door = Door::new(Admit::Mapped).await;
    let first = door.sign_in().await.unwrap();
    let (_, _, account) = door.world.access.authenticate_session(&first).await.unwrap();
    assert_eq!(account.name.as_str(), "anne@ministere.example");
    assert_eq!(account.role, Role::Member);
    let made = ["account.create", "identity.bind", "session.create"];
    assert_eq!(door.world.actions()[1..], made);

    door.provider.is_now("subject-1", Some("another name"), &["devs"]);
    let second = door.sign_in().await.unwrap();
    assert_eq!(door.role(&second).await, Role::Developer);
    assert_eq!(door.role(&first).await, Role::Developer, "in every browser");
    assert_eq!(door.world.actions()[4..], ["account.update", "session.create"]);
}

#[tokio::test]
async fn a_group_that_is_gone_takes_role_and_sessions_away() {
    let door = Door::new(Admit::Mapped).await;
    let token = door.sign_in().await.unwrap();
    door.provider.is_now("subject-1", None, &["guests"]);
    assert_eq!(door.sign_in().await, Err("auth.identity_unmapped"));
    door.world.access.authenticate_session(&token).await.unwrap_err();
    let last = door.world.store.audit_entries().pop().unwrap();
    assert_eq!(
        (last.action.as_str(), last.outcome.as_str()),
        ("session.end", "auth.identity_unmapped")
    );
    door.provider.is_now("subject-2", None, &[]);
    assert_eq!(door.sign_in().await, Err("auth.identity_unmapped"));
    door.provider.is_now("subject-1", None, &["staff"]);
    assert_eq!(door.role(&door.sign_in().await.unwrap()).await, Role::Member);
}

#[tokio::test]
async fn whoever_is_disabled_stays_outside() {
    let door = Door::new(Admit::Mapped).await;
    let token = door.sign_in().await.unwrap();
    let access = &door.world.access;
    let (_, _, account) = access.authenticate_session(&token).await.unwrap();
    let operator = access.operator().await.unwrap();
    let wish = Wish { disabled: Some(true), ..Wish::default() };
    access.update_account(&operator, account.id, wish).await.unwrap();
    assert_eq!(door.sign_in().await, Err("auth.account_disabled"));
}

#[tokio::test]
async fn a_name_alone_opens_no_account() {
    let door = Door::new(Admit::Mapped).await;
    let caller = door.invited("anne@ministere.example", Role::Admin).await;
    assert_eq!(door.sign_in().await, Err("auth.identity_conflict"));
    assert!(matches!(door.bind(caller).await, Ok(Arrived::Bound)));
    let token = door.sign_in().await.unwrap();
    let (_, _, account) = door.world.access.authenticate_session(&token).await.unwrap();
    assert_eq!((account.id, account.role), (caller.account, Role::Member));
    assert_eq!(door.bind(caller).await.unwrap_err().code(), "auth.identity_conflict");
    let owner =
        Caller { principal: caller.principal, ..door.world.access.operator().await.unwrap() };
    let refused = door.world.access.invite(&owner, account.id).await.unwrap_err();
    assert_eq!(refused.code(), "account.has_password", "nobody signs in as somebody else");
    let bob = door.invited("bob", Role::Member).await;
    assert_eq!(door.bind(bob).await.unwrap_err().code(), "auth.identity_conflict");
}

#[tokio::test]
async fn names_that_are_none_are_made_up() {
    let door = Door::new(Admit::Mapped).await;
    for (subject, name) in [("a", None), ("b", Some("Jean Dupont")), ("c", Some(""))] {
        door.provider.is_now(subject, name, &["staff"]);
        let token = door.sign_in().await.unwrap();
        let (_, _, account) = door.world.access.authenticate_session(&token).await.unwrap();
        assert!(account.name.as_str().starts_with("person-"), "{}", account.name);
    }
}

#[tokio::test]
async fn invited_people_keep_their_role_and_others_stay_outside() {
    let door = Door::new(Admit::Invited).await;
    assert_eq!(door.sign_in().await, Err("auth.identity_unmapped"));
    let caller = door.invited("auditor", Role::Auditor).await;
    assert!(matches!(door.bind(caller).await, Ok(Arrived::Bound)));
    assert_eq!(door.role(&door.sign_in().await.unwrap()).await, Role::Auditor);
}

#[tokio::test]
async fn an_owner_keeps_the_role_and_needs_a_group_all_the_same() {
    let door = Door::new(Admit::Mapped).await;
    let caller = door.invited("second-owner", Role::Owner).await;
    door.bind(caller).await.unwrap();
    assert_eq!(door.role(&door.sign_in().await.unwrap()).await, Role::Owner);
    door.provider.is_now("subject-1", None, &[]);
    assert_eq!(door.sign_in().await, Err("auth.identity_unmapped"));
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_and_once() {
    let door = Door::new(Admit::Mapped).await;
    let away = door.leave(None).await;
    let good = away.returned();
    let other = door.leave(None).await;
    let wrong = [
        Returned { state: None, ..good.clone() },
        Returned { state: Some(String::new()), ..good.clone() },
        Returned { state: Some("x".repeat(64)), ..good.clone() },
        Returned { state: Some(other.state), ..good.clone() },
        Returned::default(),
    ];
    for returned in wrong {
        let refused = door.come_back(&returned).await.unwrap_err();
        assert_eq!(refused.code(), "auth.identity_refused", "{returned:?}");
    }
    // Each of these uses its state up.
    for change in [
        |good: Returned| Returned { browser: None, ..good },
        |good: Returned| Returned { browser: Some("0".repeat(64)), ..good },
        |good: Returned| Returned { issuer: Some("https://evil.example".to_owned()), ..good },
        |good: Returned| Returned { error: Some("access_denied".to_owned()), ..good },
        |good: Returned| Returned { code: None, ..good },
        |good: Returned| Returned { code: Some("stolen".to_owned()), ..good },
    ] {
        let good = door.leave(None).await.returned();
        for returned in [change(good.clone()), good] {
            let refused = door.come_back(&returned).await.unwrap_err();
            assert_eq!(refused.code(), "auth.identity_refused", "{returned:?}");
        }
    }
    let away = door.leave(None).await;
    let issuer = Some("https://id.example".to_owned());
    let good = Returned { issuer, ..away.returned() };
    door.come_back(&good).await.unwrap();
    let refused = door.come_back(&good).await.unwrap_err();
    assert_eq!(refused.code(), "auth.identity_refused", "a second time");
    assert_eq!(door.world.actions().iter().filter(|one| *one == "session.create").count(), 1);
}

#[tokio::test]
async fn whoever_takes_longer_than_ten_minutes_begins_again() {
    let door = Door::new(Admit::Mapped).await;
    let away = door.leave(None).await;
    door.world.clock.advance(std::time::Duration::from_mins(10));
    let refused = door.come_back(&away.returned()).await.unwrap_err();
    assert_eq!(refused.code(), "auth.identity_refused");
}

#[tokio::test]
async fn a_provider_that_is_away_lets_nobody_in() {
    let door = Door::new(Admit::Mapped).await;
    let away = door.leave(None).await;
    door.provider.go_away();
    let refused = door.come_back(&away.returned()).await.unwrap_err();
    assert_eq!(refused.code(), "auth.provider_unavailable");
    let refused = door.identities.begin(None).await.unwrap_err();
    assert_eq!(refused.code(), "auth.provider_unavailable");
}
