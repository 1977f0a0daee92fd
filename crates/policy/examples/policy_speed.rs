//! Times decisions by the customer's rules, with 10, 100 and 1,000 of them.
//!
//! `first`: nothing is remembered, the whole question is put together and every rule that is about
//! the action is evaluated. `again`: the same facts within an hour; what was decided is found by
//! all of them. Both hold the look at the file that each decision begins with.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]
#![expect(clippy::unwrap_used, reason = "it measures what cannot fail, or stops")]

use std::{fmt::Write as _, hint::black_box, sync::Arc, time::Instant};

use domain::{
    Account, AccountId, AccountKind, AccountName, Clock, KeyId, ModelId, OrganisationId, Principal,
    ProjectId, Role, Timestamp,
};
use governance::{Act, Actor, Asked, ModelFacts, PolicyDigest, PolicyInForce, ports::Rules};
use policy::{Keeper, KeeperParts, Place};
use uuid::Uuid;

const AGAIN: u128 = 200_000;

/// A clock that stands, in 2100: the file of rules was written long ago.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(4_102_444_800_000_000)
    }
}

fn main() {
    println!("rules  first median µs  first p99 µs  again median µs  again p99 µs");
    for rules in [10, 100, 1000] {
        let folder = std::env::temp_dir().join(format!("policy-speed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        measure(rules, &folder);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

fn measure(rules: usize, folder: &std::path::Path) {
    let keeper = Keeper::open(KeeperParts {
        file: folder.join("rules.cedar"),
        seal_key: [1; 32],
        residency: PolicyDigest([2; 32]),
        place: Place { data_zone: "eu".to_owned(), ..Place::default() },
        clock: Arc::new(Standing) as Arc<dyn Clock>,
        in_force: PolicyInForce::default(),
    });
    keeper.install(&keeper.prepare(Some(&text(rules))).unwrap()).unwrap();
    let model: ModelId = "a-model".parse().unwrap();
    let decide = |number: u128| {
        let account = account(number);
        let by = Principal::Key(KeyId::from_uuid(Uuid::nil()));
        let facts =
            ModelFacts { id: &model, digest: "00", architecture: "llama", is_adapter: false };
        let actor = Actor::Account { account: &account, by };
        let asked = Asked { actor, act: Act::Infer(facts) };
        let start = Instant::now();
        black_box(keeper.decide(&asked)).unwrap();
        u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX)
    };
    // Each account once: its facts were never seen.
    let mut first: Vec<_> = (0..2_000).map(decide).collect();
    let mut again: Vec<_> = (0..AGAIN).map(|number| decide(number % 1_000)).collect();
    let [first_median, first_p99] = quantiles(&mut first);
    let [again_median, again_p99] = quantiles(&mut again);
    println!(
        "{rules:5}  {first_median:15.2}  {first_p99:12.2}  {again_median:15.2}  {again_p99:12.2}"
    );
}

/// One rule lets everything through, the others are about people, models and hours that do not fit:
/// none can be left out because another one has decided.
fn text(rules: usize) -> String {
    let mut text = "@id(\"all\")\npermit (principal, action, resource);\n".to_owned();
    for number in 1..rules {
        let scope = match number % 3 {
            0 => format!("principal, action, resource == Model::\"model-{number}\""),
            1 => "principal in Role::\"auditor\", action, resource".to_owned(),
            _ => "principal, action, resource".to_owned(),
        };
        let rule = format!("@id(\"r{number}\")\nforbid ({scope}) when {{ context.hour > 23 }};\n");
        text.write_str(&rule).unwrap();
    }
    text
}

fn account(number: u128) -> Account {
    Account {
        id: AccountId::from_uuid(Uuid::from_u128(number)),
        organisation: OrganisationId::from_uuid(Uuid::nil()),
        project: ProjectId::from_uuid(Uuid::nil()),
        kind: AccountKind::Person,
        name: AccountName::owner(),
        role: Role::Member,
        created_at: Timestamp::from_micros(0),
        disabled_at: None,
    }
}

/// Median and 99th percentile, in microseconds.
fn quantiles(nanoseconds: &mut [u32]) -> [f64; 2] {
    nanoseconds.sort_unstable();
    let at = |percent: usize| f64::from(nanoseconds[nanoseconds.len() * percent / 100]) / 1e3;
    [at(50), at(99)]
}
