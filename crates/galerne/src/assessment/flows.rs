//! Where data may go, and whether that is what happens.

use std::{
    io::ErrorKind,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use egress::{EgressError, Event, NotRecorded, Recorder};
use residency::{Declaration, Purpose, Record};
use sovereignty::{Day, Measured};

use super::Scene;
use crate::config::{Origin, Settings};

/// Names under which hyperscalers sell what this installation does itself, in the Union.
const HYPERSCALERS: [&str; 6] = [
    "https://bedrock-runtime.eu-west-3.amazonaws.com",
    "https://example.s3.eu-central-1.amazonaws.com",
    "https://example.openai.azure.com",
    "https://example.blob.core.windows.net",
    "https://europe-west9-aiplatform.googleapis.com",
    "https://d111111abcdef8.cloudfront.net",
];

const RANGES_DAYS_MAX: i64 = 90;

/// What became of the attempt to reach a listener that nothing names.
pub(crate) enum Refused {
    /// Refused and told to the log; nothing arrived.
    Yes,
    /// Something arrived, or was not refused.
    No(String),
    /// The attempt could not be made.
    Unknown(String),
}

/// Counts what would have been written to the log, which an attempt of our own is not.
#[derive(Default)]
struct Counter(AtomicUsize);

#[async_trait]
impl Recorder for Counter {
    async fn record(&self, event: Event<'_>) -> Result<(), NotRecorded> {
        if matches!(event, Event::Refusal { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Refused {
    /// Asks the guarded client for an address of this machine that only this process knows.
    pub(super) async fn probe(settings: &Settings, canary: &TcpListener) -> Self {
        match attempt(settings, canary).await {
            Ok(refused) => refused,
            Err(reason) => Self::Unknown(reason),
        }
    }
}

async fn attempt(settings: &Settings, canary: &TcpListener) -> Result<Refused, String> {
    canary.set_nonblocking(true).map_err(|error| error.to_string())?;
    let address = canary.local_addr().map_err(|error| error.to_string())?;
    let counter = Arc::new(Counter::default());
    let client = settings.outbound.prober(counter.clone()).map_err(|failure| failure.text())?;
    let asked = client.get(&format!("http://{address}/")).await;
    // What connected waits to be accepted, also where the other end has given up by now.
    match canary.accept() {
        Ok(_) => return Ok(Refused::No(format!("a connection arrived at {address}"))),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(error) => return Err(error.to_string()),
    }
    Ok(match (asked, counter.0.load(Ordering::Relaxed)) {
        (Err(EgressError::Denied { .. }), 1..) => Refused::Yes,
        (Err(EgressError::Denied { .. }), 0) => {
            Refused::No("it was refused, and the log was not told".to_owned())
        }
        (Ok(_), _) => Refused::No(format!("{address} answered")),
        (Err(error), _) => Refused::No(format!("it was not refused: {error}")),
    })
}

pub(super) fn undeclared_refused(scene: &Scene<'_>) -> Measured {
    match &scene.refused {
        Refused::Yes => Measured::passed("refused before any connection, and the log is told"),
        Refused::No(reason) => Measured::failed(reason.clone()),
        Refused::Unknown(reason) => Measured::not_measured(reason.clone()),
    }
}

pub(super) fn region_said(scene: &Scene<'_>) -> Measured {
    let region = scene.settings.outbound.policy().region();
    let is_said = scene.settings.residency.value.region.is_some()
        && scene.settings.residency.origin == Origin::File;
    let seen = if is_said { format!("{region}") } else { format!("{region}, by default") };
    Measured::when(is_said, seen)
}

/// Nothing is connected to: the policy is asked as the broker asks it before it connects.
pub(super) fn hyperscalers_denied(scene: &Scene<'_>) -> Measured {
    // Declared as good as can be: only whom the name belongs to speaks against it.
    let region = scene.settings.outbound.policy().region();
    let Ok(operator) = "Reseller".parse() else {
        return Measured::not_measured("the question could not be put");
    };
    let record = Record { operator, site: region, jurisdiction: region, parent: region };
    let purpose = Purpose::Inference;
    let mut allowed = Vec::new();
    for origin in HYPERSCALERS {
        let declaration = Declaration {
            origin: origin.to_owned(),
            purpose,
            class: purpose.class(),
            internal: false,
            record: Some(record.clone()),
        };
        match scene.settings.outbound.would_refuse(declaration) {
            Ok(Some(_)) => {}
            Ok(None) => allowed.push(origin),
            Err(failure) => return Measured::not_measured(failure.text()),
        }
    }
    if allowed.is_empty() {
        let seen = format!("{} endpoints that call themselves European", HYPERSCALERS.len());
        return Measured::passed(format!("{seen} are denied")).with_raw(HYPERSCALERS.join("\n"));
    }
    Measured::failed(format!("allowed: {}", allowed.join(", ")))
}

pub(super) fn ranges_fresh(scene: &Scene<'_>) -> Measured {
    let sources = scene.settings.outbound.ranges();
    let days = sources.iter().map(|source| source.get(..10).and_then(|day| day.parse().ok()));
    let Some(days) = days.collect::<Option<Vec<Day>>>() else {
        return Measured::not_measured("the file of ranges tells no day");
    };
    let Some(oldest) = days.iter().min() else {
        return Measured::failed("no ranges were imported");
    };
    let age = oldest.days_until(scene.today());
    Measured::when((0..=RANGES_DAYS_MAX).contains(&age), format!("fetched on {oldest}"))
        .with_raw(sources.join("\n"))
}

pub(super) fn parties_declared(scene: &Scene<'_>) -> Measured {
    let declarations = scene.settings.outbound.declarations();
    let undeclared: Vec<_> = declarations
        .iter()
        .filter(|declaration| declaration.record.is_none() && !is_this_machine(&declaration.origin))
        .map(|declaration| declaration.origin.as_str())
        .collect();
    match (undeclared.as_slice(), declarations.len()) {
        ([], 0) => Measured::passed("there is no destination"),
        ([], count) => Measured::passed(format!("{count} destinations are declared"))
            .with_raw(scene.settings.outbound.destinations().join("\n")),
        (undeclared, _) => {
            Measured::failed(format!("nothing is declared of {}", undeclared.join(", ")))
        }
    }
}

fn is_this_machine(origin: &str) -> bool {
    origin.parse::<egress::Destination>().is_ok_and(|destination| destination.is_this_machine())
}

/// Only entries under the policy in force: under an earlier one another party may have been good.
pub(super) fn flows_declared(scene: &Scene<'_>) -> Measured {
    let journal = match &scene.journal {
        Ok(journal) => journal,
        Err(reason) => return Measured::not_measured(reason.clone()),
    };
    let known = scene.parties();
    let policy = scene.policy.to_string();
    let reached = journal.reached.iter().filter(|(_, under)| *under == policy);
    let parties: Vec<_> = reached.map(|(party, _)| party.as_str()).collect();
    let strangers: Vec<_> =
        parties.iter().copied().filter(|party| !known.contains(party)).collect();
    if !strangers.is_empty() {
        return Measured::failed(format!("reached and not declared: {}", strangers.join(", ")));
    }
    if let Some(unread) = journal.unread() {
        return Measured::not_measured(unread);
    }
    Measured::passed(format!("{} parties were reached, all declared", parties.len()))
        .with_raw(parties.join("\n"))
}
