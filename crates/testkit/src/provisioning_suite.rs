//! What every `ProvisioningStore` does.

use domain::{Account, GroupId, OrganisationId, Role};
use governance::{
    AuditEntry,
    ports::{
        AccessStore, Applied, AuditStore, Founding, Group, IdentityStore, Provisioned,
        ProvisioningChange, ProvisioningStore,
    },
};

use crate::{Samples, samples::founded};

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn provisioning_suite<S>(make: impl AsyncFn() -> S)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore + Clone + 'static,
{
    persons_are_kept_as_they_were_given(make().await, Samples::new(1)).await;
    names_and_foreign_ids_are_taken_once(make().await, Samples::new(2)).await;
    whoever_is_disabled_or_removed_is_signed_out(make().await, Samples::new(3)).await;
    the_last_owner_stays(make().await, Samples::new(4)).await;
    groups_come_change_and_go(make().await, Samples::new(5)).await;
}

fn person(samples: &Samples, founding: &Founding, external_id: Option<&str>) -> Provisioned {
    let account = samples.account(&founding.project, Role::Member);
    Provisioned {
        changed_at: account.created_at,
        account,
        external_id: external_id.map(str::to_owned),
        display_name: Some("Anne Dupont".to_owned()),
    }
}

fn entries(samples: &Samples, founding: &Founding) -> Vec<AuditEntry> {
    vec![samples.entry(Some(founding.organisation.id))]
}

async fn made<S: ProvisioningStore>(
    store: &S,
    samples: &Samples,
    founding: &Founding,
    external_id: Option<&str>,
) -> Provisioned {
    let person = person(samples, founding, external_id);
    let change = ProvisioningChange::Create(person.clone());
    assert_eq!(applied(store, samples, founding, &change).await, Applied::Done);
    person
}

async fn applied<S: ProvisioningStore>(
    store: &S,
    samples: &Samples,
    founding: &Founding,
    change: &ProvisioningChange,
) -> Applied {
    let entries = entries(samples, founding);
    store.apply(founding.organisation.id, change, &entries).await.expect("answered")
}

async fn trail<S: AuditStore>(store: &S, founding: &Founding) -> usize {
    let read = store.read_after(Some(founding.organisation.id), 0, 1_000).await;
    read.expect("readable").len()
}

async fn persons_are_kept_as_they_were_given<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let before = trail(&store, &founding).await;
    let anne = made(&store, &samples, &founding, Some("A-1")).await;
    let owner = Provisioned {
        account: founding.owner.clone(),
        external_id: None,
        display_name: None,
        changed_at: founding.owner.created_at,
    };
    let mut expected = vec![owner, anne.clone()];
    expected.sort_by_key(|person| person.account.id);
    assert_eq!(store.persons(organisation).await.expect("readable"), expected);
    assert_eq!(trail(&store, &founding).await, before + 1);
    let found = store.find_external(organisation, "A-1").await.expect("readable");
    assert_eq!(found.as_ref(), Some(&anne.account));

    let mut changed = anne.clone();
    changed.account.name = "another-name".parse().expect("a name");
    changed.account.disabled_at = Some(samples.now());
    changed.display_name = None;
    changed.changed_at = samples.now();
    let change = ProvisioningChange::Update(changed.clone());
    assert_eq!(applied(&store, &samples, &founding, &change).await, Applied::Done);
    assert!(store.persons(organisation).await.expect("readable").contains(&changed));

    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.persons(stranger).await.expect("readable"), []);
    assert_eq!(store.groups(stranger).await.expect("readable"), []);
    assert_eq!(store.find_external(stranger, "A-1").await.expect("readable"), None);
    let entries = vec![samples.entry(Some(organisation))];
    let far = store.apply(stranger, &change, &entries).await.expect("answered");
    assert_eq!(far, Applied::Unknown);
}

async fn names_and_foreign_ids_are_taken_once<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let anne = made(&store, &samples, &founding, Some("A-1")).await;
    let before = trail(&store, &founding).await;
    let mut twin = person(&samples, &founding, None);
    twin.account.name = anne.account.name.clone();
    let create = ProvisioningChange::Create(twin);
    assert_eq!(applied(&store, &samples, &founding, &create).await, Applied::NameTaken);
    let create = ProvisioningChange::Create(person(&samples, &founding, Some("A-1")));
    assert_eq!(applied(&store, &samples, &founding, &create).await, Applied::ExternalIdTaken);
    assert_eq!(trail(&store, &founding).await, before, "neither left a trace");

    let bob = made(&store, &samples, &founding, Some("B-1")).await;
    let mut changed = bob.clone();
    changed.external_id = Some("A-1".to_owned());
    let change = ProvisioningChange::Update(changed);
    assert_eq!(applied(&store, &samples, &founding, &change).await, Applied::ExternalIdTaken);
    let mut changed = bob.clone();
    changed.account.name = anne.account.name;
    let change = ProvisioningChange::Update(changed);
    assert_eq!(applied(&store, &samples, &founding, &change).await, Applied::NameTaken);
    let own = ProvisioningChange::Update(bob);
    assert_eq!(applied(&store, &samples, &founding, &own).await, Applied::Done, "its own");
}

async fn whoever_is_disabled_or_removed_is_signed_out<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let anne = made(&store, &samples, &founding, Some("A-1")).await;
    let session = samples.session(&anne.account);
    let entry = samples.entry(Some(organisation));
    store.insert_session(&session, &entry).await.expect("kept");
    let mut disabled = anne.clone();
    disabled.account.disabled_at = Some(samples.now());
    let change = ProvisioningChange::Update(disabled);
    assert_eq!(applied(&store, &samples, &founding, &change).await, Applied::Done);
    let found = store.find_session(&session.token, session.created_at).await;
    assert_eq!(found.expect("readable"), None);

    let bob = made(&store, &samples, &founding, Some("B-1")).await;
    let session = samples.session(&bob.account);
    let entry = samples.entry(Some(organisation));
    store.insert_session(&session, &entry).await.expect("kept");
    let (account, at) = (bob.account.id, samples.now());
    let name = "removed-1".parse().expect("a name");
    let remove = ProvisioningChange::Remove { account, name, at };
    assert_eq!(applied(&store, &samples, &founding, &remove).await, Applied::Done);
    let found = store.find_session(&session.token, session.created_at).await;
    assert_eq!(found.expect("readable"), None);
    let kept = store.account(organisation, account).await.expect("readable").expect("there");
    assert_eq!((kept.disabled_at, kept.name.as_str()), (Some(at), "removed-1"));
    let listed = store.persons(organisation).await.expect("readable");
    assert!(listed.iter().all(|person| person.account.id != account), "gone for the provider");
    let again = Provisioned {
        account: Account { id: domain::AccountId::from_uuid(samples.id()), ..bob.account.clone() },
        ..bob
    };
    let create = ProvisioningChange::Create(again);
    assert_eq!(applied(&store, &samples, &founding, &create).await, Applied::Done, "free again");
}

async fn the_last_owner_stays<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let owner = founding.owner.clone();
    let before = trail(&store, &founding).await;
    let mut disabled = Provisioned {
        account: owner.clone(),
        external_id: None,
        display_name: None,
        changed_at: samples.now(),
    };
    disabled.account.disabled_at = Some(samples.now());
    let change = ProvisioningChange::Update(disabled);
    assert_eq!(applied(&store, &samples, &founding, &change).await, Applied::LastOwner);
    let name = "removed-1".parse().expect("a name");
    let remove = ProvisioningChange::Remove { account: owner.id, name, at: samples.now() };
    assert_eq!(applied(&store, &samples, &founding, &remove).await, Applied::LastOwner);
    let kept = store.account(owner.organisation, owner.id).await.expect("readable");
    assert_eq!(kept, Some(owner));
    assert_eq!(trail(&store, &founding).await, before);
}

async fn groups_come_change_and_go<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + IdentityStore + ProvisioningStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let anne = made(&store, &samples, &founding, None).await;
    let at = samples.now();
    let mut group = Group {
        id: GroupId::from_uuid(samples.id()),
        organisation,
        display_name: "devs".to_owned(),
        external_id: Some("G-1".to_owned()),
        members: vec![anne.account.id],
        created_at: at,
        changed_at: at,
    };
    let roles = vec![(anne.account.id, Role::Developer)];
    let put = ProvisioningChange::PutGroup { group: group.clone(), roles };
    assert_eq!(applied(&store, &samples, &founding, &put).await, Applied::Done);
    assert_eq!(store.groups(organisation).await.expect("readable"), [group.clone()]);
    let role = async || {
        let found = store.account(organisation, anne.account.id).await.expect("readable");
        found.expect("there").role
    };
    assert_eq!(role().await, Role::Developer);

    let other = Group { id: GroupId::from_uuid(samples.id()), ..group.clone() };
    let put = ProvisioningChange::PutGroup { group: other, roles: Vec::new() };
    assert_eq!(applied(&store, &samples, &founding, &put).await, Applied::ExternalIdTaken);
    let nobody = domain::AccountId::from_uuid(samples.id());
    let stranger = Group { members: vec![nobody], ..group.clone() };
    let put = ProvisioningChange::PutGroup { group: stranger, roles: Vec::new() };
    assert_eq!(applied(&store, &samples, &founding, &put).await, Applied::Unknown);

    group.members.clear();
    group.external_id = None;
    group.changed_at = samples.now();
    let put = ProvisioningChange::PutGroup { group: group.clone(), roles: Vec::new() };
    assert_eq!(applied(&store, &samples, &founding, &put).await, Applied::Done);
    assert_eq!(store.groups(organisation).await.expect("readable"), [group.clone()]);

    let roles = vec![(anne.account.id, Role::Member)];
    let remove = ProvisioningChange::RemoveGroup { id: group.id, roles, at: samples.now() };
    assert_eq!(applied(&store, &samples, &founding, &remove).await, Applied::Done);
    assert_eq!(store.groups(organisation).await.expect("readable"), []);
    assert_eq!(role().await, Role::Member);
}
