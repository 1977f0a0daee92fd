//! What every `UsageLedger` does.

use std::sync::Arc;

use carbon_ledger::Method;
use domain::{
    AccountId, Caller, KeyId, ModelDigest, OrganisationId, Permissions, Principal, ProjectId,
    SessionId, Timestamp,
};
use governance::{AuditEntry, ports::AuditStore};
use inference::{
    AnsweredBy, UpstreamEngine, UsageFigures, UsageOpened, UsageOutcome, UsageRecord, UsageSettled,
    ports::UsageLedger,
};
use tokio::task::JoinSet;

use crate::{Samples, UsageRows, deployment};

/// One store, seen through its ports and from behind.
#[derive(Clone)]
pub struct UsageUnderTest {
    pub ledger: Arc<dyn UsageLedger>,
    pub audit: Arc<dyn AuditStore>,
    pub rows: Arc<dyn UsageRows>,
}

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn usage_suite(make: impl AsyncFn() -> UsageUnderTest) {
    a_row_is_opened_with_its_entry(make().await, &Samples::new(31)).await;
    a_refused_row_leaves_no_entry(make().await, &Samples::new(32)).await;
    a_row_is_settled_once(make().await, &Samples::new(33)).await;
    a_row_that_was_never_opened_is_not_settled(make().await, &Samples::new(34)).await;
    only_running_rows_are_closed_as_interrupted(make().await, &Samples::new(35)).await;
    many_requests_at_once(make().await, Samples::new(36)).await;
    a_row_is_found_by_its_account_alone(make().await, &Samples::new(37)).await;
    what_was_obtained_differently_is_not_added_up(make().await, &Samples::new(38)).await;
    shares_tell_who_answered(&make().await, &Samples::new(39)).await;
}

async fn a_row_is_opened_with_its_entry(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let mut expected = Vec::new();
    for principal in [
        Principal::Key(KeyId::from_uuid(samples.id())),
        Principal::Session(SessionId::from_uuid(samples.id())),
        Principal::Operator,
    ] {
        let opened = samples.opened(&caller(samples, organisation, principal));
        let entry = samples.entry(Some(organisation));
        store.ledger.open(&opened, &entry).await.expect("opened");
        expected.push(running(opened));
        assert_eq!(store.rows.usage_rows(organisation).await, expected);
        assert_eq!(store.trail(organisation).await.last(), Some(&entry));
    }
    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.rows.usage_rows(stranger).await, []);
}

async fn a_refused_row_leaves_no_entry(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let opened = samples.opened(&caller(samples, organisation, Principal::Operator));
    let entry = samples.entry(Some(organisation));
    store.ledger.open(&opened, &entry).await.expect("opened");

    let twin = UsageOpened { prompt_tokens: 9_999, ..opened.clone() };
    let second = samples.entry(Some(organisation));
    store.ledger.open(&twin, &second).await.expect_err("a request is opened once");
    assert_eq!(store.trail(organisation).await, std::slice::from_ref(&entry), "both or neither");
    assert_eq!(store.rows.usage_rows(organisation).await, [running(opened.clone())]);

    let other = samples.opened(&caller(samples, organisation, Principal::Operator));
    store.ledger.open(&other, &entry).await.expect_err("an entry is written once");
    assert_eq!(store.rows.usage_rows(organisation).await, [running(opened)], "both or neither");
    store.ledger.open(&other, &second).await.expect("nothing was left behind");
}

async fn a_row_is_settled_once(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let mut expected = Vec::new();
    for outcome in [UsageOutcome::Finished, UsageOutcome::Cancelled, UsageOutcome::Failed] {
        let opened = store.open(samples, organisation).await;
        let first = samples.settled(&opened, outcome);
        store.ledger.settle(&first).await.expect("settled");
        expected.push(settled(opened.clone(), &first));
        assert_eq!(store.rows.usage_rows(organisation).await, expected);

        store.ledger.settle(&first).await.expect("settling again is no error");
        let other = samples.settled(&opened, UsageOutcome::Finished);
        store.ledger.settle(&other).await.expect("settling again is no error");
        assert_eq!(store.rows.usage_rows(organisation).await, expected, "the first one stays");
    }
}

async fn a_row_that_was_never_opened_is_not_settled(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let never = samples.opened(&caller(samples, organisation, Principal::Operator));
    let lost = samples.settled(&never, UsageOutcome::Finished);
    store.ledger.settle(&lost).await.expect_err("usage would be lost in silence");
    assert_eq!(store.rows.usage_rows(organisation).await, []);

    let opened = store.open(samples, organisation).await;
    let stranger = OrganisationId::from_uuid(samples.id());
    let theirs =
        UsageSettled { organisation: stranger, ..samples.settled(&opened, UsageOutcome::Finished) };
    store.ledger.settle(&theirs).await.expect_err("another organisation has no such request");
    assert_eq!(store.rows.usage_rows(organisation).await, [running(opened)]);
    assert_eq!(store.rows.usage_rows(stranger).await, []);
}

async fn only_running_rows_are_closed_as_interrupted(store: UsageUnderTest, samples: &Samples) {
    let (first, second) =
        (OrganisationId::from_uuid(samples.id()), OrganisationId::from_uuid(samples.id()));
    let closed = store.ledger.close_interrupted(samples.now()).await.expect("closed");
    assert_eq!(closed, 0, "there is nothing to close");

    let finished = store.open(samples, first).await;
    let end = samples.settled(&finished, UsageOutcome::Finished);
    store.ledger.settle(&end).await.expect("settled");
    let (left, theirs) = (store.open(samples, first).await, store.open(samples, second).await);
    let at = samples.now();
    assert_eq!(store.ledger.close_interrupted(at).await.expect("closed"), 2);

    let interrupted = |opened| UsageRecord {
        outcome: UsageOutcome::Interrupted.as_str().to_owned(),
        settled_at: Some(at),
        ..running(opened)
    };
    let expected = [settled(finished, &end), interrupted(left.clone())];
    assert_eq!(store.rows.usage_rows(first).await, expected);
    assert_eq!(store.rows.usage_rows(second).await, [interrupted(theirs)]);

    let again = store.ledger.close_interrupted(samples.now()).await.expect("closed");
    assert_eq!(again, 0, "closed once");
    let late = samples.settled(&left, UsageOutcome::Finished);
    store.ledger.settle(&late).await.expect("too late is no error");
    assert_eq!(store.rows.usage_rows(first).await, expected, "it stays interrupted");
}

async fn many_requests_at_once(store: UsageUnderTest, samples: Samples) {
    let samples = Arc::new(samples);
    let organisation = OrganisationId::from_uuid(samples.id());
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let (store, samples) = (store.clone(), Arc::clone(&samples));
        tasks.spawn(async move {
            let opened = store.open(&samples, organisation).await;
            let end = samples.settled(&opened, UsageOutcome::Finished);
            store.ledger.settle(&end).await.expect("settled");
            settled(opened, &end)
        });
    }
    let mut expected = tasks.join_all().await;
    expected.sort_by_key(|row| row.opened.request);
    assert_eq!(store.rows.usage_rows(organisation).await, expected);
    assert_eq!(store.trail(organisation).await.len(), 32);
}

async fn a_row_is_found_by_its_account_alone(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let asker = caller(samples, organisation, Principal::Operator);
    let opened = samples.opened(&asker);
    store.ledger.open(&opened, &samples.entry(Some(organisation))).await.expect("opened");
    let found = store.ledger.find(&asker, opened.request).await.expect("read");
    assert_eq!(found, Some(running(opened.clone())));
    let end = samples.settled(&opened, UsageOutcome::Finished);
    store.ledger.settle(&end).await.expect("settled");
    let again = Caller { principal: Principal::Key(KeyId::from_uuid(samples.id())), ..asker };
    let found = store.ledger.find(&again, opened.request).await.expect("read");
    assert_eq!(found, Some(settled(opened.clone(), &end)), "with another key of the account");

    // Before deployments and digests were noted.
    let bare = UsageOpened { digest: None, deployment: None, ..samples.opened(&asker) };
    store.ledger.open(&bare, &samples.entry(Some(organisation))).await.expect("opened");
    let found = store.ledger.find(&asker, bare.request).await.expect("read");
    assert_eq!(found, Some(running(bare)));

    let strangers = [
        Caller { account: AccountId::from_uuid(samples.id()), ..asker },
        Caller { organisation: OrganisationId::from_uuid(samples.id()), ..asker },
    ];
    for stranger in strangers {
        assert_eq!(store.ledger.find(&stranger, opened.request).await.expect("read"), None);
    }
    let never = samples.opened(&asker).request;
    assert_eq!(store.ledger.find(&asker, never).await.expect("read"), None);
}

async fn what_was_obtained_differently_is_not_added_up(store: UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.ledger.totals(organisation).await.expect("read"), []);
    let digest = Some(ModelDigest::from_bytes([7; 32]));
    let asker = caller(samples, organisation, Principal::Operator);
    // 2026-11-30T23:59:59Z
    let november = Timestamp::from_micros(1_796_083_199_000_000);
    let mut ends = Vec::new();
    let cases = [
        (0, Some(Method::Measured)),
        (0, Some(Method::Measured)),
        (0, Some(Method::Estimated)),
        (0, None),
        (1, Some(Method::Measured)),
    ];
    for (later, method) in cases {
        let opened_at = november.plus_seconds(later);
        let opened = UsageOpened { digest, opened_at, ..samples.opened(&asker) };
        let entry = samples.entry(Some(organisation));
        store.ledger.open(&opened, &entry).await.expect("opened");
        let Some(method) = method else { continue };
        let mut end = samples.settled(&opened, UsageOutcome::Finished);
        end.usage.footprint.energy.method = method;
        store.ledger.settle(&end).await.expect("settled");
        ends.push(end.usage);
    }
    let totals = store.ledger.totals(organisation).await.expect("read");
    let seen: Vec<_> = totals
        .iter()
        .map(|total| {
            let method = total.sum.as_ref().map(|sum| sum.energy_method.as_str());
            (total.month.as_str(), total.requests, method)
        })
        .collect();
    let expected = [
        ("2026-11", 1, None),
        ("2026-11", 1, Some("estimated")),
        ("2026-11", 2, Some("measured")),
        ("2026-12", 1, Some("measured")),
    ];
    assert_eq!(seen, expected);
    assert!(totals.iter().all(|total| total.digest == digest));
    let sum = totals[2].sum.as_ref().expect("settled");
    let [first, second] = [&ends[0], &ends[1]];
    assert_eq!(sum.prompt_tokens, u64::from(first.prompt_tokens + second.prompt_tokens));
    let joules = (first.footprint.energy.joules + second.footprint.energy.joules).value();
    let grams =
        (first.footprint.emissions.grams.value()) + second.footprint.emissions.grams.value();
    assert!((sum.energy_joules - joules).abs() < 1e-9, "{sum:?}");
    assert!((sum.co2e_grams - grams).abs() < 1e-9, "{sum:?}");
    assert!((sum.energy_uncertainty_percent - 60.0).abs() < 1e-9, "both rows say 60: {sum:?}");
    assert_eq!(sum.grid_zone, "FR");
    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.ledger.totals(stranger).await.expect("read"), []);
}

/// Whoever answered in the end counts, and only what was asked since then. Nobody has answered what
/// runs or failed.
async fn shares_tell_who_answered(store: &UsageUnderTest, samples: &Samples) {
    let organisation = OrganisationId::from_uuid(samples.id());
    let mut elsewhere = deployment();
    elsewhere.engine = AnsweredBy::Upstream(UpstreamEngine {
        id: "paris".to_owned(),
        kind: "vllm".to_owned(),
        party: "https://paris.example".to_owned(),
        is_own: false,
    });
    let early = store.open(samples, organisation).await;
    let here = store.open(samples, organisation).await;
    let there = store.open(samples, organisation).await;
    let stopped = store.open(samples, organisation).await;
    let failed = store.open(samples, organisation).await;
    store.open(samples, organisation).await;
    for (opened, outcome, answered_by) in [
        (&early, UsageOutcome::Finished, None),
        (&here, UsageOutcome::Finished, None),
        (&there, UsageOutcome::Finished, Some(elsewhere.into())),
        (&stopped, UsageOutcome::Cancelled, None),
        (&failed, UsageOutcome::Failed, None),
    ] {
        let settled = samples.settled(opened, outcome);
        let settled = UsageSettled { answered_by, ..settled };
        store.ledger.settle(&settled).await.expect("settled");
    }
    let asker = Caller { account: there.account, ..caller(samples, organisation, there.principal) };
    let row = store.ledger.find(&asker, there.request).await.expect("read").expect("there");
    let engine = &row.opened.deployment.expect("noted").engine;
    assert!(matches!(engine, AnsweredBy::Upstream(engine) if engine.id == "paris"), "{engine:?}");
    let shares = store.ledger.shares(organisation, here.opened_at).await.expect("read");
    let mut seen: Vec<_> =
        shares.iter().map(|one| (one.upstream.as_deref(), one.is_own, one.requests)).collect();
    seen.sort();
    // Each row is of a project of its own.
    assert_eq!(seen, [(None, true, 1), (None, true, 1), (Some("paris"), false, 1)]);
    assert!(shares.iter().all(|share| share.tokens > 0), "{shares:?}");
    let stranger = OrganisationId::from_uuid(samples.id());
    assert_eq!(store.ledger.shares(stranger, here.opened_at).await.expect("read"), []);
}

impl UsageUnderTest {
    async fn open(&self, samples: &Samples, organisation: OrganisationId) -> UsageOpened {
        let opened = samples.opened(&caller(samples, organisation, Principal::Operator));
        let entry = samples.entry(Some(organisation));
        self.ledger.open(&opened, &entry).await.expect("opened");
        opened
    }

    async fn trail(&self, organisation: OrganisationId) -> Vec<AuditEntry> {
        let entries = self.audit.read_after(Some(organisation), 0, 1_000).await;
        entries.expect("readable").into_iter().map(|(_, entry)| entry).collect()
    }
}

fn caller(samples: &Samples, organisation: OrganisationId, principal: Principal) -> Caller {
    Caller {
        organisation,
        project: ProjectId::from_uuid(samples.id()),
        account: AccountId::from_uuid(samples.id()),
        principal,
        permissions: Permissions::NONE,
    }
}

fn running(opened: UsageOpened) -> UsageRecord {
    UsageRecord { opened, outcome: "running".to_owned(), settled_at: None, figures: None }
}

fn settled(opened: UsageOpened, settled: &UsageSettled) -> UsageRecord {
    UsageRecord {
        opened,
        outcome: settled.outcome.as_str().to_owned(),
        settled_at: Some(settled.settled_at),
        figures: Some(UsageFigures::from(&settled.usage)),
    }
}
