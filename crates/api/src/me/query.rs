//! What follows the question mark of `GET /v1/me/usage`.

use std::str::FromStr;

use axum::{extract::FromRequestParts, http::request::Parts};
use domain::Timestamp;
use inference::{ModelCard, ModelPurpose, UsagePage};

use crate::{
    parameters::{Parameters, invalid},
    problem::Problem,
};

/// As Albert has it.
const LIMIT: u32 = 10;
const LIMIT_MAX: u32 = 100;

const DAY_SECONDS: i64 = 86_400;

/// Before the last moment, if nobody says otherwise.
const DAYS: i64 = 30;

/// As in a report that is added up.
const DAYS_MAX: i64 = 366;

/// Paths whose use Albert tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    AudioTranscriptions,
    ChatCompletions,
    Embeddings,
    Ocr,
    Rerank,
    Search,
}

const UNKNOWN: &str = "must be one of /v1/audio/transcriptions, /v1/chat/completions, \
    /v1/embeddings, /v1/ocr, /v1/rerank and /v1/search";

impl Endpoint {
    const ALL: [Self; 6] = [
        Self::AudioTranscriptions,
        Self::ChatCompletions,
        Self::Embeddings,
        Self::Ocr,
        Self::Rerank,
        Self::Search,
    ];

    /// Where models of this kind are asked. They put documents in order by the way.
    pub(super) const fn of(purpose: ModelPurpose) -> Self {
        match purpose {
            ModelPurpose::Chat => Self::ChatCompletions,
            ModelPurpose::Embeddings { .. } => Self::Embeddings,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AudioTranscriptions => "/v1/audio/transcriptions",
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Ocr => "/v1/ocr",
            Self::Rerank => "/v1/rerank",
            Self::Search => "/v1/search",
        }
    }
}

impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == text);
        found.ok_or(UNKNOWN)
    }
}

/// All rows before a page are read to leave them out.
const OFFSET_MAX: u32 = 100_000;

/// Which requests to tell.
#[derive(Debug)]
pub(crate) struct OwnUsage {
    offset: u32,
    limit: u32,
    start_time: Option<u32>,
    end_time: Option<u32>,
    endpoint: Option<Endpoint>,
}

impl<S: Send + Sync> FromRequestParts<S> for OwnUsage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = Parameters::of(parts)?;
        let limit = given.number("limit")?.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(invalid("limit", "must be from 1 to 100"));
        }
        let offset = given.number("offset")?.unwrap_or(0);
        if offset > OFFSET_MAX {
            return Err(invalid("offset", "must be at most 100000; narrow the times instead"));
        }
        Ok(Self {
            offset,
            limit,
            start_time: given.number("start_time")?,
            end_time: given.number("end_time")?,
            endpoint: given.word("endpoint")?,
        })
    }
}

impl OwnUsage {
    /// Which path was asked is not kept: requests are told apart by what their model is for.
    pub(super) fn page(&self, now: Timestamp, models: &[ModelCard]) -> Result<UsagePage, Problem> {
        let last = self.end_time.map_or(now, second);
        let from = self.start_time.map_or(last.plus_seconds(-DAYS * DAY_SECONDS), second);
        // The last second belongs to it.
        let until = last.plus_seconds(1);
        let seconds = until.as_seconds() - from.as_seconds();
        if !(1..=DAYS_MAX * DAY_SECONDS).contains(&seconds) {
            let message = "must not be before `start_time`, nor 366 days after it";
            return Err(invalid("end_time", message));
        }
        let models = self.endpoint.map(|endpoint| {
            let is_asked = |card: &&ModelCard| Endpoint::of(card.purpose) == endpoint;
            models.iter().filter(is_asked).map(|card| card.id.clone()).collect()
        });
        Ok(UsagePage { from, until, models, offset: self.offset, limit: self.limit })
    }
}

fn second(since_1970: u32) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(i64::from(since_1970))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// A hundred days after the beginning of 1970.
    const NOW: i64 = 100 * DAY_SECONDS;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_seconds(seconds)
    }

    fn card(id: &str, purpose: ModelPurpose) -> ModelCard {
        let (id, created_at) = (id.parse().unwrap(), at(0));
        ModelCard { id, created_at, context_tokens: 8, purpose, weights: None, base: None }
    }

    async fn page(query: &str) -> Option<UsagePage> {
        let models = [
            card("chat", ModelPurpose::Chat),
            card("vectors", ModelPurpose::Embeddings { dimensions: 4 }),
        ];
        let request = Request::get(format!("/v1/me/usage?{query}")).body(()).unwrap();
        let asked = OwnUsage::from_request_parts(&mut request.into_parts().0, &()).await;
        asked.ok()?.page(at(NOW), &models).ok()
    }

    #[tokio::test]
    async fn a_page_is_ten_of_the_last_thirty_days() {
        let page = page("").await.unwrap();
        let (from, until) = (at(70 * DAY_SECONDS), at(NOW + 1));
        assert_eq!(page, UsagePage { from, until, models: None, offset: 0, limit: 10 });
    }

    #[tokio::test]
    async fn the_seconds_that_are_named_belong_to_it() {
        let page = page("start_time=5&end_time=5&offset=3&limit=100").await.unwrap();
        let expected = UsagePage { from: at(5), until: at(6), models: None, offset: 3, limit: 100 };
        assert_eq!(page, expected);
    }

    #[tokio::test]
    async fn paths_stand_for_models() {
        for (path, expected) in [
            ("/v1/chat/completions", vec!["chat"]),
            ("/v1/embeddings", vec!["vectors"]),
            ("/v1/rerank", Vec::new()),
            ("/v1/ocr", Vec::new()),
        ] {
            let page = page(&format!("endpoint={path}")).await.unwrap();
            let models = page.models.unwrap();
            let names: Vec<_> = models.iter().map(domain::ModelId::as_str).collect();
            assert_eq!(names, expected, "{path}");
        }
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        for query in [
            "limit=0",
            "limit=101",
            "limit=x",
            "offset=-1",
            "offset=100001",
            "start_time=2&end_time=1",
            "start_time=9999999",
            "start_time=0&end_time=31622400",
            "end_time=1.5",
            "endpoint=/v1/models",
        ] {
            assert_eq!(page(query).await, None, "{query}");
        }
        assert!(page("start_time=0&end_time=31622399").await.is_some(), "366 days");
    }
}
