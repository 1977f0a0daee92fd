//! The fakes pass the suites that the real implementations pass.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod fake_engine;
mod memory_witness;

use std::sync::Arc;

use testkit::{
    BudgetsUnderTest, ConversationsUnderTest, EngineUnderTest, FakeEngine, FakeUpstream,
    FilesUnderTest, JobsUnderTest, LibrariesUnderTest, MemoryStore, MemoryTraces, MemoryWitness,
    ProtectionUnderTest, TracesUnderTest, UpstreamBehaviour, UpstreamCase, UpstreamUnderTest,
    UsageUnderTest, WitnessUnderTest, access_suite, audit_suite, break_glass_suite, budget_suite,
    conversation_suite, embedding_suite, engine_suite, file_suite, identity_suite, job_suite,
    library_suite, log_suite, protection_suite, provisioning_suite, trace_suite, upstream_suite,
    usage_suite, witness_suite,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_identity_suite() {
    identity_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_provisioning_suite() {
    provisioning_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_break_glass_suite() {
    break_glass_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_access_suite() {
    access_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_audit_suite() {
    audit_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_log_suite() {
    log_suite(async || MemoryStore::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_usage_suite() {
    usage_suite(async || {
        let store = Arc::new(MemoryStore::default());
        UsageUnderTest {
            ledger: Arc::<MemoryStore>::clone(&store),
            audit: Arc::<MemoryStore>::clone(&store),
            rows: store,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_budget_suite() {
    budget_suite(async || {
        let store = Arc::new(MemoryStore::default());
        BudgetsUnderTest {
            budgets: Arc::<MemoryStore>::clone(&store),
            ledger: Arc::<MemoryStore>::clone(&store),
            access: Arc::<MemoryStore>::clone(&store),
            audit: store,
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_conversation_suite() {
    conversation_suite(async || {
        let store = Arc::new(MemoryStore::default());
        conversations(store)
    })
    .await;
}

fn conversations(store: Arc<MemoryStore>) -> ConversationsUnderTest {
    ConversationsUnderTest {
        vault: None,
        store: Arc::<MemoryStore>::clone(&store),
        ledger: Arc::<MemoryStore>::clone(&store),
        audit: Arc::<MemoryStore>::clone(&store),
        projects: store,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_protection_suite() {
    protection_suite(async || {
        let store = Arc::new(MemoryStore::default());
        ProtectionUnderTest {
            store: Arc::<MemoryStore>::clone(&store),
            conversations: conversations(store),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fake_engine_passes_the_engine_suite() {
    engine_suite(async || EngineUnderTest {
        engine: Arc::new(FakeEngine::new()),
        model: FakeEngine::model(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fake_engine_passes_the_embedding_suite() {
    embedding_suite(async || EngineUnderTest {
        engine: Arc::new(FakeEngine::new()),
        model: FakeEngine::embedder(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fake_upstream_passes_the_upstream_suite() {
    upstream_suite(async |case| {
        let upstream = FakeUpstream::new("paris", "elsewhere");
        match case {
            UpstreamCase::Answers => {}
            UpstreamCase::Stalls => upstream.behave(UpstreamBehaviour::Stalls),
            UpstreamCase::BreaksOff => upstream.behave(UpstreamBehaviour::BreaksOff),
            UpstreamCase::Denied => upstream.deny(Some("residency.denied")),
        }
        UpstreamUnderTest {
            model: "elsewhere".parse().expect("a model id"),
            embedder: "elsewhere-vectors".parse().expect("a model id"),
            other_end: Arc::new(upstream.clone()),
            upstream: Arc::new(upstream),
        }
    })
    .await;
}

#[tokio::test]
async fn memory_witness_passes_the_witness_suite() {
    witness_suite(async |verifier| {
        let witness = MemoryWitness::new(verifier);
        WitnessUnderTest::new(move || Box::new(witness.clone()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_file_suite() {
    file_suite(async || {
        let store = MemoryStore::default();
        FilesUnderTest { files: Arc::new(store.clone()), store }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_traces_pass_the_trace_suite() {
    trace_suite(async || {
        let store = MemoryStore::default();
        TracesUnderTest { traces: Arc::new(MemoryTraces::beside(store.clone())), store }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_job_suite() {
    job_suite(async || {
        let store = MemoryStore::default();
        JobsUnderTest { jobs: Arc::new(store.clone()), files: Arc::new(store.clone()), store }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_store_passes_the_library_suite() {
    library_suite(async || {
        let store = MemoryStore::default();
        LibrariesUnderTest {
            libraries: Arc::new(store.clone()),
            documents: Arc::new(store.clone()),
            readings: Arc::new(store.clone()),
            store,
        }
    })
    .await;
}
