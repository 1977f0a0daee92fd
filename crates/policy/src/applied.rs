//! The file of rules that were applied: their text behind four lines that tell who put it there.
//!
//! ```text
//! // galerne rules 1
//! // serial 3
//! // sealed <64 hexadecimal digits>
//! // put here by `galerne policy apply`; an edit of this file stops all answers
//! @id("…") permit (…);
//! ```
//!
//! The seal is made with a key of the installation: whoever can write the file alone cannot put
//! other rules into force. The serial only grows, so that an old file is told from a new one.

use domain::hexadecimal;

const TITLE: &str = "// galerne rules 1";
const NOTICE: &str =
    "// put here by `galerne policy apply`; an edit of this file stops all answers";

/// Lines before the text.
pub(crate) const HEADER_LINES: usize = 4;

/// What stands in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) serial: u64,
    /// Empty: rules are not used.
    pub(crate) text: String,
}

/// The secret without which nobody seals rules.
#[derive(Clone)]
pub(crate) struct SealKey(pub(crate) [u8; 32]);

/// Why a file is not one that was applied here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotApplied {
    #[error("it was not written by `galerne policy apply`")]
    Foreign,
    #[error("it was changed after it was applied, or applied by another installation")]
    Changed,
}

impl Applied {
    pub(crate) fn parse(file: &str, key: &SealKey) -> Result<Self, NotApplied> {
        let mut parts = file.splitn(HEADER_LINES + 1, '\n');
        let mut line = |start: &str| parts.next().and_then(|line| line.strip_prefix(start));
        line(TITLE).filter(|rest| rest.is_empty()).ok_or(NotApplied::Foreign)?;
        let serial = line("// serial ").and_then(|text| text.parse().ok());
        let seal = line("// sealed ").ok_or(NotApplied::Foreign)?;
        line(NOTICE).filter(|rest| rest.is_empty()).ok_or(NotApplied::Foreign)?;
        let text = line("").ok_or(NotApplied::Foreign)?;
        let serial = serial.ok_or(NotApplied::Foreign)?;
        let applied = Self { serial, text: text.to_owned() };
        // blake3 compares its hashes in constant time.
        let is_sealed = blake3::Hash::from_hex(seal).is_ok_and(|seal| seal == applied.seal(key));
        if is_sealed { Ok(applied) } else { Err(NotApplied::Changed) }
    }

    pub(crate) fn file(&self, key: &SealKey) -> String {
        let Self { serial, text } = self;
        let seal = hexadecimal(self.seal(key).as_bytes());
        format!("{TITLE}\n// serial {serial}\n// sealed {seal}\n{NOTICE}\n{text}")
    }

    fn seal(&self, key: &SealKey) -> blake3::Hash {
        blake3::keyed_hash(&key.0, format!("{}\n{}", self.serial, self.text).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_applied_is_read_and_nothing_else() {
        let (key, other) = (SealKey([1; 32]), SealKey([2; 32]));
        for text in ["", "\n", "@id(\"a\")\npermit (principal, action, resource);\n"] {
            let applied = Applied { serial: 7, text: text.to_owned() };
            let file = applied.file(&key);
            assert_eq!(
                file.lines().take(HEADER_LINES).filter(|it| it.starts_with("//")).count(),
                4
            );
            assert_eq!(Applied::parse(&file, &key), Ok(applied));
            assert_eq!(Applied::parse(&file, &other), Err(NotApplied::Changed));
            let check = |changed: String, expected| {
                assert_eq!(Applied::parse(&changed, &key), Err(expected), "{changed}");
            };
            check(format!("{file} "), NotApplied::Changed);
            check(file.replace("serial 7", "serial 8"), NotApplied::Changed);
            check(file.replace("sealed ", "sealed 0"), NotApplied::Changed);
            check(file.replace("rules 1", "rules 2"), NotApplied::Foreign);
            check(file.replace("serial 7", "serial x"), NotApplied::Foreign);
            check(format!("\n{file}"), NotApplied::Foreign);
        }
        for foreign in ["", "permit (principal, action, resource);", "// galerne rules 1"] {
            assert_eq!(Applied::parse(foreign, &key), Err(NotApplied::Foreign));
        }
    }
}
