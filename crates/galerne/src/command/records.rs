//! `galerne records export`

use std::{fs, path::Path};

use anyhow::Context as _;
use domain::Clock as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    assessment::{self, Wanted},
    cli::{RecordKind, RecordsExport},
    config::Settings,
    failure::{Exit, Failure},
    output::Output,
    records::{Bill, Declared, Document, Facts, Language, Missing, document},
    system::SystemClock,
    wiring::Local,
};

/// The form of the JSON of every document but the bill, which has a form of its own.
const SCHEMA: &str = include_str!("../records/record.schema.json");

/// A file by its name.
type File = (String, String);

/// Files, and what nobody has said.
struct Export {
    files: Vec<File>,
    missing: Vec<String>,
}

pub(super) async fn export(
    settings: &Settings,
    flags: &RecordsExport,
    output: Output,
) -> Result<(), Failure> {
    if flags.output.exists() {
        return Err(Failure::message(format!("{} exists", flags.output.display()))
            .exit(Exit::Settings)
            .hint("give a directory that does not exist yet"));
    }
    let Export { files, missing } = match flags.kind {
        RecordKind::Sbom => of_bill(&Bill::read(SystemClock.now().to_string())?)?,
        kind @ (RecordKind::Processing | RecordKind::AiAct | RecordKind::Dora) => {
            of_deployment(settings, kind).await?
        }
    };
    write(&flags.output, &files)?;
    let mut text = format!("{} files in {}", files.len(), flags.output.display());
    for line in &missing {
        text.push_str("\nmissing: ");
        text.push_str(line);
    }
    let names: Vec<_> = files.iter().map(|(name, _)| name).collect();
    let value = json!({ "kind": flags.kind.as_str(), "files": names, "missing": missing });
    output.show(&text, &value)?;
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!("{} statements are missing; nothing was invented for them", missing.len());
    Err(Failure::message(text).exit(Exit::Incomplete).hint(
        "each line above ends with the place where it is said; docs/operate/records.md tells more",
    ))
}

async fn of_deployment(settings: &Settings, kind: RecordKind) -> Result<Export, Failure> {
    let data_dir = &settings.data_dir.value;
    if !data_dir.join("galerne.db").exists() {
        let text = format!("there is no deployment at {}", data_dir.display());
        return Err(Failure::message(text).hint("give its --data-dir"));
    }
    let declared = Declared::read(&data_dir.join("records.toml"))?;
    let local = Local::open(settings).await?;
    let facts = gather(&local, settings).await;
    local.close().await;
    document(kind, &facts?, &declared).map_or_else(
        || Err(Failure::message(format!("{} is no document of a deployment", kind.as_str()))),
        |document| of_document(&document),
    )
}

async fn gather(local: &Local, settings: &Settings) -> Result<Facts, Failure> {
    let wanted = Wanted::read(settings, None, None)?;
    let stop = CancellationToken::new();
    let assessed = assessment::carry_out(local, settings, &wanted, stop).await?;
    Ok(Facts::gather(local, &assessed).await)
}

fn of_document(document: &Document) -> Result<Export, Failure> {
    let mut files = pages(document);
    files.push((format!("{}.json", document.kind), pretty(&serde_json::to_value(document)?)?));
    files.push(("record.schema.json".to_owned(), SCHEMA.to_owned()));
    if document.kind == RecordKind::Dora.as_str() {
        let tables = document.sections.iter().flat_map(|section| &section.tables);
        files.extend(tables.map(|table| (format!("{}.csv", table.name), table.csv())));
    }
    let missing = document.missing.iter().map(Missing::line).collect();
    Ok(Export { files, missing })
}

/// A country that nobody has looked up is unknown and is told so; nothing else is wanted of a bill.
fn of_bill(bill: &Bill) -> Result<Export, Failure> {
    let mut files = pages(&bill.document());
    files.push(("galerne.cdx.json".to_owned(), pretty(&bill.cyclonedx())?));
    files.push(("packages.csv".to_owned(), bill.table().csv()));
    Ok(Export { files, missing: Vec::new() })
}

fn pages(document: &Document) -> Vec<File> {
    let page = |language: Language| {
        (format!("{}.{}.html", document.kind, language.tag()), document.page(language))
    };
    Language::ALL.map(page).into()
}

fn pretty(value: &Value) -> Result<String, Failure> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes them, all or none.
fn write(directory: &Path, files: &[File]) -> Result<(), Failure> {
    let context = || format!("could not write {}", directory.display());
    let name = directory.file_name().with_context(context)?.to_string_lossy();
    let partial = directory.with_file_name(format!(".{name}.partial"));
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).with_context(context)?;
    }
    // Whatever has this name already may be somebody's.
    fs::create_dir(&partial).with_context(|| format!("could not make {}", partial.display()))?;
    let written = files.iter().try_for_each(|(name, text)| fs::write(partial.join(name), text));
    if let Err(error) = written.and_then(|()| fs::rename(&partial, directory)) {
        fs::remove_dir_all(&partial).ok();
        return Err(anyhow::Error::new(error).context(context()).into());
    }
    Ok(())
}
