//! Turns the bytes of tokens into text that can be sent: whole characters only, and never a part
//! of a stop string.

mod stop;
#[cfg(test)]
mod tests;

use self::stop::StopString;

/// Text that became certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// A stop string was met: `text` ends before it, and nothing follows.
    pub stopped: bool,
}

/// The text of one answer.
///
/// Bytes that are no UTF-8 become U+FFFD as `String::from_utf8_lossy` does it, as soon as it is
/// known that no later byte can mend them. The answer ends at the stop string that is complete
/// first; of several that end at the same place the longest counts. How the bytes are divided
/// into pushes changes nothing in the whole.
#[derive(Clone, Debug)]
pub struct TextStream {
    stops: Vec<StopString>,
    /// The start of a character, at most three bytes.
    incomplete: Vec<u8>,
    /// Text that may be the start of a stop string.
    held: String,
    stopped: bool,
}

impl TextStream {
    /// Empty stop strings are ignored.
    pub fn new(stop: Vec<String>) -> Self {
        let stops = stop.into_iter().filter(|text| !text.is_empty()).map(StopString::new).collect();
        Self { stops, incomplete: Vec::new(), held: String::new(), stopped: false }
    }

    /// Adds the bytes of a token.
    pub fn push(&mut self, bytes: &[u8]) -> Piece {
        if self.stopped {
            return Piece { text: String::new(), stopped: true };
        }
        self.incomplete.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.incomplete);
        let mut rest = &input[..];
        while !rest.is_empty() && !self.stopped {
            match str::from_utf8(rest) {
                Ok(text) => {
                    self.add(text);
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    self.add(str::from_utf8(valid).unwrap_or_default());
                    let Some(bad) = error.error_len() else {
                        self.incomplete = after.to_vec();
                        break;
                    };
                    self.add("\u{fffd}");
                    rest = &after[bad..];
                }
            }
        }
        self.release()
    }

    /// The rest, when no more tokens come.
    pub fn finish(&mut self) -> String {
        if !self.stopped && !std::mem::take(&mut self.incomplete).is_empty() {
            self.add("\u{fffd}");
        }
        std::mem::take(&mut self.held)
    }

    /// Adds text up to the end of the first stop string, which is cut off.
    fn add(&mut self, text: &str) {
        if self.stops.is_empty() {
            self.held.push_str(text);
            return;
        }
        for c in text.chars() {
            if self.stopped {
                return;
            }
            self.held.push(c);
            let mut encoded = [0; 4];
            let encoded = c.encode_utf8(&mut encoded).as_bytes();
            let met = self.stops.iter_mut().filter_map(|stop| stop.advance(encoded)).max();
            if let Some(bytes) = met {
                self.held.truncate(self.held.len() - bytes);
                self.stopped = true;
            }
        }
    }

    fn release(&mut self) -> Piece {
        if self.stopped {
            return Piece { text: std::mem::take(&mut self.held), stopped: true };
        }
        let kept = self.stops.iter().map(StopString::matched_bytes).max().unwrap_or(0);
        let tail = self.held.split_off(self.held.len() - kept);
        Piece { text: std::mem::replace(&mut self.held, tail), stopped: false }
    }
}
