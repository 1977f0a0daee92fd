//! What rows, settings and the log say, gathered once for every document.

use std::collections::{BTreeMap, BTreeSet};

use domain::RetentionClass;
use governance::ports::ProtectionStore as _;
use inference::{UsageTotal, ports::UsageLedger as _};
use residency::{Declaration, Record, Zone};
use sovereignty::Report;

use super::document::{Heading, Section, Source, Table, known, text, word};
use crate::{
    assessment::{Assessed, Imported, Scene},
    protection,
    trust::Standing,
    wiring::Local,
};

/// How many accounts may be used, by kind and role.
pub(super) type Accounts = BTreeMap<(&'static str, &'static str), usize>;

pub(crate) struct Facts {
    pub(super) made_at: String,
    pub(super) program: String,
    /// Label, place and value of what the settings say of the site.
    pub(super) site: [(&'static str, &'static str, Option<String>); 4],
    pub(super) region: String,
    /// Days of each class that has a term.
    pub(super) terms: BTreeMap<&'static str, u32>,
    pub(super) accounts: Result<Accounts, String>,
    pub(super) models: Result<Vec<ModelFact>, String>,
    pub(super) recipients: Result<Vec<Recipient>, String>,
    pub(super) usage: Result<Vec<UsageTotal>, String>,
    pub(super) protection: Result<ProtectionFact, String>,
    pub(super) log: LogFact,
    /// Ids and titles of checks that passed, and of those that did not.
    pub(super) measures: Vec<(&'static str, &'static str)>,
    pub(super) open: Vec<(&'static str, &'static str)>,
}

pub(super) struct ModelFact {
    pub(super) id: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) architecture: String,
    pub(super) base: Option<String>,
    pub(super) imported_at: String,
    pub(super) vouched: Vouched,
    pub(super) licences: usize,
}

/// Who vouches for a model.
pub(super) enum Vouched {
    Trusted(String),
    Untrusted(String),
    Nobody,
    Waived,
    Refused(String),
}

/// Whoever the log or the settings name.
pub(super) struct Recipient {
    pub(super) origin: String,
    pub(super) purpose: Option<&'static str>,
    /// Whether the log has an exchange with it.
    pub(super) is_reached: bool,
    /// `None`: the settings say nothing of who runs it.
    pub(super) record: Option<Record>,
}

#[derive(Clone, Copy)]
pub(super) struct ProtectionFact {
    pub(super) erasures_done: usize,
    pub(super) erasures_under_way: usize,
    pub(super) holds: usize,
}

pub(super) struct LogFact {
    pub(super) origin: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) checkpoint: Option<String>,
    /// Entries by kind of access, of those that were read.
    pub(super) actions: Vec<(String, u64)>,
    pub(super) span: Option<(String, String)>,
    /// Why not all of it was read, if so.
    pub(super) unread: Option<String>,
}

impl Facts {
    pub(crate) async fn gather(local: &Local, assessed: &Assessed<'_>) -> Self {
        let (scene, report) = (&assessed.scene, &assessed.report);
        let of = |is_passed: bool| {
            let applicable = report.checks.iter().filter(|it| it.verdict != "not applicable");
            let found = applicable.filter(|check| (check.verdict == "passed") == is_passed);
            found.map(|check| (check.id, check.expected)).collect()
        };
        let models = scene.models.as_ref().map_err(Clone::clone);
        Self {
            made_at: report.assessed_at.clone(),
            program: program(report.program.version, report.program.commit),
            site: site(scene),
            region: scene.settings.outbound.policy().region().to_string(),
            terms: terms(scene),
            accounts: accounts(scene),
            models: models.map(|models| models.iter().map(model).collect()),
            recipients: recipients(scene),
            usage: usage(local).await,
            protection: protected(local).await,
            log: log(scene, report),
            measures: of(true),
            open: of(false),
        }
    }

    pub(super) fn heading(
        &self,
        kind: &'static str,
        title: &'static str,
        text: &'static str,
    ) -> Heading {
        let (made_at, program) = (self.made_at.clone(), self.program.clone());
        Heading { kind, title, text, made_at, program }
    }

    /// Whether every recipient is known, as far as the log and the settings name them.
    pub(super) fn knows_recipients(&self) -> bool {
        self.recipients.is_ok() && self.log.unread.is_none()
    }

    /// Every recipient, with where its data go as far as somebody has said. An empty table says that
    /// there is none: it is left out where that is not known.
    pub(super) fn with_recipients(&self, section: Section) -> Section {
        let recipients = self.recipients.as_deref().unwrap_or_default();
        if recipients.is_empty() && !self.knows_recipients() {
            return section;
        }
        let recipients = recipients.iter();
        let rows = recipients.map(|recipient| {
            let record = recipient.record.as_ref();
            vec![
                text(&recipient.origin),
                known(recipient.purpose),
                word(if recipient.is_reached { "yes" } else { "no" }),
                known(record.map(|record| record.operator.as_str())),
                known(record.map(|record| record.site)),
                known(record.map(|record| record.jurisdiction)),
                known(record.map(|record| record.parent)),
            ]
        });
        let columns =
            vec!["address", "purpose", "reached", "operator", "site", "jurisdiction", "parent"];
        let rows = rows.collect();
        section.table(Table { name: "Recipients", source: Source::Log, columns, rows })
    }

    pub(super) fn with_models(&self, mut section: Section) -> Section {
        let models = match &self.models {
            Ok(models) => models,
            Err(reason) => {
                section.lacks("models", Some(reason.clone()), "galerne model list");
                return section;
            }
        };
        let rows = models.iter().map(|model| {
            let (vouched, by) = model.vouched.cells();
            vec![
                text(&model.id),
                text(&model.sha256),
                text(model.bytes),
                text(&model.architecture),
                known(model.base.as_ref()),
                text(&model.imported_at),
                word(vouched),
                known(by),
                text(model.licences),
            ]
        });
        let columns = vec![
            "model",
            "SHA-256",
            "bytes",
            "architecture",
            "base",
            "imported",
            "vouched for",
            "key or reason",
            "licence files",
        ];
        let rows = rows.collect();
        section.table(Table { name: "Models", source: Source::Models, columns, rows })
    }

    /// A list of recipients that was not read whole is not told as one.
    pub(super) fn require_whole_log(&self, section: &mut Section) {
        if let Err(reason) = &self.recipients {
            section.lacks("recipients in the log", Some(reason.clone()), "galerne audit verify");
        }
        if let Some(reason) = &self.log.unread {
            section.lacks("recipients in the log", Some(reason.clone()), "galerne audit export");
        }
    }
}

impl Vouched {
    fn cells(&self) -> (&'static str, Option<&String>) {
        match self {
            Self::Trusted(key) => ("a trusted key", Some(key)),
            Self::Untrusted(key) => ("a key that is not trusted", Some(key)),
            Self::Nobody => ("nobody", None),
            Self::Waived => ("somebody's word (waiver)", None),
            Self::Refused(reason) => ("refused", Some(reason)),
        }
    }
}

impl Recipient {
    /// `None` where nobody has said who runs it.
    pub(super) fn is_in_eea(&self) -> Option<bool> {
        let record = self.record.as_ref()?;
        let is_in = |zone: Zone| Zone::Eea.covers(zone);
        Some(is_in(record.site) && is_in(record.jurisdiction) && is_in(record.parent))
    }
}

/// The program that made a document.
pub(super) fn program(version: &str, commit: Option<&str>) -> String {
    let commit = commit.map(|commit| format!(" ({commit})")).unwrap_or_default();
    format!("galerne {version}{commit}")
}

fn site(scene: &Scene<'_>) -> [(&'static str, &'static str, Option<String>); 4] {
    let site = scene.settings.site_declared.value.clone();
    [
        ("country of the site", "galerne.toml: site.country", site.country),
        ("operator", "galerne.toml: site.operator", site.operator),
        ("country of the operator", "galerne.toml: site.operator_country", site.operator_country),
        ("country of its parent", "galerne.toml: site.parent_country", site.parent_country),
    ]
}

/// The settings were checked when they were read: what they refuse stands in no document.
fn terms(scene: &Scene<'_>) -> BTreeMap<&'static str, u32> {
    let terms = scene.settings.retention.value.terms().unwrap_or_default();
    let day = |class: RetentionClass| {
        let term = terms.iter().find(|term| term.class() == class)?;
        Some((class.as_str(), term.days()))
    };
    RetentionClass::ALL.into_iter().filter_map(day).collect()
}

fn model(model: &Imported) -> ModelFact {
    let vouched = match &model.standing {
        Ok(Standing::Signed { key }) => Vouched::Trusted(key.clone()),
        Ok(Standing::Foreign { fingerprint }) => Vouched::Untrusted(fingerprint.clone()),
        Ok(Standing::Unsigned) => Vouched::Nobody,
        Ok(Standing::Waived(_)) => Vouched::Waived,
        Err(refusal) => Vouched::Refused(refusal.to_string()),
    };
    let manifest = &model.manifest;
    ModelFact {
        id: manifest.id.clone(),
        sha256: manifest.sha256.clone(),
        bytes: manifest.bytes,
        architecture: manifest.architecture.clone(),
        base: manifest.base.clone(),
        imported_at: manifest.imported_at.to_string(),
        vouched,
        licences: model.licences,
    }
}

fn accounts(scene: &Scene<'_>) -> Result<Accounts, String> {
    let people = scene.people.as_ref().map_err(Clone::clone)?;
    let mut counts = BTreeMap::new();
    for (account, _) in &people.accounts {
        if account.disabled_at.is_none() {
            let of = (account.kind.as_str(), account.role.as_str());
            *counts.entry(of).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

/// Those of the settings, and everybody whom the log names whatever the settings say now.
fn recipients(scene: &Scene<'_>) -> Result<Vec<Recipient>, String> {
    let journal = scene.journal.as_ref().map_err(Clone::clone)?;
    let reached: BTreeSet<&str> = journal.reached.iter().map(|(party, _)| party.as_str()).collect();
    let declared: BTreeMap<&str, &Declaration> = scene
        .settings
        .outbound
        .declarations()
        .iter()
        .map(|declaration| (declaration.origin.as_str(), declaration))
        .collect();
    let all: BTreeSet<&str> = reached.iter().chain(declared.keys()).copied().collect();
    let recipients = all.into_iter().map(|origin| {
        let declaration = declared.get(origin);
        Recipient {
            origin: origin.to_owned(),
            purpose: declaration.map(|declaration| declaration.purpose.as_str()),
            is_reached: reached.contains(origin),
            record: declaration.and_then(|declaration| declaration.record.clone()),
        }
    });
    Ok(recipients.collect())
}

async fn usage(local: &Local) -> Result<Vec<UsageTotal>, String> {
    let operator = local.access.operator().await.map_err(|error| error.to_string())?;
    local.store.totals(operator.organisation).await.map_err(|error| error.to_string())
}

async fn protected(local: &Local) -> Result<ProtectionFact, String> {
    let operator = local.access.operator().await.map_err(|error| error.to_string())?;
    let erasures = local.store.erasures(operator.organisation).await;
    let erasures = erasures.map_err(|error| error.to_string())?;
    let holds = protection::holds(local).list(&operator).await;
    let holds = holds.map_err(|error| error.to_string())?;
    let done = erasures.iter().filter(|erasure| erasure.certificate.is_some()).count();
    Ok(ProtectionFact {
        erasures_done: done,
        erasures_under_way: erasures.len() - done,
        holds: holds.iter().filter(|hold| hold.lifted_at.is_none()).count(),
    })
}

fn log(scene: &Scene<'_>, report: &Report) -> LogFact {
    let journal = scene.journal.as_ref();
    let span = journal.ok().and_then(|journal| journal.span);
    LogFact {
        origin: report.log.origin.clone(),
        size: report.log.size,
        checkpoint: report.log.checkpoint.clone(),
        actions: journal.map_or_else(
            |_| Vec::new(),
            |journal| journal.actions.iter().map(|(name, count)| (name.clone(), *count)).collect(),
        ),
        span: span.map(|(first, last)| (first.to_string(), last.to_string())),
        unread: match journal {
            Ok(journal) => journal.unread(),
            Err(reason) => Some(reason.clone()),
        },
    }
}
