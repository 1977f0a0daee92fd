//! Answers requests of batch jobs, and writes the lines of their files.

use async_trait::async_trait;
use domain::{Caller, ModelId, RequestId};
use inference::{Chat, Embeddings, Priority, Several};
use inference_wire as wire;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use workloads::{
    Endpoint,
    ports::{Answered, Answers, Asked, Refused, ResultKind, Task},
};

use crate::{
    answer::{self, Head},
    body::invalid,
    convert,
    problem::{Code, Problem},
};

/// Seconds after which a request is asked again that found no place.
const PAUSE_SECONDS: u32 = 2;

/// Asks what the routes ask, with nobody waiting.
pub struct BatchAnswers {
    chat: Chat,
    embeddings: Embeddings,
}

/// A line as far as it says which model it asks: the rest of it is passed over.
#[derive(Deserialize)]
struct Naming {
    body: Option<NamedModel>,
}

#[derive(Deserialize)]
struct NamedModel {
    model: Option<String>,
}

/// The body of an answer, and the request that it is of.
type Answer = (RequestId, Value);

impl BatchAnswers {
    pub const fn new(chat: Chat, embeddings: Embeddings) -> Self {
        Self { chat, embeddings }
    }

    async fn ask(
        &self,
        caller: &Caller,
        task: &Task,
        line: wire::BatchLine,
    ) -> Result<Answer, Problem> {
        let path = task.endpoint.as_str();
        if line.url.as_deref().is_some_and(|url| url != path) {
            return Err(invalid("url", format!("must be the endpoint of the job, `{path}`")));
        }
        let mut body = line.body;
        if let (Some(model), Some(fields)) = (&task.model, body.as_object_mut())
            && fields.get("model").is_none_or(Value::is_null)
        {
            fields.insert("model".to_owned(), Value::String(model.to_string()));
        }
        match task.endpoint {
            Endpoint::ChatCompletions => self.chat(caller, &body).await,
            Endpoint::Embeddings => self.embed(caller, &body).await,
        }
    }

    async fn chat(&self, caller: &Caller, body: &Value) -> Result<Answer, Problem> {
        let started = Instant::now();
        let request = wire::ChatRequest::from_value(body)?;
        if request.stream {
            return Err(invalid("stream", "nobody reads a stream of a batch job".to_owned()));
        }
        let choices = request.n.unwrap_or(1);
        let mut command = convert::chat_command(request)?;
        command.priority = Priority::Background;
        let several = Several { choices, ..command.into() };
        let streams = self.chat.start_several(caller, several).await?;
        let head = Head::of_all(&streams)?;
        let id = head.request;
        Ok((id, value(&answer::complete(head, streams, started).await?)?))
    }

    async fn embed(&self, caller: &Caller, body: &Value) -> Result<Answer, Problem> {
        let request = wire::EmbeddingRequest::decode(body.to_string().as_bytes())?;
        let (format, dtype) = (request.encoding_format, request.output_dtype);
        let embedded = self.embeddings.embed(caller, convert::embed_command(request)?).await?;
        let id = embedded.request;
        Ok((id, value(&convert::embeddings(embedded, format, dtype))?))
    }
}

#[async_trait]
impl Answers for BatchAnswers {
    fn name_of(&self, line: &[u8]) -> Option<String> {
        wire::BatchLine::name(line)
    }

    fn model_of(&self, line: &[u8]) -> Option<String> {
        let line: Naming = serde_json::from_slice(line).ok()?;
        // Not longer than names are: it is kept while requests of the model wait.
        let model = line.body?.model?.parse::<ModelId>().ok()?;
        Some(model.as_str().to_owned())
    }

    async fn answer(&self, caller: &Caller, task: &Task, asked: Asked<'_>) -> Answered {
        let line = match wire::BatchLine::decode(asked.line) {
            Ok(line) => line,
            Err(error) => {
                let name = self.name_of(asked.line);
                let line = failed(asked.number, name, &error.into(), Told::Error);
                return Answered::Line(ResultKind::Error, line);
            }
        };
        let name = line.custom_id.clone();
        match self.ask(caller, task, line).await {
            Ok((id, body)) => {
                let result = wire::BatchResult {
                    id: format!("batch_req_{id}"),
                    custom_id: name,
                    line: None,
                    response: Some(wire::BatchResponse {
                        status_code: 200,
                        request_id: Some(id.to_string()),
                        body,
                    }),
                    error: None,
                };
                Answered::Line(ResultKind::Answer, written(&result))
            }
            Err(problem) => unanswered(asked.number, name, &problem),
        }
    }

    fn refusal(&self, number: u64, line: Option<&[u8]>, refused: Refused) -> String {
        let name = line.and_then(|line| self.name_of(line));
        let problem = match refused {
            Refused::NameTaken => Problem::new(
                Code::BatchNameTaken,
                "an earlier request of the job has the same `custom_id`",
            ),
            Refused::LineTooLong => {
                Problem::new(Code::BodyTooLarge, "the line is longer than a request may be")
            }
            Refused::BrokenOff => Problem::new(Code::Internal, "the server failed"),
        };
        failed(number, name, &problem, Told::Error)
    }
}

/// What is asked again, and what has an error for good.
fn unanswered(number: u64, name: Option<String>, problem: &Problem) -> Answered {
    match problem.code() {
        Code::ServerStopping | Code::EngineStopped => Answered::Stopping,
        Code::CapacityExhausted
        | Code::RateLimited
        | Code::UpstreamUnavailable
        | Code::AuditUnavailable
        | Code::StoreUnavailable
        | Code::EncryptionLocked
        | Code::PolicyUnavailable => {
            Answered::Later { seconds: problem.retry_after_seconds().unwrap_or(PAUSE_SECONDS) }
        }
        // What is held for requests that run, and not used up.
        Code::BudgetExceeded if problem.retry_after_seconds().is_some() => {
            Answered::Later { seconds: PAUSE_SECONDS }
        }
        _ => Answered::Line(ResultKind::Error, failed(number, name, problem, Told::Response)),
    }
}

/// Whether the endpoint was asked.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    Error,
    Response,
}

fn failed(number: u64, name: Option<String>, problem: &Problem, told: Told) -> String {
    let body = problem.body();
    let error = wire::BatchFailure {
        code: problem.code().as_str().to_owned(),
        message: body.message.clone(),
    };
    let response = (told == Told::Response).then(|| wire::BatchResponse {
        status_code: problem.code().status().as_u16(),
        request_id: None,
        body: serde_json::to_value(&body).unwrap_or_default(),
    });
    written(&wire::BatchResult {
        id: format!("batch_req_{number}"),
        custom_id: name,
        line: Some(number),
        response,
        error: Some(error),
    })
}

fn value<T: Serialize>(answer: &T) -> Result<Value, Problem> {
    serde_json::to_value(answer).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(Code::Internal, "the server failed")
    })
}

/// One line: JSON has no line ends outside of texts, and none in them.
fn written(result: &wire::BatchResult) -> String {
    serde_json::to_string(result).unwrap_or_default()
}
