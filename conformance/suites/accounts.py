"""Accounts with the real binary: invited, signed in, limited by role, let in no longer."""

import http.client
import json
import sqlite3
import subprocess

from harness import ledger
from harness.server import Server, run as run_command, run_json

GOOD = "correct horse battery"
OTHER = "another horse battery"
# What each role may reach, by a route that asks for the permission.
ROUTES = {
    "models": "/v1/models",
    "conversations": "/v1/conversations",
    "keys": "/v1/keys",
    "accounts": "/v1/accounts",
    "log": "/log/tile/entries/000.p/1",
    "data_protection": "/v1/holds",
}
ROLES = {
    "owner": {"models", "conversations", "keys", "accounts", "log", "data_protection"},
    "admin": {"models", "conversations", "keys", "accounts"},
    "auditor": {"log"},
    "data_officer": {"models", "conversations", "log", "data_protection"},
    "developer": {"models", "conversations", "keys"},
    "member": {"models", "conversations"},
}


class Browser:
    """Sends requests as the page does, with the cookie that it was given."""

    def __init__(self, server):
        self.server, self.cookie = server, None

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        headers = {"Origin": self.server.url, "Content-Type": "application/json"}
        if self.cookie is not None:
            headers["Cookie"] = self.cookie
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        given = answer.getheader("set-cookie")
        if given is not None:
            self.cookie = given.split(";")[0]
        connection.close()
        return answer.status, _parsed(text)

    def sign_in(self, **with_what):
        self.cookie = None
        return self.send("POST", "/v1/session", with_what)


def _parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def run(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        _people(report, bench, server)
        _roles(report, bench, server)
        _keys(report, bench, server)
        _upkeep(report, bench, server)
    _afterwards(report, bench, server)


def _invited(bench, server, name, role):
    made = run_json(
        bench.binary, "account", "create", name, "--role", role, data_dir=server.data_dir
    )
    browser = Browser(server)
    token = made["url"].split("#token=")[1]
    assert browser.sign_in(token=token)[0] == 204
    return made["id"], browser


def _people(report, bench, server):
    with report.check("accounts: somebody is invited, chooses a password and signs in with it"):
        _, browser = _invited(bench, server, "anne@ministere.example", "member")
        status, session = browser.send("GET", "/v1/session")
        assert (status, session["has_password"]) == (200, False), session
        assert session["account"]["role"] == "member", session
        status, refused = browser.send("PUT", "/v1/session/password", {"new": "short"})
        assert (status, refused["code"]) == (422, "request.invalid"), refused
        assert browser.send("PUT", "/v1/session/password", {"new": GOOD})[0] == 204
        again = Browser(server)
        assert again.sign_in(name="Anne@Ministere.example", password=GOOD)[0] == 204
        status, session = again.send("GET", "/v1/session")
        assert session["account"]["name"] == "anne@ministere.example", session
        assert session["has_password"], session
    with report.check("accounts: another password ends the other sessions"):
        change = {"current": GOOD, "new": OTHER}
        assert again.send("PUT", "/v1/session/password", change)[0] == 204
        assert again.send("GET", "/v1/session")[0] == 200
        assert browser.send("GET", "/v1/session")[0] == 401
    with report.check("accounts: wrong names and passwords are refused in the same words"):
        told = set()
        for name, password in (("anne@ministere.example", GOOD), ("nobody", GOOD), ("", "")):
            status, refused = Browser(server).sign_in(name=name, password=password)
            assert (status, refused["code"]) == (401, "auth.password_wrong"), refused
            told.add(refused["message"])
        assert len(told) == 1, told
    with report.check("accounts: after ten wrong passwords the right one has to wait"):
        _, bob = _invited(bench, server, "bob", "member")
        assert bob.send("PUT", "/v1/session/password", {"new": GOOD})[0] == 204
        for _ in range(10):
            assert Browser(server).sign_in(name="bob", password="wrong")[0] == 401
        status, refused = Browser(server).sign_in(name="bob", password=GOOD)
        assert (status, refused["code"]) == (429, "capacity.exhausted"), refused
        assert bob.send("GET", "/v1/session")[0] == 200, "who is signed in stays"


def _roles(report, bench, server):
    browsers = {}
    for role in ROLES:
        with report.check(f"accounts: {role}: reaches what the table says, and nothing else"):
            _, browser = _invited(bench, server, f"role-{role.replace('_', '-')}", role)
            browsers[role] = browser
            for permission, path in ROUTES.items():
                status, told = browser.send("GET", path)
                if permission in ROLES[role]:
                    assert status == 200, (path, status, told)
                else:
                    assert (status, told["code"]) == (403, "auth.forbidden"), (path, told)
    with report.check("accounts: an admin appoints members, and neither owners nor auditors"):
        admin = browsers["admin"]
        made = {}
        for role, expected in (("member", 201), ("developer", 201), ("auditor", 403), ("owner", 403)):
            body = {"name": f"by-admin-{role}", "role": role}
            status, made[role] = admin.send("POST", "/v1/accounts", body)
            assert status == expected, made[role]
        path = f"/v1/accounts/{made['member']['id']}"
        assert admin.send("PATCH", path, {"role": "owner"})[0] == 403
        assert admin.send("PATCH", path, {"role": "developer"})[1]["role"] == "developer"
        status, invitation = admin.send("POST", f"{path}/invitation")
        assert status == 201, invitation
        assert Browser(server).sign_in(token=invitation["token"])[0] == 204


def _keys(report, bench, server):
    _, browser = _invited(bench, server, "dev", "developer")
    with report.check("accounts: a key does what it was made for, until it is revoked"):
        wanted = {"name": "pipeline", "permissions": ["models"], "expires_in_days": 30}
        status, key = browser.send("POST", "/v1/keys", wanted)
        assert status == 201 and key["expires_at"] is not None, key
        assert server.api.request("GET", "/v1/models", key=key["key"]).status == 200
        for path in ("/v1/conversations", "/log/tile/entries/000.p/1"):
            answer = server.api.request("GET", path, key=key["key"])
            assert (answer.status, answer.code) == (403, "auth.forbidden"), answer.body
        status, listed = browser.send("GET", "/v1/keys")
        assert [one["id"] for one in listed["data"]] == [key["id"]], listed
        assert "key" not in listed["data"][0], listed
        assert browser.send("DELETE", f"/v1/keys/{key['id']}")[0] == 204
        assert server.api.request("GET", "/v1/models", key=key["key"]).code == "auth.revoked"
    with report.check("accounts: a key is given no more than its account has, and makes no keys"):
        wanted = {"name": "log", "permissions": ["log"]}
        status, refused = browser.send("POST", "/v1/keys", wanted)
        assert (status, refused["code"]) == (422, "request.invalid"), refused
        answer = server.api.request("POST", "/v1/keys", {"name": "more"})
        assert (answer.status, answer.code) == (401, "auth.missing"), answer.body


def _upkeep(report, bench, server):
    def galerne(*arguments):
        return run_command(bench.binary, *arguments, data_dir=server.data_dir)

    with report.check("accounts: who is disabled is out at once, with every key"):
        _, browser = _invited(bench, server, "leaver", "developer")
        _, key = browser.send("POST", "/v1/keys", {"name": "laptop"})
        assert galerne("account", "disable", "leaver").returncode == 0
        assert browser.send("GET", "/v1/session")[0] == 401
        answer = server.api.request("GET", "/v1/models", key=key["key"])
        assert (answer.status, answer.code) == (401, "auth.account_disabled"), answer.body
        assert galerne("account", "enable", "leaver").returncode == 0
        assert server.api.request("GET", "/v1/models", key=key["key"]).status == 200
    with report.check("accounts: the last owner stays"):
        assert galerne("account", "role", "role-owner", "member").returncode == 0
        done = galerne("account", "disable", "owner")
        assert done.returncode == 1 and "hint:" in done.stderr, done
    with report.check("accounts: the operator resets a password over standard input"):
        command = [bench.binary, "account", "password", "bob", "--data-dir", server.data_dir]
        done = subprocess.run(
            list(map(str, command)), input=OTHER + "\n", capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done
        assert OTHER not in done.stdout + done.stderr


def _afterwards(report, bench, server):
    with report.check("accounts: the log knows every step, and neither names nor passwords"):
        entries = ledger.audit_entries(server.data_dir)
        actions = {entry["action"] for entry in entries}
        expected = {"account.create", "account.update", "session.create", "key.create"}
        assert expected <= actions, actions
        text = json.dumps(entries)
        for secret in ("anne", "bob", "leaver", GOOD, OTHER):
            assert secret not in text, secret
    with report.check("accounts: passwords are kept as argon2id and nowhere in the clear"):
        connection = sqlite3.connect(server.data_dir / "galerne.db")
        kept = [text for (text,) in connection.execute("SELECT password FROM account") if text]
        connection.close()
        assert kept and all(text.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for text in kept)
        for file in server.data_dir.glob("galerne.db*"):
            data = file.read_bytes()
            assert GOOD.encode() not in data and OTHER.encode() not in data, file
