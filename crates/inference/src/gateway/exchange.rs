//! One request sent to the first upstream of its route that answers.

use std::sync::atomic::Ordering;

use domain::ModelId;
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};

use super::{Gateway, GatewayError, Member, Route, Step};
use crate::{
    Metering, Usage,
    ports::{
        Announced, AnnouncedPassages, Asking, AskingPassages, BrokenOff, Consumed, Embedding,
        Generation, UpstreamError,
    },
};

/// A place at an upstream that is free again when this is dropped.
pub(crate) struct Seat {
    gateway: Gateway,
    place: usize,
    /// Whoever stops the server waits for it.
    _coming: TaskTrackerToken,
}

impl Seat {
    /// The answer ended in the middle. What one request is to blame for, or may be, must not close
    /// the way for the others.
    pub(crate) fn broke_off(&self, because: BrokenOff) {
        let error = match because {
            BrokenOff::Cut => UpstreamError::Failed { detail: "its answer broke off".to_owned() },
            BrokenOff::Told => UpstreamError::Erred { status: 500 },
            BrokenOff::Refused => return,
        };
        let inner = &self.gateway.inner;
        inner.members[self.place].note::<()>(&Err(error), inner.clock.now());
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
    /// What those used who were sent it before and have not answered.
    pub(crate) earlier: Option<Usage>,
}

/// A request on its way.
pub(crate) struct Exchange<'a, A> {
    gateway: &'a Gateway,
    model: &'a ModelId,
    prefix: Option<u64>,
    asking: &'a A,
    /// At whom is asked first: taken before anything is written down, so that what does not fit
    /// leaves nothing behind.
    seat: Seat,
    /// Those who were not asked yet, the next one last.
    steps: Vec<usize>,
}

/// What has left this machine and was not answered.
pub(crate) struct Sent {
    /// By all upstreams that were sent it and may have worked on it.
    pub(crate) used: Option<Usage>,
    /// By the last of them.
    pub(crate) by: Option<Metering>,
    /// At whom was asked last: given back when the row is closed, so that rows that wait are
    /// bounded like requests.
    seat: Seat,
}

impl Sent {
    /// Counted before it is sent, for whoever leaves meanwhile; taken back where nobody has worked
    /// on it, or where the answer tells what it used.
    async fn send<A: Sendable>(
        &mut self,
        ready: A::Ready,
        metering: &Metering,
    ) -> Result<A::Answer, UpstreamError> {
        let before = (self.used.clone(), self.by.clone());
        let prompt = metering.usage(&A::consumed_by_prompt(&ready));
        self.used = Some(prompt.after(self.used.as_ref()));
        self.by = Some(metering.clone());
        let result = A::send(ready).await;
        if !result.as_ref().is_err_and(UpstreamError::may_have_worked) {
            (self.used, self.by) = before;
        }
        result
    }
}

/// What can be announced and sent.
pub(crate) trait Sendable: Sync {
    type Ready: Send;
    type Answer: Send;

    fn announce(
        &self,
        member: &Member,
    ) -> impl Future<Output = Result<Self::Ready, UpstreamError>> + Send;

    fn consumed_by_prompt(ready: &Self::Ready) -> Consumed;

    fn send(ready: Self::Ready)
    -> impl Future<Output = Result<Self::Answer, UpstreamError>> + Send;
}

impl Sendable for Asking {
    type Ready = Box<dyn Announced>;
    type Answer = Generation;

    async fn announce(&self, member: &Member) -> Result<Self::Ready, UpstreamError> {
        member.upstream.announce(self).await
    }

    fn consumed_by_prompt(ready: &Self::Ready) -> Consumed {
        ready.consumed_by_prompt()
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

    fn consumed_by_prompt(ready: &Self::Ready) -> Consumed {
        ready.consumed_by_prompt()
    }

    async fn send(ready: Self::Ready) -> Result<Embedding, UpstreamError> {
        ready.send().await
    }
}

impl Gateway {
    /// A request for the upstreams of a route, whose other steps are left out. It has its place at
    /// the first of them that has room.
    pub(crate) fn exchange<'a, A: Sendable>(
        &'a self,
        model: &'a ModelId,
        route: &Route,
        asking: &'a A,
    ) -> Result<Exchange<'a, A>, GatewayError> {
        let elsewhere = |step: &Step| match *step {
            Step::Here => None,
            Step::Elsewhere(place) => Some(place),
        };
        let mut steps: Vec<_> = route.steps.iter().rev().filter_map(elsewhere).collect();
        let prefix = route.prefix;
        while let Some(place) = steps.pop() {
            if let Some(seat) = self.enter(place) {
                return Ok(Exchange { gateway: self, model, prefix, asking, seat, steps });
            }
        }
        Err(GatewayError::Full { model: model.clone() })
    }

    /// Where a request goes that is answered by the engine of this server.
    pub(crate) fn answered_here(&self, prefix: Option<u64>) {
        self.remember(prefix, Step::Here);
    }

    fn remember(&self, prefix: Option<u64>, step: Step) {
        if let Some(prefix) = prefix {
            self.prefixes().remember(prefix, step);
        }
    }

    fn enter(&self, place: usize) -> Option<Seat> {
        let member = &self.inner.members[place];
        let room = member.card().requests_max;
        let more = |running| (running < room).then_some(running + 1);
        member.running.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Seat { gateway: self.clone(), place, _coming: self.coming() })
    }

    /// Ends when the server stops for good.
    pub(crate) fn cut(&self) -> CancellationToken {
        self.inner.cut.child_token()
    }
}

impl<A: Sendable> Exchange<'_, A> {
    /// What is noted of the first upstream.
    pub(crate) fn first(&self) -> &Metering {
        &self.member(self.seat.place).card().metering
    }

    /// Announces it to the first upstream. Nothing is sent.
    pub(crate) async fn announce(&self) -> Result<A::Ready, UpstreamError> {
        self.asking.announce(self.member(self.seat.place)).await
    }

    /// Sends it to the first upstream, and to the next while none has begun to answer. `announced`
    /// comes from [`Exchange::announce`]. `left`: nobody waits for it any more. Tells what was sent
    /// where nobody has answered.
    pub(crate) async fn run(
        self,
        announced: Result<A::Ready, UpstreamError>,
        left: &CancellationToken,
    ) -> Result<Answering<A::Answer>, (GatewayError, Sent)> {
        let Self { gateway, model, prefix, asking, seat, steps } = self;
        let mut sent = Sent { used: None, by: None, seat };
        let cut = gateway.cut();
        let asked = Asked { gateway, model, prefix, asking };
        let result = tokio::select! {
            biased;
            () = left.cancelled() => Err(GatewayError::CallerLeft),
            () = cut.cancelled() => Err(GatewayError::Stopping),
            answer = asked.one_after_another(steps, announced, &mut sent) => answer,
        };
        match result {
            Ok(answer) => {
                let Sent { used: earlier, seat, .. } = sent;
                let metering = gateway.inner.members[seat.place].card().metering.clone();
                Ok(Answering { answer, seat, metering, earlier })
            }
            Err(error) => Err((error, sent)),
        }
    }

    fn member(&self, place: usize) -> &Member {
        &self.gateway.inner.members[place]
    }
}

/// What does not change from one upstream to the next.
struct Asked<'a, A> {
    gateway: &'a Gateway,
    model: &'a ModelId,
    prefix: Option<u64>,
    asking: &'a A,
}

impl<A: Sendable> Asked<'_, A> {
    async fn one_after_another(
        &self,
        mut steps: Vec<usize>,
        announced: Result<A::Ready, UpstreamError>,
        sent: &mut Sent,
    ) -> Result<A::Answer, GatewayError> {
        let mut next = Some(announced);
        let mut last = None;
        while let Some(ready) = next.take() {
            let place = sent.seat.place;
            let member = &self.gateway.inner.members[place];
            let result = match ready {
                Ok(ready) => sent.send::<A>(ready, &member.card().metering).await,
                Err(error) => Err(error),
            };
            member.note(&result, self.gateway.inner.clock.now());
            match result {
                Ok(answer) => {
                    self.gateway.remember(self.prefix, Step::Elsewhere(place));
                    return Ok(answer);
                }
                Err(error) if error.may_go_elsewhere() => last = Some(error),
                Err(error) => return Err(self.failed(error)),
            }
            while let (None, Some(place)) = (&next, steps.pop()) {
                if let Some(seat) = self.gateway.enter(place) {
                    sent.seat = seat;
                    let ready = self.asking.announce(&self.gateway.inner.members[place]).await;
                    next = Some(ready);
                }
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
}
