//! `galerne model import|list|show|sign|verify|waive|remove`

mod outside;

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::ModelId;
use governance::{Action, AuditFact, ContentDigest, Subject};
use model_signing::{SignatureBundle, SigningKey, Statement, TrustedKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cli::{Model, ModelImport},
    config::Settings,
    failure::{Exit, Failure},
    model_files::{Contents, Import, Manifest, ModelFiles},
    model_worker::Inspector,
    output::{Output, bar},
    signals::Signals,
    system::SystemClock,
    trust::{Refusal, Standing, Trust},
    wiring::Local,
};

/// What all of them work with.
pub(crate) struct Context {
    pub(crate) local: Local,
    pub(crate) files: ModelFiles,
    pub(crate) trust: Trust,
    pub(crate) output: Output,
    /// Ends what takes long.
    pub(crate) stop: CancellationToken,
}

pub(crate) fn run(settings: &Settings, command: &Model, output: Output) -> Result<(), Failure> {
    with_context(settings, output, async |context| match command {
        Model::Import(import) => self::import(context, import).await,
        Model::List => list(context),
        Model::Show { id } => show(context, id),
        Model::Sign { model, key, out } => {
            if let Some(manifest) = imported(context, model) {
                return sign(context, &manifest, key).await;
            }
            outside::sign(context, Path::new(model), key, out.as_deref())
        }
        Model::Verify { model, key, signature } => {
            let (key, signature) = (key.as_deref(), signature.as_deref());
            if let Some(manifest) = imported(context, model) {
                return verify(context, &manifest, key);
            }
            outside::verify(context, Path::new(model), key, signature)
        }
        Model::Waive { id, reason } => waive(context, id, reason).await,
        Model::Remove { id } => remove(context, id).await,
    })
}

/// Runs a command that may take long; a signal ends it between two chunks.
pub(crate) fn with_context(
    settings: &Settings,
    output: Output,
    command: impl AsyncFnOnce(&Context) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let local = Local::open(settings).await?;
        let inspector = Inspector::new(&settings.confinement.value);
        let files = ModelFiles::new(&local.data_dir).inspected_by(inspector);
        let trust = local.trust(settings).read()?;
        let (stop, done) = (CancellationToken::new(), CancellationToken::new());
        let (mut signals, asked, ended) = (Signals::listen()?, stop.clone(), done.clone());
        let tasks = TaskTracker::new();
        tasks.spawn(async move {
            if ended.run_until_cancelled(signals.next()).await.is_some() {
                asked.cancel();
            }
        });
        tasks.close();
        let context = Context { local, files, trust, output, stop };
        let result = command(&context).await;
        done.cancel();
        tasks.wait().await;
        context.local.close().await;
        result
    })
}

impl Context {
    /// Moves a bar, and ends the work once somebody asks for it.
    pub(crate) fn advance(&self, bar: &indicatif::ProgressBar, bytes: u64) -> Result<(), Failure> {
        bar.set_position(bytes);
        if self.stop.is_cancelled() {
            return Err(Failure::message("stopped; nothing was changed").exit(Exit::Interrupted));
        }
        Ok(())
    }

    /// Reads all of an imported model.
    fn contents(&self, manifest: &Manifest, doing: &'static str) -> Result<Contents, Failure> {
        let bar = bar(manifest.bytes, doing);
        let contents = self.files.contents(manifest, &mut |bytes| self.advance(&bar, bytes))?;
        bar.finish_and_clear();
        Ok(contents)
    }

    /// Writes down what is done to a model. Durable when this returns.
    pub(crate) async fn record(
        &self,
        action: Action,
        manifest: &Manifest,
        content: Option<ContentDigest>,
    ) -> Result<(), Failure> {
        let caller = self.local.operator_if_any().await?;
        let (model, sha256) = (manifest.id.parse()?, manifest.sha256.clone());
        let subject = Subject::ModelFiles { model, sha256 };
        let fact = AuditFact { action, outcome: "ok", caller, subject, content, model: None };
        Ok(self.local.trail.record(&fact).await?)
    }
}

/// The imported model of this name, if there is one: everything else is a path.
fn imported(context: &Context, model: &str) -> Option<Manifest> {
    context.files.find(&model.parse().ok()?).ok()
}

async fn import(context: &Context, import: &ModelImport) -> Result<(), Failure> {
    let ModelImport { path, id, base, sha256, signature } = import;
    let bar = bar(bytes_of(path), "importing");
    let mut progress = |bytes| context.advance(&bar, bytes);
    let import = Import {
        source: path,
        id,
        base: base.as_ref(),
        expected_sha256: sha256.as_deref(),
        signature: signature.as_deref(),
    };
    let staged = context.files.stage(&import, &context.trust, &SystemClock, &mut progress)?;
    bar.finish_and_clear();
    let standing = staged.standing().cloned();
    context.record(Action::ModelImport, staged.manifest(), None).await?;
    let manifest = {
        let _lock = context.files.changing()?;
        staged.publish()?
    };
    let standing = match standing {
        Some(standing) => standing.describe(),
        None => "not served before it is signed by a trusted key, or waived".to_owned(),
    };
    let text = format!("imported {}\n{}\n{standing}", manifest.id, describe(&manifest));
    context.output.show(&text, &manifest)
}

fn list(context: &Context) -> Result<(), Failure> {
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for manifest in context.files.list()? {
        let (state, value) = state(context, &manifest)?;
        lines.push(format!("{}  {state}", list_line(&manifest)));
        values.push(value);
    }
    context.output.show(&lines.join("\n"), &values)
}

fn show(context: &Context, id: &ModelId) -> Result<(), Failure> {
    let manifest = context.files.find(id)?;
    let (state, value) = state(context, &manifest)?;
    context.output.show(&format!("{}\nstate: {state}", describe(&manifest)), &value)
}

/// Who vouches for a model, as far as it can be told without reading it, and what the server that
/// works here found when it read it.
fn state(context: &Context, manifest: &Manifest) -> Result<(String, Value), Failure> {
    let id = manifest.id.parse()?;
    let mut value = serde_json::to_value(manifest)?;
    let (text, code, refusal) = match context.files.refused(&id)? {
        Some(refused) => (
            format!("REFUSED at {}: {} ({})", refused.at, refused.reason, refused.code),
            "refused",
            Some(refused.code),
        ),
        None => match context.trust.outlook(manifest, &context.files.vouchers(&id)) {
            Ok(standing) => (standing.describe(), standing_code(&standing), None),
            Err(refusal) => {
                let code = refusal.code();
                (format!("would be refused: {refusal} ({code})"), "refused", Some(code.to_owned()))
            }
        },
    };
    value["state"] = json!(code);
    if let Some(refusal) = refusal {
        value["refusal"] = json!(refusal);
    }
    Ok((text, value))
}

fn standing_code(standing: &Standing) -> &'static str {
    match standing {
        Standing::Signed { .. } => "signed",
        Standing::Foreign { .. } => "untrusted",
        Standing::Unsigned => "unsigned",
        Standing::Waived(_) => "waived",
    }
}

async fn sign(context: &Context, manifest: &Manifest, key: &Path) -> Result<(), Failure> {
    let key = signing_key(key)?;
    let id = manifest.id.parse()?;
    let contents = context.contents(manifest, "reading")?;
    // What was signed before does not matter; what was imported does.
    if contents.sha256 != manifest.sha256 {
        let (bytes, found) = (contents.bytes, contents.sha256);
        let damaged = Refusal::Damaged { bytes, found, expected: manifest.sha256.clone() };
        return Err(refused(&manifest.id, &damaged));
    }
    let bundle = SignatureBundle::sign(&Statement::new(&manifest.id, contents.files)?, &key)?;
    context.record(Action::ModelSign, manifest, None).await?;
    context.files.write_signature(&id, &bundle.to_json())?;
    context.files.note_refusal(&id, None)?;
    let fingerprint = key.public().fingerprint();
    let value = json!({ "id": manifest.id, "sha256": manifest.sha256, "key": fingerprint });
    context.output.show(&format!("signed {} with the key {fingerprint}", manifest.id), &value)
}

fn verify(context: &Context, manifest: &Manifest, key: Option<&Path>) -> Result<(), Failure> {
    let contents = context.contents(manifest, "verifying")?;
    let vouchers = context.files.vouchers(&manifest.id.parse()?);
    let judged = match key {
        Some(key) => Trust::only(trusted_key(key)?, &context.local.waivers)
            .judge(manifest, &contents, &vouchers),
        None => context.trust.judge(manifest, &contents, &vouchers),
    };
    let standing = judged.map_err(|refusal| refused(&manifest.id, &refusal))?;
    if key.is_some() && !matches!(standing, Standing::Signed { .. }) {
        return Err(refused(&manifest.id, &Refusal::Unsigned));
    }
    let mut value = serde_json::to_value(manifest)?;
    value["state"] = json!(standing_code(&standing));
    let text = format!("{} is whole: {}, {}", manifest.id, manifest.sha256, standing.describe());
    context.output.show(&text, &value)
}

async fn waive(context: &Context, id: &ModelId, reason: &str) -> Result<(), Failure> {
    let manifest = context.files.find(id)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > 1000 {
        return Err(Failure::message("a waiver needs a reason of 1 to 1,000 bytes"));
    }
    let waiver =
        context.local.waivers.waive(&manifest.sha256, reason, domain::Clock::now(&SystemClock));
    let content = ContentDigest(Sha256::digest(reason).into());
    context.record(Action::ModelWaive, &manifest, Some(content)).await?;
    context.files.write_waiver(id, &waiver)?;
    context.files.note_refusal(id, None)?;
    let value = json!({ "id": manifest.id, "sha256": manifest.sha256, "reason": reason });
    context.output.show(&format!("{} may be used unsigned: {reason}", manifest.id), &value)
}

async fn remove(context: &Context, id: &ModelId) -> Result<(), Failure> {
    let manifest = context.files.find(id)?;
    context.files.check_unneeded(id)?;
    context.record(Action::ModelRemove, &manifest, None).await?;
    let manifest = context.files.remove(id)?;
    context.output.show(&format!("removed {}", manifest.id), &manifest)
}

pub(crate) fn refused(id: &str, refusal: &Refusal) -> Failure {
    Failure::message(format!("model `{id}` is refused: {refusal} ({})", refusal.code()))
        .hint(refusal.hint())
}

pub(crate) fn signing_key(path: &Path) -> Result<SigningKey, Failure> {
    SigningKey::from_pem(&key_text(path)?).map_err(|error| wrong_key(path, error))
}

pub(crate) fn trusted_key(path: &Path) -> Result<TrustedKey, Failure> {
    TrustedKey::from_pem(&key_text(path)?).map_err(|error| wrong_key(path, error))
}

fn key_text(path: &Path) -> Result<zeroize::Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path);
    text.map(zeroize::Zeroizing::new)
        .map_err(|error| Failure::message(format!("could not read {}: {error}", path.display())))
}

fn wrong_key(path: &Path, error: model_signing::KeyError) -> Failure {
    let error = anyhow::Error::new(error).context(format!("{} cannot be used", path.display()));
    Failure::from(error).hint(
        "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY` makes a key, \
         `openssl pkey -in KEY -pubout -out KEY.pub` its public half",
    )
}

fn list_line(manifest: &Manifest) -> String {
    let Manifest { id, architecture, bytes, imported_at, base, .. } = manifest;
    let line = format!("{id}  {architecture}  {} MiB  {imported_at}", bytes >> 20);
    base.as_ref().map_or(line.clone(), |base| format!("{line}  adapter of {base}"))
}

fn describe(manifest: &Manifest) -> String {
    let Manifest { id, format, sha256, bytes, architecture, imported_at, base } = manifest;
    let base = base.as_ref().map_or(String::new(), |base| format!("\nadapter of: {base}"));
    format!(
        "id: {id}\narchitecture: {architecture}\nformat: {}\nbytes: {bytes}\nsha256: {sha256}\n\
         imported: {imported_at}{base}",
        format.as_str()
    )
}

/// Bytes of a file, or of those files in a directory that may be part of a model: nothing is read.
fn bytes_of(path: &Path) -> u64 {
    const PARTS: [&str; 3] = ["jinja", "json", "safetensors"];
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let Ok(entries) = fs::read_dir(path) else { return length(path) };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_part = |path: &PathBuf| {
        path.extension().is_some_and(|extension| PARTS.iter().any(|part| extension == *part))
    };
    paths.filter(is_part).map(|path| length(&path)).sum()
}
