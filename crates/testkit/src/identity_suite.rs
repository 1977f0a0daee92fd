//! What every `IdentityStore` does.

use domain::{Account, Role};
use governance::{
    AuditEntry,
    ports::{
        AccessStore, AccountChange, AuditStore, Entered, Entering, EnteringStep, Founding,
        Identity, IdentityStore,
    },
};

use crate::{Samples, samples::founded};

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn identity_suite<S>(make: impl AsyncFn() -> S)
where
    S: AccessStore + AuditStore + IdentityStore + Clone + 'static,
{
    newcomers_are_kept_with_everything(make().await, Samples::new(1)).await;
    names_and_identities_are_taken_once(make().await, Samples::new(2)).await;
    roles_change_before_the_session_begins(make().await, Samples::new(3)).await;
    whoever_is_disabled_does_not_enter(make().await, Samples::new(4)).await;
    accounts_have_one_identity_of_an_issuer(make().await, Samples::new(5)).await;
    sessions_of_one_account_end(make().await, Samples::new(6)).await;
    accounts_that_are_there_are_bound_once(make().await, Samples::new(7)).await;
}

async fn newcomers_are_kept_with_everything<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let before = trail(&store, &founding).await.len();
    let (entering, entries) = newcomer(&samples, &founding);
    assert_eq!(store.enter(&entering, &entries).await.expect("answered"), Entered::Done);
    let EnteringStep::Create(identity) = &entering.step else { unreachable!("a newcomer") };
    let found = store.find_identity(&identity.hash).await.expect("readable");
    assert_eq!(found.as_ref(), Some(&entering.account));
    let session = store.find_session(&entering.session.token, entering.session.created_at).await;
    let expected = (entering.session.clone(), entering.account.clone());
    assert_eq!(session.expect("readable"), Some(expected));
    assert_eq!(trail(&store, &founding).await[before..], entries);
    assert_eq!(store.find_identity(&samples.hash()).await.expect("readable"), None);
}

async fn names_and_identities_are_taken_once<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let (first, entries) = newcomer(&samples, &founding);
    assert_eq!(store.enter(&first, &entries).await.expect("answered"), Entered::Done);
    let before = trail(&store, &founding).await;
    let EnteringStep::Create(bound) = &first.step else { unreachable!("a newcomer") };

    let (mut named, entries) = newcomer(&samples, &founding);
    named.account.name = founding.owner.name.clone();
    assert_eq!(store.enter(&named, &entries).await.expect("answered"), Entered::Taken);
    let (mut known, entries) = newcomer(&samples, &founding);
    let identity = Identity { hash: bound.hash, ..identity(&samples, &known.account) };
    known.step = EnteringStep::Create(identity);
    assert_eq!(store.enter(&known, &entries).await.expect("answered"), Entered::Taken);

    assert_eq!(trail(&store, &founding).await, before, "all or nothing");
    let accounts = store.list_accounts(founding.organisation.id).await.expect("readable");
    assert_eq!(accounts.len(), 2, "the owner and the first one");
}

async fn roles_change_before_the_session_begins<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let (first, entries) = newcomer(&samples, &founding);
    assert_eq!(store.enter(&first, &entries).await.expect("answered"), Entered::Done);
    let again = |step, role| Entering {
        account: Account { role, ..first.account.clone() },
        step,
        session: samples.session(&first.account),
    };
    let same = again(EnteringStep::Nothing, first.account.role);
    let entry = [samples.entry(Some(founding.organisation.id))];
    assert_eq!(store.enter(&same, &entry).await.expect("answered"), Entered::Done);
    let role = Role::Auditor;
    let other = again(EnteringStep::ChangeRole(role), role);
    let entry = [samples.entry(Some(founding.organisation.id))];
    assert_eq!(store.enter(&other, &entry).await.expect("answered"), Entered::Done);
    let found = store.find_session(&other.session.token, other.session.created_at).await;
    assert_eq!(found.expect("readable"), Some((other.session.clone(), other.account.clone())));

    let owner = Entering {
        account: Account { role, ..founding.owner.clone() },
        session: samples.session(&founding.owner),
        ..other
    };
    let entry = [samples.entry(Some(founding.organisation.id))];
    let entered = store.enter(&owner, &entry).await.expect("answered");
    assert_eq!(entered, Entered::Changed, "the last owner stays");
    let kept = store.owner(founding.organisation.id).await.expect("readable");
    assert_eq!(kept, Some(founding.owner));
}

async fn whoever_is_disabled_does_not_enter<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let (first, entries) = newcomer(&samples, &founding);
    assert_eq!(store.enter(&first, &entries).await.expect("answered"), Entered::Done);
    let organisation = founding.organisation.id;
    let at = samples.now();
    let disable = AccountChange { disabled_at: Some(Some(at)), ..AccountChange::at(at) };
    let entry = samples.entry(Some(organisation));
    store.update_account(organisation, first.account.id, &disable, &entry).await.expect("done");
    let before = trail(&store, &founding).await;
    for step in [EnteringStep::Nothing, EnteringStep::ChangeRole(Role::Admin)] {
        let session = samples.session(&first.account);
        let entering = Entering { account: first.account.clone(), step, session };
        let entry = [samples.entry(Some(organisation))];
        assert_eq!(store.enter(&entering, &entry).await.expect("answered"), Entered::Changed);
        let token = &entering.session.token;
        assert_eq!(store.find_session(token, at).await.expect("readable"), None);
    }
    assert_eq!(trail(&store, &founding).await, before);
}

async fn accounts_have_one_identity_of_an_issuer<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let entry = || samples.entry(Some(organisation));
    let bound = identity(&samples, &founding.owner);
    let has = async || store.has_identity(organisation, founding.owner.id).await;
    assert!(!has().await.expect("readable"));
    assert!(store.bind_identity(&bound, &entry()).await.expect("answered"));
    let found = store.find_identity(&bound.hash).await.expect("readable");
    assert_eq!(found, Some(founding.owner.clone()));
    assert!(has().await.expect("readable"));
    let before = trail(&store, &founding).await;
    let second = identity(&samples, &founding.owner);
    assert!(!store.bind_identity(&second, &entry()).await.expect("answered"), "of one issuer");
    assert!(!store.bind_identity(&bound, &entry()).await.expect("answered"), "bound already");
    assert_eq!(trail(&store, &founding).await, before);
    let issuer = "https://other.example".to_owned();
    let elsewhere = Identity { issuer, ..identity(&samples, &founding.owner) };
    assert!(store.bind_identity(&elsewhere, &entry()).await.expect("answered"));
    let nobody = samples.account(&founding.project, Role::Member);
    store.bind_identity(&identity(&samples, &nobody), &entry()).await.expect_err("no account");
}

async fn sessions_of_one_account_end<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let (first, entries) = newcomer(&samples, &founding);
    assert_eq!(store.enter(&first, &entries).await.expect("answered"), Entered::Done);
    let other = samples.session(&founding.owner);
    let entry = samples.entry(Some(organisation));
    store.insert_session(&other, &entry).await.expect("kept");
    let at = samples.now();
    let entry = samples.entry(Some(organisation));
    store.end_sessions(organisation, first.account.id, at, &entry).await.expect("ended");
    let found = store.find_session(&first.session.token, first.session.created_at).await;
    assert_eq!(found.expect("readable"), None);
    let found = store.find_session(&other.token, other.created_at).await;
    assert!(found.expect("readable").is_some(), "another account's");
    assert_eq!(trail(&store, &founding).await.last(), Some(&entry));
}

async fn accounts_that_are_there_are_bound_once<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let entry = || samples.entry(Some(organisation));
    let account = samples.account(&founding.project, Role::Member);
    assert!(store.insert_account(&account, &entry()).await.expect("answered"));
    let first = identity(&samples, &account);
    let binding = |identity: &Identity, account: &Account| Entering {
        account: Account { role: Role::Developer, ..account.clone() },
        step: EnteringStep::Bind(identity.clone()),
        session: samples.session(account),
    };
    let entering = binding(&first, &account);
    assert_eq!(store.enter(&entering, &[entry()]).await.expect("answered"), Entered::Done);
    let found = store.find_identity(&first.hash).await.expect("readable");
    assert_eq!(found, Some(entering.account));

    let disabled = samples.account(&founding.project, Role::Member);
    let disabled = Account { disabled_at: Some(samples.now()), ..disabled };
    assert!(store.insert_account(&disabled, &entry()).await.expect("answered"));
    let before = trail(&store, &founding).await;
    let again = binding(&identity(&samples, &account), &account);
    assert_eq!(store.enter(&again, &[entry()]).await.expect("answered"), Entered::Taken);
    let late = identity(&samples, &disabled);
    let shut = binding(&late, &disabled);
    assert_eq!(store.enter(&shut, &[entry()]).await.expect("answered"), Entered::Changed);
    assert_eq!(store.find_identity(&late.hash).await.expect("readable"), None);
    assert_eq!(trail(&store, &founding).await, before);
}

fn newcomer(samples: &Samples, founding: &Founding) -> (Entering, Vec<AuditEntry>) {
    let account = samples.account(&founding.project, Role::Member);
    let step = EnteringStep::Create(identity(samples, &account));
    let entry = || samples.entry(Some(founding.organisation.id));
    let session = samples.session(&account);
    (Entering { account, step, session }, vec![entry(), entry(), entry()])
}

fn identity(samples: &Samples, account: &Account) -> Identity {
    Identity {
        organisation: account.organisation,
        account: account.id,
        hash: samples.hash(),
        issuer: "https://id.example".to_owned(),
        created_at: samples.now(),
    }
}

async fn trail<S: AuditStore>(store: &S, founding: &Founding) -> Vec<AuditEntry> {
    let read = store.read_after(Some(founding.organisation.id), 0, 1_000).await;
    read.expect("readable").into_iter().map(|(_, entry)| entry).collect()
}
