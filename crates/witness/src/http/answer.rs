//! What a witness answers.
//!
//! # Source
//! C2SP tlog-witness, section "add-checkpoint".

use egress::{Answer, EgressError};
use governance::ports::{Addition, WitnessError};
use transparency_log::NoteError;

/// The type of an answer that tells the size of the newest checkpoint.
const SIZE_TYPE: &str = "text/x.tlog.size";

/// How much of an unexpected answer is repeated.
const EXCERPT_CHARACTERS: usize = 200;

/// Why a witness did not take a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum HttpWitnessError {
    #[error("the witness could not be asked")]
    NotAsked { source: EgressError },
    #[error("the witness answered {status}: {excerpt}")]
    Status { status: u16, excerpt: String },
    /// It may be no witness at all, such as a page to sign in.
    #[error("the witness answered 200 without signing: {excerpt}")]
    NotSigned { excerpt: String, source: NoteError },
    #[error("the witness holds a checkpoint of another size than {size}, and says it is {size}")]
    SameSize { size: u64 },
}

impl From<EgressError> for HttpWitnessError {
    fn from(source: EgressError) -> Self {
        Self::NotAsked { source }
    }
}

pub(super) fn unavailable(error: HttpWitnessError) -> WitnessError {
    WitnessError::Unavailable { source: Box::new(error) }
}

pub(super) fn read(answer: &Answer, addition: &Addition) -> Result<(), WitnessError> {
    match answer.status {
        200 => check_signatures(answer, addition),
        409 => Err(match size(answer) {
            Some(size) if size == addition.old_size => {
                unavailable(HttpWitnessError::SameSize { size })
            }
            Some(size) => WitnessError::OtherSize { size },
            None => unexpected(answer),
        }),
        422 => Err(WitnessError::Refused { reason: excerpt(answer) }),
        _ => Err(unexpected(answer)),
    }
}

/// Cosignatures are a sign that the checkpoint was taken; whose they are does not matter here.
fn check_signatures(answer: &Answer, addition: &Addition) -> Result<(), WitnessError> {
    let lines = str::from_utf8(&answer.body).map_err(|_| NoteError::Encoding);
    let added = lines.and_then(|lines| addition.checkpoint.clone().add_signature_lines(lines));
    added.map_err(|source| {
        unavailable(HttpWitnessError::NotSigned { excerpt: excerpt(answer), source })
    })
}

/// The size in a conflict; `None` if it does not have the form of one.
fn size(answer: &Answer) -> Option<u64> {
    let kind = answer.content_type.as_deref()?.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case(SIZE_TYPE) {
        return None;
    }
    let text = str::from_utf8(&answer.body).ok()?.strip_suffix('\n')?;
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text).then_some(size)
}

fn unexpected(answer: &Answer) -> WitnessError {
    let excerpt = excerpt(answer);
    unavailable(HttpWitnessError::Status { status: answer.status, excerpt })
}

/// The beginning of an answer, fit for one line of a log.
fn excerpt(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let printable = |character: char| if character.is_control() { ' ' } else { character };
    text.trim().chars().take(EXCERPT_CHARACTERS).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use testkit::SampleLog;

    use super::*;

    fn check(status: u16, content_type: Option<&str>, body: &[u8], expected: &str) {
        let mut log = SampleLog::new(11);
        let (old, new) = (log.grow(3), log.grow(4));
        let answer = Answer {
            status,
            content_type: content_type.map(str::to_owned),
            body: body.to_vec().into(),
        };
        let outcome = match read(&answer, &log.addition(old, new)) {
            Ok(()) => "taken".to_owned(),
            Err(WitnessError::Unavailable { source }) => format!("unavailable: {source}"),
            Err(other) => format!("{other}"),
        };
        assert_eq!(outcome, expected, "{status} {content_type:?} {}", body.escape_ascii());
    }

    #[test]
    fn signature_lines_mean_that_it_was_taken() {
        let line = "\u{2014} witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG8=\n";
        check(200, None, line.as_bytes(), "taken");
        check(200, Some("text/html"), line.repeat(2).as_bytes(), "taken");
    }

    #[test]
    fn anything_else_does_not() {
        let unsigned = |excerpt: &str| {
            format!("unavailable: the witness answered 200 without signing: {excerpt}")
        };
        check(200, None, b"", &unsigned(""));
        check(200, None, b"\n", &unsigned(""));
        check(200, None, b"<h1>Sign in</h1>\n", &unsigned("<h1>Sign in</h1>"));
        check(200, None, b"\xff\n", &unsigned("\u{fffd}"));
        let unfinished = "\u{2014} witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG8=";
        check(200, None, unfinished.as_bytes(), &unsigned(unfinished));
        check(201, None, b"", "unavailable: the witness answered 201: ");
    }

    #[test]
    fn a_conflict_tells_a_size() {
        let other = "the witness holds a checkpoint of 20 entries";
        check(409, Some("text/x.tlog.size"), b"20\n", other);
        check(409, Some("Text/X.tlog.size; charset=utf-8"), b"20\n", other);
        check(409, Some("text/x.tlog.size"), b"0\n", "the witness holds a checkpoint of 0 entries");
        let same = "unavailable: the witness holds a checkpoint of another size than 3, and says \
                    it is 3";
        check(409, Some("text/x.tlog.size"), b"3\n", same);
        let unreadable = "unavailable: the witness answered 409: ";
        check(409, None, b"20\n", &format!("{unreadable}20"));
        check(409, Some("text/plain"), b"20\n", &format!("{unreadable}20"));
        for body in ["20", "020\n", "+20\n", "-20\n", "20\n\n", "2 0\n", "99999999999999999999\n"] {
            let shown = body.trim();
            check(409, Some("text/x.tlog.size"), body.as_bytes(), &format!("{unreadable}{shown}"));
        }
        check(409, Some("text/x.tlog.size"), b"\n", unreadable);
    }

    #[test]
    fn a_contradiction_is_told_with_its_reason() {
        let refused = "the witness holds a history that this checkpoint does not continue: ";
        check(422, None, b"proof does not verify\n", &format!("{refused}proof does not verify"));
    }

    #[test]
    fn other_answers_are_told_in_one_short_line() {
        check(
            404,
            None,
            b"unknown\n\x1b[31mlog\n",
            "unavailable: the witness answered 404: unknown  [31mlog",
        );
        let long = "\u{e9}".repeat(300);
        let expected = format!("unavailable: the witness answered 500: {}", "\u{e9}".repeat(200));
        check(500, None, long.as_bytes(), &expected);
        for status in [204, 301, 400, 403, 429, 503] {
            let expected = format!("unavailable: the witness answered {status}: ");
            check(status, None, b"", &expected);
        }
    }

    #[test]
    fn the_cause_is_kept() {
        let answer = Answer { status: 200, content_type: None, body: b"".as_slice().into() };
        let mut log = SampleLog::new(12);
        let size = log.grow(1);
        let error = read(&answer, &log.addition(0, size)).unwrap_err();
        let cause = error.source().and_then(std::error::Error::source).unwrap();
        assert_eq!(cause.to_string(), "the note does not end in a line break");
    }
}
