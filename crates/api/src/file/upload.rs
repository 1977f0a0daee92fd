//! A form with a file, handed on as it arrives.

use axum::extract::Request;
use domain::Caller;
use workloads::{Described, File, Purpose, Upload, WorkloadError};

use crate::{
    ApiState,
    body::invalid,
    form::{Arriving, Form, Piece, is_absent, no_file},
    problem::Problem,
};

const HOUR_SECONDS: u32 = 3_600;

/// What a file is called that has no name.
const UNNAMED: &str = "file";

/// Keeps the file of a form.
pub(super) async fn receive(
    state: &ApiState,
    caller: &Caller,
    request: Request,
) -> Result<File, Problem> {
    let (parts, body) = request.into_parts();
    let form = Form::new(&parts.headers)?;
    let mut receiving = Receiving::new(state, caller, form);
    let mut arriving = Arriving::new(body, state.settings.body_deadline);
    while let Some(bytes) = arriving.next().await? {
        if let Err(problem) = receiving.take(&bytes).await {
            arriving.discard().await;
            return Err(problem);
        }
    }
    receiving.finish().await
}

/// A form of which a part has arrived.
struct Receiving<'a> {
    state: &'a ApiState,
    caller: &'a Caller,
    form: Form,
    upload: Option<Upload>,
    name: String,
    purpose: Option<Purpose>,
    seconds: Option<u32>,
}

impl<'a> Receiving<'a> {
    fn new(state: &'a ApiState, caller: &'a Caller, form: Form) -> Self {
        let name = UNNAMED.to_owned();
        Self { state, caller, form, upload: None, name, purpose: None, seconds: None }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.form.push(bytes);
        while let Some(piece) = self.form.piece()? {
            match piece {
                Piece::File { name, .. } => {
                    self.upload = Some(self.state.files.begin(self.caller).await?);
                    self.name = name.unwrap_or_else(|| UNNAMED.to_owned());
                }
                Piece::Bytes(bytes) => {
                    if let Some(upload) = &mut self.upload {
                        upload.write(&bytes).await?;
                    }
                }
                Piece::Field { name, text } => self.field(&name, &text)?,
            }
        }
        Ok(())
    }

    fn field(&mut self, name: &str, text: &str) -> Result<(), Problem> {
        match name {
            "purpose" => {
                let purpose = text.parse();
                let purpose = purpose.map_err(|error: WorkloadError| {
                    let known = Purpose::ALL.map(Purpose::as_str).join(", ");
                    invalid("purpose", format!("{error}; it is one of {known}"))
                });
                self.purpose = Some(purpose?);
            }
            // Mistral counts in hours, OpenAI in seconds from when the file is made.
            "expiry" if !is_absent(text) => {
                self.seconds = Some(positive("expiry", text)?.saturating_mul(HOUR_SECONDS));
            }
            "expires_after[seconds]" if !is_absent(text) => {
                self.seconds = Some(positive("expires_after", text)?);
            }
            _ => {}
        }
        Ok(())
    }

    async fn finish(self) -> Result<File, Problem> {
        self.form.finish()?;
        let upload = self.upload.ok_or_else(no_file)?;
        let Self { name, seconds, .. } = self;
        // As Mistral has it.
        let purpose = self.purpose.unwrap_or(Purpose::FineTune);
        Ok(upload.finish(Described { name, purpose, seconds }).await?)
    }
}

fn positive(field: &'static str, text: &str) -> Result<u32, Problem> {
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| invalid(field, "must be a whole number above 0".to_owned()))
}
