//! Batch jobs in both shapes, from their lines to their files.

use std::time::Duration;

use axum::http::Method;
use domain::BatchJobId;
use governance::NewKey;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use workloads::{BatchJob, Endpoint, FileId, JobState, NewJob};

use crate::{
    file::kept,
    server::{HANG, Server},
};

/// Of the caller, that asks for chats.
pub(crate) async fn a_job(server: &Server, file: FileId) -> BatchJob {
    let new = NewJob {
        endpoint: Endpoint::ChatCompletions,
        model: Some("fake-model".parse().unwrap()),
        inputs: vec![file],
        metadata: [("team".to_owned(), "météo".to_owned())].into(),
        hours: 24,
    };
    server.jobs.create(&server.caller, new).await.unwrap()
}

/// Plays jobs until this one has ended.
pub(crate) async fn until_ended(server: &Server, id: BatchJobId) -> BatchJob {
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running.spawn(server.runner().run(stop.clone()));
    let job = tokio::time::timeout(HANG, async {
        loop {
            let job = server.jobs.read(&server.caller, id).await.unwrap();
            if job.state.is_ended() {
                return job;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    stop.cancel();
    running.join_next().await.unwrap().unwrap();
    job
}

fn line(name: &str, text: &str) -> String {
    let messages = json!([{"role": "user", "content": text}]);
    json!({"custom_id": name, "body": {"messages": messages}}).to_string()
}

async fn lines(server: &Server, id: Option<FileId>) -> Vec<Value> {
    let Some(id) = id else { return Vec::new() };
    let content = server.get(&format!("/v1/files/{id}/content")).await;
    content.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn broken_lines_are_told_and_the_others_are_answered() {
    let server = Server::new().await;
    let content = [
        line("one", "Bonjour tout le monde"),
        String::new(),
        "{".to_owned(),
        json!({"custom_id": "no body"}).to_string(),
        line("one", "again"),
        json!({"custom_id": "model", "body": {"model": "other", "messages": [{"role": "user", "content": "x"}]}}).to_string(),
        json!({"custom_id": "stream", "body": {"stream": true, "messages": [{"role": "user", "content": "x"}]}}).to_string(),
        json!({"custom_id": "url", "url": "/v1/embeddings", "body": {}}).to_string(),
        line("two", "Deux mots"),
    ]
    .join("\n");
    let file = kept(&server, "batch", &content).await;
    assert_eq!(file.lines, Some(8));
    let job = until_ended(&server, a_job(&server, file.id).await.id).await;
    assert_eq!(job.state, JobState::Succeeded);
    assert_eq!((job.counts.total, job.counts.succeeded, job.counts.failed), (8, 2, 6));
    let answered = lines(&server, job.output).await;
    let names: Vec<_> = answered.iter().map(|line| line["custom_id"].clone()).collect();
    assert_eq!(names, ["one", "two"]);
    for answer in &answered {
        assert_eq!(
            (&answer["error"], &answer["response"]["status_code"]),
            (&json!(null), &json!(200))
        );
        assert_eq!(answer["response"]["body"]["object"], "chat.completion");
        assert!(answer["response"]["body"]["usage"]["total_tokens"].as_u64().unwrap() > 0);
    }
    let refused = lines(&server, job.errors).await;
    let told: Vec<_> = refused
        .iter()
        .map(|line| {
            let code = line["error"]["code"].as_str().unwrap();
            format!("{} {} {code}", line["line"], line["custom_id"].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "2 - request.invalid_json",
            "3 no body request.invalid",
            "4 one batch.name_taken",
            "5 model model.unknown",
            "6 stream request.invalid",
            "7 url request.invalid",
        ]
    );
    assert_eq!(refused[3]["response"]["status_code"], 404);
    let entries = server.audit();
    let count = |action: &str| entries.iter().filter(|(known, _)| known == action).count();
    assert_eq!((count("batch.create"), count("batch.end")), (1, 1));
    assert_eq!(count("chat.complete"), 3, "each request that was asked");
}

#[tokio::test]
async fn both_shapes_tell_of_the_same_job() {
    let server = Server::new().await;
    let file = kept(&server, "batch", &line("a", "Bonjour")).await;
    let made = server.request(
        Method::POST,
        "/v1/batch/jobs",
        json!({
            "endpoint": "/v1/chat/completions", "input_files": [file.id.to_string()],
            "model": "fake-model", "metadata": {"team": "météo"},
        })
        .to_string(),
    );
    let made = server.send(made).await.json();
    assert_eq!((&made["status"], &made["total_requests"]), (&json!("QUEUED"), &json!(1)));
    let id = made["id"].as_str().unwrap();
    until_ended(&server, id.parse().unwrap()).await;
    let job = server.get(&format!("/v1/batch/jobs/{id}?inline=true")).await.json();
    assert_eq!(job["status"], "SUCCESS");
    assert_eq!(job["outputs"][0]["custom_id"], "a");
    assert_eq!(job["metadata"]["team"], "météo");
    assert_eq!((&job["error_file"], &job["errors"]), (&json!(null), &json!([])));
    let batch = server.get(&format!("/v1/batches/{id}")).await.json();
    assert_eq!(batch["status"], "completed");
    assert_eq!(batch["output_file_id"], job["output_file"]);
    assert_eq!(batch["request_counts"], json!({"total": 1, "completed": 1, "failed": 0}));
    assert_eq!(
        (&batch["completion_window"], &batch["input_file_id"]),
        (&json!("24h"), &job["input_files"][0])
    );
    assert_eq!(server.get("/v1/batch/jobs?status=SUCCESS").await.json()["total"], 1);
    assert_eq!(server.get("/v1/batch/jobs?status=RUNNING").await.json()["total"], 0);
    let listed = server.get("/v1/batches?limit=1").await.json();
    assert_eq!((&listed["data"][0], &listed["last_id"]), (&batch, &json!(id)));
    assert_eq!(server.get(&format!("/v1/batches?after={id}")).await.json()["data"], json!([]));
    server.get("/v1/batch/jobs?status=DONE").await.assert_problem(422, "request.invalid");
    let deleted = server.request(Method::DELETE, &format!("/v1/batch/jobs/{id}"), "");
    assert_eq!(server.send(deleted).await.json()["deleted"], true);
    server.get(&format!("/v1/batches/{id}")).await.assert_problem(404, "batch.unknown");
}

#[tokio::test]
async fn requests_may_come_with_the_job_and_ask_for_vectors() {
    let server = Server::new().await;
    let body = json!({
        "endpoint": "/v1/embeddings", "model": "fake-embedder",
        "requests": [{"custom_id": 1, "body": {"input": "Bonjour"}}, {"body": {"input": "x"}}],
    });
    let made = server.send(server.request(Method::POST, "/v1/batch/jobs", body.to_string())).await;
    let job = until_ended(&server, made.json()["id"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!((job.state, job.counts.succeeded), (JobState::Succeeded, 2));
    let answered = lines(&server, job.output).await;
    assert_eq!(answered[0]["custom_id"], "1");
    assert_eq!(answered[1]["response"]["body"]["data"][0]["object"], "embedding");
}

#[tokio::test]
async fn jobs_that_make_no_sense_are_refused() {
    let server = Server::new().await;
    let batch = kept(&server, "batch", "{}").await.id.to_string();
    let other = kept(&server, "ocr", "{}").await.id.to_string();
    let empty = kept(&server, "batch", "\n \n").await.id.to_string();
    let chat = "/v1/chat/completions";
    for (body, status, code) in [
        (
            json!({"endpoint": "/v1/fim/completions", "input_files": [batch]}),
            422,
            "batch.endpoint_refused",
        ),
        (json!({"endpoint": chat, "input_files": [other]}), 422, "batch.input_refused"),
        (json!({"endpoint": chat, "input_files": [empty]}), 422, "batch.input_refused"),
        (json!({"endpoint": chat, "input_files": ["nothing"]}), 404, "file.unknown"),
        (json!({"endpoint": chat, "input_files": vec![&batch; 17]}), 422, "request.invalid"),
        (
            json!({"endpoint": chat, "input_files": [batch], "timeout_hours": 169}),
            422,
            "request.invalid",
        ),
        (json!({"endpoint": chat, "input_files": [batch], "model": "a b"}), 404, "model.unknown"),
        (json!({"endpoint": chat, "input_files": []}), 422, "request.invalid"),
    ] {
        let request = server.request(Method::POST, "/v1/batch/jobs", body.to_string());
        server.send(request).await.assert_problem(status, code);
    }
    assert_eq!(server.get("/v1/batch/jobs").await.json()["total"], 0);
}

#[tokio::test]
async fn a_job_that_runs_keeps_its_files_and_is_not_deleted() {
    let server = Server::new().await;
    let file = kept(&server, "batch", &line("a", "x")).await;
    let job = a_job(&server, file.id).await;
    let file = server.request(Method::DELETE, &format!("/v1/files/{}", file.id), "");
    server.send(file).await.assert_problem(409, "file.in_use");
    let path = format!("/v1/batch/jobs/{}", job.id);
    let deleted = server.request(Method::DELETE, &path, "");
    server.send(deleted).await.assert_problem(409, "batch.unfinished");
    let cancelled = server.request(Method::POST, &format!("{path}/cancel"), "");
    assert_eq!(server.send(cancelled).await.json()["status"], "CANCELLATION_REQUESTED");
    let ended = until_ended(&server, job.id).await;
    assert_eq!((ended.state, ended.counts.completed()), (JobState::Cancelled, 0));
    assert_eq!((ended.output, ended.errors), (None, None));
    let again = server.request(Method::POST, &format!("{path}/cancel"), "");
    assert_eq!(server.send(again).await.json()["status"], "CANCELLED");
}

#[tokio::test]
async fn a_job_ends_with_its_time_and_with_its_key() {
    let server = Server::new().await;
    let file = kept(&server, "batch", &line("a", "x")).await;
    let late = a_job(&server, file.id).await;
    server.clock.advance(Duration::from_hours(25));
    assert_eq!(until_ended(&server, late.id).await.state, JobState::TimedOut);

    let operator = server.access.operator().await.unwrap();
    let key = server.access.create_key(&operator, &NewKey::named("jobs")).await.unwrap();
    let caller = server.access.authenticate_key(&key.secret.expose()).await.unwrap();
    let new = NewJob {
        endpoint: Endpoint::ChatCompletions,
        model: None,
        inputs: vec![file.id],
        metadata: std::collections::BTreeMap::new(),
        hours: 1,
    };
    let job = server.jobs.create(&caller, new).await.unwrap();
    server.access.revoke_key(&operator, key.key.id).await.unwrap();
    let ended = until_ended(&server, job.id).await;
    assert_eq!(
        (ended.state, ended.failure.map(|it| it.code)),
        (JobState::Failed, Some("auth.revoked".to_owned()))
    );
    let shown = server.get(&format!("/v1/batch/jobs/{}", job.id)).await.json();
    assert_eq!(shown["errors"][0]["message"], "auth.revoked");
    assert_eq!(server.engine.counts().started, 0);
}
