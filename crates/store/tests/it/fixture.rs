//! Databases that earlier versions wrote are read by this one.

#[path = "../fixtures/v0001/rows.rs"]
mod rows;

#[path = "../fixtures/v0002/log_rows.rs"]
mod log_rows;

#[path = "../fixtures/v0003/conversation_rows.rs"]
mod conversation_rows;

#[path = "../fixtures/v0004/receipt_rows.rs"]
mod receipt_rows;

#[path = "../fixtures/v0005/account_rows.rs"]
mod account_rows;

#[path = "../fixtures/v0007/identity_rows.rs"]
mod identity_rows;

#[path = "../fixtures/v0010/budget_rows.rs"]
mod budget_rows;
#[path = "../fixtures/v0008/protection_rows.rs"]
mod protection_rows;
#[path = "../fixtures/v0009/provisioning_rows.rs"]
mod provisioning_rows;

#[path = "../fixtures/v0011/workload_rows.rs"]
mod workload_rows;

#[path = "../fixtures/v0013/library_rows.rs"]
mod library_rows;

mod conversation;

use std::{fs, path::PathBuf, sync::Arc};

use domain::{Account, OrganisationId, Role, Timestamp};
use governance::{
    AuditEntry, ErasedClass, ErasureState, PasswordDigest,
    ports::{
        AccessStore as _, AuditStore as _, BreakGlassStore as _, EntryRef, IdentityStore as _,
        LogStore, ProtectionStore as _, ProvisioningStore as _,
    },
};
use inference::{
    UsageFigures, UsageRecord,
    ports::{BudgetStore as _, UsageLedger},
};
use knowledge::{
    Library, LibraryAccess, ReadingState, VersionQuery, Wanted,
    ports::{DocumentStore as _, LibraryStore as _, ReadingStore as _, Stage, TraceStore as _},
};
use store::Store;
use tempfile::TempDir;
use testkit::{MemoryCustodian, UsageRows as _, operator_of, vault_of};
use transparency_log::{Checkpoint, SignedNote, decode_tile};
use workloads::{
    BatchJob, JobState,
    ports::{FileStore as _, JobStore as _, ResultKind},
};

use crate::rows::Rows;

const VERSIONS: [&str; 13] = [
    "v0001", "v0002", "v0003", "v0004", "v0005", "v0006", "v0007", "v0008", "v0009", "v0010",
    "v0011", "v0012", "v0013",
];

/// A copy: opening a database may change it.
fn copy(version: &str) -> (TempDir, PathBuf) {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let source = format!("{fixtures}/{version}/galerne.db");
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("galerne.db");
    // Not a copy of the file's mode: a checkout may be read-only.
    fs::write(&path, fs::read(source).expect("the fixture")).expect("copied");
    (directory, path)
}

fn organisation() -> OrganisationId {
    rows::founding().organisation.id
}

#[tokio::test]
async fn tenants_keys_links_and_sessions_are_there() {
    for version in VERSIONS {
        tenants_are_there(version).await;
    }
}

async fn tenants_are_there(version: &str) {
    let (_directory, path) = copy(version);
    let store = Store::open(&path).await.expect("opened");
    let founding = rows::founding();
    let home = store.home().await.expect("read");
    assert_eq!(home, Some((founding.organisation.clone(), founding.project.clone())));
    let key = store.pseudonym_key(organisation()).await.expect("read");
    assert_eq!(key, Some(founding.pseudonym_key));
    let first = store.find_key(founding.key.key.id).await.expect("read");
    assert_eq!(first, Some((founding.key.clone(), founding.owner.clone())));
    let owner = store.owner(organisation()).await.expect("read");
    assert_eq!(owner, Some(founding.owner.clone()));
    let accounts = store.list_accounts(organisation()).await.expect("read");
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let expected: &[_] = match version {
        "v0009" | "v0010" | "v0011" | "v0012" | "v0013" => {
            &["anne@ministere.example", "bob@ministere.example", "ci-7", "owner"]
        }
        "v0005" | "v0006" | "v0007" | "v0008" => &["anne@ministere.example", "ci-7", "owner"],
        _ => &["owner"],
    };
    assert_eq!(names, expected);
    let mut second = rows::second_key();
    second.key.revoked_at = Some(rows::time(20));
    let listed = store.list_keys(organisation(), founding.project.id).await.expect("read");
    let mut expected = vec![second.key, founding.key.key.clone()];
    if version >= "v0005" {
        expected.insert(0, account_rows::key().key);
    }
    assert_eq!(listed, expected);

    let at = rows::time(45);
    let link = store.find_link(&rows::link().token, at).await.expect("read");
    assert_eq!(link, Some(rows::link()));
    let used = store.find_link(&rows::used_link().token, at).await.expect("read");
    assert_eq!(used, None);
    let session = store.find_session(&rows::session().token, at).await.expect("read");
    assert_eq!(session, Some((rows::session(), founding.owner)));
}

#[tokio::test]
async fn usage_and_audit_are_there() {
    for version in VERSIONS {
        usage_is_there(version).await;
    }
}

/// The row of the fourth version that says what answered.
fn told() -> UsageRecord {
    let settled = receipt_rows::settled();
    UsageRecord {
        opened: receipt_rows::opened(),
        outcome: "finished".to_owned(),
        settled_at: Some(settled.settled_at),
        figures: Some(UsageFigures::from(&settled.usage)),
    }
}

async fn usage_is_there(version: &str) {
    let (_directory, path) = copy(version);
    let store = Store::open(&path).await.expect("opened");
    // The first version did not say which request an entry is about.
    let entries = if version == "v0001" { rows::entries() } else { log_rows::entries() };
    let (refused, ours) = entries.split_last().expect("entries");
    let mut numbered: Vec<_> = (1..).zip(ours.iter().cloned()).collect();
    if version >= "v0003" {
        numbered.extend((10..).zip(conversation_rows::entries()));
    }
    if version >= "v0004" {
        numbered.push((14, receipt_rows::entry()));
    }
    if version >= "v0005" {
        numbered.extend((15..).zip(account_rows::entries()));
    }
    if version >= "v0007" {
        numbered.push((20, identity_rows::entry()));
    }
    if version >= "v0008" {
        numbered.extend((21..).zip(protection_rows::entries()));
    }
    if version >= "v0009" {
        numbered.extend((25..).zip(provisioning_rows::entries()));
    }
    if version >= "v0010" {
        numbered.push((29, budget_rows::entry()));
    }
    if version >= "v0011" {
        numbered.extend((30..).zip(workload_rows::entries()));
    }
    if version >= "v0013" {
        numbered.extend((32..).zip(library_rows::entries()));
    }
    let read = store.read_after(Some(organisation()), 0, 100).await.expect("read");
    assert_eq!(read, numbered);
    let read = store.read_after(None, 0, 100).await.expect("read");
    assert_eq!(read, [(9, refused.clone())]);

    let settled = rows::settled();
    let finished = UsageRecord {
        opened: rows::opened(),
        outcome: "finished".to_owned(),
        settled_at: Some(settled.settled_at),
        figures: Some(UsageFigures::from(&settled.usage)),
    };
    let ended = |outcome: &str, settled_at: Option<Timestamp>| UsageRecord {
        opened: rows::running(),
        outcome: outcome.to_owned(),
        settled_at,
        figures: None,
    };
    let told = (version >= "v0004").then(told);
    let usage = Rows(path);
    let expected = [finished.clone(), ended("running", None)].into_iter().chain(told.clone());
    assert_eq!(usage.usage_rows(organisation()).await, expected.collect::<Vec<_>>());
    let found = UsageLedger::find(&store, &rows::caller(), rows::opened().request).await;
    assert_eq!(found.expect("read"), Some(finished.clone()), "without what was not noted then");
    let found = UsageLedger::find(&store, &rows::caller(), receipt_rows::opened().request).await;
    assert_eq!(found.expect("read"), told);

    let at = rows::time(100);
    assert_eq!(UsageLedger::close_interrupted(&store, at).await.expect("closed"), 1);
    let expected = [finished, ended("interrupted", Some(at))].into_iter().chain(told);
    assert_eq!(usage.usage_rows(organisation()).await, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_log_is_there_or_begins() {
    let (_directory, path) = copy("v0001");
    let store = Store::open(&path).await.expect("opened");
    assert_eq!(store.entry_count().await.expect("read"), 9);
    assert_eq!(store.newest_checkpoint().await.expect("read"), None);
    assert_eq!(store.newest_at().await.expect("read"), rows::time(9));
    assert!(store.extend(&log_rows::extension()).await.expect("extended"));

    log_is_there("v0002", rows::entries()).await;
    let mut entries = [rows::entries(), conversation_rows::entries()].concat();
    log_is_there("v0003", entries.clone()).await;
    entries.push(receipt_rows::entry());
    log_is_there("v0004", entries.clone()).await;
    entries.extend(account_rows::entries());
    log_is_there("v0005", entries.clone()).await;
    log_is_there("v0006", entries.clone()).await;
    entries.push(identity_rows::entry());
    log_is_there("v0007", entries.clone()).await;
    entries.extend(protection_rows::entries());
    log_is_there("v0008", entries.clone()).await;
    entries.extend(provisioning_rows::entries());
    log_is_there("v0009", entries.clone()).await;
    entries.push(budget_rows::entry());
    log_is_there("v0010", entries.clone()).await;
    entries.extend(workload_rows::entries());
    log_is_there("v0011", entries.clone()).await;
    log_is_there("v0012", entries.clone()).await;
    entries.extend(library_rows::entries());
    log_is_there("v0013", entries).await;
}

async fn log_is_there(version: &str, entries: Vec<AuditEntry>) {
    let (_directory, path) = copy(version);
    let store = Store::open(&path).await.expect("opened");
    assert_eq!(store.entry_count().await.expect("read"), entries.len() as u64);
    let bytes: Vec<_> = entries.into_iter().map(|entry| entry.canonical).collect();
    assert_eq!(LogStore::entries(&store, 0, 100).await.expect("read"), bytes);
    let expected = log_rows::extension();
    assert_eq!(store.newest_checkpoint().await.expect("read"), Some(expected.note.clone()));
    let tile = store.tile(0, 0).await.expect("read").expect("a tile");
    assert_eq!(decode_tile(&tile).expect("hashes"), expected.tiles[0].1);
    let note = SignedNote::parse(&expected.note).expect("a note");
    assert_eq!(Checkpoint::open(&note, &log_rows::signer().verifier()).expect("signed").size, 9);
    let found = store.find_entry(EntryRef::Request(rows::opened().request)).await.expect("read");
    assert_eq!(found.map(|found| found.index), Some(6));
    let key = store.subject_key(organisation(), log_rows::subject(), [0; 32]).await;
    assert_eq!(key.expect("read"), Some(log_rows::SUBJECT_KEY));
}

/// Whatever a later version adds, the fixture of this one stays as it was written.
#[test]
fn the_fixtures_are_frozen() {
    VERSIONS.into_iter().for_each(fixture_is_frozen);
}

fn fixture_is_frozen(version: &str) {
    let (_directory, path) = copy(version);
    let bytes = fs::read(path).expect("the fixture");
    assert_eq!(&bytes[..16], b"SQLite format 3\0");
    assert!(bytes.len() < 256 * 1024, "a small file");
    // The application id stands at offset 68 of every SQLite file.
    assert_eq!(&bytes[68..72], b"GLRN");
}

#[tokio::test]
async fn accounts_are_there() {
    for version in ["v0005", "v0006"] {
        accounts_are_in(version).await;
    }
}

async fn accounts_are_in(version: &str) {
    let (_directory, path) = copy(version);
    let store = Store::open(&path).await.expect("opened");
    let (anne, program) = (account_rows::anne(), account_rows::program());
    let disabled_at = account_rows::disabled().disabled_at.expect("changed");
    let program = Account { disabled_at, ..program };
    let listed = store.list_accounts(organisation()).await.expect("read");
    assert_eq!(listed, [anne.clone(), program.clone(), rows::owner()]);
    let found = store.find_account(&anne.name).await.expect("read").expect("there");
    let password = found.password.as_ref().map(PasswordDigest::as_str);
    assert_eq!((found.account, password), (anne, Some(account_rows::DIGEST)));
    let key = account_rows::key();
    let found = store.find_key(key.key.id).await.expect("read");
    assert_eq!(found, Some((key, program)));
}

#[tokio::test]
async fn identities_are_there() {
    let (_directory, path) = copy("v0007");
    let store = Store::open(&path).await.expect("opened");
    let found = store.find_identity(&identity_rows::identity().hash).await.expect("read");
    assert_eq!(found, Some(account_rows::anne()));
}

#[tokio::test]
async fn erasures_and_holds_are_there() {
    let (_directory, path) = copy("v0008");
    let store = Store::open(&path).await.expect("opened");
    let order = protection_rows::order();
    let found = store.erasure(organisation(), order.id).await.expect("read").expect("there");
    assert_eq!((found.subject, found.reason), (order.subject, order.reason));
    assert_eq!((found.state, found.account), (ErasureState::Done, None));
    assert_eq!(found.certificate.as_deref(), Some(protection_rows::CERTIFICATE));
    assert_eq!(found.erased.get(&ErasedClass::Accounts), Some(&1));
    let holds = store.holds(organisation()).await.expect("read");
    assert_eq!(holds, [protection_rows::hold()]);
}

#[tokio::test]
async fn what_a_provider_said_is_there() {
    let (_directory, path) = copy("v0009");
    let store = Store::open(&path).await.expect("opened");
    let persons = store.persons(organisation()).await.expect("read");
    let mut expected = provisioning_rows::person();
    expected.account.role = Role::Developer;
    assert!(persons.contains(&expected), "{persons:?}");
    let groups = store.groups(organisation()).await.expect("read");
    assert_eq!(groups, [provisioning_rows::group()]);
    let found = store.find_external(organisation(), "4712").await.expect("read");
    assert_eq!(found, Some(expected.account));
    let openings = store.openings(organisation()).await.expect("read");
    assert_eq!(openings, [provisioning_rows::opened()]);
}

#[tokio::test]
async fn files_and_batch_jobs_are_there() {
    let (_directory, path) = copy("v0011");
    let store = Store::open(&path).await.expect("opened");
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    vault.refresh().await.expect("open");
    let workloads = store.workloads(Arc::new(vault));
    let owner = workload_rows::owner();
    let file = workload_rows::file();
    assert_eq!(workloads.file(owner, file.id).await.expect("read"), Some(file));
    let job = workload_rows::job();
    let mut expected = BatchJob {
        state: JobState::Running,
        started_at: Some(rows::time(720)),
        ..workload_rows::job()
    };
    expected.counts.succeeded = 1;
    assert_eq!(workloads.job(owner, job.id).await.expect("read"), Some(expected));
    let claim = workloads.claim(&[], rows::time(730)).await.expect("read").expect("a job");
    let kind = ResultKind::Answer;
    let results = workloads.results(&claim, kind, None, 9).await.expect("read");
    assert_eq!(results[0].line, workload_rows::RESULT);
}

#[tokio::test]
async fn libraries_are_there() {
    let (_directory, path) = copy("v0013");
    let store = Store::open(&path).await.expect("opened");
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    vault.refresh().await.expect("open");
    let libraries = store.libraries(Arc::new(vault));
    let (library, bob) = (library_rows::library(), library_rows::bob());
    let found = libraries.library(bob, library.id).await.expect("read").expect("there");
    assert_eq!(found.access, LibraryAccess::Editor, "by the group");
    assert_eq!(found.library, Library { documents: 1, bytes: 203, ..library });
    let shares = libraries.shares(bob, library.id).await.expect("read").expect("an editor");
    assert_eq!(shares, [library_rows::share()]);
    let (first, second) = (library_rows::version(1), library_rows::version(2));
    let wanted = Wanted { document: second.document, number: None, at: second.at };
    let document = libraries.document(bob, wanted).await.expect("read").expect("there");
    assert_eq!(Some(document.name), first.name);
    assert_eq!(Some(document.attributes), first.attributes);
    assert_eq!(document.added_by, Some(library_rows::anne().account));
    assert_eq!((document.versions, document.current.number), (2, 2));
    assert_eq!(document.current.digest, second.digest);
    let query = VersionQuery { document: second.document, limit: 1, before: Some(2) };
    let versions = libraries.versions(bob, &query).await.expect("read").expect("seen");
    assert_eq!(versions[0].state, ReadingState::Failed);
    assert_eq!(versions[0].failure, Some(library_rows::failure()));
    let claim = libraries.claim(Stage::Read, &[]).await.expect("read").expect("a version");
    assert_eq!((claim.key, claim.digest), (document.current.key, second.digest));
    let (anne, trace) = (account_rows::anne(), library_rows::trace());
    let caller = operator_of(&anne);
    let found = libraries.find(&caller, trace.id).await.expect("read");
    assert_eq!(found, Some(trace));
}

#[tokio::test]
async fn limits_are_there() {
    let (_directory, path) = copy("v0010");
    let store = Store::open(&path).await.expect("opened");
    let budgets = store.budgets(organisation()).await.expect("read");
    assert_eq!(budgets, [budget_rows::budget()]);
}
