//! What a receipt states, as far as it can be checked or shown.

use serde_json::Value;

use crate::entry::{Entry, utc};
use crate::signed::{Fact, StatementError, none, shown};

/// The line of JSON.
pub(super) struct Statement {
    pub(super) response: String,
    json: Value,
}

impl Statement {
    pub(super) fn of(json: Value) -> Result<Self, StatementError> {
        let response = json["response"].as_str().map(str::to_owned);
        let response = response.ok_or(StatementError::Member { name: "response" })?;
        Ok(Self { response, json })
    }

    pub(super) const fn json(&self) -> &Value {
        &self.json
    }

    /// What the receipt and the entry that it carries both say.
    pub(super) fn facts(&self, entry: &Entry, origin: &str) -> [Fact; 10] {
        let json = &self.json;
        let request = json["request"].as_str().unwrap_or_default();
        let response = match entry.action.as_str() {
            "chat.complete" => format!("chatcmpl-{request}"),
            "embedding.create" => format!("embd-{request}"),
            _ => request.to_owned(),
        };
        // Receipts of earlier versions state no policy.
        let policy = &json["policy"]["digest"];
        let in_force = if policy.is_null() { Value::Null } else { entry.policy.clone().into() };
        [
            ("the action", json["action"].clone(), Value::from(&*entry.action)),
            ("the time", json["at"].clone(), entry.at_us.into()),
            ("the content", json["content"].clone(), entry.content.clone().into()),
            ("the model", json["model"]["digest"].clone(), entry.model.clone().into()),
            ("the organisation", json["organisation"].clone(), entry.organisation.clone().into()),
            ("the policy", policy.clone(), in_force),
            ("the request", format!("request:{request}").into(), entry.subject.clone().into()),
            ("the answer", self.response.clone().into(), response.into()),
            ("the outcome of the request", "ok".into(), entry.outcome.clone().into()),
            ("the log", json["log"]["origin"].clone(), origin.into()),
        ]
    }

    /// Lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let json = &self.json;
        let (model, site) = (&json["model"], &json["site"]);
        let (energy, emissions) = (&json["energy"], &json["emissions"]);
        let tokens = &json["tokens"];
        vec![
            format!("issued: {}", json["issued_at"].as_i64().map_or_else(none, utc)),
            format!("model: {}, {}", shown(&model["id"]), shown(&model["digest"])),
            engine_line(json),
            format!(
                "place, as the operator declares it: {}, country {}, grid {}, operator {} under \
                 the law of {}, group under that of {}",
                shown(&site["name"]),
                shown(&site["country"]),
                shown(&site["grid_zone"]),
                shown(&site["operator"]),
                shown(&site["operator_country"]),
                shown(&site["parent_country"])
            ),
            policy_line(&json["policy"]),
            format!("documents: {}", json["documents"].as_array().map_or(0, Vec::len)),
            format!(
                "tokens: {} read, {} written; the answer {}",
                shown(&tokens["prompt"]),
                shown(&tokens["completion"]),
                shown(&json["outcome"])
            ),
            format!("energy: {}", figure(&energy["joules"], "J", energy)),
            format!("emissions: {}", figure(&emissions["grams_co2e"], "g CO2e", emissions)),
        ]
    }
}

/// What answered. Receipts of earlier versions know no upstreams.
fn engine_line(json: &Value) -> String {
    let (engine, upstream) = (&json["engine"], &json["upstream"]);
    if upstream.is_object() {
        let whose = if upstream["own"] == true { "own" } else { "of another operator" };
        return format!(
            "engine: the upstream {} ({}) at {}, {whose}",
            shown(&upstream["id"]),
            shown(&upstream["kind"]),
            shown(&upstream["party"])
        );
    }
    format!(
        "engine: galerne {}, commit {}, {}, keys and values {}",
        shown(&engine["version"]),
        shown(&engine["commit"]),
        shown(&engine["cpu_path"]),
        shown(&engine["kv_cache_type"])
    )
}

fn policy_line(policy: &Value) -> String {
    if policy.is_null() {
        return format!("policy: {}", none());
    }
    format!("policy: {}, {}", shown(&policy["decision"]), shown(&policy["digest"]))
}

fn figure(value: &Value, unit: &str, evidence: &Value) -> String {
    if value.is_null() {
        return none();
    }
    let (method, percent) = (&evidence["method"], &evidence["uncertainty_percent"]);
    format!("{} {unit} ({}, ± {} %)", rounded(value), shown(method), rounded(percent))
}

/// Three digits that count: more would claim more than is known.
fn rounded(value: &Value) -> String {
    match value.as_f64().filter(|number| *number != 0.0) {
        Some(number) => {
            let places = (2.0 - number.abs().log10().floor()).clamp(0.0, 12.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 12")]
            let places = places as usize;
            format!("{number:.places$}")
        }
        None => shown(value),
    }
}
