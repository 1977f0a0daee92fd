//! Finds pickles by what is in a file, whatever its name says.
//!
//! Loading a pickle runs code that it holds. Nothing here ever does that; but a file that somebody
//! believes to be weights and that is a program must not get as far as a data directory.

use std::{fs, fs::File, io::Read as _, path::Path};

use crate::failure::Failure;

/// Up to where tar archives name their kind.
const HEAD_BYTES: usize = 512;
const TAR_AT: usize = 257;
/// Headers of safetensors have at most 100 MB.
const SAFETENSORS_HEADER_MAX: u64 = 100_000_000;

/// What a file is that is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pickle,
    /// As `torch.save` writes it: a zip, or before that a tar, with pickles in it.
    Archive,
}

/// An error if the file, or one of these in the directory, is a pickle or an archive of such.
pub(super) fn refuse(source: &Path, files: &[String]) -> Result<(), Failure> {
    if source.is_dir() {
        return files.iter().try_for_each(|name| refuse_file(&source.join(name)));
    }
    refuse_file(source)
}

/// An error if anything in a directory that is no model is one.
pub(super) fn refuse_any(source: &Path) -> Result<(), Failure> {
    if !source.is_dir() {
        return refuse_file(source);
    }
    let Ok(entries) = fs::read_dir(source) else { return Ok(()) };
    entries.filter_map(Result::ok).try_for_each(|entry| refuse_file(&entry.path()))
}

fn refuse_file(path: &Path) -> Result<(), Failure> {
    let kind = match kind_of(path) {
        None => return Ok(()),
        Some(Kind::Pickle) => "a pickle",
        Some(Kind::Archive) => "an archive, in which PyTorch keeps pickles",
    };
    Err(Failure::message(format!(
        "{} is {kind}, whatever its name: loading it would run code that it holds",
        path.display()
    ))
    .hint("obtain the model as safetensors or GGUF from those who made it; nothing was imported"))
}

fn kind_of(path: &Path) -> Option<Kind> {
    // Pipes and devices are left alone.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return None;
    }
    let mut head = Vec::with_capacity(HEAD_BYTES);
    File::open(path).ok()?.take(HEAD_BYTES as u64).read_to_end(&mut head).ok()?;
    kind(&head).or_else(|| is_old_pickle(&head, path).then_some(Kind::Pickle))
}

fn kind(head: &[u8]) -> Option<Kind> {
    if is_safetensors(head) || head.starts_with(b"GGUF") {
        return None;
    }
    if head.starts_with(b"PK") || head.get(TAR_AT..).is_some_and(|it| it.starts_with(b"ustar")) {
        return Some(Kind::Archive);
    }
    // PROTO and its number, which all pickles of protocol 2 and later begin with.
    let is_pickle = matches!(head, [0x80, 2..=5, ..]);
    is_pickle.then_some(Kind::Pickle)
}

/// The length of the header, and its first character.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length) <= SAFETENSORS_HEADER_MAX && rest.first() == Some(&b'{')
}

/// Protocols 0 and 1 have no mark; where a name says weights, text that calls things up is one.
fn is_old_pickle(head: &[u8], path: &Path) -> bool {
    const NAMES: [&str; 9] =
        ["bin", "pt", "pth", "ckpt", "pkl", "pickle", "safetensors", "gguf", "model"];
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
    let is_named = NAMES.iter().any(|name| extension.eq_ignore_ascii_case(name));
    // `cos\nsystem\n`, `(dp0`, `(lp0`, `]q\0`, `}q\0`, `(c__builtin__\n`.
    let starts = [&b"c"[..], b"(c", b"(d", b"(l", b"(i", b"]q", b"}q", b"(t"];
    let has_start = starts.iter().any(|start| head.starts_with(start));
    let is_global = |line: &[u8]| !line.is_empty() && line.iter().all(u8::is_ascii_graphic);
    is_named && has_start && head.split(|&byte| byte == b'\n').next().is_some_and(is_global)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, content: &[u8], expected: Option<Kind>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        assert_eq!(kind_of(&path), expected, "{name} {content:?}");
        assert_eq!(refuse_any(folder.path()).is_err(), expected.is_some(), "{name}");
    }

    fn tar() -> Vec<u8> {
        let mut head = vec![0; 512];
        head[257..262].copy_from_slice(b"ustar");
        head
    }

    #[test]
    fn pickles_are_found_by_what_they_are() {
        let pickle = Some(Kind::Pickle);
        // pickle.dumps({"a": 1}, protocol=2..5)
        for protocol in 2..=5 {
            let content = [&[0x80, protocol][..], b"}q\x00X\x01\x00\x00\x00aq\x01K\x01s."].concat();
            for name in ["model.safetensors", "model.gguf", "pytorch_model.bin", "x"] {
                check(name, &content, pickle);
            }
        }
        check("a.pkl", b"cos\nsystem\n(S'id'\ntR.", pickle);
        check("model.safetensors", b"cos\nsystem\n(S'id'\ntR.", pickle);
        check("a.pt", b"(dp0\nVa\np1\nI1\ns.", pickle);
        check("model.safetensors", b"PK\x03\x04\x00\x00\x08\x08", Some(Kind::Archive));
        check("model.gguf", b"PK\x05\x06", Some(Kind::Archive));
        check("model.ckpt", &tar(), Some(Kind::Archive));
    }

    #[test]
    fn models_are_not_mistaken_for_pickles() {
        check("model.gguf", b"GGUF\x03\0\0\0", None);
        check("model.bin", b"GGUF\x03\0\0\0", None);
        check("config.json", b"{\"a\": 1}", None);
        check("notes.txt", b"c", None);
        check("empty", b"", None);
        // A header of 0x0280 bytes begins like a pickle of protocol 2.
        check("model.safetensors", b"\x80\x02\0\0\0\0\0\0{\"a\":", None);
        check("model.safetensors", b"PK\x02\0\0\0\0\0{\"a\":", None);
    }
}
