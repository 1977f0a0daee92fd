//! `galerne library`: libraries of a server, as the account whose key is given.
//!
//! Unlike other commands these ask the server over HTTP: it alone has the index open and the models
//! loaded, it knows what the account may read, and whoever has a key need not be on its machine.

mod answer;
mod eval;
mod files;
mod plan;
mod server;
mod sync;
mod told;

use serde_json::json;

use crate::{
    cli::{Library, LibraryCommand, LibrarySearch},
    config::Settings,
    failure::{Exit, Failure},
    output::Output,
    signals::Signals,
};
use server::Server;
use told::{Found, TellsLibrary};

pub(crate) async fn run(
    settings: &Settings,
    flags: &Library,
    output: Output,
) -> Result<(), Failure> {
    let server = Server::of(settings, &flags.server)?;
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = carry_out(&server, &flags.command, output) => done,
        _ = signals.next() => Err(Failure::message("stopped")
            .exit(Exit::Interrupted)
            .hint("what was sent is kept; type the same again, and it goes on")),
    }
}

async fn carry_out(
    server: &Server,
    command: &LibraryCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        LibraryCommand::Create { name, description } => {
            create(server, name, description.as_deref(), output).await
        }
        LibraryCommand::Add(flags) => sync::add(server, flags, output).await,
        LibraryCommand::Sync(flags) => sync::sync(server, flags, output).await,
        LibraryCommand::Reprocess { library } => reprocess(server, library, output).await,
        LibraryCommand::Reindex => reindex(server, output).await,
        LibraryCommand::Search(flags) => search(server, flags, output).await,
        LibraryCommand::Ask(flags) => answer::ask(server, flags, output).await,
        LibraryCommand::Eval(flags) => eval::run(server, flags, output).await,
    }
}

async fn create(
    server: &Server,
    name: &str,
    description: Option<&str>,
    output: Output,
) -> Result<(), Failure> {
    let made: TellsLibrary =
        server.post("/v1/libraries", &json!({ "name": name, "description": description })).await?;
    output.show(&made.id, &json!({ "id": made.id, "name": made.name }))
}

/// They are found as before until each was read.
async fn reprocess(server: &Server, library: &str, output: Output) -> Result<(), Failure> {
    let library = server.library(library).await?;
    let documents = server.documents(&library).await?;
    let progress = sync::counting(documents.len() as u64, "asking");
    for document in &documents {
        let path = format!("/v1/libraries/{}/documents/{}/reprocess", library.id, document.id);
        server.request(&path).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    let count = documents.len();
    output.show(&format!("{count} documents are read anew"), &json!({ "documents": count }))
}

/// What is in the index is found meanwhile.
async fn reindex(server: &Server, output: Output) -> Result<(), Failure> {
    server.request_patiently("/v1/libraries/reindex").await?;
    output.show("what the index had lost is read anew", &json!({ "reindexed": true }))
}

async fn search(server: &Server, flags: &LibrarySearch, output: Output) -> Result<(), Failure> {
    let library = server.library(&flags.library).await?;
    let asked = json!({
        "query": flags.query,
        "library_ids": [library.id],
        "limit": flags.limit,
        "mode": flags.mode.as_str(),
        "as_of": flags.as_of,
    });
    let value: serde_json::Value = server.post("/v1/libraries/search", &asked).await?;
    let found: Found = serde_json::from_value(value.clone())?;
    let mut lines: Vec<String> = (1..).zip(&found.data).map(|(rank, hit)| hit.line(rank)).collect();
    if found.data.is_empty() {
        lines.push("nothing was found".to_owned());
    }
    if found.mode != flags.mode.as_str() {
        lines.push(format!("searched by words alone: no vector could be made ({})", found.mode));
    }
    output.show(&lines.join("\n"), &value)
}
