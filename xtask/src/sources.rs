//! Walks the source files of the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold nothing a person wrote.
const GENERATED_FOLDERS: [&str; 6] =
    ["target", "node_modules", "dist", "test-results", "__pycache__", "coverage"];

/// One file of the checkout.
pub(crate) struct Source {
    /// Relative to the root, with `/` between folders.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl Source {
    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        let extension = self.path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    }

    pub(crate) fn text(&self) -> Result<String> {
        fs::read_to_string(&self.path).with_context(|| format!("{} is not text", self.name))
    }
}

/// Every file under `folder`, sorted by name; hidden and generated folders are left out, and
/// links are not followed.
pub(crate) fn walk(root: &Path, folder: &str) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            if kind.is_dir() && !is_left_out(&file_name) {
                open.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                found.push(Source { name, path });
            }
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

fn is_left_out(folder: &str) -> bool {
    let hidden = folder.starts_with('.') && folder != ".ci" && folder != ".cargo";
    hidden || GENERATED_FOLDERS.contains(&folder)
}
