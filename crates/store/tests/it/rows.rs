//! Reads usage rows behind the back of the port.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use domain::{
    AccountId, KeyId, ModelDigest, OrganisationId, Principal, ProjectId, RequestId, SessionId,
    Timestamp,
};
use inference::{
    AnsweredBy, Declared, Deployment, EngineBuild, UsageFigures, UsageOpened, UsageRecord,
};
use sqlx::{Row as _, sqlite::SqliteRow};
use testkit::UsageRows;
use uuid::Uuid;

pub(crate) struct Rows(pub(crate) PathBuf);

#[async_trait]
impl UsageRows for Rows {
    async fn usage_rows(&self, organisation: OrganisationId) -> Vec<UsageRecord> {
        let mut connection = crate::raw(&self.0).await;
        let rows =
            sqlx::query("SELECT u.*, d.statement FROM usage AS u LEFT JOIN deployment AS d ON d.id = u.deployment_id WHERE organisation_id = ?1 ORDER BY request_id")
                .bind(organisation.as_uuid().as_bytes().to_vec())
                .fetch_all(&mut connection)
                .await
                .expect("rows");
        rows.iter().map(record).collect()
    }
}

fn record(row: &SqliteRow) -> UsageRecord {
    let uuid = |column| Uuid::from_slice(row.get(column)).expect("16 bytes");
    let principal = match row.get("principal") {
        "key" => Principal::Key(KeyId::from_uuid(uuid("principal_id"))),
        "session" => Principal::Session(SessionId::from_uuid(uuid("principal_id"))),
        "operator" => Principal::Operator,
        other => panic!("no principal: {other}"),
    };
    let opened = UsageOpened {
        request: RequestId::from_uuid(uuid("request_id")),
        organisation: OrganisationId::from_uuid(uuid("organisation_id")),
        project: ProjectId::from_uuid(uuid("project_id")),
        account: AccountId::from_uuid(uuid("account_id")),
        principal,
        model: row.get::<&str, _>("model").parse().expect("a model id"),
        prompt_tokens: row.get("prompt_tokens_sent"),
        opened_at: Timestamp::from_micros(row.get("opened_at")),
        digest: row
            .get::<Option<Vec<u8>>, _>("model_digest")
            .map(|digest| ModelDigest::from_bytes(digest.try_into().expect("32 bytes"))),
        deployment: row.get::<Option<&str>, _>("statement").map(deployment).map(Arc::new),
    };
    UsageRecord {
        opened,
        outcome: row.get("outcome"),
        settled_at: row.get::<Option<i64>, _>("settled_at").map(Timestamp::from_micros),
        figures: row.get::<Option<u32>, _>("prompt_tokens").map(|tokens| figures(row, tokens)),
    }
}

fn figures(row: &SqliteRow, prompt_tokens: u32) -> UsageFigures {
    UsageFigures {
        prompt_tokens,
        completion_tokens: row.get("completion_tokens"),
        cpu_seconds: row.get("cpu_seconds"),
        energy_joules: row.get("energy_joules"),
        energy_method: row.get("energy_method"),
        energy_uncertainty_percent: row.get("energy_uncertainty_percent"),
        co2e_grams: row.get("co2e_grams"),
        co2e_method: row.get("co2e_method"),
        co2e_uncertainty_percent: row.get("co2e_uncertainty_percent"),
        grid_factor_grams_per_kwh: row.get("grid_factor_grams_per_kwh"),
        grid_factor_year: row.get("grid_factor_year"),
        grid_factor_source: row.get("grid_factor_source"),
        grid_factor_uncertainty_percent: row.get("grid_factor_uncertainty_percent"),
        grid_zone: row.get("grid_zone"),
        site: row.get("site"),
    }
}

fn deployment(statement: &str) -> Deployment {
    let value: serde_json::Value = serde_json::from_str(statement).expect("JSON");
    let known = |name: &str| value[name].as_str().map(str::to_owned);
    let text = |name: &str| known(name).expect("a text");
    Deployment {
        engine: AnsweredBy::Here(EngineBuild {
            version: text("version"),
            commit: known("commit"),
            cpu_path: text("cpu_path"),
            kv_cache_type: text("kv_cache_type"),
        }),
        declared: Declared {
            site: text("site"),
            grid_zone: text("grid_zone"),
            country: known("country"),
            operator: known("operator"),
            operator_country: known("operator_country"),
            parent_country: known("parent_country"),
        },
    }
}
