//! Which models the engine serves: those of the data directory, as they come and go.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Caller, Clock as _, ModelId, hexadecimal};
use engine_cpu::{CpuEngine, ModelFile};
use governance::{Action, AuditFact, Subject, Trail};
use sha2::{Digest as _, Sha256};
use tokio::task;
use tokio_util::sync::CancellationToken;

use crate::{
    failure::Failure,
    loading::Loads,
    model_files::{Contents, Manifest, ModelFiles},
    system::SystemClock,
    trust::{Refusal, Standing, Trust, TrustSource, Vouchers},
    weights,
};

/// How often a running server looks for models that came or went: reads some small files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A model that is imported and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotServed {
    pub(crate) id: String,
    pub(crate) reason: String,
}

/// What shall be served.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    manifest: Manifest,
    /// Of all weights that are used.
    digest: String,
    /// Of everything that speaks for them.
    evidence: [u8; 32],
    vouchers: Vouchers,
}

struct Known {
    wanted: Wanted,
    state: State,
}

/// What became of it.
enum State {
    /// With what was read; what lies on disk may have been changed since.
    Served(Contents),
    Refused,
    Failed,
}

/// A model that was refused, as the log shall tell.
struct Alarm {
    manifest: Manifest,
    code: &'static str,
}

/// Loads and unloads models until the engine serves what the data directory holds and trust allows.
pub(crate) struct ServedModels {
    engine: Arc<CpuEngine>,
    files: ModelFiles,
    trust: TrustSource,
    /// Those that are served, and those that could not be.
    known: Vec<Known>,
    alarms: Vec<Alarm>,
    /// How many are refused now.
    refused: Arc<AtomicUsize>,
    /// What was said of the folder of keys.
    problems: Vec<String>,
}

/// Why a model is not served.
enum LoadFailure {
    Refused(Refusal),
    Other(anyhow::Error),
}

impl ServedModels {
    pub(crate) fn new(engine: Arc<CpuEngine>, files: ModelFiles, trust: TrustSource) -> Self {
        let (known, alarms, refused, problems) =
            (Vec::new(), Vec::new(), Arc::default(), Vec::new());
        Self { engine, files, trust, known, alarms, refused, problems }
    }

    /// How many models are refused, for whoever shows it.
    pub(crate) fn refused(&self) -> Arc<AtomicUsize> {
        self.refused.clone()
    }

    /// Serves these models and no others. Blocks while it reads files. A model that cannot be
    /// loaded does not keep the others from being served; each is told of once.
    pub(crate) fn update(
        &mut self,
        manifests: &[Manifest],
        loads: &Loads,
    ) -> Result<Vec<NotServed>, Failure> {
        let trust = self.trust.read()?;
        let wanted = self.wanted(manifests, &trust);
        Ok(self.serve(&wanted, &trust, loads))
    }

    fn serve(&mut self, wanted: &[Wanted], trust: &Trust, loads: &Loads) -> Vec<NotServed> {
        self.tell_problems(trust);
        self.keep_what_still_counts(wanted, trust);
        let known: Vec<_> = self.known.iter().map(|known| known.wanted.clone()).collect();
        let (gone, new) = changes(&known, wanted);
        for one in gone {
            self.unload(&one);
        }
        let mut not_served = Vec::new();
        for one in new {
            if loads.is_stopped() {
                break;
            }
            let id = one.manifest.id.clone();
            let state = match self.load(&one, trust, loads) {
                Ok((contents, standing)) => {
                    tell_standing(&id, &standing);
                    self.note(&one, None);
                    State::Served(contents)
                }
                Err(_) if loads.is_stopped() => break,
                Err(failure) => {
                    let (state, reason) = self.not_loaded(&one, failure);
                    not_served.push(NotServed { id, reason });
                    state
                }
            };
            self.known.push(Known { wanted: one, state });
        }
        let refused = self.known.iter().filter(|known| matches!(known.state, State::Refused));
        self.refused.store(refused.count(), Ordering::Relaxed);
        not_served
    }

    /// Models before the adapters that need them, with what speaks for each.
    fn wanted(&self, manifests: &[Manifest], trust: &Trust) -> Vec<Wanted> {
        let mut wanted = wanted(manifests);
        for one in &mut wanted {
            if let Ok(id) = one.manifest.id.parse() {
                one.vouchers = self.files.vouchers(&id);
            }
            one.evidence = trust.evidence(&one.vouchers);
        }
        let own: Vec<_> =
            wanted.iter().map(|one| (one.manifest.id.clone(), one.evidence)).collect();
        for one in &mut wanted {
            // What speaks for an adapter is worth nothing without what speaks for its model.
            let base = one.manifest.base.as_ref();
            if let Some((_, base)) = base.and_then(|base| own.iter().find(|(id, _)| id == base)) {
                let both = Sha256::new().chain_update(base).chain_update(one.evidence);
                one.evidence = both.finalize().into();
            }
        }
        wanted
    }

    /// Where only what speaks for a model has changed, what is served stays if it may.
    fn keep_what_still_counts(&mut self, wanted: &[Wanted], trust: &Trust) {
        let mut kept: Vec<&str> = Vec::new();
        for one in wanted {
            let base_is_kept =
                one.manifest.base.as_ref().is_none_or(|base| kept.contains(&base.as_str()));
            let same = self.known.iter_mut().find(|known| {
                known.wanted.manifest == one.manifest && known.wanted.digest == one.digest
            });
            let Some(Known { wanted, state: State::Served(contents) }) = same else { continue };
            let counts =
                *wanted == *one || trust.judge(&one.manifest, contents, &one.vouchers).is_ok();
            if base_is_kept && counts {
                *wanted = one.clone();
                kept.push(&one.manifest.id);
            }
        }
    }

    fn unload(&mut self, one: &Wanted) {
        let id = one.manifest.id.parse::<ModelId>();
        if id.is_ok_and(|id| self.engine.unload(&id)) {
            tracing::info!(model = one.manifest.id, "a model is served no longer");
        }
        self.known.retain(|known| known.wanted != *one);
    }

    fn load(
        &self,
        wanted: &Wanted,
        trust: &Trust,
        loads: &Loads,
    ) -> Result<(Contents, Standing), LoadFailure> {
        let Wanted { manifest, digest, vouchers, .. } = wanted;
        let other = |failure: Failure| LoadFailure::Other(failure.into_error());
        let id: ModelId = manifest.id.parse().map_err(|error| other(Failure::from(error)))?;
        let mut go_on = |_| if loads.is_stopped() { Err(stopped()) } else { Ok(()) };
        // What could be read when it was imported, and cannot be now, was changed.
        let contents = self.files.contents(manifest, &mut go_on).map_err(|failure| {
            LoadFailure::Refused(Refusal::Unreadable { reason: failure.text() })
        })?;
        let standing = trust.judge(manifest, &contents, vouchers).map_err(LoadFailure::Refused)?;
        let file = ModelFile {
            path: self.files.path(&id, manifest.format),
            id: id.clone(),
            digest: digest.clone(),
            created_at: manifest.imported_at,
        };
        self.load_file(file, manifest, loads).map_err(LoadFailure::Other)?;
        if !contents.is_unchanged() {
            self.engine.unload(&id);
            return Err(LoadFailure::Refused(Refusal::Changed));
        }
        Ok((contents, standing))
    }

    fn load_file(&self, file: ModelFile, manifest: &Manifest, loads: &Loads) -> anyhow::Result<()> {
        match &manifest.base {
            None => loads.run(&manifest.id, |progress| self.engine.load_watched(file, progress))?,
            Some(base) => self.engine.load_adapter(file, &base.parse()?)?,
        };
        Ok(())
    }

    /// Tells of a model that is not served, and returns why.
    fn not_loaded(&mut self, one: &Wanted, failure: LoadFailure) -> (State, String) {
        let id = &one.manifest.id;
        match failure {
            LoadFailure::Refused(_) if self.is_gone(&one.manifest) => {
                (State::Failed, "it was replaced while it was read".to_owned())
            }
            LoadFailure::Refused(refusal) => {
                let (code, reason) = (refusal.code(), refusal.to_string());
                tracing::error!(model = id, code, reason, "a model is refused");
                self.note(one, Some(&refusal));
                self.alarms.push(Alarm { manifest: one.manifest.clone(), code });
                (State::Refused, format!("{reason} ({code})"))
            }
            LoadFailure::Other(error) => {
                let reason = format!("{error:#}");
                tracing::warn!(model = id, reason, "a model cannot be served");
                self.note(one, None);
                (State::Failed, reason)
            }
        }
    }

    /// Leaves word for commands that run elsewhere.
    fn note(&self, one: &Wanted, refusal: Option<&Refusal>) {
        let Ok(id) = one.manifest.id.parse::<ModelId>() else { return };
        let refusal = refusal.map(|refusal| (refusal, SystemClock.now()));
        if let Err(failure) = self.files.note_refusal(&id, refusal) {
            let reason = failure.text();
            tracing::warn!(model = one.manifest.id, reason, "the refusal is not noted");
        }
    }

    fn tell_problems(&mut self, trust: &Trust) {
        if trust.problems != self.problems {
            for problem in &trust.problems {
                tracing::warn!(problem, "a file among the trusted keys is no key");
            }
            self.problems.clone_from(&trust.problems);
        }
    }

    /// Writes down, durably, which models were refused since the last time.
    pub(crate) async fn record_refusals(&mut self, trail: &Trail, caller: Caller) {
        while let Some(Alarm { manifest, code }) = self.alarms.first() {
            let Ok(model) = manifest.id.parse() else { break };
            let subject = Subject::ModelFiles { model, sha256: manifest.sha256.clone() };
            let mut fact = AuditFact::ok(Action::ModelRefuse, caller, subject);
            fact.outcome = *code;
            if let Err(error) = trail.record(&fact).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the refusal of a model is not in the log yet");
                return;
            }
            self.alarms.remove(0);
        }
    }

    /// Follows the data directory until it is told to stop, and keeps what was packed for the next
    /// start.
    pub(crate) async fn watch(self, trail: Trail, caller: Caller, stop: CancellationToken) {
        let (mut models, loads) = (self, Arc::new(Loads::until(stop.clone())));
        loop {
            let (stopping, own) = (stop.clone(), Arc::clone(&loads));
            let mut looking = task::spawn_blocking(move || {
                models.keep(&stopping);
                models.look(&own);
                models
            });
            let looked = tokio::select! {
                looked = &mut looking => looked,
                () = stop.cancelled() => {
                    loads.call_off();
                    looking.await
                }
            };
            let Ok(again) = looked else {
                tracing::error!("loading a model failed; others are loaded at the next start");
                return;
            };
            models = again;
            models.record_refusals(&trail, caller).await;
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }

    fn keep(&self, stop: &CancellationToken) {
        weights::keep(&self.files, self.engine.take_unkept(), stop);
    }

    fn look(&mut self, loads: &Loads) {
        if let Err(failure) = self.follow(loads) {
            let reason = failure.text();
            tracing::warn!(reason, "the models of the data directory cannot be listed");
        }
    }

    fn follow(&mut self, loads: &Loads) -> Result<(), Failure> {
        let trust = self.trust.read()?;
        let wanted = {
            // While a model takes another one's place, its parts do not fit together.
            let Some(_lock) = self.files.looking()? else { return Ok(()) };
            self.wanted(&self.files.list()?, &trust)
        };
        self.serve(&wanted, &trust, loads);
        Ok(())
    }

    /// Whether the model was replaced or removed since it was seen: then nothing is wrong with it.
    fn is_gone(&self, manifest: &Manifest) -> bool {
        let found = manifest.id.parse().ok().and_then(|id| self.files.find(&id).ok());
        found.as_ref() != Some(manifest)
    }
}

fn stopped() -> Failure {
    Failure::message("stopped")
}

fn tell_standing(model: &str, standing: &Standing) {
    let standing = standing.describe();
    tracing::info!(model, standing, "a model is served");
}

/// Models before the adapters that need them.
fn wanted(manifests: &[Manifest]) -> Vec<Wanted> {
    let (models, adapters): (Vec<_>, Vec<_>) =
        manifests.iter().partition(|manifest| manifest.base.is_none());
    let wanted = |manifest: &Manifest| {
        let base = manifest.base.as_ref();
        let base = base.map(|id| models.iter().find(|model| model.id == *id));
        let digest = match base {
            None => manifest.sha256.clone(),
            Some(base) => {
                let base = base.map_or("none", |base| &base.sha256);
                let list = format!("{base}  base\n{}  adapter\n", manifest.sha256);
                hexadecimal(&Sha256::digest(list))
            }
        };
        let (evidence, vouchers) = ([0; 32], Vouchers::default());
        Wanted { manifest: manifest.clone(), digest, evidence, vouchers }
    };
    models.iter().chain(&adapters).map(|manifest| wanted(manifest)).collect()
}

/// What has to go, adapters before their models, and what has to come, in the order of `wanted`.
fn changes(known: &[Wanted], wanted: &[Wanted]) -> (Vec<Wanted>, Vec<Wanted>) {
    let missing = |from: &[Wanted], one: &&Wanted| !from.contains(one);
    let gone = known.iter().rev().filter(|one| missing(wanted, one)).cloned().collect();
    let new = wanted.iter().filter(|one| missing(known, one)).cloned().collect();
    (gone, new)
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;
    use crate::model_files::Format;

    fn manifest(id: &str, sha256: &str, base: Option<&str>) -> Manifest {
        Manifest {
            id: id.to_owned(),
            format: Format::Gguf,
            sha256: sha256.to_owned(),
            bytes: 1,
            architecture: "llama".to_owned(),
            imported_at: Timestamp::from_micros(0),
            base: base.map(str::to_owned),
        }
    }

    fn check(before: &[Manifest], after: &[Manifest], gone: &[&str], new: &[&str]) {
        let (left, came) = changes(&wanted(before), &wanted(after));
        let ids = |all: &[Wanted]| -> Vec<String> {
            all.iter().map(|one| one.manifest.id.clone()).collect()
        };
        assert_eq!((ids(&left), ids(&came)), (ids_of(gone), ids_of(new)));
    }

    fn ids_of(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn what_changed_is_loaded_and_nothing_else() {
        let model = |sha256| manifest("model", sha256, None);
        let adapter = |sha256| manifest("adapter", sha256, Some("model"));
        let other = || manifest("other", "9", None);
        check(&[], &[], &[], &[]);
        check(&[], &[adapter("2"), model("1")], &[], &["model", "adapter"]);
        let both = [adapter("2"), model("1"), other()];
        check(&both, &both, &[], &[]);
        check(&both, &[model("1"), other()], &["adapter"], &[]);
        check(&both, &[adapter("3"), model("1"), other()], &["adapter"], &["adapter"]);
        // Other weights below it make it another one.
        let changed = [adapter("2"), model("5"), other()];
        check(&both, &changed, &["adapter", "model"], &["model", "adapter"]);
        // One that could not be loaded is tried again when its model is there.
        check(&[adapter("2")], &[adapter("2"), model("1")], &["adapter"], &["model", "adapter"]);
    }

    #[test]
    fn the_digest_of_an_adapter_can_be_recomputed_with_common_tools() {
        let manifests = [manifest("adapter", "bb", Some("model")), manifest("model", "aa", None)];
        let digests: Vec<String> = wanted(&manifests).into_iter().map(|one| one.digest).collect();
        // printf 'aa  base\nbb  adapter\n' | sha256sum
        assert_eq!(digests[0], "aa");
        assert_eq!(digests[1], "79a4a000c09af32bdd987060c381c88ff7d3c47d6094f7e193fffafc99529081");
    }
}
