//! Passwords of people: how they are kept and compared.

use std::{fmt, sync::Arc};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::SecretSource;

/// Shorter ones can be guessed by trying. NIST SP 800-63B-4 asks for 15 where a password is all.
const CHARACTERS_MIN: usize = 15;
const BYTES_MAX: usize = 1024;

/// OWASP's least for argon2id: 19 MiB, two passes, one lane. Some 25 ms of one core.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const SALT_BYTES: usize = 16;

/// Comparisons at once; each takes a core and 19 MiB.
const AT_ONCE_MAX: usize = 2;

/// A password as somebody typed it. Never stored, never logged.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// Why a text is not taken as a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {CHARACTERS_MIN} characters, and this one has {characters}")]
    Short { characters: usize },
    #[error("a password has at most {BYTES_MAX} bytes")]
    Long,
    #[error("a password that repeats one character or the name is guessed first")]
    Guessable,
}

impl Password {
    /// As it was typed, whatever it is: for comparing.
    pub fn typed(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether it may become the password of the account of this name.
    pub fn must_be_good(&self, name: &str) -> Result<(), PasswordError> {
        let characters = self.0.chars().count();
        if self.0.len() > BYTES_MAX {
            return Err(PasswordError::Long);
        }
        if characters < CHARACTERS_MIN {
            return Err(PasswordError::Short { characters });
        }
        let first = self.0.chars().next();
        let is_one_character = self.0.chars().all(|c| Some(c) == first);
        if is_one_character || self.0.to_lowercase().contains(name) && characters < 2 * name.len() {
            return Err(PasswordError::Guessable);
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password as it is kept: argon2id in the PHC string format.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordDigest(String);

impl PasswordDigest {
    /// As a store kept it.
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(…)")
    }
}

/// Makes and compares digests, few at once, away from the threads that serve requests.
#[derive(Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    /// Compared with where nobody is known, so that answers take equally long.
    nobody: PasswordDigest,
}

/// The thread that computed it has ended.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be computed with")]
pub struct PasswordFailure;

impl Passwords {
    pub(crate) fn new() -> Self {
        // Of no password: the salt and the digest are made up.
        let salt = "AAAAAAAAAAAAAAAAAAAAAA";
        let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let text = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${digest}");
        Self { places: Arc::new(Semaphore::new(AT_ONCE_MAX)), nobody: PasswordDigest(text) }
    }

    pub(crate) async fn digest(
        &self,
        password: Password,
        secrets: &dyn SecretSource,
    ) -> Result<PasswordDigest, PasswordFailure> {
        let mut salt = [0; SALT_BYTES];
        secrets.fill(&mut salt);
        self.compute(move || {
            let digest = argon2().hash_password_with_salt(password.0.as_bytes(), &salt);
            digest.map(|digest| PasswordDigest(digest.to_string())).map_err(|_| PasswordFailure)
        })
        .await?
    }

    /// Takes as long when there is nothing to compare with.
    pub(crate) async fn matches(
        &self,
        password: Password,
        kept: Option<PasswordDigest>,
    ) -> Result<bool, PasswordFailure> {
        let is_known = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.clone());
        let matches = self.compute(move || {
            let digest = PasswordHash::new(kept.as_str());
            let same = |digest| argon2().verify_password(password.0.as_bytes(), &digest).is_ok();
            password.0.len() <= BYTES_MAX && digest.is_ok_and(same)
        });
        Ok(matches.await? && is_known)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordFailure> {
        let _place = self.places.acquire().await.map_err(|_| PasswordFailure)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordFailure)
    }
}

#[expect(clippy::expect_used, reason = "the parameters are constants within the bounds")]
fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("parameters within the bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl SecretSource for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (byte, value) in bytes.iter_mut().zip(0..) {
                *byte = value;
            }
        }
    }

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned())
    }

    #[tokio::test]
    async fn the_same_password_matches_and_no_other() {
        let passwords = Passwords::new();
        let digest = passwords.digest(password("correct horse battery"), &Counting).await.unwrap();
        assert!(digest.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{digest:?}");
        for (text, expected) in
            [("correct horse battery", true), ("correct horse batterz", false), ("", false)]
        {
            let kept = Some(digest.clone());
            assert_eq!(passwords.matches(password(text), kept).await.unwrap(), expected, "{text}");
            assert!(!passwords.matches(password(text), None).await.unwrap());
        }
        let unreadable = Some(PasswordDigest::from_text("x".to_owned()));
        assert!(!passwords.matches(password("x"), unreadable).await.unwrap());
    }

    /// `argon2 AAECAwQFBgcICQoLDA0ODw` of the reference implementation's command: the digest is
    /// readable by others.
    #[test]
    fn nobodys_digest_is_well_formed() {
        let passwords = Passwords::new();
        assert!(PasswordHash::new(passwords.nobody.as_str()).is_ok());
    }

    #[test]
    fn new_passwords_are_long_and_not_the_name() {
        let check = |text: &str, expected: Result<(), PasswordError>| {
            assert_eq!(password(text).must_be_good("anne"), expected, "{text}");
        };
        check("correct horse battery", Ok(()));
        check("short", Err(PasswordError::Short { characters: 5 }));
        check("ééééééééééééééa", Ok(()));
        check(&"x".repeat(40), Err(PasswordError::Guessable));
        check(&"xy".repeat(600), Err(PasswordError::Long));
        let long_name = "anne.dupont@ministere.example";
        let same = password("Anne.Dupont@ministere.example1").must_be_good(long_name);
        assert_eq!(same, Err(PasswordError::Guessable));
    }

    #[test]
    fn debug_output_hides_it() {
        assert_eq!(format!("{:?}", password("secret")), "Password(…)");
    }
}
