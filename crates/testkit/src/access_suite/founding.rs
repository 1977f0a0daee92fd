use std::sync::Arc;

use domain::OrganisationId;
use governance::ports::{AccessStore, AuditStore};
use tokio::task::JoinSet;

use super::trail;
use crate::Samples;

pub(super) async fn is_done_once<S: AccessStore + AuditStore>(store: S, samples: &Samples) {
    assert_eq!(store.home().await.expect("readable"), None, "a new store is empty");
    let first = samples.founding();
    let entry = samples.entry(Some(first.organisation.id));
    assert!(store.found(&first, &entry).await.expect("founded"));

    let home = Some((first.organisation.clone(), first.project.clone()));
    assert_eq!(store.home().await.expect("readable"), home);
    let pseudonym_key = store.pseudonym_key(first.organisation.id).await.expect("readable");
    assert_eq!(pseudonym_key, Some(first.pseudonym_key));
    let key = store.find_key(first.key.key.id).await.expect("readable");
    assert_eq!(key, Some((first.key.clone(), first.owner.clone())));
    let owner = store.owner(first.organisation.id).await.expect("readable");
    assert_eq!(owner, Some(first.owner.clone()));
    assert_eq!(trail(&store, first.organisation.id).await, [entry]);

    let second = samples.founding();
    let entry = samples.entry(Some(second.organisation.id));
    assert!(!store.found(&second, &entry).await.expect("answered"), "founded twice");
    assert_eq!(store.home().await.expect("readable"), home);
    assert_eq!(store.find_key(second.key.key.id).await.expect("readable"), None);
    assert_eq!(store.pseudonym_key(second.organisation.id).await.expect("readable"), None);
    assert_eq!(trail(&store, second.organisation.id).await, [], "nothing was founded");

    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.pseudonym_key(stranger).await.expect("readable"), None);
}

pub(super) async fn is_done_once_by_many<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + Clone + 'static,
{
    let samples = Arc::new(samples);
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, samples) = (store.clone(), Arc::clone(&samples));
        tasks.spawn(async move {
            let founding = samples.founding();
            let entry = samples.entry(Some(founding.organisation.id));
            let made = store.found(&founding, &entry).await.expect("answered");
            (made, founding)
        });
    }
    let made: Vec<_> = tasks.join_all().await.into_iter().filter(|(made, _)| *made).collect();
    assert_eq!(made.len(), 1, "exactly one of them founds");
    let (_, founding) = &made[0];
    let home = Some((founding.organisation.clone(), founding.project.clone()));
    assert_eq!(store.home().await.expect("readable"), home);
}
