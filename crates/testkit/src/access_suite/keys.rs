use domain::{Account, ApiKey, KeyId, OrganisationId, Project, ProjectId};
use governance::ports::{AccessStore, AuditStore, StoredKey};
use tokio::task::JoinSet;

use super::{is_last, trail};
use crate::{Samples, samples::founded};

pub(super) async fn are_kept_as_they_were_given<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let project = &founding.project;
    let (organisation, project_id) = (project.organisation, project.id);
    let mut newest_first = vec![founding.key.key.clone()];
    for _ in 0..3 {
        let key = samples.key(&founding.owner);
        let entry = samples.entry(Some(organisation));
        store.insert_key(&key, &entry).await.expect("kept");
        assert!(is_last(&store, &entry).await);
        let found = store.find_key(key.key.id).await.expect("readable");
        assert_eq!(found, Some((key.clone(), founding.owner.clone())));
        newest_first.insert(0, key.key);
    }
    let listed = store.list_keys(organisation, project_id).await.expect("readable");
    assert_eq!(listed, newest_first);

    let nobody = KeyId::from_uuid(samples.id());
    assert_eq!(store.find_key(nobody).await.expect("readable"), None);
    let (other_organisation, other_project) = strangers(&samples);
    let listed = store.list_keys(other_organisation, project_id).await.expect("readable");
    assert_eq!(listed, [], "another organisation sees nothing");
    let listed = store.list_keys(organisation, other_project).await.expect("readable");
    assert_eq!(listed, [], "another project sees nothing");
}

pub(super) async fn are_refused_with_their_entry<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let project = &founding.project;
    let before = trail(&store, project.organisation).await;

    let key = samples.key(&founding.owner);
    let twin = StoredKey {
        key: ApiKey { id: founding.key.key.id, ..key.key.clone() },
        secret: samples.hash(),
    };
    let entry = samples.entry(Some(project.organisation));
    store.insert_key(&twin, &entry).await.expect_err("an id is used once");
    let kept = store.find_key(founding.key.key.id).await.expect("readable");
    let first = (founding.key.clone(), founding.owner.clone());
    assert_eq!(kept, Some(first), "the first one stays");

    let (other_organisation, other_project) = strangers(&samples);
    for (organisation, id) in
        [(project.organisation, other_project), (other_organisation, project.id)]
    {
        let lost = Account { project: id, organisation, ..founding.owner.clone() };
        let key = samples.key(&lost);
        let refused = store.insert_key(&key, &entry).await;
        refused.expect_err("a key belongs to a project of its own organisation");
        assert_eq!(store.find_key(key.key.id).await.expect("readable"), None);
    }
    let entry_twin = &before[0];
    store.insert_key(&key, entry_twin).await.expect_err("an entry is written once");
    assert_eq!(store.find_key(key.key.id).await.expect("readable"), None, "both or neither");
    assert_eq!(trail(&store, project.organisation).await, before, "both or neither");
}

pub(super) async fn are_revoked_once<S: AccessStore + AuditStore>(store: S, samples: Samples) {
    let (store, samples, founding) = founded(store, samples).await;
    let Project { organisation, id: project, .. } = founding.project;
    let id = founding.key.key.id;
    let first = samples.now();
    for at in [first, samples.now()] {
        let entry = samples.entry(Some(organisation));
        let found = store.revoke_key(organisation, project, id, at, &entry).await;
        assert!(found.expect("answered"), "the key is there");
        assert!(is_last(&store, &entry).await);
        let (kept, _) = store.find_key(id).await.expect("readable").expect("still there");
        assert_eq!(kept.key.revoked_at, Some(first), "the first time stays");
        assert_eq!(kept.secret, founding.key.secret);
    }
    let listed = store.list_keys(organisation, project).await.expect("readable");
    assert_eq!(listed.len(), 1, "revoked keys are listed too");
    assert_eq!(listed[0].revoked_at, Some(first));
}

pub(super) async fn are_revoked_by_their_own_project_only<S: AccessStore + AuditStore>(
    store: S,
    samples: Samples,
) {
    let (store, samples, founding) = founded(store, samples).await;
    let Project { organisation, id: project, .. } = founding.project;
    let id = founding.key.key.id;
    let (other_organisation, other_project) = strangers(&samples);
    let nobody = KeyId::from_uuid(samples.id());
    for (organisation, project, id) in [
        (other_organisation, project, id),
        (organisation, other_project, id),
        (organisation, project, nobody),
    ] {
        let entry = samples.entry(Some(organisation));
        let found = store.revoke_key(organisation, project, id, samples.now(), &entry).await;
        assert!(!found.expect("answered"), "no such key in {organisation} {project}");
        assert!(is_last(&store, &entry).await, "the attempt is on the trail");
    }
    let kept = store.find_key(id).await.expect("readable");
    assert_eq!(kept, Some((founding.key, founding.owner)), "nothing was revoked");
}

/// Look-ups that wait at the same time may share a statement, and each is told of its own key.
pub(super) async fn are_found_by_many_at_once<S>(store: S, samples: Samples)
where
    S: AccessStore + AuditStore + Clone + 'static,
{
    let (store, samples, founding) = founded(store, samples).await;
    let (organisation, owner) = (founding.project.organisation, &founding.owner);
    let kept = [founding.key.clone(), samples.key(owner), samples.key(owner)];
    for key in &kept[1..] {
        store.insert_key(key, &samples.entry(Some(organisation))).await.expect("kept");
    }
    let nobody = KeyId::from_uuid(samples.id());
    let found = |key: StoredKey| (key.key.id, Some((key, owner.clone())));
    let mut known: Vec<_> = kept.into_iter().map(found).collect();
    known.push((nobody, None));
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (store, (id, expected)) = (store.clone(), known[number % known.len()].clone());
        tasks.spawn(async move { store.find_key(id).await.expect("readable") == expected });
    }
    assert!(tasks.join_all().await.into_iter().all(|is_right| is_right), "each finds its own");

    let (id, at) = (founding.key.key.id, samples.now());
    let entry = samples.entry(Some(organisation));
    let revoked = store.revoke_key(organisation, founding.project.id, id, at, &entry).await;
    assert!(revoked.expect("answered"));
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        tasks.spawn(async move {
            let found = store.find_key(id).await.expect("readable");
            found.is_some_and(|(stored, _)| stored.key.revoked_at == Some(at))
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|is_right| is_right), "refused at once");
}

fn strangers(samples: &Samples) -> (OrganisationId, ProjectId) {
    (OrganisationId::from_uuid(samples.id()), ProjectId::from_uuid(samples.id()))
}
