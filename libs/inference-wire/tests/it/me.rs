//! What a caller is told of itself is read again as it was written.

use inference_wire::{
    ListObject, Me, MeCaller, MeImpacts, MeLimit, MeLimitKind, MeMetrics, MeObject, MeUsage,
    MeUsageDetail, MeUsageList, MeUsageObject, RerankObject, RerankScore,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn check<T: Serialize + DeserializeOwned>(value: &T, expected: Value) {
    let written = serde_json::to_value(value).unwrap();
    assert_eq!(written, expected);
    let again: T = serde_json::from_value(written).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), expected);
}

#[test]
fn whoever_asks_has_the_members_that_albert_names() {
    let caller = MeCaller {
        account: "a".to_owned(),
        kind: "person".to_owned(),
        role: "member".to_owned(),
        organisation: "o".to_owned(),
        project: "p".to_owned(),
        key: None,
        permissions: vec!["models".to_owned()],
    };
    let limit = MeLimit { router: 0, kind: MeLimitKind::Rpm, value: 60, remaining: 59 };
    let me = Me {
        object: MeObject::UserInfo,
        id: 7,
        email: None,
        name: "anne".to_owned(),
        organization: 9_007_199_254_740_991,
        budget: Some("12.5".parse().unwrap()),
        permissions: Vec::new(),
        limits: vec![limit],
        expires: None,
        priority: 0,
        created: 1_767_225_600,
        updated: 1_767_225_600,
        caller,
    };
    let expected = json!({
        "object": "userInfo", "id": 7, "email": null, "name": "anne",
        "organization": 9_007_199_254_740_991_u64, "budget": 12.5, "permissions": [],
        "limits": [{"router": 0, "type": "rpm", "value": 60, "remaining": 59}],
        "expires": null, "priority": 0, "created": 1_767_225_600, "updated": 1_767_225_600,
        "caller": {
            "account": "a", "kind": "person", "role": "member", "organisation": "o",
            "project": "p", "key": null, "permissions": ["models"],
        },
    });
    check(&me, expected);
}

fn usage(impacts: Option<MeImpacts>) -> MeUsage {
    let is_settled = impacts.is_some();
    MeUsage {
        object: MeUsageObject::MeUsage,
        id: "r".to_owned(),
        model: "m".to_owned(),
        key: Some("k".to_owned()),
        endpoint: None,
        method: None,
        status: is_settled.then_some(200),
        outcome: if is_settled { "finished" } else { "running" }.to_owned(),
        usage: MeUsageDetail {
            prompt_tokens: is_settled.then_some(3),
            completion_tokens: is_settled.then_some(2),
            total_tokens: is_settled.then_some(5),
            cost: is_settled.then(|| "0.001".parse().unwrap()),
            impacts,
            metrics: MeMetrics { latency: is_settled.then_some(40), ttft: None },
        },
        created: 1_767_225_600,
    }
}

#[test]
fn a_request_that_runs_has_no_figures() {
    let impacts = MeImpacts { energy_kilowatt_hours: 0.5, co2e_kilograms: 0.25 };
    let data = vec![usage(None), usage(Some(impacts))];
    let expected = json!({
        "object": "list",
        "data": [
            {
                "object": "me.usage", "id": "r", "model": "m", "key": "k", "endpoint": null,
                "method": null, "status": null, "outcome": "running",
                "usage": {
                    "prompt_tokens": null, "completion_tokens": null, "total_tokens": null,
                    "cost": null, "metrics": {"latency": null, "ttft": null},
                },
                "created": 1_767_225_600,
            },
            {
                "object": "me.usage", "id": "r", "model": "m", "key": "k", "endpoint": null,
                "method": null, "status": 200, "outcome": "finished",
                "usage": {
                    "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.001,
                    "impacts": {"kWh": 0.5, "kgCO2eq": 0.25},
                    "metrics": {"latency": 40, "ttft": null},
                },
                "created": 1_767_225_600,
            },
        ],
    });
    check(&MeUsageList { object: ListObject::List, data }, expected);
}

#[test]
fn a_score_is_always_a_number() {
    let score = |score| RerankScore { object: RerankObject::Rerank, score, index: 1 };
    check(&score(0.5), json!({"object": "rerank", "score": 0.5, "index": 1}));
    check(&score(f32::NAN), json!({"object": "rerank", "score": 0.0, "index": 1}));
}
