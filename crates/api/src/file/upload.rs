//! A form with a file, handed on as it arrives.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use domain::Caller;
use http_body_util::BodyExt as _;
use inference_wire::multipart::{FormEvent, Multipart, MultipartError};
use tokio::time::{Instant, timeout};
use workloads::{Described, File, Purpose, Upload, WorkloadError};

use crate::{
    ApiState,
    body::invalid,
    problem::{Code, Problem},
};

/// What a client is listened to after its file was refused: many read the answer only after they
/// have sent everything.
const DISCARDED_MAX: usize = 16 * 1024 * 1024;

/// What has to arrive in a second, taken all together.
const PACE_BYTES: u32 = 16 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// Of a field that is no file.
const FIELD_BYTES_MAX: usize = 4 * 1024;

const HOUR_SECONDS: u32 = 3_600;

/// Keeps the file of a form.
pub(super) async fn receive(
    state: &ApiState,
    caller: &Caller,
    request: Request,
) -> Result<File, Problem> {
    let (parts, mut body) = request.into_parts();
    let mut receiving = Receiving::new(state, caller, &parts.headers)?;
    let patience = state.settings.body_deadline;
    // However large the file is, it has to arrive at some speed: who sends a byte now and then
    // would keep a connection for years.
    let mut until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now()).min(patience);
        match next(&mut body, left).await? {
            Some(bytes) => {
                until += SECOND * u32::try_from(bytes.len()).unwrap_or(u32::MAX) / PACE_BYTES;
                if let Err(problem) = receiving.take(&bytes).await {
                    // Whether it ends or not: the answer is the refusal.
                    timeout(patience, discard(&mut body, patience)).await.unwrap_or_default();
                    return Err(problem);
                }
            }
            None => return receiving.finish().await,
        }
    }
}

/// The next bytes; a client that sends none for too long is given up.
async fn next(body: &mut Body, patience: Duration) -> Result<Option<Bytes>, Problem> {
    loop {
        match timeout(patience, body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
            Ok(Some(Err(_))) => {
                return Err(Problem::new(Code::InvalidRequest, "the body broke off"));
            }
            Err(_) => {
                let message = "too little arrived for too long";
                return Err(Problem::new(Code::BodyTimeout, message));
            }
        }
    }
}

async fn discard(body: &mut Body, patience: Duration) {
    let mut left = DISCARDED_MAX;
    while left > 0 {
        let Ok(Some(bytes)) = next(body, patience).await else { return };
        left = left.saturating_sub(bytes.len());
    }
}

/// A form of which a part has arrived.
struct Receiving<'a> {
    state: &'a ApiState,
    caller: &'a Caller,
    form: Multipart,
    part: Part,
    upload: Option<Upload>,
    name: String,
    purpose: Option<Purpose>,
    seconds: Option<u32>,
}

/// What the bytes that arrive belong to.
enum Part {
    Nothing,
    File,
    Field { name: String, bytes: Vec<u8> },
}

impl<'a> Receiving<'a> {
    fn new(state: &'a ApiState, caller: &'a Caller, headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let form = Multipart::new(kind.unwrap_or_default()).map_err(refused)?;
        Ok(Self {
            state,
            caller,
            form,
            part: Part::Nothing,
            upload: None,
            name: String::new(),
            purpose: None,
            seconds: None,
        })
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.form.push(bytes);
        while let Some(event) = self.form.event().map_err(refused)? {
            match event {
                FormEvent::Part { name, file_name } => self.begin(name, file_name).await?,
                FormEvent::Bytes(bytes) => self.hand_on(&bytes).await?,
                FormEvent::PartEnd => self.end()?,
                FormEvent::End => {}
            }
        }
        Ok(())
    }

    async fn begin(&mut self, name: String, file_name: Option<String>) -> Result<(), Problem> {
        if name != "file" {
            self.part = Part::Field { name, bytes: Vec::new() };
            return Ok(());
        }
        if self.upload.is_some() {
            return Err(invalid("file", "there must be one file".to_owned()));
        }
        self.upload = Some(self.state.files.begin(self.caller).await?);
        self.name = file_name.unwrap_or_else(|| name.clone());
        self.part = Part::File;
        Ok(())
    }

    async fn hand_on(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        match (&mut self.part, &mut self.upload) {
            (Part::File, Some(upload)) => Ok(upload.write(bytes).await?),
            (Part::Field { bytes: known, .. }, _) => {
                if known.len() + bytes.len() > FIELD_BYTES_MAX {
                    return Err(invalid("form", "a field is too long".to_owned()));
                }
                known.extend_from_slice(bytes);
                Ok(())
            }
            (Part::File | Part::Nothing, _) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Problem> {
        let part = std::mem::replace(&mut self.part, Part::Nothing);
        let Part::Field { name, bytes } = part else { return Ok(()) };
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(invalid("form", "a field is not UTF-8".to_owned()));
        };
        match name.as_str() {
            "purpose" => {
                let purpose = text.parse();
                let purpose = purpose.map_err(|error: WorkloadError| {
                    let known = Purpose::ALL.map(Purpose::as_str).join(", ");
                    invalid("purpose", format!("{error}; it is one of {known}"))
                });
                self.purpose = Some(purpose?);
            }
            // Mistral counts in hours, OpenAI in seconds from when the file is made.
            "expiry" if !is_absent(&text) => {
                self.seconds = Some(positive("expiry", &text)?.saturating_mul(HOUR_SECONDS));
            }
            "expires_after[seconds]" if !is_absent(&text) => {
                self.seconds = Some(positive("expires_after", &text)?);
            }
            _ => {}
        }
        Ok(())
    }

    async fn finish(self) -> Result<File, Problem> {
        self.form.finish().map_err(refused)?;
        let Some(upload) = self.upload else {
            return Err(invalid("file", "the form has no `file`".to_owned()));
        };
        let Self { name, seconds, .. } = self;
        // As Mistral has it.
        let purpose = self.purpose.unwrap_or(Purpose::FineTune);
        Ok(upload.finish(Described { name, purpose, seconds }).await?)
    }
}

fn is_absent(text: &str) -> bool {
    matches!(text, "" | "null")
}

fn positive(field: &'static str, text: &str) -> Result<u32, Problem> {
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| invalid(field, "must be a whole number above 0".to_owned()))
}

fn refused(error: MultipartError) -> Problem {
    invalid("form", error.to_string())
}
