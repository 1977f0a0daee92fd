//! A trace as bytes: everything of it but whose it is and when it was asked, which its row says.
//!
//! One byte tells the form, 1; then everything in the order of the members, as `pieces.rs` writes
//! it. A form of our own as that of readings is, for the same reasons: scores come back to the last
//! bit, and what was altered on the way is no trace.

mod statement;

use domain::{AccountId, LibraryId, OrganisationId, RequestId, Timestamp, TraceId};
use knowledge::{
    AnswerMode, Fallback, Gap, GapReason, IndexHit, Outcome, QuestionLanguage, Searched, Trace,
    TraceStep, TraceStepKind, TracedPassage, VersionKey,
};
use uuid::Uuid;

use crate::library::pieces::{
    Cursor, write_id, write_list, write_number, write_side, write_span, write_text,
};

const FORM: u8 = 1;

pub(super) fn written(trace: &Trace) -> Vec<u8> {
    let mut bytes = vec![FORM];
    write_text(&mut bytes, &trace.question);
    write_text(&mut bytes, trace.language.as_str());
    write_text(&mut bytes, trace.model.as_str());
    bytes.push(mode_code(trace.mode));
    write_searched(&mut bytes, &trace.searched);
    write_list(&mut bytes, &trace.hits, write_hit);
    write_list(&mut bytes, &trace.passages, write_passage);
    write_list(&mut bytes, &trace.steps, write_step);
    write_list(&mut bytes, &trace.statements, statement::write);
    write_list(&mut bytes, &trace.rejected, statement::write_rejected);
    write_outcome(&mut bytes, &trace.outcome);
    bytes
}

/// With ids and a time that mean nothing; `None` for what was not written here.
pub(super) fn read(bytes: &[u8]) -> Option<Trace> {
    let mut cursor = Cursor(bytes);
    if cursor.byte()? != FORM {
        return None;
    }
    let trace = Trace {
        id: TraceId::from_uuid(Uuid::nil()),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        account: AccountId::from_uuid(Uuid::nil()),
        asked_at: Timestamp::from_micros(0),
        question: cursor.text()?.to_owned(),
        language: language(&mut cursor)?,
        model: cursor.text()?.parse().ok()?,
        mode: mode(cursor.byte()?)?,
        searched: searched(&mut cursor)?,
        hits: cursor.list(hit)?,
        passages: cursor.list(passage)?,
        steps: cursor.list(step)?,
        statements: cursor.list(statement::read)?,
        rejected: cursor.list(statement::read_rejected)?,
        outcome: outcome(&mut cursor)?,
        is_withheld: false,
    };
    cursor.is_empty().then_some(trace)
}

fn language(cursor: &mut Cursor<'_>) -> Option<QuestionLanguage> {
    let code = cursor.text()?;
    QuestionLanguage::ALL.into_iter().find(|language| language.as_str() == code)
}

const fn mode_code(mode: AnswerMode) -> u8 {
    match mode {
        AnswerMode::Extractive => 0,
        AnswerMode::Written { fallback: Fallback::Quote } => 1,
        AnswerMode::Written { fallback: Fallback::Refuse } => 2,
    }
}

const fn mode(code: u8) -> Option<AnswerMode> {
    Some(match code {
        0 => AnswerMode::Extractive,
        1 => AnswerMode::Written { fallback: Fallback::Quote },
        2 => AnswerMode::Written { fallback: Fallback::Refuse },
        _ => return None,
    })
}

fn write_searched(bytes: &mut Vec<u8>, searched: &Searched) {
    write_list(bytes, &searched.libraries, |bytes, id| write_id(bytes, id.as_uuid()));
    let as_of = searched.as_of.map(|at| at.as_micros().to_be_bytes());
    bytes.push(u8::from(as_of.is_some()));
    bytes.extend(as_of.into_iter().flatten());
}

fn searched(cursor: &mut Cursor<'_>) -> Option<Searched> {
    let libraries = cursor.list(|cursor| cursor.id().map(LibraryId::from_uuid))?;
    let as_of = match cursor.byte()? {
        0 => None,
        1 => Some(Timestamp::from_micros(i64::from_be_bytes(cursor.array()?))),
        _ => return None,
    };
    Some(Searched { libraries, as_of })
}

fn write_hit(bytes: &mut Vec<u8>, hit: &IndexHit) {
    write_version(bytes, hit.version);
    write_number(bytes, hit.passage);
    write_side(bytes, hit.score);
    write_score(bytes, hit.lexical);
    write_score(bytes, hit.dense);
}

fn hit(cursor: &mut Cursor<'_>) -> Option<IndexHit> {
    Some(IndexHit {
        version: version(cursor)?,
        passage: cursor.number()?,
        score: cursor.side()?,
        lexical: score(cursor)?.0,
        dense: score(cursor)?.0,
    })
}

fn write_passage(bytes: &mut Vec<u8>, passage: &TracedPassage) {
    write_version(bytes, passage.version);
    write_number(bytes, passage.passage);
    write_side(bytes, passage.score);
    write_number(bytes, passage.sentences);
}

fn passage(cursor: &mut Cursor<'_>) -> Option<TracedPassage> {
    Some(TracedPassage {
        version: version(cursor)?,
        passage: cursor.number()?,
        score: cursor.side()?,
        sentences: cursor.number()?,
    })
}

fn write_step(bytes: &mut Vec<u8>, step: &TraceStep) {
    bytes.push(match step.kind {
        TraceStepKind::Quote => 0,
        TraceStepKind::Pick => 1,
        TraceStepKind::Write => 2,
    });
    write_id(bytes, step.request.as_uuid());
    bytes.push(u8::from(step.text.is_some()));
    if let Some(text) = &step.text {
        write_text(bytes, text);
    }
    bytes.push(u8::from(step.is_cut));
}

fn step(cursor: &mut Cursor<'_>) -> Option<TraceStep> {
    let kind = match cursor.byte()? {
        0 => TraceStepKind::Quote,
        1 => TraceStepKind::Pick,
        2 => TraceStepKind::Write,
        _ => return None,
    };
    let request = cursor.id().map(RequestId::from_uuid)?;
    let text = match cursor.byte()? {
        0 => None,
        1 => Some(cursor.text()?.to_owned()),
        _ => return None,
    };
    Some(TraceStep { kind, request, text, is_cut: flag(cursor)? })
}

fn write_outcome(bytes: &mut Vec<u8>, outcome: &Outcome) {
    match outcome {
        Outcome::Answered { withdrawn, refused } => {
            bytes.push(0);
            write_number(bytes, *withdrawn);
            write_number(bytes, *refused);
        }
        Outcome::NoAnswer { gap: Gap { because, searched, hits, passages } } => {
            bytes.push(1);
            bytes.push(match because {
                GapReason::NothingFound => 0,
                GapReason::NotInPassages => 1,
                GapReason::NothingHeld => 2,
                GapReason::Withdrawn => 3,
            });
            write_searched(bytes, searched);
            write_number(bytes, *hits);
            write_number(bytes, *passages);
        }
    }
}

fn outcome(cursor: &mut Cursor<'_>) -> Option<Outcome> {
    match cursor.byte()? {
        0 => Some(Outcome::Answered { withdrawn: cursor.number()?, refused: cursor.number()? }),
        1 => Some(Outcome::NoAnswer { gap: gap(cursor)? }),
        _ => None,
    }
}

fn gap(cursor: &mut Cursor<'_>) -> Option<Gap> {
    let because = match cursor.byte()? {
        0 => GapReason::NothingFound,
        1 => GapReason::NotInPassages,
        2 => GapReason::NothingHeld,
        3 => GapReason::Withdrawn,
        _ => return None,
    };
    let searched = searched(cursor)?;
    Some(Gap { because, searched, hits: cursor.number()?, passages: cursor.number()? })
}

fn write_version(bytes: &mut Vec<u8>, VersionKey(key): VersionKey) {
    bytes.extend_from_slice(&key.to_be_bytes());
}

fn version(cursor: &mut Cursor<'_>) -> Option<VersionKey> {
    cursor.array().map(u64::from_be_bytes).map(VersionKey)
}

fn write_score(bytes: &mut Vec<u8>, score: Option<f32>) {
    bytes.push(u8::from(score.is_some()));
    if let Some(score) = score {
        write_side(bytes, score);
    }
}

/// What was written of a score that may be none.
struct Score(Option<f32>);

fn score(cursor: &mut Cursor<'_>) -> Option<Score> {
    match cursor.byte()? {
        0 => Some(Score(None)),
        1 => cursor.side().map(|score| Score(Some(score))),
        _ => None,
    }
}

fn flag(cursor: &mut Cursor<'_>) -> Option<bool> {
    match cursor.byte()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
