"""Break-glass with the real binary: two persons open what one wrote, in sight of everybody concerned."""

import sqlite3

from harness import ledger
from harness.server import Server, run_json
from suites.accounts import Browser

CANARY = "zyzzyva-5e1d"
ROOT = "/v1/break-glass"
REASON = "a person is in danger, case 7"


def run(report, bench):
    data_dir = bench.data_dir()
    with Server(bench.binary, data_dir) as server:
        anne, anne_id = _somebody(bench, server, "anne", "member")
        owner, _ = _somebody(bench, server, "boss", "owner")
        officer, _ = _somebody(bench, server, "officer", "data_officer")
        conversation = _converse(server, anne)
        with report.check("break_glass: nothing is read before a second person agrees"):
            status, opening = owner.send("POST", ROOT, _wish(anne_id))
            assert (status, opening["state"]) == (201, "waiting"), opening
            path = f"{ROOT}/{opening['id']}"
            _expect_shut(owner, path, conversation)
            status, told = owner.send("POST", f"{path}/approval")
            assert (status, told["code"]) == (403, "opening.denied"), told
        with report.check("break_glass: once open, whoever asked reads, and nobody else"):
            status, opened = officer.send("POST", f"{path}/approval")
            assert (status, opened["state"]) == (200, "open"), opened
            status, read = owner.send("GET", f"{path}/conversations/{conversation}")
            assert status == 200 and CANARY in str(read), read
            status, listed = owner.send("GET", f"{path}/conversations")
            assert (status, listed["total"]) == (200, 1), listed
            for other in (officer, anne):
                status, told = other.send("GET", f"{path}/conversations/{conversation}")
                assert status == 403 and CANARY not in str(told), told
        with report.check("break_glass: whose conversations they are sees who asked, and why"):
            status, told = anne.send("GET", ROOT)
            assert status == 200 and told["data"][0]["reason"] == REASON, told
            assert told["data"][0]["approver"] == opened["approver"], told
        with report.check("break_glass: it is shown on the machine"):
            (shown,) = run_json(bench.binary, "break-glass", "list", data_dir=data_dir)
            expected = ("open", "anne", "boss", "officer")
            told = tuple(shown[name] for name in ("state", "account", "requester", "approver"))
            assert told == expected, shown
        with report.check("break_glass: ended early, it is shut"):
            assert officer.send("DELETE", path)[1]["state"] == "revoked"
            _expect_shut(owner, path, conversation)
    with report.check("break_glass: every step and every reading stands in the log, without words"):
        entries = ledger.audit_entries(data_dir)
        actions = [entry["action"] for entry in entries if entry["outcome"] == "ok"]
        for action, times in (("request", 1), ("approve", 1), ("read", 2), ("close", 1)):
            assert actions.count(f"break_glass.{action}") == times, (action, actions)
        denied = [entry for entry in entries if entry["outcome"] == "opening.denied"]
        assert denied, "the denials too"
        assert CANARY not in str(entries) and REASON not in str(entries)
    with report.check("break_glass: whoever has SQL does not change what was asked"):
        connection = sqlite3.connect(data_dir / "galerne.db")
        for statement in (
            "UPDATE opening SET reason = 'nothing'",
            "UPDATE opening SET approver_id = NULL, approved_at = NULL",
            "DELETE FROM opening",
        ):
            try:
                connection.execute(statement)
                raise RuntimeError(f"{statement} was done")
            except sqlite3.IntegrityError:
                pass
        connection.close()


def _somebody(bench, server, name, role):
    command = (bench.binary, "account", "create", name, "--role", role)
    made = run_json(*command, data_dir=server.data_dir)
    browser = Browser(server)
    assert browser.sign_in(token=made["url"].split("#token=")[1])[0] == 204
    return browser, made["id"]


def _converse(server, browser):
    body = {"model": server.api.model, "inputs": f"{CANARY}?", "name": "plan"}
    body["completion_args"] = {"max_tokens": 4}
    status, made = browser.send("POST", "/v1/conversations", body)
    assert status == 200, made
    return made["conversation_id"]


def _wish(account):
    return {"account": account, "reason": REASON, "minutes": 30}


def _expect_shut(browser, path, conversation):
    for rest in ("conversations", f"conversations/{conversation}"):
        status, told = browser.send("GET", f"{path}/{rest}")
        assert (status, told["code"]) == (409, "opening.over"), told
        assert CANARY not in str(told), told
