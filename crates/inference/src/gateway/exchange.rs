//! One request sent to the first upstream of its route that answers.

use std::sync::atomic::Ordering;

use domain::ModelId;
use tokio_util::sync::CancellationToken;

use super::{Gateway, GatewayError, Member, Route, Step};
use crate::{
    Metering,
    ports::{
        Announced, AnnouncedPassages, Asking, AskingPassages, Embedding, Generation, UpstreamError,
    },
};

/// A place at an upstream that is free again when this is dropped.
pub(crate) struct Seat {
    gateway: Gateway,
    place: usize,
}

impl Seat {
    /// The answer ended in the middle.
    pub(crate) fn broke_off(&self) {
        let detail = "its answer broke off".to_owned();
        let inner = &self.gateway.inner;
        inner.members[self.place]
            .note::<()>(&Err(UpstreamError::Failed { detail }), inner.clock.now());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gateway.inner.members[self.place].running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An upstream that answers.
pub(crate) struct Answering<T> {
    pub(crate) answer: T,
    pub(crate) seat: Seat,
    pub(crate) metering: Metering,
}

/// A request on its way.
pub(crate) struct Exchange<'a, A> {
    gateway: &'a Gateway,
    model: &'a ModelId,
    prefix: u64,
    asking: &'a A,
    /// Those who were not asked yet, the next one last.
    steps: Vec<usize>,
}

/// What can be announced and sent.
pub(crate) trait Sendable: Sync {
    type Ready: Send;
    type Answer: Send;

    fn announce(
        &self,
        member: &Member,
    ) -> impl Future<Output = Result<Self::Ready, UpstreamError>> + Send;

    fn send(ready: Self::Ready)
    -> impl Future<Output = Result<Self::Answer, UpstreamError>> + Send;
}

impl Sendable for Asking {
    type Ready = Box<dyn Announced>;
    type Answer = Generation;

    async fn announce(&self, member: &Member) -> Result<Self::Ready, UpstreamError> {
        member.upstream.announce(self).await
    }

    async fn send(ready: Self::Ready) -> Result<Generation, UpstreamError> {
        ready.send().await
    }
}

impl Sendable for AskingPassages {
    type Ready = Box<dyn AnnouncedPassages>;
    type Answer = Embedding;

    async fn announce(&self, member: &Member) -> Result<Self::Ready, UpstreamError> {
        member.upstream.announce_passages(self).await
    }

    async fn send(ready: Self::Ready) -> Result<Embedding, UpstreamError> {
        ready.send().await
    }
}

impl Gateway {
    /// A request for the upstreams of a route, whose other steps are left out.
    pub(crate) fn exchange<'a, A: Sendable>(
        &'a self,
        model: &'a ModelId,
        route: &Route,
        asking: &'a A,
    ) -> Exchange<'a, A> {
        let elsewhere = |step: &Step| match *step {
            Step::Here => None,
            Step::Elsewhere(place) => Some(place),
        };
        let steps = route.steps.iter().rev().filter_map(elsewhere).collect();
        Exchange { gateway: self, model, prefix: route.prefix, asking, steps }
    }

    /// Where a request goes that is answered by the engine of this server.
    pub(crate) fn answered_here(&self, prefix: u64) {
        self.prefixes().remember(prefix, Step::Here);
    }

    fn enter(&self, place: usize) -> Option<Seat> {
        let member = &self.inner.members[place];
        let room = member.card().requests_max;
        let more = |running| (running < room).then_some(running + 1);
        member.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Seat { gateway: self.clone(), place })
    }

    /// Ends when the server stops for good.
    pub(crate) fn cut(&self) -> CancellationToken {
        self.inner.cut.child_token()
    }
}

impl<A: Sendable> Exchange<'_, A> {
    /// What is noted of the first upstream.
    pub(crate) fn first(&self) -> Option<&Metering> {
        Some(&self.member(*self.steps.last()?).card().metering)
    }

    /// Announces it to the first upstream. Nothing is sent.
    pub(crate) async fn announce(&self) -> Option<Result<A::Ready, UpstreamError>> {
        Some(self.asking.announce(self.member(*self.steps.last()?)).await)
    }

    /// Sends it to the first upstream, and to the next while none has begun to answer. `announced`
    /// comes from [`Exchange::announce`]. `left`: nobody waits for it any more.
    pub(crate) async fn run(
        mut self,
        announced: Option<Result<A::Ready, UpstreamError>>,
        left: &CancellationToken,
    ) -> Result<Answering<A::Answer>, GatewayError> {
        let cut = self.gateway.cut();
        tokio::select! {
            biased;
            () = left.cancelled() => Err(GatewayError::CallerLeft),
            () = cut.cancelled() => Err(GatewayError::Stopping),
            answering = self.ask_one_after_another(announced) => answering,
        }
    }

    async fn ask_one_after_another(
        &mut self,
        mut announced: Option<Result<A::Ready, UpstreamError>>,
    ) -> Result<Answering<A::Answer>, GatewayError> {
        let mut last = None;
        while let Some(place) = self.steps.pop() {
            let member = self.member(place);
            let Some(seat) = self.gateway.enter(place) else {
                announced = None;
                last.get_or_insert(UpstreamError::Busy { retry_after_seconds: None });
                continue;
            };
            let ready = match announced.take() {
                Some(ready) => ready,
                None => self.asking.announce(member).await,
            };
            let result = match ready {
                Ok(ready) => A::send(ready).await,
                Err(error) => Err(error),
            };
            member.note(&result, self.gateway.inner.clock.now());
            match result {
                Ok(answer) => {
                    self.gateway.prefixes().remember(self.prefix, Step::Elsewhere(place));
                    let metering = member.card().metering.clone();
                    return Ok(Answering { answer, seat, metering });
                }
                Err(error) if error.may_go_elsewhere() => last = Some(error),
                Err(error) => return Err(self.failed(error)),
            }
        }
        let last = last.unwrap_or(UpstreamError::Busy { retry_after_seconds: None });
        Err(self.failed(last))
    }

    fn failed(&self, source: UpstreamError) -> GatewayError {
        let model = self.model.clone();
        match source {
            UpstreamError::Denied(denial) => {
                tracing::warn!(%model, code = denial.code, reason = denial.reason, "not sent");
                GatewayError::NoEligible { model }
            }
            source => GatewayError::Upstream { model, source },
        }
    }

    fn member(&self, place: usize) -> &Member {
        &self.gateway.inner.members[place]
    }
}
