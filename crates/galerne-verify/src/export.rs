//! Examines an exported log: every entry, every tile, and every checkpoint that was given.

mod folder;
mod upper_tiles;
mod walk;

use std::collections::HashMap;

use transparency_log::{BundleId, Checkpoint, Examination, Finding, TILE_WIDTH, TileId, forks};

use crate::arguments::ExportRequest;
use crate::entry::Entry;
use crate::files::Unreadable;
use crate::key;
use crate::notes::Kept;
use crate::problem::{Problem, Problems};
use crate::report::Report;
use crate::run::Stop;

use folder::{Folder, settle};
use walk::{Reference, Walk, Walked};

pub(crate) fn verify(request: &ExportRequest) -> Result<Report, Stop> {
    let verifier = key::read(&request.key)?;
    let folder = Folder::open(&request.folder)?;
    let kept = Kept::read(&request.checkpoints, &verifier)?;
    let mut report = Report {
        subject: format!("the export of {}", verifier.name()),
        checkpoints_ignored: kept.ignored,
        warnings: kept.warnings,
        ..Report::default()
    };
    let mut problems = Problems::default();
    let own = settle(folder.checkpoint(&verifier), &mut problems)?;
    settle(folder.check_key(&verifier), &mut problems)?;
    let mut outside = kept.checkpoints;
    let mut reference = None;
    if let Some(path) = &request.against {
        let folder = Folder::open(path)?;
        if let Some(checkpoint) = settle(folder.checkpoint(&verifier), &mut problems)? {
            outside.push(checkpoint.clone());
            reference = Some(Reference::new(folder, checkpoint));
        }
    }
    if let Some(own) = own {
        report.size = Some(own.size);
        report.root = Some(own.root);
        report.subject = format!("{} entries of {}", own.size, own.origin);
        if outside.is_empty() {
            report.lines.push(
                "no checkpoint from outside was given: an older state of the log, or another \
                 history, would look the same"
                    .to_owned(),
            );
        }
        examine(&folder, own, outside, reference, &mut report)?;
    }
    report.problems.append(problems);
    report.problems.append(kept.problems);
    Ok(report)
}

fn examine(
    folder: &Folder,
    own: Checkpoint,
    outside: Vec<Checkpoint>,
    reference: Option<Reference>,
    report: &mut Report,
) -> Result<(), Unreadable> {
    let size = own.size;
    let forks = forks(&[outside.as_slice(), std::slice::from_ref(&own)].concat());
    let (own, outside) = without_forks(own, outside);
    let examination = Examination::with_outside(own, outside);
    let walked = match examination {
        Ok(examination) => Walk::new(folder, size, examination, reference).run()?,
        // Forks were taken out.
        Err(fork) => {
            report.problems.push(Problem::Log { finding: fork, file: None, entry: None });
            return Ok(());
        }
    };
    if let Ok(examined) = &walked.result {
        report.checkpoints_matched = examined.checkpoints_matched;
        let signed = examined.signed_size;
        report.lines.push(format!(
            "checkpoints: {} matched, the largest signs {signed} entries; {} of other keys ignored",
            examined.checkpoints_matched, report.checkpoints_ignored
        ));
    }
    for finding in findings(forks, &walked) {
        let leaf = finding.leaf();
        let file = leaf.and_then(|leaf| file_of(&finding, leaf, size));
        // Of an entry that was removed, nothing is left to be told.
        let is_told = walked.is_aligned && !matches!(finding, Finding::Removed { .. });
        let bytes = leaf.filter(|_| is_told).and_then(|leaf| folder.entry(leaf, size));
        let entry = bytes.and_then(|bytes| Entry::parse(&bytes).ok()).map(Box::new);
        report.problems.push(Problem::Log { finding, file, entry });
    }
    other_problems(walked, &mut report.problems);
    Ok(())
}

/// What the examination can be asked with: of checkpoints that contradict each other, those from
/// outside count, and of those the first.
fn without_forks(own: Checkpoint, outside: Vec<Checkpoint>) -> (Vec<Checkpoint>, Vec<Checkpoint>) {
    let mut roots = HashMap::new();
    let mut is_first = |checkpoint: &Checkpoint| {
        *roots.entry(checkpoint.size).or_insert(checkpoint.root) == checkpoint.root
    };
    let outside = outside.into_iter().filter(&mut is_first).collect();
    let own = Some(own).filter(is_first).into_iter().collect();
    (own, outside)
}

/// What the log shows, without what follows from a file that is missing.
fn findings(forks: Vec<Finding>, walked: &Walked) -> Vec<Finding> {
    let mut findings = forks;
    if let Err(found) = &walked.result {
        findings.extend(found.iter().filter(|finding| !walked.explains(finding)).cloned());
    }
    let first_leaf = findings.iter().filter_map(Finding::leaf).min().unwrap_or(u64::MAX);
    // Behind a leaf that is wrong, times prove nothing.
    let backdated = walked.backdated.clone();
    findings.extend(backdated.filter(|finding| finding.leaf() <= Some(first_leaf)));
    Finding::sort(&mut findings);
    findings
}

fn other_problems(walked: Walked, problems: &mut Problems) {
    let Walked { result, malformed, upper_tile_altered, problems: of_files, .. } = walked;
    let first_leaf = match &result {
        Ok(_) => None,
        Err(findings) => findings.iter().filter_map(Finding::leaf).min(),
    };
    if let Some((leaf, error)) =
        malformed.filter(|(leaf, _)| first_leaf.is_none_or(|first| *leaf < first))
    {
        problems.push(Problem::EntryMalformed { leaf, reason: error.to_string() });
    }
    if let Some(file) = upper_tile_altered.filter(|_| result.is_ok()) {
        problems.push(Problem::UpperTileAltered { file });
    }
    problems.append(of_files);
}

fn file_of(finding: &Finding, leaf: u64, size: u64) -> Option<String> {
    let tile = TileId::in_tree(0, leaf / u64::from(TILE_WIDTH), size)?;
    match finding {
        Finding::TilesAltered { .. } => Some(tile.path()),
        Finding::Edited { .. }
        | Finding::Reordered { .. }
        | Finding::Inserted { .. }
        | Finding::Removed { .. }
        | Finding::Rebuilt { .. }
        | Finding::Backdated { .. }
        | Finding::Forked { .. }
        | Finding::Truncated { .. }
        | Finding::RolledBack { .. } => {
            BundleId::new(tile.index(), tile.width()).ok().map(|bundle| bundle.path())
        }
    }
}
