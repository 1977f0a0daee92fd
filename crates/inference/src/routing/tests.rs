use super::*;

fn candidate(name: &'static str) -> Candidate<'static> {
    Candidate {
        name,
        denied: None,
        health: Health::Well,
        running: 0,
        room: 8,
        has_prefix: false,
        microeuros_per_million: 0,
        grams_per_kwh: 0.0,
    }
}

/// The names in the order in which they are asked, and why the first is.
fn check(candidates: &[Candidate<'_>], share: Option<Share<'_>>, expected: &str) {
    let shown = match route(candidates, share) {
        Ok(Decision { order, because, left_out }) => {
            let names: Vec<_> = order.into_iter().map(|index| candidates[index].name).collect();
            let out = left_out.into_iter();
            let out: Vec<_> = out
                .map(|(index, reason)| format!("{} {}", candidates[index].name, reason.as_str()))
                .collect();
            format!("{} by {}; {}", names.join(" "), because.as_str(), out.join(", "))
        }
        Err(nobody) => format!("{:?}", nobody.why),
    };
    assert_eq!(shown, expected, "{candidates:?} {share:?}");
}

#[test]
fn each_reason_counts_before_the_next() {
    let (a, b) = (candidate("a"), candidate("b"));
    check(&[a.clone(), b.clone()], None, "a b by order; ");
    let greener = Candidate { grams_per_kwh: -1.0, ..b.clone() };
    check(&[a.clone(), greener.clone()], None, "b a by carbon; ");
    let dear = Candidate { microeuros_per_million: 5, ..greener.clone() };
    check(&[a.clone(), dear.clone()], None, "a b by price; ");
    let known = Candidate { has_prefix: true, ..dear.clone() };
    check(&[a.clone(), known.clone()], None, "b a by prefix; ");
    let loaded = Candidate { running: 4, ..known.clone() };
    check(&[a.clone(), loaded.clone()], None, "a b by load; ");
    let busy = Candidate { running: 7, health: Health::Doubtful, ..a.clone() };
    check(&[busy, loaded.clone()], None, "b a by health; ");
    let away = Candidate { denied: Some("residency.denied"), ..a };
    check(&[away, loaded], None, "b by only; a residency.denied");
}

#[test]
fn a_request_more_is_no_reason_to_lose_a_prefix() {
    let known = Candidate { has_prefix: true, running: 1, ..candidate("a") };
    check(&[known, candidate("b")], None, "a b by prefix; ");
}

#[test]
fn nobody_who_is_denied_is_asked_whatever_becomes_of_the_others() {
    let denied = Candidate { denied: Some("residency.denied"), ..candidate("us") };
    let down = Candidate { health: Health::Down, ..candidate("fr") };
    let full = Candidate { running: 8, ..candidate("de") };
    check(std::slice::from_ref(&denied), None, "Denied");
    check(&[denied.clone(), down.clone()], None, "Unavailable");
    check(&[denied.clone(), down, full.clone()], None, "Full");
    let share = Share { to: "us", percent: 100, draw: 0 };
    check(&[denied.clone(), candidate("it")], Some(share), "it by only; us residency.denied");
    check(&[denied, full, candidate("it")], None, "it by only; us residency.denied, de full");
    check(&[], None, "Denied");
}

#[test]
fn a_share_comes_before_everything_but_residency_health_and_room() {
    let (old, new) = (candidate("old"), candidate("new"));
    let new = Candidate { microeuros_per_million: 9, ..new };
    for draw in 0..100 {
        let share = Share { to: "new", percent: 30, draw };
        let expected = if draw < 30 { "new old by share; " } else { "old new by share; " };
        check(&[old.clone(), new.clone()], Some(share), expected);
    }
    let share = Share { to: "new", percent: 100, draw: 0 };
    let doubtful = Candidate { health: Health::Doubtful, ..new.clone() };
    check(&[doubtful, old.clone()], Some(share), "old new by health; ");
    let down = Candidate { health: Health::Down, ..new };
    check(&[old, down], Some(share), "old by only; new down");
}

#[test]
fn the_engine_of_this_server_has_shares_like_others() {
    let paris = Candidate { microeuros_per_million: 9, ..candidate("paris") };
    let both = [paris.clone(), candidate("here")];
    for draw in 0..100 {
        let share = |to: &'static str, percent| Some(Share { to, percent, draw });
        let expected = if draw < 30 { "here paris by share; " } else { "paris here by share; " };
        check(&both, share("here", 30), expected);
        for (to, percent) in [("here", 0), ("paris", 100)] {
            check(&both, share(to, percent), "paris here by share; ");
        }
        for (to, percent) in [("here", 100), ("paris", 0)] {
            check(&both, share(to, percent), "here paris by share; ");
        }
    }
    for (to, percent) in [("here", 0), ("paris", 100)] {
        let share = Some(Share { to, percent, draw: 0 });
        let doubtful = Candidate { health: Health::Doubtful, ..paris.clone() };
        check(&[doubtful, candidate("here")], share, "here paris by health; ");
        let full = Candidate { running: 8, ..paris.clone() };
        check(&[full, candidate("here")], share, "here by only; paris full");
        let denied = Candidate { denied: Some("residency.denied"), ..paris.clone() };
        check(&[denied, candidate("here")], share, "here by only; paris residency.denied");
    }
}

/// Whatever the candidates: nobody denied, down or full is in the order, and everybody else is.
#[test]
fn the_order_holds_exactly_those_who_may_and_can() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..5000 {
        let names = ["a", "b", "c", "d", "e"];
        let count = usize::try_from(next(6)).unwrap();
        let candidates: Vec<_> = names[..count]
            .iter()
            .map(|name| Candidate {
                name,
                denied: (next(3) == 0).then_some("residency.denied"),
                health: [Health::Well, Health::Doubtful, Health::Down]
                    [usize::try_from(next(3)).unwrap()],
                running: usize::try_from(next(5)).unwrap(),
                room: usize::try_from(next(5)).unwrap(),
                has_prefix: next(2) == 0,
                microeuros_per_million: next(3),
                grams_per_kwh: [0.0, 50.0, f64::NAN][usize::try_from(next(3)).unwrap()],
            })
            .collect();
        let draw = u8::try_from(next(100)).unwrap();
        let share = Share { to: "b", percent: u8::try_from(next(101)).unwrap(), draw };
        let may = |one: &Candidate<'_>| {
            one.denied.is_none() && one.health != Health::Down && one.running < one.room
        };
        match route(&candidates, Some(share)) {
            Ok(Decision { order, left_out, .. }) => {
                assert_eq!(order.len() + left_out.len(), candidates.len());
                assert!(!order.is_empty() && order.iter().all(|&index| may(&candidates[index])));
                assert!(left_out.iter().all(|&(index, _)| !may(&candidates[index])));
            }
            Err(_) => assert!(!candidates.iter().any(may), "{candidates:?}"),
        }
    }
}
