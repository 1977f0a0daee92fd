//! `POST /v1/rerank`

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use domain::ModelId;
use inference::{
    EmbedCommand,
    ports::{Passage, WhenTooLong},
};
use inference_wire::{
    ErrorBody, ListObject, RerankDocument, RerankObject, RerankRequest, RerankResponse,
    RerankResult, RerankScore,
};

use crate::{ApiState, answer, body, caller::Authenticated, convert, problem::Problem};

/// Order documents by a question
///
/// A model that makes vectors reads the question and all documents; the nearer a document's vector
/// to that of the question, the earlier it stands. The end of what is longer than the model reads
/// is left out. Models may expect a prefix before each text: `query_prefix`, `document_prefix`.
#[utoipa::path(
    post,
    path = "/v1/rerank",
    operation_id = "rerank",
    tag = "embeddings",
    request_body = RerankRequest,
    responses(
        (status = 200, description = "The documents in their order", body = RerankResponse),
        (status = 400, description = "Not JSON, not UTF-8, or a model that makes no vectors", body = ErrorBody),
        (status = 401, description = "The caller is not known", body = ErrorBody),
        (status = 403, description = "The caller may not do this, or the request comes from a foreign page", body = ErrorBody),
        (status = 404, description = "The model is not served here", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 422, description = "Fields that make no sense, or a model that only engines elsewhere have", body = ErrorBody),
        (status = 429, description = "Every place is taken, or a limit is reached; see Retry-After", body = ErrorBody),
        (status = 500, description = "The engine failed", body = ErrorBody),
        (status = 503, description = "The server is stopping or cannot record the request, or no engine that has the model may be asked and is well", body = ErrorBody),
    ),
    security(("api_key" = []), ("session" = [])),
    extensions(("x-audit-class" = json!("embedding.create")), ("x-permission" = json!("models"))),
)]
pub(crate) async fn order(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(request, &state.settings).await?;
    let request = RerankRequest::decode(&body)?;
    drop(body);
    let embedded = state.embeddings.embed(&caller, command(&request)?).await?;
    let mut results = results(&embedded.vectors);
    results.truncate(request.top_n.map_or(usize::MAX, |most| most as usize));
    if request.return_documents {
        for result in &mut results {
            let text = request.documents.get(result.index as usize).cloned();
            result.document = text.map(|text| RerankDocument { text });
        }
    }
    let data = results.iter().map(score).collect();
    let mut response = Json(RerankResponse {
        id: format!("rerank-{}", embedded.request),
        object: ListObject::List,
        model: embedded.model.to_string(),
        results,
        data,
        usage: convert::usage(&embedded.usage),
    })
    .into_response();
    answer::name(&mut response, embedded.request);
    Ok(response)
}

/// As older clients of Albert read it.
fn score(result: &RerankResult) -> RerankScore {
    let RerankResult { index, relevance_score, .. } = *result;
    RerankScore { object: RerankObject::Rerank, score: relevance_score, index }
}

/// The question comes first.
fn command(request: &RerankRequest) -> Result<EmbedCommand, Problem> {
    let model = request.model.parse::<ModelId>();
    let model = model.map_err(|_| Problem::model_unknown(&request.model))?;
    let query = format!("{}{}", request.query_prefix, request.query);
    let document = |text: &String| format!("{}{text}", request.document_prefix);
    let texts = std::iter::once(query).chain(request.documents.iter().map(document));
    Ok(EmbedCommand {
        model,
        passages: texts.map(Passage::Text).collect(),
        when_too_long: WhenTooLong::Cut,
        dimensions: None,
    })
}

/// Of documents that are equally near, the earlier stays the earlier. Vectors have length one.
fn results(vectors: &[Vec<f32>]) -> Vec<RerankResult> {
    let Some((query, documents)) = vectors.split_first() else { return Vec::new() };
    let cosine = |vector: &Vec<f32>| query.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
    let result = |(index, vector)| RerankResult {
        index,
        relevance_score: cosine(vector).clamp(-1.0, 1.0),
        document: None,
    };
    let mut results: Vec<_> = (0..).zip(documents).map(result).collect();
    results.sort_by(|one, other| other.relevance_score.total_cmp(&one.relevance_score));
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_ties_keep_their_order() {
        let vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.0, -1.0], [0.0, 1.0], [1.0, 0.0]];
        let order: Vec<_> = results(&vectors.map(|vector| vector.to_vec()))
            .into_iter()
            .map(|result| (result.index, result.relevance_score))
            .collect();
        let expected = [(4, 1.0), (1, 0.6), (0, 0.0), (2, 0.0), (3, 0.0)];
        assert_eq!(order.len(), expected.len());
        for ((index, score), (wanted, near)) in order.iter().zip(expected) {
            assert_eq!(*index, wanted, "{order:?}");
            assert!((score - near).abs() < 1e-6, "{order:?}");
        }
        assert!(results(&[]).is_empty());
    }
}
