//! SHA-256 of files and of whole source folders.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// The SHA-256 of a file, read in pieces.
pub(crate) fn sha256_of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("{} is missing", path.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count =
            file.read(&mut buffer).with_context(|| format!("reading {}", path.display()))?;
        if count == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..count]);
    }
}

/// One digest for named contents, independent of the order in which they are given.
pub(crate) fn sha256_of_tree(mut entries: Vec<(String, Vec<u8>)>) -> String {
    entries.sort();
    let mut hasher = Sha256::new();
    for (name, content) in entries {
        // Lengths keep `a` + `bc` apart from `ab` + `c`.
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str)]) -> String {
        let entries =
            entries.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        sha256_of_tree(entries.collect())
    }

    #[test]
    fn the_order_does_not_matter_and_the_borders_do() {
        assert_eq!(tree(&[("a", "1"), ("b", "2")]), tree(&[("b", "2"), ("a", "1")]));
        assert_ne!(tree(&[("a", "bc")]), tree(&[("ab", "c")]));
        assert_ne!(tree(&[("a", "1")]), tree(&[("a", "2")]));
    }

    #[test]
    fn hex_has_two_digits_for_each_byte() {
        assert_eq!(hex(&[0, 15, 255]), "000fff");
    }
}
