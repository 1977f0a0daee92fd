//! The route that has the deployment assessed.

use std::sync::atomic::Ordering;

use axum::{body::Body, http::Method};

use crate::server::{Answer, Server};

const PATH: &str = "/v1/sovereignty/assessment";

/// Until the assessment of a request waits to be let end.
async fn begun(server: &Server, request: &mut (impl Future<Output = Answer> + Unpin)) {
    while server.switches.assessments_begun.load(Ordering::Relaxed) == 0 {
        assert!(futures_util::poll!(&mut *request).is_pending());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_report_is_answered_as_it_was_made_and_logged() {
    let server = Server::new().await;
    let answer = server.get(&format!("{PATH}?framework=dora")).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "{\"framework\":\"dora\"}"));
    assert_eq!(answer.headers["cache-control"], "no-store");
    server.assert_audit(&[("sovereignty.assess", "ok")]);
    // SHA-256 of the body above.
    let expected = "report:sha256:c619f6fa005439bf491f235fbc426714db5310dd0cbad845e976096ce25a099e";
    let entries = server.store.audit_entries();
    let canonical = String::from_utf8_lossy(&entries.last().unwrap().canonical).into_owned();
    assert!(canonical.contains(expected), "{canonical}");
}

#[tokio::test]
async fn texts_that_there_are_not_are_refused() {
    let server = Server::new().await;
    for query in ["framework=iso", "framework=", "framework=csf&framework=c3a"] {
        server.get(&format!("{PATH}?{query}")).await.assert_problem(422, "request.invalid");
    }
}

#[tokio::test]
async fn one_assessment_is_made_at_a_time_and_others_are_told() {
    let server = Server::new().await;
    let held = server.switches.assessing.lock().await;
    let first = server.request(Method::GET, PATH, Body::empty());
    let mut first = Box::pin(server.send(first));
    // The first one has its place before it waits: nobody else gets it.
    begun(&server, &mut first).await;
    let second = server.get(PATH).await;
    second.assert_problem(409, "assessment.running");
    assert_eq!(second.headers["retry-after"], "2");
    drop(held);
    assert_eq!(first.await.status, 200);
    assert_eq!(server.get(PATH).await.status, 200);
}

#[tokio::test]
async fn a_report_that_nobody_waits_for_is_logged_and_gives_its_place_back() {
    let server = Server::new().await;
    let held = server.switches.assessing.lock().await;
    let request = server.request(Method::GET, PATH, Body::empty());
    let mut gone = Box::pin(server.send(request));
    begun(&server, &mut gone).await;
    drop(gone);
    server.get(PATH).await.assert_problem(409, "assessment.running");
    drop(held);
    while server.get(PATH).await.status != 200 {
        tokio::task::yield_now().await;
    }
    let logged = server.audit().into_iter().filter(|(action, _)| action == "sovereignty.assess");
    assert_eq!(logged.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let server = Server::new().await;
    let _held = server.switches.assessing.lock().await;
    // Longer than the bound of the client in these tests: asked without it.
    let request = server.request(Method::GET, PATH, Body::empty());
    let sent = tower::ServiceExt::oneshot(server.router.clone(), request);
    assert_eq!(sent.await.unwrap().status(), 503);
}

#[tokio::test]
async fn why_it_failed_is_told_to_the_operator_alone() {
    let server = Server::new().await;
    server.switches.assessor_fails.store(true, Ordering::Relaxed);
    let answer = server.get(PATH).await;
    answer.assert_problem(500, "assessment.failed");
    assert!(!answer.body.contains("disk"), "{}", answer.body);
}
