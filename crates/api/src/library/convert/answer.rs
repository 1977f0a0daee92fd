//! Questions and answers.

use domain::ModelId;
use inference_wire as wire;
use knowledge::{
    Answer, AnswerMode, AnswerProgress, Check, Citation, Fallback, Gap, GapReason, Outcome,
    Question, Searched, Statement, StatementKind,
};
use passages::Missing;

use super::{as_of, digest, libraries};
use crate::{convert, problem::Problem};

pub(in crate::library) fn question(asked: wire::AskLibraries) -> Result<Question, Problem> {
    // What is not a name of a model is not the name of one that is served.
    let model = asked.model.parse::<ModelId>();
    Ok(Question {
        model: model.map_err(|_| Problem::model_unknown(&asked.model))?,
        mode: match asked.mode {
            wire::LibraryAnswerMode::Quotes => AnswerMode::Extractive,
            wire::LibraryAnswerMode::Written => AnswerMode::Written {
                fallback: match asked.fallback {
                    wire::LibraryAnswerFallback::Quote => Fallback::Quote,
                    wire::LibraryAnswerFallback::Nothing => Fallback::Refuse,
                },
            },
        },
        libraries: libraries(asked.library_ids.as_deref().unwrap_or_default())?,
        as_of: as_of(asked.as_of.as_deref())?,
        text: asked.question,
    })
}

pub(in crate::library) fn answer(answer: Answer) -> wire::LibraryAnswer {
    let Ended { outcome, gap, withdrawn, refused } = ended(&answer.outcome);
    wire::LibraryAnswer {
        object: wire::LibraryAnswerObject::Answer,
        outcome,
        statements: statements(answer.statements, &answer.numbers),
        gap,
        withdrawn,
        refused,
        trace_id: answer.trace.to_string(),
        model: answer.model.to_string(),
        usage: answer.usage.as_ref().map(convert::usage),
    }
}

pub(in crate::library) const fn progress(progress: AnswerProgress) -> wire::AnswerStep {
    let (stage, count) = match progress {
        AnswerProgress::Selected { passages } => (wire::AnswerStage::Selected, passages),
        AnswerProgress::Quoting { lines } => (wire::AnswerStage::Quoting, lines),
        AnswerProgress::Writing { lines } => (wire::AnswerStage::Writing, lines),
        AnswerProgress::Checking { sentences } => (wire::AnswerStage::Checking, sentences),
    };
    wire::AnswerStep { stage, count }
}

/// How an answer ended.
pub(super) struct Ended {
    pub(super) outcome: wire::LibraryAnswerOutcome,
    pub(super) gap: Option<wire::AnswerGap>,
    pub(super) withdrawn: u32,
    pub(super) refused: u32,
}

pub(super) fn ended(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Answered { withdrawn, refused } => Ended {
            outcome: wire::LibraryAnswerOutcome::Answered,
            gap: None,
            withdrawn: *withdrawn,
            refused: *refused,
        },
        Outcome::NoAnswer { gap } => Ended {
            outcome: match gap.because {
                GapReason::Withdrawn => wire::LibraryAnswerOutcome::Withdrawn,
                GapReason::NothingFound | GapReason::NotInPassages | GapReason::NothingHeld => {
                    wire::LibraryAnswerOutcome::NoAnswer
                }
            },
            gap: Some(self::gap(gap)),
            withdrawn: 0,
            refused: 0,
        },
    }
}

fn gap(gap: &Gap) -> wire::AnswerGap {
    let wire::SearchedLibraries { library_ids, as_of } = searched(&gap.searched);
    wire::AnswerGap {
        reason: match gap.because {
            GapReason::NothingFound => wire::AnswerGapReason::NothingFound,
            GapReason::NotInPassages => wire::AnswerGapReason::NotInPassages,
            GapReason::NothingHeld => wire::AnswerGapReason::NothingHeld,
            GapReason::Withdrawn => wire::AnswerGapReason::Withdrawn,
        },
        library_ids,
        as_of,
        hits: gap.hits,
        passages: gap.passages,
    }
}

pub(super) fn searched(searched: &Searched) -> wire::SearchedLibraries {
    let ids: Vec<_> = searched.libraries.iter().map(ToString::to_string).collect();
    wire::SearchedLibraries {
        library_ids: Some(ids).filter(|ids| !ids.is_empty()),
        as_of: searched.as_of.map(|at| at.to_string()),
    }
}

/// `numbers`: of each statement, that of its first citation.
pub(super) fn statements(
    statements: Vec<Statement>,
    numbers: &[u32],
) -> Vec<wire::LibraryStatement> {
    let statement = |(statement, first): (Statement, &u32)| {
        let numbers = (*first..).map(Some);
        let citations = statement.citations.into_iter().zip(numbers);
        wire::LibraryStatement {
            text: statement.text,
            kind: match statement.kind {
                StatementKind::Quoted => wire::LibraryStatementKind::Quoted,
                StatementKind::Written => wire::LibraryStatementKind::Written,
            },
            citations: citations.map(|(one, number)| citation(one, number)).collect(),
            checks: checks(&statement.checks),
        }
    };
    statements.into_iter().zip(numbers).map(statement).collect()
}

pub(super) fn citation(citation: Citation, number: Option<u32>) -> wire::LibraryCitation {
    let area = |(page, area): (u32, passages::Area)| {
        let passages::Area { left, top, right, bottom } = area;
        wire::PageArea { page, left, top, right, bottom }
    };
    wire::LibraryCitation {
        number,
        document_id: citation.document.to_string(),
        document_name: citation.name,
        library_id: citation.library.to_string(),
        version: wire::LibraryCitedVersion {
            number: citation.version.number,
            key: citation.version.key.0,
            digest: digest(&citation.digest),
        },
        pages: citation.pages,
        start: citation.span.start,
        end: citation.span.end,
        areas: citation.areas.into_iter().map(area).collect(),
        quote: citation.quote,
    }
}

pub(super) fn checks(checks: &[Check]) -> wire::StatementChecks {
    let mut told = wire::StatementChecks::default();
    for check in checks {
        let holds = check.holds();
        match check {
            Check::Verbatim => told.verbatim = Some(holds),
            Check::Claims { missing } => {
                let missing = missing.iter().map(missing_claim).collect();
                told.claims = Some(wire::ClaimsCheck { holds, missing });
            }
            Check::Similarity { found, wanted } => {
                let (found, wanted) = (*found, *wanted);
                told.similarity = Some(wire::SimilarityCheck { holds, found, wanted });
            }
        }
    }
    told
}

fn missing_claim(missing: &Missing) -> wire::MissingClaim {
    use wire::MissingClaimKind as Kind;
    let kind = match missing {
        Missing::Number(_) => Kind::Number,
        Missing::Percentage(_) => Kind::Percentage,
        Missing::Amount(_) => Kind::Amount,
        Missing::Date(_) => Kind::Date,
        Missing::Article(_) => Kind::Article,
        Missing::Name(_) => Kind::Name,
    };
    wire::MissingClaim { kind, text: missing.claimed().text.clone() }
}
