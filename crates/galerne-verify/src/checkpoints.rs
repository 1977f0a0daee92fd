//! Checks files of checkpoints: who signed them, and whether they contradict each other.

use transparency_log::forks;

use crate::arguments::CheckpointsRequest;
use crate::key;
use crate::notes::Kept;
use crate::problem::Problem;
use crate::report::Report;
use crate::run::Stop;

pub(crate) fn verify(request: &CheckpointsRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let Kept { checkpoints, ignored, problems, warnings } = Kept::read(&request.files, &verifier)?;
    let mut report = Report {
        checkpoints_ignored: ignored,
        warnings,
        lines: vec![
            "checkpoints of different sizes are compared by verifying an export against them"
                .to_owned(),
        ],
        ..Report::default()
    };
    for finding in forks(&checkpoints) {
        report.problems.push(Problem::Log { finding, file: None, entry: None });
    }
    report.problems.append(problems);
    if let Some(newest) = checkpoints.iter().max_by_key(|checkpoint| checkpoint.size) {
        report.size = Some(newest.size);
        report.root = Some(newest.root);
    }
    let mut different: Vec<_> =
        checkpoints.iter().map(|checkpoint| (checkpoint.size, checkpoint.root)).collect();
    different.sort_unstable();
    different.dedup();
    report.checkpoints_matched = different.len();
    report.subject = format!(
        "{} different checkpoints of {}, the largest signs {} entries; {ignored} notes of other \
         keys ignored",
        different.len(),
        verifier.name(),
        report.size.unwrap_or(0)
    );
    Ok(report)
}
