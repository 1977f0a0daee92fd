//! An answer as server-sent events: how far it is, and at its end all of it.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use domain::Caller;
use futures_util::{future::BoxFuture, stream};
use inference_wire::{self as wire, LibraryAnswerEvent};
use knowledge::{Answer, AnswerCommand, AnswerError, AnswerProgress};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::convert;
use crate::{ApiState, answer::event_stream, problem::Problem};

/// Progress that nobody has read yet; what finds no room is not told.
const PROGRESS_BUFFERED: usize = 16;

type Answering = BoxFuture<'static, Result<Answer, AnswerError>>;

/// Dropping the body drops the answer, which stops the model.
pub(super) fn streamed(state: &ApiState, caller: Caller, command: AnswerCommand) -> Response {
    let (sender, progress) = mpsc::channel(PROGRESS_BUFFERED);
    let answers = state.answers.clone();
    let answering: Answering =
        Box::pin(async move { answers.answer(&caller, command, &sender).await });
    let frames = Frames {
        answering: Some(answering),
        progress,
        ready: VecDeque::new(),
        keep_alive: state.settings.keep_alive,
        silent_since: Instant::now(),
    };
    event_stream(Body::from_stream(stream::unfold(frames, |mut frames| async move {
        let frame = frames.next().await?;
        Some((Ok::<Bytes, Infallible>(frame), frames))
    })))
}

struct Frames {
    /// None after its end.
    answering: Option<Answering>,
    progress: mpsc::Receiver<AnswerProgress>,
    ready: VecDeque<Bytes>,
    keep_alive: Duration,
    silent_since: Instant,
}

/// What comes next.
enum Next {
    Progress(AnswerProgress),
    Ended(Box<Result<Answer, AnswerError>>),
    Silence,
}

impl Frames {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.silent_since = Instant::now();
                return Some(frame);
            }
            let answering = self.answering.as_mut()?;
            let next = tokio::select! {
                biased;
                Some(progress) = self.progress.recv() => Next::Progress(progress),
                ended = answering => Next::Ended(Box::new(ended)),
                () = sleep_until(self.silent_since + self.keep_alive) => Next::Silence,
            };
            match next {
                Next::Progress(progress) => self.tell(progress),
                Next::Ended(ended) => self.end(*ended),
                Next::Silence => {
                    let frame = Bytes::from_static(wire::sse::KEEP_ALIVE.as_bytes());
                    self.ready.push_back(frame);
                }
            }
        }
    }

    fn tell(&mut self, progress: AnswerProgress) {
        self.push(&LibraryAnswerEvent::Progress(convert::progress(progress)));
    }

    fn end(&mut self, ended: Result<Answer, AnswerError>) {
        self.answering = None;
        while let Ok(progress) = self.progress.try_recv() {
            self.tell(progress);
        }
        let event = match ended {
            Ok(answer) => LibraryAnswerEvent::Done(Box::new(convert::answer(answer))),
            Err(error) => LibraryAnswerEvent::Error(failure(&Problem::from(error))),
        };
        self.push(&event);
    }

    fn push(&mut self, event: &LibraryAnswerEvent) {
        match wire::sse::titled_event(event.name(), event) {
            Ok(frame) => self.ready.push_back(Bytes::from(frame)),
            // Strings and finite numbers always serialise; if they did not, the stream ends.
            Err(error) => {
                tracing::error!(%error, "event not written");
                self.answering = None;
            }
        }
    }
}

/// What an answer in one piece would have been refused with.
fn failure(problem: &Problem) -> wire::AnswerFailure {
    let code = problem.code();
    wire::AnswerFailure {
        message: problem.message().to_owned(),
        code: code.status().as_u16(),
        error_code: code.as_str().to_owned(),
    }
}
