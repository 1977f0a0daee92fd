//! Settings of engines that run elsewhere.

use std::{collections::HashSet, path::PathBuf};

use carbon_ledger::{Joules, Uncertainty, factors};
use domain::{ModelId, ProjectId};
use egress::Destination;
use engine_remote::{EnergyPerToken, Kind};
use inference::{Price, ports::UpstreamId};
use residency::{Declaration, Name, Purpose, Record, Zone};
use serde::{Deserialize, Serialize};

use super::{Setting, prices::microeuros, residency::Text};
use crate::failure::{Exit, Failure};

/// An engine that runs elsewhere: a program, or the API of a provider. Its fields are what the
/// operator declares; nobody has checked them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamSettings {
    /// By which receipts, figures and refusals name it: lower-case letters, digits, `-` and `_`.
    pub(crate) id: String,
    /// `vllm`, `sglang`, `llama-cpp`, `tgi`, `mistral` or `openai`: which fields it understands.
    pub(crate) kind: Text<Kind>,
    /// Scheme, host and port, and what its paths begin with before `/v1`:
    /// `https://gpu.example.org:8000`.
    pub(crate) address: String,
    /// File that holds the API key and nothing else.
    pub(crate) credentials: Option<PathBuf>,
    /// Who runs it. This and the next three may be left out for an address of this machine alone.
    pub(crate) operator: Option<Text<Name>>,
    /// Country where its machines stand, or `eu` or `eea`.
    pub(crate) site: Option<Text<Zone>>,
    /// Country whose law binds the operator.
    pub(crate) jurisdiction: Option<Text<Zone>>,
    /// Country whose law binds the operator's parent company; that of the operator if it has none.
    pub(crate) parent: Option<Text<Zone>>,
    /// Whether its name leads into the operator's own network.
    #[serde(default)]
    pub(crate) internal: bool,
    /// Whether it runs on machines of the organisation that runs this installation.
    #[serde(default)]
    pub(crate) own: bool,
    /// Grid zone whose carbon intensity applies; that of `site.zone` when absent.
    pub(crate) grid_zone: Option<String>,
    /// Requests that it is given at the same time, 1 to 100000.
    #[serde(default = "default_requests_max")]
    pub(crate) requests_max: usize,
    /// Seconds that an answer may pause, 1 to 3600.
    #[serde(default = "default_pause_seconds")]
    pub(crate) pause_seconds: u64,
    /// Seconds that a whole answer may take, 1 to 86400.
    #[serde(default = "default_answer_seconds")]
    pub(crate) answer_seconds: u64,
    /// What tokens cost there.
    #[serde(default)]
    pub(crate) price: UpstreamPrice,
    /// The models that it is asked for.
    pub(crate) models: Vec<UpstreamModelSettings>,
}

const fn default_requests_max() -> usize {
    256
}

const fn default_pause_seconds() -> u64 {
    120
}

const fn default_answer_seconds() -> u64 {
    1800
}

/// Euros for a million tokens. Among upstreams that are alike otherwise the cheaper one is asked, and
/// models that `prices` does not name cost it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UpstreamPrice {
    /// Of prompts.
    pub(crate) prompt_eur_per_million: f64,
    /// Of answers.
    pub(crate) completion_eur_per_million: f64,
}

/// A model, as it is called here and there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamModelSettings {
    /// As clients name it here.
    pub(crate) id: String,
    /// As the upstream names it; the same when absent.
    pub(crate) upstream_id: Option<String>,
    /// Tokens of prompt and answer together.
    pub(crate) context_tokens: u32,
    /// Numbers in a vector, of a model that makes vectors; absent for one that answers.
    pub(crate) dimensions: Option<u32>,
    /// Joules that a token of a prompt takes there, as the operator estimates it.
    pub(crate) joules_per_prompt_token: Option<f64>,
    /// Joules that a token of an answer takes there.
    pub(crate) joules_per_completion_token: Option<f64>,
    /// How far off both may be, in percent; 100 when absent.
    pub(crate) energy_uncertainty_percent: Option<f64>,
}

/// How requests are spread over upstreams.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewaySettings {
    /// While a model moves: how much of its requests goes where.
    pub(crate) shares: Vec<ShareSettings>,
}

/// A share of the requests for one model.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareSettings {
    /// As clients name it.
    pub(crate) model: String,
    /// Id of a project; every project that has no rule of its own when absent.
    pub(crate) project: Option<String>,
    /// Id of an upstream, or `here` for the engine of this server.
    pub(crate) to: String,
    /// 0 to 100.
    pub(crate) percent: u8,
}

const GUIDE: &str = "docs/guides/in-front-of-vllm.md shows an example";

fn wrong(text: String) -> Failure {
    Failure::message(text).exit(Exit::Settings)
}

impl UpstreamSettings {
    pub(crate) fn id(&self) -> Result<UpstreamId, Failure> {
        self.id.parse().map_err(|error| Failure::new(Exit::Settings, anyhow::Error::new(error)))
    }

    /// What residency decides on.
    pub(crate) fn declaration(&self) -> Result<Declaration, Failure> {
        let destination: Destination = self.address.parse().map_err(|error| {
            let error = anyhow::Error::new(error).context(format!("the upstream `{}`", self.id));
            Failure::new(Exit::Settings, error)
        })?;
        let purpose = Purpose::Inference;
        Ok(Declaration {
            origin: destination.to_string(),
            purpose,
            class: purpose.class(),
            internal: self.internal,
            record: self.record(&destination)?,
        })
    }

    /// Of an upstream on this machine nothing has to be said: content stays where it is.
    fn record(&self, destination: &Destination) -> Result<Option<Record>, Failure> {
        match (&self.operator, &self.site, &self.jurisdiction, &self.parent) {
            (Some(operator), Some(site), Some(jurisdiction), Some(parent)) => Ok(Some(Record {
                operator: operator.0.clone(),
                site: site.0,
                jurisdiction: jurisdiction.0,
                parent: parent.0,
            })),
            (None, None, None, None) if destination.is_this_machine() => Ok(None),
            _ => Err(wrong(format!("not everything is said of the upstream `{}`", self.id)).hint(
                "say `operator`, `site`, `jurisdiction` and `parent`: residency decides on them",
            )),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.id()?;
        self.declaration()?;
        let id = &self.id;
        for (name, value, range) in [
            ("requests_max", u64::try_from(self.requests_max)?, 1..=100_000),
            ("pause_seconds", self.pause_seconds, 1..=3600),
            ("answer_seconds", self.answer_seconds, 1..=86_400),
        ] {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                return Err(wrong(format!("`{name}` of the upstream `{id}` is {value}"))
                    .hint(format!("give a number from {low} to {high}")));
            }
        }
        if let Some(zone) = self.grid_zone.as_ref().filter(|zone| factors::grid(zone).is_none()) {
            let known: Vec<_> = factors::zones().collect();
            let text = format!("no carbon intensity is known for the grid zone `{zone}`");
            return Err(wrong(text).hint(format!("set it to one of {}", known.join(", "))));
        }
        if self.models.is_empty() {
            return Err(wrong(format!("the upstream `{id}` has no models")).hint(GUIDE));
        }
        self.price()?;
        for (place, model) in self.models.iter().enumerate() {
            model.check()?;
            if self.models[..place].iter().any(|other| other.id == model.id) {
                let text = format!("the upstream `{id}` has two models called `{}`", model.id);
                return Err(wrong(text).hint("leave one of them"));
            }
        }
        Ok(())
    }

    /// In whole millionths of a euro.
    pub(crate) fn price(&self) -> Result<Price, Failure> {
        let UpstreamPrice { prompt_eur_per_million, completion_eur_per_million } = self.price;
        let euros = |euros: f64| {
            microeuros(euros).ok_or_else(|| {
                wrong(format!("the price of the upstream `{}` is none", self.id))
                    .hint("give euros of at least 0, with up to 6 digits behind the point")
            })
        };
        Ok(Price {
            prompt_per_million: euros(prompt_eur_per_million)?,
            completion_per_million: euros(completion_eur_per_million)?,
        })
    }
}

impl UpstreamModelSettings {
    pub(crate) fn id(&self) -> Result<ModelId, Failure> {
        self.id.parse().map_err(|error| Failure::new(Exit::Settings, anyhow::Error::new(error)))
    }

    fn check(&self) -> Result<(), Failure> {
        self.id()?;
        self.energy()?;
        if self.context_tokens == 0 || self.dimensions == Some(0) {
            return Err(wrong(format!("the model `{}` holds nothing", self.id))
                .hint("`context_tokens` and `dimensions` are more than 0"));
        }
        Ok(())
    }

    pub(crate) fn energy(&self) -> Result<Option<EnergyPerToken>, Failure> {
        let (prompt, completion) = (self.joules_per_prompt_token, self.joules_per_completion_token);
        if prompt.is_none() && completion.is_none() {
            return Ok(None);
        }
        let not_energy = |error| {
            let error = anyhow::Error::new(error).context(format!("energy of `{}`", self.id));
            Failure::new(Exit::Settings, error)
        };
        let joules = |value: Option<f64>| Joules::new(value.unwrap_or(0.0)).map_err(not_energy);
        let percent = self.energy_uncertainty_percent.unwrap_or(100.0);
        Ok(Some(EnergyPerToken {
            prompt: joules(prompt)?,
            completion: joules(completion)?,
            uncertainty: Uncertainty::from_percent(percent).map_err(not_energy)?,
        }))
    }
}

impl ShareSettings {
    /// `None`: every project that has no share of its own.
    pub(crate) fn project(&self) -> Result<Option<ProjectId>, Failure> {
        let read = |id: &String| {
            id.parse::<ProjectId>().map_err(|_| {
                wrong(format!("`{id}` is no id of a project"))
                    .hint("leave `project` out of a share that is for every project")
            })
        };
        self.project.as_ref().map(read).transpose()
    }

    fn check(&self, upstreams: &[UpstreamSettings]) -> Result<(), Failure> {
        let Self { model, to, percent, .. } = self;
        let has_model =
            |upstream: &UpstreamSettings| upstream.models.iter().any(|one| one.id == *model);
        let is_known = to == UpstreamId::HERE
            || upstreams.iter().any(|upstream| upstream.id == *to && has_model(upstream));
        if !is_known || !upstreams.iter().any(has_model) {
            return Err(wrong(format!("no upstream `{to}` has the model `{model}`"))
                .hint("a share names an upstream that has the model, or `here`"));
        }
        if *percent > 100 {
            return Err(wrong(format!("a share of {percent} percent")).hint("give 0 to 100"));
        }
        Ok(())
    }
}

/// All of them, and what they are together.
pub(crate) fn check(
    upstreams: &[UpstreamSettings],
    gateway: &GatewaySettings,
) -> Result<(), Failure> {
    for (place, upstream) in upstreams.iter().enumerate() {
        upstream.check()?;
        if upstreams[..place].iter().any(|other| other.id == upstream.id) {
            return Err(wrong(format!("two upstreams are called `{}`", upstream.id))
                .hint("give each an id of its own"));
        }
    }
    let mut shared = HashSet::new();
    for share in &gateway.shares {
        share.check(upstreams)?;
        if !shared.insert((&share.model, share.project()?)) {
            let text =
                format!("two shares of the model `{}` are for the same project", share.model);
            return Err(wrong(text).hint("leave one entry of `gateway.shares` for both"));
        }
    }
    Ok(())
}

/// Lines of `galerne config check`.
pub(crate) fn describe(
    upstreams: &Setting<Vec<UpstreamSettings>>,
    gateway: &GatewaySettings,
) -> Vec<(&'static str, String)> {
    let ids = |wanted: fn(&UpstreamSettings) -> bool| {
        let upstreams = upstreams.value.iter().filter(|upstream| wanted(upstream));
        upstreams.map(|upstream| upstream.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    vec![
        ("upstreams", ids(|_| true)),
        // Content goes there by no decision: behind a port of this machine may lie a tunnel.
        ("upstreams.undeclared", ids(|upstream| upstream.operator.is_none())),
        ("gateway.shares", gateway.shares.len().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    #[derive(Deserialize)]
    struct File {
        upstreams: Vec<UpstreamSettings>,
        #[serde(default)]
        gateway: GatewaySettings,
    }

    const WHOLE: &str = "[[upstreams]]\nid = 'paris'\nkind = 'vllm'\n\
        address = 'https://gpu.example'\noperator = 'Example'\nsite = 'FR'\njurisdiction = 'FR'\n\
        parent = 'FR'\n[[upstreams.models]]\nid = 'small'\ncontext_tokens = 32768\n";

    const NEAR: &str = "[[upstreams]]\nid = 'a'\nkind = 'llama-cpp'\n\
        address = 'http://127.0.0.1:9'\n[[upstreams.models]]\nid = 'small'\n\
        context_tokens = 4096\n";

    fn check(text: &str, expected: &str) {
        let file = match toml::from_str::<File>(text) {
            Ok(file) => file,
            Err(error) => {
                let error = error.to_string();
                assert!(!expected.is_empty() && error.contains(expected), "{error}");
                return;
            }
        };
        match super::check(&file.upstreams, &file.gateway) {
            Ok(()) => assert_eq!(expected, "", "{text}"),
            Err(failure) => {
                let found = failure.text();
                assert!(!expected.is_empty() && found.contains(expected), "{found}");
            }
        }
    }

    #[test]
    fn what_residency_decides_on_must_be_said() {
        check(WHOLE, "");
        check(&WHOLE.replace("parent = 'FR'\n", ""), "not everything is said of the upstream");
        check(NEAR, "");
        check(&NEAR.replace("127.0.0.1", "192.0.2.1"), "not everything is said");
        check(&format!("{NEAR}{NEAR}"), "two upstreams are called `a`");
    }

    #[test]
    fn whoever_is_not_declared_is_named() {
        let file: File = toml::from_str(&format!("{WHOLE}{NEAR}")).unwrap();
        let upstreams = Setting { value: file.upstreams, origin: Origin::File };
        let lines = describe(&upstreams, &file.gateway);
        let line = |name: &str| {
            let found = lines.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(line("upstreams"), Some("paris, a"));
        assert_eq!(line("upstreams.undeclared"), Some("a"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let with = |from: &str, to: &str, expected: &str| check(&WHOLE.replace(from, to), expected);
        with("'paris'", "'Paris!'", "no name of an upstream");
        with("'paris'", "'here'", "no name of an upstream");
        with("'vllm'", "'other'", "is not one of vllm, sglang");
        with("https", "ftp", "does not start with http");
        with("'small'", "''", "id");
        with("32768", "0", "holds nothing");
        with("site = 'FR'", "site = 'FR'\ngrid_zone = 'XX'", "no carbon intensity");
        with("site = 'FR'", "site = 'FR'\npause_seconds = 0", "`pause_seconds`");
        with("site = 'FR'", "site = 'FR'\nprice = { prompt_eur_per_million = -1 }", "the price");
        let fine = "site = 'FR'\nprice = { completion_eur_per_million = 0.0000001 }";
        with("site = 'FR'", fine, "the price");
        let twice = "32768\n[[upstreams.models]]\nid = 'small'\ncontext_tokens = 1";
        with("32768", twice, "two models called `small`");
        let energy = "32768\njoules_per_prompt_token = -1";
        with("32768", energy, "energy of `small`");
    }

    #[test]
    fn a_share_names_an_upstream_that_has_the_model() {
        let share = |model: &str, to: &str, percent: u8| {
            format!(
                "{WHOLE}[[gateway.shares]]\nmodel = '{model}'\nto = '{to}'\npercent = {percent}\n"
            )
        };
        check(&share("small", "paris", 10), "");
        check(&share("small", "here", 10), "");
        check(&share("large", "paris", 10), "no upstream `paris` has the model `large`");
        check(&share("large", "here", 10), "has the model `large`");
        check(&share("small", "lyon", 10), "no upstream `lyon`");
        check(&share("small", "paris", 101), "a share of 101 percent");
        let again = "[[gateway.shares]]\nmodel = 'small'\nto = 'here'\npercent = 1\n";
        let of = |project: &str| format!("{again}project = '{project}'\n");
        let (one, other) = (of(&"1".repeat(32)), of(&"2".repeat(32)));
        let share = share("small", "paris", 10);
        check(&format!("{share}{one}{other}"), "");
        check(&format!("{share}{again}"), "two shares of the model `small`");
        let hyphens = of("11111111-1111-1111-1111-111111111111");
        check(&format!("{share}{one}{hyphens}"), "two shares of the model `small`");
        check(&format!("{share}{}", of("anna")), "`anna` is no id of a project");
    }
}
