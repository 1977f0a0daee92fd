use domain::{Account, AccountId, OrganisationId, Role};
use governance::{
    PasswordDigest, Session,
    ports::{AccessStore, AccountChange, AccountUpdated, AuditStore, Founding},
};

use super::{is_last, trail};
use crate::{Samples, samples::founded};

pub(super) async fn are_kept_as_they_were_given<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let mut expected = vec![founding.owner.clone()];
    for role in Role::ALL {
        let account = kept(&store, &samples, &founding, role).await;
        let found = store.account(organisation, account.id).await.expect("readable");
        assert_eq!(found.as_ref(), Some(&account));
        let named = store.find_account(&account.name).await.expect("readable").expect("there");
        assert_eq!((named.account, named.password), (account.clone(), None));
        expected.push(account);
    }
    expected.sort_by(|one, other| one.name.cmp(&other.name));
    let listed = store.list_accounts(organisation).await.expect("readable");
    assert_eq!(listed, expected, "in the order of their names");

    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.list_accounts(stranger).await.expect("readable"), []);
    let found = store.account(stranger, founding.owner.id).await.expect("readable");
    assert_eq!(found, None, "an id alone finds nobody");
    assert_eq!(store.owner(stranger).await.expect("readable"), None);
}

pub(super) async fn have_names_of_their_own<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let before = trail(&store, organisation).await;
    let twin = Account {
        name: founding.owner.name.clone(),
        ..samples.account(&founding.project, Role::Member)
    };
    let entry = samples.entry(Some(organisation));
    let made = store.insert_account(&twin, &entry).await.expect("answered");
    assert!(!made, "the name is taken");
    let twin =
        Account { id: founding.owner.id, ..samples.account(&founding.project, Role::Member) };
    store.insert_account(&twin, &entry).await.expect_err("an id is used once");
    let lost = Account {
        organisation: OrganisationId::from_uuid(samples.id()),
        ..samples.account(&founding.project, Role::Member)
    };
    store.insert_account(&lost, &entry).await.expect_err("not their project");
    assert_eq!(trail(&store, organisation).await, before, "both or neither");
    assert_eq!(store.list_accounts(organisation).await.expect("readable"), [founding.owner]);
}

pub(super) async fn are_changed_in_what_is_named<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let account = kept(&store, &samples, &founding, Role::Member).await;
    let at = samples.now();
    let digest = PasswordDigest::from_text("$argon2id$made-up".to_owned());
    let nothing = AccountChange::at(at);
    let steps = [
        (nothing.clone(), Role::Member, None, None),
        (AccountChange { role: Some(Role::Admin), ..nothing.clone() }, Role::Admin, None, None),
        (
            AccountChange { password: Some((digest.clone(), None)), ..nothing.clone() },
            Role::Admin,
            None,
            Some(digest.clone()),
        ),
        (
            AccountChange { disabled_at: Some(Some(at)), ..nothing.clone() },
            Role::Admin,
            Some(at),
            Some(digest.clone()),
        ),
        (
            AccountChange { disabled_at: Some(None), ..nothing },
            Role::Admin,
            None,
            Some(digest.clone()),
        ),
    ];
    for (change, role, disabled_at, password) in steps {
        let entry = samples.entry(Some(account.organisation));
        let updated = store.update_account(account.organisation, account.id, &change, &entry).await;
        assert_eq!(updated.expect("answered"), AccountUpdated::Done);
        assert!(is_last(&store, &entry).await);
        let now = store.find_account(&account.name).await.expect("readable").expect("there");
        assert_eq!(now.account, Account { role, disabled_at, ..account.clone() });
        assert_eq!(now.password, password);
    }
}

pub(super) async fn keep_an_owner<S: AccessStore + AuditStore>(store: S, samples: Samples) {
    let (store, samples, founding) = founded(store, samples).await;
    let (organisation, owner) = (founding.organisation.id, founding.owner.id);
    let second = kept(&store, &samples, &founding, Role::Owner).await;
    let at = samples.now();
    let disable = AccountChange { disabled_at: Some(Some(at)), ..AccountChange::at(at) };
    let demote = AccountChange { role: Some(Role::Member), ..AccountChange::at(at) };
    let change = async |id, change: &AccountChange| {
        let entry = samples.entry(Some(organisation));
        let updated = store.update_account(organisation, id, change, &entry).await;
        (updated.expect("answered"), is_last(&store, &entry).await)
    };
    assert_eq!(change(owner, &disable).await, (AccountUpdated::Done, true));
    let found = store.owner(organisation).await.expect("readable");
    assert_eq!(found.map(|found| found.id), Some(second.id), "the first one that may be used");
    for last in [&disable, &demote] {
        assert_eq!(change(second.id, last).await, (AccountUpdated::LastOwner, false));
    }
    let nobody = AccountId::from_uuid(samples.id());
    assert_eq!(change(nobody, &disable).await, (AccountUpdated::Unknown, false));
    let stranger = OrganisationId::from_uuid(samples.id());
    let entry = samples.entry(Some(stranger));
    let updated = store.update_account(stranger, second.id, &demote, &entry).await;
    assert_eq!(updated.expect("answered"), AccountUpdated::Unknown);
}

pub(super) async fn lose_their_sessions<S: AccessStore + AuditStore>(store: S, samples: Samples) {
    let (store, samples, founding) = founded(store, samples).await;
    let account = kept(&store, &samples, &founding, Role::Member).await;
    let other = signed_in(&store, &samples, &founding.owner).await;
    let own = signed_in(&store, &samples, &account).await;
    let elsewhere = signed_in(&store, &samples, &account).await;
    let at = samples.now();
    let digest = PasswordDigest::from_text("$argon2id$made-up".to_owned());
    let change = AccountChange { password: Some((digest, Some(own.id))), ..AccountChange::at(at) };
    update(&store, &samples, &account, &change).await;
    assert!(is_alive(&store, &own).await, "the one in which the password was given");
    assert!(!is_alive(&store, &elsewhere).await);
    let disable = AccountChange { disabled_at: Some(Some(at)), ..AccountChange::at(at) };
    update(&store, &samples, &account, &disable).await;
    assert!(!is_alive(&store, &own).await);
    let enable = AccountChange { disabled_at: Some(None), ..AccountChange::at(at) };
    update(&store, &samples, &account, &enable).await;
    assert!(!is_alive(&store, &own).await, "it stays ended");
    assert!(is_alive(&store, &other).await, "another account's");
}

async fn kept<S: AccessStore + AuditStore>(
    store: &S,
    samples: &Samples,
    founding: &Founding,
    role: Role,
) -> Account {
    let account = samples.account(&founding.project, role);
    let entry = samples.entry(Some(account.organisation));
    assert!(store.insert_account(&account, &entry).await.expect("answered"));
    assert!(is_last(store, &entry).await);
    account
}

async fn signed_in<S: AccessStore>(store: &S, samples: &Samples, account: &Account) -> Session {
    let session = samples.session(account);
    let entry = samples.entry(Some(account.organisation));
    store.insert_session(&session, &entry).await.expect("kept");
    session
}

async fn update<S: AccessStore>(
    store: &S,
    samples: &Samples,
    account: &Account,
    change: &AccountChange,
) {
    let entry = samples.entry(Some(account.organisation));
    let updated = store.update_account(account.organisation, account.id, change, &entry).await;
    assert_eq!(updated.expect("answered"), AccountUpdated::Done);
}

async fn is_alive<S: AccessStore>(store: &S, session: &Session) -> bool {
    let found = store.find_session(&session.token, session.created_at).await;
    found.expect("readable").is_some()
}
