//! What stands in `Authorization`.

use reqwest::header::HeaderValue;

use crate::EgressError;

/// A header that no log is told of. Clones share its bytes.
#[derive(Clone, Debug)]
pub struct Credentials(HeaderValue);

impl Credentials {
    /// The whole value: `Bearer …`.
    pub fn new(text: &str) -> Result<Self, EgressError> {
        let mut value = HeaderValue::try_from(text)
            .map_err(|error| EgressError::Credentials { source: error.into() })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_log_is_told_of_them() {
        let credentials = Credentials::new("Bearer the-key").unwrap();
        assert_eq!(credentials.header(), "Bearer the-key");
        assert!(!format!("{credentials:?}").contains("the-key"));
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        for text in ["Bearer two\nlines", "Bearer \r", "Bearer \0"] {
            let error = Credentials::new(text).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("two"), "{error:?}");
        }
    }
}
