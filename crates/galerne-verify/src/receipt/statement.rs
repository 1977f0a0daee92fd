//! What a receipt states, as far as it can be checked or shown.

use serde_json::Value;
use transparency_log::{Hash, InclusionEvidence, NoteError, SignedNote};

use crate::entry::{Entry, utc};
use crate::problem::Problem;

/// The line of JSON.
pub(super) struct Statement {
    pub(super) response: String,
    json: Value,
}

/// The line is not what Galerne states.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StatementError {
    #[error("its second line is not a JSON object")]
    NoObject,
    #[error("its `{name}` is missing or not of the right kind")]
    Member { name: &'static str },
    #[error("hash {number} of its `log.inclusion` is not the base64 of a hash")]
    Inclusion { number: usize },
    #[error("its `log.checkpoint` is no signed note: {reason}")]
    Checkpoint { reason: NoteError },
}

impl Statement {
    pub(super) fn parse(line: &str) -> Result<Self, StatementError> {
        let line = line.strip_suffix('\n').filter(|line| !line.contains('\n'));
        let json = line.and_then(|line| serde_json::from_str(line).ok());
        let json: Value = json.filter(Value::is_object).ok_or(StatementError::NoObject)?;
        let response = json["response"].as_str().map(str::to_owned);
        let response = response.ok_or(StatementError::Member { name: "response" })?;
        Ok(Self { response, json })
    }

    pub(super) const fn json(&self) -> &Value {
        &self.json
    }

    /// The proof that the log has the entry.
    pub(super) fn evidence(&self) -> Result<InclusionEvidence, StatementError> {
        evidence(&self.json["log"])
    }

    /// Where the receipt says something else than the entry that it carries.
    pub(super) fn contradictions(&self, entry: &Entry, leaf: u64, origin: &str) -> Vec<Problem> {
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
        let facts = [
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
        ];
        let differing = facts.into_iter().filter(|(_, receipt, entry)| receipt != entry);
        let problem = |(fact, receipt, entry): (_, Value, Value)| Problem::ReceiptDiffers {
            leaf,
            fact,
            receipt: shown(&receipt),
            entry: shown(&entry),
        };
        differing.map(problem).collect()
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

/// The proof in the member `log` of a statement.
pub(crate) fn evidence(log: &Value) -> Result<InclusionEvidence, StatementError> {
    let member = |name| StatementError::Member { name };
    let index = log["index"].as_u64().ok_or(member("log.index"))?;
    let entry = log["entry"].as_str().ok_or(member("log.entry"))?;
    let note = log["checkpoint"].as_str().ok_or(member("log.checkpoint"))?;
    let hashes = log["inclusion"].as_array().ok_or(member("log.inclusion"))?;
    let proof = hashes.iter().zip(1..).map(|(hash, number)| {
        let hash = hash.as_str().and_then(|text| Hash::parse_base64(text).ok());
        hash.ok_or(StatementError::Inclusion { number })
    });
    Ok(InclusionEvidence {
        index,
        proof: proof.collect::<Result<_, _>>()?,
        extra: Some(entry.as_bytes().to_vec()),
        checkpoint: SignedNote::parse(note)
            .map_err(|reason| StatementError::Checkpoint { reason })?,
    })
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

/// The beginning of what should be short, but is whatever somebody wrote.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::String(text) => text[..text.floor_char_boundary(200)].to_owned(),
        other => {
            let text = other.to_string();
            text[..text.floor_char_boundary(200)].to_owned()
        }
    }
}

fn none() -> String {
    "not stated".to_owned()
}
