//! Server-sent events: the frames of a streamed answer.

use serde::Serialize;

/// Says "still here" without saying anything; clients skip it.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// The last frame of every stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// Unicode has more line breaks than JSON escapes, and some clients cut lines at all of them.
const LINE_BREAKS: [(char, &str); 3] =
    [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];

/// One event on a single line: every line break is escaped, those of Unicode too.
///
/// # Errors
/// Never for the types of this crate; a type whose `Serialize` fails passes its error on.
pub fn event<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string(value)?;
    // They can only stand in strings, where an escape means the same.
    for (character, escape) in LINE_BREAKS {
        if json.contains(character) {
            json = json.replace(character, escape);
        }
    }
    Ok(format!("data: {json}\n\n"))
}
