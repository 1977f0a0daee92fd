use domain::{
    Account, AccountId, AccountKind, OpeningId, OrganisationId, ProjectId, Role, Timestamp,
};
use uuid::Uuid;

use super::opening::{Denial, Opening, OpeningState, Step, WAITING_SECONDS};

const SUBJECT: u128 = 1;
const REQUESTER: u128 = 2;
const APPROVER: u128 = 3;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
}

fn id(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

fn account(number: u128, role: Role) -> Account {
    Account {
        id: id(number),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(7)),
        project: ProjectId::from_uuid(Uuid::from_u128(8)),
        kind: AccountKind::Person,
        name: format!("one-{number}").parse().unwrap(),
        role,
        created_at: at(-1),
        disabled_at: None,
    }
}

fn disabled(account: Account) -> Account {
    Account { disabled_at: Some(at(1)), ..account }
}

/// Asked at 0 for an hour.
fn asked() -> Opening {
    Opening {
        id: OpeningId::from_uuid(Uuid::from_u128(9)),
        organisation: OrganisationId::from_uuid(Uuid::from_u128(7)),
        subject: id(SUBJECT),
        requester: id(REQUESTER),
        reason: "a person is in danger".to_owned(),
        minutes: 60,
        requested_at: at(0),
        approved: None,
        closed: None,
    }
}

fn step(by: u128, seconds: i64) -> Step {
    Step { by: id(by), at: at(seconds) }
}

/// Agreed to at 100.
fn agreed() -> Opening {
    Opening { approved: Some(step(APPROVER, 100)), ..asked() }
}

#[test]
fn it_is_one_thing_at_each_moment() {
    use OpeningState as State;
    let refused = Opening { closed: Some(step(APPROVER, 50)), ..asked() };
    let revoked = Opening { closed: Some(step(APPROVER, 200)), ..agreed() };
    let closed_late = Opening { closed: Some(step(APPROVER, 3_700)), ..agreed() };
    for (opening, seconds, expected) in [
        (asked(), 0, State::Waiting),
        (asked(), WAITING_SECONDS - 1, State::Waiting),
        (asked(), WAITING_SECONDS, State::Lapsed),
        (refused.clone(), 60, State::Refused),
        (refused, WAITING_SECONDS, State::Refused),
        (agreed(), 100, State::Open),
        (agreed(), 3_699, State::Open),
        (agreed(), 3_700, State::Ended),
        (agreed(), WAITING_SECONDS, State::Ended),
        (agreed(), 99, State::Ended),
        (revoked.clone(), 201, State::Revoked),
        (revoked, 10_000, State::Revoked),
        (closed_late, 3_701, State::Ended),
    ] {
        assert_eq!(opening.state(at(seconds)), expected, "{opening:?} at {seconds}");
    }
}

#[test]
fn two_persons_stand_for_it_and_one_is_a_data_officer() {
    let check = |requester: Role, approver: Role, expected: Result<(), Denial>| {
        let (one, other) = (account(REQUESTER, requester), account(APPROVER, approver));
        assert_eq!(
            asked().may_approve(&one, &other, at(1)),
            expected,
            "{requester:?} {approver:?}"
        );
        assert_eq!(
            agreed().may_read(&one, &other, at(101)),
            expected,
            "{requester:?} {approver:?}"
        );
    };
    for one in Role::ALL {
        for other in Role::ALL {
            let both = [one, other];
            let are_entitled =
                both.iter().all(|role| matches!(role, Role::Owner | Role::DataOfficer));
            let expected = match (are_entitled, both.contains(&Role::DataOfficer)) {
                (true, true) => Ok(()),
                (true, false) => Err(Denial::NoOfficer),
                (false, _) => Err(Denial::NotEntitled),
            };
            check(one, other, expected);
        }
    }
}

#[test]
fn whoever_asked_does_not_agree() {
    let officer = account(REQUESTER, Role::DataOfficer);
    assert_eq!(asked().may_approve(&officer, &officer, at(1)), Err(Denial::OwnRequest));
    let subject = account(SUBJECT, Role::Owner);
    assert_eq!(asked().may_approve(&officer, &subject, at(1)), Err(Denial::OfSubject));
}

#[test]
fn nobody_agrees_to_what_is_over() {
    use OpeningState as State;
    let (owner, officer) = (account(REQUESTER, Role::Owner), account(APPROVER, Role::DataOfficer));
    let refused = Opening { closed: Some(step(APPROVER, 1)), ..asked() };
    for (opening, seconds, state) in [
        (asked(), WAITING_SECONDS, State::Lapsed),
        (refused, 2, State::Refused),
        (agreed(), 101, State::Open),
        (agreed(), 4_000, State::Ended),
    ] {
        let told = opening.may_approve(&owner, &officer, at(seconds));
        assert_eq!(told, Err(Denial::Over(state)));
    }
}

#[test]
fn a_role_or_an_account_that_is_lost_ends_it() {
    let owner = || account(REQUESTER, Role::Owner);
    let officer = || account(APPROVER, Role::DataOfficer);
    let lost = Err(Denial::NotEntitled);
    for (one, other) in [
        (owner(), disabled(officer())),
        (disabled(owner()), officer()),
        (owner(), account(APPROVER, Role::Member)),
        (account(REQUESTER, Role::Admin), officer()),
        (Account { kind: AccountKind::Service, ..owner() }, officer()),
    ] {
        assert_eq!(asked().may_approve(&one, &other, at(1)), lost);
        assert_eq!(agreed().may_read(&one, &other, at(101)), lost);
    }
}

#[test]
fn whoever_asked_reads_while_it_is_open_and_nobody_else() {
    use OpeningState as State;
    let (owner, officer) = (account(REQUESTER, Role::Owner), account(APPROVER, Role::DataOfficer));
    let read = |opening: &Opening, seconds| opening.may_read(&owner, &officer, at(seconds));
    assert_eq!(read(&agreed(), 101), Ok(()));
    assert_eq!(read(&asked(), 1), Err(Denial::Over(State::Waiting)));
    assert_eq!(read(&agreed(), 3_700), Err(Denial::Over(State::Ended)));
    let revoked = Opening { closed: Some(step(APPROVER, 150)), ..agreed() };
    assert_eq!(read(&revoked, 151), Err(Denial::Over(State::Revoked)));
    assert_eq!(agreed().may_read(&officer, &officer, at(101)), Err(Denial::NotRequester));
}

#[test]
fn what_is_over_is_not_closed_again() {
    for (opening, seconds, expected) in [
        (asked(), 1, true),
        (agreed(), 101, true),
        (asked(), WAITING_SECONDS, false),
        (agreed(), 3_700, false),
        (Opening { closed: Some(step(SUBJECT, 1)), ..asked() }, 2, false),
    ] {
        assert_eq!(opening.may_close(at(seconds)).is_ok(), expected, "{opening:?}");
    }
}
