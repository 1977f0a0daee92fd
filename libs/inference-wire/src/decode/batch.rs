//! Reads requests for batch jobs, and the lines of their files.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    field::{Field, Findings},
    read_json,
};
use crate::{
    BatchLine, CreateBatch, CreateBatchJob, FieldErrorKind as Kind, InlineRequest, RequestError,
};

/// Hours that a job may take if nobody says otherwise.
const HOURS: u32 = 24;

impl CreateBatchJob {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`]: not UTF-8, not JSON, fields that make no sense, or a sound request for
    /// something that is not offered. Never panics, whatever the bytes.
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        let value = read_json(body)?;
        let mut findings = Findings::default();
        let body = Field::body(&value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let hours = body.get("timeout_hours").and_then(|field| field.count(1, &mut findings));
        let request = Self {
            endpoint: needed_text(&body, "endpoint", &mut findings),
            input_files: texts(&body, "input_files", &mut findings),
            requests: requests(&body, &mut findings),
            model: text(&body, "model", &mut findings),
            metadata: metadata(&body, &mut findings),
            timeout_hours: hours.unwrap_or(HOURS),
        };
        if let Some(agent) = body.get("agent_id") {
            agent.refuse(Kind::Unsupported, "agents answer no batch jobs here", &mut findings);
        }
        if request.input_files.is_empty() == request.requests.is_empty() {
            body.refuse(
                Kind::Value,
                "must have either `input_files` or `requests`, not empty",
                &mut findings,
            );
        }
        findings.unless_any(request)
    }
}

impl CreateBatch {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// As [`CreateBatchJob::decode`].
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        let value = read_json(body)?;
        let mut findings = Findings::default();
        let body = Field::body(&value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let request = Self {
            endpoint: needed_text(&body, "endpoint", &mut findings),
            input_file_id: needed_text(&body, "input_file_id", &mut findings),
            completion_window: window(&body, &mut findings),
            metadata: metadata(&body, &mut findings),
        };
        findings.unless_any(request)
    }
}

impl BatchLine {
    /// Reads a line of a file of requests.
    ///
    /// # Errors
    /// As [`CreateBatchJob::decode`].
    pub fn decode(line: &[u8]) -> Result<Self, RequestError> {
        let mut value = read_json(line)?;
        let mut findings = Findings::default();
        let field = Field::body(&value);
        if field.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let custom_id = name(&field, &mut findings);
        let url = text(&field, "url", &mut findings);
        if let Some(body) = field.need("body", &mut findings) {
            body.object(&mut findings);
        }
        let body = value.get_mut("body").map(Value::take).unwrap_or_default();
        findings.unless_any(Self { custom_id, url, body })
    }

    /// The name of a line, also of one that makes no sense otherwise.
    pub fn name(line: &[u8]) -> Option<String> {
        let value = read_json(line).ok()?;
        name(&Field::body(&value), &mut Findings::default())
    }
}

/// Some clients count their requests, and send the numbers.
fn name(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    let name = field.get("custom_id")?;
    if name.value().is_number() {
        return name.integer(findings).map(|number| number.to_string());
    }
    name.text(findings).map(str::to_owned)
}

fn needed_text(body: &Field<'_>, key: &str, findings: &mut Findings) -> String {
    let text = body.need(key, findings).and_then(|field| field.text(findings));
    text.unwrap_or_default().to_owned()
}

fn text(body: &Field<'_>, key: &str, findings: &mut Findings) -> Option<String> {
    body.get(key).and_then(|field| field.text(findings)).map(str::to_owned)
}

fn texts(body: &Field<'_>, key: &str, findings: &mut Findings) -> Vec<String> {
    let Some(field) = body.get(key) else { return Vec::new() };
    let Some(list) = field.list(findings) else { return Vec::new() };
    list.iter().filter_map(|item| item.text(findings)).map(str::to_owned).collect()
}

fn requests(body: &Field<'_>, findings: &mut Findings) -> Vec<InlineRequest> {
    let Some(field) = body.get("requests") else { return Vec::new() };
    let Some(list) = field.list(findings) else { return Vec::new() };
    let mut read = |item: &Field<'_>| {
        item.object(findings)?;
        let custom_id = name(item, findings);
        let body = item.need("body", findings)?;
        body.object(findings)?;
        Some(InlineRequest { custom_id, body: body.value().clone() })
    };
    list.iter().filter_map(&mut read).collect()
}

fn metadata(body: &Field<'_>, findings: &mut Findings) -> BTreeMap<String, String> {
    let Some(field) = body.get("metadata") else { return BTreeMap::new() };
    let Some(pairs) = field.object(findings) else { return BTreeMap::new() };
    let mut metadata = BTreeMap::new();
    for key in pairs.keys() {
        let value = field.get(key).and_then(|value| value.text(findings));
        metadata.extend(value.map(|value| (key.clone(), value.to_owned())));
    }
    metadata
}

/// `24h`
fn window(body: &Field<'_>, findings: &mut Findings) -> u32 {
    let Some(field) = body.get("completion_window") else { return HOURS };
    let hours = field.text(findings).map(|text| {
        let hours = text.strip_suffix('h').and_then(|hours| hours.parse().ok());
        hours.filter(|hours| *hours > 0)
    });
    match hours {
        Some(Some(hours)) => hours,
        Some(None) => {
            field.refuse(Kind::Value, "must be a number of hours such as `24h`", findings);
            HOURS
        }
        None => HOURS,
    }
}
