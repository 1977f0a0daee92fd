//! What answers requests: noted with each of them, since it may be another one tomorrow.

/// The engine at work and what its operator declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub engine: AnsweredBy,
    pub declared: Declared,
}

/// What computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The engine of this server.
    Here(EngineBuild),
    Upstream(UpstreamEngine),
}

/// An engine that runs elsewhere, as the settings name it. Nobody here has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamEngine {
    /// Of the upstream.
    pub id: String,
    /// The program, as `vllm`.
    pub kind: String,
    /// Scheme, host and port that requests are sent to.
    pub party: String,
    /// Whether it runs on machines of the organisation that runs this installation.
    pub is_own: bool,
}

/// Which program computes, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineBuild {
    pub version: String,
    /// Of the source, where the build was told it.
    pub commit: Option<String>,
    /// Instructions of the processor.
    pub cpu_path: String,
    /// How exactly keys and values are kept.
    pub kv_cache_type: String,
}

/// What the operator says of place and law. Nobody has checked it; what is not said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The operator's name for the place.
    pub site: String,
    pub grid_zone: String,
    /// Where the machine stands.
    pub country: Option<String>,
    /// The legal person that runs it.
    pub operator: Option<String>,
    /// Whose law the operator is under.
    pub operator_country: Option<String>,
    /// Whose law the company at the top of the operator's group is under.
    pub parent_country: Option<String>,
}
