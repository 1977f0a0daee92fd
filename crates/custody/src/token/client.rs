//! What the server and the commands hold of a token.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use companion::{Companion, CompanionError, Pipes, QUESTION_BYTES_MAX};
use envelope::{DataKey, KEY_LENGTH, NONCE_LENGTH, WrappingKeyId};
use governance::{
    SecretSource,
    ports::{CustodyError, KeyCustodian, StoredDataKey},
};
use zeroize::Zeroizing;

use super::{
    TokenError, TokenPlace, Which,
    message::{Bytes, Done, Outcome, Task, failed},
};

/// Longer than the keeper waits for the holder.
const DEADLINE: Duration = Duration::from_secs(15);

/// The wrapping key in a token.
#[derive(Clone)]
pub struct TokenKey {
    place: Arc<TokenPlace>,
    keeper: Arc<Companion>,
    which: Which,
    secrets: Arc<dyn SecretSource>,
}

impl TokenKey {
    /// `pipes` lead to a process that runs [`super::keep`]. To be called in a runtime with its
    /// input and output.
    pub async fn connect(
        pipes: Pipes,
        place: TokenPlace,
        secrets: Arc<dyn SecretSource>,
    ) -> Result<Self, TokenError> {
        let keeper = Companion::connect(pipes, QUESTION_BYTES_MAX as u64);
        let keeper = Arc::new(keeper.map_err(|error| failed(&error))?);
        keeper.tell(&place).await.map_err(|error| unanswered(&error))?;
        Ok(Self { place: Arc::new(place), keeper, which: Which::Current, secrets })
    }

    /// Where the key lies.
    pub fn place(&self) -> &TokenPlace {
        &self.place
    }

    /// The key that takes the place of this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { which: Which::Next, ..self.clone() }
    }

    /// Which key lies there.
    pub async fn id(&self) -> Result<WrappingKeyId, TokenError> {
        match self.ask(Task::Identify { which: self.which }).await? {
            Done::Key { id } => id_of(&id),
            _ => Err(unexpected()),
        }
    }

    /// Makes a key where there is none, which the token never gives away.
    pub async fn create(&self) -> Result<WrappingKeyId, TokenError> {
        let mut id = [0; 8];
        self.secrets.fill(&mut id);
        match self.ask(Task::Create { which: self.which, id: id.as_slice().into() }).await? {
            Done::Key { id } => id_of(&id),
            _ => Err(unexpected()),
        }
    }

    /// Puts the key of [`Self::next`] in the place of this one, which is destroyed.
    pub async fn replace(&self) -> Result<(), TokenError> {
        match self.ask(Task::Replace).await? {
            Done::Replaced => Ok(()),
            _ => Err(unexpected()),
        }
    }

    async fn ask(&self, task: Task) -> Outcome {
        match self.keeper.ask(task, DEADLINE).await {
            Ok(outcome) => outcome,
            Err(error) => Err(unanswered(&error)),
        }
    }

    async fn unwrapped(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, TokenError> {
        let task = Task::Unwrap {
            id: stored.wrapping.as_bytes().as_slice().into(),
            place: envelope::bound(place, stored.version).as_slice().into(),
            wrapped: stored.wrapped.as_slice().into(),
        };
        let Done::Unwrapped { secret } = self.ask(task).await? else { return Err(unexpected()) };
        let bytes: &[u8; KEY_LENGTH] = secret.0.as_slice().try_into().map_err(|_| unexpected())?;
        Ok(DataKey::new(stored.version, Zeroizing::new(*bytes)))
    }
}

#[async_trait]
impl KeyCustodian for TokenKey {
    async fn wrap(
        &self,
        place: &[u8],
        key: &DataKey,
    ) -> Result<(WrappingKeyId, Vec<u8>), CustodyError> {
        let mut nonce = [0; NONCE_LENGTH];
        self.secrets.fill(&mut nonce);
        let task = Task::Wrap {
            which: self.which,
            nonce: nonce.as_slice().into(),
            place: envelope::bound(place, key.version()).as_slice().into(),
            secret: key.secret().as_slice().into(),
        };
        let wrapped = match self.ask(task).await {
            Ok(Done::Wrapped { id, wrapped }) => id_of(&id).map(|id| (id, wrapped.0.to_vec())),
            Ok(_) => Err(unexpected()),
            Err(error) => Err(error),
        };
        wrapped.map_err(|error| CustodyError::Unavailable { source: error.into() })
    }

    async fn unwrap(&self, place: &[u8], stored: &StoredDataKey) -> Result<DataKey, CustodyError> {
        let id = stored.wrapping;
        self.unwrapped(place, stored).await.map_err(|error| match error {
            TokenError::Missing { .. } => CustodyError::Missing { id },
            TokenError::Refused => CustodyError::Refused { id },
            other => CustodyError::Unavailable { source: other.into() },
        })
    }
}

fn id_of(bytes: &Bytes) -> Result<WrappingKeyId, TokenError> {
    let bytes: [u8; 8] = bytes.0.as_slice().try_into().map_err(|_| TokenError::Failed {
        cause: "the id (CKA_ID) of its key is not one that was given here".to_owned(),
    })?;
    Ok(WrappingKeyId::from_bytes(bytes))
}

fn unanswered(error: &CompanionError) -> TokenError {
    match error {
        CompanionError::Late { .. } => TokenError::Late,
        CompanionError::Ended => TokenError::Ended,
        CompanionError::Long | CompanionError::Garbled { .. } => failed(error),
    }
}

fn unexpected() -> TokenError {
    TokenError::Failed { cause: "it answered what was not asked".to_owned() }
}

/// Shows which key it is.
impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKey({}, {:?})", self.place.token, self.which)
    }
}
