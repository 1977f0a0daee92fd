//! The process that has the module loaded and is signed in.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use companion::{QUESTION_BYTES_MAX, Reply, Request, line, read_line};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use envelope::{KEY_LENGTH, NONCE_LENGTH};
use rustix::process::{Signal, set_parent_process_death_signal};
use zeroize::Zeroizing;

use super::{
    TokenError, TokenPlace, Which,
    message::{Bytes, Done, Outcome, Task, failed},
};

/// Longer than PINs are.
const PIN_BYTES_MAX: u64 = 1024;
const TAG_BITS: u64 = 128;

/// Reads the place and then tasks from the standard input, and answers each on the standard output
/// until there are no more, or one failed: it is not known then what the module still can do.
pub fn hold() -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut input = io::stdin().lock();
    let Some(place) = read_line(&mut input)? else { return Ok(()) };
    let place: TokenPlace = serde_json::from_slice(&place)?;
    let token = Token::open(&place);
    while let Some(request) = read_line(&mut input)? {
        let Request::<Task> { number, task } = serde_json::from_slice(&request)?;
        let outcome: Outcome = match &token {
            Ok(token) => token.carry_out(&task),
            Err(error) => Err(error.clone()),
        };
        let is_over = outcome.as_ref().is_err_and(TokenError::ends_holder);
        let reply =
            line(&Reply { number, outcome }, QUESTION_BYTES_MAX).map_err(io::Error::other)?;
        let mut output = io::stdout().lock();
        output.write_all(&reply)?;
        output.flush()?;
        if is_over {
            break;
        }
    }
    Ok(())
}

/// A session with the token.
struct Token {
    session: Session,
    key: String,
}

impl Token {
    fn open(place: &TokenPlace) -> Result<Self, TokenError> {
        let module = |error: Error| TokenError::Module {
            module: place.module.clone(),
            cause: error.to_string().chars().take(500).collect(),
        };
        let context = Pkcs11::new(&place.module).map_err(module)?;
        context
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(module)?;
        for slot in context.get_slots_with_token().map_err(|error| failed(&error))? {
            let info = context.get_token_info(slot).map_err(|error| failed(&error))?;
            if info.label().trim_end() == place.token {
                let session = context.open_rw_session(slot).map_err(|error| failed(&error))?;
                let pin = AuthPin::new(read_pin(&place.pin_file)?.as_str().into());
                let signed_in = session.login(UserType::User, Some(&pin));
                signed_in.map_err(|error| refused_pin(error, &place.pin_file))?;
                return Ok(Self { session, key: place.key.clone() });
            }
        }
        Err(TokenError::NoToken { token: place.token.clone() })
    }

    fn carry_out(&self, task: &Task) -> Result<Done, TokenError> {
        match task {
            Task::Identify { which } => {
                let (_, id) = self.find(*which)?;
                Ok(Done::Key { id: Bytes::from(id.as_slice()) })
            }
            Task::Create { which, id } => self.create(*which, &id.0),
            Task::Wrap { which, nonce, place, secret } => {
                let (key, id) = self.find(*which)?;
                let wrapped = self.encrypt(key, &nonce.0, &place.0, &secret.0)?;
                Ok(Done::Wrapped {
                    id: Bytes::from(id.as_slice()),
                    wrapped: wrapped.as_slice().into(),
                })
            }
            Task::Unwrap { id, place, wrapped } => {
                let key = self.by_id(&id.0)?;
                let secret = self.decrypt(key, &place.0, &wrapped.0)?;
                Ok(Done::Unwrapped { secret: Bytes(secret) })
            }
            Task::Replace => self.replace().map(|()| Done::Replaced),
        }
    }

    fn label(&self, which: Which) -> String {
        match which {
            Which::Current => self.key.clone(),
            Which::Next => format!("{}.next", self.key),
        }
    }

    /// The key and its id. Where a replacement was cut short, the next key is the current one.
    fn find(&self, which: Which) -> Result<(ObjectHandle, Vec<u8>), TokenError> {
        let found = self.labelled(which)?;
        let found = match which {
            Which::Current if found.is_none() => self.labelled(Which::Next)?,
            Which::Current | Which::Next => found,
        };
        let key = found.ok_or_else(|| TokenError::Missing { key: self.label(which) })?;
        let attributes = self.session.get_attributes(key, &[AttributeType::Id]);
        let id = attributes
            .map_err(|error| failed(&error))?
            .into_iter()
            .find_map(|attribute| if let Attribute::Id(id) = attribute { Some(id) } else { None });
        Ok((key, id.unwrap_or_default()))
    }

    fn labelled(&self, which: Which) -> Result<Option<ObjectHandle>, TokenError> {
        self.first(Attribute::Label(self.label(which).into_bytes()))
    }

    fn by_id(&self, id: &[u8]) -> Result<ObjectHandle, TokenError> {
        let found = self.first(Attribute::Id(id.to_vec()))?;
        found.ok_or_else(|| TokenError::Missing { key: self.key.clone() })
    }

    fn first(&self, which: Attribute) -> Result<Option<ObjectHandle>, TokenError> {
        let found = self.session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), which]);
        Ok(found.map_err(|error| failed(&error))?.first().copied())
    }

    fn create(&self, which: Which, id: &[u8]) -> Result<Done, TokenError> {
        let label = self.label(which);
        if self.labelled(which)?.is_some() {
            return Err(TokenError::Exists { key: label });
        }
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::ValueLen((KEY_LENGTH as u64).into()),
            Attribute::Label(label.into_bytes()),
            Attribute::Id(id.to_vec()),
        ];
        let made = self.session.generate_key(&Mechanism::AesKeyGen, &template);
        made.map_err(|error| failed(&error))?;
        Ok(Done::Key { id: Bytes::from(id) })
    }

    /// In the form of keys that are wrapped by a file: nonce, text, tag.
    fn encrypt(
        &self,
        key: ObjectHandle,
        nonce: &[u8],
        place: &[u8],
        secret: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let mut iv = nonce.to_vec();
        let parameters = GcmParams::new(&mut iv, place, TAG_BITS.into());
        let mechanism = Mechanism::AesGcm(parameters.map_err(|error| failed(&error))?);
        let text = self.session.encrypt(&mechanism, key, secret).map_err(|error| failed(&error))?;
        Ok([nonce, &text].concat())
    }

    fn decrypt(
        &self,
        key: ObjectHandle,
        place: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let (nonce, text) = wrapped.split_at_checked(NONCE_LENGTH).ok_or(TokenError::Refused)?;
        let mut iv = nonce.to_vec();
        let parameters = GcmParams::new(&mut iv, place, TAG_BITS.into());
        let mechanism = Mechanism::AesGcm(parameters.map_err(|error| failed(&error))?);
        match self.session.decrypt(&mechanism, key, text) {
            Ok(secret) => Ok(Zeroizing::new(secret)),
            Err(error) if is_about_the_text(&error) => Err(TokenError::Refused),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Killed in between, the next key is found as the current one.
    fn replace(&self) -> Result<(), TokenError> {
        let Some(next) = self.labelled(Which::Next)? else {
            return Err(TokenError::Missing { key: self.label(Which::Next) });
        };
        if let Some(current) = self.labelled(Which::Current)? {
            self.session.destroy_object(current).map_err(|error| failed(&error))?;
        }
        let label = Attribute::Label(self.label(Which::Current).into_bytes());
        self.session.update_attributes(next, &[label]).map_err(|error| failed(&error))
    }
}

/// Makers differ in what they call a tag that does not fit; `SoftHSM` says a general error.
const fn is_about_the_text(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::GeneralError,
            _
        )
    )
}

fn refused_pin(error: Error, pin_file: &Path) -> TokenError {
    match error {
        Error::Pkcs11(
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired
            | RvError::PinLocked,
            _,
        ) => TokenError::Pin { pin_file: pin_file.to_owned() },
        other => failed(&other),
    }
}

/// Of its owner alone, as the wrapping key in a file is.
fn read_pin(path: &Path) -> Result<Zeroizing<String>, TokenError> {
    let unreadable = |cause: String| TokenError::PinFile { pin_file: path.to_owned(), cause };
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if metadata.mode() & 0o077 != 0 {
        let mode = metadata.mode() & 0o777;
        return Err(unreadable(format!("others than its owner may read it (mode {mode:o})")));
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(PIN_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| unreadable(error.to_string()))?;
    let pin = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if pin.is_empty() {
        return Err(unreadable("it is empty".to_owned()));
    }
    Ok(pin)
}
