//! Statements of a trace, what they rest on, and how they were checked.

use domain::{DocumentId, LibraryId};
use knowledge::{Check, Citation, CitedVersion, Rejected, Statement, StatementKind};
use passages::{Area, Claimed, Missing};

use super::{
    Cursor, score, version, write_id, write_list, write_number, write_score, write_side,
    write_span, write_text, write_version,
};

pub(super) fn write(bytes: &mut Vec<u8>, statement: &Statement) {
    write_text(bytes, &statement.text);
    bytes.push(match statement.kind {
        StatementKind::Quoted => 0,
        StatementKind::Written => 1,
    });
    write_list(bytes, &statement.citations, write_citation);
    write_list(bytes, &statement.checks, write_check);
}

pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Statement> {
    let text = cursor.text()?.to_owned();
    let kind = match cursor.byte()? {
        0 => StatementKind::Quoted,
        1 => StatementKind::Written,
        _ => return None,
    };
    Some(Statement { text, kind, citations: cursor.list(citation)?, checks: cursor.list(check)? })
}

pub(super) fn write_rejected(bytes: &mut Vec<u8>, rejected: &Rejected) {
    write_text(bytes, &rejected.text);
    write_list(bytes, &rejected.checks, write_check);
    write_list(bytes, &rejected.citations, write_citation);
}

pub(super) fn read_rejected(cursor: &mut Cursor<'_>) -> Option<Rejected> {
    Some(Rejected {
        text: cursor.text()?.to_owned(),
        checks: cursor.list(check)?,
        citations: cursor.list(citation)?,
    })
}

fn write_citation(bytes: &mut Vec<u8>, citation: &Citation) {
    write_id(bytes, citation.document.as_uuid());
    write_id(bytes, citation.library.as_uuid());
    write_text(bytes, &citation.name);
    write_version(bytes, citation.version.key);
    write_number(bytes, citation.version.number);
    bytes.extend_from_slice(&citation.digest);
    write_list(bytes, &citation.pages, |bytes, page| write_number(bytes, *page));
    write_span(bytes, citation.span);
    write_list(bytes, &citation.areas, write_area);
    write_text(bytes, &citation.quote);
}

fn citation(cursor: &mut Cursor<'_>) -> Option<Citation> {
    Some(Citation {
        document: cursor.id().map(DocumentId::from_uuid)?,
        library: cursor.id().map(LibraryId::from_uuid)?,
        name: cursor.text()?.to_owned(),
        version: CitedVersion { key: version(cursor)?, number: cursor.number()? },
        digest: cursor.array()?,
        pages: cursor.list(Cursor::number)?,
        span: cursor.span()?,
        areas: cursor.list(area)?,
        quote: cursor.text()?.to_owned(),
    })
}

fn write_area(bytes: &mut Vec<u8>, (page, area): &(u32, Area)) {
    write_number(bytes, *page);
    let Area { left, top, right, bottom } = *area;
    for side in [left, top, right, bottom] {
        write_side(bytes, side);
    }
}

fn area(cursor: &mut Cursor<'_>) -> Option<(u32, Area)> {
    let page = cursor.number()?;
    let (left, top) = (cursor.side()?, cursor.side()?);
    let (right, bottom) = (cursor.side()?, cursor.side()?);
    Some((page, Area { left, top, right, bottom }))
}

fn write_check(bytes: &mut Vec<u8>, check: &Check) {
    match check {
        Check::Verbatim => bytes.push(0),
        Check::Claims { missing } => {
            bytes.push(1);
            write_list(bytes, missing, write_missing);
        }
        Check::Similarity { found, wanted } => {
            bytes.push(2);
            write_score(bytes, *found);
            write_side(bytes, *wanted);
        }
    }
}

fn check(cursor: &mut Cursor<'_>) -> Option<Check> {
    Some(match cursor.byte()? {
        0 => Check::Verbatim,
        1 => Check::Claims { missing: cursor.list(missing)? },
        2 => Check::Similarity { found: score(cursor)?.0, wanted: cursor.side()? },
        _ => return None,
    })
}

fn write_missing(bytes: &mut Vec<u8>, missing: &Missing) {
    bytes.push(match missing {
        Missing::Number(_) => 0,
        Missing::Percentage(_) => 1,
        Missing::Amount(_) => 2,
        Missing::Date(_) => 3,
        Missing::Article(_) => 4,
        Missing::Name(_) => 5,
    });
    let Claimed { text, span } = missing.claimed();
    write_text(bytes, text);
    write_span(bytes, *span);
}

fn missing(cursor: &mut Cursor<'_>) -> Option<Missing> {
    let kind = match cursor.byte()? {
        0 => Missing::Number,
        1 => Missing::Percentage,
        2 => Missing::Amount,
        3 => Missing::Date,
        4 => Missing::Article,
        5 => Missing::Name,
        _ => return None,
    };
    Some(kind(Claimed { text: cursor.text()?.to_owned(), span: cursor.span()? }))
}
