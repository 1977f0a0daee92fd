//! The engines that run elsewhere: how each is, who answers what, and who is asked next when the
//! first does not answer.

mod error;
mod estimate;
mod exchange;
mod prefixes;
mod unanswered;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Clock, ModelId, ProjectId, RequestId, Timestamp};
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use crate::{
    Health, ModelCard, ModelPurpose,
    health::Breaker,
    ports::{Upstream, UpstreamCard, UpstreamError, UpstreamId},
    routing::{self, Candidate, Decision, NoRoute, Nobody, Share},
};
use prefixes::Prefixes;

pub use error::GatewayError;
pub(crate) use exchange::{Answering, Seat, Sent};

/// How often upstreams that are not well are looked at.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// The upstreams of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

/// What [`Gateway`] is made of.
pub struct GatewayParts {
    /// In the order of the settings.
    pub upstreams: Vec<Arc<dyn Upstream>>,
    pub shares: Vec<ShareRule>,
    /// Of the grid that the engine of this server hangs on.
    pub grams_per_kwh: f64,
    pub clock: Arc<dyn Clock>,
}

/// How much of the requests for a model goes to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareRule {
    pub model: ModelId,
    /// `None`: of every project that has no rule of its own.
    pub project: Option<ProjectId>,
    /// An upstream, or `here`.
    pub to: String,
    /// 0 to 100.
    pub percent: u8,
}

struct Inner {
    members: Vec<Member>,
    shares: Vec<ShareRule>,
    grams_per_kwh: f64,
    prefixes: Mutex<Prefixes>,
    clock: Arc<dyn Clock>,
    since: Timestamp,
    /// Counts requests, those too that nothing was sent of yet.
    requests: TaskTracker,
    /// Ends every exchange.
    cut: CancellationToken,
}

pub(crate) struct Member {
    upstream: Arc<dyn Upstream>,
    running: AtomicUsize,
    breaker: Mutex<Breaker>,
}

/// How an upstream is now.
#[derive(Clone, Debug)]
pub struct UpstreamState {
    pub card: UpstreamCard,
    /// The rule that keeps content from going there.
    pub denied: Option<crate::ports::Denial>,
    pub health: Health,
    pub running: usize,
}

/// Who would be asked now.
#[derive(Clone, Debug)]
pub struct RouteState {
    pub model: ModelId,
    /// The ids of the candidates, in the order of the settings; `here` is the last.
    pub names: Vec<String>,
    pub decision: Result<Decision, Nobody>,
}

/// What a route is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) request: RequestId,
    pub(crate) model: &'a ModelId,
    pub(crate) project: ProjectId,
    /// Of how the request begins, where that is worth finding again.
    pub(crate) prefix: Option<u64>,
    pub(crate) work: Work,
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Answer,
    Embed,
}

/// The engine of this server, where it has the model too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    pub(crate) running: usize,
    pub(crate) room: usize,
}

/// Who is asked, in this order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) steps: Vec<Step>,
    pub(crate) prefix: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Here,
    /// The place of an upstream.
    Elsewhere(usize),
}

impl Gateway {
    pub fn new(parts: GatewayParts) -> Self {
        let GatewayParts { upstreams, shares, grams_per_kwh, clock } = parts;
        let member = |upstream| Member {
            upstream,
            running: AtomicUsize::new(0),
            breaker: Mutex::new(Breaker::default()),
        };
        let inner = Inner {
            members: upstreams.into_iter().map(member).collect(),
            shares,
            grams_per_kwh,
            prefixes: Mutex::new(Prefixes::default()),
            since: clock.now(),
            clock,
            requests: TaskTracker::new(),
            cut: CancellationToken::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    pub fn is_empty(&self) -> bool {
        self.inner.members.is_empty()
    }

    /// The models of all upstreams, each once, as the first tells of it.
    pub fn models(&self) -> Vec<ModelCard> {
        let mut cards: Vec<ModelCard> = Vec::new();
        for model in self.inner.members.iter().flat_map(|member| &member.card().models) {
            if cards.iter().all(|card| card.id != model.id) {
                cards.push(ModelCard {
                    id: model.id.clone(),
                    created_at: self.inner.since,
                    context_tokens: model.context_tokens,
                    purpose: model.purpose,
                    weights: None,
                    base: None,
                });
            }
        }
        cards
    }

    /// How every upstream is.
    pub fn states(&self) -> Vec<UpstreamState> {
        let now = self.inner.clock.now();
        let state = |member: &Member| UpstreamState {
            card: member.card().clone(),
            denied: member.upstream.admits().err(),
            health: member.breaker().health(now),
            running: member.running.load(Ordering::Relaxed),
        };
        self.inner.members.iter().map(state).collect()
    }

    /// Who would be asked now for each model, by a request that begins like no other, of a project
    /// without a share.
    pub fn routes(&self, is_here: impl Fn(&ModelId) -> bool) -> Vec<RouteState> {
        let models = self.models().into_iter();
        let route = |card: ModelCard| {
            let here = is_here(&card.id).then_some(Here { running: 0, room: usize::MAX });
            let work = Work::of(card.purpose);
            let (places, candidates) = self.candidates(&card.id, work, None, here);
            let names = candidates.iter().map(|one| one.name.to_owned()).collect();
            debug_assert_eq!(places.len(), candidates.len(), "one place a candidate");
            let mut decision = routing::route(&candidates, None);
            if let Ok(decision) = &mut decision {
                // The engine of this server answers first or not at all.
                let is_asked =
                    |(place, index): (usize, &usize)| place == 0 || places[*index] != Step::Here;
                let order = decision.order.iter().enumerate();
                decision.order =
                    order.filter(|&step| is_asked(step)).map(|(_, &index)| index).collect();
                if places[decision.order[0]] == Step::Here {
                    decision.order.truncate(1);
                }
            }
            RouteState { model: card.id, names, decision }
        };
        models.map(route).collect()
    }

    /// Of prompt and answer together, at the upstream that holds most of them.
    pub(crate) fn context_tokens(&self, model: &ModelId) -> u32 {
        let models = self.inner.members.iter().flat_map(|member| &member.card().models);
        let contexts = models.filter(|one| one.id == *model).map(|one| one.context_tokens);
        contexts.max().unwrap_or(0)
    }

    /// Whether an upstream has the model.
    pub(crate) fn serves(&self, model: &ModelId) -> bool {
        self.inner.members.iter().any(|member| member.has(model, None))
    }

    /// Whether an upstream has the model for this.
    pub(crate) fn does(&self, model: &ModelId, work: Work) -> bool {
        self.inner.members.iter().any(|member| member.has(model, Some(work)))
    }

    /// Who answers; residency decides first, and nobody is asked whom it denies.
    pub(crate) fn route(
        &self,
        question: &Question<'_>,
        here: Option<Here>,
    ) -> Result<Route, GatewayError> {
        let seen = question.prefix.and_then(|prefix| self.prefixes().find(prefix));
        let (places, candidates) = self.candidates(question.model, question.work, seen, here);
        let share = self.share(question);
        let decision = routing::route(&candidates, share).map_err(|nobody| match nobody.why {
            NoRoute::Denied => GatewayError::NoEligible { model: question.model.clone() },
            NoRoute::Full => GatewayError::Full { model: question.model.clone() },
            NoRoute::Unavailable => GatewayError::Unavailable {
                model: question.model.clone(),
                retry_after_seconds: self.retry_after_seconds(&places),
            },
        })?;
        let steps = decision.order.into_iter().map(|index| places[index]).collect();
        Ok(Route { steps, prefix: question.prefix })
    }

    fn candidates(
        &self,
        model: &ModelId,
        work: Work,
        seen: Option<Step>,
        here: Option<Here>,
    ) -> (Vec<Step>, Vec<Candidate<'_>>) {
        let now = self.inner.clock.now();
        let (mut places, mut candidates) = (Vec::new(), Vec::new());
        for (place, member) in self.inner.members.iter().enumerate() {
            if member.has(model, Some(work)) {
                let place = Step::Elsewhere(place);
                places.push(place);
                candidates.push(member.candidate(now, seen == Some(place)));
            }
        }
        if let Some(Here { running, room }) = here {
            places.push(Step::Here);
            candidates.push(Candidate {
                name: UpstreamId::HERE,
                denied: None,
                health: Health::Well,
                running,
                room,
                has_prefix: seen == Some(Step::Here),
                microeuros_per_million: 0,
                grams_per_kwh: self.inner.grams_per_kwh,
            });
        }
        (places, candidates)
    }

    /// The rule of the project, or that of all others.
    fn share(&self, question: &Question<'_>) -> Option<Share<'_>> {
        let of = |project: Option<ProjectId>| {
            let mut rules = self.inner.shares.iter();
            rules.find(|rule| rule.model == *question.model && rule.project == project)
        };
        let rule = of(Some(question.project)).or_else(|| of(None))?;
        // The end of an id is random.
        let (_, random) = question.request.as_uuid().as_u64_pair();
        let draw = u8::try_from(random % 100).unwrap_or(0);
        Some(Share { to: &rule.to, percent: rule.percent, draw })
    }

    fn retry_after_seconds(&self, places: &[Step]) -> u32 {
        let now = self.inner.clock.now();
        let of = |place: &Step| match *place {
            Step::Here => None,
            Step::Elsewhere(place) => self.inner.members[place].breaker().retry_after_seconds(now),
        };
        places.iter().filter_map(of).min().unwrap_or(1)
    }

    fn prefixes(&self) -> MutexGuard<'_, Prefixes> {
        self.inner.prefixes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at upstreams that are not well until it is told to stop, so that requests do not have
    /// to.
    pub async fn watch(self, stop: CancellationToken) {
        if self.is_empty() {
            return;
        }
        let pause = || tokio::time::sleep(PROBE_EVERY);
        // Once at the start: whoever is not there is known before the first request.
        let mut everybody = true;
        loop {
            if stop.run_until_cancelled(self.probe(everybody)).await.is_none() {
                return;
            }
            everybody = false;
            if stop.run_until_cancelled(pause()).await.is_none() {
                return;
            }
        }
    }

    async fn probe(&self, everybody: bool) {
        let now = self.inner.clock.now();
        let wanted = |member: &&Member| {
            let is_down = member.breaker().health(now) != Health::Well;
            member.upstream.admits().is_ok() && (everybody || is_down)
        };
        let probes = self.inner.members.iter().filter(wanted).map(|member| async move {
            let result = member.upstream.probe().await;
            member.note(&result, self.inner.clock.now());
        });
        join_all(probes).await;
    }

    /// Whoever stops the server waits for the request that holds this. It is taken before it is
    /// looked whether the server stops, so that nobody comes in between.
    pub(crate) fn coming(&self) -> TaskTrackerToken {
        self.inner.requests.token()
    }

    /// Lets requests end, those too whose row is still on its way to the disk; ends what is left
    /// once the deadline has passed.
    pub(crate) async fn shut_down(&self, deadline: Duration) {
        let requests = &self.inner.requests;
        requests.close();
        // Whether all have ended makes no difference.
        timeout(deadline, requests.wait()).await.ok();
        self.inner.cut.cancel();
    }
}

impl Work {
    pub(crate) const fn of(purpose: ModelPurpose) -> Self {
        match purpose {
            ModelPurpose::Chat => Self::Answer,
            ModelPurpose::Embeddings { .. } => Self::Embed,
        }
    }
}

impl Member {
    fn card(&self) -> &UpstreamCard {
        self.upstream.card()
    }

    fn has(&self, model: &ModelId, work: Option<Work>) -> bool {
        let mut models = self.card().models.iter();
        models.any(|one| one.id == *model && work.is_none_or(|work| Work::of(one.purpose) == work))
    }

    fn candidate(&self, now: Timestamp, has_prefix: bool) -> Candidate<'_> {
        let card = self.card();
        Candidate {
            name: card.id.as_str(),
            denied: self.upstream.admits().err().map(|denial| denial.code),
            health: self.breaker().health(now),
            running: self.running.load(Ordering::Relaxed),
            room: card.requests_max,
            has_prefix,
            microeuros_per_million: card.microeuros_per_million,
            grams_per_kwh: card.metering.grams_per_kwh(),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, result: &Result<T, UpstreamError>, now: Timestamp) {
        let id = &self.card().id;
        let mut breaker = self.breaker();
        let before = breaker.health(now);
        match result {
            Err(error) if error.is_fault() => {
                match error {
                    UpstreamError::Erred { .. } => breaker.doubted(),
                    _ => breaker.failed(now),
                }
                let after = breaker.health(now);
                tracing::warn!(upstream = %id, %error, health = after.as_str(), "an upstream failed");
            }
            // Nothing was learned.
            Err(
                UpstreamError::Denied(_)
                | UpstreamError::NotRecorded
                | UpstreamError::Busy { .. }
                | UpstreamError::Unsuited { .. },
            ) => {}
            Ok(_) | Err(_) => {
                breaker.succeeded();
                if before != Health::Well {
                    tracing::info!(upstream = %id, "an upstream is well again");
                }
            }
        }
    }
}
