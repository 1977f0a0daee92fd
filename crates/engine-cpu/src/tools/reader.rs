//! Tells the calls of an answer from its text while it is written.

use inference::FunctionCall;
use serde::Deserialize;
use serde_json::Value;

use super::{Dialect, json_end::JsonEnd};

/// Words behind the ticks of a fence that holds a call.
const FENCES: [&str; 4] = ["", "json", "tool_code", "tool_call"];
const FENCE: &str = "```";

/// What became certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) calls: Vec<FunctionCall>,
}

/// Reads one answer. How it is divided into pushes changes nothing in the whole.
///
/// Text that may be the beginning of a call is held back. What turns out to be none is text: a
/// call of a tool that was not declared, JSON that is none, a call that was cut. White space
/// before a first call, between calls and behind them is dropped.
#[derive(Clone, Debug)]
pub(crate) struct CallReader {
    dialect: Dialect,
    /// The declared tools.
    names: Vec<String>,
    held: String,
    state: State,
    /// Nothing but white space was written since the start or since the last call.
    is_fresh: bool,
    /// Inside the brackets of a list of calls.
    in_list: bool,
    /// Calls that began.
    begun: usize,
    /// Calls that were read.
    read: usize,
}

#[derive(Clone, Debug)]
enum State {
    Text,
    /// `held` is a mark and, from `body`, what follows it.
    Call {
        body: usize,
        json: JsonEnd,
    },
    /// What ends a call or stands between two is skipped.
    Behind,
}

/// What the beginning of something shows.
enum Sight<T> {
    /// Not yet.
    Wait,
    Yes(T),
    No,
}

/// As models write it; some say `parameters`.
#[derive(Deserialize)]
struct Written {
    name: String,
    #[serde(default, alias = "parameters")]
    arguments: Value,
}

impl CallReader {
    pub(crate) fn new(dialect: Dialect, names: Vec<String>) -> Self {
        Self {
            dialect,
            names,
            held: String::new(),
            state: State::Text,
            is_fresh: true,
            in_list: false,
            begun: 0,
            read: 0,
        }
    }

    /// Adds text of the answer, marks included.
    pub(crate) fn push(&mut self, text: &str) -> Read {
        self.held.push_str(text);
        let mut read = Read::default();
        while self.step(&mut read) {}
        read
    }

    /// The rest, when no more comes.
    pub(crate) fn finish(&mut self) -> Read {
        let mut read = Read::default();
        let held = std::mem::take(&mut self.held);
        let is_space = held.trim().is_empty();
        let is_closer = matches!(self.state, State::Behind)
            && self.closers().iter().any(|closer| closer.starts_with(held.trim()));
        let is_gap = self.read > 0 && self.is_fresh && is_space;
        if !is_gap && !is_closer {
            read.text = held;
        }
        self.state = State::Text;
        read
    }

    /// Whether text waits for what follows.
    pub(crate) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    pub(crate) const fn calls_read(&self) -> usize {
        self.read
    }

    /// The number of the call that is being written and its text behind the mark, once it is sure
    /// to be one.
    pub(crate) fn writing(&self) -> Option<(usize, &str)> {
        let State::Call { body, .. } = self.state else { return None };
        let body = &self.held[body..];
        let is_named = || {
            let begins = |name: &String| body.starts_with(&format!("{{\"name\": \"{name}\""));
            self.names.iter().any(begins)
        };
        (!self.dialect.is_bare() || is_named()).then_some((self.begun, body))
    }

    /// `true` as long as there may be more to find.
    fn step(&mut self, read: &mut Read) -> bool {
        match self.state {
            State::Text => self.step_text(read),
            State::Call { body, .. } => match self.see_call(body) {
                Sight::Wait => false,
                Sight::Yes((call, end)) => {
                    read.calls.push(call);
                    self.read += 1;
                    self.held.drain(..end);
                    self.state = State::Behind;
                    true
                }
                Sight::No => {
                    // The mark was text; what follows it is looked at again.
                    self.release(body, read);
                    self.is_fresh = false;
                    self.in_list = false;
                    self.state = State::Text;
                    true
                }
            },
            State::Behind => self.step_behind(),
        }
    }

    fn step_text(&mut self, read: &mut Read) -> bool {
        if self.is_fresh && self.read > 0 {
            self.held.drain(..spaces(&self.held));
        }
        if self.is_fresh && self.read == 0 && self.dialect.is_bare() {
            match see_bare(self.dialect, &self.held) {
                Sight::Wait => return false,
                Sight::Yes(body) => {
                    self.begin(body);
                    return true;
                }
                Sight::No => {}
            }
        }
        let mark = self.dialect.mark();
        if let Some((mark, at)) = mark.and_then(|mark| Some((mark, self.held.find(mark)?))) {
            if self.is_fresh && self.held[..at].trim().is_empty() {
                self.held.drain(..at);
            } else {
                self.release(at, read);
            }
            self.begin(mark.len());
            return true;
        }
        let kept = mark.map_or(0, |mark| overlap(&self.held, mark));
        let sure = self.held.len() - kept;
        if !(self.is_fresh && self.held[..sure].trim().is_empty()) {
            self.release(sure, read);
        }
        false
    }

    fn begin(&mut self, body: usize) {
        self.begun += 1;
        self.state = State::Call { body, json: JsonEnd::default() };
    }

    fn release(&mut self, bytes: usize, read: &mut Read) {
        if bytes > 0 {
            read.text.extend(self.held.drain(..bytes));
            self.is_fresh = false;
        }
    }

    fn see_call(&mut self, body: usize) -> Sight<(FunctionCall, usize)> {
        let mut at = body + spaces(&self.held[body..]);
        if self.held[at..].starts_with('[') && self.dialect != Dialect::Hermes {
            at += 1;
            at += spaces(&self.held[at..]);
            self.in_list = true;
        }
        let rest = &self.held[at..];
        if rest.is_empty() {
            return Sight::Wait;
        }
        if !rest.starts_with('{') {
            let may_be_named = self.is_mistral() && !self.in_list;
            return if may_be_named { self.see_named(at) } else { Sight::No };
        }
        if self.dialect.is_bare() && !may_be_call(rest) {
            return Sight::No;
        }
        let State::Call { json, .. } = &mut self.state else { return Sight::No };
        let Some(len) = json.advance(rest) else { return Sight::Wait };
        let Ok(written) = serde_json::from_str::<Written>(&rest[..len]) else { return Sight::No };
        self.accept(written.name, written.arguments)
            .map_or(Sight::No, |call| Sight::Yes((call, at + len)))
    }

    /// A name, perhaps an id, and the arguments.
    fn see_named(&mut self, at: usize) -> Sight<(FunctionCall, usize)> {
        let rest = &self.held[at..];
        let ends = ["[ARGS]", "[CALL_ID]", "{"].iter().filter_map(|end| rest.find(end)).min();
        let Some(end) = ends else {
            let name = rest.trim_end();
            // The beginning of a name, or a whole one and the beginning of what follows it.
            let may_be = self.names.iter().any(|known| {
                known.starts_with(name)
                    || rest.strip_prefix(known.as_str()).is_some_and(|tail| {
                        ["[ARGS]", "[CALL_ID]"].iter().any(|mark| mark.starts_with(tail.trim()))
                    })
            });
            return if may_be { Sight::Wait } else { Sight::No };
        };
        let name = rest[..end].trim().to_owned();
        if !self.names.contains(&name) {
            return Sight::No;
        }
        let brace = rest.find('{');
        let before = &rest[..brace.unwrap_or(rest.len())];
        let is_more = |(_, more): (&str, &str)| !more.trim().is_empty();
        if before.split_once("[ARGS]").is_some_and(is_more) {
            return Sight::No;
        }
        let Some(brace) = brace else { return Sight::Wait };
        let State::Call { json, .. } = &mut self.state else { return Sight::No };
        let Some(len) = json.advance(&rest[brace..]) else { return Sight::Wait };
        let end = brace + len;
        let Ok(arguments) = serde_json::from_str(&rest[brace..end]) else { return Sight::No };
        self.accept(name, arguments).map_or(Sight::No, |call| Sight::Yes((call, at + end)))
    }

    fn accept(&self, name: String, arguments: Value) -> Option<FunctionCall> {
        if !self.names.contains(&name) {
            return None;
        }
        let arguments = match arguments {
            Value::Null => "{}".to_owned(),
            Value::Object(_) => arguments.to_string(),
            // Some models write the object as a text.
            Value::String(text) => match serde_json::from_str::<Value>(&text) {
                Ok(object @ Value::Object(_)) => object.to_string(),
                _ => return None,
            },
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        };
        Some(FunctionCall { name, arguments })
    }

    fn step_behind(&mut self) -> bool {
        loop {
            let rest = self.held.trim_start();
            let skipped = self.held.len() - rest.len();
            let closer = self.closers().iter().find(|closer| rest.starts_with(**closer));
            let Some(closer) = closer else { break };
            if *closer == "]" {
                self.in_list = false;
            }
            self.held.drain(..skipped + closer.len());
        }
        let rest = self.held.trim_start();
        if self.closers().iter().any(|closer| closer.starts_with(rest)) {
            return false;
        }
        self.held.drain(..self.held.len() - rest.len());
        self.is_fresh = true;
        if self.in_list && self.held.starts_with('{') {
            self.begin(0);
        } else {
            self.in_list = false;
            self.state = State::Text;
        }
        true
    }

    /// What may follow a call and is no text.
    fn closers(&self) -> &'static [&'static str] {
        match self.dialect {
            Dialect::Hermes => &["</tool_call>"],
            _ if self.in_list => &[",", "]"],
            Dialect::Llama => &[";"],
            Dialect::Gemma => &[FENCE],
            Dialect::MistralList | Dialect::MistralNamed => &[],
        }
    }

    const fn is_mistral(&self) -> bool {
        matches!(self.dialect, Dialect::MistralList | Dialect::MistralNamed)
    }
}

/// Where an answer begins that may be a call by itself.
fn see_bare(dialect: Dialect, text: &str) -> Sight<usize> {
    let at = spaces(text);
    let rest = &text[at..];
    if rest.is_empty() {
        return Sight::Wait;
    }
    if rest.starts_with('{') || (dialect == Dialect::Gemma && rest.starts_with('[')) {
        return Sight::Yes(at);
    }
    if dialect != Dialect::Gemma {
        return Sight::No;
    }
    let Some(word) = rest.strip_prefix(FENCE) else {
        return if FENCE.starts_with(rest) { Sight::Wait } else { Sight::No };
    };
    let Some((word, inside)) = word.split_once('\n') else {
        let may_be = FENCES.iter().any(|fence| fence.starts_with(word.trim_end()));
        return if may_be { Sight::Wait } else { Sight::No };
    };
    if !FENCES.contains(&word.trim()) {
        return Sight::No;
    }
    let inside = inside.trim_start();
    match inside.chars().next() {
        None => Sight::Wait,
        Some('{' | '[') => Sight::Yes(text.len() - inside.len()),
        Some(_) => Sight::No,
    }
}

/// Whether the first key of an object, as far as it is written, is one of a call.
fn may_be_call(object: &str) -> bool {
    let inside = object[1..].trim_start();
    ["\"name\"", "\"type\"", "\"parameters\"", "\"arguments\""]
        .iter()
        .any(|key| key.starts_with(inside) || inside.starts_with(key))
}

/// Bytes of white space at the beginning.
fn spaces(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Bytes at the end of `text` that may be the beginning of `mark`.
fn overlap(text: &str, mark: &str) -> usize {
    let begins = |&len: &usize| text.as_bytes().ends_with(&mark.as_bytes()[..len]);
    (1..mark.len()).rev().find(begins).unwrap_or(0)
}
