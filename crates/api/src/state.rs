//! What the routes are made of.

use std::{sync::Arc, time::Duration};

use assistant::Assistant;
use async_trait::async_trait;
use axum::Router;
use domain::{Clock, IdSource};
use governance::{
    Access, Assessments, BreakGlass, Erasures, Holds, Identities, Log, Provisioning, Rulebook,
    Trail,
};
use inference::{Budgets, Chat, Embeddings, Models, Receipts, UsageReports};
use knowledge::{Answers, Documents, EvidenceRecords, Libraries, PageImages, Search, Traces};
use metrics_exporter_prometheus::PrometheusHandle;
use workloads::{Files, Jobs};

use crate::{permission::Permissions, router::routes, sign_in_gate::SignInGate};

/// Whether the parts of the server that no route owns can do their work.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether the store can be read now.
    async fn store_answers(&self) -> bool;

    /// Whether the server is finishing its last requests.
    fn is_stopping(&self) -> bool;

    /// Whether conversations cannot be read: the key that wraps their keys is not at hand.
    fn texts_are_locked(&self) -> bool;

    /// How many models are imported and refused: changed, or vouched for by nobody.
    fn models_refused(&self) -> usize;
}

/// Whose words the `type` of a model is told in. The clients of each read nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelTypes {
    /// Where it comes from.
    #[default]
    Mistral,
    /// What it is for.
    Albert,
}

/// Bounds and names that an installation may change.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Names, besides those of this machine, under which the server may be asked.
    pub hosts: Vec<String>,
    /// Whether browsers may send the session cookie over https alone.
    pub secure_cookie: bool,
    /// Whether the identity provider sends browsers back over https; they get cookies for https
    /// alone then.
    pub returns_encrypted: bool,
    pub model_types: ModelTypes,
    /// A stream that has nothing to say for so long says that it is alive.
    pub keep_alive: Duration,
    pub body_bytes_max: usize,
    /// A body must have arrived after so long.
    pub body_deadline: Duration,
    /// With links, of all browsers together.
    pub sign_ins_per_minute_max: u32,
    /// With passwords, of all browsers together: each takes some 25 ms of a core. How often one
    /// name is tried is bounded besides.
    pub passwords_per_minute_max: u32,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            secure_cookie: false,
            returns_encrypted: false,
            model_types: ModelTypes::default(),
            keep_alive: Duration::from_secs(10),
            body_bytes_max: 4 * 1024 * 1024,
            body_deadline: Duration::from_secs(30),
            sign_ins_per_minute_max: 30,
            passwords_per_minute_max: 600,
        }
    }
}

/// What [`ApiState`] is made of.
pub struct ApiParts {
    pub access: Access,
    /// Sign-in with an identity provider, if one is set.
    pub identities: Option<Identities>,
    /// Accounts and groups as an identity provider says.
    pub provisioning: Provisioning,
    pub break_glass: BreakGlass,
    pub trail: Trail,
    pub rules: Rulebook,
    pub log: Log,
    pub chat: Chat,
    pub embeddings: Embeddings,
    pub assistant: Assistant,
    pub files: Files,
    pub jobs: Jobs,
    pub libraries: Libraries,
    pub documents: Documents,
    /// Of these documents.
    pub page_images: PageImages,
    pub search: Search,
    pub answers: Answers,
    pub traces: Traces,
    pub evidence: EvidenceRecords,
    pub models: Models,
    pub receipts: Receipts,
    pub assessments: Assessments,
    pub erasures: Erasures,
    pub holds: Holds,
    /// The same that chat and embeddings ask.
    pub budgets: Budgets,
    pub usage: UsageReports,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub readiness: Arc<dyn Readiness>,
    /// Of the recorder that [`recorder`](crate::recorder) made.
    pub metrics: PrometheusHandle,
    pub settings: ApiSettings,
    /// Serves every path outside the API: the page.
    pub page: Option<Router>,
}

/// What the routes share. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    parts: Arc<ApiParts>,
    pub(crate) sign_ins: Arc<SignInGate>,
    pub(crate) passwords: Arc<SignInGate>,
    pub(crate) permissions: Arc<Permissions>,
}

impl ApiState {
    pub fn new(parts: ApiParts) -> Self {
        let sign_ins = Arc::new(SignInGate::new(parts.settings.sign_ins_per_minute_max));
        let permissions = Arc::new(Permissions::of(routes().get_openapi()));
        let passwords = Arc::new(SignInGate::new(parts.settings.passwords_per_minute_max));
        Self { parts: Arc::new(parts), sign_ins, passwords, permissions }
    }
}

impl std::ops::Deref for ApiState {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.parts
    }
}
