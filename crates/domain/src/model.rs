//! Names of models.

use std::{fmt, str::FromStr};

/// The name under which a model is served, as clients write it in `model`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(String);

/// Why a text is not a model id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a model id: use 1 to 128 of a-z A-Z 0-9 . _ - : and /, not starting with . or /"
)]
pub struct ModelIdError {
    text: String,
}

impl ModelId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
        let starts_well = !text.starts_with(['.', '/']);
        if (1..=128).contains(&text.len())
            && starts_well
            && text.chars().all(allowed)
            && !text.contains("..")
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(ModelIdError { text: text.chars().take(128).collect() })
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_ids_are_short_plain_names() {
        for good in ["smollm2-135m-instruct", "ft:base:suffix:1", "mistralai/Ministral-3B"] {
            assert_eq!(good.parse::<ModelId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", ".hidden", "/etc/passwd", "a/../b", "a b", "é", &"x".repeat(129)] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }
}
