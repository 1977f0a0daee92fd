"""The wire itself: bad input, slow and rude clients, streams, sessions."""

import json
import random
import re
import socket
import time
from pathlib import Path

from harness import ledger
from harness.server import MODEL, Server, run_json
from suites import disconnect

FUZZ_SEED = 20261121
FUZZ_CASES = 300
KINDS = {
    **{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error"},
    **{404: "not_found_error", 405: "invalid_request_error", 408: "invalid_request_error"},
    **{413: "invalid_request_error", 421: "invalid_request_error", 422: "invalid_request_error"},
    **{409: "invalid_request_error", 429: "rate_limit_error", 503: "server_error"},
}


# Compiled naively each has millions of states, or takes very long.
EXPLODING = {
    "repetitions": {"type": "string", "pattern": "^((a{1,100}){1,100}){1,100}$"},
    "backtracking": {"type": "string", "pattern": "^(x+x+)+y$"},
    "alternatives": {
        "anyOf": [{"type": "object", "properties": {f"k{n}": {}}} for n in range(200)],
    },
    "long strings": {"type": "string", "minLength": 1_000_000, "maxLength": 2_000_000},
    "long lists": {"type": "array", "items": {"type": "integer"}, "minItems": 1_000_000},
    "recursion": {"anyOf": [{"$ref": "#"}, {"$ref": "#/properties/a"}]},
    "factors": {"type": "integer", "multipleOf": 999_983, "minimum": 1, "maximum": 10**15},
    "keys": {"patternProperties": {f"^(a|b|ab)*c{{{n}}}$": {} for n in range(1, 200)}},
}
EXPLODING_MEBIBYTES = 400


def _tool(name, parameters=None):
    function = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": function}


def _resident_mebibytes(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def run(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        _bad_requests(report, server)
        _keys(report, server, bench)
        _routes(report, server)
        _sessions(report, server)
        _streams(report, server)
        _rude_clients(report, server)
        disconnect.run(report, server)
        _books(report, server)
    _crowd(report, bench)


def expect_refusal(answer, status, code):
    """The documented status and code, in the one body that both families of SDKs read."""
    assert answer.status == status, f"{answer.status} {answer.body[:300]}"
    body = answer.json()
    assert body["code"] == code, body
    assert body["object"] == "error" and body["message"], body
    assert body["type"] == KINDS[status], body
    inner = {name: body[name] for name in ("message", "type", "param", "code")}
    assert body["error"] == inner, body
    assert (status == 422) == ("detail" in body), body
    for detail in body.get("detail", []):
        assert detail["loc"][0] in ("body", "header", "query"), body
        assert detail["msg"] and detail["type"], body
    assert answer.headers["content-type"].startswith("application/json"), answer.headers
    assert ledger.request_id(answer.headers["x-request-id"]), answer.headers


def _bad_requests(report, server):
    api = server.api
    hello = [{"role": "user", "content": "Hello"}]
    too_long = "sea " * 9000
    cases = [
        ("malformed JSON", b'{"model": "x", ', 400, "request.invalid_json"),
        ("an empty body", b"", 400, "request.invalid_json"),
        ("JSON that is nested too deep", b"[" * 100_000, 400, "request.invalid_json"),
        ("invalid UTF-8", b'{"model": "\xff\xfe"}', 400, "request.invalid_utf8"),
        ("a body that is no object", [], 422, "request.invalid"),
        ("no model", {"messages": hello}, 422, "request.invalid"),
        ("no messages", {"model": MODEL}, 422, "request.invalid"),
        ("messages of a wrong type", api.chat_body(5), 422, "request.invalid"),
        ("a message without role", api.chat_body([{"content": "a"}]), 422, "request.invalid"),
        ("an unknown role", api.chat_body([{"role": "x", "content": "a"}]), 422, "request.invalid"),
        ("a wrong type", api.chat_body(hello, max_tokens="many"), 422, "request.invalid"),
        ("a negative count", api.chat_body(hello, max_tokens=-1), 422, "request.invalid"),
        ("a value out of range", api.chat_body(hello, top_p=1.5), 422, "request.invalid"),
        ("a flag of a wrong type", api.chat_body(hello, stream="yes"), 422, "request.invalid"),
        ("empty messages", api.chat_body([]), 422, "messages.empty"),
        ("an unknown model", {"model": "none", "messages": hello}, 404, "model.unknown"),
        ("a context too long", api.chat_body(too_long), 400, "context.too_long"),
    ]
    for name, body, status, code in cases + _bad_tools(api, hello):
        with report.check(f"http: {name} -> {status} {code}"):
            expect_refusal(api.request("POST", "/v1/chat/completions", body), status, code)
    with report.check("http: tools that explode are kept or refused, in bounded memory"):
        before = _resident_mebibytes(server)
        for name, schema in EXPLODING.items():
            parameters = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
            for choice in ("auto", "any"):
                fields = {"tools": [_tool("f", parameters)], "tool_choice": choice}
                answer = api.chat(hello, max_tokens=4, **fields)
                if answer.status != 200:
                    expect_refusal(answer, 422, "tools.rejected")
                    assert answer.json()["param"] == "tools", (name, answer.body)
        grown = _resident_mebibytes(server) - before
        assert grown < EXPLODING_MEBIBYTES, f"{grown:.0f} MiB more"
    with report.check("http: a refusal of a stream is no stream"):
        body = api.chat_body(too_long, stream=True)
        answer = api.request("POST", "/v1/chat/completions", body)
        expect_refusal(answer, 400, "context.too_long")
    with report.check("http: a body over the limit -> 413 request.too_large"):
        body = api.chat_body("a" * (5 << 20))
        answer = api.request("POST", "/v1/chat/completions", body)
        expect_refusal(answer, 413, "request.too_large")
    with report.check(f"http: {FUZZ_CASES} mutated bodies, seed {FUZZ_SEED}: no server error"):
        _fuzz(server)


def _head(api, extra=()):
    lines = ["POST /v1/chat/completions HTTP/1.1", f"Host: {api.host}:{api.port}"]
    lines += [f"Authorization: Bearer {api.key}", "Content-Type: application/json", *extra]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _raw(server, data, then_leave=False):
    """Sends bytes and returns everything up to the end of the connection."""
    with socket.create_connection((server.api.host, server.api.port), timeout=120) as connection:
        received = b""
        try:
            connection.sendall(data)
            if then_leave:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except OSError:
            # The server has closed before it had read everything.
            pass
        return received


def _fuzz(server):
    generator = random.Random(FUZZ_SEED)
    whole = json.dumps(
        server.api.chat_body(
            [
                {"role": "system", "content": "é"},
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            ],
            **{"max_tokens": 1, "temperature": 0.7, "stop": ["a", "b"], "logit_bias": {"5": 1.5}},
            **{"top_logprobs": 2, "logprobs": True, "random_seed": 3, "stream": False},
        )
    ).encode()
    pieces = [b"null", b"-1", b"1e999", b"[]", b"{}", b'""', b"\x00", b"\\ud800", b"true"]
    pieces += [b"9" * 40]
    for case in range(FUZZ_CASES):
        body = bytearray(whole)
        for _ in range(generator.randint(1, 4)):
            place = generator.randrange(len(body))
            length = generator.choice([0, 1, 1, 5, 20])
            any_byte = bytes([generator.randrange(256)])
            body[place : place + length] = generator.choice([*pieces, any_byte])
        # Never ask for much work by accident.
        if b'"max_tokens": 1,' not in body:
            continue
        answer = server.api.request("POST", "/v1/chat/completions", bytes(body))
        assert answer.status < 500, f"case {case}: {answer.status} {answer.body[:200]} for {body}"
        if answer.status != 200:
            expect_refusal(answer, answer.status, answer.code)


def _bad_tools(api, hello):
    """Bad requests that speak of tools."""
    f, g = _tool("f"), _tool("g")
    large = _tool("f", {"title": "x" * (1 << 20)})
    impossible = _tool("f", {"properties": {"a": {"type": "x"}}})
    result = [{"role": "tool", "tool_call_id": "a", "content": "b"}]
    invalid = (422, "request.invalid")
    return [
        ("tools that are no list", api.chat_body(hello, tools={}), *invalid),
        ("a tool without a name", api.chat_body(hello, tools=[_tool("")]), *invalid),
        ("two tools of one name", api.chat_body(hello, tools=[f, f]), *invalid),
        ("a tool that is not there", api.chat_body(hello, tools=[f], tool_choice=g), *invalid),
        ("a call without tools", api.chat_body(hello, tool_choice="any"), *invalid),
        ("a result of no call", api.chat_body(result), *invalid),
        ("a tool with a schema of 1 MB", api.chat_body(hello, tools=[large]), *invalid),
        ("an impossible tool", api.chat_body(hello, tools=[impossible]), 422, "tools.rejected"),
    ]


def _keys(report, server, bench):
    api = server.api
    body = api.chat_body("Hello", max_tokens=1)
    path = "/v1/chat/completions"
    with report.check("http: no key -> 401 auth.missing"):
        expect_refusal(api.request("POST", path, body, key=False), 401, "auth.missing")
    with report.check("http: wrong keys -> 401 auth.invalid"):
        altered = api.key[:-1] + ("a" if api.key[-1] != "a" else "b")
        for key in ("glr_nonsense", "sk-123", altered, "é"):
            headers = {"Authorization": f"Bearer {key}".encode()}
            answer = api.request("POST", path, body, headers, key=False)
            expect_refusal(answer, 401, "auth.invalid")
    with report.check("http: a revoked key -> 401 auth.revoked"):
        made = run_json(bench.binary, "key", "create", "--name", "short", data_dir=server.data_dir)
        assert api.request("POST", path, body, key=made["key"]).status == 200
        run_json(bench.binary, "key", "revoke", made["id"], data_dir=server.data_dir)
        expect_refusal(api.request("POST", path, body, key=made["key"]), 401, "auth.revoked")
    with report.check("http: a refused key is seen before the body is judged"):
        answer = api.request("POST", path, b"{", key="glr_nonsense")
        expect_refusal(answer, 401, "auth.invalid")


def _routes(report, server):
    api = server.api
    with report.check("http: an unknown route -> 404 route.unknown"):
        expect_refusal(api.request("GET", "/v1/nothing"), 404, "route.unknown")
    with report.check("http: a wrong method -> 405 method.not_allowed"):
        answer = api.request("GET", "/v1/chat/completions")
        expect_refusal(answer, 405, "method.not_allowed")
    with report.check("http: an unknown Host -> 421 host.unknown"):
        for host in ("evil.example", "evil.example:80", f"127.0.0.1.evil.example:{api.port}"):
            answer = api.request("GET", "/v1/models", headers={"Host": host})
            expect_refusal(answer, 421, "host.unknown")
        answer = api.request("GET", "/", headers={"Host": "evil.example"}, key=False)
        assert answer.status == 421, answer.status
    with report.check("http: localhost is a known Host"):
        answer = api.request("GET", "/v1/models", headers={"Host": f"localhost:{api.port}"})
        assert answer.status == 200, answer.body
    with report.check("http: health, readiness, metrics, API document"):
        for path in ("/health", "/ready"):
            assert api.request("GET", path, key=False).status == 200, path
        metrics = api.request("GET", "/metrics", key=False)
        assert metrics.status == 200 and b"# TYPE " in metrics.body, metrics.body[:200]
        document = api.request("GET", "/openapi.json", key=False).json()
        assert "/v1/chat/completions" in document["paths"], list(document["paths"])
    with report.check("http: the page comes with a strict policy"):
        page = api.request("GET", "/", key=False)
        assert page.status == 200, page.status
        assert page.headers["content-type"].startswith("text/html"), page.headers
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy or "default-src 'self'" in policy, policy
        assert "unsafe-inline" not in policy and "unsafe-eval" not in policy, policy


def _sessions(report, server):
    api = server.api
    with report.check("http: a sign-in link becomes a cookie, once"):
        link = {"token": server.link_token}
        origin = {"Origin": server.url}
        answer = api.request("POST", "/v1/session", link, origin, key=False)
        assert answer.status == 204, answer.body
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("galerne_session="), cookie
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute in cookie, cookie
        again = api.request("POST", "/v1/session", link, origin, key=False)
        expect_refusal(again, 401, "auth.link_invalid")
    signed_in = {"Cookie": cookie.split(";")[0]}
    with report.check("http: a cookie identifies its session"):
        found = api.request("GET", "/v1/session", headers=signed_in, key=False)
        assert found.status == 200 and found.json()["organisation"], found.body
    with report.check("http: a cookie acts only from the page's own origin"):
        body = api.chat_body("Hello", max_tokens=1)
        for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            headers = {**signed_in, **origin}
            answer = api.request("POST", "/v1/chat/completions", body, headers, key=False)
            expect_refusal(answer, 403, "origin.refused")
        headers = {**signed_in, "Origin": server.url}
        answer = api.request("POST", "/v1/chat/completions", body, headers, key=False)
        assert answer.status == 200, answer.body
    with report.check("http: a session ends"):
        headers = {**signed_in, "Origin": server.url}
        assert api.request("DELETE", "/v1/session", headers=headers, key=False).status == 204
        assert api.request("GET", "/v1/session", headers=signed_in, key=False).status == 401


def _streams(report, server):
    api = server.api
    with report.check("http: the shape of a stream"):
        streamed = api.stream("What is the capital of France?", max_tokens=12, temperature=0)
        assert streamed.headers["content-type"].startswith("text/event-stream"), streamed.headers
        assert streamed.done, "no [DONE]"
        first, last = streamed.chunks[0], streamed.chunks[-1]
        assert first["choices"][0]["delta"]["role"] == "assistant", first
        for chunk in streamed.chunks:
            assert chunk["object"] == "chat.completion.chunk" and chunk["model"] == MODEL, chunk
            assert chunk["id"] == first["id"] and chunk["created"] == first["created"], chunk
            assert chunk["choices"][0]["index"] == 0, chunk
            assert "finish_reason" in chunk["choices"][0], chunk
        assert streamed.finish_reason in ("stop", "length")
        assert last["usage"] == streamed.usage, last
        wanted = ledger.request_id(streamed.headers["x-request-id"])
        assert ledger.request_id(first["id"]) == wanted, (first["id"], wanted)
    with report.check("http: one connection carries many requests"):
        connection = api.connect()
        headers = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
        for stream in (False, True, False):
            body = json.dumps(api.chat_body("Hello", max_tokens=2, stream=stream))
            connection.request("POST", "/v1/chat/completions", body, headers)
            used = connection.sock
            response = connection.getresponse()
            assert response.status == 200 and response.read()
            assert connection.sock is used, "the connection was closed"
        connection.close()


def _rude_clients(report, server):
    api = server.api
    with report.check("http: bytes that are no HTTP are refused"):
        for data in (b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n"):
            answer = _raw(server, data)
            assert not answer or answer.split()[1][:1] == b"4", answer[:100]
    with report.check("http: endless headers are refused"):
        answer = _raw(server, b"GET / HTTP/1.1\r\n" + b"x: " + b"a" * (2 << 20))
        assert not answer or answer.split()[1][:1] == b"4", answer[:100]
    with report.check("http: a body that breaks off starts no work"):
        before = len(ledger.usage_rows(server.data_dir))
        _raw(server, _head(api, ["Content-Length: 500"]) + b'{"model": "smoll', then_leave=True)
        assert len(ledger.usage_rows(server.data_dir)) == before
    with report.check("http: clients that stall do not stop the others"):
        # Two that never finish their request, two that never read their answer.
        stalled = [socket.create_connection((api.host, api.port)) for _ in range(2)]
        for connection in stalled:
            connection.sendall(_head(api, ["Content-Length: 500"]) + b'{"model"')
        unread = [
            disconnect.OpenStream(api, "Tell a long story.", max_tokens=600, min_tokens=600)
            for _ in range(2)
        ]
        assert api.chat("Hello", max_tokens=3).status == 200
        for stream in unread:
            stream.close()
        for connection in stalled:
            connection.close()
        for stream in unread:
            ledger.settled_usage(server.data_dir, stream.request)


def _books(report, server):
    """After all of the above: nothing lost, nothing double."""
    with report.check("http: each admitted request has one usage row and one audit entry"):
        counts, outcomes = ledger.usage_counts(server.data_dir)
        assert set(counts.values()) == {1}, counts
        assert "running" not in outcomes.values(), outcomes
        audited = ledger.audited_requests(server.data_dir)
        missing = [request for request in counts if audited[request] != 1]
        assert not missing, f"without exactly one audit entry: {missing}"
    with report.check("http: refusals are in the audit trail with their codes"):
        seen = {entry["outcome"] for entry in ledger.audit_entries(server.data_dir)}
        wanted = {
            *("request.invalid_json", "request.invalid_utf8", "request.invalid"),
            *("messages.empty", "model.unknown", "context.too_long", "request.too_large"),
            *("auth.missing", "auth.invalid", "auth.revoked", "auth.link_invalid"),
            *("origin.refused", "ok"),
        }
        assert wanted <= seen, f"not in the trail: {sorted(wanted - seen)}"
    with report.check("http: the audit trail holds no content and no secret"):
        trail = json.dumps(ledger.audit_entries(server.data_dir))
        for secret in (server.key, server.key[-12:], server.link_token, "capital of France"):
            assert secret not in trail, secret


def _crowd(report, bench):
    data_dir = bench.data_dir()
    (data_dir / "galerne.toml").write_text("[limits]\nrequests_max = 2\n")
    with Server(bench.binary, data_dir) as server:
        with report.check("http: more requests than places -> 429 capacity.exhausted"):
            running = [
                disconnect.OpenStream(server.api, "Tell a long story.", min_tokens=4000)
                for _ in range(2)
            ]
            answer = server.api.chat("Hello", max_tokens=1)
            expect_refusal(answer, 429, "capacity.exhausted")
            assert int(answer.headers["retry-after"]) > 0, answer.headers
            for stream in running:
                stream.close()
                ledger.settled_usage(data_dir, stream.request)
            # A place is free as soon as its request is settled.
            while server.api.chat("Hello", max_tokens=1).status == 429:
                time.sleep(0.05)
