//! How the database finds rows: through which index, and what it sorts.

use sqlx::{Connection as _, SqliteConnection};

use super::{entry::read, list};
use crate::schema;

async fn steps(statement: &str) -> Vec<String> {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    schema::migrate(&mut connection).await.unwrap();
    let explained = format!("EXPLAIN QUERY PLAN {statement}");
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(sqlx::AssertSqlSafe(explained)).fetch_all(&mut connection).await.unwrap();
    steps.into_iter().map(|(.., step)| step).collect()
}

/// The steps of a plan, without those that read what a step before has gathered.
async fn plan(statement: &str) -> Vec<String> {
    let steps = steps(statement).await.into_iter();
    steps.filter(|step| step.starts_with("SEARCH") || step.contains(" VIRTUAL ")).collect()
}

const LISTED: &str = "SEARCH conversation USING COVERING INDEX conversation_listed \
     (organisation_id=? AND account_id=?)";
const BY_NUMBER: &str = "SEARCH c USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN";

#[tokio::test]
async fn the_list_reads_its_index_in_order() {
    assert_eq!(plan(list::PAGE).await, [LISTED, BY_NUMBER, LISTED]);
}

#[tokio::test]
async fn a_search_reads_the_words_of_its_account() {
    // `M1`: the first column's words; `>` and `<`: the numbers of one account.
    let words = "SCAN conversation_search VIRTUAL TABLE INDEX 0:M1><";
    // The words are looked up once, for the page and for the total.
    assert_eq!(plan(list::PAGE_FOUND).await, [LISTED, words, BY_NUMBER, LISTED]);
}

#[tokio::test]
async fn entries_are_found_by_tenant_and_conversation() {
    let by = |name: &str, columns: &str| {
        format!(
            "SEARCH {name} USING INDEX sqlite_autoindex_entry_1 \
             (organisation_id=? AND account_id=? AND conversation_id=?{columns})"
        )
    };
    let usage = "SEARCH u USING PRIMARY KEY (organisation_id=? AND request_id=?) LEFT-JOIN";
    let conversation = "SEARCH c USING COVERING INDEX sqlite_autoindex_conversation_1 \
         (organisation_id=? AND account_id=? AND id=?)";
    let numbers = "SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
    assert_eq!(steps(read::ALL).await, [conversation, numbers, usage], "nothing is sorted");
    assert_eq!(plan(read::ONE).await, [by("e", " AND id=?"), usage.to_owned()]);
    let number = "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)".to_owned();
    let expected = [by("entry", " AND id=?"), by("p", " AND id=?"), number, usage.to_owned()];
    assert_eq!(plan(read::PATH).await, expected);
}
