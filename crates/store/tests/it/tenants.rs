//! What no port can express: rows of two tenants in one database, and values that must not be.

use domain::{Account, OrganisationId, Principal, Project, ProjectId, Role};
use governance::ports::{AccessStore as _, Founding};
use inference::ports::UsageLedger as _;
use sqlx::SqliteConnection;
use store::Store;
use tempfile::TempDir;
use testkit::Samples;

struct TwoTenants {
    store: Store,
    connection: SqliteConnection,
    samples: Samples,
    first: Founding,
    second: Account,
    /// Removed with the last user of its files.
    _directory: TempDir,
}

async fn two_tenants(seed: u64) -> TwoTenants {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    let store = Store::open(&path).await.expect("opened");
    let samples = Samples::new(seed);
    let first = samples.founding();
    let entry = samples.entry(Some(first.organisation.id));
    assert!(store.found(&first, &entry).await.expect("founded"));
    let second = Project {
        id: ProjectId::from_uuid(samples.id()),
        organisation: OrganisationId::from_uuid(samples.id()),
        name: "theirs".to_owned(),
        created_at: samples.now(),
    };
    let mut connection = crate::raw(&path).await;
    sqlx::query("INSERT INTO organisation (id, name, created_at) VALUES (?1, 'second', 2)")
        .bind(second.organisation.as_uuid().as_bytes().to_vec())
        .execute(&mut connection)
        .await
        .expect("a second organisation");
    sqlx::query(
        "INSERT INTO project (organisation_id, id, name, created_at) VALUES (?1, ?2, '', 2)",
    )
    .bind(second.organisation.as_uuid().as_bytes().to_vec())
    .bind(second.id.as_uuid().as_bytes().to_vec())
    .execute(&mut connection)
    .await
    .expect("its project");
    let second = samples.account(&second, Role::Owner);
    let entry = samples.entry(Some(second.organisation));
    assert!(store.insert_account(&second, &entry).await.expect("its owner"));
    TwoTenants { store, connection, samples, first, second, _directory: directory }
}

#[tokio::test]
async fn keys_of_another_tenant_are_neither_seen_nor_revoked() {
    let tenants = two_tenants(1).await;
    let TwoTenants { store, samples, first, second, .. } = &tenants;
    let theirs = samples.key(second);
    let entry = samples.entry(Some(second.organisation));
    store.insert_key(&theirs, &entry).await.expect("kept");

    let ours = store.list_keys(first.organisation.id, first.project.id).await.expect("listed");
    assert_eq!(ours, std::slice::from_ref(&first.key.key));
    let listed = store.list_keys(second.organisation, second.project).await.expect("listed");
    assert_eq!(listed, std::slice::from_ref(&theirs.key));
    // Neither the ids of one tenant nor a mixture of both reach the key of the other.
    for (organisation, project) in [
        (first.organisation.id, first.project.id),
        (first.organisation.id, second.project),
        (second.organisation, first.project.id),
    ] {
        let entry = samples.entry(Some(organisation));
        let at = samples.now();
        let found = store.revoke_key(organisation, project, theirs.key.id, at, &entry).await;
        assert!(!found.expect("answered"));
        assert_eq!(
            store.list_keys(first.organisation.id, second.project).await.expect("listed"),
            []
        );
    }
    let found = store.find_key(theirs.key.id).await.expect("found");
    assert_eq!(found, Some((theirs, second.clone())));
    let key = store.pseudonym_key(second.organisation).await.expect("answered");
    assert_eq!(key, None, "destroyed keys are no keys");
}

#[tokio::test]
async fn a_link_makes_no_session_of_another_tenant() {
    let tenants = two_tenants(2).await;
    let TwoTenants { store, samples, first, second, .. } = &tenants;
    let link = samples.link(&first.owner);
    let entry = samples.entry(Some(first.organisation.id));
    store.insert_link(&link, &entry).await.expect("kept");
    let session = samples.session(second);
    let entry = samples.entry(Some(second.organisation));
    assert!(!store.redeem_link(&link.token, &session, &entry).await.expect("answered"));
    let found = store.find_session(&session.token, session.created_at).await.expect("answered");
    assert_eq!(found, None);
}

#[tokio::test]
async fn a_project_belongs_to_one_organisation() {
    let tenants = two_tenants(3).await;
    let TwoTenants { store, samples, first, second, .. } = &tenants;
    let mixed = Account { project: second.project, ..first.owner.clone() };
    let entry = samples.entry(Some(first.organisation.id));
    store.insert_key(&samples.key(&mixed), &entry).await.expect_err("not their project");
    store.insert_link(&samples.link(&mixed), &entry).await.expect_err("not their project");
    let mixed = Account { id: second.id, ..first.owner.clone() };
    store.insert_key(&samples.key(&mixed), &entry).await.expect_err("not their account");
    store.insert_session(&samples.session(&mixed), &entry).await.expect_err("not their account");
}

#[tokio::test]
async fn the_schema_refuses_what_the_types_exclude() {
    let mut tenants = two_tenants(4).await;
    let TwoTenants { store, connection, samples, first, .. } = &mut tenants;
    let caller = samples.caller(&first.project, Principal::Operator);
    let entry = samples.entry(Some(first.organisation.id));
    store.open(&samples.opened(&caller), &entry).await.expect("opened");
    for statement in [
        "UPDATE usage SET outcome = 'vanished'",
        "UPDATE usage SET outcome = 'finished'",
        "UPDATE usage SET outcome = 'finished', settled_at = 1",
        "UPDATE usage SET settled_at = 1",
        "UPDATE usage SET principal = 'key'",
        "UPDATE usage SET principal_id = zeroblob(16)",
        "UPDATE usage SET organisation_id = zeroblob(15)",
        "UPDATE usage SET prompt_tokens_sent = -1",
        "UPDATE usage SET prompt_tokens_sent = 'many'",
        "UPDATE usage SET energy_joules = 1.0",
        "UPDATE api_key SET secret_hash = zeroblob(31)",
        "UPDATE api_key SET project_id = zeroblob(16)",
        "UPDATE api_key SET account_id = zeroblob(16)",
        "UPDATE api_key SET permissions = ''",
        "UPDATE account SET role = 'root'",
        "UPDATE account SET kind = 'service', password = 'x'",
        "UPDATE account SET name = 'same'",
        "DELETE FROM account",
        "UPDATE api_key SET name = printf('%.*c', 201, 'x')",
        "DELETE FROM organisation",
    ] {
        let done = sqlx::query(statement).execute(&mut *connection).await;
        assert!(done.is_err(), "accepted: {statement}");
    }
}
