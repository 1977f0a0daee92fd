//! Whether a secret of this installation lies where it should not.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use sovereignty::Measured;

use super::Scene;

/// More is not read in the time that an assessment has.
const BYTES_MAX: u64 = 4 << 30;
const CHUNK_BYTES: usize = 1 << 20;
/// Files of the key itself, and files that are read in full by other checks.
const LEFT_OUT: [&str; 4] = ["installation.key", "log.key", "models", "weights"];
/// No pattern is longer, with the rest of the API key that is read behind it.
const OVERLAP_BYTES: usize = 512;

/// What is looked for.
struct Secrets {
    /// The two key files, as they are written.
    texts: Vec<(&'static str, Vec<u8>)>,
    /// Beginnings of API keys that are taken, up to the secret.
    keys: Vec<Vec<u8>>,
}

pub(super) fn secrets_absent(scene: &Scene<'_>) -> Measured {
    let people = match &scene.people {
        Ok(people) => people,
        Err(reason) => return Measured::not_measured(reason.clone()),
    };
    let mut texts = Vec::new();
    for name in ["installation.key", "log.key"] {
        match fs::read(scene.data_dir.join(name)) {
            Ok(text) => texts.push((name, text.trim_ascii().to_vec())),
            Err(error) => return Measured::not_measured(format!("{name}: {error}")),
        }
    }
    let keys = people.keys.iter().map(|key| format!("glr_live_{}_", key.id).into_bytes());
    let secrets = Secrets { texts, keys: keys.collect() };
    match search(&scene.data_dir, &secrets) {
        Ok(Search { found: Some((path, what)), .. }) => {
            let path = path.strip_prefix(&scene.data_dir).unwrap_or(&path).display();
            Measured::failed(format!("{path} holds {what}"))
        }
        Ok(Search { is_whole: false, .. }) => {
            Measured::not_measured(format!("the files have more than {BYTES_MAX} bytes"))
        }
        Ok(Search { bytes, files, .. }) => {
            Measured::passed(format!("{bytes} bytes of {files} files were searched"))
        }
        Err(error) => Measured::not_measured(error.to_string()),
    }
}

#[derive(Default)]
struct Search {
    bytes: u64,
    files: usize,
    found: Option<(PathBuf, String)>,
    is_whole: bool,
}

fn search(root: &Path, secrets: &Secrets) -> std::io::Result<Search> {
    let mut search = Search { is_whole: true, ..Search::default() };
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if folder == root && LEFT_OUT.iter().any(|left_out| name == *left_out) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                search.file(&entry.path(), secrets)?;
            }
            if search.found.is_some() || !search.is_whole {
                return Ok(search);
            }
        }
    }
    Ok(search)
}

impl Search {
    fn file(&mut self, path: &Path, secrets: &Secrets) -> std::io::Result<()> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            // A server beside us removes files of its own.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        self.files += 1;
        let mut window = Vec::with_capacity(CHUNK_BYTES + OVERLAP_BYTES);
        loop {
            let kept = window.len().min(OVERLAP_BYTES);
            window.drain(..window.len() - kept);
            let read = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut window)?;
            if read == 0 {
                return Ok(());
            }
            self.bytes += read as u64;
            if let Some(what) = secrets.find(&window) {
                self.found = Some((path.to_owned(), what));
                return Ok(());
            }
            if self.bytes > BYTES_MAX {
                self.is_whole = false;
                return Ok(());
            }
        }
    }
}

impl Secrets {
    fn find(&self, window: &[u8]) -> Option<String> {
        let has = |text: &[u8]| contains(window, text);
        if let Some((name, _)) = self.texts.iter().find(|(_, text)| has(text)) {
            return Some(format!("what is in {name}"));
        }
        self.keys.iter().any(|key| has(key)).then(|| "an API key that is taken".to_owned())
    }
}

/// Skips to where the first byte stands, which leaves little to compare.
fn contains(window: &[u8], text: &[u8]) -> bool {
    let Some(first) = text.first() else { return false };
    let mut rest = window;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with(text) {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(before: usize) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![b'x'; before];
        bytes.extend(b"glr_live_0123_secret");
        bytes.extend([b'y'; 100]);
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/file"), bytes).unwrap();
        let secrets = Secrets { texts: Vec::new(), keys: vec![b"glr_live_0123_".to_vec()] };
        search(folder.path(), &secrets).unwrap().found.map(|(_, what)| what)
    }

    #[test]
    fn a_secret_is_found_wherever_a_chunk_ends() {
        for before in [0, 1, CHUNK_BYTES - 14, CHUNK_BYTES - 7, CHUNK_BYTES, 2 * CHUNK_BYTES - 1] {
            assert!(found(before).is_some(), "{before}");
        }
    }

    #[test]
    fn key_files_and_models_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.key"), b"PRIVATE").unwrap();
        let secrets = Secrets { texts: vec![("log.key", b"PRIVATE".to_vec())], keys: Vec::new() };
        let search = search(folder.path(), &secrets).unwrap();
        assert!(search.found.is_none() && search.files == 0);
    }
}
