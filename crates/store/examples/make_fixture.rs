//! Writes the database `FILE` with the known rows of the thirteenth version, the same bytes each
//! time: `cargo run --release -p store --example make_fixture FILE`.
#![expect(clippy::expect_used, reason = "the rows are literals")]

#[path = "../tests/fixtures/v0001/rows.rs"]
mod rows;

#[path = "../tests/fixtures/v0002/log_rows.rs"]
mod log_rows;

#[path = "../tests/fixtures/v0003/conversation_rows.rs"]
mod conversation_rows;

#[path = "../tests/fixtures/v0004/receipt_rows.rs"]
mod receipt_rows;

#[path = "../tests/fixtures/v0005/account_rows.rs"]
mod account_rows;

#[path = "../tests/fixtures/v0007/identity_rows.rs"]
mod identity_rows;

#[path = "../tests/fixtures/v0010/budget_rows.rs"]
mod budget_rows;
#[path = "../tests/fixtures/v0008/protection_rows.rs"]
mod protection_rows;
#[path = "../tests/fixtures/v0009/provisioning_rows.rs"]
mod provisioning_rows;

#[path = "../tests/fixtures/v0011/workload_rows.rs"]
mod workload_rows;

#[path = "../tests/fixtures/v0013/library_rows.rs"]
mod library_rows;

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use assistant::{
    DraftOf,
    ports::{Begun, ConversationStore as _, Updated},
};
use governance::{
    Vault,
    ports::{
        AccessStore as _, Applied, AuditStore as _, BreakGlassStore as _, DataKeyStore as _,
        ErasureOrdered, IdentityStore as _, LogStore as _, ProtectionStore as _,
        ProvisioningChange, ProvisioningStore as _,
    },
};
use inference::ports::{BudgetStore as _, UsageLedger as _};
use knowledge::ports::{
    DocumentStore, LibraryStore, ReadingStore as _, Refusal, Stage, Step, TraceStore,
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use store::{Conversations, Store};
use testkit::{MemoryCustodian, operator_of, vault_of};
use workloads::ports::{FileStore as _, JobInserted, JobResult, JobStore, ResultKind};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).context("usage: make_fixture FILE")?;
    let path = Path::new(&path);
    fill(path).await?;
    // The only columns that the machine's clock writes. Many tables of few rows fit small pages.
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await?;
    sqlx::raw_sql(
        "UPDATE _sqlx_migrations SET installed_on = '2026-01-01 00:00:00', execution_time = 0; \
         PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM; \
         PRAGMA journal_mode = WAL;",
    )
    .execute(&mut connection)
    .await?;
    connection.close().await?;
    Ok(())
}

async fn fill(path: &Path) -> anyhow::Result<()> {
    let store = Store::open(path).await?;
    let entries = log_rows::entries();
    let [found, create, revoke, link, used_link, session, chat, running, refused] = &entries[..]
    else {
        anyhow::bail!("nine entries");
    };
    let (founding, second) = (rows::founding(), rows::second_key());
    anyhow::ensure!(store.found(&founding, found).await?, "the file has rows already");
    store.insert_key(&second, create).await?;
    let (organisation, project) = (founding.organisation.id, founding.project.id);
    store.revoke_key(organisation, project, second.key.id, rows::time(20), revoke).await?;
    store.insert_link(&rows::link(), link).await?;
    store.insert_link(&rows::used_link(), used_link).await?;
    let redeemed = store.redeem_link(&rows::used_link().token, &rows::session(), session).await?;
    anyhow::ensure!(redeemed, "the link was refused");
    store.open(&rows::opened(), chat).await?;
    store.settle(&rows::settled()).await?;
    store.open(&rows::running(), running).await?;
    store.append(refused).await?;
    let organisation = founding.organisation.id;
    store.subject_key(organisation, log_rows::subject(), log_rows::SUBJECT_KEY).await?;
    anyhow::ensure!(store.extend(&log_rows::extension()).await?, "the log was signed already");
    let vault = sealed(&store, path).await?;
    converse(&store.conversations(Arc::clone(&vault))).await?;
    store.open(&receipt_rows::opened(), &receipt_rows::entry()).await?;
    store.settle(&receipt_rows::settled()).await?;
    keep_accounts(&store).await?;
    let (identity, bound) = (identity_rows::identity(), identity_rows::entry());
    anyhow::ensure!(store.bind_identity(&identity, &bound).await?, "it is bound already");
    protect(&store).await?;
    provision(&store).await?;
    let entry = budget_rows::entry();
    let put = store.put_budget(&budget_rows::budget(), entry.at, &entry).await?;
    anyhow::ensure!(put, "no such account");
    work(&store, Arc::clone(&vault)).await?;
    collect(&store, vault).await?;
    store.close().await;
    Ok(())
}

async fn protect(store: &Store) -> anyhow::Result<()> {
    let entries = protection_rows::entries();
    let [made, ordered, removed, held] = &entries[..] else { anyhow::bail!("four entries") };
    let (leaver, order) = (protection_rows::leaver(), protection_rows::order());
    anyhow::ensure!(store.insert_account(&leaver, made).await?, "the name is taken");
    let begun = store.order_erasure(&order, ordered).await?;
    anyhow::ensure!(begun == ErasureOrdered::Done, "the order was refused");
    let (organisation, id) = (order.organisation, order.id);
    while store.erase_some(organisation, id, 100).await? {}
    let erased = store.erase_account(organisation, id, removed.at, removed).await?;
    anyhow::ensure!(erased, "the account was not removed");
    store.overwrite(organisation, &[id]).await?;
    store.conclude_erasure(organisation, id, protection_rows::CERTIFICATE).await?;
    anyhow::ensure!(store.place_hold(&protection_rows::hold(), held).await?, "no such account");
    Ok(())
}

async fn provision(store: &Store) -> anyhow::Result<()> {
    let entries = provisioning_rows::entries();
    let organisation = provisioning_rows::person().account.organisation;
    let (person, group) = (provisioning_rows::person(), provisioning_rows::group());
    let roles = vec![(person.account.id, domain::Role::Developer)];
    let put = ProvisioningChange::PutGroup { group, roles };
    for (change, entry) in [ProvisioningChange::Create(person), put].iter().zip(&entries) {
        let applied = store.apply(organisation, change, std::slice::from_ref(entry)).await?;
        anyhow::ensure!(applied == Applied::Done, "{applied:?}");
    }
    let (asked, opened) = (provisioning_rows::asked(), provisioning_rows::opened());
    store.insert_opening(&asked, &entries[2]).await?;
    anyhow::ensure!(store.update_opening(&asked, &opened, &entries[3]).await?, "it has changed");
    Ok(())
}

async fn work(store: &Store, vault: Arc<Vault>) -> anyhow::Result<()> {
    let entries = workload_rows::entries();
    let store = store.workloads(vault);
    store.keep(&workload_rows::file(), &entries[0]).await?;
    let inserted = JobStore::insert(&store, &workload_rows::job(), 9, &entries[1]).await?;
    anyhow::ensure!(inserted == JobInserted::Done, "{inserted:?}");
    let claim = store.claim(&[], rows::time(720)).await?.context("a job")?;
    let line = workload_rows::RESULT.to_owned();
    store.record(&claim, &[JobResult { number: 0, kind: ResultKind::Answer, line }]).await?;
    Ok(())
}

/// Documents without their bytes: nothing but the database is part of a fixture.
async fn collect(store: &Store, vault: Arc<Vault>) -> anyhow::Result<()> {
    let entries = library_rows::entries();
    let [made, shared, first, second, asked] = &entries[..] else {
        anyhow::bail!("five entries");
    };
    let (store, library) = (store.libraries(vault), library_rows::library());
    let refused = |refusal: Refusal| anyhow::anyhow!("{refusal:?}");
    LibraryStore::insert(&store, &library, 9, made).await?.map_err(refused)?;
    let share = library_rows::share();
    LibraryStore::share(&store, library_rows::anne(), &share, shared).await?.map_err(refused)?;
    let new = library_rows::version(1);
    DocumentStore::keep(&store, &new, first).await?.map_err(refused)?;
    let claim = store.claim(Stage::Read, &[]).await?.context("a version")?;
    let failed = Step::Failed(library_rows::failure());
    let done = store.advance(&[(claim, failed)], new.at).await?;
    anyhow::ensure!(done == [true], "the version has another state");
    let new = library_rows::version(2);
    DocumentStore::keep(&store, &new, second).await?.map_err(refused)?;
    TraceStore::keep(&store, &library_rows::trace(), asked).await?;
    Ok(())
}

async fn keep_accounts(store: &Store) -> anyhow::Result<()> {
    let entries = account_rows::entries();
    let [first, second, key, password, disabled] = &entries[..] else {
        anyhow::bail!("five entries");
    };
    let (anne, program) = (account_rows::anne(), account_rows::program());
    anyhow::ensure!(store.insert_account(&anne, first).await?, "the name is taken");
    anyhow::ensure!(store.insert_account(&program, second).await?, "the name is taken");
    store.insert_key(&account_rows::key(), key).await?;
    let organisation = anne.organisation;
    store.update_account(organisation, anne.id, &account_rows::password(), password).await?;
    store.update_account(organisation, program.id, &account_rows::disabled(), disabled).await?;
    Ok(())
}

/// With keys that everybody knows, written without entries: those of the log stay where they were.
async fn sealed(store: &Store, path: &Path) -> anyhow::Result<Arc<Vault>> {
    let custodian = Arc::new(MemoryCustodian::new(1));
    let elsewhere = Arc::new(Store::in_memory().await?);
    let entry = &log_rows::entries()[0];
    anyhow::ensure!(elsewhere.found(&rows::founding(), entry).await?, "not empty");
    let caller = operator_of(&rows::owner());
    vault_of(&elsewhere, custodian.clone(), 1).found(caller).await?;
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await?;
    for key in elsewhere.data_keys().await? {
        sqlx::query("INSERT INTO data_key VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .bind(key.organisation.as_uuid().as_bytes().to_vec())
            .bind(key.class.as_str())
            .bind(key.version)
            .bind(key.wrapping.as_bytes().to_vec())
            .bind(key.wrapped)
            .bind(rows::time(9).as_micros())
            .execute(&mut connection)
            .await?;
    }
    connection.close().await?;
    elsewhere.close().await;
    let vault = vault_of(&Arc::new(store.clone()), custodian, 2);
    vault.refresh().await?;
    Ok(Arc::new(vault))
}

async fn converse(store: &Conversations) -> anyhow::Result<()> {
    let entries = conversation_rows::entries();
    let [start, append, update, draft] = &entries[..] else {
        anyhow::bail!("four entries");
    };
    let begun = store.begin_turn(&conversation_rows::first_turn(), start).await?;
    anyhow::ensure!(begun == Begun::Started, "the first turn did not begin");
    store.finish_turn(&conversation_rows::finished()).await?;
    let begun = store.begin_turn(&conversation_rows::second_turn(), append).await?;
    anyhow::ensure!(begun == Begun::Started, "the second turn did not begin");
    store.save_progress(&conversation_rows::progress()).await?;
    let scope = conversation_rows::scope();
    let id = conversation_rows::first_turn().conversation;
    let changed = store.update(scope, id, &conversation_rows::change(), update).await?;
    anyhow::ensure!(matches!(changed, Updated::Changed(_)), "the conversation is not there");
    let typed = conversation_rows::draft();
    anyhow::ensure!(store.put_draft(scope, DraftOf::New, Some(&typed), draft).await?, "no draft");
    Ok(())
}
