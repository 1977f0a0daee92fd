//! What the kernel loads a program with.

use std::{
    ffi::OsString,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

/// Of a 64-bit file, which all programs here are.
const HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 56;
/// More have no place in a program.
const ENTRIES_MAX: u16 = 64;
const PATH_BYTES_MAX: u64 = 4096;
/// The segment that names the loader.
const INTERPRETER: u32 = 3;

/// The loader that a program names, if it is one that has a loader.
pub(super) fn interpreter(program: &Path) -> Option<PathBuf> {
    let mut file = File::open(program).ok()?;
    let header: [u8; HEADER_BYTES] = read(&mut file, 0)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = u64::from_le_bytes(part(&header, 32)?);
    let entries = u16::from_le_bytes(part(&header, 56)?).min(ENTRIES_MAX);
    for index in 0..u64::from(entries) {
        let at = table.checked_add(index * ENTRY_BYTES as u64)?;
        let entry: [u8; ENTRY_BYTES] = read(&mut file, at)?;
        if u32::from_le_bytes(part(&entry, 0)?) == INTERPRETER {
            let at = u64::from_le_bytes(part(&entry, 8)?);
            let length = u64::from_le_bytes(part(&entry, 32)?);
            return path(&mut file, at, length);
        }
    }
    None
}

fn path(file: &mut File, at: u64, length: u64) -> Option<PathBuf> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut bytes = Vec::new();
    file.take(length.min(PATH_BYTES_MAX)).read_to_end(&mut bytes).ok()?;
    // It ends with a zero.
    bytes.truncate(bytes.iter().position(|byte| *byte == 0)?);
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

fn read<const N: usize>(file: &mut File, at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_of_a_program_is_found_and_a_script_has_none() {
        if let Some(loader) = interpreter(Path::new("/proc/self/exe")) {
            assert!(loader.is_absolute() && loader.exists(), "{}", loader.display());
        }
        assert_eq!(interpreter(Path::new("/proc/self/status")), None);
        assert_eq!(interpreter(Path::new("/nowhere")), None);
    }
}
