//! Writes models into one file.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use model_signing::{FileDigest, SINGLE_FILE, SignatureBundle, SigningKey, Statement};

use super::{BUNDLE_SIGNATURE, FORMAT, INDEX, Index, SUMS, sums};
use crate::{
    archive::{ArchiveWriter, GoOn},
    failure::Failure,
    model_files::{
        Contents, Format, LICENCES, MANIFEST, Manifest, ModelFiles, SIGNATURE, folder_name,
    },
};

/// An archive that is being written.
struct Writing<'a> {
    archive: ArchiveWriter<BufWriter<File>>,
    files: Vec<(String, FileDigest)>,
    go_on: GoOn<'a>,
}

/// Writes models, which come after those that they need, into a new file: whole and durable, or not
/// at all. A key vouches for the whole, and for the models for which nobody does yet.
pub(crate) fn export(
    models: &ModelFiles,
    manifests: &[Manifest],
    key: Option<&SigningKey>,
    out: &Path,
    go_on: GoOn<'_>,
) -> Result<(), Failure> {
    if out.exists() {
        return Err(Failure::message(format!("{} is there already", out.display()))
            .hint("remove it, or give another name with --out"));
    }
    let mut partial = out.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let written = write(models, manifests, key, &partial, go_on).and_then(|()| {
        fs::rename(&partial, out)?;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    });
    if written.is_err() {
        fs::remove_file(&partial).ok();
    }
    written
}

fn write(
    models: &ModelFiles,
    manifests: &[Manifest],
    key: Option<&SigningKey>,
    partial: &Path,
    go_on: GoOn<'_>,
) -> Result<(), Failure> {
    let file = File::create_new(partial)
        .with_context(|| format!("could not write {}", partial.display()))?;
    let archive = ArchiveWriter::new(BufWriter::with_capacity(1 << 20, file));
    let mut writing = Writing { archive, files: Vec::new(), go_on };
    let names = manifests
        .iter()
        .map(|manifest| -> Result<_, Failure> { Ok(folder_name(&manifest.id.parse()?)) });
    let index = Index { format: FORMAT.to_owned(), models: names.collect::<Result<_, Failure>>()? };
    writing.text(INDEX, &serde_json::to_string_pretty(&index)?)?;
    for manifest in manifests {
        writing.model(models, manifest, key)?;
    }
    writing.text(SUMS, &sums(&writing.files))?;
    if let Some(key) = key {
        let statement = Statement::new("bundle", writing.files.clone())?;
        writing.text(BUNDLE_SIGNATURE, &SignatureBundle::sign(&statement, key)?.to_json())?;
    }
    let mut out = writing.archive.finish()?;
    out.flush()?;
    Ok(out.get_ref().sync_all()?)
}

impl Writing<'_> {
    fn model(
        &mut self,
        models: &ModelFiles,
        manifest: &Manifest,
        key: Option<&SigningKey>,
    ) -> Result<(), Failure> {
        let id = manifest.id.parse()?;
        let folder = format!("models/{}", folder_name(&id));
        self.text(&format!("{folder}/{MANIFEST}"), &serde_json::to_string_pretty(manifest)?)?;
        let path = models.path(&id, manifest.format);
        let place = format!("{folder}/{}", manifest.format.file_name());
        let files = match manifest.format {
            Format::Gguf => vec![(SINGLE_FILE.to_owned(), self.file(&place, &path)?)],
            Format::Safetensors => {
                let names = engine_cpu::checkpoint::Checkpoint::files_of(&path)?;
                let mut files = Vec::with_capacity(names.len());
                for name in names {
                    let digest = self.file(&format!("{place}/{name}"), &path.join(&name))?;
                    files.push((name, digest));
                }
                files
            }
        };
        if Contents::of(files.clone(), 0).sha256 != manifest.sha256 {
            return Err(Failure::message(format!("model `{id}` is damaged (model.damaged)"))
                .hint("import the model again from a good copy; nothing was exported"));
        }
        for licence in models.licences(&id)? {
            let name = licence.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.file(&format!("{folder}/{LICENCES}/{name}"), &licence)?;
        }
        let signature = match (models.vouchers(&id).signature, key) {
            (Some(bytes), _) => Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
            (None, Some(key)) => {
                let statement = Statement::new(&manifest.id, files)?;
                Some(SignatureBundle::sign(&statement, key)?.to_json())
            }
            (None, None) => None,
        };
        match signature {
            Some(text) => self.text(&format!("{folder}/{SIGNATURE}"), &text),
            None => Ok(()),
        }
    }

    fn file(&mut self, name: &str, path: &Path) -> Result<FileDigest, Failure> {
        let mut file =
            File::open(path).with_context(|| format!("could not read {}", path.display()))?;
        let bytes = file.metadata()?.len();
        let digest = self.archive.add(name, bytes, &mut file, self.go_on)?;
        self.files.push((name.to_owned(), digest));
        Ok(digest)
    }

    fn text(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        let mut bytes = text.as_bytes();
        let digest = self.archive.add(name, bytes.len() as u64, &mut bytes, &mut |_| true)?;
        self.files.push((name.to_owned(), digest));
        Ok(())
    }
}
