//! What every `BudgetStore` does.

use std::{collections::BTreeMap, sync::Arc};

use carbon_ledger::Method;
use domain::{
    AccountId, Caller, Clock, Day, KeyId, Month, OrganisationId, Permissions, Principal, ProjectId,
    RequestId, Timestamp,
};
use governance::{
    Trail,
    ports::{AccessStore, AuditStore, Founding},
};
use inference::{
    Amounts, Budget, BudgetId, BudgetQuantity, BudgetScope, Budgets, BudgetsParts, MicroEuros,
    Prices, RequestUsage, Spent, UsageOpened, UsageOutcome, UsagePage, UsageQuery, UsageSettled,
    UsageSplit,
    ports::{BudgetStore, UsageLedger},
};

use crate::Samples;

/// One store, seen through its ports.
#[derive(Clone)]
pub struct BudgetsUnderTest {
    pub budgets: Arc<dyn BudgetStore>,
    pub ledger: Arc<dyn UsageLedger>,
    pub access: Arc<dyn AccessStore>,
    pub audit: Arc<dyn AuditStore>,
}

/// For tests of something else: nothing is limited unless a test sets a limit.
pub fn without_budgets(
    store: Arc<dyn BudgetStore>,
    trail: Trail,
    clock: Arc<dyn Clock>,
) -> Budgets {
    Budgets::new(BudgetsParts { store, trail, clock, prices: Prices::default() })
}

/// Runs every case, each on a store of its own from `make`, which must be empty.
pub async fn budget_suite(make: impl AsyncFn() -> BudgetsUnderTest) {
    limits_are_set_changed_and_removed(Case::new(make().await, 51).await).await;
    whoever_is_not_there_has_no_limit(Case::new(make().await, 52).await).await;
    what_was_used_is_added_up(Case::new(make().await, 53).await).await;
    months_are_those_of_utc(Case::new(make().await, 54).await).await;
    reports_are_split_as_asked(Case::new(make().await, 55).await).await;
    requests_are_told_page_by_page(Case::new(make().await, 56).await).await;
}

struct Case {
    store: BudgetsUnderTest,
    samples: Arc<Samples>,
    founding: Founding,
}

impl Case {
    async fn new(store: BudgetsUnderTest, seed: u64) -> Self {
        let samples = Samples::new(seed);
        let founding = samples.founding();
        let entry = samples.entry(Some(founding.organisation.id));
        let made = store.access.found(&founding, &entry).await.expect("founded");
        assert!(made, "an empty store is founded");
        Self { store, samples: Arc::new(samples), founding }
    }

    fn organisation(&self) -> OrganisationId {
        self.founding.organisation.id
    }

    fn caller(&self) -> Caller {
        Caller {
            organisation: self.organisation(),
            project: self.founding.project.id,
            account: self.founding.owner.id,
            principal: Principal::Key(self.founding.key.key.id),
            permissions: Permissions::NONE,
        }
    }

    fn budget(&self, scope: BudgetScope, quantity: BudgetQuantity, amount: u64) -> Budget {
        let id = BudgetId { scope, quantity };
        Budget { organisation: self.organisation(), id, amount }
    }

    async fn put(&self, budget: &Budget) -> bool {
        let entry = self.samples.entry(Some(self.organisation()));
        let put = self.store.budgets.put_budget(budget, self.samples.now(), &entry).await;
        put.expect("answered")
    }

    async fn all(&self) -> Vec<Budget> {
        self.store.budgets.budgets(self.organisation()).await.expect("read")
    }

    async fn entries(&self) -> usize {
        let entries = self.store.audit.read_after(Some(self.organisation()), 0, 1_000).await;
        entries.expect("readable").len()
    }

    async fn open(&self, opened: UsageOpened) -> UsageOpened {
        let entry = self.samples.entry(Some(opened.organisation));
        self.store.ledger.open(&opened, &entry).await.expect("opened");
        opened
    }

    async fn settle(&self, opened: &UsageOpened, cost: Option<u64>) -> UsageSettled {
        let settled = self.samples.settled(opened, UsageOutcome::Finished);
        let settled = UsageSettled { cost: cost.map(MicroEuros), ..settled };
        self.store.ledger.settle(&settled).await.expect("settled");
        settled
    }
}

async fn limits_are_set_changed_and_removed(case: Case) {
    use BudgetQuantity as Quantity;
    assert_eq!(case.all().await, []);
    let (key, account) = (case.founding.key.key.id, case.founding.owner.id);
    let mut expected = vec![
        case.budget(BudgetScope::Key(key), Quantity::RequestsPerMinute, 0),
        case.budget(BudgetScope::Key(key), Quantity::EurosPerMonth, 1),
        case.budget(BudgetScope::Account(account), Quantity::TokensPerMinute, 2),
        case.budget(
            BudgetScope::Project(case.founding.project.id),
            Quantity::KilowattHoursPerMonth,
            u64::try_from(i64::MAX).expect("positive"),
        ),
        case.budget(BudgetScope::Organisation, Quantity::TokensPerMonth, 4),
    ];
    for budget in expected.iter().rev() {
        assert!(case.put(budget).await);
    }
    assert_eq!(case.all().await, expected);
    expected[0].amount = 7;
    assert!(case.put(&expected[0]).await);
    assert_eq!(case.all().await, expected, "in the place of the one before");
    let before = case.entries().await;
    let removed = expected.remove(2).id;
    for is_there in [true, false] {
        let entry = case.samples.entry(Some(case.organisation()));
        let done = case.store.budgets.remove_budget(case.organisation(), removed, &entry).await;
        assert_eq!(done.expect("answered"), is_there);
    }
    assert_eq!(case.all().await, expected);
    assert_eq!(case.entries().await, before + 1, "an entry for what was done alone");
    let stranger = OrganisationId::from_uuid(case.samples.id());
    assert_eq!(case.store.budgets.budgets(stranger).await.expect("read"), []);
}

async fn whoever_is_not_there_has_no_limit(case: Case) {
    let before = case.entries().await;
    let id = case.samples.id();
    for scope in [
        BudgetScope::Key(KeyId::from_uuid(id)),
        BudgetScope::Account(AccountId::from_uuid(id)),
        BudgetScope::Project(ProjectId::from_uuid(id)),
    ] {
        let budget = case.budget(scope, BudgetQuantity::TokensPerMonth, 1);
        assert!(!case.put(&budget).await, "{scope}");
    }
    let stranger = OrganisationId::from_uuid(case.samples.id());
    let key = BudgetScope::Key(case.founding.key.key.id);
    let theirs = case.budget(key, BudgetQuantity::TokensPerMonth, 1);
    assert!(!case.put(&Budget { organisation: stranger, ..theirs }).await, "not of their own");
    assert_eq!(case.all().await, []);
    assert_eq!(case.entries().await, before, "nothing is written");
}

/// By key, or by nobody's.
type Sums = BTreeMap<Option<KeyId>, (Amounts, u64)>;

async fn sums(case: &Case, since: Timestamp) -> Sums {
    let spent = case.store.budgets.spent(case.organisation(), since).await.expect("read");
    let mut sums = Sums::new();
    for Spent { key, account, project, amounts, unsettled_prompt_tokens, .. } in spent {
        assert_eq!((account, project), (Some(case.caller().account), case.caller().project));
        let (sum, unsettled) = sums.entry(key).or_default();
        sum.tokens += amounts.tokens;
        sum.microeuros += amounts.microeuros;
        sum.millijoules += amounts.millijoules;
        *unsettled += unsettled_prompt_tokens;
    }
    sums
}

async fn what_was_used_is_added_up(case: Case) {
    let since = case.samples.now();
    let (with_key, without) =
        (case.caller(), Caller { principal: Principal::Operator, ..case.caller() });
    let mut expected = Amounts::default();
    for cost in [Some(5), None, Some(7)] {
        let opened = case.open(case.samples.opened(&with_key)).await;
        let usage = case.settle(&opened, cost).await.usage;
        expected.tokens += u64::from(usage.prompt_tokens) + u64::from(usage.completion_tokens);
        expected.microeuros += cost.unwrap_or(0);
        // The samples' joules are quarters.
        let quarters = usage.footprint.energy.joules.value() * 4.0;
        expected.millijoules += 250 * format!("{quarters}").parse::<u64>().expect("quarters");
    }
    let running = case.open(case.samples.opened(&without)).await;
    let unsettled = u64::from(running.prompt_tokens);
    let all: Sums =
        [(Some(case.founding.key.key.id), (expected, 0)), (None, (Amounts::default(), unsettled))]
            .into();
    assert_eq!(sums(&case, since).await, all);
    let at = case.samples.now();
    case.store.ledger.close_interrupted(at).await.expect("closed");
    assert_eq!(sums(&case, since).await, all, "nobody knows what it used either");
    assert_eq!(sums(&case, at).await, Sums::new(), "of what began since");
    let stranger = OrganisationId::from_uuid(case.samples.id());
    assert_eq!(case.store.budgets.spent(stranger, since).await.expect("read"), []);
}

async fn months_are_those_of_utc(case: Case) {
    let mut expected = Vec::new();
    for text in ["2026-11-30", "2026-12-01", "2027-01-01"] {
        let day: Day = text.parse().expect("a day");
        for opened_at in [day.begins(), day.next().begins().plus_seconds(-1)] {
            case.open(UsageOpened { opened_at, ..case.samples.opened(&case.caller()) }).await;
            expected.push(Month::of(opened_at));
        }
    }
    expected.dedup();
    let since = "2026-11-01".parse::<Day>().expect("a day").begins();
    let spent = case.store.budgets.spent(case.organisation(), since).await.expect("read");
    let mut months: Vec<_> = spent.iter().map(|one| one.month).collect();
    months.sort();
    months.dedup();
    assert_eq!(months, expected);
}

async fn reports_are_split_as_asked(case: Case) {
    let day: Day = "2026-11-30".parse().expect("a day");
    let colleague = Caller { account: AccountId::from_uuid(case.samples.id()), ..case.caller() };
    let rows = [
        (0, case.caller(), "first", Some(Method::Measured)),
        (0, case.caller(), "first", Some(Method::Estimated)),
        (0, colleague, "second", Some(Method::Measured)),
        (86_400, case.caller(), "first", Some(Method::Measured)),
        (86_400, case.caller(), "first", None),
    ];
    for (later, caller, model, method) in rows {
        let opened_at = day.begins().plus_seconds(later);
        let model = model.parse().expect("a model id");
        let opened = UsageOpened { model, opened_at, ..case.samples.opened(&caller) };
        let opened = case.open(opened).await;
        let Some(method) = method else { continue };
        let mut settled = case.samples.settled(&opened, UsageOutcome::Finished);
        settled.usage.footprint.energy.method = method;
        settled.cost = Some(MicroEuros(10));
        case.store.ledger.settle(&settled).await.expect("settled");
    }
    let by = |project, model, day| UsageSplit { project, model, day };
    let (from, until) = (day.begins(), day.next().next().begins());
    let query = |split| UsageQuery { from, until, split, account: None };
    let check = async |query: UsageQuery, expected: &[&str]| {
        let read = case.store.budgets.usage(case.organisation(), &query).await.expect("read");
        let told: Vec<_> = read
            .iter()
            .map(|row| {
                assert!(row.project.is_none_or(|id| id == case.founding.project.id));
                assert_eq!(row.project.is_some(), query.split.project);
                let model = row.model.as_ref().map_or("", |model| model.as_str());
                let day = row.day.map(|day| day.to_string()).unwrap_or_default();
                let method = row.sum.as_ref().map_or("", |sum| sum.energy_method.as_str());
                let cost = row.cost.map_or(0, |cost| cost.0);
                format!("{model} {day} {method} {} {cost}", row.requests)
            })
            .collect();
        assert_eq!(told, expected, "{query:?}");
    };
    let whole = ["   1 0", "  estimated 1 10", "  measured 3 30"];
    check(query(by(false, false, false)), &whole).await;
    check(query(by(true, false, false)), &whole).await;
    let by_model =
        ["first   1 0", "first  estimated 1 10", "first  measured 2 20", "second  measured 1 10"];
    check(query(by(false, true, false)), &by_model).await;
    let by_day = [
        " 2026-11-30 estimated 1 10",
        " 2026-11-30 measured 2 20",
        " 2026-12-01  1 0",
        " 2026-12-01 measured 1 10",
    ];
    check(query(by(false, false, true)), &by_day).await;
    let own = UsageQuery { account: Some(colleague.account), ..query(by(true, true, true)) };
    check(own, &["second 2026-11-30 measured 1 10"]).await;
    let first_day = UsageQuery { until: day.next().begins(), ..query(by(false, true, false)) };
    let expected = ["first  estimated 1 10", "first  measured 1 10", "second  measured 1 10"];
    check(first_day, &expected).await;
    let stranger = OrganisationId::from_uuid(case.samples.id());
    let all = query(by(false, false, false));
    assert_eq!(case.store.budgets.usage(stranger, &all).await.expect("read"), []);
}

/// Requests and what they cost, as they are told.
async fn told(case: &Case, caller: &Caller, page: &UsagePage) -> Vec<(RequestId, Option<u64>)> {
    let rows = case.store.budgets.requests(caller, page).await.expect("read");
    let told = |row: &RequestUsage| (row.record.opened.request, row.cost.map(|cost| cost.0));
    rows.iter().map(told).collect()
}

async fn requests_are_told_page_by_page(case: Case) {
    let own = case.caller();
    let colleague = Caller { account: AccountId::from_uuid(case.samples.id()), ..own };
    let from = case.samples.now();
    let mut all = Vec::new();
    for (model, cost) in [("first", Some(5)), ("second", None), ("first", Some(7))] {
        let model = model.parse().expect("a model id");
        let opened = case.open(UsageOpened { model, ..case.samples.opened(&own) }).await;
        case.settle(&opened, cost).await;
        all.push((opened.request, cost));
    }
    let between = case.samples.now();
    case.open(case.samples.opened(&colleague)).await;
    let running = case.open(case.samples.opened(&own)).await;
    all.push((running.request, None));
    all.reverse();
    let until = case.samples.now();
    let page = UsagePage { from, until, models: None, offset: 0, limit: 100 };
    assert_eq!(told(&case, &own, &page).await, all, "the newest first");
    let with_another_key = Caller { principal: Principal::Operator, ..own };
    assert_eq!(told(&case, &with_another_key, &page).await, all, "of the account");
    assert_eq!(told(&case, &colleague, &page).await.len(), 1, "their own");
    let second = UsagePage { offset: 1, limit: 2, ..page.clone() };
    assert_eq!(told(&case, &own, &second).await, all[1..3]);
    let behind = UsagePage { offset: 4, ..page.clone() };
    assert_eq!(told(&case, &own, &behind).await, []);
    let earlier = UsagePage { until: between, ..page.clone() };
    assert_eq!(told(&case, &own, &earlier).await, all[1..]);
    let later = UsagePage { from: between, ..page.clone() };
    assert_eq!(told(&case, &own, &later).await, all[..1]);
    let of = |names: &[&str]| {
        let models = names.iter().map(|name| name.parse().expect("a model id")).collect();
        UsagePage { models: Some(models), ..page.clone() }
    };
    assert_eq!(told(&case, &own, &of(&["second", "unknown"])).await, all[2..3]);
    assert_eq!(told(&case, &own, &of(&[])).await, []);
    let rows = case.store.budgets.requests(&own, &page).await.expect("read");
    let settled: Vec<_> = rows.iter().map(|row| row.record.figures.is_some()).collect();
    assert_eq!(settled, [false, true, true, true]);
    let stranger = Caller { organisation: OrganisationId::from_uuid(case.samples.id()), ..own };
    assert_eq!(told(&case, &stranger, &page).await, []);
}
