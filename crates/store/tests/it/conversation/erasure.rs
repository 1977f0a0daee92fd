//! Whoever is erased leaves the tables, the index and the file, also after a kill in between.

use assistant::Scope;
use domain::{Account, ErasureId, ErasureReason, OrderedBy, Permissions, Principal, Role};
use governance::{
    Erased, ErasedClass, Erasure, ErasureState,
    ports::{AccessStore as _, ErasureOrdered, ProtectionStore as _},
};
use inference::{
    Budget, BudgetId, BudgetQuantity, BudgetScope,
    ports::{BudgetStore as _, UsageLedger as _},
};
use store::Store;

use super::sample::Talks;

/// Every table with a column for accounts: what becomes of its rows. One that is added without a
/// line here fails, and needs a statement in `protection/removal.rs` or a reason not to.
const TABLES: [(&str, &str); 21] = [
    ("account_group_member", "removed"),
    ("answer_trace", "removed, and those of others that hold words of what is removed"),
    ("answer_trace_source", "removed with its trace"),
    ("api_key", "removed"),
    ("batch_job", "removed, with what it read and answered"),
    ("conversation", "removed"),
    ("conversation_range", "removed"),
    ("document", "removed with its library; without the account where others read that"),
    ("draft", "removed"),
    ("entry", "removed"),
    ("erasure", "the order itself; forgets the account when it is done"),
    ("file", "removed, with its bytes"),
    ("hold", "removed"),
    ("idempotency", "removed"),
    ("identity", "removed"),
    ("library", "removed; stays, without the account, where others read it"),
    ("opening", "removed"),
    ("provisioned", "removed"),
    ("session", "removed"),
    ("sign_in_link", "removed"),
    ("usage", "stays, without the account"),
];

#[tokio::test]
async fn every_table_that_names_an_account_is_known() {
    let talks = Talks::new(811).await;
    let mut connection = crate::raw(&talks.path).await;
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT t.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c \
         WHERE t.type = 'table' AND c.name LIKE '%account%' \
         UNION SELECT DISTINCT t.name FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f \
         WHERE t.type = 'table' AND f.\"table\" = 'account' ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .expect("read");
    assert_eq!(found, TABLES.map(|(name, _)| name.to_owned()).into_iter().collect::<Vec<_>>());
}

fn order(talks: &Talks, account: &Account) -> Erasure {
    Erasure {
        id: ErasureId::from_uuid(talks.samples.id()),
        organisation: account.organisation,
        account: Some(account.id),
        subject: "account:0123456789abcdef".to_owned(),
        reason: ErasureReason::Order,
        ordered_by: OrderedBy::Operator,
        state: ErasureState::Removing,
        ordered_at: talks.samples.now(),
        removed: None,
        erased: Erased::new(),
        certificate: None,
    }
}

#[tokio::test]
async fn a_kill_between_any_two_steps_is_taken_up_again() {
    let talks = Talks::new(812).await;
    let leaver = talks.samples.account(&talks.project, Role::Member);
    let organisation = leaver.organisation;
    let entry = || talks.samples.entry(Some(organisation));
    assert!(talks.store.insert_account(&leaver, &entry()).await.expect("kept"));
    let scope = Scope { organisation, account: leaver.id };
    for number in 0..3 {
        let text = format!("heron{number} lagoon");
        talks.talk(scope, &text, &text, &text).await;
    }
    let kept = talks.talk(talks.scope(), "kept", "stays", "here").await;
    let row = talks.samples.opened(&domain::Caller {
        organisation,
        project: talks.project.id,
        account: leaver.id,
        principal: Principal::Operator,
        permissions: Permissions::NONE,
    });
    talks.store.open(&row, &entry()).await.expect("opened");
    let scope = BudgetScope::Account(leaver.id);
    let id = BudgetId { scope, quantity: BudgetQuantity::TokensPerMonth };
    let budget = Budget { organisation, id, amount: 1_000 };
    assert!(talks.store.put_budget(&budget, row.opened_at, &entry()).await.expect("set"));
    let traces = traces(&talks, &leaver).await;
    assert_eq!(talks.bytes_in_file(&traces).await, vec![true; traces.len()], "the control");

    let erasure = order(&talks, &leaver);
    let ordered = talks.store.order_erasure(&erasure, &entry()).await.expect("answered");
    assert_eq!(ordered, ErasureOrdered::Done);
    // Each step on a store of its own, as after a kill behind the one before.
    let mut steps = 0;
    loop {
        let store = Store::open(&talks.path).await.expect("opened");
        let under_way = store.erasures_under_way(organisation).await.expect("read");
        assert_eq!(under_way.len(), 1, "it is known at every start");
        let more = store.erase_some(organisation, erasure.id, 2).await.expect("removed");
        store.close().await;
        steps += 1;
        assert!(steps < 100, "it comes to an end");
        if !more {
            break;
        }
    }
    assert!(steps > 2, "in some steps: {steps}");
    let store = Store::open(&talks.path).await.expect("opened");
    let last = entry();
    assert!(store.erase_account(organisation, erasure.id, last.at, &last).await.expect("removed"));
    store.overwrite(organisation, &[erasure.id]).await.expect("written anew");
    store.conclude_erasure(organisation, erasure.id, "signed").await.expect("kept");
    store.close().await;
    let wal = std::fs::read(talks.path.with_extension("db-wal")).unwrap_or_default();
    for trace in &traces {
        assert!(!wal.windows(trace.len()).any(|found| found == trace), "beside the file");
    }
    assert_eq!(talks.bytes_in_file(&traces).await, vec![false; traces.len()]);

    let done = talks.store.erasure(organisation, erasure.id).await.expect("read").expect("there");
    assert_eq!((done.state, done.account), (ErasureState::Done, None));
    assert_eq!(done.erased.get(&ErasedClass::Conversations), Some(&3));
    assert_eq!(done.erased.get(&ErasedClass::Entries), Some(&6));
    assert_eq!(done.erased.get(&ErasedClass::UsageRecordsUnlinked), Some(&1));
    assert_eq!(done.erased.get(&ErasedClass::Budgets), Some(&1));
    assert_eq!(talks.store.budgets(organisation).await.expect("read"), []);
    assert_eq!(talks.found(talks.scope(), "stays").await, [kept], "others stay");
    only_the_others_are_indexed(&talks).await;
}

async fn only_the_others_are_indexed(talks: &Talks) {
    let mut connection = crate::raw(&talks.path).await;
    sqlx::query(
        "CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'conversation_search', 'row')",
    )
    .execute(&mut connection)
    .await
    .expect("created");
    let terms = sqlx::query_scalar("SELECT term FROM temp.words ORDER BY term");
    let terms: Vec<String> = terms.fetch_all(&mut connection).await.expect("read");
    assert_eq!(terms, talks.tokens(&["here", "kept", "stays"]));
    let linked: i64 = sqlx::query_scalar("SELECT count(*) FROM usage WHERE account_id IS NULL")
        .fetch_one(&mut connection)
        .await
        .expect("counted");
    assert_eq!(linked, 1, "accounting stays, and says not whose it was");
}

/// The name of the account, and the sealed texts of its conversations.
async fn traces(talks: &Talks, leaver: &Account) -> Vec<Vec<u8>> {
    let mut connection = crate::raw(&talks.path).await;
    let account = leaver.id.as_uuid().as_bytes().to_vec();
    let mut texts: Vec<Vec<u8>> = Vec::new();
    for statement in [
        "SELECT text FROM entry WHERE account_id = ?1",
        "SELECT name FROM conversation WHERE account_id = ?1",
    ] {
        let found: Vec<Vec<u8>> = sqlx::query_scalar(statement)
            .bind(account.clone())
            .fetch_all(&mut connection)
            .await
            .expect("read");
        texts.extend(found);
    }
    assert_eq!(texts.len(), 9);
    texts.push(leaver.name.as_str().as_bytes().to_vec());
    texts
}
