//! `galerne sovereignty assess`

use std::{fs, net::TcpListener, path::Path, time::Duration};

use anyhow::Context as _;
use domain::Clock as _;
use governance::{
    Action, AuditFact, ReadError, Subject,
    ports::{AuditStore as _, EntryRef},
};
use serde_json::{Value, json};
use sovereignty::{Assessment, Conclusion, Framework, Tender};
use tokio::time::{Instant, sleep};

use super::audit;
use crate::{
    assessment::{
        Bundle, Machine, Program, Scene, Surroundings, assess as assess_scene, digest, write_bundle,
    },
    cli::SovereigntyAssess,
    config::{Settings, variables},
    failure::{Exit, Failure},
    log,
    output::Output,
    system::SystemClock,
    wiring::Local,
};

/// Settings that nobody can assess by, and a deployment that cannot be opened.
const NOT_MEASURED: Exit = Exit::Assessed(4);

/// How long a running server may take until it has signed the entry of the assessment.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) async fn assess(
    settings: &Settings,
    flags: &SovereigntyAssess,
    output: Output,
) -> Result<(), Failure> {
    let wanted = Wanted::read(flags)?;
    let database = settings.data_dir.value.join("galerne.db");
    if !database.exists() {
        let text = format!("there is no deployment at {}", settings.data_dir.value.display());
        return Err(Failure::message(text)
            .exit(NOT_MEASURED)
            .hint("give its --data-dir; `galerne serve` makes one"));
    }
    let local = Local::open(settings).await?;
    let assessed = carry_out(&local, settings, &wanted, output).await;
    local.close().await;
    match assessed? {
        Conclusion::Passed => Ok(()),
        conclusion => {
            Err(Failure::message(format!("the assessment ends: {}", conclusion.as_str()))
                .exit(Exit::Assessed(conclusion.exit_code()))
                .hint("the report says of each check what to do"))
        }
    }
}

/// What was typed, read.
struct Wanted<'a> {
    framework: Option<Framework>,
    tender: Option<Tender>,
    evidence: Option<&'a Path>,
}

impl<'a> Wanted<'a> {
    fn read(flags: &'a SovereigntyAssess) -> Result<Self, Failure> {
        let evidence = flags.evidence.as_deref();
        if let Some(path) = evidence.filter(|path| path.exists()) {
            return Err(Failure::message(format!("{} exists", path.display()))
                .exit(Exit::Settings)
                .hint("give a directory that does not exist yet"));
        }
        let framework = flags.framework.as_deref().map(framework).transpose()?;
        Ok(Self { framework, tender: flags.min.as_deref().map(tender).transpose()?, evidence })
    }
}

fn framework(id: &str) -> Result<Framework, Failure> {
    let all = sovereignty::frameworks()?;
    let ids: Vec<_> = all.iter().map(|framework| framework.id.clone()).collect();
    all.into_iter().find(|framework| framework.id == id).ok_or_else(|| {
        Failure::message(format!("there is no framework `{id}`"))
            .exit(Exit::Settings)
            .hint(format!("give one of {}", ids.join(", ")))
    })
}

fn tender(path: &Path) -> Result<Tender, Failure> {
    let wrong = |error: anyhow::Error| {
        let error = error.context(format!("{} is no tender", path.display()));
        Failure::new(Exit::Settings, error)
            .hint("write `name = \"…\"` and under [minimum] lines as `SOV-3 = 2`")
    };
    let text = fs::read_to_string(path).map_err(|error| wrong(error.into()))?;
    Tender::parse(&text).map_err(|error| wrong(error.into()))
}

async fn carry_out(
    local: &Local,
    settings: &Settings,
    wanted: &Wanted<'_>,
    output: Output,
) -> Result<Conclusion, Failure> {
    let now = SystemClock.now();
    let around = Surroundings {
        machine: Machine::this(),
        program: Program::this()?,
        environment: variables(),
        now,
        canary: TcpListener::bind("127.0.0.1:0").context("no listener for a probe")?,
    };
    let scene = Scene::gather(local, settings, around).await?;
    let assessment = assess_scene(&scene, wanted.tender.clone());
    let report = report(&scene, &assessment, wanted.framework.as_ref());
    let bytes = serde_json::to_vec(&report)?;
    let heading = heading(&scene);
    let text = format!("{heading}\n{}", sovereignty::text(&assessment, wanted.framework.as_ref()));
    let entry = record(local, &digest(&bytes)).await?;
    let mut lines = text.clone();
    if let Some(directory) = wanted.evidence {
        let (checkpoint, proof) = prove(local, settings, entry).await?;
        let bundle = Bundle {
            assessment: &assessment,
            report: &bytes,
            text: &text,
            checkpoint,
            proof,
            declarations: fs::read(scene.data_dir.join("declarations.toml")).ok(),
            assessed_at: now.to_string(),
        };
        let signer = local.data_dir.log_key()?.context("log.key is missing")?;
        let count = write_bundle(directory, &bundle, &signer)?;
        let directory = directory.display();
        lines = format!(
            "{text}\nevidence: {directory} ({count} files)   verify: galerne-verify evidence \
             {directory} --key VKEY"
        );
    }
    output.show(&lines, &report)?;
    Ok(assessment.conclusion())
}

fn heading(scene: &Scene<'_>) -> String {
    let log = match &scene.journal {
        Ok(journal) => format!("log size {}", journal.size),
        Err(_) => "log not measured".to_owned(),
    };
    format!("{}  {log}  policy {}", scene.around.now, scene.settings.outbound.policy().digest())
}

fn report(scene: &Scene<'_>, assessment: &Assessment, framework: Option<&Framework>) -> Value {
    let mut report = assessment.json(framework);
    let signed = scene.journal.as_ref().ok().and_then(|journal| journal.signed.as_ref());
    report["assessed_at"] = scene.around.now.to_string().into();
    report["program"] = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": scene.around.program.commit,
    });
    report["policy"] = scene.settings.outbound.policy().digest().to_string().into();
    report["declarations_sha256"] = scene.declarations_digest.clone().into();
    report["server"] = scene.is_served.into();
    report["log"] = json!({
        "origin": scene.verifier().map(transparency_log::Verifier::name),
        "size": scene.journal.as_ref().ok().map(|journal| journal.size),
        "checkpoint": signed.map(|(_, note)| note),
    });
    report
}

/// Leaves word of the assessment in the log.
async fn record(local: &Local, sha256: &str) -> Result<uuid::Uuid, Failure> {
    let subject = Subject::Report { sha256: sha256.to_owned() };
    let fact = match local.operator_if_any().await? {
        Some(caller) => AuditFact::ok(Action::SovereigntyAssess, caller, subject),
        None => AuditFact {
            action: Action::SovereigntyAssess,
            subject,
            ..AuditFact::refused("ok", None)
        },
    };
    let entry = local.trail.entry(&fact).await?;
    local.store.append(&entry).await?;
    Ok(entry.id)
}

/// The newest checkpoint, and the proof that it has the entry of this assessment. A server beside
/// us signs the entry; without one this process does. A log that cannot be taken up, which the
/// report says, proves nothing more.
async fn prove(
    local: &Local,
    settings: &Settings,
    entry: uuid::Uuid,
) -> Result<(String, Option<String>), Failure> {
    let patience =
        if audit::newest(local, settings).await.is_ok() { PATIENCE } else { Duration::ZERO };
    let deadline = Instant::now() + patience;
    let reader = log::reader(local, &settings.log.value).await?;
    let found = reader.find(EntryRef::Entry(entry)).await?;
    let index = found.context("the entry of the assessment is not in the log")?.index;
    let proof = loop {
        match reader.prove(index).await {
            Err(ReadError::NotSigned { .. }) if Instant::now() < deadline => {
                sleep(LOOK_EVERY).await;
            }
            proven => break proven.ok().map(|evidence| evidence.to_string()),
        }
    };
    let note = reader.checkpoint().await.ok().flatten();
    Ok((note.map(|(note, _)| note.to_string()).unwrap_or_default(), proof))
}
