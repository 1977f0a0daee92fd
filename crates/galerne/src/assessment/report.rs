//! From a deployment to the report of it.

use std::net::TcpListener;

use anyhow::Context as _;
use domain::Clock as _;
use sovereignty::{Assessment, Circumstances, LogReport, ProgramReport, Report};
use tokio_util::sync::CancellationToken;

use super::{Machine, Program, Scene, Surroundings, Wanted, assess};
use crate::{
    config::{Settings, variables},
    failure::Failure,
    system::SystemClock,
    wiring::Local,
};

/// What was looked at, what was found, and the report of both.
pub(crate) struct Assessed<'a> {
    pub(crate) scene: Scene<'a>,
    pub(crate) assessment: Assessment,
    pub(crate) report: Report,
}

/// Assesses the deployment on this machine, now.
pub(crate) async fn carry_out<'a>(
    local: &Local,
    settings: &'a Settings,
    wanted: &Wanted,
    stop: CancellationToken,
) -> Result<Assessed<'a>, Failure> {
    let around = Surroundings {
        machine: Machine::this(),
        program: Program::this()?,
        environment: variables(),
        now: SystemClock.now(),
        canary: TcpListener::bind("127.0.0.1:0").context("no listener for a probe")?,
        stop,
    };
    let scene = Scene::gather(local, settings, around).await?;
    let assessment = assess(&scene, wanted.tender.clone());
    let framework = wanted.framework.as_ref();
    let report = Report::new(&assessment, framework, &wanted.all, circumstances(&scene));
    Ok(Assessed { scene, assessment, report })
}

fn circumstances(scene: &Scene<'_>) -> Circumstances {
    let journal = scene.journal.as_ref().ok();
    let signed = journal.and_then(|journal| journal.signed.as_ref());
    Circumstances {
        assessed_at: scene.around.now.to_string(),
        program: ProgramReport {
            version: env!("CARGO_PKG_VERSION"),
            commit: scene.around.program.commit,
        },
        policy: scene.settings.outbound.policy().digest().to_string(),
        declarations_sha256: scene.declarations_digest.clone(),
        server: scene.is_served,
        log: LogReport {
            origin: scene.verifier().map(|verifier| verifier.name().to_owned()),
            size: journal.map(|journal| journal.size),
            checkpoint: signed.map(|(_, note)| note.clone()),
        },
    }
}
