//! Lists that are read and written as a whole are JSON in one column, NULL if they are empty.

use assistant::Attachment;

use super::sealed::Column;
use crate::failure::Failure;

pub(super) fn texts(texts: &[String]) -> Option<String> {
    let array = || texts.iter().map(String::as_str).collect::<serde_json::Value>();
    (!texts.is_empty()).then(|| array().to_string())
}

/// Each one as `[name, text]`.
pub(super) fn attachments(attachments: &[Attachment]) -> Option<String> {
    let pair = |file: &Attachment| [&*file.name, &*file.text].into_iter().collect();
    let array = || attachments.iter().map(pair).collect::<Vec<serde_json::Value>>();
    (!attachments.is_empty()).then(|| serde_json::Value::Array(array()).to_string())
}

pub(super) fn read_texts(json: Option<&str>, column: Column) -> Result<Vec<String>, Failure> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    serde_json::from_str(json).map_err(|_| Failure::Unreadable { column: column.name() })
}

pub(super) fn read_attachments(
    json: Option<&str>,
    column: Column,
) -> Result<Vec<Attachment>, Failure> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let pairs: Vec<(String, String)> =
        serde_json::from_str(json).map_err(|_| Failure::Unreadable { column: column.name() })?;
    Ok(pairs.into_iter().map(|(name, text)| Attachment { name, text }).collect())
}
