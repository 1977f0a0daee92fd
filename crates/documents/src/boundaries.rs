//! What is left to companions, workers and recognisers.

use std::{
    fs,
    path::{Path, PathBuf},
};

use confine::{Confinement, Descriptors, Limits, Network, Programs};

use crate::settings::{KeeperSettings, Recogniser};

/// This very program, also after its file was replaced.
pub(crate) const PROGRAM: &str = "/proc/self/exe";

/// Where systems have libraries. What loads programs reads them.
const LIBRARIES: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/ld.so.conf",
];
/// Where errors of workers go.
const NOWHERE: &str = "/dev/null";

/// Of a reader, beside what grows with the document.
const READER_BYTES: u64 = 256 << 20;
/// The document itself, and copies of it in two engines.
const COPIES: u64 = 4;
/// Of a reader, in seconds of processor time: for any document, and for each MiB of it.
const READER_SECONDS: u64 = 60;
const READER_SECONDS_PER_MIB: u64 = 20;
/// A recogniser holds its model, and a page in many sizes.
const RECOGNISER_BYTES: u64 = 1 << 30;
/// For a page, and for all pages where it stays.
const PAGE_SECONDS: u64 = 120;
const PAGES_SECONDS: u64 = 3600;
const FILES_MAX: u64 = 64;

/// What is left to a companion: to start workers, which have no more than it.
pub fn keeper_confinement(settings: &KeeperSettings) -> Confinement {
    let mut programs = vec![PathBuf::from(PROGRAM)];
    let mut read: Vec<PathBuf> = LIBRARIES.into_iter().map(PathBuf::from).collect();
    read.extend(loaded());
    read.extend(settings.tokenizer.clone());
    if let Some(pdfium) = &settings.pdfium {
        read.push(pdfium.clone());
        // A link to a file of another name is opened by that name.
        read.extend(fs::canonicalize(pdfium).ok());
    }
    match &settings.recogniser {
        Some(Recogniser::Tesseract { program, data, .. }) => {
            programs.push(program.clone());
            read.push(data.clone());
        }
        Some(Recogniser::PpOcr { models }) => read.push(models.clone()),
        None => {}
    }
    Confinement {
        network: Network::None,
        descriptors: Descriptors::Standard,
        read,
        write: vec![PathBuf::from(NOWHERE)],
        writes_as_root: false,
        limits: Limits::default(),
        programs: Programs::Start(programs),
    }
}

/// What is left to whoever reads a document of so many bytes.
pub(crate) fn reader(settings: &KeeperSettings, bytes: u64) -> Confinement {
    let read = settings.tokenizer.iter().cloned().collect();
    let limits = Limits {
        written_bytes_max: Some(READER_BYTES + COPIES * bytes),
        cpu_seconds_max: Some(READER_SECONDS + READER_SECONDS_PER_MIB * (bytes >> 20)),
        processes_max: Some(0),
        ..bounded()
    };
    Confinement { read, limits, ..closed() }
}

/// What is left to whoever becomes a program that recognises one page.
pub(crate) fn tesseract(program: &Path, data: &Path) -> Confinement {
    let mut read: Vec<PathBuf> = LIBRARIES.into_iter().map(PathBuf::from).collect();
    read.push(data.to_owned());
    let limits = Limits {
        written_bytes_max: Some(RECOGNISER_BYTES),
        cpu_seconds_max: Some(PAGE_SECONDS),
        processes_max: Some(0),
        ..bounded()
    };
    Confinement { read, limits, programs: Programs::Become(vec![program.to_owned()]), ..closed() }
}

/// What is left to whoever recognises page after page with models.
pub(crate) fn models(folder: &Path) -> Confinement {
    let limits = Limits {
        written_bytes_max: Some(RECOGNISER_BYTES),
        cpu_seconds_max: Some(PAGES_SECONDS),
        ..bounded()
    };
    Confinement { read: vec![folder.to_owned()], limits, ..closed() }
}

fn closed() -> Confinement {
    Confinement {
        network: Network::None,
        descriptors: Descriptors::Standard,
        read: Vec::new(),
        write: Vec::new(),
        writes_as_root: false,
        limits: Limits::default(),
        programs: Programs::None,
    }
}

fn bounded() -> Limits {
    Limits { file_bytes_max: Some(0), files_max: Some(FILES_MAX), ..Limits::default() }
}

/// The libraries that this process has loaded, wherever this system keeps them: its workers are the
/// same program.
fn loaded() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut paths: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| Some(PathBuf::from(line.get(line.find('/')?..)?)))
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ReaderLimits;

    fn settings(recogniser: Option<Recogniser>) -> KeeperSettings {
        KeeperSettings {
            limits: ReaderLimits::default(),
            pdfium: Some(PathBuf::from("/opt/libpdfium.so")),
            tokenizer: None,
            recogniser,
            required: false,
        }
    }

    #[test]
    fn a_companion_starts_its_own_program_and_what_the_settings_name() {
        let confinement = keeper_confinement(&settings(None));
        assert_eq!(confinement.programs.paths(), [PathBuf::from(PROGRAM)]);
        assert!(confinement.read.contains(&PathBuf::from("/opt/libpdfium.so")));
        let program = PathBuf::from("/usr/bin/tesseract");
        let data = PathBuf::from("/data");
        let languages = vec!["fra".to_owned()];
        let recogniser = Recogniser::Tesseract { program: program.clone(), data, languages };
        let confinement = keeper_confinement(&settings(Some(recogniser)));
        assert_eq!(confinement.programs.paths(), [PathBuf::from(PROGRAM), program]);
    }

    #[test]
    fn a_reader_has_no_files_no_programs_and_memory_by_the_size() {
        let left = reader(&settings(None), 10 << 20);
        assert!(left.read.is_empty() && left.write.is_empty());
        assert_eq!((left.network, left.programs), (Network::None, Programs::None));
        assert_eq!(left.limits.written_bytes_max, Some((256 << 20) + (40 << 20)));
        assert_eq!(left.limits.processes_max, Some(0));
        let tesseract = tesseract(Path::new("/usr/bin/tesseract"), Path::new("/data"));
        assert!(matches!(tesseract.programs, Programs::Become(_)));
    }
}
