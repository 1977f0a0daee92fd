"""SCIM with a tester, with an identity provider that speaks it (canaille), and with hostile input."""

import http.client
import json
import os
import queue
import subprocess
import threading
import urllib.parse
import uuid

from harness import clients, ledger, venvs
from harness.paths import CONFORMANCE
from harness.server import Server, run as run_command, run_json
from suites.accounts import Browser
from suites.tenants import move_account

HANG_GUARD_SECONDS = 120
ROOT = "/scim/v2"
ROLES = ["[identity.oidc.roles]", 'devs = "developer"', 'dpo = "data_officer"']


def run(report, bench):
    data_dir = bench.data_dir()
    (data_dir / "galerne.toml").write_text(_settings(bench))
    with Server(bench.binary, data_dir) as server:
        key = provisioning_key(bench, server, "provider", "owner")
        environment = {**os.environ, "GALERNE_URL": server.url + ROOT, "GALERNE_KEY": key}
        command = [venvs.python("scim"), CONFORMANCE / "clients" / "scim_tester.py"]
        clients.run_checks(report, "scim: scim2-tester", command, env=environment)
        _canaille(report, bench, server, environment)
        _hostile(report, Scim(server, key))
        _tenants(report, bench, server, key)
        _last_owner(report, Scim(server, key))
        _revoked(report, bench, server)
    with report.check("scim: the log knows what happened, and no name"):
        entries = ledger.audit_entries(data_dir)
        actions = {entry["action"] for entry in entries}
        expected = {"account.create", "account.update", "account.remove", "group.create"}
        assert expected <= actions, actions
        text = json.dumps(entries) + "\n".join(server.errors)
        for word in ("anne.dupont", "private@example.org", "a private password", key):
            assert word not in text, word
    with report.check("scim: what is not kept is not in the database"):
        for file in data_dir.glob("galerne.db*"):
            data = file.read_bytes()
            for word in ("private@example.org", "a private password"):
                assert word.encode() not in data, (file, word)


def _settings(bench):
    """A provider that is never asked: its table of roles is all that counts here."""
    secret = bench.folder / "scim-client-secret"
    secret.write_text("secret\n")
    lines = [
        "[identity.oidc]",
        'issuer = "http://127.0.0.1:9"',
        'client_id = "galerne"',
        f'client_secret_file = "{secret}"',
        'redirect_uri = "http://localhost:8080/v1/session/oidc/callback"',
        'name = "Nobody"',
        *ROLES,
    ]
    return "\n".join([*lines, ""])


def provisioning_key(bench, server, name, role):
    command = ("account", "create", name, "--service", "--role", role)
    run_json(bench.binary, *command, data_dir=server.data_dir)
    command = ("key", "create", "--name", name, "--account", name, "--allow", "provisioning")
    return run_json(bench.binary, *command, data_dir=server.data_dir)["key"]


class Scim:
    """Sends requests as a provider does."""

    def __init__(self, server, key):
        self.server, self.key = server, key

    def send(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=120)
        headers = {"Content-Type": "application/scim+json", "Authorization": f"Bearer {self.key}"}
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        connection.request(method, ROOT + path, data, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def find(self, filter):
        status, found = self.send("GET", "/Users?filter=" + urllib.parse.quote(filter))
        assert status == 200, found
        return found["Resources"]

    def make(self, name, **more):
        status, made = self.send("POST", "/Users", {"userName": name, **more})
        assert status == 201, made
        return made


class Canaille:
    """The provider in a process of its own; each command is done when it returns."""

    def __init__(self, environment):
        command = [venvs.python("canaille"), CONFORMANCE / "clients" / "canaille_provider.py"]
        self.errors = []
        self._process = subprocess.Popen(
            [str(part) for part in command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self._process.stderr), daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def do(self, what, **arguments):
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._lines.get(timeout=HANG_GUARD_SECONDS)
        assert line is not None, f"canaille ended: {self.errors[-5:]}"
        return json.loads(line)["done"]

    def stop(self):
        self._process.kill()
        self._process.wait(timeout=HANG_GUARD_SECONDS)


def _canaille(report, bench, server, environment):
    scim = Scim(server, environment["GALERNE_KEY"])
    provider = Canaille(environment)
    try:
        with report.check("scim: canaille: whoever is made there is here, without what is not kept"):
            arguments = {"family_name": "Dupont", "email": "private@example.org"}
            theirs = provider.do("make_user", name="anne.dupont", **arguments)
            (anne,) = scim.find('userName eq "anne.dupont"')
            assert (anne["externalId"], anne["displayName"]) == (theirs, "Dupont"), anne
            assert anne["active"] is True, anne
            assert {"name", "emails", "password"}.isdisjoint(anne), anne
        with report.check("scim: canaille: a change there is a change here"):
            provider.do("rename_user", name="anne.dupont", display_name="Anne")
            (anne,) = scim.find('userName eq "anne.dupont"')
            assert anne["displayName"] == "Anne", anne
        with report.check("scim: canaille: a group there is a role here"):
            provider.do("make_group", name="devs", member="anne.dupont")
            assert _role(bench, server, "anne.dupont") == "developer"
            provider.do("delete_group", name="devs")
            assert _role(bench, server, "anne.dupont") == "member"
        with report.check("scim: canaille: whoever is locked there is signed out here at once"):
            browser = _signed_in(bench, server, "anne.dupont")
            command = ("key", "create", "--name", "own", "--account", "anne.dupont")
            key = run_json(bench.binary, *command, data_dir=server.data_dir)["key"]
            assert browser.send("GET", "/v1/session")[0] == 200, "the control"
            assert server.api.request("GET", "/v1/models", key=key).status == 200, "the control"
            provider.do("lock_user", name="anne.dupont")
            assert browser.send("GET", "/v1/session")[0] == 401
            refused = server.api.request("GET", "/v1/models", key=key)
            assert (refused.status, refused.code) == (401, "auth.account_disabled"), refused.body
        with report.check("scim: canaille: whoever is deleted there is gone here"):
            provider.do("delete_user", name="anne.dupont")
            assert scim.find('userName eq "anne.dupont"') == []
            assert scim.send("GET", f"/Users/{anne['id']}")[0] == 404
    finally:
        provider.stop()


def _role(bench, server, name):
    accounts = run_json(bench.binary, "account", "list", data_dir=server.data_dir)
    return next(account["role"] for account in accounts if account["name"] == name)


def _signed_in(bench, server, name):
    url = run_json(bench.binary, "account", "link", name, data_dir=server.data_dir)["url"]
    browser = Browser(server)
    assert browser.sign_in(token=url.split("#token=")[1])[0] == 204
    return browser


def _hostile(report, scim):
    with report.check("scim: filters without end are refused"):
        for size in (5_000, 60_000):
            path = "/Users?filter=" + urllib.parse.quote(f'userName eq "{"x" * size}"')
            status, told = scim.send("GET", path)
            assert (status, told["scimType"]) == (400, "invalidFilter"), told
        deep = "(" * 900 + "title pr" + ")" * 900
        status, told = scim.send("GET", "/Users?filter=" + urllib.parse.quote(deep))
        assert (status, told["scimType"]) == (400, "invalidFilter"), told
        # More than a head may have: refused before anything is read of it.
        connection = http.client.HTTPConnection(scim.server.host, scim.server.port, timeout=120)
        try:
            connection.request("GET", f"{ROOT}/Users?filter={'x' * 1_000_000}")
            assert connection.getresponse().status in (400, 414, 431)
        except OSError:
            pass
        finally:
            connection.close()
    with report.check("scim: patches without end are refused"):
        user = scim.make("patched")
        path = f"/Users/{user['id']}"
        one = {"op": "replace", "path": "displayName", "value": "x"}
        status, told = scim.send("PATCH", path, {"Operations": [one] * 20_000})
        assert (status, told["scimType"]) == (400, "tooMany"), told
        status, _ = scim.send("PATCH", path, '{"Operations":' + "[" * 200_000)
        assert status == 400, status
        status, _ = scim.send("POST", "/Users", '{"userName":"' + "x" * 5_000_000 + '"}')
        assert status == 413, status
        assert scim.send("GET", path)[1] == user, "nothing has changed"
    with report.check("scim: members count once, and strangers are none"):
        body = {"displayName": "twice", "members": [{"value": user["id"]}] * 500}
        status, group = scim.send("POST", "/Groups", body)
        assert (status, len(group["members"])) == (201, 1), group
        body["members"].append({"value": uuid.uuid4().hex})
        status, told = scim.send("POST", "/Groups", body)
        assert (status, told["scimType"]) == (400, "invalidValue"), told


def _tenants(report, bench, server, key):
    scim = Scim(server, key)
    made = run_json(
        *(bench.binary, "account", "create", "far", "--service", "--role", "owner"),
        data_dir=server.data_dir,
    )
    command = ("key", "create", "--name", "far", "--account", "far", "--allow", "provisioning")
    stranger = Scim(server, run_json(bench.binary, *command, data_dir=server.data_dir)["key"])
    with report.check("scim: another organisation is as if it were not there"):
        move_account(server.data_dir, uuid.UUID(made["id"]).bytes, ("api_key",))
        user = scim.make("near")
        group = scim.send("POST", "/Groups", {"displayName": "near"})[1]
        assert stranger.send("GET", "/Users")[1]["totalResults"] == 0
        assert stranger.send("GET", "/Groups")[1]["totalResults"] == 0
        patch = {"Operations": [{"op": "replace", "path": "displayName", "value": "taken"}]}
        for kind, one in (("Users", user), ("Groups", group)):
            for method, body in (
                *(("GET", None), ("DELETE", None), ("PATCH", patch)),
                ("PUT", {"userName": "taken", "displayName": "taken"}),
            ):
                status, told = stranger.send(method, f"/{kind}/{one['id']}", body)
                unknown = stranger.send(method, f"/{kind}/{uuid.uuid4().hex}", body)
                assert (status, told) == unknown and status == 404, (method, kind, told)
            assert scim.send("GET", f"/{kind}/{one['id']}")[1] == one
        body = {"displayName": "far", "members": [{"value": user["id"]}]}
        assert stranger.send("POST", "/Groups", body)[0] == 400


def _last_owner(report, scim):
    """The program with the key is an owner too, and nobody could sign in as that."""
    with report.check("scim: the last owner who is a person is neither disabled nor taken away"):
        (owner,) = scim.find('userName eq "owner"')
        path = f"/Users/{owner['id']}"
        off = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
        for method, body in (
            ("PATCH", off),
            ("PUT", {"userName": "owner", "active": False}),
            ("DELETE", None),
        ):
            status, told = scim.send(method, path, body)
            assert status == 409 and "account.last_owner" in told["detail"], told
        assert scim.send("GET", path)[1]["active"] is True


def _revoked(report, bench, server):
    with report.check("scim: a key that is revoked, or whose account is disabled, does nothing"):
        for name in ("revoked", "disabled"):
            scim = Scim(server, provisioning_key(bench, server, name, "admin"))
            assert scim.send("GET", "/Users")[0] == 200, "the control"
            if name == "revoked":
                keys = run_json(bench.binary, "key", "list", data_dir=server.data_dir)
                found = next(key["id"] for key in keys if key["name"] == name)
                command = ("key", "revoke", found)
            else:
                command = ("account", "disable", name)
            done = run_command(bench.binary, *command, data_dir=server.data_dir)
            assert done.returncode == 0, done.stderr
            for method, path, body in (
                ("GET", "/Users", None),
                ("POST", "/Users", {"userName": "late"}),
            ):
                assert scim.send(method, path, body)[0] == 401
    with report.check("scim: a plain key provisions nothing"):
        plain = Scim(server, server.key)
        assert plain.send("GET", "/Users")[0] == 403
