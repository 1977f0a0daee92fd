//! Server-sent events: the frames of a streamed answer.

use serde::Serialize;

/// Says "still here" without saying anything; clients skip it.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// The last frame of a streamed chat answer. Streams of conversations have none.
pub const DONE: &str = "data: [DONE]\n\n";

/// Unicode has more line breaks than JSON escapes, and some clients cut lines at all of them.
const LINE_BREAKS: [(char, &str); 3] =
    [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];

/// One event on a single line: every line break is escaped, those of Unicode too.
///
/// # Errors
/// Never for the types of this crate; a type whose `Serialize` fails passes its error on.
pub fn event<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(format!("data: {}\n\n", one_line(value)?))
}

/// One event with the number and the name that clients see beside it. Whoever comes back sends
/// the number of the last event that it has seen as `Last-Event-ID`. `name` is one line.
///
/// # Errors
/// As [`event`].
pub fn named_event<T: Serialize>(
    id: u64,
    name: &'static str,
    value: &T,
) -> Result<String, serde_json::Error> {
    Ok(format!("id: {id}\nevent: {name}\ndata: {}\n\n", one_line(value)?))
}

/// One event with the name that clients see beside it. `name` is one line.
///
/// # Errors
/// As [`event`].
pub fn titled_event<T: Serialize>(
    name: &'static str,
    value: &T,
) -> Result<String, serde_json::Error> {
    Ok(format!("event: {name}\ndata: {}\n\n", one_line(value)?))
}

fn one_line<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string(value)?;
    // They can only stand in strings, where an escape means the same.
    for (character, escape) in LINE_BREAKS {
        if json.contains(character) {
            json = json.replace(character, escape);
        }
    }
    Ok(json)
}
