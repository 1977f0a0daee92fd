//! The port `Assessor`: the running server has its deployment assessed by a process beside it.
//!
//! An assessment reads what the kernel tells of the machine and opens sockets, which a confined
//! server has given up; it also hashes and searches files, which would hold up requests.

use std::{
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use companion::{Companion, Pipes, Reply, Request, line, read_line};
use governance::ports::{Assessor, AssessorError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    assessment::{Wanted, carry_out},
    command::wait,
    config::Settings,
    failure::Failure,
    wiring::Local,
    worker,
};

/// A report has some 60 KB.
const REPORT_BYTES_MAX: usize = 16 << 20;
/// Whoever asked has left long before; another assessment may begin then.
const DEADLINE: Duration = Duration::from_mins(10);

#[derive(Deserialize, Serialize)]
struct Task {
    framework: Option<String>,
}

/// The report as JSON, or why there is none.
type Outcome = Result<String, String>;

pub(crate) struct DeploymentAssessor {
    companion: Companion,
    /// Ends the wait when the server stops.
    stop: CancellationToken,
}

/// Starts the process, before the server is confined. It reads the settings that the server reads.
pub(crate) fn start(settings: &Settings, config: Option<&Path>) -> Result<Pipes, Failure> {
    let mut command = worker::command("assessor");
    command.args(["--listen", &settings.listen.value.to_string()]);
    command.arg("--data-dir").arg(&settings.data_dir.value);
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    Ok(Pipes::start(command).context("could not start the process that assesses")?)
}

impl DeploymentAssessor {
    pub(crate) fn connect(pipes: Pipes, stop: CancellationToken) -> Result<Self, Failure> {
        let companion = Companion::connect(pipes, REPORT_BYTES_MAX as u64)?;
        Ok(Self { companion, stop })
    }
}

#[async_trait]
impl Assessor for DeploymentAssessor {
    async fn assess(&self, framework: Option<&str>) -> Result<Vec<u8>, AssessorError> {
        let task = Task { framework: framework.map(str::to_owned) };
        let asked = self.companion.ask::<_, Outcome>(task, DEADLINE);
        match self.stop.run_until_cancelled(asked).await {
            Some(Ok(Ok(report))) => Ok(report.into_bytes()),
            Some(Ok(Err(reason))) => Err(AssessorError { source: reason.into() }),
            Some(Err(error)) => Err(AssessorError { source: error.into() }),
            None => Err(AssessorError { source: "the server stops".into() }),
        }
    }
}

/// In that process: assesses as often as it is asked.
pub(crate) fn answer(settings: &Settings) -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    while let Some(request) = read_line(&mut input)? {
        let Request::<Task> { number, task } = serde_json::from_slice(&request)?;
        let outcome: Outcome =
            wait(assess(settings, task.framework.as_deref())).map_err(|failure| failure.text());
        let mut output = io::stdout().lock();
        output.write_all(&line(&Reply { number, outcome }, REPORT_BYTES_MAX)?)?;
        output.flush()?;
    }
    Ok(())
}

async fn assess(settings: &Settings, framework: Option<&str>) -> Result<String, Failure> {
    let local = Local::open(settings).await?;
    let wanted = Wanted::read(settings, framework, None)?;
    let assessed = carry_out(&local, settings, &wanted, CancellationToken::new()).await;
    let report = assessed.and_then(|assessed| Ok(serde_json::to_string(&assessed.report)?));
    local.close().await;
    report
}
