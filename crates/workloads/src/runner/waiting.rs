//! Requests of a job that are to be asked again later. They give their places back meanwhile, and
//! one of them asks for all others of the same model.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::ports::ResultKind;

/// What waits at most; the files of the job are read no further meanwhile.
const REQUESTS_MAX: usize = 128;
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// From one try to the next. Each try that found no place makes it twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// One request of the job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) line: Vec<u8>,
    /// That of the job if it names none; empty if the job names none either, and such requests
    /// wait together.
    pub(super) model: String,
}

/// What waits, by model.
#[derive(Default)]
pub(super) struct Waiting {
    models: BTreeMap<String, Model>,
    requests: usize,
    bytes: usize,
}

#[derive(Default)]
struct Model {
    requests: VecDeque<Request>,
    pause: Option<Pause>,
}

struct Pause {
    until: Instant,
    length: Duration,
    /// The request that asks for all others.
    probe: Option<u64>,
}

impl Model {
    fn may_ask(&self, now: Instant) -> bool {
        !self.requests.is_empty() && self.pause_is_over(now)
    }

    fn pause_is_over(&self, now: Instant) -> bool {
        let is_over = |pause: &Pause| pause.probe.is_none() && pause.until <= now;
        self.pause.as_ref().is_none_or(is_over)
    }
}

impl Waiting {
    pub(super) const fn is_empty(&self) -> bool {
        self.requests == 0
    }

    pub(super) const fn is_full(&self) -> bool {
        self.requests >= REQUESTS_MAX || self.bytes >= BYTES_MAX
    }

    /// Whether requests for the model are not to be asked now.
    pub(super) fn is_paused(&self, model: &str) -> bool {
        self.models.get(model).is_some_and(|model| model.pause.is_some())
    }

    pub(super) fn has_next(&self, now: Instant) -> bool {
        self.models.values().any(|model| model.may_ask(now))
    }

    /// A request that is to be asked now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Request> {
        let model = self.models.values_mut().find(|model| model.may_ask(now))?;
        let request = model.requests.pop_front()?;
        if let Some(pause) = &mut model.pause {
            pause.probe = Some(request.number);
        }
        self.requests -= 1;
        self.bytes -= request.line.len();
        Some(request)
    }

    /// Keeps a request for when its model is asked again.
    pub(super) fn hold(&mut self, request: Request) {
        self.requests += 1;
        self.bytes += request.line.len();
        let model = self.models.entry(request.model.clone()).or_default();
        model.requests.push_back(request);
    }

    /// A request found no place, and may be asked again after so long at the earliest.
    pub(super) fn later(&mut self, request: Request, least: Duration, now: Instant) {
        let model = self.models.entry(request.model.clone()).or_default();
        let least = least.clamp(PAUSE_MIN, PAUSE_MAX);
        let length = match &model.pause {
            None => Some(least),
            Some(pause) if pause.probe == Some(request.number) => {
                Some((pause.length * 2).clamp(least, PAUSE_MAX))
            }
            // It was asked before anybody knew.
            Some(_) => None,
        };
        if let Some(length) = length {
            model.pause = Some(Pause { until: now + length, length, probe: None });
        }
        self.hold(request);
    }

    /// A request has its result. The answer to the one that asked for all others lets them go on;
    /// an error says nothing of places, and the next one asks.
    pub(super) fn ended(&mut self, number: u64, model: &str, kind: ResultKind, now: Instant) {
        let Some(of_model) = self.models.get_mut(model) else { return };
        if let Some(pause) = &mut of_model.pause
            && pause.probe == Some(number)
        {
            match kind {
                ResultKind::Answer => of_model.pause = None,
                ResultKind::Error => (pause.until, pause.probe) = (now, None),
            }
        }
        // Lines may name any model: nothing is kept of those for which nobody waits.
        if of_model.requests.is_empty() && of_model.pause_is_over(now) {
            self.models.remove(model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: u64, model: &str) -> Request {
        Request { number, line: vec![b'x'; 10], model: model.to_owned() }
    }

    #[test]
    fn one_request_asks_for_all_with_pauses_that_grow() {
        let (mut waiting, mut now) = (Waiting::default(), Instant::now());
        let least = Duration::from_secs(2);
        for number in 0..3 {
            waiting.later(request(number, "busy"), least, now);
        }
        assert!(waiting.is_paused("busy") && !waiting.is_paused("idle"));
        for pause in [2, 4, 8, 16] {
            assert!(!waiting.has_next(now));
            now += Duration::from_secs(pause);
            let probe = waiting.next(now).unwrap();
            assert_eq!(waiting.next(now), None, "the others wait for it");
            waiting.later(probe, least, now);
        }
        now += PAUSE_MAX;
        let probe = waiting.next(now).unwrap();
        waiting.ended(probe.number, "busy", ResultKind::Error, now);
        let probe = waiting.next(now).unwrap();
        assert!(!waiting.has_next(now), "an error opens nothing");
        waiting.ended(probe.number, "busy", ResultKind::Answer, now);
        assert!(!waiting.is_paused("busy"));
        assert!(waiting.next(now).is_some());
        assert!(waiting.is_empty());
    }

    #[test]
    fn a_model_is_forgotten_when_its_last_request_has_an_error() {
        let (mut waiting, mut now) = (Waiting::default(), Instant::now());
        waiting.later(request(0, "unknown"), PAUSE_MIN, now);
        now += PAUSE_MIN;
        let probe = waiting.next(now).unwrap();
        waiting.ended(probe.number, "unknown", ResultKind::Error, now);
        assert!(waiting.models.is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut waiting = Waiting::default();
        for number in 0..REQUESTS_MAX as u64 {
            assert!(!waiting.is_full());
            waiting.hold(request(number, ""));
        }
        assert!(waiting.is_full());
        while waiting.next(Instant::now()).is_some() {}
        assert!(waiting.is_empty() && waiting.bytes == 0);
    }
}
