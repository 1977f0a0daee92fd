//! What becomes of requests while the server stops.

use std::{pin::pin, sync::Arc, time::Duration};

use inference::{ChatError, ChatLimits, GatewayError};
use testkit::{FakeEngine, FakeUpstream, UpstreamBehaviour as Behaviour};
use tokio::{sync::Notify, time::timeout};
use tokio_util::task::TaskTracker;

use super::{Elsewhere, MODEL, asked};
use crate::{HANG, World, caller, read, settlement::LateLedger};

#[tokio::test]
async fn a_server_that_stops_cuts_what_does_not_end() {
    let upstream = FakeUpstream::new("paris", MODEL);
    upstream.behave(Behaviour::Stalls);
    let elsewhere = Elsewhere::of(&[&upstream]);
    let stream = elsewhere.ask().await.unwrap();
    let stop = elsewhere.chat.shut_down(Duration::from_millis(50));
    let (read, ()) = tokio::join!(read(stream), stop);
    assert_eq!(read.0, "paris");
    assert_eq!(elsewhere.world.row().outcome, "cancelled");
    let Err(error) = elsewhere.ask().await else { panic!("it has stopped") };
    assert!(matches!(error, ChatError::Stopping | ChatError::Gateway(GatewayError::Stopping)));
}

/// Its row is on its way to the disk when the server is told to stop: it is let in, so it is
/// answered.
#[tokio::test]
async fn a_server_that_stops_lets_a_request_end_of_which_nothing_was_sent_yet() {
    let (written, acknowledge) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let late = (written.clone(), acknowledge.clone());
    let world = World::with_ledger(FakeEngine::new(), ChatLimits::default(), |store| {
        let (written, acknowledge) = late;
        Arc::new(LateLedger { store, written, acknowledge })
    });
    let upstream = FakeUpstream::new("paris", MODEL);
    let elsewhere = Elsewhere::in_world(world, &[&upstream], Vec::new());
    let asking = TaskTracker::new().spawn({
        let chat = elsewhere.chat.clone();
        async move { read(chat.start(&caller(), asked(MODEL)).await.unwrap()).await }
    });
    timeout(HANG, written.notified()).await.expect("the row is written");
    let mut stop = pin!(elsewhere.chat.shut_down(HANG));
    tokio::select! {
        biased;
        () = &mut stop => panic!("a request is under way"),
        () = tokio::task::yield_now() => {}
    }
    acknowledge.notify_one();
    let (asked, ()) = tokio::join!(timeout(HANG, asking), stop);
    assert_eq!(asked.expect("an answer").unwrap().0, "paris");
    assert_eq!(elsewhere.world.row().outcome, "finished");
}
