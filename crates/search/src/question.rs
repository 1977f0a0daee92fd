//! One search, from the query to the passages.
//!
//! First what may be looked at becomes a filter of each segment; then words and vectors each give
//! the best of what the filter leaves; then both look at what the other one found, and the two
//! lists become one.

mod fusion;
mod hits;
mod lists;
mod terms;

use std::sync::Arc;

use knowledge::{IndexError, IndexHit, IndexQuery, SearchMode};
use roaring::RoaringBitmap;
use vector_segments::Query;

use crate::{
    deadline::Deadline,
    failure::vector,
    filter::Filter,
    lexical::{Part, Sought, holding_all},
    snapshot::{Filters, Snapshot},
    vectors::dimension_of,
};
use lists::{Found, Lists};

/// Passages that each list has, at the least: what the two are joined of.
const DEPTH: usize = 100;

/// The most passages that are found.
const LIMIT_MAX: usize = 1000;

/// A query that is ready to be looked for.
pub(crate) struct Question {
    snapshot: Arc<Snapshot>,
    filters: Filters,
    /// By descending weight.
    sought: Vec<Sought>,
    vector: Option<Query>,
    limit: usize,
    mode: SearchMode,
    deadline: Deadline,
}

impl Question {
    /// Whether it is one that can be answered.
    pub(crate) fn check(query: &IndexQuery) -> Result<(), IndexError> {
        if query.mode == SearchMode::Dense && query.vector.is_none() {
            return Err(IndexError::NoVector);
        }
        vector_of(query).map(drop)
    }

    /// Finds what may be looked at, and where the words are told.
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        query: &IndexQuery,
        deadline: Deadline,
    ) -> Result<Self, IndexError> {
        let filters = snapshot.filters(&query.permitted)?;
        let asked = terms::Asked::of(&query.text);
        let sought = match query.mode {
            SearchMode::Hybrid | SearchMode::Lexical => terms::sought(&snapshot, &asked)?,
            SearchMode::Dense => Vec::new(),
        };
        let quoted = terms::quoted(&snapshot, &asked)?;
        let filters = narrowed(&snapshot, filters, &quoted)?;
        let (vector, limit) = (vector_of(query)?, query.limit.min(LIMIT_MAX));
        Ok(Self { snapshot, filters, sought, vector, limit, mode: query.mode, deadline })
    }

    /// Whether nothing can come of it.
    pub(crate) fn is_vain(&self) -> bool {
        self.limit == 0 || self.filters.iter().all(Filter::is_empty)
    }

    /// The best by words.
    pub(crate) fn lexical(&self) -> Result<Vec<Found>, IndexError> {
        match self.mode {
            SearchMode::Hybrid | SearchMode::Lexical => {
                self.lists(self.depth()).lexical(&self.filters)
            }
            SearchMode::Dense => Ok(Vec::new()),
        }
    }

    /// The best by vectors.
    pub(crate) fn dense(&self) -> Result<Vec<Found>, IndexError> {
        match self.mode {
            SearchMode::Hybrid | SearchMode::Dense => self.lists(self.depth()).dense(&self.filters),
            SearchMode::Lexical => Ok(Vec::new()),
        }
    }

    /// The best of both lists, best first.
    pub(crate) fn join(
        &self,
        lexical: &[Found],
        dense: &[Found],
    ) -> Result<Vec<IndexHit>, IndexError> {
        let (lexical, dense) = match self.mode {
            SearchMode::Hybrid => {
                // What one list found, the other one scores too.
                let both = lists::filters_of(&self.snapshot, &[lexical, dense]);
                let lists = self.lists(lexical.len() + dense.len());
                (lists.lexical(&both)?, lists.dense(&both)?)
            }
            SearchMode::Lexical | SearchMode::Dense => (lexical.to_vec(), dense.to_vec()),
        };
        let hits = hits::hits(&self.snapshot, &lexical, &dense);
        Ok(fusion::ranked(hits, self.mode, self.limit))
    }

    fn depth(&self) -> usize {
        self.limit.max(DEPTH)
    }

    fn lists(&self, depth: usize) -> Lists<'_> {
        Lists {
            snapshot: &self.snapshot,
            sought: &self.sought,
            vector: self.vector.as_ref(),
            depth,
            deadline: self.deadline,
        }
    }
}

fn vector_of(query: &IndexQuery) -> Result<Option<Query>, IndexError> {
    let Some(coordinates) = &query.vector else {
        return Ok(None);
    };
    let dimension = dimension_of(coordinates)?;
    Query::new(dimension, coordinates).map(Some).map_err(vector)
}

/// What holds all quoted words; where nothing does, quotation marks are as if they were not there.
fn narrowed(
    snapshot: &Snapshot,
    filters: Filters,
    quoted: &[Sought],
) -> Result<Filters, IndexError> {
    if quoted.is_empty() {
        return Ok(filters);
    }
    let mut narrowed = Vec::with_capacity(filters.len());
    for (place, (member, filter)) in snapshot.members.iter().zip(filters.iter()).enumerate() {
        let ordinals = match &member.segment.lexical {
            Some(segment) => holding_all(Part { segment, place, filter }, quoted)?,
            None => RoaringBitmap::new(),
        };
        narrowed.push(Filter::new(ordinals, member.passages()));
    }
    let holds_any = narrowed.iter().any(|filter| !filter.is_empty());
    Ok(if holds_any { Arc::new(narrowed) } else { filters })
}
