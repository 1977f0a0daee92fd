//! The customer's rules of this installation: where they lie, and what they are told of it.

use std::sync::Arc;

use egress::{Refusal, SendRules};
use engine_cpu::EncoderConfig;
use governance::{
    Act, Actor, Asked, DestinationFacts, InstallationKey, PolicyInForce, ports::Rules as _,
};
use policy::{DestinationKind, Held, Keeper, KeeperParts, Lattice, ModelKind, Place};
use residency::{Question, Record};

use crate::{
    config::Settings,
    data_dir::DataDir,
    failure::{Exit, Failure},
    model_files::{Manifest, ModelFiles},
    outbound::Outbound,
    system::SystemClock,
};

/// What the key of seals is for, among those that follow from the installation key.
const SEAL_PURPOSE: &str = "galerne 2026 seals of applied rules";

pub(crate) fn keeper(
    settings: &Settings,
    data_dir: &DataDir,
    installation: &InstallationKey,
    in_force: PolicyInForce,
) -> Arc<Keeper> {
    Arc::new(Keeper::open(KeeperParts {
        file: data_dir.rules(),
        seal_key: installation.derive(SEAL_PURPOSE),
        residency: settings.outbound.digest(),
        place: place(settings),
        clock: Arc::new(SystemClock),
        in_force,
    }))
}

pub(crate) fn place(settings: &Settings) -> Place {
    let site = &settings.site_declared.value;
    Place {
        data_zone: settings.outbound.policy().region().to_string(),
        site: site.country.clone(),
        operator_jurisdiction: site.operator_country.clone(),
        parent_jurisdiction: site.parent_country.clone(),
    }
}

/// A server does not start with rules that it cannot ask, nor without any where they are required.
pub(crate) fn must_be_usable(keeper: &Keeper, settings: &Settings) -> Result<(), Failure> {
    let refused = |text: String| Failure::message(text).exit(Exit::Settings);
    match keeper.status().held {
        Held::Rules(_) => Ok(()),
        Held::Nothing if !settings.rules.value.required => Ok(()),
        Held::Nothing => Err(refused("policy.unavailable: no rules are in force".to_owned())
            .hint("`rules.required` asks for them: `galerne policy apply FILE` puts them there")),
        Held::Unusable(reason) => Err(refused(format!("policy.unavailable: {reason}"))
            .hint("`galerne policy apply FILE` puts whole rules there; FILE is your own copy")),
    }
}

/// Every model and destination of the installation, for the analysis of rules.
pub(crate) fn lattice(settings: &Settings, data_dir: &DataDir) -> Result<Lattice, Failure> {
    let manifests = ModelFiles::new(data_dir).list()?;
    let models = manifests.iter().map(model).collect::<Result<_, _>>()?;
    Ok(Lattice { models, destinations: destinations(&settings.outbound) })
}

pub(crate) fn model(manifest: &Manifest) -> Result<ModelKind, Failure> {
    Ok(ModelKind {
        id: manifest.id.parse()?,
        digest: manifest.sha256.clone(),
        architecture: manifest.architecture.clone(),
        is_adapter: manifest.base.is_some(),
        embeds: EncoderConfig::is_of(&manifest.architecture),
    })
}

fn destinations(outbound: &Outbound) -> Vec<DestinationKind> {
    let declared = outbound.declarations().iter();
    let kinds = declared.map(|declaration| {
        let [zone, operator_jurisdiction, parent_jurisdiction] = zones(declaration.record.as_ref());
        DestinationKind {
            origin: declaration.origin.clone(),
            data_class: declaration.class.as_str(),
            purpose: declaration.purpose.as_str(),
            zone,
            operator_jurisdiction,
            parent_jurisdiction,
        }
    });
    kinds.collect()
}

fn zones(record: Option<&Record>) -> [Option<String>; 3] {
    match record {
        Some(record) => {
            [record.site, record.jurisdiction, record.parent].map(|zone| Some(zone.to_string()))
        }
        None => [None, None, None],
    }
}

/// Asks the rules before something is sent.
pub(crate) struct Sending(pub(crate) Arc<Keeper>);

impl SendRules for Sending {
    fn permit(&self, origin: &str, question: &Question<'_>) -> Result<(), Refusal> {
        let [zone, operator_jurisdiction, parent_jurisdiction] = zones(question.record);
        let facts = DestinationFacts {
            origin,
            data_class: question.class.as_str(),
            purpose: question.purpose.as_str(),
            zone: zone.as_deref(),
            operator_jurisdiction: operator_jurisdiction.as_deref(),
            parent_jurisdiction: parent_jurisdiction.as_deref(),
        };
        let asked = Asked { actor: Actor::Installation, act: Act::Send(facts) };
        let decided = self.0.decide(&asked);
        decided.map_err(|error| Refusal::Rules { code: error.code(), reason: error.to_string() })
    }
}
