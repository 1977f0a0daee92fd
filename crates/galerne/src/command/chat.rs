//! `galerne chat`: a conversation in the terminal, metered and audited like any other.

use std::{
    io::{BufRead as _, IsTerminal as _},
    sync::Arc,
};

use custody::KeyFile;
use domain::{
    Caller, ModelId,
    chat::{Message, Role},
};
use engine_cpu::EncoderConfig;
use governance::Vault;
use inference::{
    AnswerFormat, ChatCommand, ChatEvent, FinishReason, Priority, Sampling, ToolUse, Usage,
};
use serde_json::json;

use crate::{
    cli::Chat,
    config::Settings,
    failure::{Exit, Failure},
    loading::{Loads, watched},
    model_files::{Manifest, ModelFiles},
    output::{Output, line, piece},
    serve::start_log,
    signals::{Asked, Signals},
    system::SystemRandom,
    vault,
    wiring::{Local, Serving},
};

pub(crate) fn run(settings: &Settings, flags: &Chat, output: Output) -> Result<(), Failure> {
    start_log();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let result = runtime.block_on(talk(settings, flags, output));
    // A read from the terminal cannot be called off; everything else has ended.
    runtime.shutdown_background();
    result
}

async fn talk(settings: &Settings, flags: &Chat, output: Output) -> Result<(), Failure> {
    let local = Local::open(settings).await?;
    local.access.found().await?;
    let files = ModelFiles::new(&local.data_dir);
    let manifest = choose(&files, flags.model.as_ref())?;
    let model: ModelId = manifest.id.parse()?;
    let manifests = files.with_base(manifest)?;
    // Nothing of it is kept, so the keys of texts stay where they are.
    let custodian = KeyFile::new(local.data_dir.wrapping_key(), Arc::new(SystemRandom));
    let vault = Arc::new(Vault::new(vault::parts(&local, Arc::new(custodian))));
    let load = |loads: &Loads| local.serving(settings, &vault, &manifests, loads);
    let (loaded, signals) = watched(Signals::listen()?, load).await?;
    let Some((serving, mut models)) = loaded else {
        return Err(stopped());
    };
    let caller = local.operator().await?;
    models.record_refusals(&local.trail, caller).await;
    if let Some(model) = serving.not_served.first() {
        return Err(Failure::message(format!("`{}` cannot be used: {}", model.id, model.reason)));
    }
    let mut conversation = Conversation::new(model, caller, flags, output, signals);
    let result = match &flags.question {
        Some(question) => match conversation.ask(&serving, question).await {
            Ok(Ended::Stopped(_)) => Err(stopped()),
            Ok(Ended::Answered) => Ok(()),
            Err(failure) => Err(failure),
        },
        None => conversation.read_and_answer(&serving).await,
    };
    serving.shut_down(settings).await;
    local.close().await;
    result
}

fn choose(files: &ModelFiles, wanted: Option<&ModelId>) -> Result<Manifest, Failure> {
    match wanted {
        Some(id) => files.find(id),
        None => files.list()?.into_iter().find(answers).ok_or_else(|| {
            Failure::message("no model that answers is imported")
                .hint("`make run` obtains one; `galerne model import FILE --id ID` adds your own")
        }),
    }
}

/// Not those that make vectors.
fn answers(manifest: &Manifest) -> bool {
    !EncoderConfig::is_of(&manifest.architecture)
}

fn stopped() -> Failure {
    Failure::message("stopped").exit(Exit::Interrupted)
}

/// How a question ended.
enum Ended {
    Answered,
    Stopped(Asked),
}

/// The messages so far and how to go on.
struct Conversation {
    model: ModelId,
    caller: Caller,
    messages: Vec<Message>,
    sampling: Sampling,
    max_tokens: Option<u32>,
    output: Output,
    signals: Signals,
}

impl Conversation {
    fn new(model: ModelId, caller: Caller, flags: &Chat, output: Output, signals: Signals) -> Self {
        let sampling =
            Sampling { temperature: flags.temperature, seed: flags.seed, ..Sampling::default() };
        let messages = flags.system.iter().map(|text| message(Role::System, text)).collect();
        Self { model, caller, messages, sampling, max_tokens: flags.max_tokens, output, signals }
    }

    /// One question a line, until the end of the input.
    async fn read_and_answer(&mut self, serving: &Serving) -> Result<(), Failure> {
        let prompt = std::io::stdin().is_terminal() && !self.output.is_json();
        if prompt {
            line(&format!("{}: type a question; Ctrl-C stops an answer, Ctrl-D ends", self.model))?;
        }
        loop {
            if prompt {
                piece("> ")?;
            }
            let question = tokio::select! {
                question = read_line() => question?,
                _ = self.signals.next() => None,
            };
            let Some(question) = question else { return Ok(()) };
            if question.trim().is_empty() {
                continue;
            }
            match self.ask(serving, question.trim()).await? {
                Ended::Answered => {}
                Ended::Stopped(Asked::Interrupt) => line("\n[stopped]")?,
                Ended::Stopped(Asked::Terminate) => return Err(stopped()),
            }
        }
    }

    async fn ask(&mut self, serving: &Serving, question: &str) -> Result<Ended, Failure> {
        self.messages.push(message(Role::User, question));
        let command = ChatCommand {
            model: self.model.clone(),
            priority: Priority::Interactive,
            messages: self.messages.clone(),
            sampling: self.sampling.clone(),
            format: AnswerFormat::Text,
            tools: ToolUse::default(),
            max_tokens: self.max_tokens,
            stop: Vec::new(),
            top_logprobs: None,
            is_streamed: true,
        };
        let mut stream = serving.chat.start(&self.caller, command).await?;
        let mut answer = String::new();
        loop {
            let event = tokio::select! {
                event = stream.next() => event.ok_or(Asked::Interrupt),
                asked = self.signals.next() => Err(asked),
            };
            match event {
                Ok(ChatEvent::Token(token)) => {
                    if !self.output.is_json() {
                        piece(&token.text)?;
                    }
                    answer.push_str(&token.text);
                }
                // None is asked for.
                Ok(ChatEvent::Call(_)) => {}
                Ok(ChatEvent::Finished { reason, usage }) => {
                    self.show(&answer, reason, &usage)?;
                    self.messages.push(message(Role::Assistant, &answer));
                    return Ok(Ended::Answered);
                }
                Ok(ChatEvent::Unrecorded { .. }) => {
                    return Err(Failure::message("the answer has ended and could not be recorded")
                        .hint("see whether the disk is full; the text so far stands"));
                }
                Ok(ChatEvent::Stopped { .. } | ChatEvent::Failed { .. }) => {
                    return Err(Failure::message("the answer broke off")
                        .hint("GALERNE_LOG=info shows why; the text so far stands"));
                }
                // Dropping the stream stops the engine; what was said stays in the conversation.
                Err(asked) => {
                    self.messages.push(message(Role::Assistant, &answer));
                    return Ok(Ended::Stopped(asked));
                }
            }
        }
    }

    fn show(&self, answer: &str, reason: FinishReason, usage: &Usage) -> Result<(), Failure> {
        let energy = usage.footprint.energy;
        let emissions = usage.footprint.emissions;
        let reason = match reason {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ModelLength => "model_length",
            FinishReason::ToolCalls => "tool_calls",
        };
        let text = format!(
            "\n[{} tokens; {:.1} J {} ±{:.0} %, {:.2} mg CO2e; {}, {}]",
            usage.completion_tokens,
            energy.joules.value(),
            energy.method.as_str(),
            energy.uncertainty.percent(),
            emissions.grams.value() * 1000.0,
            usage.site.name,
            usage.site.zone,
        );
        let value = json!({
            "content": answer,
            "finish_reason": reason,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "energy_joules": energy.joules.value(),
            "energy_method": energy.method.as_str(),
            "co2e_grams": emissions.grams.value(),
        });
        self.output.show(&text, &value)
    }
}

fn message(role: Role, text: &str) -> Message {
    Message::new(role, text)
}

/// A line of the input, read where it does not hold up the async thread.
async fn read_line() -> Result<Option<String>, Failure> {
    let read = || -> std::io::Result<Option<String>> {
        let mut text = String::new();
        let count = std::io::stdin().lock().read_line(&mut text)?;
        Ok((count > 0).then_some(text))
    };
    Ok(tokio::task::spawn_blocking(read).await??)
}
