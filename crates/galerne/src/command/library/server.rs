//! The server that is asked.

use std::time::Duration;

use egress::{EgressError, ServerAnswer, ServerClient, ServerClientError, ServerRequest, Verb};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::sleep;

use super::told::{Page, TellsDocument, TellsLibrary};
use crate::{
    cli::LibraryServer,
    config::{Settings, environment},
    failure::{Exit, Failure},
};

/// Of whatever takes no model.
const DEADLINE: Duration = Duration::from_mins(2);

/// Of an answer, which a model writes.
const ANSWER_DEADLINE: Duration = Duration::from_mins(30);

/// Documents that are asked for at a time.
const PAGE_SIZE: usize = 100;

/// A server that always says that there is more is not asked for ever.
const PAGES_MAX: usize = 100_000;

/// How often somebody is asked again who has too much to do.
const TRIES_MAX: u32 = 10;

/// Nobody is waited for any longer between two tries.
const PAUSE_SECONDS_MAX: u64 = 30;

/// A library as it was named.
pub(super) type Library = TellsLibrary;

/// Asks as one account.
pub(super) struct Server {
    client: ServerClient,
}

/// What a part of a form says of a file.
pub(super) struct Upload<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: Vec<u8>,
}

impl Server {
    pub(super) fn of(settings: &Settings, flags: &LibraryServer) -> Result<Self, Failure> {
        let here = || format!("http://{}", settings.listen.value);
        let address = flags.url.clone().or_else(|| environment("GALERNE_URL"));
        let key = environment("GALERNE_API_KEY").ok_or_else(|| {
            Failure::message("no API key is given").exit(Exit::Settings).hint(
                "set GALERNE_API_KEY to a key of your account; `galerne key create` makes one",
            )
        })?;
        let client = ServerClient::new(&address.unwrap_or_else(here), &key);
        let client = client.map_err(|error| match error {
            ServerClientError::Clear { .. } => Failure::new(Exit::Settings, error)
                .hint("give an address that begins with https://"),
            ServerClientError::Egress(_) => Failure::new(Exit::Settings, error)
                .hint("give the address with --url, as https://ai.example.org"),
        })?;
        Ok(Self { client })
    }

    /// By its id or its name.
    pub(super) async fn library(&self, wanted: &str) -> Result<Library, Failure> {
        let mut named: Vec<Library> = Vec::new();
        for page in 0..PAGES_MAX {
            let path = format!("/v1/libraries?page={page}&page_size={PAGE_SIZE}");
            let Page { data, pagination } = self.get::<Page<Library>>(&path).await?;
            let is_wanted = |library: &Library| library.id == wanted || library.name == wanted;
            named.extend(data.into_iter().filter(is_wanted));
            if !pagination.has_more {
                break;
            }
        }
        if let Some(place) = named.iter().position(|library| library.id == wanted) {
            return Ok(named.swap_remove(place));
        }
        match (named.pop(), named.is_empty()) {
            (Some(library), true) => Ok(library),
            (Some(_), false) => {
                Err(Failure::message(format!("several libraries have the name `{wanted}`"))
                    .hint("give the id instead"))
            }
            (None, _) => Err(Failure::message(format!("there is no library `{wanted}`"))
                .hint("`galerne library create NAME` makes one")),
        }
    }

    /// All of a library, the newest first.
    pub(super) async fn documents(&self, library: &Library) -> Result<Vec<TellsDocument>, Failure> {
        let mut documents = Vec::new();
        for page in 0..PAGES_MAX {
            let path =
                format!("/v1/libraries/{}/documents?page={page}&page_size={PAGE_SIZE}", library.id);
            let Page { data, pagination } = self.get::<Page<TellsDocument>>(&path).await?;
            documents.extend(data);
            if !pagination.has_more {
                break;
            }
        }
        Ok(documents)
    }

    pub(super) async fn upload(
        &self,
        library: &Library,
        upload: Upload<'_>,
    ) -> Result<TellsDocument, Failure> {
        let path = format!("/v1/libraries/{}/documents", library.id);
        let (kind, bytes) = form(&upload);
        let body = Some((kind, bytes.into()));
        self.ask(ServerRequest { verb: Verb::Post, path, body, deadline: ANSWER_DEADLINE }).await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let (verb, path) = (Verb::Get, path.to_owned());
        self.ask(ServerRequest { verb, path, body: None, deadline: DEADLINE }).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        self.send(Verb::Post, path, body).await
    }

    /// What needs nothing but its path; what comes back is left alone.
    pub(super) async fn request(&self, path: &str) -> Result<(), Failure> {
        let (verb, path) = (Verb::Post, path.to_owned());
        self.answer(ServerRequest { verb, path, body: None, deadline: DEADLINE }).await.map(drop)
    }

    /// The same, of what takes the server minutes.
    pub(super) async fn request_patiently(&self, path: &str) -> Result<(), Failure> {
        let (verb, path) = (Verb::Post, path.to_owned());
        let request = ServerRequest { verb, path, body: None, deadline: ANSWER_DEADLINE };
        self.answer(request).await.map(drop)
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<(), Failure> {
        self.send::<Value>(Verb::Patch, path, body).await.map(drop)
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), Failure> {
        let (verb, path) = (Verb::Delete, path.to_owned());
        self.answer(ServerRequest { verb, path, body: None, deadline: DEADLINE }).await.map(drop)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        verb: Verb,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let body = Some(("application/json".to_owned(), body.to_string().into()));
        let request =
            ServerRequest { verb, path: path.to_owned(), body, deadline: ANSWER_DEADLINE };
        self.ask(request).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: ServerRequest) -> Result<T, Failure> {
        let path = request.path.clone();
        let answer = self.answer(request).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            Failure::from(error)
                .context(format!("what the server says of {path} cannot be read"))
                .hint("see whether the server has another version: `galerne --version`")
        })
    }

    /// What came back and is no error; who has too much to do is asked again.
    async fn answer(&self, request: ServerRequest) -> Result<ServerAnswer, Failure> {
        for _ in 1..TRIES_MAX {
            let answer = self.client.ask(request.clone()).await.map_err(unreachable)?;
            match (answer.status, answer.retry_after_seconds) {
                (200..=299, _) => return Ok(answer),
                (429 | 503, Some(seconds)) => {
                    sleep(Duration::from_secs(seconds.clamp(1, PAUSE_SECONDS_MAX))).await;
                }
                _ => return Err(refused(&answer)),
            }
        }
        let answer = self.client.ask(request).await.map_err(unreachable)?;
        if (200..=299).contains(&answer.status) { Ok(answer) } else { Err(refused(&answer)) }
    }
}

fn unreachable(error: EgressError) -> Failure {
    Failure::from(error)
        .hint("see whether the server runs; give its address with --url, or set GALERNE_URL to it")
}

/// In the words of the server.
fn refused(answer: &ServerAnswer) -> Failure {
    let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| told.get(name).and_then(Value::as_str);
    let message = match (text("code"), text("message")) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        _ => format!("the server answered with status {}", answer.status),
    };
    let failure = Failure::message(message);
    match text("hint") {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A form with one file: its type and its bytes.
fn form(upload: &Upload<'_>) -> (String, Vec<u8>) {
    let boundary = boundary(&upload.bytes);
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''{}\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        percent_encoded(upload.name)
    );
    let end = format!("\r\n--{boundary}--\r\n");
    let bytes = [head.as_bytes(), &upload.bytes, end.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), bytes)
}

/// Nothing that stands in the file.
fn boundary(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().chars().take(40).collect()
}

/// As RFC 8187 writes names of files.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&domain::hexadecimal(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_the_whole_path_and_the_bytes() {
        let upload = Upload { name: "lois/Congé n°1.pdf", bytes: b"--a\r\n".to_vec() };
        let (kind, bytes) = form(&upload);
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("filename*=UTF-8''lois%2FCong%C3%A9%20n%C2%B01.pdf\r\n"), "{text}");
        assert!(text.ends_with(&format!("\r\n\r\n--a\r\n\r\n--{boundary}--\r\n")), "{text}");
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_server() {
        let answer = |body: &str| ServerAnswer {
            status: 404,
            retry_after_seconds: None,
            body: body.to_owned().into(),
        };
        let told = refused(&answer(r#"{"code":"library.unknown","message":"no","hint":"list"}"#));
        assert_eq!(told.text(), "no (library.unknown)");
        assert_eq!(told.hint_text(), Some("list"));
        assert_eq!(refused(&answer("<html>")).text(), "the server answered with status 404");
    }
}
