//! The verdict, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use transparency_log::Hash;

use crate::problem::{Problem, Problems};

/// What a run found out.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was verified, to stand behind "verified: ".
    pub(crate) subject: String,
    pub(crate) size: Option<u64>,
    pub(crate) root: Option<Hash>,
    /// Different checkpoints that fit.
    pub(crate) checkpoints_matched: usize,
    /// Notes that are not signed by the key.
    pub(crate) checkpoints_ignored: usize,
    /// Further lines for people, told when everything is verified.
    pub(crate) lines: Vec<String>,
    /// Further members for programs, told when everything is verified.
    pub(crate) members: Map<String, Value>,
    pub(crate) warnings: Vec<String>,
    pub(crate) problems: Problems,
}

impl Report {
    pub(crate) fn is_verified(&self) -> bool {
        self.problems.len() == 0
    }

    /// Lines for people, for standard output.
    pub(crate) fn facts(&self) -> String {
        let mut text = String::new();
        if self.is_verified() {
            line(&mut text, &format!("verified: {}", self.subject));
            if let Some(root) = self.root {
                line(&mut text, &format!("root: {}", root.to_base64()));
            }
            self.lines.iter().for_each(|fact| line(&mut text, fact));
        } else {
            line(&mut text, &format!("not verified: {}", self.subject));
        }
        text
    }

    /// Lines for people, for standard error.
    pub(crate) fn complaints(&self) -> String {
        let mut text = String::new();
        for warning in &self.warnings {
            line(&mut text, &format!("warning: {warning}"));
        }
        for problem in self.problems.listed() {
            line(&mut text, &format!("error: {}: {problem}", problem.code()));
            if let Some(entry) = problem.entry() {
                line(&mut text, &format!("  entry: {}", entry.line()));
            }
            line(&mut text, &format!("hint: {}", problem.hint()));
        }
        if self.problems.unlisted() > 0 {
            line(&mut text, &format!("error: {} more are not listed", self.problems.unlisted()));
        }
        text
    }

    /// One line for programs.
    pub(crate) fn json(&self) -> Value {
        let findings: Vec<Value> = self.problems.listed().iter().map(finding).collect();
        let mut object = json!({
            "verified": self.is_verified(),
            "size": self.size,
            "root": self.root.map(|root| root.to_base64()),
            "checkpoints_matched": self.checkpoints_matched,
            "checkpoints_ignored": self.checkpoints_ignored,
            "findings": findings,
            "findings_unlisted": self.problems.unlisted(),
            "warnings": self.warnings,
        });
        if let Some(object) = object.as_object_mut().filter(|_| self.is_verified()) {
            object.extend(self.members.clone());
        }
        object
    }
}

fn finding(problem: &Problem) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), problem.code().into());
    object.insert("message".to_owned(), problem.to_string().into());
    if let Some(leaf) = problem.leaf() {
        object.insert("leaf".to_owned(), leaf.into());
    }
    if let Problem::Log { finding, entry, .. } = problem {
        for (name, number) in finding.numbers() {
            object.insert(name.to_owned(), number.into());
        }
        if let Some(entry) = entry {
            object.insert("entry".to_owned(), entry.json());
        }
    }
    object.into()
}

fn line(text: &mut String, content: &str) {
    // Writing to a string cannot fail.
    _ = writeln!(text, "{}", plain(content));
}

/// Text in which nothing can move the cursor, change colours or reverse the writing direction:
/// much of what is printed comes from whoever made the evidence.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let is_invisible = matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if character.is_control() || is_invisible {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_text_cannot_steer_a_terminal() {
        let hostile = "a\u{1b}[2J\rb\u{202e}c\u{9b}d\u{200b}é—\n";
        let harmless = "a\\u{1b}[2J\\u{d}b\\u{202e}c\\u{9b}d\\u{200b}é—\\u{a}";
        assert_eq!(plain(hostile), harmless);
    }

    #[test]
    fn lists_are_bounded() {
        let mut report = Report::default();
        for leaf in 0..1000 {
            let problem = Problem::EntryMalformed { leaf, reason: "it is not".to_owned() };
            report.problems.push(problem);
        }
        let json = report.json();
        assert_eq!(json["findings"].as_array().map(Vec::len), Some(50));
        assert_eq!(json["findings_unlisted"], 950);
        assert!(report.complaints().ends_with("error: 950 more are not listed\n"));
    }
}
