//! Whether a secret of this installation lies where it should not.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use sovereignty::Measured;

use super::Scene;

/// More is not read in the time that an assessment has.
const BYTES_MAX: u64 = 4 << 30;
const CHUNK_BYTES: usize = 1 << 20;
/// Files of the key itself, and files that are read in full by other checks.
const LEFT_OUT: [&str; 4] = ["installation.key", "log.key", "models", "weights"];
const WRAPPING_KEY: &str = "the file of the wrapping key";
/// No pattern is longer, with the rest of the API key that is read behind it.
const OVERLAP_BYTES: usize = 512;

/// What is looked for.
struct Secrets {
    /// The key files, as they are written.
    texts: Vec<(&'static str, Vec<u8>)>,
    /// Beginnings of API keys that are taken, up to the secret.
    keys: Vec<Vec<u8>>,
    /// Where the wrapping key may lie, and the one that takes its place.
    wrapping_keys: Vec<PathBuf>,
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
    match scene.at_rest.wrapping_key_text() {
        Ok(text) => texts.extend(text.map(|text| (WRAPPING_KEY, text))),
        Err(reason) => return Measured::not_measured(reason),
    }
    let keys = people.keys.iter().map(|key| format!("glr_live_{}_", key.id).into_bytes());
    let both = |key: &PathBuf| [key.with_added_extension("next"), key.clone()];
    let wrapping_keys = scene.at_rest.wrapping_key.iter().flat_map(both).collect();
    let secrets = Secrets { texts, keys: keys.collect(), wrapping_keys };
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

fn search(root: &Path, secrets: &Secrets) -> io::Result<Search> {
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
                let path = entry.path();
                if !secrets.wrapping_keys.contains(&path) {
                    search.file(&path, secrets)?;
                }
            }
            if search.found.is_some() || !search.is_whole {
                return Ok(search);
            }
        }
    }
    Ok(search)
}

impl Search {
    fn file(&mut self, path: &Path, secrets: &Secrets) -> io::Result<()> {
        let opened =
            if is_database(path) { kept_open(path) } else { File::open(path).map(Opened::Own) };
        let file = match opened {
            Ok(file) => file,
            // A server beside us removes files of its own.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        self.files += 1;
        let mut window = Vec::with_capacity(CHUNK_BYTES + OVERLAP_BYTES);
        let mut offset = 0;
        loop {
            let kept = window.len().min(OVERLAP_BYTES);
            window.drain(..window.len() - kept);
            window.resize(kept + CHUNK_BYTES, 0);
            let room = window.get_mut(kept..).unwrap_or_default();
            let read = file.get().read_at(room, offset)?;
            if read == 0 {
                return Ok(());
            }
            window.truncate(kept + read);
            offset += read as u64;
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

/// A file that is read.
enum Opened {
    Own(File),
    Kept(&'static File),
}

impl Opened {
    const fn get(&self) -> &File {
        match self {
            Self::Own(file) => file,
            Self::Kept(file) => file,
        }
    }
}

/// `galerne.db` and the files that `SQLite` keeps beside it.
fn is_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("galerne.db"))
}

/// Files of the database that were opened, by device and number, for as long as this process lives.
/// `SQLite`'s locks are the process's and fall as soon as any descriptor of the file is closed:
/// another process would then take the database for its own, and rows would be lost.
static KEPT_OPEN: Mutex<BTreeMap<(u64, u64), &'static File>> = Mutex::new(BTreeMap::new());

fn kept_open(path: &Path) -> io::Result<Opened> {
    let found = fs::metadata(path)?;
    let mut kept = KEPT_OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&(found.dev(), found.ino())) {
        return Ok(Opened::Kept(file));
    }
    let file: &'static File = Box::leak(Box::new(File::open(path)?));
    // It may have been replaced meanwhile: what was opened counts.
    let opened = file.metadata()?;
    kept.insert((opened.dev(), opened.ino()), file);
    Ok(Opened::Kept(file))
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

    fn none() -> Secrets {
        Secrets { texts: Vec::new(), keys: Vec::new(), wrapping_keys: Vec::new() }
    }

    fn found(before: usize) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = vec![b'x'; before];
        bytes.extend(b"glr_live_0123_secret");
        bytes.extend([b'y'; 100]);
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/file"), bytes).unwrap();
        let secrets =
            Secrets { texts: Vec::new(), keys: vec![b"glr_live_0123_".to_vec()], ..none() };
        search(folder.path(), &secrets).unwrap().found.map(|(_, what)| what)
    }

    #[test]
    fn a_secret_is_found_wherever_a_chunk_ends() {
        for before in [0, 1, CHUNK_BYTES - 14, CHUNK_BYTES - 7, CHUNK_BYTES, 2 * CHUNK_BYTES - 1] {
            assert!(found(before).is_some(), "{before}");
        }
    }

    #[test]
    fn files_of_the_database_are_opened_once_and_never_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("galerne.db-wal");
        fs::write(&path, b"glr_live_0123_secret").unwrap();
        let Ok(Opened::Kept(first)) = kept_open(&path) else { panic!("it is kept") };
        let Ok(Opened::Kept(again)) = kept_open(&path) else { panic!("it is kept") };
        assert!(std::ptr::eq(first, again));
        let secrets = Secrets { keys: vec![b"glr_live_0123_".to_vec()], ..none() };
        for _ in 0..2 {
            assert!(search(folder.path(), &secrets).unwrap().found.is_some());
        }
        assert!(!is_database(Path::new("/srv/log.key")));
    }

    #[test]
    fn key_files_and_models_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.key"), b"PRIVATE").unwrap();
        let secrets = Secrets { texts: vec![("log.key", b"PRIVATE".to_vec())], ..none() };
        let search = search(folder.path(), &secrets).unwrap();
        assert!(search.found.is_none() && search.files == 0);
    }
}
