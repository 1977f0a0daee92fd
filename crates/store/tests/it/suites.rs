use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use store::Store;
use tempfile::TempDir;
use testkit::{
    BudgetsUnderTest, ConversationsUnderTest, FilesUnderTest, JobsUnderTest, LibrariesUnderTest,
    MemoryCustodian, ProtectionUnderTest, TracesUnderTest, UsageUnderTest, access_suite,
    audit_suite, break_glass_suite, budget_suite, conversation_suite, file_suite, identity_suite,
    job_suite, library_suite, log_suite, protection_suite, provisioning_suite, trace_suite,
    usage_suite, vault_of,
};

use crate::rows::Rows;

/// Makes databases that are gone with it.
struct Databases {
    directory: TempDir,
    count: AtomicU32,
}

impl Databases {
    fn new() -> Self {
        Self { directory: TempDir::new().expect("a directory"), count: AtomicU32::new(0) }
    }

    fn path(&self) -> std::path::PathBuf {
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        self.directory.path().join(format!("{number}.db"))
    }

    async fn store(&self) -> Store {
        Store::open(&self.path()).await.expect("opened")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_identity_suite() {
    let databases = Databases::new();
    identity_suite(async || databases.store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_provisioning_suite() {
    let databases = Databases::new();
    provisioning_suite(async || databases.store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_break_glass_suite() {
    let databases = Databases::new();
    break_glass_suite(async || databases.store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_access_suite() {
    let databases = Databases::new();
    access_suite(async || databases.store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_audit_suite() {
    let databases = Databases::new();
    audit_suite(async || databases.store().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_usage_suite() {
    let databases = Databases::new();
    usage_suite(async || {
        let path = databases.path();
        let store = Arc::new(Store::open(&path).await.expect("opened"));
        UsageUnderTest {
            ledger: Arc::<Store>::clone(&store),
            audit: store,
            rows: Arc::new(Rows(path)),
        }
    })
    .await;
}

fn budgets(first: &Store, second: &Store) -> BudgetsUnderTest {
    BudgetsUnderTest {
        budgets: Arc::new(first.clone()),
        ledger: Arc::new(second.clone()),
        access: Arc::new(second.clone()),
        audit: Arc::new(second.clone()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_budget_suite() {
    let databases = Databases::new();
    budget_suite(async || {
        let store = databases.store().await;
        budgets(&store, &store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_pass_the_budget_suite() {
    let databases = Databases::new();
    budget_suite(async || {
        let path = databases.path();
        let first = Store::open(&path).await.expect("opened");
        let second = Store::open(&path).await.expect("opened beside the first");
        budgets(&first, &second)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_log_suite() {
    let databases = Databases::new();
    log_suite(async || databases.store().await).await;
}

fn conversations(first: &Store, second: &Store) -> ConversationsUnderTest {
    let vault = vault_of(&Arc::new(second.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    let vault = Arc::new(vault);
    ConversationsUnderTest {
        store: Arc::new(first.conversations(Arc::clone(&vault))),
        vault: Some(vault),
        ledger: Arc::new(second.clone()),
        audit: Arc::new(second.clone()),
        projects: Arc::new(second.clone()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_conversation_suite() {
    let databases = Databases::new();
    conversation_suite(async || {
        let store = databases.store().await;
        conversations(&store, &store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_passes_the_conversation_suite() {
    conversation_suite(async || {
        let store = Store::in_memory().await.expect("opened");
        conversations(&store, &store)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_pass_the_conversation_suite() {
    let databases = Databases::new();
    conversation_suite(async || {
        let path = databases.path();
        let first = Store::open(&path).await.expect("opened");
        let second = Store::open(&path).await.expect("opened beside the first");
        conversations(&first, &second)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_protection_suite() {
    let databases = Databases::new();
    protection_suite(async || {
        let store = databases.store().await;
        let conversations = conversations(&store, &store);
        ProtectionUnderTest { store: Arc::new(store), conversations }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_passes_the_protection_suite() {
    protection_suite(async || {
        let store = Store::in_memory().await.expect("opened");
        let conversations = conversations(&store, &store);
        ProtectionUnderTest { store: Arc::new(store), conversations }
    })
    .await;
}

/// Two stores on one file stand for two processes: each call goes to the other one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_pass_the_usage_suite() {
    let databases = Databases::new();
    usage_suite(async || {
        let path = databases.path();
        let first = Store::open(&path).await.expect("opened");
        let second = Store::open(&path).await.expect("opened beside the first");
        UsageUnderTest {
            ledger: Arc::new(first),
            audit: Arc::new(second),
            rows: Arc::new(Rows(path)),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_passes_the_suites() {
    access_suite(async || Store::in_memory().await.expect("opened")).await;
    audit_suite(async || Store::in_memory().await.expect("opened")).await;
    log_suite(async || Store::in_memory().await.expect("opened")).await;
}

pub(crate) async fn workloads(store: &Store) -> Arc<store::Workloads> {
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    vault.refresh().await.expect("open");
    Arc::new(store.workloads(Arc::new(vault)))
}

/// In a folder of its own: the bytes of files lie beside their database.
async fn alone(databases: &Databases) -> Store {
    let folder = databases.path();
    std::fs::create_dir(&folder).expect("made");
    Store::open(&folder.join("galerne.db")).await.expect("opened")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_file_suite() {
    let databases = Databases::new();
    file_suite(async || {
        let store = alone(&databases).await;
        FilesUnderTest { files: workloads(&store).await, store }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_job_suite() {
    let databases = Databases::new();
    job_suite(async || {
        let store = alone(&databases).await;
        let workloads = workloads(&store).await;
        JobsUnderTest { jobs: workloads.clone(), files: workloads, store }
    })
    .await;
}

pub(crate) async fn libraries(store: &Store) -> Arc<store::Libraries> {
    let vault = vault_of(&Arc::new(store.clone()), Arc::new(MemoryCustodian::new(1)), 1);
    vault.refresh().await.expect("open");
    Arc::new(store.libraries(Arc::new(vault)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_trace_suite() {
    let databases = Databases::new();
    trace_suite(async || {
        let store = alone(&databases).await;
        TracesUnderTest { traces: libraries(&store).await, store }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_passes_the_library_suite() {
    let databases = Databases::new();
    library_suite(async || {
        let store = alone(&databases).await;
        let libraries = libraries(&store).await;
        LibrariesUnderTest {
            libraries: libraries.clone(),
            documents: libraries.clone(),
            readings: libraries,
            store,
        }
    })
    .await;
}
