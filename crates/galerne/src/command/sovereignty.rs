//! `galerne sovereignty assess`

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use governance::{
    Action, AuditFact, ReadError, Subject,
    ports::{AuditStore as _, EntryRef},
};
use sovereignty::Conclusion;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::audit;
use crate::{
    assessment::{self, Assessed, Bundle, Scene, Wanted, digest, write_bundle},
    cli::SovereigntyAssess,
    config::Settings,
    failure::{Exit, Failure},
    log,
    output::Output,
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
    let evidence = flags.evidence.as_deref();
    if let Some(path) = evidence.filter(|path| path.exists()) {
        return Err(Failure::message(format!("{} exists", path.display()))
            .exit(Exit::Settings)
            .hint("give a directory that does not exist yet"));
    }
    let wanted = Wanted::read(settings, flags.framework.as_deref(), flags.min.as_deref())?;
    let database = settings.data_dir.value.join("galerne.db");
    if !database.exists() {
        let text = format!("there is no deployment at {}", settings.data_dir.value.display());
        return Err(Failure::message(text)
            .exit(NOT_MEASURED)
            .hint("give its --data-dir; `galerne serve` makes one"));
    }
    let local = Local::open(settings).await?;
    let assessed = carry_out(&local, settings, (&wanted, evidence), output).await;
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

async fn carry_out(
    local: &Local,
    settings: &Settings,
    (wanted, evidence): (&Wanted, Option<&Path>),
    output: Output,
) -> Result<Conclusion, Failure> {
    let stop = CancellationToken::new();
    let assessed = assessment::carry_out(local, settings, wanted, stop).await?;
    let Assessed { scene, assessment, report } = assessed;
    let bytes = serde_json::to_vec(&report)?;
    let heading = heading(&scene);
    let text = format!("{heading}\n{}", sovereignty::text(&assessment, wanted.framework.as_ref()));
    let entry = record(local, &digest(&bytes)).await?;
    let mut lines = text.clone();
    if let Some(directory) = evidence {
        let (checkpoint, proof) = prove(local, settings, entry).await?;
        let bundle = Bundle {
            assessment: &assessment,
            report: &bytes,
            text: &text,
            checkpoint,
            proof,
            declarations: fs::read(scene.data_dir.join("declarations.toml")).ok(),
            assessed_at: report.assessed_at.clone(),
        };
        let signer = local.data_dir.log_key()?.context("log.key is missing")?;
        let count = write_bundle(directory, &bundle, &signer)?;
        let directory = directory.display();
        lines = format!(
            "{text}\nevidence: {directory} ({count} files)   verify: galerne-verify evidence \
             {directory} --key VKEY"
        );
    }
    output.show(&lines, &serde_json::to_value(&report)?)?;
    Ok(assessment.conclusion())
}

fn heading(scene: &Scene<'_>) -> String {
    let log = match &scene.journal {
        Ok(journal) => format!("log size {}", journal.size),
        Err(_) => "log not measured".to_owned(),
    };
    format!("{}  {log}  policy {}", scene.around.now, scene.settings.outbound.policy().digest())
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
