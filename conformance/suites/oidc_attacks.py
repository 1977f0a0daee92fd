"""A11: a provider that lies, and people in the middle. Each attack has the control beside it that
the same provider with an honest token signs in."""

import contextlib
import http.server
import json
import threading
import time
import urllib.parse

from harness import jose, ledger
from harness.browser import Browser
from harness.server import Server
from suites import oidc

MAPPED = ["[identity.oidc.roles]", 'staff = "member"']
REFUSED = "auth.identity_refused"
CLIENT = "galerne"


class Hostile:
    """Serves discovery, keys and tokens on the loopback; `token` makes the next one."""

    def __init__(self):
        self.key = jose.RsaKey("key-1")
        self.attacker = jose.RsaKey("key-1")
        self.nonce = None
        self.token = self.honest
        self.fetched, self.elsewhere = [], []
        self._server = _serve(self._answer)
        self._attacker = _serve(lambda path, _: self.elsewhere.append(path) or {})
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self.foreign = f"http://127.0.0.1:{self._attacker.server_port}"

    def claims(self, **changes):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "mallory-1",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "groups": ["staff"],
            "preferred_username": "mallory",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def header(self, **changes):
        header = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
        return {name: value for name, value in (header | changes).items() if value is not None}

    def honest(self):
        return jose.signed(self.header(), self.claims(), self.key.sign)

    def _answer(self, path, form):
        self.fetched.append(path)
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.issuer,
                "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token",
                "jwks_uri": self.issuer + "/jwks",
            }
        if path == "/jwks":
            return {"keys": [self.key.jwk()]}
        assert path == "/token" and form["code_verifier"], (path, form)
        return {"access_token": "at", "token_type": "Bearer", "id_token": self.token()}

    def close(self):
        for server in (self._server, self._attacker):
            server.shutdown()
            server.server_close()


def _serve(answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._tell(answer(self.path, {}))

        def do_POST(self):
            length = int(self.headers["content-length"])
            form = urllib.parse.parse_qsl(self.rfile.read(length).decode())
            self._tell(answer(self.path, dict(form)))

        def _tell(self, value):
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(report, bench):
    hostile = Hostile()
    try:
        data_dir = oidc.installation(bench, hostile.issuer, MAPPED)
        with Server(bench.binary, data_dir) as server:
            world = World(server, hostile)
            for name, token in _tokens(hostile):
                with report.check(f"oidc: A11: refused: {name}"):
                    world.expect_refused(token)
                    world.expect_signed_in()
            _returns(report, world)
            with report.check("oidc: A11: nothing that a token named was fetched"):
                assert hostile.elsewhere == [], hostile.elsewhere
                paths = {"/.well-known/openid-configuration", "/jwks", "/token"}
                assert set(hostile.fetched) == paths, set(hostile.fetched)
            with report.check("oidc: A11: log and output name nobody"):
                text = json.dumps(ledger.audit_entries(data_dir)) + "\n".join(server.errors)
                assert "mallory" not in text and "evil" not in text
    finally:
        hostile.close()


class World:
    """One server that trusts the hostile provider."""

    def __init__(self, server, hostile):
        self.server, self.hostile = server, hostile

    def leave(self):
        """A browser at the provider, and what it was sent there with."""
        browser = Browser(self.server)
        leaving = browser.get(browser.home + "/v1/session/oidc")
        assert leaving.status == 303, (leaving.status, leaving.body)
        assert leaving.location.startswith(self.hostile.issuer + "/authorize?"), leaving.location
        query = urllib.parse.urlsplit(leaving.location).query
        asked = dict(urllib.parse.parse_qsl(query))
        assert asked["code_challenge_method"] == "S256" and asked["scope"].startswith("openid")
        self.hostile.nonce = asked["nonce"]
        return browser, asked

    def come_back(self, browser, **query):
        query = urllib.parse.urlencode(query)
        return browser.get(f"{browser.home}/v1/session/oidc/callback?{query}")

    def expect_signed_in(self):
        """The control."""
        self.hostile.token = self.hostile.honest
        browser, asked = self.leave()
        back = self.come_back(browser, state=asked["state"], code="c")
        assert back.location == "/", (back.location, self.server.errors[-3:])
        assert browser.session().status == 200
        return browser, asked

    def expect_refused(self, token):
        self.hostile.token = token
        browser, asked = self.leave()
        with self.refusal(browser):
            back = self.come_back(browser, state=asked["state"], code="c")
            assert back.location == f"/#sign-in={REFUSED}", back.location

    @contextlib.contextmanager
    def refusal(self, browser, count=1):
        """Leaves no session, and an entry each."""
        before = self._entries()
        yield
        assert browser.cookie("galerne_session") is None
        new = self._entries()[len(before) :]
        refused = [entry for entry in new if entry["outcome"] == REFUSED]
        assert [entry["action"] for entry in refused] == ["request.refused"] * count, new
        assert not [entry for entry in new if entry["action"] == "session.create"], new

    def _entries(self):
        return ledger.audit_entries(self.server.data_dir)


def _tokens(hostile):
    """Names of attacks, and what makes their tokens once the nonce is known."""
    key, attacker = hostile.key, hostile.attacker

    def made(header=None, sign=key.sign, **claims):
        def token():
            head = hostile.header(**(header or {}))
            return jose.signed(head, hostile.claims(**claims), sign)

        return token

    now = int(time.time())
    yield "alg none", made({"alg": "none"}, lambda _: b"")
    yield "alg None, with the signature of RS256", made({"alg": "None"})
    for name, secret in {
        "PEM": key.pem(),
        "PEM without its last line end": key.pem().rstrip(),
        "DER": key.der(),
        "modulus": key.n.to_bytes(256, "big"),
        "JWK": json.dumps(key.jwk()).encode(),
        "client secret": oidc.SECRET.encode(),
    }.items():
        yield f"HS256 under the {name}", made({"alg": "HS256"}, jose.hs256(secret))
    yield "RS512 named, RS256 made", made({"alg": "RS512"})
    yield "the key of somebody else", made(sign=attacker.sign)
    yield "another issuer", made(iss="https://evil.example")
    yield "the issuer with a slash", made(iss=hostile.issuer + "/")
    yield "no issuer", made(iss=None)
    yield "another audience", made(aud="other")
    yield "no audience", made(aud=None)
    yield "audiences without azp", made(aud=[CLIENT, "other"])
    yield "another azp", made(aud=[CLIENT, "other"], azp="other")
    yield "another azp beside one audience", made(azp="other")
    yield "no nonce", made(nonce=None)
    yield "another nonce", made(nonce="0" * 64)
    yield "expired", made(exp=now - 3600, iat=now - 3900)
    yield "no expiry", made(exp=None)
    yield "made in the future", made(iat=now + 3600, exp=now + 7200)
    yield "made long ago", made(iat=now - 3600, exp=now + 3600)
    yield "not yet good", made(nbf=now + 3600)
    yield "no subject", made(sub=None)
    yield "at_hash of another access token", made(at_hash=jose.b64(b"0" * 16))
    for kid in ("../../../../dev/null", "key-1' OR '1'='1", "key-1\0", "", "key-2"):
        yield f"kid {kid!r}", made({"kid": kid}, attacker.sign)
    jwk = attacker.jwk()
    for name, value in {
        "jku": hostile.foreign + "/jwks",
        "x5u": hostile.foreign + "/chain",
        "jwk": jwk,
        "x5c": ["MIIB"],
        "crit": ["exp"],
    }.items():
        yield f"{name} to the attacker", made({name: value}, attacker.sign)
        yield f"{name}, signed by the right key", made({name: value})
    yield "an access token as ID token", made({"typ": "at+jwt"})

    def twice(name, value):
        def token():
            text = json.dumps(hostile.claims())
            claims = "{" + f'"{name}":{json.dumps(value)},' + text[1:]
            return jose.signed(hostile.header(), claims, key.sign)

        return token

    yield "two subjects", twice("sub", "somebody-else")
    yield "two audiences of one name", twice("aud", "other")
    yield "groups that are an object", made(groups={"staff": True})
    yield "no token", lambda: None
    yield "a token that is none", lambda: "a.b.c"


def _returns(report, world):
    with report.check("oidc: A11: refused: a state a second time"):
        browser, asked = world.expect_signed_in()
        other = Browser(world.server)
        with world.refusal(other):
            back = world.come_back(other, state=asked["state"], code="c")
            assert back.location == f"/#sign-in={REFUSED}", back.location
    with report.check("oidc: A11: refused: the state of another browser"):
        _, asked = world.leave()
        victim, own = world.leave()
        with world.refusal(victim, count=2):
            world.come_back(victim, state=asked["state"], code="c")
            stranger = Browser(world.server)
            world.come_back(stranger, state=own["state"], code="c")
            assert stranger.cookie("galerne_session") is None
        world.expect_signed_in()
    with report.check("oidc: A11: refused: states that nobody was given"):
        browser, asked = world.leave()
        with world.refusal(browser, count=4):
            world.come_back(browser, code="c")
            world.come_back(browser, state="", code="c")
            world.come_back(browser, state="0" * 64, code="c")
            world.come_back(browser, state="x" * 5_000, code="c")
    with report.check("oidc: A11: refused: a provider other than the one that was asked"):
        browser, asked = world.leave()
        with world.refusal(browser):
            world.come_back(browser, state=asked["state"], code="c", iss="https://evil.example")
        browser, asked = world.leave()
        world.hostile.token = world.hostile.honest
        back = world.come_back(browser, state=asked["state"], code="c", iss=world.hostile.issuer)
        assert back.location == "/", back.location
    with report.check("oidc: A11: nobody is sent elsewhere after signing in"):
        for name in ("return_to", "next", "redirect_uri"):
            browser, asked = world.leave()
            query = {"state": asked["state"], "code": "c", name: "https://evil.example"}
            back = world.come_back(browser, **query)
            assert back.location == "/", back.location
            begun = browser.get(f"{browser.home}/v1/session/oidc?{name}=https://evil.example")
            assert begun.location.startswith(world.hostile.issuer), begun.location
            assert "evil" not in begun.location, begun.location
