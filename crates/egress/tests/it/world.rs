//! What a client is made of, in tests.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use egress::{
    Broker, Deadlines, EgressClient, EgressParts, Event, NotRecorded, Recorder, Resolution,
    ResolveError, Resolver, SystemResolver,
};
use residency::{DataClass, Declaration, Policy, PolicyParts, Purpose, Ranges, Record, Zone};

/// What surrounds a client.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) recorder: Arc<Entries>,
    pub(crate) ranges: Ranges,
    pub(crate) deadlines: Deadlines,
}

impl Default for World {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver::default()),
            recorder: Arc::default(),
            ranges: Ranges::default(),
            deadlines: Deadlines::default(),
        }
    }
}

impl World {
    /// A world in which names lead where these answers say, one after another.
    pub(crate) fn with_answers(answers: &[&str]) -> (Self, Arc<Answers>) {
        let answers = Arc::new(Answers::new(answers));
        (Self { resolver: answers.clone(), ..Self::default() }, answers)
    }

    pub(crate) fn parts<const N: usize>(&self, declared: [Declaration; N]) -> EgressParts {
        let policy = Policy::new(PolicyParts {
            region: Zone::Eu,
            rules: Vec::new(),
            declarations: declared.to_vec(),
            ranges: Some(self.ranges.digest()),
        });
        let ranges = Arc::new(self.ranges.clone());
        EgressParts {
            broker: Broker::new(Arc::new(policy), ranges, declared).expect("addresses"),
            resolver: self.resolver.clone(),
            recorder: self.recorder.clone(),
            deadlines: self.deadlines,
        }
    }

    pub(crate) fn client<const N: usize>(&self, declared: [Declaration; N]) -> EgressClient {
        EgressClient::new(self.parts(declared)).expect("a client")
    }
}

/// A witness of which nothing is declared, as old settings name it.
pub(crate) fn witness(address: &str) -> Declaration {
    Declaration {
        origin: address.to_owned(),
        purpose: Purpose::Witness,
        class: DataClass::Public,
        internal: false,
        record: None,
    }
}

/// A service that gets content, with its site, operator and parent.
pub(crate) fn service(address: &str, places: [&str; 3]) -> Declaration {
    let [site, jurisdiction, parent] = places.map(|place| place.parse().expect("a place"));
    let operator = "Operator".parse().expect("a name");
    let record = Record { operator, site, jurisdiction, parent };
    let (purpose, class) = (Purpose::Inference, DataClass::Content);
    Declaration { purpose, class, record: Some(record), ..witness(address) }
}

/// The same in the operator's own network.
pub(crate) fn internal(address: &str) -> Declaration {
    Declaration { internal: true, ..service(address, ["fr"; 3]) }
}

/// Answers of name servers, each given once: names and addresses side by side.
pub(crate) struct Answers(Mutex<(VecDeque<Resolution>, usize)>);

impl Answers {
    fn new(answers: &[&str]) -> Self {
        let answers = answers.iter().map(|answer| {
            let mut resolution = Resolution::default();
            for word in answer.split(' ') {
                match word.parse::<IpAddr>() {
                    Ok(address) => resolution.addresses.push(address),
                    Err(_) => resolution.names.push(word.to_owned()),
                }
            }
            resolution
        });
        Self(Mutex::new((answers.collect(), 0)))
    }

    /// How often somebody asked.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().expect("not poisoned").1
    }
}

#[async_trait]
impl Resolver for Answers {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        let mut answers = self.0.lock().expect("not poisoned");
        answers.1 += 1;
        let nobody = || ResolveError { host: host.to_owned(), source: "no answer left".into() };
        answers.0.pop_front().ok_or_else(nobody)
    }
}

/// What was written down.
#[derive(Default)]
pub(crate) struct Entries {
    entries: Mutex<Vec<String>>,
    is_closed: Mutex<bool>,
}

impl Entries {
    pub(crate) fn all(&self) -> Vec<String> {
        self.entries.lock().expect("not poisoned").clone()
    }

    /// From now on nothing can be written down.
    pub(crate) fn close(&self) {
        *self.is_closed.lock().expect("not poisoned") = true;
    }
}

#[async_trait]
impl Recorder for Entries {
    async fn record(&self, event: Event<'_>) -> Result<(), NotRecorded> {
        if *self.is_closed.lock().expect("not poisoned") {
            return Err(NotRecorded { source: "closed".into() });
        }
        let entry = match event {
            Event::Exchange { party } => format!("exchange {party}"),
            Event::Refusal { party, code } => format!("{code} {}", party.unwrap_or("nobody")),
        };
        self.entries.lock().expect("not poisoned").push(entry);
        Ok(())
    }
}
