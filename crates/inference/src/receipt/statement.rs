//! What a receipt states: one line of JSON, its keys in alphabetical order.

use domain::Timestamp;
use governance::LoggedAnswer;
use serde::Serialize;

use crate::{AnsweredBy, Declared, EngineBuild, UpstreamEngine, UsageFigures, UsageRecord};

/// Keys of the JSON in alphabetical order: serde writes fields as they are declared. What is not
/// known is null, never left out and never guessed.
#[derive(Debug, Serialize)]
pub(super) struct Statement<'a> {
    action: &'a str,
    /// Microseconds since 1970-01-01T00:00:00Z, as in the entry.
    at: i64,
    content: Option<&'a str>,
    /// Documents that the answer was made with: none are used so far.
    documents: [(); 0],
    emissions: Option<Emissions<'a>>,
    energy: Option<Energy<'a>>,
    engine: Option<Engine<'a>>,
    issued_at: i64,
    log: Log<'a>,
    model: Model<'a>,
    organisation: Option<&'a str>,
    outcome: &'a str,
    /// What the policy decided that was in force; null for entries that name none.
    policy: Option<Policy<'a>>,
    project: Option<&'a str>,
    request: String,
    /// The id that the client has seen.
    response: String,
    site: Site<'a>,
    tokens: Option<Tokens>,
    /// What answered, where that was not the engine of this server; `engine` is null then.
    upstream: Option<Upstream<'a>>,
}

#[derive(Debug, Serialize)]
struct Emissions<'a> {
    grams_co2e: f64,
    grid_factor: GridFactor<'a>,
    method: &'a str,
    uncertainty_percent: f64,
}

#[derive(Debug, Serialize)]
struct GridFactor<'a> {
    grams_per_kwh: f64,
    source: &'a str,
    uncertainty_percent: f64,
    year: u16,
}

#[derive(Debug, Serialize)]
struct Energy<'a> {
    joules: f64,
    method: &'a str,
    uncertainty_percent: f64,
}

#[derive(Debug, Serialize)]
struct Engine<'a> {
    commit: Option<&'a str>,
    cpu_path: &'a str,
    kv_cache_type: &'a str,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct Log<'a> {
    checkpoint: &'a str,
    entry: &'a str,
    inclusion: &'a [String],
    index: u64,
    origin: &'a str,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    digest: Option<&'a str>,
    id: &'a str,
}

#[derive(Debug, Serialize)]
struct Policy<'a> {
    decision: &'a str,
    digest: &'a str,
}

/// What the operator says of the place; `source` tells that nobody has checked it.
#[derive(Debug, Serialize)]
struct Site<'a> {
    country: Option<&'a str>,
    grid_zone: Option<&'a str>,
    name: Option<&'a str>,
    operator: Option<&'a str>,
    operator_country: Option<&'a str>,
    parent_country: Option<&'a str>,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct Tokens {
    completion: u32,
    prompt: u32,
}

/// As the settings name it: nobody here has seen the program or the weights.
#[derive(Debug, Serialize)]
struct Upstream<'a> {
    id: &'a str,
    kind: &'a str,
    own: bool,
    party: &'a str,
}

impl<'a> Statement<'a> {
    pub(super) fn new(row: &'a UsageRecord, answer: &'a LoggedAnswer, origin: &'a str) -> Self {
        let (opened, figures) = (&row.opened, row.figures.as_ref());
        let deployment = opened.deployment.as_deref();
        let request = opened.request.to_string();
        let response = match answer.action.as_str() {
            "chat.complete" => format!("chatcmpl-{request}"),
            "embedding.create" => format!("embd-{request}"),
            _ => request.clone(),
        };
        Self {
            action: &answer.action,
            at: answer.at,
            content: answer.content.as_deref(),
            documents: [],
            emissions: figures.map(emissions),
            energy: figures.map(energy),
            engine: deployment.and_then(|deployment| engine(&deployment.engine)),
            issued_at: 0,
            log: Log {
                checkpoint: &answer.checkpoint,
                entry: &answer.entry,
                inclusion: &answer.inclusion,
                index: answer.index,
                origin,
            },
            model: Model { digest: answer.model.as_deref(), id: opened.model.as_str() },
            organisation: answer.organisation.as_deref(),
            outcome: &row.outcome,
            // Whatever has a receipt was let through.
            policy: answer.policy.as_deref().map(|digest| Policy { decision: "allow", digest }),
            project: None,
            request,
            response,
            site: site(deployment.map(|deployment| &deployment.declared), figures),
            tokens: figures.map(|figures| Tokens {
                completion: figures.completion_tokens,
                prompt: figures.prompt_tokens,
            }),
            upstream: deployment.and_then(|deployment| upstream(&deployment.engine)),
        }
    }

    pub(super) fn of_project(self, pseudonym: Option<&'a str>) -> Self {
        Self { project: pseudonym, ..self }
    }

    pub(super) fn issued(self, at: Timestamp) -> Self {
        Self { issued_at: at.as_micros(), ..self }
    }

    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

fn emissions(figures: &UsageFigures) -> Emissions<'_> {
    Emissions {
        grams_co2e: figures.co2e_grams,
        grid_factor: GridFactor {
            grams_per_kwh: figures.grid_factor_grams_per_kwh,
            source: &figures.grid_factor_source,
            uncertainty_percent: figures.grid_factor_uncertainty_percent,
            year: figures.grid_factor_year,
        },
        method: &figures.co2e_method,
        uncertainty_percent: figures.co2e_uncertainty_percent,
    }
}

fn energy(figures: &UsageFigures) -> Energy<'_> {
    Energy {
        joules: figures.energy_joules,
        method: &figures.energy_method,
        uncertainty_percent: figures.energy_uncertainty_percent,
    }
}

fn engine(answered_by: &AnsweredBy) -> Option<Engine<'_>> {
    let AnsweredBy::Here(build) = answered_by else { return None };
    let EngineBuild { version, commit, cpu_path, kv_cache_type } = build;
    Some(Engine { commit: commit.as_deref(), cpu_path, kv_cache_type, version })
}

fn upstream(answered_by: &AnsweredBy) -> Option<Upstream<'_>> {
    let AnsweredBy::Upstream(upstream) = answered_by else { return None };
    let UpstreamEngine { id, kind, party, is_own } = upstream;
    Some(Upstream { id, kind, own: *is_own, party })
}

fn site<'a>(declared: Option<&'a Declared>, figures: Option<&'a UsageFigures>) -> Site<'a> {
    let settled = figures.map(|figures| (&*figures.site, &*figures.grid_zone));
    let noted = declared.map(|declared| (&*declared.site, &*declared.grid_zone));
    let (name, grid_zone) = noted.or(settled).unzip();
    Site {
        country: declared.and_then(|declared| declared.country.as_deref()),
        grid_zone,
        name,
        operator: declared.and_then(|declared| declared.operator.as_deref()),
        operator_country: declared.and_then(|declared| declared.operator_country.as_deref()),
        parent_country: declared.and_then(|declared| declared.parent_country.as_deref()),
        source: "declared",
    }
}
