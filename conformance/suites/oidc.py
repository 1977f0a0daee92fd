"""Sign-in with a real, certified provider (npm oidc-provider), and against a hostile one (A11)."""

import json
import queue
import shutil
import subprocess
import threading
import urllib.parse

from harness import ledger, venvs
from harness.browser import Browser
from harness.paths import CONFORMANCE
from harness.server import Server, run as run_command, run_json
from suites import oidc_attacks

HANG_GUARD_SECONDS = 60
SECRET = "a secret & of = both"
PEOPLE = {
    "anne-4711": {"name": "anne@ministere.example", "groups": ["staff"]},
    "bob-4712": {"name": "bob@ministere.example", "groups": ["guests"]},
    "carl-4713": {"name": "carl", "groups": ["staff", "devs"]},
}


def run(report, bench):
    provider = Provider(bench)
    try:
        _people(report, bench, provider)
        _invited(report, bench, provider)
    finally:
        provider.stop()
    oidc_attacks.run(report, bench)


class Provider:
    """The provider on a port of its own. `people` may be changed between sign-ins."""

    def __init__(self, bench):
        folder = venvs.node_packages("oidc")
        # Node finds packages from the folder of the script.
        script = shutil.copy(CONFORMANCE / "oidc" / "provider.mjs", folder / "provider.mjs")
        self._file = bench.folder / "people.json"
        self.people = json.loads(json.dumps(PEOPLE))
        self.write()
        self.errors = []
        self._process = subprocess.Popen(
            ["node", str(script), str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        threading.Thread(target=lambda: self.errors.extend(self._process.stderr), daemon=True).start()
        try:
            self.issuer = lines.get(timeout=HANG_GUARD_SECONDS)
            assert self.issuer is not None, f"the provider ended: {self.errors[-5:]}"
        except BaseException:
            self.stop()
            raise

    def _read(self, lines):
        for line in self._process.stdout:
            lines.put(line.strip())
        lines.put(None)

    def write(self):
        """In one step: the provider never reads half a file."""
        made = self._file.with_suffix(".new")
        made.write_text(json.dumps(self.people))
        made.replace(self._file)

    def stop(self):
        self._process.kill()
        self._process.wait(timeout=HANG_GUARD_SECONDS)


def settings(issuer, secret_file, more):
    lines = [
        "[identity.oidc]",
        f'issuer = "{issuer}"',
        'client_id = "galerne"',
        f'client_secret_file = "{secret_file}"',
        'redirect_uri = "http://localhost:8080/v1/session/oidc/callback"',
        'name = "Ministère"',
        *more,
    ]
    return "\n".join([*lines, ""])


def installation(bench, issuer, more):
    data_dir = bench.data_dir()
    secret_file = bench.folder / "client-secret"
    secret_file.write_text(SECRET + "\n")
    (data_dir / "galerne.toml").write_text(settings(issuer, secret_file, more))
    return data_dir


MAPPED = [
    'scopes = ["profile", "groups"]',
    "[identity.oidc.roles]",
    'staff = "member"',
    'devs = "developer"',
]


def _sign_in(browser, who):
    """Through the forms of the provider, back to Galerne; the last answer."""
    leaving = browser.get(browser.home + "/v1/session/oidc")
    return _at_the_provider(browser, leaving, who)


def _at_the_provider(browser, leaving, who):
    return browser.get(_arriving(browser, leaving, who))


def _arriving(browser, leaving, who):
    """The address to which the provider sends the browser back."""
    callback = browser.home + "/v1/session/oidc/callback"
    assert leaving.location is not None, (leaving.status, leaving.body)
    page = browser.follow(leaving, until=callback)
    for _ in range(5):
        if isinstance(page, str):
            return page
        action, fields = page.form()
        if 'name="login"' in page.body:
            fields |= {"login": who, "password": "any"}
        page = browser.follow(browser.submit(action, fields), until=callback)
    raise AssertionError("the provider asks again and again")


def _steal_a_code(server):
    victim, thief = Browser(server), Browser(server)
    begin = victim.home + "/v1/session/oidc"
    stolen = _arriving(victim, victim.get(begin), "carl-4713")

    def injected():
        """The thief's own state with the code of somebody else."""
        own = _arriving(thief, thief.get(begin), "bob-4712")
        query = {"state": _parameter(own, "state"), "code": _parameter(stolen, "code")}
        return thief.get(f"{begin}/callback?{urllib.parse.urlencode(query)}")

    refused = "/#sign-in=auth.identity_refused"
    back = injected()
    assert back.location == refused, back.location
    assert victim.get(stolen).location == "/", "the control"
    for again in (injected(), victim.get(stolen)):
        assert again.location == refused, again.location
    assert thief.session().status == 401


def _parameter(address, name):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)[name][0]


def _told(browser):
    answer = browser.session()
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["account"]


def _people(report, bench, provider):
    data_dir = installation(bench, provider.issuer, MAPPED)
    with Server(bench.binary, data_dir) as server:
        with report.check("oidc: the page is told that a provider is set"):
            answer = server.api.request("GET", "/v1/session/provider", key=False)
            assert answer.json() == {"name": "Ministère"}, answer.body
        with report.check("oidc: somebody of a group gets an account and a session"):
            anne = Browser(server)
            back = _sign_in(anne, "anne-4711")
            assert (back.status, back.location) == (303, "/"), (back.location, server.errors[-3:])
            account = _told(anne)
            assert account["name"] == "anne@ministere.example", account
            assert account["role"] == "member", account
        with report.check("oidc: the second time it is the same account"):
            again = Browser(server)
            assert _sign_in(again, "anne-4711").location == "/"
            assert _told(again)["id"] == account["id"]
        with report.check("oidc: of two groups the one counts that may do more"):
            carl = Browser(server)
            assert _sign_in(carl, "carl-4713").location == "/"
            assert _told(carl)["role"] == "developer"
        with report.check("oidc: somebody without such a group gets neither"):
            bob = Browser(server)
            back = _sign_in(bob, "bob-4712")
            assert back.location == "/#sign-in=auth.identity_unmapped", back.location
            assert bob.session().status == 401
        with report.check("oidc: a code is good for the browser that it was made for, and once"):
            _steal_a_code(server)
        with report.check("oidc: another group is another role, in browsers that are open too"):
            provider.people["anne-4711"]["groups"] = ["devs"]
            provider.write()
            assert _sign_in(Browser(server), "anne-4711").location == "/"
            assert _told(anne)["role"] == "developer"
        with report.check("oidc: a group that is gone takes the sessions with it"):
            provider.people["anne-4711"]["groups"] = []
            provider.write()
            back = _sign_in(Browser(server), "anne-4711")
            assert back.location == "/#sign-in=auth.identity_unmapped", back.location
            assert anne.session().status == 401 and again.session().status == 401
        with report.check("oidc: a disabled account stays outside, whatever its groups"):
            done = run_command(bench.binary, "account", "disable", "carl", data_dir=data_dir)
            assert done.returncode == 0, done.stderr
            back = _sign_in(Browser(server), "carl-4713")
            assert back.location == "/#sign-in=auth.account_disabled", back.location
        with report.check("oidc: whoever says no at the provider is back at the page"):
            browser = Browser(server)
            callback = browser.home + "/v1/session/oidc/callback"
            page = browser.follow(browser.get(browser.home + "/v1/session/oidc"), until=callback)
            action, _ = page.form()
            abort = browser.get(f"{action}/abort")
            assert abort.location is not None, (abort.status, abort.body[:300])
            back = browser.get(browser.follow(abort, until=callback))
            assert back.location == "/#sign-in=auth.identity_refused", back.location
    with report.check("oidc: log and database know what happened, and no subject"):
        entries = ledger.audit_entries(data_dir)
        actions = {entry["action"] for entry in entries}
        expected = {"identity.bind", "account.create", "account.update", "session.create"}
        assert expected <= actions, actions
        outcomes = {entry["outcome"] for entry in entries}
        expected = {"auth.identity_unmapped", "auth.account_disabled", "auth.identity_refused"}
        assert expected <= outcomes, outcomes
        text = json.dumps(entries) + "\n".join(server.errors)
        for person in ("anne", "bob", "carl", SECRET):
            assert person not in text, person
        for file in data_dir.glob("galerne.db*"):
            data = file.read_bytes()
            for subject in (*PEOPLE, SECRET):
                assert subject.encode() not in data, (file, subject)
    with report.check("oidc: settings that would let everybody in are refused"):
        for more, expected in (
            (MAPPED[:1], "nobody would be let in"),
            (['algorithms = ["HS256"]', *MAPPED], "HS256"),
            ([*MAPPED, 'bosses = "owner"'], "would make owners"),
        ):
            refused = installation(bench, provider.issuer, more)
            done = run_command(bench.binary, "config", "check", data_dir=refused)
            assert done.returncode == 64 and expected in done.stderr, done.stderr
        refused = installation(bench, "https://id.example.org", MAPPED)
        done = run_command(bench.binary, "config", "check", data_dir=refused)
        assert done.returncode == 64 and "nothing is declared of the identity" in done.stderr, done


def _invited(report, bench, provider):
    data_dir = installation(bench, provider.issuer, ['admit = "invited"'])
    with Server(bench.binary, data_dir) as server:
        with report.check("oidc: nobody gets in who was not invited"):
            back = _sign_in(Browser(server), "carl-4713")
            assert back.location == "/#sign-in=auth.identity_unmapped", back.location
        with report.check("oidc: whoever was invited connects the account and keeps its role"):
            made = run_json(
                *(bench.binary, "account", "create", "carl", "--role", "auditor"),
                data_dir=data_dir,
            )
            browser = Browser(server)
            token = json.dumps({"token": made["url"].split("#token=")[1]})
            assert browser.post_json("/v1/session", token).status == 204
            leaving = browser.post_json("/v1/session/oidc")
            assert leaving.status == 200, leaving.body
            leaving.location = json.loads(leaving.body)["address"]
            assert _at_the_provider(browser, leaving, "carl-4713").location == "/"
            again = Browser(server)
            assert _sign_in(again, "carl-4713").location == "/"
            account = _told(again)
            assert (account["name"], account["role"]) == ("carl", "auditor"), account
