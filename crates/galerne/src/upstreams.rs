//! Engines that run elsewhere, as the settings name them.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use carbon_ledger::{Joules, factors};
use domain::ModelId;
use engine_remote::{RemoteModel, RemoteParts, RemoteUpstream};
use inference::{
    AnsweredBy, Declared, Deployment, Gateway, GatewayParts, Metering, ModelPurpose, ShareRule,
    Site, TokenEnergy, UpstreamEngine,
    ports::{Upstream, UpstreamCard, UpstreamModel},
};
use residency::Zone;
use zeroize::Zeroizing;

use crate::{
    config::{Settings, UpstreamSettings},
    failure::{Exit, Failure},
    sign_in::read_secret,
    system::SystemClock,
    wiring::{Local, declared},
};

/// The way to all of them.
pub(crate) fn gateway(local: &Local, settings: &Settings) -> Result<Gateway, Failure> {
    let upstreams = settings.upstreams.value.iter();
    let upstreams = upstreams.map(|one| {
        let upstream = upstream(local, settings, one)?;
        Ok(Arc::new(upstream) as Arc<dyn Upstream>)
    });
    let zone = &settings.site_zone.value;
    Ok(Gateway::new(GatewayParts {
        upstreams: upstreams.collect::<Result<_, Failure>>()?,
        shares: shares(settings)?,
        grams_per_kwh: factors::grid(zone).map_or(0.0, |factor| factor.grams_per_kwh),
        clock: Arc::new(SystemClock),
    }))
}

fn upstream(
    local: &Local,
    settings: &Settings,
    upstream: &UpstreamSettings,
) -> Result<RemoteUpstream, Failure> {
    let client = local.outbound.upstream_client(&upstream.address, &local.trail)?;
    if let Err(refusal) = client.permits(&upstream.address) {
        let (id, code) = (&upstream.id, refusal.code());
        tracing::warn!(upstream = id, code, "an upstream is asked nothing: {refusal}");
    }
    let key = upstream.credentials.as_deref().map(read_key).transpose()?;
    let remote = |model: &crate::config::UpstreamModelSettings| {
        Ok(RemoteModel {
            id: model.id()?,
            name: model.upstream_id.clone().unwrap_or_else(|| model.id.clone()),
            energy: model.energy()?,
        })
    };
    let pause = Duration::from_secs(upstream.pause_seconds);
    let parts = RemoteParts {
        card: card(settings, upstream)?,
        models: upstream.models.iter().map(remote).collect::<Result<_, Failure>>()?,
        kind: upstream.kind.0,
        address: upstream.address.clone(),
        key,
        client,
        head: pause,
        pause,
        whole: Duration::from_secs(upstream.answer_seconds),
    };
    RemoteUpstream::new(parts).map_err(|error| {
        Failure::new(Exit::Settings, error)
            .context(format!("the upstream `{}`", upstream.id))
            .hint("`credentials` names a file that holds its key alone")
    })
}

/// What tokens of models that run elsewhere take, each at the upstream where it takes most.
pub(crate) fn declared_energy(
    settings: &Settings,
) -> Result<HashMap<ModelId, TokenEnergy>, Failure> {
    let most = |one: Joules, other: Joules| if one < other { other } else { one };
    let mut all: HashMap<ModelId, TokenEnergy> = HashMap::new();
    for model in settings.upstreams.value.iter().flat_map(|upstream| &upstream.models) {
        let Some(energy) = model.energy()? else { continue };
        let known = all.entry(model.id()?).or_default();
        known.prompt = most(known.prompt, energy.prompt);
        known.completion = most(known.completion, energy.completion);
    }
    Ok(all)
}

/// The key of an upstream.
fn read_key(path: &Path) -> Result<Zeroizing<String>, Failure> {
    read_secret(path, "`credentials` of an upstream")
}

fn card(settings: &Settings, upstream: &UpstreamSettings) -> Result<UpstreamCard, Failure> {
    let zone = upstream.grid_zone.as_ref().unwrap_or(&settings.site_zone.value);
    let factor = factors::grid(zone).context("the grid zone was checked with the settings")?;
    let site = Site { name: upstream.id.clone(), zone: zone.clone() };
    let deployment = Deployment {
        engine: AnsweredBy::Upstream(UpstreamEngine {
            id: upstream.id.clone(),
            kind: upstream.kind.0.to_string(),
            party: upstream.declaration()?.origin,
            is_own: upstream.own,
        }),
        declared: place(settings, upstream, zone)?,
    };
    let models = upstream.models.iter().map(|model| {
        Ok(UpstreamModel {
            id: model.id()?,
            context_tokens: model.context_tokens,
            purpose: match model.dimensions {
                Some(dimensions) => ModelPurpose::Embeddings { dimensions },
                None => ModelPurpose::Chat,
            },
        })
    });
    Ok(UpstreamCard {
        id: upstream.id()?,
        models: models.collect::<Result<_, Failure>>()?,
        is_own: upstream.own,
        requests_max: upstream.requests_max,
        microeuros_per_million: upstream.price()?.of_both().0,
        metering: Metering::new(site, factor).of(deployment),
    })
}

/// What is declared of it; of an upstream on this machine, what is declared of the machine.
fn place(
    settings: &Settings,
    upstream: &UpstreamSettings,
    grid_zone: &str,
) -> Result<Declared, Failure> {
    let (site, grid_zone) = (upstream.id.clone(), grid_zone.to_owned());
    let Some(record) = upstream.declaration()?.record else {
        return Ok(Declared { site, grid_zone, ..declared(settings) });
    };
    let zone = |zone: Zone| Some(zone.to_string());
    Ok(Declared {
        site,
        grid_zone,
        country: zone(record.site),
        operator: Some(record.operator.to_string()),
        operator_country: zone(record.jurisdiction),
        parent_country: zone(record.parent),
    })
}

fn shares(settings: &Settings) -> Result<Vec<ShareRule>, Failure> {
    let rules = settings.gateway.value.shares.iter().map(|share| {
        let model = share.model.parse::<ModelId>().context("`model` of a share");
        Ok(ShareRule {
            model: model.map_err(|error| Failure::new(Exit::Settings, error))?,
            project: share.project()?,
            to: share.to.clone(),
            percent: share.percent,
        })
    });
    rules.collect()
}
