//! `galerne library add` and `sync`: files become documents.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tokio::time::sleep;

use super::{
    files::{self, LocalFile},
    plan::{Kept, Plan, Wanted},
    server::{Library, Server, Upload},
    told::{State, TellsDocument, TellsFailure, TellsStatus},
};
use crate::{
    cli::{LibraryAdd, LibrarySync},
    failure::Failure,
    output::{Output, bar, is_watched},
};

/// From one look at a document to the next.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What was done with files.
#[derive(Default)]
struct Done {
    /// As the server calls them, in the order of the files.
    sent: Vec<TellsDocument>,
    /// Names of documents that could not be read, and why.
    failed: Vec<(String, String)>,
}

pub(super) async fn add(
    server: &Server,
    flags: &LibraryAdd,
    output: Output,
) -> Result<(), Failure> {
    let files = files::named(&flags.paths)?;
    let library = server.library(&flags.library).await?;
    let all: Vec<&LocalFile> = files.iter().collect();
    let mut done = Done { sent: send(server, &library, &all).await?, ..Done::default() };
    if !flags.no_wait {
        done.failed = wait(server, &library, &done.sent).await?;
    }
    let mut lines: Vec<String> =
        done.sent.iter().map(|document| format!("{}  {}", document.id, document.name)).collect();
    lines.extend(done.failed.iter().map(unread));
    output
        .show(&lines.join("\n"), &json!({ "documents": told(&done), "failed": failed(&done) }))?;
    whole(&done)
}

pub(super) async fn sync(
    server: &Server,
    flags: &LibrarySync,
    output: Output,
) -> Result<(), Failure> {
    let files = files::below(&flags.folder)?;
    let library = server.library(&flags.library).await?;
    let wanted = digests(&files)?;
    let kept: Vec<Kept> = server.documents(&library).await?.into_iter().map(kept).collect();
    let plan = Plan::of(&wanted, &kept);
    let sent: Vec<&LocalFile> = plan.send.iter().filter_map(|place| files.get(*place)).collect();
    let gone: Vec<&Kept> = plan.gone.iter().filter_map(|place| kept.get(*place)).collect();
    let mut done = Done::default();
    if !flags.dry_run {
        for (document, file) in &plan.rename {
            if let (Some(document), Some(file)) = (kept.get(*document), wanted.get(*file)) {
                let path = path_of(&library, &document.id);
                server.patch(&path, &json!({ "name": file.name })).await?;
            }
        }
        done.sent = send(server, &library, &sent).await?;
        if flags.remove {
            for document in &gone {
                server.delete(&path_of(&library, &document.id)).await?;
            }
        }
        if !flags.no_wait {
            done.failed = wait(server, &library, &done.sent).await?;
        }
    }
    let names: Vec<&str> = sent.iter().map(|file| file.name.as_str()).collect();
    let removed: Vec<&str> = gone.iter().map(|document| document.name.as_str()).collect();
    let (renamed, same) = (plan.rename.len(), plan.same);
    let mut lines = vec![format!(
        "{} sent, {renamed} renamed, {same} as they were, {} not in the folder{}",
        names.len(),
        removed.len(),
        if flags.dry_run { " (nothing was done)" } else { "" },
    )];
    let word = if flags.remove { "removed" } else { "not in the folder" };
    lines.extend(removed.iter().map(|name| format!("{word}: {name}")));
    if !removed.is_empty() && !flags.remove {
        lines.push("`--remove` deletes them".to_owned());
    }
    lines.extend(done.failed.iter().map(unread));
    let value = json!({
        "sent": names, "renamed": renamed, "same": same, "not_in_folder": removed,
        "removed": flags.remove && !flags.dry_run, "dry_run": flags.dry_run,
        "failed": failed(&done),
    });
    output.show(&lines.join("\n"), &value)?;
    whole(&done)
}

/// Reads every file once.
fn digests(files: &[LocalFile]) -> Result<Vec<Wanted>, Failure> {
    let progress = bar(files.iter().map(|file| file.bytes).sum(), "comparing");
    let digest = |file: &LocalFile| -> Result<Wanted, Failure> {
        let digest = file.digest()?;
        progress.inc(file.bytes);
        Ok(Wanted { name: file.name.clone(), digest })
    };
    let wanted: Result<Vec<Wanted>, Failure> = files.iter().map(digest).collect();
    progress.finish_and_clear();
    wanted
}

fn kept(document: TellsDocument) -> Kept {
    let TellsDocument { id, name, hash, .. } = document;
    let digest = hash.map(|hash| hash.trim_start_matches("sha256:").to_ascii_lowercase());
    Kept { id, name, digest }
}

/// One after the other: what was sent before it stops is kept.
async fn send(
    server: &Server,
    library: &Library,
    files: &[&LocalFile],
) -> Result<Vec<TellsDocument>, Failure> {
    let progress = bar(files.iter().map(|file| file.bytes).sum(), "sending");
    let mut sent = Vec::with_capacity(files.len());
    for file in files {
        let upload = Upload { name: &file.name, bytes: file.content()? };
        let document = server.upload(library, upload).await;
        let told = document.map_err(|failure| failure.context(format!("`{}`", file.name)))?;
        progress.inc(file.bytes);
        sent.push(told);
    }
    progress.finish_and_clear();
    Ok(sent)
}

/// Until all of them are found by their words, or will not be: names and reasons of those.
async fn wait(
    server: &Server,
    library: &Library,
    documents: &[TellsDocument],
) -> Result<Vec<(String, String)>, Failure> {
    let progress = counting(documents.len() as u64, "reading");
    let mut failed = Vec::new();
    for document in documents {
        let path = path_of(library, &document.id);
        let state = loop {
            let TellsStatus { state } = server.get(&format!("{path}/status")).await?;
            if state.is_read() {
                break state;
            }
            sleep(LOOK_EVERY).await;
        };
        if state == State::Failed {
            let told: TellsDocument = server.get(&path).await?;
            failed.push((told.name, reason(told.version.failure)));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(failed)
}

fn reason(failure: Option<TellsFailure>) -> String {
    match failure {
        Some(TellsFailure { code, part: Some(part) }) => format!("{code} at `{part}`"),
        Some(TellsFailure { code, part: None }) => code,
        None => "it could not be read".to_owned(),
    }
}

fn path_of(library: &Library, document: &str) -> String {
    format!("/v1/libraries/{}/documents/{document}", library.id)
}

fn unread((name, reason): &(String, String)) -> String {
    format!("not read: {name}: {reason}")
}

fn told(done: &Done) -> Vec<serde_json::Value> {
    let tell = |one: &TellsDocument| json!({ "id": one.id, "name": one.name, "version": one.version.number });
    done.sent.iter().map(tell).collect()
}

fn failed(done: &Done) -> Vec<serde_json::Value> {
    let tell = |(name, reason): &(String, String)| json!({ "name": name, "reason": reason });
    done.failed.iter().map(tell).collect()
}

/// A command is done when all of it is.
fn whole(done: &Done) -> Result<(), Failure> {
    match done.failed.len() {
        0 => Ok(()),
        count => Err(Failure::message(format!("{count} documents could not be read"))
            .hint("look their codes up in docs/errors, and send them in another form")),
    }
}

/// How many of so many are done, where somebody watches.
pub(super) fn counting(length: u64, doing: &'static str) -> ProgressBar {
    let target =
        if is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_message(doing);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_compared_however_they_are_written() {
        let text = r#"{"id":"1","name":"a","hash":"sha256:AB","version":{"number":1}}"#;
        let document: TellsDocument = serde_json::from_str(text).unwrap();
        assert_eq!(kept(document).digest.as_deref(), Some("ab"));
    }
}
