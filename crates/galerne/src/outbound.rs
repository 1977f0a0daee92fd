//! What may leave this machine: the policy that follows from the settings, the destinations that it
//! is about, and the entry in the audit log for whoever was reached or refused.

use std::{fmt, fs, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use egress::{
    Broker, Deadlines, Destination, EgressClient, EgressError, EgressParts, Event, NotRecorded,
    Recorder, Refusal, SendRules, SystemResolver,
};
use governance::{Action, AuditFact, PolicyDigest, Subject, Trail};
use policy::Keeper;
use residency::{Declaration, Policy, PolicyParts, Purpose, Ranges, Record, Rule, Zone};
use serde::{Serialize, Serializer};

use crate::{
    config::{DestinationSettings, EgressSettings, ResidencySettings, RuleSettings},
    failure::{Exit, Failure},
    rules::Sending,
};

/// What the region is unless the settings say it.
pub(crate) const DEFAULT_REGION: Zone = Zone::Eu;

const GUIDE: &str = "docs/operate/egress.md tells how";

/// The policy in force and the destinations that it is about. Made with the settings and never
/// changed: whoever edits the file changes nothing until the next start.
#[derive(Clone)]
pub(crate) struct Outbound {
    policy: Arc<Policy>,
    ranges: Arc<Ranges>,
    declarations: Vec<Declaration>,
    /// Rules of the customer, where somebody keeps them.
    rules: Option<Arc<Keeper>>,
}

/// What other settings name, beside the declared destinations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Named<'a> {
    /// The address of a witness that is reached over the network.
    pub(crate) witness: Option<&'a str>,
    /// The identifier of the identity provider.
    pub(crate) issuer: Option<&'a str>,
    /// What is declared of upstreams.
    pub(crate) upstreams: &'a [Declaration],
}

impl Outbound {
    /// Refuses settings that name what the policy denies. An upstream that it denies is no reason
    /// not to start: it is asked nothing, and whoever asks for its models is told why.
    pub(crate) fn new(
        residency: &ResidencySettings,
        egress: &EgressSettings,
        named: &Named<'_>,
    ) -> Result<Self, Failure> {
        let mut declarations = declarations(&egress.destinations)?;
        if let Some(address) = named.witness {
            let is_strict = residency.region.is_some();
            declarations.extend(undeclared_witness(address, &declarations, is_strict)?);
        }
        if let Some(issuer) = named.issuer {
            declarations.extend(undeclared_provider(issuer, &declarations)?);
        }
        let must_be_reached = declarations.len();
        for upstream in named.upstreams {
            declarations.extend(new_upstream(upstream, &declarations)?);
        }
        let ranges = residency.ranges.as_deref().map(read_ranges).transpose()?;
        let policy = Policy::new(PolicyParts {
            region: residency.region.map_or(DEFAULT_REGION, |region| region.0),
            rules: residency.rules.iter().map(rule).collect(),
            declarations: declarations.clone(),
            ranges: ranges.as_ref().map(Ranges::digest),
        });
        let ranges = Arc::new(ranges.unwrap_or_default());
        let outbound = Self { policy: Arc::new(policy), ranges, declarations, rules: None };
        match outbound.broker(&outbound.declarations[..must_be_reached])?.refused() {
            Some((destination, refusal)) => Err(refused(destination, &refusal)),
            None => Ok(outbound),
        }
    }

    /// The same, where every exchange is asked of the customer's rules too.
    #[must_use]
    pub(crate) fn under(self, rules: &Arc<Keeper>) -> Self {
        Self { rules: Some(Arc::clone(rules)), ..self }
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// For the entries of the audit log.
    pub(crate) fn digest(&self) -> PolicyDigest {
        PolicyDigest(self.policy.digest().0)
    }

    /// What address ranges were imported, one line a file.
    pub(crate) fn ranges(&self) -> &[String] {
        self.ranges.sources()
    }

    /// The addresses of all destinations.
    pub(crate) fn destinations(&self) -> Vec<&str> {
        self.declarations.iter().map(|declaration| declaration.origin.as_str()).collect()
    }

    /// What is declared of all destinations.
    pub(crate) fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// Why this destination would be refused, were it named in the settings.
    pub(crate) fn would_refuse(
        &self,
        declaration: Declaration,
    ) -> Result<Option<Refusal>, Failure> {
        Ok(self.broker(&[declaration])?.refused().map(|(_, refusal)| refusal))
    }

    /// A client that knows all destinations, for whoever wants to see what it refuses.
    pub(crate) fn prober(&self, recorder: Arc<dyn Recorder>) -> Result<EgressClient, Failure> {
        let deadlines =
            Deadlines { connect: Duration::from_secs(1), whole: Duration::from_secs(1) };
        let broker = self.broker(&self.declarations)?;
        let resolver = Arc::new(SystemResolver::default());
        Ok(EgressClient::new(EgressParts { broker, resolver, recorder, deadlines })?)
    }

    /// Their ports.
    pub(crate) fn ports(&self) -> Result<Vec<u16>, Failure> {
        self.destinations().into_iter().map(|origin| Ok(parse(origin)?.port())).collect()
    }

    /// A client for one destination of the settings, whose name is resolved now: what it leads to
    /// may be denied too.
    pub(crate) async fn client(
        &self,
        address: &str,
        trail: &Trail,
    ) -> Result<EgressClient, Failure> {
        let destination = parse(address)?;
        let origin = destination.to_string();
        let found = self.declarations.iter().filter(|declaration| declaration.origin == origin);
        let declared: Vec<_> = found.cloned().collect();
        let is_undeclared = declared.iter().any(|declaration| declaration.record.is_none());
        if is_undeclared && !destination.is_this_machine() {
            tracing::warn!(%destination, "nothing is declared of the witness: {GUIDE}");
        }
        self.client_of(&declared, trail).await
    }

    /// A client for an upstream. Nothing is resolved yet; each request is decided on by itself.
    pub(crate) fn upstream_client(
        &self,
        address: &str,
        trail: &Trail,
    ) -> Result<EgressClient, Failure> {
        let origin = parse(address)?.to_string();
        let found = self.declarations.iter().filter(|declaration| declaration.origin == origin);
        let declared: Vec<_> = found.cloned().collect();
        self.unexamined(&declared, trail)
    }

    /// Where the identity provider may be.
    pub(crate) fn identity_destinations(&self) -> Result<Vec<Destination>, Failure> {
        self.of_identity().map(|declaration| parse(&declaration.origin)).collect()
    }

    /// A client for all of these destinations: a provider may keep its keys at another one.
    pub(crate) async fn identity_client(&self, trail: &Trail) -> Result<EgressClient, Failure> {
        let declared: Vec<_> = self.of_identity().cloned().collect();
        self.client_of(&declared, trail).await
    }

    fn of_identity(&self) -> impl Iterator<Item = &Declaration> {
        let declarations = self.declarations.iter();
        declarations.filter(|declaration| declaration.purpose == Purpose::Identity)
    }

    async fn client_of(
        &self,
        declared: &[Declaration],
        trail: &Trail,
    ) -> Result<EgressClient, Failure> {
        let client = self.unexamined(declared, trail)?;
        match client.examine().await {
            // Rules change while the server runs: each exchange asks them again.
            Ok(()) | Err(EgressError::Refused { refusal: Refusal::Rules { .. }, .. }) => Ok(client),
            Err(EgressError::Refused { destination, refusal }) => {
                Err(refused(&destination, &refusal))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn unexamined(&self, declared: &[Declaration], trail: &Trail) -> Result<EgressClient, Failure> {
        Ok(EgressClient::new(EgressParts {
            broker: self.broker(declared)?,
            resolver: Arc::new(SystemResolver::default()),
            recorder: Arc::new(AuditRecorder(trail.clone())),
            deadlines: Deadlines::default(),
        })?)
    }

    fn broker(&self, declarations: &[Declaration]) -> Result<Broker, Failure> {
        let (policy, ranges) = (Arc::clone(&self.policy), Arc::clone(&self.ranges));
        let broker = Broker::new(policy, ranges, declarations.to_vec());
        let broker = broker.map_err(|error| Failure::new(Exit::Settings, error))?;
        Ok(match &self.rules {
            Some(keeper) => {
                let sending: Arc<dyn SendRules> = Arc::new(Sending(Arc::clone(keeper)));
                broker.under(&sending)
            }
            None => broker,
        })
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, ranges, declarations, rules: _ } = self;
        let mut shown = f.debug_struct("Outbound");
        shown.field("policy", policy).field("ranges", ranges).field("declarations", declarations);
        shown.finish_non_exhaustive()
    }
}

/// As `galerne config check --json` shows it.
impl Serialize for Outbound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.policy.digest())
    }
}

fn parse(address: &str) -> Result<Destination, Failure> {
    address.parse().map_err(|error| {
        let error = anyhow::Error::new(error).context("the address of a destination is none");
        Failure::new(Exit::Settings, error)
    })
}

fn declarations(settings: &[DestinationSettings]) -> Result<Vec<Declaration>, Failure> {
    let mut declarations: Vec<Declaration> = Vec::new();
    for declared in settings {
        let origin = parse(&declared.address)?.to_string();
        if declarations.iter().any(|known| known.origin == origin) {
            return Err(wrong(format!("{origin} is declared twice"))
                .hint("keep one entry for it under [[egress.destinations]]"));
        }
        let purpose = declared.purpose.0;
        declarations.push(Declaration {
            origin,
            purpose,
            class: purpose.class(),
            internal: declared.internal,
            record: Some(Record {
                operator: declared.operator.0.clone(),
                site: declared.site.0,
                jurisdiction: declared.jurisdiction.0,
                parent: declared.parent.0,
            }),
        });
    }
    Ok(declarations)
}

/// Settings from before there were declarations name a witness and say nothing of it. It goes on
/// getting what everybody may read, until the file says which region it is about.
fn undeclared_witness(
    address: &str,
    declared: &[Declaration],
    is_strict: bool,
) -> Result<Option<Declaration>, Failure> {
    let destination = parse(address)?;
    let origin = destination.to_string();
    let purpose = Purpose::Witness;
    match declared.iter().find(|known| known.origin == origin) {
        Some(known) if known.purpose == purpose => Ok(None),
        Some(known) => {
            let text = format!("{origin} is declared for the purpose `{}`", known.purpose);
            Err(wrong(text).hint("`log.witness` names it: declare it for the purpose `witness`"))
        }
        None if is_strict && !destination.is_this_machine() => {
            let text = format!("nothing is declared of the witness {origin}");
            let hint = "say under [[egress.destinations]] who runs it and whose law binds them";
            Err(wrong(text).hint(format!("{hint}; {GUIDE}")))
        }
        None => {
            let class = purpose.class();
            Ok(Some(Declaration { origin, purpose, class, internal: false, record: None }))
        }
    }
}

/// What identifies people goes nowhere without a declaration, but to this machine.
fn undeclared_provider(
    issuer: &str,
    declared: &[Declaration],
) -> Result<Option<Declaration>, Failure> {
    let destination = parse(issuer)?;
    let origin = destination.to_string();
    let purpose = Purpose::Identity;
    match declared.iter().find(|known| known.origin == origin) {
        Some(known) if known.purpose == purpose => Ok(None),
        Some(known) => {
            let text = format!("{origin} is declared for the purpose `{}`", known.purpose);
            let hint = "`identity.oidc.issuer` names it: declare it for the purpose `identity`";
            Err(wrong(text).hint(hint))
        }
        None if destination.is_this_machine() => {
            let class = purpose.class();
            Ok(Some(Declaration { origin, purpose, class, internal: false, record: None }))
        }
        None => {
            let text = format!("nothing is declared of the identity provider {origin}");
            let hint = "say under [[egress.destinations]] who runs it and whose law binds them";
            Err(wrong(text).hint(format!("{hint}; {GUIDE}")))
        }
    }
}

/// Two upstreams may lie behind one destination, if the same is said of it.
fn new_upstream(
    upstream: &Declaration,
    declared: &[Declaration],
) -> Result<Option<Declaration>, Failure> {
    match declared.iter().find(|known| known.origin == upstream.origin) {
        None => Ok(Some(upstream.clone())),
        Some(known) if known == upstream => Ok(None),
        Some(_) => Err(wrong(format!("two things are declared of {}", upstream.origin)).hint(
            "what an upstream says of its address is its declaration: say the same everywhere, \
             and nothing under [[egress.destinations]]",
        )),
    }
}

fn rule(settings: &RuleSettings) -> Rule {
    Rule {
        name: settings.name.0.clone(),
        effect: settings.effect.into(),
        classes: settings.classes.iter().map(|class| class.0).collect(),
        purposes: settings.purposes.iter().map(|purpose| purpose.0).collect(),
        zones: settings.zones.iter().map(|zone| zone.0).collect(),
    }
}

fn read_ranges(path: &Path) -> Result<Ranges, Failure> {
    let hint = "`galerne residency import-ranges` writes such a file";
    let failed = |error: anyhow::Error| {
        let error = error.context(format!("could not read {}", path.display()));
        Failure::new(Exit::Settings, error).hint(hint)
    };
    let text = fs::read_to_string(path).map_err(|error| failed(error.into()))?;
    text.parse().map_err(|error: residency::RangesError| failed(error.into()))
}

fn wrong(text: String) -> Failure {
    Failure::message(text).exit(Exit::Settings)
}

fn refused(destination: &Destination, refusal: &Refusal) -> Failure {
    let text = format!("{}: {destination} is not to be reached: {refusal}", refusal.code());
    wrong(text).hint(match refusal {
        Refusal::Residency { .. } => {
            "choose a destination that the region of this installation allows; \
             docs/concepts/residency.md tells why"
        }
        Refusal::Address { .. } => {
            "if it is in your own network, declare it with `internal = true` under \
             [[egress.destinations]]"
        }
        Refusal::Undeclared => "name it in the settings",
        Refusal::Rules { .. } => "`galerne policy show` prints the rules in force",
    })
}

/// Writes an entry for each event.
struct AuditRecorder(Trail);

#[async_trait]
impl Recorder for AuditRecorder {
    async fn record(&self, event: Event<'_>) -> Result<(), NotRecorded> {
        let (action, outcome, party) = match event {
            Event::Exchange { party } => (Action::EgressExchange, "ok", Some(party)),
            Event::Refusal { party, code } => (Action::EgressDeny, code, party),
        };
        let subject = party.map_or(Subject::Nothing, |party| Subject::Party(party.to_owned()));
        let fact = AuditFact { action, subject, ..AuditFact::refused(outcome, None) };
        self.0.record(&fact).await.map_err(|error| NotRecorded { source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound(residency: &str, egress: &str, witness: Option<&str>) -> Result<Outbound, String> {
        let residency: ResidencySettings = toml::from_str(residency).map_err(|e| e.to_string())?;
        let egress: EgressSettings = toml::from_str(egress).map_err(|e| e.to_string())?;
        let named = Named { witness, ..Named::default() };
        Outbound::new(&residency, &egress, &named).map_err(|failure| failure.text())
    }

    fn declared(address: &str, places: [&str; 3]) -> String {
        let [site, jurisdiction, parent] = places;
        format!(
            "[[destinations]]\naddress = '{address}'\npurpose = 'inference'\noperator = 'Operator'\n\
             site = '{site}'\njurisdiction = '{jurisdiction}'\nparent = '{parent}'\n"
        )
    }

    fn check(residency: &str, egress: &str, witness: Option<&str>, expected: &str) {
        match outbound(residency, egress, witness) {
            Ok(_) => assert_eq!(expected, "", "{residency} {egress} {witness:?}"),
            Err(text) => assert!(!expected.is_empty() && text.contains(expected), "{text}"),
        }
    }

    #[test]
    fn a_witness_without_a_record_is_kept_until_the_region_is_said() {
        let away = Some("https://witness.example/prefix");
        check("", "", away, "");
        check("region = 'eu'", "", away, "nothing is declared of the witness");
        for here in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            check("region = 'eu'", "", Some(here), "");
        }
        let record = declared("https://witness.example", ["fr"; 3]);
        check("region = 'eu'", &record.replace("inference", "witness"), away, "");
        check("region = 'eu'", &record, away, "is declared for the purpose `inference`");
    }

    #[test]
    fn an_identity_provider_is_declared_or_on_this_machine() {
        let check = |egress: &str, issuer: &str, expected: &str| {
            let egress: EgressSettings = toml::from_str(egress).unwrap();
            let named = Named { issuer: Some(issuer), ..Named::default() };
            match Outbound::new(&ResidencySettings::default(), &egress, &named) {
                Ok(outbound) => {
                    assert_eq!(expected, "", "{issuer}");
                    assert_eq!(outbound.identity_destinations().unwrap().len(), 1);
                }
                Err(failure) => assert!(
                    !expected.is_empty() && failure.text().contains(expected),
                    "{}",
                    failure.text()
                ),
            }
        };
        let issuer = "https://id.example/realms/one";
        let record =
            |place| declared("https://id.example", [place; 3]).replace("inference", "identity");
        check(&record("fr"), issuer, "");
        check(&record("us"), issuer, "residency.denied");
        check("", issuer, "nothing is declared of the identity provider https://id.example");
        check(&declared("https://id.example", ["fr"; 3]), issuer, "the purpose `inference`");
        check("", "http://127.0.0.1:4000", "");
        check("", "http://localhost:4000/a", "");
    }

    #[test]
    fn an_endpoint_of_a_hyperscaler_is_refused_in_the_union_by_default() {
        for host in [
            "bedrock-runtime.eu-west-3.amazonaws.com",
            "a.openai.azure.com",
            "europe-west9-aiplatform.googleapis.com",
            "d1.cloudfront.net",
        ] {
            let address = format!("https://{host}");
            for residency in ["", "region = 'eu'", "region = 'eea'", "region = 'fr'"] {
                check(residency, &declared(&address, ["fr"; 3]), None, "residency.denied");
            }
            check("", "", Some(&address), "residency.denied");
            check("region = 'us'", &declared(&address, ["us"; 3]), None, "");
        }
    }

    #[test]
    fn a_destination_that_could_never_be_reached_stops_the_start() {
        let address = "https://api.example";
        check("", &declared(address, ["fr", "de", "eu"]), None, "");
        check("", &declared(address, ["us", "fr", "fr"]), None, "its machines stand in US");
        check("", &declared(address, ["fr", "fr", "us"]), None, "the parent of its operator");
        check("", &declared("http://169.254.169.254", ["fr"; 3]), None, "metadata address");
        check("", &declared("http://2852039166", ["fr"; 3]), None, "metadata address");
        check("", &declared("ftp://api.example", ["fr"; 3]), None, "the address of a destination");
        let twice = declared(address, ["fr"; 3]) + &declared("https://api.example/a", ["fr"; 3]);
        check("", &twice, None, "declared twice");
        check("", "[[destinations]]\naddress = 'https://api.example'", None, "missing field");
        check("", &declared(address, ["fr", "fr", "europe"]), None, "`europe` is no zone");
        check("region = 'mars'", "", None, "`mars` is no zone");
        let rule = "[[rules]]\nname = 'none'\neffect = 'deny'\npurposes = ['inference']";
        check(rule, &declared(address, ["fr"; 3]), None, "the rule \"none\" denies it");
    }

    #[test]
    fn an_address_in_an_imported_range_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ranges.txt");
        let file = "galerne address ranges 1\nsource 2026-11-22 amazon test\namazon 9.9.9.0/24\n";
        fs::write(&path, file).unwrap();
        let residency = format!("ranges = '{}'", path.display());
        check(&residency, &declared("https://9.9.9.9", ["fr"; 3]), None, "Amazon Web Services");
        check(&residency, &declared("https://9.9.8.9", ["fr"; 3]), None, "");
        check("", &declared("https://9.9.9.9", ["fr"; 3]), None, "");
        fs::write(&path, "{}").unwrap();
        check(&residency, "", None, "could not read");
        check("ranges = '/nowhere'", "", None, "could not read");
    }

    #[test]
    fn what_decides_is_in_the_digest() {
        let digest =
            |residency: &str, egress: &str| outbound(residency, egress, None).unwrap().digest();
        let record = declared("https://api.example", ["fr"; 3]);
        let other = declared("https://api.example", ["fr", "fr", "de"]);
        let all =
            [digest("", ""), digest("", &record), digest("", &other), digest("region = 'fr'", "")];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
        assert_eq!(digest("", ""), digest("region = 'eu'", ""));
    }
}
