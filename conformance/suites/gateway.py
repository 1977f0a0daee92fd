"""The server in front of other engines: good ones, hostile ones, and those it must not ask."""

import contextlib
import json
import re
import socket
import threading

from harness import ledger
from harness.installation import wait_for
from harness.server import Server
from harness.upstream import CLOSE, USAGE, WORDS, Upstream, chunk
from suites import gateway_calls, gateway_vectors, sdk
from suites.disconnect import OpenStream
from suites.http import expect_refusal

KEY = "sk-of-the-upstream"
TEXT = "".join(WORDS)
QUESTION = "What is the capital of France?"
HANG_GUARD_SECONDS = 60
FAILURES_MAX = 60
PYTHON_CLIENTS = [
    ("mistralai 1.12.4 in front of others", "mistralai-1", "mistral_gateway.py"),
    ("mistralai 2.5.1 in front of others", "mistralai-2", "mistral_gateway.py"),
    ("mistralai 3.7.0 in front of others", "mistralai-3", "mistral_gateway.py"),
    ("openai 3.54.0 (Python) in front of others", "openai", "openai_gateway.py"),
    ("litellm 1.106.2 in front of others", "litellm", "litellm_gateway.py"),
]
NODE_CLIENTS = [
    ("@mistralai/mistralai 2.7.0 (Node) in front of others", "mistral_gateway.mjs"),
    ("openai 6.49.0 (Node) in front of others", "openai_gateway.mjs"),
]
JOULES = {"prompt": 0.2, "completion": 2.0}


class Scene:
    """Upstreams by the model that they serve, and the settings that name them."""

    def __init__(self, bench):
        self.data_dir, self.binary = bench.data_dir(), bench.binary
        self.key_file = self.data_dir / "upstream.key"
        self.key_file.write_text(KEY)
        self.key_file.chmod(0o600)
        self._stack, self._settings = contextlib.ExitStack(), []

    def add(self, model, behave=None, alive=True, **settings):
        upstream = self._stack.enter_context(Upstream(behave, alive))
        self.declare(model, upstream.address, **settings)
        return upstream

    def stranger(self):
        """One that no setting names."""
        return self._stack.enter_context(Upstream())

    def declare(
        self, model, address, kind="vllm", place="FR", price=0.1, dimensions=None, **settings
    ):
        found = {
            **{"id": f"u{len(self._settings)}", "kind": kind, "address": address},
            **{"credentials": str(self.key_file), "operator": "Example", "site": place},
            **{"jurisdiction": place, "parent": place, "internal": True, "grid_zone": "FR"},
            **{"own": True, "requests_max": 64, **settings},
        }
        # Strings, integers and booleans look the same in JSON and in TOML.
        values = (f"{name} = {json.dumps(value)}" for name, value in found.items() if value != "")
        prices = f"{{ prompt_eur_per_million = {price}, completion_eur_per_million = {price} }}"
        energy = (f"joules_per_{of}_token = {value}" for of, value in JOULES.items())
        lines = ["[[upstreams]]", *values, f"price = {prices}", "[[upstreams.models]]"]
        lines += [f'id = "{model}"', 'upstream_id = "theirs"', "context_tokens = 4096", *energy]
        lines += ["energy_uncertainty_percent = 50"]
        lines += [f"dimensions = {dimensions}"] if dimensions else []
        self._settings.append("\n".join(lines))

    def settings(self):
        first = ['[residency]\nregion = "eu"', '[site]\nname = "Brest"\ncountry = "FR"']
        return "\n\n".join([*first, *self._settings, ""])

    def serve(self):
        (self.data_dir / "galerne.toml").write_text(self.settings())
        return self._stack.enter_context(Server(self.binary, self.data_dir))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


def ask(server, model, messages=QUESTION, **fields):
    body = {**server.api.chat_body(messages, **fields), "model": model}
    return server.api.request("POST", "/v1/chat/completions", body)


def stream(server, model, messages=QUESTION, **fields):
    return server.api.stream(messages, **{"model": model, **fields})


def run(report, bench):
    with Scene(bench) as scene:
        checks = [*_good(scene), *_refusing(scene), *_hostile(scene), *gateway_calls.checks(scene)]
        checks += [*_two(scene), *_breaker(scene), *_abroad(scene)]
        checks += gateway_vectors.checks(scene)
        server = scene.serve()
        for name, check in checks:
            with report.check(f"gateway: {name}"):
                check(server)
        sdk.run_clients(report, server, PYTHON_CLIENTS, NODE_CLIENTS)


def _good(scene):
    good, bare = scene.add("good"), scene.add("bare", credentials="")

    def answers(server):
        answer = ask(server, "good", max_tokens=9, temperature=0.5, user="anne")
        assert answer.status == 200, answer.body
        found = answer.json()
        assert found["model"] == "good" and found["object"] == "chat.completion", found
        assert found["choices"][0]["message"]["content"] == TEXT, found
        assert found["choices"][0]["finish_reason"] == "stop", found
        _expect_usage(found["usage"])
        streamed = stream(server, "good", max_tokens=9)
        assert streamed.text == TEXT and streamed.done, streamed
        assert streamed.finish_reason == "stop", streamed
        assert {chunk["model"] for chunk in streamed.chunks} == {"good"}, streamed
        _expect_usage(streamed.usage)
        asked = [asked.json() for asked in good.asked]
        assert [body["model"] for body in asked] == ["theirs", "theirs"], asked
        assert asked[0]["max_tokens"] == 9 and asked[0]["temperature"] == 0.5, asked
        assert asked[0]["messages"][-1]["content"] == QUESTION, asked
        assert {asked.path for asked in good.asked} == {"/v1/chat/completions"}

    def listed(server):
        models = server.api.request("GET", "/v1/models").json()["data"]
        assert {"good", "bare"} <= {model["id"] for model in models}, models
        card = server.api.request("GET", "/v1/models/good").json()
        assert card["max_context_length"] == 4096, card

    def rows(server):
        answer = ask(server, "good")
        request = ledger.request_id(answer.headers["x-request-id"])
        row = ledger.settled_usage(server.data_dir, request)
        assert row["outcome"] == "finished", row
        assert row["prompt_tokens"] == USAGE["prompt_tokens"], row
        assert row["completion_tokens"] == USAGE["completion_tokens"], row
        entries = ledger.audited_requests(server.data_dir)
        assert entries[row["request_id"]] >= 1, entries

    def receipts(server):
        id = ask(server, "good").json()["id"]
        receipt = server.api.request("GET", f"/v1/receipts/{id}")
        assert receipt.status == 200, receipt.body
        text = receipt.body.decode()
        for told in ("Example", "127.0.0.1", '"FR"'):
            assert told in text, f"{told} is not in {text}"

    def credentials(server):
        secrets = {"Cookie": "a=zebra-cookie", "X-Secret": "zebra-header", "X-Api-Key": "zebra-key"}
        for model, upstream in (("good", good), ("bare", bare)):
            body = {**server.api.chat_body("Hello"), "model": model}
            answer = server.api.request("POST", "/v1/chat/completions", body, secrets)
            assert answer.status == 200, answer.body
            raw = b"".join(asked.raw for asked in upstream.asked)
            assert server.key.encode() not in raw and b"zebra" not in raw, raw
        assert {asked.headers["authorization"] for asked in good.asked} == {f"Bearer {KEY}"}
        assert all("authorization" not in asked.headers for asked in bare.asked)

    return [
        ("answers, streamed and not, come with the model's name here", answers),
        ("its models are listed", listed),
        ("what it used has its row and its entry", rows),
        ("receipts name who answered and where", receipts),
        ("the upstream gets its own credentials and none of the caller's", credentials),
    ]


def _expect_usage(usage):
    assert {name: usage[name] for name in USAGE} == USAGE, usage
    joules = JOULES["prompt"] * 16 + JOULES["completion"] * 4
    assert abs(usage["energy_joules"] - joules) < 1e-6, usage
    assert usage["energy_method"] != "measured", usage
    assert usage["energy_uncertainty_percent"] == 50, usage
    assert usage["co2e_grams"] > 0 and usage["site"], usage


# What an upstream says instead of an answer, and what becomes of it.
REFUSALS = {
    "400": (400, {"upstream.refused"}),
    "500": (502, {"upstream.failed"}),
    "503": (502, {"upstream.failed"}),
    "401": (502, {"upstream.failed"}),
    "404": (502, {"upstream.failed"}),
    "429": (429, {"capacity.exhausted"}),
}


def _refusing(scene):
    def check_of(status):
        model = f"status-{status}"
        more = ["Retry-After: 7"] if status == "429" else []
        upstream = scene.add(model, lambda exchange: exchange.refuse(int(status), *more))

        def check(server):
            expected, codes = REFUSALS[status]
            for is_stream in (False, True):
                answer = ask(server, model, stream=is_stream)
                assert answer.status == expected and answer.code in codes, answer.body
                assert KEY.encode() not in answer.body, answer.body
                if more:
                    assert answer.headers["retry-after"] == "7", answer.headers
            assert len(upstream.asked) >= 1

        return check

    name = "status {} of an upstream is not the caller's"
    checks = [(name.format(status), check_of(status)) for status in REFUSALS]
    return [*checks, ("a redirect is not followed", _redirect(scene))]


def _redirect(scene):
    other = scene.stranger()

    def behave(exchange):
        exchange.json({}, 307, f"Location: {other.address}/v1/chat/completions")

    scene.add("redirect", behave)

    def check(server):
        for is_stream in (False, True):
            answer = ask(server, "redirect", stream=is_stream)
            assert answer.status == 502, answer.body
        assert other.connections == 0, f"{other.connections} connections"

    return check


def _garbage(exchange):
    exchange.whole(b'{"choices": [{"mess')


def _wrong_shape(exchange):
    exchange.json({"choices": [], "usage": None})


def _not_http(exchange):
    exchange.send(b"\x16\x03\x01 220 smtp ready\r\n\r\n")
    return CLOSE


def _nothing(exchange):
    return CLOSE


def _cut_off(exchange):
    exchange.head(200, "application/json", "Content-Length: 4096")
    exchange.send(b'{"id": "chatcmpl-a", "choices": [')
    return CLOSE


# Nothing of an answer has come: the caller gets a refusal.
BEFORE = {
    "no JSON": _garbage,
    "JSON of another shape": _wrong_shape,
    "no HTTP": _not_http,
    "a connection that is closed": _nothing,
    "a connection that is reset": lambda exchange: exchange.reset(),
    "an answer that is cut off": _cut_off,
}


def _begun(then):
    def behave(exchange):
        if not exchange.asked.json().get("stream"):
            return _nothing(exchange)
        exchange.begin_events()
        exchange.event(chunk({"role": "assistant", "content": ""}))
        exchange.event(chunk({"content": WORDS[0]}))
        return then(exchange)

    return behave


def _broken_event(exchange):
    exchange.event('{"choices": [{"delta"')
    exchange.end_events()


def _error_event(exchange):
    exchange.event({"error": {"message": "out of memory", "code": 500}})
    exchange.end_events()


# One word has come: it stands, and the stream ends with an error that both SDKs read.
AFTER = {
    "closes": lambda exchange: CLOSE,
    "resets": lambda exchange: exchange.reset(),
    "ends without a reason": lambda exchange: exchange.end_events(),
    "sends no JSON": _broken_event,
    "sends an error": _error_event,
}


def _hostile(scene):
    checks = []
    for number, (name, behave) in enumerate(BEFORE.items()):
        scene.add(f"before-{number}", behave)
        checks.append((f"{name} is a refusal", _expect_failed(f"before-{number}")))
    for number, (name, then) in enumerate(AFTER.items()):
        scene.add(f"after-{number}", _begun(then))
        check = _expect_broken_off(f"after-{number}")
        checks.append((f"an upstream that {name} after a word ends in an error", check))
    return [*checks, *_stalling(scene), ("missing usage is made up for", _no_usage(scene))]


def _expect_failed(model):
    def check(server):
        expect_failed(ask(server, model))
        expect_failed(ask(server, model, stream=True))

    return check


def _expect_failed_stream(model):
    return lambda server: expect_failed(ask(server, model, stream=True))


def expect_failed(answer):
    assert answer.status == 502, f"{answer.status} {answer.body[:300]}"
    assert answer.code == "upstream.failed", answer.body


def _expect_broken_off(model):
    def check(server):
        streamed = stream(server, model)
        assert streamed.text == WORDS[0], streamed
        assert streamed.finish_reason == "error", streamed

    return check


def _stalling(scene):
    left = {"before": threading.Event(), "after": threading.Event()}
    asked = threading.Event()

    def stall(name):
        def then(exchange):
            asked.set()
            if exchange.wait_until_left():
                left[name].set()
            return CLOSE

        return then

    scene.add("stall-before", stall("before"))
    scene.add("stall-after", _begun(stall("after")))

    def before(server):
        connection = server.api.connect()
        body = {**server.api.chat_body(QUESTION, stream=True), "model": "stall-before"}
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        assert asked.wait(HANG_GUARD_SECONDS), "the upstream was not asked"
        assert ask(server, "good").status == 200, "others are kept waiting"
        connection.close()
        assert left["before"].wait(HANG_GUARD_SECONDS), "the upstream's connection stays open"

    def after(server):
        stalled = OpenStream(server.api, QUESTION, model="stall-after")
        while not _text_of(stalled.read_events(1)[0]):
            pass
        stalled.close()
        assert left["after"].wait(HANG_GUARD_SECONDS), "the upstream's connection stays open"
        row = ledger.settled_usage(server.data_dir, stalled.request)
        assert row["outcome"] == "cancelled", row

    scene.add("stall-late", lambda exchange: exchange.wait_until_left(), pause_seconds=1)

    return [
        ("one that says nothing for too long is given up", _expect_failed_stream("stall-late")),
        ("whoever leaves an upstream that says nothing frees it", before),
        ("whoever leaves in the middle ends the upstream's answer", after),
    ]


def _text_of(event):
    return "".join(choice["delta"].get("content") or "" for choice in event["choices"])


def _no_usage(scene):
    scene.add("no-usage", lambda exchange: exchange.answer(usage=None))

    def check(server):
        for usage in (ask(server, "no-usage").json()["usage"], stream(server, "no-usage").usage):
            sent, made = usage["prompt_tokens"], usage["completion_tokens"]
            assert usage["total_tokens"] == sent + made and made >= 1, usage

    return check


def _two(scene):
    first = scene.add("pair", lambda exchange: CLOSE, price=0.1)
    second = scene.add("pair", price=9.0)
    cut = [scene.add("cut-pair", _begun(lambda exchange: CLOSE)) for _ in range(2)]
    scene.declare("half-dead", f"http://127.0.0.1:{_closed_port()}", price=0.1)
    scene.add("half-dead", price=9.0)

    def failover(server):
        for is_stream in (False, True, False, True):
            answer = ask(server, "pair", stream=is_stream)
            assert answer.status == 200, answer.body
        assert len(second.asked) == 4, f"{len(second.asked)} requests for the one that lives"
        assert len(first.asked) >= 1, "the cheaper one was never asked"

    def dead(server):
        for _ in range(3):
            assert ask(server, "half-dead").status == 200

    def never_after(server):
        assert stream(server, "cut-pair").finish_reason == "error"
        asked = sum(len(upstream.asked) for upstream in cut)
        assert asked == 1, f"asked {asked} times for one answer that had begun"

    return [
        ("another upstream is asked when the first does not answer", failover),
        ("another upstream is asked when nobody listens", dead),
        ("no other upstream is asked once a word was handed on", never_after),
    ]


def _closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _breaker(scene):
    def fail(exchange):
        exchange.refuse(500)

    upstream = scene.add("breaker", fail, alive=False)

    def check(server):
        for _ in range(FAILURES_MAX):
            answer = ask(server, "breaker")
            if answer.code == "upstream.unavailable":
                break
            expect_failed(answer)
        assert answer.status == 503 and answer.code == "upstream.unavailable", answer.body
        assert int(answer.headers["retry-after"]) >= 1, answer.headers
        assert len(upstream.asked) < FAILURES_MAX, "every request went there"
        upstream.behave, upstream.alive = (lambda exchange: exchange.answer()), True
        wait_for("an answer once it is well again", lambda: ask(server, "breaker").status == 200)
        assert ask(server, "breaker").status == 200

    return [("one that fails again and again is left alone until it is well", check)]


def _abroad(scene):
    """What is declared of an address of this machine counts, so the place alone decides."""
    alone, beside = scene.add("abroad", place="US"), scene.add("half-abroad", place="US")
    scene.declare("half-abroad", f"http://127.0.0.1:{_closed_port()}", price=9.0)
    near = scene.add("near")

    def control(server):
        for is_stream in (False, True):
            assert ask(server, "near", stream=is_stream).status == 200
        assert near.connections > 0 and len(near.asked) == 2, near.asked

    def only(server):
        for is_stream in (False, True):
            answer = ask(server, "abroad", stream=is_stream)
            expect_refusal(answer, 503, "residency.no_eligible_upstream")
        assert alone.connections == 0, f"{alone.connections} connections to the US"

    def instead(server):
        for _ in range(FAILURES_MAX):
            answer = ask(server, "half-abroad")
            assert answer.status in (502, 503), answer.body
            assert re.match(r"upstream\.|residency\.", answer.code), answer.body
            if answer.status == 503:
                break
        assert answer.status == 503, answer.body
        assert beside.connections == 0, f"{beside.connections} connections to the US"

    return [
        ("control: declared in the zone, the same address is reached (A2)", control),
        ("where only one abroad has the model, nothing leaves (A2)", only),
        ("while the one in the zone is away, none abroad is asked (A2)", instead),
    ]
