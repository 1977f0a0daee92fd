//! What the server and the commands hold of a token.

use std::{
    fmt, io,
    os::fd::OwnedFd,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use envelope::{DataKey, KEY_LENGTH, NONCE_LENGTH, WrappingKeyId};
use governance::{
    SecretSource,
    ports::{CustodyError, KeyCustodian, StoredDataKey},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe::{Receiver, Sender},
    sync::Mutex,
    time::timeout,
};
use zeroize::Zeroizing;

use super::{
    TokenError, TokenPlace, Which,
    message::{Bytes, Done, Reply, Request, Task, failed, line},
};

/// Longer than the keeper waits for the holder.
const DEADLINE: Duration = Duration::from_secs(15);

/// The ends of the pipes to a keeper, which ends when they are closed.
pub struct KeeperPipes {
    input: OwnedFd,
    output: OwnedFd,
}

impl KeeperPipes {
    /// Starts a keeper. `command` runs [`super::keep`]; it gets a process group of its own, so that
    /// a Ctrl-C does not end it before the server.
    pub fn start(mut command: Command) -> io::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the keeper of the token has no pipes"));
        };
        Ok(Self { input: input.into(), output: output.into() })
    }
}

/// The wrapping key in a token.
#[derive(Clone)]
pub struct TokenKey {
    place: Arc<TokenPlace>,
    keeper: Arc<Mutex<Keeper>>,
    which: Which,
    secrets: Arc<dyn SecretSource>,
}

struct Keeper {
    input: Sender,
    output: BufReader<Receiver>,
    /// Of an answer that came in part before whoever waited for it gave up.
    partial: Zeroizing<Vec<u8>>,
    number: u64,
}

impl TokenKey {
    /// To be called in a runtime with its input and output.
    pub async fn connect(
        pipes: KeeperPipes,
        place: TokenPlace,
        secrets: Arc<dyn SecretSource>,
    ) -> io::Result<Self> {
        let mut keeper = Keeper {
            input: Sender::from_owned_fd(pipes.input)?,
            output: BufReader::new(Receiver::from_owned_fd(pipes.output)?),
            partial: Zeroizing::default(),
            number: 0,
        };
        keeper.input.write_all(&line(&place).map_err(io::Error::other)?).await?;
        let keeper = Arc::new(Mutex::new(keeper));
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

    async fn ask(&self, task: Task) -> Result<Done, TokenError> {
        let asked = async { self.keeper.lock().await.exchange(task).await };
        timeout(DEADLINE, asked).await.map_err(|_| TokenError::Late)?
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

impl Keeper {
    async fn exchange(&mut self, task: Task) -> Result<Done, TokenError> {
        self.number += 1;
        let request = line(&Request { number: self.number, task })?;
        // A line is taken whole or not at all: whoever gives up leaves none by half.
        self.input.write_all(&request).await.map_err(|_| TokenError::Ended)?;
        loop {
            let count = self.output.read_until(b'\n', &mut self.partial).await;
            let is_line = self.partial.last() == Some(&b'\n');
            if !matches!(count, Ok(1..)) || !is_line {
                return Err(TokenError::Ended);
            }
            let bytes = std::mem::take(&mut self.partial);
            let reply: Reply = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
            // Others are for who gave up waiting.
            if reply.number == self.number {
                return reply.outcome;
            }
        }
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

fn unexpected() -> TokenError {
    TokenError::Failed { cause: "it answered what was not asked".to_owned() }
}

/// Shows which key it is.
impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKey({}, {:?})", self.place.token, self.which)
    }
}
