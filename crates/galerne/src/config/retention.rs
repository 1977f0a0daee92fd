//! Settings of how long things are kept.

use domain::{RetentionClass, Term};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// After how many days what is removed. A class without a number is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_field_names,
    reason = "these are the names in the file: the unit stands last"
)]
pub(crate) struct RetentionSettings {
    /// Conversations, from their last turn, drafts of none, and how answers from documents came to
    /// be, from the question: 1 to 36500 days.
    pub(crate) conversations_days: Option<u32>,
    /// Files from when they were made, and batch jobs from their end: 1 to 36500 days.
    pub(crate) files_days: Option<u32>,
    /// Documents of libraries, from their newest version or last change: 1 to 36500 days.
    pub(crate) documents_days: Option<u32>,
    /// Usage records: 183 to 36500 days (AI Act, article 26(6)).
    pub(crate) usage_days: Option<u32>,
    /// Sessions and sign-in links that are over: 183 to 365 days (CNIL, and AI Act as above).
    pub(crate) sign_ins_days: Option<u32>,
    /// Entries of the log: 183 days or more. The tree only grows, so this is how long they are kept
    /// at least; nothing of it is removed.
    pub(crate) log_days: Option<u32>,
}

impl RetentionSettings {
    const fn days(&self, class: RetentionClass) -> Option<u32> {
        match class {
            RetentionClass::Conversations => self.conversations_days,
            RetentionClass::Files => self.files_days,
            RetentionClass::Documents => self.documents_days,
            RetentionClass::Usage => self.usage_days,
            RetentionClass::SignIns => self.sign_ins_days,
            RetentionClass::Log => self.log_days,
        }
    }

    /// Those that are set, each within what the law wants.
    pub(crate) fn terms(&self) -> Result<Vec<Term>, Failure> {
        let set = RetentionClass::ALL.into_iter().filter_map(|class| {
            let days = self.days(class)?;
            Some(class.term(days).map_err(|error| {
                let name = format!("retention.{}_days", class.as_str());
                let bounds = class.bounds();
                Failure::message(format!("`{name}`: {error}")).hint(format!(
                    "give a number from {} to {}, or leave it out to keep them",
                    bounds.days_min, bounds.days_max
                ))
            }))
        });
        set.collect()
    }

    pub(super) fn describe(&self) -> Vec<(&'static str, String)> {
        let said =
            |days: Option<u32>| days.map_or_else(|| "kept".to_owned(), |days| days.to_string());
        vec![
            ("retention.conversations_days", said(self.conversations_days)),
            ("retention.files_days", said(self.files_days)),
            ("retention.documents_days", said(self.documents_days)),
            ("retention.usage_days", said(self.usage_days)),
            ("retention.sign_ins_days", said(self.sign_ins_days)),
            ("retention.log_days", said(self.log_days)),
        ]
    }
}
