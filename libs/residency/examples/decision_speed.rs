//! How long a decision takes: the name of the host looked up, its address looked up in as many
//! networks as the large providers publish, and the policy asked.
//!
//! `cargo run --release --workspace --example decision_speed`

use std::{
    fmt::Write as _,
    hint::black_box,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use residency::{
    DataClass, Effect, Policy, PolicyParts, Purpose, Question, RangeCheck, Ranges, Record, Rule,
    Zone, hyperscalers,
};

const ROUNDS: usize = 200;
const DECISIONS_A_ROUND: u32 = 1000;
/// AWS, Azure, Google and Oracle together published about as many in 2026.
const NETWORKS: u32 = 60_000;
const RULES: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ranges = ranges()?;
    let record = Record {
        operator: "Operator".parse()?,
        site: "fr".parse()?,
        jurisdiction: "de".parse()?,
        parent: "nl".parse()?,
    };
    let policy = Policy::new(PolicyParts {
        region: Zone::Eu,
        rules: rules()?,
        declarations: Vec::new(),
        ranges: Some(ranges.digest()),
    });
    let hosts = ["inference.eu.provider.example", "a.b.c.d.e.f.g.example", "x.amazonaws.com"];
    let mut micros: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for (number, host) in (0..DECISIONS_A_ROUND).zip(hosts.iter().cycle()) {
                // Far apart from each other, as the addresses of different destinations are.
                let address = IpAddr::V4(Ipv4Addr::from(number.wrapping_mul(7_919_993)));
                let by_name = hyperscalers::of_host(black_box(host));
                let known = by_name.or(match ranges.check(black_box(address)) {
                    RangeCheck::Within(operator) => Some(operator),
                    RangeCheck::Outside | RangeCheck::NotMeasured => None,
                });
                let question = Question {
                    data_zone: Zone::Eu,
                    class: DataClass::Content,
                    purpose: Purpose::Inference,
                    record: Some(black_box(&record)),
                    known,
                };
                black_box(policy.decide(&question));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(DECISIONS_A_ROUND)
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    let at = |percent: usize| micros[(micros.len() - 1) * percent / 100];
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "decision with {RULES} rules and {} networks: median {:.3} us, p99 of rounds {:.3} us",
        ranges.len(),
        at(50),
        at(99)
    )?;
    Ok(())
}

fn ranges() -> Result<Ranges, Box<dyn std::error::Error>> {
    let mut file = "galerne address ranges 1\n".to_owned();
    let operators = ["amazon", "google", "microsoft", "oracle"];
    for (number, operator) in (0..NETWORKS).zip(operators.iter().cycle()) {
        writeln!(file, "{operator} {}/24", Ipv4Addr::from(number << 16))?;
    }
    Ok(file.parse()?)
}

fn rules() -> Result<Vec<Rule>, Box<dyn std::error::Error>> {
    let rule = |place: usize| {
        Ok(Rule {
            name: format!("rule {place}").parse()?,
            effect: if place.is_multiple_of(2) { Effect::Deny } else { Effect::Allow },
            classes: vec![DataClass::Special],
            purposes: vec![Purpose::Tools, Purpose::Documents],
            zones: vec!["us".parse()?, "cn".parse()?, Zone::Eea],
        })
    };
    (0..RULES).map(rule).collect()
}
