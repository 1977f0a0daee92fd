"""Limits with the real binary: kept by 200 requests at once, over a kill, and told to clients.

Nothing here depends on what the model says or how fast it is: what was let in is compared with the
usage rows, and what a minute may hold with the time that has really passed.
"""

import json
import sqlite3
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from harness import ledger
from harness.server import MODEL, Server, run as run_command, run_json
from suites.accounts import Browser

AT_ONCE = 200
TOKENS = 1_500
SETTINGS = f"""
[limits]
requests_max = 512

[[prices]]
model = "{MODEL}"
prompt_eur_per_million = 1000
completion_eur_per_million = 2000
"""


def run(report, bench):
    data_dir = bench.data_dir()
    (data_dir / "galerne.toml").write_text(SETTINGS)
    keys = {}
    with Server(bench.binary, data_dir) as server:
        browser = Browser(server)
        assert browser.sign_in(token=server.link_token)[0] == 204
        for name in ("month", "minute", "tokens", "other"):
            keys[name] = run_json(
                bench.binary, "key", "create", "--name", name, data_dir=data_dir
            )
        _a_month(report, bench, server, browser, keys)
        _a_minute(report, bench, server, browser, keys)
        _bad_limits(report, bench, data_dir)
        _killed(report, server, keys["other"])
    with Server(bench.binary, data_dir, key=server.key) as server:
        browser = Browser(server)
        assert browser.sign_in(token=server.link_token)[0] == 204
        _afterwards(report, bench, server, browser, keys)


def _set(bench, server, browser, quantity, limit, key):
    """By a command beside the server, which knows it once it has listed the limits."""
    made = run_json(
        *(bench.binary, "budget", "set", quantity, limit, "--key", key["id"]),
        data_dir=server.data_dir,
    )
    listed = _budgets(browser)
    assert made["id"] in listed, (made, listed)
    return made["id"]


def _budgets(browser):
    status, listed = browser.send("GET", "/v1/budgets")
    assert status == 200, listed
    return {budget["id"]: budget for budget in listed["data"]}


def _ask(server, key, **fields):
    body = server.api.chat_body("Name a colour.", max_tokens=4, **fields)
    return server.api.request("POST", "/v1/chat/completions", body, key=key["key"])


def _ask_at_once(server, key):
    """All begin together, each on a connection of its own."""
    together = threading.Barrier(AT_ONCE)

    def ask(_):
        together.wait(timeout=60)
        return _ask(server, key)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, range(AT_ONCE)))


def _rows(server, key=None):
    """Prompt as it was sent, then prompt, answer and cost of each request where they are known."""
    statement = (
        "SELECT prompt_tokens_sent, prompt_tokens, completion_tokens, cost_microeuros FROM usage"
    )
    parameters = ()
    if key is not None:
        statement += " WHERE principal_id = ?"
        parameters = (uuid.UUID(key["id"]).bytes,)
    connection = sqlite3.connect(server.data_dir / "galerne.db", timeout=30)
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


def _tokens(rows):
    return [prompt + answer for _, prompt, answer, _ in rows]


def _expect_refusals(answers, code):
    for answer in answers:
        assert answer.status in (200, 429), (answer.status, answer.body)
    refused = [answer for answer in answers if answer.status == 429]
    for answer in refused:
        told = answer.json()
        assert (told["code"], told["type"]) == (code, "rate_limit_error"), told
        assert told["hint"], told
        assert int(answer.headers["retry-after"]) >= 1, answer.headers
    return refused


def _a_month(report, bench, server, browser, keys):
    key = keys["month"]
    with report.check("budgets: without a limit nothing is told of one"):
        answer = _ask(server, keys["other"])
        assert answer.status == 200, answer.body
        assert not [name for name in answer.headers if name.startswith("x-ratelimit")]
    with report.check(f"budgets: {AT_ONCE} requests at once pass a month by one at most"):
        month = _month()
        limit = _set(bench, server, browser, "tokens_per_month", TOKENS, key)
        answers = _ask_at_once(server, key)
        # What was held and not used may still be asked for, until nothing is left.
        while answers[-1].status == 200 or len(answers) == AT_ONCE:
            answers.append(_ask(server, key))
            assert len(answers) < 3 * AT_ONCE, "nothing was refused"
        refused = _expect_refusals(answers, "budget.exceeded")
        used = _tokens(_rows(server, key))
        standing = _budgets(browser)[limit]
        # Where a month began meanwhile, rows of two months are there, and one of them counts.
        if month == _month():
            assert TOKENS <= sum(used) < TOKENS + max(used), (sum(used), max(used))
            assert (standing["used"], standing["held"]) == (sum(used), 0), standing
    with report.check("budgets: every refusal has its entry, and none a usage row"):
        entries = ledger.audit_entries(server.data_dir)
        outcomes = [entry["outcome"] for entry in entries]
        assert outcomes.count("budget.exceeded") == len(refused), len(refused)
        assert len(_rows(server, key)) == len(answers) - len(refused)
    with report.check("budgets: other keys of the account go on"):
        assert _ask(server, keys["other"]).status == 200
    with report.check("budgets: vectors and Responses count as well"):
        body = {"model": MODEL, "input": "Name a colour."}
        answer = server.api.request("POST", "/v1/responses", body, key=key["key"])
        _expect_refusals([answer], "budget.exceeded")
        assert answer.status == 429, answer.body


def _a_minute(report, bench, server, browser, keys):
    with report.check(f"budgets: {AT_ONCE} requests at once pass no limit of requests a minute"):
        key, limit = keys["minute"], 5
        began = time.monotonic()
        _set(bench, server, browser, "requests_per_minute", limit, key)
        answers = _ask_at_once(server, key)
        refused = _expect_refusals(answers, "rate.limited")
        let_in = len(answers) - len(refused)
        # On a machine that stalled, more than one minute has passed.
        assert limit <= let_in <= limit * _minutes(began), let_in
        assert len(_rows(server, key)) == let_in
        for answer in answers:
            assert answer.headers["x-ratelimit-limit-requests"] == str(limit), answer.headers
            # Nothing counts any more where a minute has passed since.
            most = limit - 1 if _minutes(began) == 1 else limit
            assert 0 <= int(answer.headers["x-ratelimit-remaining-requests"]) <= most
            assert answer.headers["x-ratelimit-reset-requests"].endswith("s"), answer.headers
        for answer in refused:
            assert int(answer.headers["retry-after"]) <= 61, answer.headers
    with report.check(f"budgets: {AT_ONCE} requests at once pass tokens a minute by one at most"):
        key, limit = keys["tokens"], 300
        began = time.monotonic()
        _set(bench, server, browser, "tokens_per_minute", limit, key)
        answers = _ask_at_once(server, key)
        _expect_refusals(answers, "rate.limited")
        used = _tokens(_rows(server, key))
        assert used and sum(used) < (limit + max(used)) * _minutes(began), used
        assert answers[0].headers["x-ratelimit-limit-tokens"] == str(limit), answers[0].headers


def _month():
    return time.strftime("%Y-%m", time.gmtime())


def _minutes(began):
    return 1 + int((time.monotonic() - began) / 60)


def _bad_limits(report, bench, data_dir):
    with report.check("budgets: the command says what is wrong with a limit"):
        for arguments in (
            ("set", "tokens_per_month", "1.5"),
            ("set", "tokens_per_month", "-1"),
            ("set", "tokens", "1"),
            ("set", "tokens_per_month", "1", "--key", "0" * 32),
            ("remove", "organisation.kwh_per_month"),
        ):
            done = run_command(bench.binary, "budget", *arguments, data_dir=data_dir)
            assert done.returncode in (1, 2), (arguments, done)
            assert done.stderr.strip(), (arguments, done)


def _killed(report, server, key):
    with report.check("budgets: the server is killed while it answers"):
        connection = server.api.connect()
        body = server.api.chat_body("Tell a long story.", max_tokens=1_000, stream=True)
        headers = {"Authorization": f"Bearer {key['key']}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        server.kill()
        connection.close()


def _afterwards(report, bench, server, browser, keys):
    with report.check("budgets: a month survives a kill"):
        answer = _ask(server, keys["month"])
        assert (answer.status, answer.code) == (429, "budget.exceeded"), answer.body
        assert _ask(server, keys["other"]).status == 200
        limit = f"key.{keys['month']['id']}.tokens_per_month"
        used = sum(_tokens(_rows(server, keys["month"])))
        assert _budgets(browser)[limit]["used"] == used
    with report.check("budgets: of a request that a kill ended its prompt counts"):
        limit = _set(bench, server, browser, "tokens_per_month", 1_000_000, keys["other"])
        rows = _rows(server, keys["other"])
        cut = [row for row in rows if row[1] is None]
        settled = [row for row in rows if row[1] is not None]
        # The answer may have ended before the kill.
        assert len(cut) <= 1 < len(rows), rows
        used = sum(_tokens(settled)) + sum(row[0] for row in cut)
        assert _budgets(browser)[limit]["used"] == used, (used, rows)
    with report.check("budgets: a limit of the organisation stops every key until it is removed"):
        path = "/v1/budgets"
        wanted = {"scope": "organisation", "quantity": "euros_per_month", "limit": 0.01}
        status, made = browser.send("PUT", path, wanted)
        assert status == 200 and made["used"] > 0.01, made
        answer = _ask(server, keys["other"])
        assert (answer.status, answer.code) == (429, "budget.exceeded"), answer.body
        assert browser.send("DELETE", f"{path}/{made['id']}")[0] == 204
        assert _ask(server, keys["other"]).status == 200
    with report.check("budgets: what is told of usage is what the rows add up to"):
        rows = [row for row in _rows(server) if row[1] is not None]
        today = datetime.now(timezone.utc).date()
        first, last = (str(today + timedelta(days=days)) for days in (-1, 1))
        told = run_json(
            *(bench.binary, "usage", "--by", "project,model,day", "--from", first, "--to", last),
            data_dir=server.data_dir,
        )
        _expect_sums(told, rows)
        assert {row["model"] for row in told["data"]} == {MODEL}, told
        answer = server.api.request("GET", f"/v1/usage?from={first}&to={last}")
        assert answer.status == 200, answer.body
        _expect_sums(answer.json(), rows)
        for prompt, completion, cost in (row[1:] for row in rows):
            assert cost == prompt * 1_000 + completion * 2_000, (prompt, completion, cost)


def _expect_sums(told, rows):
    settled = [row for row in told["data"] if row["energy"] is not None]
    assert sum(row["requests"] for row in settled) == len(rows), told
    assert sum(row["prompt_tokens"] for row in settled) == sum(row[1] for row in rows), told
    assert sum(row["completion_tokens"] for row in settled) == sum(row[2] for row in rows), told
    cost = sum(row["cost_euros"] for row in settled)
    assert abs(cost - sum(row[3] for row in rows) / 1e6) < 1e-6, (cost, told)
    for row in settled:
        assert row["energy"]["joules"] > 0 and row["energy"]["method"], row
        assert row["co2e"]["grams"] > 0 and row["co2e"]["source"], row
