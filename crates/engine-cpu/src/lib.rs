//! The CPU inference engine: model files, tokenizer, transformer, continuous batching, metering.
//!
//! Start at [`CpuEngine`], which answers the port `inference::ports::Engine`. A request becomes a
//! sequence of the scheduler (one thread of its own); each step of the scheduler runs the forward
//! pass over one batch of tokens, with all workers at once; what prompts of one project have in
//! common at their beginning is computed once; [`Direct`] runs the same forward pass without
//! scheduler, for comparisons with other engines.
//!
//! **Never here:** HTTP, storage, who may ask what.

pub mod checkpoint;
pub mod gguf;
pub mod sampler;
pub mod template;
pub mod text_stream;
pub mod tokenizer;

mod adapter;
mod direct;
mod encoder;
mod energy;
mod engine;
mod forward;
mod grammar;
mod hub;
mod kv_cache;
mod kv_memory;
mod model;
mod prefix_tree;
mod scheduler;
mod served;
mod served_encoder;
mod shared_buffer;
mod tools;
mod weights_cache;
mod workers;

pub use adapter::AdapterError;
pub use cpu_kernels::{KvPrecision, PathKind};
pub use direct::{Direct, DirectError};
pub use encoder::{EncoderConfig, Pooling};
pub use energy::PowerSources;
pub use engine::{CpuEngine, EngineOptions, StartError};
pub use kv_cache::KvBytes;
pub use model::{
    Activation, Architecture, ConfigError, Experts, LayerAttention, LayerRope, LoadProgress,
    Loading, Model, ModelConfig, ModelError, Perturbation, PositionScaling, QueryGrowth, Rope,
    WeightsKey, Yarn,
};
pub use served::{LoadError, ModelFile};
pub use weights_cache::{KeepError, UnkeptWeights, WeightsCacheOptions};
