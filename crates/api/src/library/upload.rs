//! A form with a document, handed on as it arrives.

use axum::extract::Request;
use domain::Caller;
use knowledge::{AddTo, Added, Described, InForce, Upload};

use super::convert;
use crate::{
    ApiState,
    body::invalid,
    form::{Arriving, Form, Piece, is_absent, no_file},
    problem::Problem,
};

/// What a document is called that has no name.
const UNNAMED: &str = "document";

/// Keeps the document of a form. Without `add_to` a field of the form names the library, before
/// the file.
pub(crate) async fn receive(
    state: &ApiState,
    caller: &Caller,
    add_to: Option<AddTo>,
    request: Request,
) -> Result<Added, Problem> {
    let (parts, body) = request.into_parts();
    let form = Form::new(&parts.headers)?;
    let mut receiving = Receiving::new(state, caller, add_to, form);
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
    add_to: Option<AddTo>,
    form: Form,
    upload: Option<Upload>,
    described: Described,
    /// What the file is called; `name` goes before it.
    file_name: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

impl<'a> Receiving<'a> {
    fn new(state: &'a ApiState, caller: &'a Caller, add_to: Option<AddTo>, form: Form) -> Self {
        Self {
            state,
            caller,
            add_to,
            form,
            upload: None,
            described: Described::default(),
            file_name: None,
            from: None,
            until: None,
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.form.push(bytes);
        while let Some(piece) = self.form.piece()? {
            match piece {
                Piece::File { name, content_type } => self.begin(name, content_type).await?,
                Piece::Bytes(bytes) => {
                    if let Some(upload) = &mut self.upload {
                        upload.write(&bytes).await?;
                    }
                }
                Piece::Field { name, text } => self.field(&name, text)?,
            }
        }
        Ok(())
    }

    async fn begin(
        &mut self,
        name: Option<String>,
        content_type: Option<String>,
    ) -> Result<(), Problem> {
        let Some(add_to) = self.add_to else {
            let message = "the field `collection` must come before the file";
            return Err(invalid("collection", message.to_owned()));
        };
        self.upload = Some(self.state.documents.begin(self.caller, add_to).await?);
        self.file_name = name;
        self.described.media_type = content_type;
        Ok(())
    }

    fn field(&mut self, name: &str, text: String) -> Result<(), Problem> {
        if is_absent(&text) {
            return Ok(());
        }
        match name {
            "attributes" | "metadata" => self.described.attributes = Some(text),
            "name" => self.described.name = Some(text),
            "in_force_from" => self.from = Some(text),
            "in_force_until" => self.until = Some(text),
            // Where the library is known already, it is that one.
            "collection" | "collection_id" if self.add_to.is_none() => {
                self.add_to = Some(AddTo::Named(super::path::library(&text)?));
            }
            _ => {}
        }
        Ok(())
    }

    async fn finish(self) -> Result<Added, Problem> {
        self.form.finish()?;
        let in_force = self.in_force()?;
        let upload = self.upload.ok_or_else(no_file)?;
        let Described { name, media_type, attributes, .. } = self.described;
        let name = name.or(self.file_name).or_else(|| Some(UNNAMED.to_owned()));
        let described = Described { name, media_type, attributes, in_force };
        Ok(upload.finish(described).await?)
    }

    /// Who says only when it ends means that it holds from now on.
    fn in_force(&self) -> Result<Option<InForce>, Problem> {
        let read = |field, text: Option<&String>| {
            text.map(|text| convert::moment(field, text)).transpose()
        };
        let from = read("in_force_from", self.from.as_ref())?;
        let until = read("in_force_until", self.until.as_ref())?;
        if from.is_none() && until.is_none() {
            return Ok(None);
        }
        let from = from.unwrap_or_else(|| self.state.clock.now());
        Ok(Some(InForce { from, until }))
    }
}
