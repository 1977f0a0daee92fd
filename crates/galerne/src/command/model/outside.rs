//! Signs and verifies a file or a folder anywhere: before it is handed on, or before it is imported.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use model_signing::{
    BUNDLE_BYTES_MAX, FileDigest, SINGLE_FILE, SignatureBundle, Statement, TrustedKey,
};
use serde_json::json;

use super::{Context, signing_key, trusted_key};
use crate::{
    failure::Failure,
    model_files::{signature_path, transfer, write_durably},
    output::bar,
};

/// What version control keeps beside a model is no part of it.
const IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];
/// Folders in folders; models have two or three.
const DEPTH_MAX: usize = 32;

pub(super) fn sign(
    context: &Context,
    path: &Path,
    key: &Path,
    out: Option<&Path>,
) -> Result<(), Failure> {
    let key = signing_key(key)?;
    let out = out.map_or_else(|| signature_path(path), Path::to_owned);
    let files = digests(context, path, &out)?;
    let name = fs::canonicalize(path)?;
    let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let count = files.len();
    let bundle = SignatureBundle::sign(&Statement::new(&name, files)?, &key)?;
    write_durably(&out, &bundle.to_json())?;
    let fingerprint = key.public().fingerprint();
    let value = json!({ "signature": out, "files": count, "key": fingerprint });
    let text = format!("signed {count} files with the key {fingerprint}: {}", out.display());
    context.output.show(&text, &value)
}

pub(super) fn verify(
    context: &Context,
    path: &Path,
    key: Option<&Path>,
    signature: Option<&Path>,
) -> Result<(), Failure> {
    let keys = match key {
        Some(key) => vec![trusted_key(key)?],
        None => context.trust.keys().to_vec(),
    };
    let signature = signature.map_or_else(|| signature_path(path), Path::to_owned);
    let (statement, signer) = open(&signature, &keys)?;
    let found = statement.compare(&digests(context, path, &signature)?);
    if !found.is_equal() {
        let lists = [
            ("changed", found.changed),
            ("missing", found.missing),
            ("not signed", found.unsigned),
        ];
        let told = lists.iter().flat_map(|(what, names)| {
            names.iter().take(5).map(move |name| format!("`{name}` {what}"))
        });
        let told: Vec<_> = told.collect();
        return Err(Failure::message(format!(
            "{} is not what was signed: {}",
            path.display(),
            told.join(", ")
        ))
        .hint("obtain the model again from those who signed it"));
    }
    let fingerprint = signer.fingerprint();
    let value = json!({ "files": statement.files().count(), "key": fingerprint });
    context.output.show(&format!("whole, and signed with the key {fingerprint}"), &value)
}

fn open(path: &Path, keys: &[TrustedKey]) -> Result<(Statement, TrustedKey), Failure> {
    let named = || format!("{} proves nothing", path.display());
    let length = fs::metadata(path)
        .with_context(|| format!("there is no signature {}", path.display()))?
        .len();
    if length > BUNDLE_BYTES_MAX as u64 {
        return Err(Failure::message(format!("{} is too long for a signature", path.display())));
    }
    let bundle = SignatureBundle::parse(&fs::read(path)?).with_context(named)?;
    let (statement, signer) = bundle.verify(keys).with_context(named)?;
    Ok((statement, signer.clone()))
}

/// Every file below a path but its signature.
fn digests(
    context: &Context,
    path: &Path,
    signature: &Path,
) -> Result<Vec<(String, FileDigest)>, Failure> {
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, "", 0, &mut files)?;
        let signature = fs::canonicalize(signature).ok();
        files.retain(|(_, file)| signature.is_none() || fs::canonicalize(file).ok() != signature);
    } else {
        files.push((SINGLE_FILE.to_owned(), path.to_owned()));
    }
    files.sort();
    let total = files.iter().filter_map(|(_, path)| Some(fs::metadata(path).ok()?.len())).sum();
    let bar = bar(total, "reading");
    let (mut digests, mut done) = (Vec::new(), 0);
    for (name, path) in files {
        let mut progress = |bytes| context.advance(&bar, done + bytes);
        let (digest, bytes) = transfer(&path, &mut std::io::sink(), &mut progress)?;
        digests.push((name, digest));
        done += bytes;
    }
    bar.finish_and_clear();
    Ok(digests)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Failure> {
    if depth > DEPTH_MAX {
        return Err(Failure::message(format!("{} lies too deep", folder.display())));
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return Err(Failure::message(format!("{} has no name in UTF-8", path.display())));
        };
        if depth == 0 && IGNORED.contains(&name.as_str()) {
            continue;
        }
        let kind = entry.file_type()?;
        let name = format!("{prefix}{name}");
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), depth + 1, files)?;
        } else if kind.is_file() {
            files.push((name, path));
        } else {
            return Err(Failure::message(format!("{} is no file but a link", path.display()))
                .hint("a signature speaks for files; `cp -rL` makes a copy without links"));
        }
    }
    Ok(())
}
