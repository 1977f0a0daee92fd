//! Settings: defaults, then the file, then the environment, then flags; the last one wins.
//!
//! The only module that reads the environment. The doc comment of a field is its reference text.

mod confinement;
mod documents;
mod encryption;
mod identity;
mod index;
mod models;
mod prices;
mod residency;
mod retention;
mod rules;
mod site;
mod upstreams;

use std::{
    fmt, fs,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use engine_cpu::{KvPrecision, PathKind};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Common, Serve},
    failure::{Exit, Failure},
    outbound::{DEFAULT_REGION, Named, Outbound},
};
use site::FileSite;

pub(crate) use self::{
    confinement::ConfinementSettings,
    documents::DocumentSettings,
    encryption::EncryptionSettings,
    identity::{IdentitySettings, OidcSettings},
    index::IndexSettings,
    models::Signatures,
    prices::{PriceSettings, prices},
    residency::{DestinationSettings, EgressSettings, ResidencySettings, RuleSettings},
};
pub(crate) use self::{
    retention::RetentionSettings,
    rules::RulesSettings,
    site::SiteDeclared,
    upstreams::{GatewaySettings, UpstreamModelSettings, UpstreamSettings},
};

use self::{models::ModelSettings, prices::describe};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DEFAULT_DATA_DIR: &str = ".galerne";

/// The settings file, `galerne.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// Address that the server listens on.
    listen: Option<SocketAddr>,
    /// Threads of the engine; one a core when absent.
    threads: Option<usize>,
    /// Names under which browsers and clients reach the server, beside localhost. A request for
    /// any other `Host` is refused.
    hosts: Vec<String>,
    site: FileSite,
    engine: EngineSettings,
    limits: Limits,
    log: LogSettings,
    residency: ResidencySettings,
    egress: EgressSettings,
    models: ModelSettings,
    confinement: ConfinementSettings,
    documents: DocumentSettings,
    index: IndexSettings,
    encryption: EncryptionSettings,
    identity: IdentitySettings,
    rules: RulesSettings,
    retention: RetentionSettings,
    /// Engines that run elsewhere.
    upstreams: Vec<UpstreamSettings>,
    gateway: GatewaySettings,
    prices: Vec<PriceSettings>,
}

/// How models are computed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EngineSettings {
    /// Instructions of the processor to use: `auto`, `avx512-vnni`, `avx2`, `neon`, `scalar`.
    /// `auto` takes the best that it has.
    pub(crate) cpu_path: CpuPath,
    /// Guess tokens that an answer repeats from its prompt or from itself, and check them together.
    /// Answers are the same without, and later.
    pub(crate) guesses: bool,
    /// Disk for weights as they lie in memory, so that the next start does not pack a model of
    /// safetensors or with `Q6_K` again, in MiB. 0 keeps none and removes what is there.
    pub(crate) weights_cache_mib: usize,
    /// How exactly keys and values are kept: `f16`, half precision, or `q8`, signed bytes with a
    /// scale for each vector, of which twice as many fit.
    pub(crate) kv_cache_type: KvCacheType,
}

impl Default for EngineSettings {
    fn default() -> Self {
        let kv_cache_type = KvCacheType(KvPrecision::default());
        let (guesses, weights_cache_mib) = (true, 16_384);
        Self { cpu_path: CpuPath(None), guesses, kv_cache_type, weights_cache_mib }
    }
}

/// `None` takes the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct CpuPath(pub(crate) Option<PathKind>);

impl TryFrom<String> for CpuPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match PathKind::from_name(&text) {
            Some(kind) => Ok(Self(Some(kind))),
            None if text == "auto" => Ok(Self(None)),
            None => {
                let names = PathKind::ALL.map(PathKind::name).join(", ");
                Err(format!("`engine.cpu_path` is `{text}`, and not one of auto, {names}"))
            }
        }
    }
}

impl From<CpuPath> for String {
    fn from(path: CpuPath) -> Self {
        path.0.map_or("auto", PathKind::name).to_owned()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct KvCacheType(pub(crate) KvPrecision);

impl TryFrom<String> for KvCacheType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        KvPrecision::from_name(&text).map(Self).ok_or_else(|| {
            let names = KvPrecision::ALL.map(KvPrecision::name).join(", ");
            format!("`engine.kv_cache_type` is `{text}`, and not one of {names}")
        })
    }
}

impl From<KvCacheType> for String {
    fn from(kept: KvCacheType) -> Self {
        kept.0.name().to_owned()
    }
}

/// Bounds of one server.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Requests running or waiting; the next one is answered 429.
    pub(crate) requests_max: usize,
    /// Answers that the engine computes at the same time.
    pub(crate) sequences_max: usize,
    /// Memory for conversations being answered, in MiB.
    pub(crate) kv_cache_mib: usize,
    /// How much of it may stay occupied by beginnings of earlier prompts, so that a prompt of the
    /// same project that begins alike is answered sooner, in MiB. 0 keeps nothing.
    pub(crate) prefix_cache_mib: usize,
    /// Seconds that running answers get when the server is told to stop.
    pub(crate) drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_max: 64,
            sequences_max: 16,
            kv_cache_mib: 1024,
            prefix_cache_mib: 256,
            drain_seconds: 30,
        }
    }
}

/// The transparency log.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSettings {
    /// Who keeps checkpoints where the operator of this machine cannot change them: the absolute
    /// path of a file, best on another machine's disk, or the address of a witness that speaks
    /// C2SP tlog-witness. Without it: the file `checkpoints` in the data directory.
    pub(crate) witness: Option<WitnessPlace>,
    /// Seconds from a new entry to the checkpoint that signs it, 1 to 10.
    pub(crate) checkpoint_seconds: u64,
    /// Seconds without an accepted checkpoint after which requests are refused.
    pub(crate) witness_grace_seconds: u64,
    /// Name of the log, taken when its key is made at the first start: `ai.example.org/log`.
    pub(crate) origin: Option<String>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { witness: None, checkpoint_seconds: 5, witness_grace_seconds: 600, origin: None }
    }
}

/// Where checkpoints are handed to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum WitnessPlace {
    File(PathBuf),
    Http(String),
}

impl TryFrom<String> for WitnessPlace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("http://") || text.starts_with("https://") {
            Ok(Self::Http(text.trim_end_matches('/').to_owned()))
        } else if text.starts_with('/') {
            Ok(Self::File(PathBuf::from(text)))
        } else {
            Err(format!("`{text}` is neither an absolute path nor an http(s) address"))
        }
    }
}

impl From<WitnessPlace> for String {
    fn from(place: WitnessPlace) -> Self {
        match place {
            WitnessPlace::File(path) => path.display().to_string(),
            WitnessPlace::Http(address) => address,
        }
    }
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// A setting in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// All settings in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) data_dir: Setting<PathBuf>,
    pub(crate) listen: Setting<SocketAddr>,
    pub(crate) threads: Setting<usize>,
    pub(crate) hosts: Setting<Vec<String>>,
    pub(crate) site_name: Setting<String>,
    pub(crate) site_zone: Setting<String>,
    pub(crate) site_declared: Setting<SiteDeclared>,
    pub(crate) engine: Setting<EngineSettings>,
    pub(crate) limits: Setting<Limits>,
    pub(crate) log: Setting<LogSettings>,
    pub(crate) residency: Setting<ResidencySettings>,
    pub(crate) egress: Setting<EgressSettings>,
    /// The policy that follows from them; shown as its digest.
    #[serde(rename = "policy")]
    pub(crate) outbound: Outbound,
    pub(crate) models: Setting<ModelSettings>,
    pub(crate) confinement: Setting<ConfinementSettings>,
    pub(crate) documents: Setting<DocumentSettings>,
    pub(crate) index: Setting<IndexSettings>,
    pub(crate) encryption: Setting<EncryptionSettings>,
    pub(crate) identity: Setting<IdentitySettings>,
    pub(crate) rules: Setting<RulesSettings>,
    pub(crate) retention: Setting<RetentionSettings>,
    pub(crate) upstreams: Setting<Vec<UpstreamSettings>>,
    pub(crate) gateway: Setting<GatewaySettings>,
    pub(crate) prices: Setting<Vec<PriceSettings>>,
}

/// What `Settings` are read from: the environment of the process, or a table in tests.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

#[expect(clippy::disallowed_methods, reason = "settings are read here alone")]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Every variable of the process, for whoever looks for secrets among them.
pub(crate) fn variables() -> Vec<(String, String)> {
    let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

impl Settings {
    pub(crate) fn load(common: &Common, serve: Option<&Serve>) -> Result<Self, Failure> {
        Self::load_from(common, serve, &environment).map_err(|failure| failure.exit(Exit::Settings))
    }

    fn load_from(
        common: &Common,
        serve: Option<&Serve>,
        environment: Environment<'_>,
    ) -> Result<Self, Failure> {
        let data_dir = choose(
            common.data_dir.clone(),
            from_environment(environment, "GALERNE_DATA_DIR")?,
            None,
            PathBuf::from(DEFAULT_DATA_DIR),
        );
        let config = match &common.config {
            Some(path) => Some(path.clone()),
            None => from_environment(environment, "GALERNE_CONFIG")?,
        };
        let file = read_file(config.as_deref(), &data_dir.value)?;
        let written = file.is_some();
        let file = file.unwrap_or_default();
        let listen = choose(
            serve.and_then(|serve| serve.listen),
            from_environment(environment, "GALERNE_LISTEN")?,
            file.listen,
            DEFAULT_LISTEN.parse()?,
        );
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = choose(
            serve.and_then(|serve| serve.threads),
            from_environment(environment, "GALERNE_THREADS")?,
            file.threads,
            cores,
        );
        let origin = if written { Origin::File } else { Origin::Default };
        let witness = match &file.log.witness {
            Some(WitnessPlace::Http(address)) => Some(address.as_str()),
            Some(WitnessPlace::File(_)) | None => None,
        };
        let upstreams = file.upstreams.iter().map(UpstreamSettings::declaration);
        let upstreams = &upstreams.collect::<Result<Vec<_>, _>>()?;
        let named = Named { witness, issuer: file.identity.issuer(), upstreams };
        let outbound = Outbound::new(&file.residency, &file.egress, &named)?;
        let settings = Self {
            data_dir,
            listen,
            threads,
            hosts: Setting { value: file.hosts, origin },
            site_declared: Setting { value: SiteDeclared::of(&file.site), origin },
            site_name: Setting { value: file.site.name, origin },
            site_zone: Setting { value: file.site.zone, origin },
            engine: Setting { value: file.engine, origin },
            limits: Setting { value: file.limits, origin },
            log: Setting { value: file.log, origin },
            residency: Setting { value: file.residency, origin },
            egress: Setting { value: file.egress, origin },
            outbound,
            models: Setting { value: file.models, origin },
            confinement: Setting { value: file.confinement, origin },
            documents: Setting { value: file.documents, origin },
            index: Setting { value: file.index, origin },
            encryption: Setting { value: file.encryption, origin },
            identity: Setting { value: file.identity, origin },
            rules: Setting { value: file.rules, origin },
            retention: Setting { value: file.retention, origin },
            upstreams: Setting { value: file.upstreams, origin },
            gateway: Setting { value: file.gateway, origin },
            prices: Setting { value: file.prices, origin },
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), Failure> {
        let Limits { requests_max, sequences_max, kv_cache_mib, prefix_cache_mib, drain_seconds } =
            self.limits.value;
        let LogSettings { checkpoint_seconds, witness_grace_seconds, .. } = self.log.value;
        let weights_cache_mib = self.engine.value.weights_cache_mib;
        let check_seconds = self.encryption.value.check_seconds;
        for (name, value, range) in [
            ("threads", self.threads.value, 1..=256),
            ("engine.weights_cache_mib", weights_cache_mib, 0..=16_777_216),
            ("limits.requests_max", requests_max, 1..=100_000),
            ("limits.sequences_max", sequences_max, 1..=1024),
            ("limits.kv_cache_mib", kv_cache_mib, 16..=16_777_216),
            ("limits.prefix_cache_mib", prefix_cache_mib, 0..=16_777_216),
            ("limits.drain_seconds", usize::try_from(drain_seconds)?, 0..=3600),
            ("log.checkpoint_seconds", usize::try_from(checkpoint_seconds)?, 1..=10),
            ("log.witness_grace_seconds", usize::try_from(witness_grace_seconds)?, 1..=604_800),
            ("encryption.check_seconds", usize::try_from(check_seconds)?, 1..=30),
        ] {
            if !range.contains(&value) {
                let (low, high) = range.into_inner();
                return Err(Failure::message(format!("`{name}` is {value}"))
                    .hint(format!("give a number from {low} to {high}")));
            }
        }
        self.site_declared.value.check()?;
        self.confinement.value.check()?;
        self.documents.value.check()?;
        self.index.value.check()?;
        self.encryption.value.check()?;
        self.retention.value.terms()?;
        prices(&self.prices.value, &self.upstreams.value)?;
        self.identity.value.check(&self.hosts.value)?;
        upstreams::check(&self.upstreams.value, &self.gateway.value)?;
        if carbon_ledger::factors::grid(&self.site_zone.value).is_none() {
            let known: Vec<_> = carbon_ledger::factors::zones().collect();
            return Err(Failure::message(format!(
                "no carbon intensity is known for the grid zone `{}`",
                self.site_zone.value
            ))
            .hint(format!("set `site.zone` to one of {}", known.join(", "))));
        }
        Ok(())
    }

    /// One line a setting, with where it comes from.
    pub(crate) fn describe(&self) -> String {
        let (limits, log) = (&self.limits.value, &self.log.value);
        let engine = self.engine.value;
        let witness = log.witness.clone().map_or_else(|| "checkpoints".to_owned(), String::from);
        let grace = log.witness_grace_seconds.to_string();
        let weights = engine.weights_cache_mib.to_string();
        let residency = &self.residency.value;
        let region = residency.region.map_or(DEFAULT_REGION, |region| region.0).to_string();
        let ranges = match self.outbound.ranges() {
            [] => "not measured".to_owned(),
            sources => sources.join(", "),
        };
        let site = &self.site_declared.value;
        let said = |text: &Option<String>| text.clone().unwrap_or_default();
        let ModelSettings { signatures, types } = self.models.value;
        let lines = [
            ("data_dir", self.data_dir.value.display().to_string(), self.data_dir.origin),
            ("listen", self.listen.value.to_string(), self.listen.origin),
            ("threads", self.threads.value.to_string(), self.threads.origin),
            ("hosts", format!("{:?}", self.hosts.value), self.hosts.origin),
            ("site.name", self.site_name.value.clone(), self.site_name.origin),
            ("site.zone", self.site_zone.value.clone(), self.site_zone.origin),
            ("site.country", said(&site.country), self.site_declared.origin),
            ("site.operator", said(&site.operator), self.site_declared.origin),
            ("site.operator_country", said(&site.operator_country), self.site_declared.origin),
            ("site.parent_country", said(&site.parent_country), self.site_declared.origin),
            ("engine.cpu_path", engine.cpu_path.into(), self.engine.origin),
            ("engine.guesses", engine.guesses.to_string(), self.engine.origin),
            ("engine.weights_cache_mib", weights, self.engine.origin),
            ("engine.kv_cache_type", engine.kv_cache_type.into(), self.engine.origin),
            ("limits.requests_max", limits.requests_max.to_string(), self.limits.origin),
            ("limits.sequences_max", limits.sequences_max.to_string(), self.limits.origin),
            ("limits.kv_cache_mib", limits.kv_cache_mib.to_string(), self.limits.origin),
            ("limits.prefix_cache_mib", limits.prefix_cache_mib.to_string(), self.limits.origin),
            ("limits.drain_seconds", limits.drain_seconds.to_string(), self.limits.origin),
            ("log.witness", witness, self.log.origin),
            ("log.checkpoint_seconds", log.checkpoint_seconds.to_string(), self.log.origin),
            ("log.witness_grace_seconds", grace, self.log.origin),
            ("models.signatures", signatures.as_str().to_owned(), self.models.origin),
            ("models.types", types.as_str().to_owned(), self.models.origin),
            ("log.origin", log.origin.clone().unwrap_or_default(), self.log.origin),
            ("residency.region", region, self.residency.origin),
            ("residency.ranges", ranges, self.residency.origin),
            ("residency.rules", residency.rules.len().to_string(), self.residency.origin),
            ("egress.destinations", self.outbound.destinations().join(", "), self.egress.origin),
            ("policy", self.outbound.policy().digest().to_string(), self.residency.origin),
            ("rules.required", self.rules.value.required.to_string(), self.rules.origin),
        ];
        let parts = [
            (self.encryption.value.describe(), self.encryption.origin),
            (self.confinement.value.describe(), self.confinement.origin),
            (self.documents.value.describe(), self.documents.origin),
            (self.index.value.describe(), self.index.origin),
            (self.identity.value.describe(), self.identity.origin),
            (self.retention.value.describe(), self.retention.origin),
            (upstreams::describe(&self.upstreams, &self.gateway.value), self.upstreams.origin),
            (describe(&self.prices.value), self.prices.origin),
        ];
        let of_part = |(lines, origin): (Vec<(&'static str, String)>, Origin)| {
            lines.into_iter().map(move |(name, value)| (name, value, origin))
        };
        let lines = lines.into_iter().chain(parts.into_iter().flat_map(of_part));
        let lines = lines.map(|(name, value, origin)| format!("{name} = {value}  ({origin})"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn choose<T>(flag: Option<T>, environment: Option<T>, file: Option<T>, default: T) -> Setting<T> {
    let candidates =
        [(flag, Origin::Flag), (environment, Origin::Environment), (file, Origin::File)];
    for (value, origin) in candidates {
        if let Some(value) = value {
            return Setting { value, origin };
        }
    }
    Setting { value: default, origin: Origin::Default }
}

fn from_environment<T>(environment: Environment<'_>, name: &str) -> Result<Option<T>, Failure>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    let Some(text) = environment(name) else { return Ok(None) };
    match text.parse() {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(Failure::message(format!("{name} is `{text}`: {error}"))),
    }
}

/// The file that was named must exist; the one in the data directory may.
fn read_file(named: Option<&Path>, data_dir: &Path) -> Result<Option<File>, Failure> {
    let path = named.map_or_else(|| data_dir.join("galerne.toml"), Path::to_owned);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return Ok(None),
        Err(error) => {
            return Err(Failure::message(format!("could not read {}: {error}", path.display())));
        }
    };
    match toml::from_str(&text) {
        Ok(file) => Ok(Some(file)),
        Err(error) => Err(Failure::message(format!("{}: {error}", path.display()))
            .hint("`galerne config check` says which settings are in force")),
    }
}

#[cfg(test)]
mod tests;
