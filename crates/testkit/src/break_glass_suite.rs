//! What every `BreakGlassStore` does.

use domain::{OpeningId, OrganisationId, Role};
use governance::{
    Opening, Step,
    ports::{AccessStore, AuditStore, BreakGlassStore, Founding},
};

use crate::{Samples, samples::founded};

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn break_glass_suite<S>(make: impl AsyncFn() -> S)
where
    S: AccessStore + AuditStore + BreakGlassStore + Clone + 'static,
{
    openings_are_kept_and_change_once(make().await, Samples::new(1)).await;
}

async fn opening<S: AccessStore>(store: &S, samples: &Samples, founding: &Founding) -> Opening {
    let subject = samples.account(&founding.project, Role::Member);
    let entry = samples.entry(Some(founding.organisation.id));
    assert!(store.insert_account(&subject, &entry).await.expect("answered"));
    Opening {
        id: OpeningId::from_uuid(samples.id()),
        organisation: founding.organisation.id,
        subject: subject.id,
        requester: founding.owner.id,
        reason: "a person is in danger".to_owned(),
        minutes: 30,
        requested_at: samples.now(),
        approved: None,
        closed: None,
    }
}

async fn openings_are_kept_and_change_once<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + BreakGlassStore,
{
    let (store, samples, founding) = founded(store, samples).await;
    let organisation = founding.organisation.id;
    let entry = || samples.entry(Some(organisation));
    let asked = opening(&store, &samples, &founding).await;
    store.insert_opening(&asked, &entry()).await.expect("kept");
    let later = opening(&store, &samples, &founding).await;
    store.insert_opening(&later, &entry()).await.expect("kept");
    let found = store.opening(organisation, asked.id).await.expect("readable");
    assert_eq!(found.as_ref(), Some(&asked));
    let listed = store.openings(organisation).await.expect("readable");
    assert_eq!(listed, [later.clone(), asked.clone()], "newest first");
    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.opening(stranger, asked.id).await.expect("readable"), None);
    assert_eq!(store.openings(stranger).await.expect("readable"), []);

    // Anybody but the two: the store asks for no role.
    let step = Step { by: later.subject, at: samples.now() };
    let agreed = Opening { approved: Some(step), ..asked.clone() };
    assert!(store.update_opening(&asked, &agreed, &entry()).await.expect("answered"));
    let late = entry();
    assert!(!store.update_opening(&asked, &agreed, &late).await.expect("answered"), "not twice");
    let trail = store.read_after(Some(organisation), 0, 1_000).await.expect("readable");
    assert!(trail.iter().all(|(_, kept)| kept.id != late.id), "neither");
    let closed = Opening { closed: Some(step), ..agreed.clone() };
    assert!(store.update_opening(&agreed, &closed, &entry()).await.expect("answered"));
    let found = store.opening(organisation, asked.id).await.expect("readable");
    assert_eq!(found, Some(closed));
}
