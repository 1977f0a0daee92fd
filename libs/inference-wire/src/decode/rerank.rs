//! Reads requests to order documents.

use super::{
    field::{Field, Findings},
    read_json,
};
use crate::{FieldErrorKind as Kind, RequestError, RerankRequest, limits};

impl RerankRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`]: not UTF-8, not JSON, or fields that make no sense. Never panics, whatever
    /// the bytes.
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        let value = read_json(body)?;
        let mut findings = Findings::default();
        let body = Field::body(&value);
        if body.object(&mut findings).is_none() {
            return findings.unless_any(Self::default());
        }
        let text = |field: Option<Field<'_>>, findings: &mut Findings| {
            field.and_then(|field| field.text(findings)).unwrap_or_default().to_owned()
        };
        let prefix = |key, findings: &mut Findings| {
            body.get(key).and_then(|field| read_prefix(&field, findings)).unwrap_or_default()
        };
        let model = body.need("model", &mut findings);
        // Older clients say `prompt` and `input`.
        let query = body.get("query").or_else(|| body.get("prompt"));
        let query = query.or_else(|| body.need("query", &mut findings));
        let documents = body.get("documents").or_else(|| body.get("input"));
        let documents = documents.or_else(|| body.need("documents", &mut findings));
        let documents = documents.and_then(|field| read_documents(&field, &mut findings));
        let told = body.get("return_documents").and_then(|field| field.boolean(&mut findings));
        let request = Self {
            model: text(model, &mut findings),
            query: text(query, &mut findings),
            documents: documents.unwrap_or_default(),
            top_n: body.get("top_n").and_then(|field| field.count(1, &mut findings)),
            return_documents: told.unwrap_or(false),
            query_prefix: prefix("query_prefix", &mut findings),
            document_prefix: prefix("document_prefix", &mut findings),
        };
        findings.unless_any(request)
    }
}

/// It stands before each of many texts: one that is long would be copied as often.
fn read_prefix(field: &Field<'_>, findings: &mut Findings) -> Option<String> {
    let prefix = field.text(findings)?;
    if prefix.len() > limits::PREFIX_BYTES {
        let message = format!("must have at most {} bytes", limits::PREFIX_BYTES);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    Some(prefix.to_owned())
}

fn read_documents(field: &Field<'_>, findings: &mut Findings) -> Option<Vec<String>> {
    let list = field.list(findings)?;
    if list.is_empty() {
        field.refuse(Kind::TooShort, "must have at least one document", findings);
        return None;
    }
    if list.len() > limits::DOCUMENTS {
        let message = format!("must have at most {} documents", limits::DOCUMENTS);
        field.refuse(Kind::TooLong, &message, findings);
        return None;
    }
    list.iter().map(|document| read_document(document, findings)).collect()
}

fn read_document(document: &Field<'_>, findings: &mut Findings) -> Option<String> {
    if document.value().is_object() {
        return document.need("text", findings)?.text(findings).map(str::to_owned);
    }
    document.text(findings).map(str::to_owned)
}
