//! Fakes and conformance suites for every port. A dev-dependency only.
//!
//! A new implementation of a port passes its suite: [`access_suite`], [`audit_suite`],
//! [`identity_suite`], [`provisioning_suite`], [`break_glass_suite`], [`protection_suite`], [`usage_suite`], [`budget_suite`],
//! [`log_suite`], [`witness_suite`], [`engine_suite`], [`embedding_suite`],
//! [`upstream_suite`], [`conversation_suite`], [`file_suite`], [`job_suite`], [`library_suite`], [`index_suite`],
//! [`parser_suite`], [`trace_suite`]. The fakes pass them too, so a test on [`MemoryStore`], [`MemoryWitness`],
//! [`MemoryIndex`], [`MemoryTraces`], [`FakeEngine`] or [`FakeUpstream`] says something about the real ones.
//! [`UnrulyParser`], [`FakeEmbedder`] and [`FakeIndex`] stand for what reads and finds documents.
#![expect(clippy::expect_used, reason = "a suite fails by panicking; nothing ships this crate")]

mod access_suite;
mod audit_suite;
mod break_glass_suite;
mod budget_suite;
mod clock;
mod conversation_suite;
mod embedding_suite;
mod engine_suite;
mod fake_embedder;
mod fake_engine;
mod fake_index;
mod fake_parser;
mod fake_provider;
mod fake_upstream;
mod file_suite;
mod identity_suite;
mod index_suite;
mod job_suite;
mod library_suite;
mod log_suite;
mod memory_index;
mod memory_store;
mod memory_traces;
mod memory_witness;
mod parser_suite;
mod provisioning_suite;
mod random;
mod sample_log;
mod samples;
mod trace_suite;
mod tree;
mod unruly_parser;
mod upstream_suite;
mod usage_record;
mod usage_suite;
mod vault;
mod witness_suite;

pub use access_suite::access_suite;
pub use audit_suite::audit_suite;
pub use break_glass_suite::break_glass_suite;
pub use budget_suite::{BudgetsUnderTest, budget_suite, without_budgets};
pub use clock::SimulatedClock;
pub use conversation_suite::{
    ConversationsUnderTest, ProtectionUnderTest, conversation_suite, protection_suite,
};
pub use embedding_suite::embedding_suite;
pub use engine_suite::{EngineUnderTest, engine_suite};
pub use fake_embedder::{EmbedderBehaviour, FakeEmbedder};
pub use fake_engine::{Behaviour, Counts, FakeEngine, Stepper};
pub use fake_index::FakeIndex;
pub use fake_parser::FakeParser;
pub use fake_provider::FakeProvider;
pub use fake_upstream::{FakeUpstream, UpstreamBehaviour, UpstreamCounts};
pub use file_suite::{FilesUnderTest, file_suite};
pub use identity_suite::identity_suite;
pub use index_suite::{IndexUnderTest, index_suite};
pub use job_suite::{JobsUnderTest, job_suite};
pub use library_suite::{LibrariesUnderTest, library_suite};
pub use log_suite::log_suite;
pub use memory_index::MemoryIndex;
pub use memory_store::MemoryStore;
pub use memory_traces::MemoryTraces;
pub use memory_witness::MemoryWitness;
pub use parser_suite::parser_suite;
pub use provisioning_suite::provisioning_suite;
pub use random::{Random, SeededIds, SeededSecrets};
pub use sample_log::SampleLog;
pub use samples::{Samples, deployment};
pub use trace_suite::{TracesUnderTest, trace_suite};
pub use unruly_parser::{ParserBehaviour, UnrulyParser};
pub use upstream_suite::{OtherEnd, UpstreamCase, UpstreamUnderTest, upstream_suite};
pub use usage_record::UsageRows;
pub use usage_suite::{UsageUnderTest, usage_suite};
pub use vault::{MemoryCustodian, operator_of, vault_at, vault_of};
pub use witness_suite::{WitnessUnderTest, witness_suite};
