//! Puts calls together that come in pieces: names in one delta, arguments in many.

use inference::FunctionCall;
use serde_json::Value;

use crate::answer::{CallPart, FunctionPart};

/// Calls of one answer; clients may offer as many tools.
const CALLS_MAX: usize = 128;
/// Of the arguments of all calls together.
const ARGUMENTS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// More than any model calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyCalls;

/// Pieces of one answer.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// In the order of their first pieces.
    begun: Vec<Begun>,
    argument_bytes: usize,
}

#[derive(Debug)]
struct Begun {
    index: Option<u32>,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    pub(crate) fn take(&mut self, part: CallPart) -> Result<(), TooManyCalls> {
        let CallPart { index, id, function: FunctionPart { name, arguments } } = part;
        let id = id.filter(|id| !id.is_empty());
        let name = name.filter(|name| !name.is_empty());
        let place = self.place(index, id.as_deref(), name.is_some()).unwrap_or_else(|| {
            let (name, arguments) = (String::new(), String::new());
            self.begun.push(Begun { index, id, name, arguments });
            self.begun.len() - 1
        });
        if place >= CALLS_MAX {
            return Err(TooManyCalls);
        }
        let call = &mut self.begun[place];
        let before = call.arguments.len();
        if let Some(name) = name
            && call.name != name
        {
            call.name.push_str(&name);
        }
        match arguments {
            Some(Value::String(text)) => call.arguments.push_str(&text),
            Some(Value::Null) | None => {}
            Some(object) => call.arguments.push_str(&object.to_string()),
        }
        self.argument_bytes += call.arguments.len() - before;
        if self.argument_bytes > ARGUMENTS_BYTES_MAX { Err(TooManyCalls) } else { Ok(()) }
    }

    /// The call that a piece belongs to. Some programs number all calls 0; another id or a name
    /// after arguments begins another call then.
    fn place(&self, index: Option<u32>, id: Option<&str>, is_named: bool) -> Option<usize> {
        let is_other = |call: &Begun| {
            let other_id = id.is_some() && call.id.is_some() && call.id.as_deref() != id;
            other_id || (is_named && !call.arguments.is_empty())
        };
        let same = |call: &Begun| index.is_none() || call.index.is_none() || call.index == index;
        let place = self.begun.iter().rposition(same)?;
        (!is_other(&self.begun[place])).then_some(place)
    }

    /// All of them, whole; those without a name are none.
    pub(crate) fn finish(self) -> Vec<FunctionCall> {
        let whole = |call: Begun| {
            let arguments =
                if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments };
            FunctionCall { name: call.name, arguments }
        };
        self.begun.into_iter().filter(|call| !call.name.is_empty()).map(whole).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(parts: Value, expected: &[(&str, &str)]) {
        let mut calls = Calls::default();
        let parts: Vec<CallPart> = serde_json::from_value(parts).unwrap();
        for part in parts {
            calls.take(part).unwrap();
        }
        let calls = calls.finish();
        let shown: Vec<_> = calls.iter().map(|call| (&*call.name, &*call.arguments)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn pieces_become_whole_calls() {
        check(
            json!([
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
                {"index": 0, "function": {"arguments": "{\"x\""}},
                {"index": 0, "function": {"arguments": ": 1}"}},
                {"index": 1, "id": "b", "function": {"name": "g"}},
                {"index": 1, "function": {"arguments": "{}"}},
            ]),
            &[("f", "{\"x\": 1}"), ("g", "{}")],
        );
    }

    #[test]
    fn calls_that_are_all_numbered_0_are_told_apart() {
        check(
            json!([
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"index": 0, "id": "b", "function": {"name": "f", "arguments": "{}"}},
                {"index": 0, "function": {"name": "g", "arguments": "{\"y\":"}},
                {"index": 0, "function": {"arguments": "2}"}},
            ]),
            &[("f", "{}"), ("f", "{}"), ("g", "{\"y\":2}")],
        );
    }

    #[test]
    fn calls_without_end_are_refused() {
        let part = |index| {
            serde_json::from_value::<CallPart>(
                json!({ "index": index, "function": { "name": "f" } }),
            )
        };
        let mut calls = Calls::default();
        let refused = (0..1_000_000).position(|index| calls.take(part(index).unwrap()).is_err());
        assert_eq!(refused, Some(CALLS_MAX));
        let piece = json!({ "index": 0, "function": { "arguments": "x".repeat(1024 * 1024) } });
        let mut calls = Calls::default();
        let take = |calls: &mut Calls| calls.take(serde_json::from_value(piece.clone()).unwrap());
        assert_eq!((0..8).position(|_| take(&mut calls).is_err()), Some(4));
    }

    #[test]
    fn whole_calls_stay_whole() {
        check(
            json!([
                {"id": "a", "function": {"name": "f", "arguments": {"x": 1}}},
                {"id": "b", "function": {"name": "g", "arguments": null}},
                {"id": "c", "function": {"arguments": "lost"}},
            ]),
            &[("f", "{\"x\":1}"), ("g", "{}")],
        );
        check(
            json!([
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
            ]),
            &[("f", "{}")],
        );
    }
}
