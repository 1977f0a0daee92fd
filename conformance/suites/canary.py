"""Content and secrets reach neither the log nor any other file, nor what the server prints.

Strings that exist nowhere else are put wherever a client can put them, with the server at its
most talkative. Then every byte that it left anywhere is searched for them, in many encodings.
Upstreams that repeat what they were sent in place of an answer are among those that it asks.
"""

import base64
import sqlite3

from harness import tlog
from harness.canary import Canary
from harness.installation import Installation
from harness.report import progress
from harness.server import MODEL, run_json
from harness.upstream import WORDS, chunk
from suites.gateway import Scene, ask

# Printed by the first start on purpose.
ON_PURPOSE = ("page: ", "api key: ", "try: ")


def run(report, bench):
    with Scene(bench) as scene:
        place = Installation(bench, data_dir=scene.data_dir)
        echoes = _echoes(scene)
        settings = place.data_dir / "galerne.toml"
        settings.write_text(settings.read_text() + scene.settings())
        _run(report, bench, place, echoes)


def _run(report, bench, place, echoes):
    # The first start prints a key and a link; the one that is searched prints neither.
    with place.serve():
        pass
    searched, canaries = {}, []
    with place.serve(env={"GALERNE_LOG": "trace"}) as server:
        with report.check("canary: requests that carry canaries are answered"):
            canaries = _send(place, server, echoes)
            place.wait_for_checkpoint(len(place.rows()))
        with report.check("canary: the running server's files, WAL and all, can be read"):
            searched.update(_files(place, "while it runs"))
            assert any(name.endswith("-wal while it runs") for name in searched), searched.keys()
        searched.update(_over_http(server.api))
    searched.update(_files(place, "after it has stopped"))
    searched["standard output"] = "\n".join(server.printed).encode()
    searched["standard error"] = "\n".join(server.errors).encode()
    with report.check("canary: the log, the database and an export can be read"):
        searched["a dump of the database"] = _dump(place)
        folder = place.export(bench.folder / "export-for-canaries")
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            searched[f"export: {path.relative_to(folder)}"] = path.read_bytes()
    _control(report, searched, canaries)
    for canary in canaries:
        with report.check(f"canary: {canary.name} is found nowhere"):
            _expect_nowhere(canary, searched)


def _send(place, server, echoes):
    """Sends every canary; returns them, and what of the server's secrets is searched too."""
    api, canaries = server.api, []

    def canary(name, ascii_only=False):
        # Random enough to be nowhere by chance; long enough to be found across encodings.
        text = f"kn-{len(canaries)}-heron{len(canaries)}7f3a~/+?&{'' if ascii_only else 'é§ '}q9"
        canaries.append(Canary(name, text))
        return text

    _send_chats(api, canary, canaries)
    _send_bad_requests(api, canary)
    _send_elsewhere(server, canary, echoes)
    _send_credentials(place, server, canary, canaries)
    return canaries


def _send_chats(api, canary, canaries):
    for stream in (False, True):
        word = "streamed" if stream else "complete"
        messages = [
            {"role": "system", "content": f"You know {canary(f'a system prompt, {word}')}."},
            {"role": "user", "content": canary(f"a user's prompt, {word}")},
            {"role": "assistant", "content": canary(f"an earlier answer, {word}")},
            {"role": "user", "content": [{"type": "text", "text": canary(f"a part, {word}")}]},
        ]
        fields = {"stop": [canary(f"a stop string, {word}")], "user": canary("a user's name")}
        ask = api.stream if stream else api.chat
        assert ask(messages, max_tokens=4, **fields).status == 200
    story = {"messages": "Tell a story of a lighthouse.", "temperature": 0, "max_tokens": 32}
    text = api.stream(**story).text
    assert api.chat(**story).json()["choices"][0]["message"]["content"] == text
    assert len(text) > 40, f"too short to be searched: {text!r}"
    canaries.append(Canary("a model's answer", text[:40]))
    # What the control looks for: it does belong into the log.
    assert api.request("GET", f"/v1/models/{MODEL}").status == 200


def _prompt(exchange):
    return _prompt_of(exchange.asked)


def _error(exchange):
    return {"error": {"message": _prompt(exchange), "type": _prompt(exchange), "code": None}}


def _echo_event(exchange):
    """An error after a word, where a stream was asked for."""
    if not exchange.asked.json().get("stream"):
        exchange.json(_error(exchange))
        return
    exchange.begin_events()
    exchange.event(chunk({"content": WORDS[0]}))
    exchange.event(_error(exchange))
    exchange.end_events()


def _echo_type(exchange):
    """Text where a list or an object belongs."""
    if not exchange.asked.json().get("stream"):
        exchange.json({"choices": _prompt(exchange), "data": _prompt(exchange)})
        return
    exchange.begin_events()
    exchange.event({"choices": [{"index": 0, "delta": _prompt(exchange)}]})
    exchange.end_events()


# What the other end repeats, and the status that its caller gets.
ECHOES = {
    "a body of status 500": (lambda exchange: exchange.json(_error(exchange), 500), 502),
    "a body of status 404": (lambda exchange: exchange.json(_error(exchange), 404), 502),
    "a body of status 400": (lambda exchange: exchange.json(_error(exchange), 400), 400),
    "no JSON": (lambda exchange: exchange.whole(_prompt(exchange).encode()), 502),
    "an error event": (_echo_event, 502),
    "a wrong type": (_echo_type, 502),
}


def _echoes(scene):
    """An upstream of its own for each: one that fails again and again is asked no more."""
    found = {}
    for number, (name, (behave, status)) in enumerate(ECHOES.items()):
        model = f"echo-{number}"
        found[name] = (model, scene.add(model, behave), status)
    vectors = scene.add("echo-vectors", _echo_type, dimensions=2)
    return {**found, "a wrong type of vectors": ("echo-vectors", vectors, 502)}


def _send_elsewhere(server, canary, echoes):
    for name, (model, upstream, status) in echoes.items():
        sent = []
        for stream in (False, True):
            word = "streamed" if stream else "complete"
            sent.append(canary(f"a prompt that an upstream repeats in {name}, {word}"))
            answer = _ask_elsewhere(server, model, sent[-1], stream)
            # A stream may have begun before it is known.
            expected = (status, 200) if stream else (status,)
            assert answer.status in expected, (name, answer.status, answer.body)
        # Control: it was there, and had something to repeat.
        texts = [_prompt_of(asked) for asked in upstream.asked]
        assert texts == sent, (name, texts)


def _ask_elsewhere(server, model, text, stream):
    if model != "echo-vectors":
        return ask(server, model, text, stream=stream)
    return server.api.request("POST", "/v1/embeddings", {"model": model, "input": [text]})


def _prompt_of(asked):
    body = asked.json()
    return body["messages"][-1]["content"] if "messages" in body else body["input"][0]


def _send_bad_requests(api, canary):
    path = "/v1/chat/completions"
    refused = [
        api.request("POST", path, f'{{"model": "{canary("a broken body")}'.encode()),
        api.request("POST", path, api.chat_body([{"role": canary("a role"), "content": "a"}])),
        api.request("POST", path, {**api.chat_body("a"), "model": canary("a model's name")}),
        api.request("POST", path, {**api.chat_body("a"), "top_p": canary("a number's place")}),
        api.request("GET", f"/v1/models/{canary('a path', ascii_only=True).replace('?', '')}"),
        api.request("GET", f"/v1/{canary('an unknown path', ascii_only=True)}"),
        api.request("GET", f"/log/tile/{canary('a tile', ascii_only=True)}"),
    ]
    for answer in refused:
        assert 400 <= answer.status < 500, answer.body
    unknown = {**api.chat_body("Hello", max_tokens=1), "note": canary("an unknown field")}
    assert api.request("POST", path, unknown).status == 200
    query = f"?token={canary('a query string', ascii_only=True)}"
    assert api.request("GET", f"/v1/models{query}").status == 200
    for name in ("User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Traceparent"):
        headers = {name: canary(f"the header {name}", ascii_only=True)}
        assert api.request("GET", "/v1/models", headers=headers).status == 200
    for name in ("Origin", "Host"):
        api.request("GET", "/v1/models", headers={name: canary(f"the header {name}", True)})


def _send_credentials(place, server, canary, canaries):
    api = server.api

    def get(authorization):
        headers = {"Authorization": authorization}
        return api.request("GET", "/v1/models", headers=headers, key=False)

    assert get(f"Bearer {canary('a wrong key', True)}").status == 401
    like_a_key = api.key.rpartition("_")[0].rpartition("_")[0]
    assert get(f"Bearer {like_a_key}_{canary('a wrong secret', True)}_0").status == 401
    password = f"user:{canary('a password', True)}"
    assert get(f"Basic {base64.b64encode(password.encode()).decode()}").status == 401
    assert get(f"Digest {canary('another scheme', True)}").status == 401
    cookie = {"Cookie": f"galerne_session={canary('a wrong cookie', True)}; a=b"}
    assert api.request("GET", "/v1/models", headers=cookie, key=False).status == 401
    for key in (api.key, _make_key(place)):
        assert api.request("GET", "/v1/models", key=key).status == 200
        secret = key.split("_")[-2]
        canaries.append(Canary("the secret of a real key", secret, bytes.fromhex(secret)))
    origin = {"Origin": server.url}
    wrong = {"token": canary("a wrong sign-in token")}
    assert api.request("POST", "/v1/session", wrong, origin, key=False).status in (400, 401, 422)
    token = _make_link(place, server)
    answer = api.request("POST", "/v1/session", {"token": token}, origin, key=False)
    assert answer.status == 204, answer.body
    canaries.append(Canary("a real sign-in token", token, bytes.fromhex(token)))
    cookie = answer.headers["set-cookie"].split(";")[0]
    assert api.request("GET", "/v1/models", headers={"Cookie": cookie}, key=False).status == 200
    canaries.append(Canary("a real session's cookie", cookie.partition("=")[2]))


def _make_key(place):
    name = ("key", "create", "--name", "for canaries")
    return run_json(place.bench.binary, *name, data_dir=place.data_dir)["key"]


def _make_link(place, server):
    command = ("login-link", "--base-url", server.url)
    made = run_json(place.bench.binary, *command, data_dir=place.data_dir)
    return made["url"].partition("#token=")[2]


def _files(place, when):
    """Everything in the data directory but the models, and the checkpoints outside."""
    found = [path for path in place.data_dir.rglob("*") if path.is_file()]
    kept = [path for path in found if path.suffix != ".gguf"]
    return {f"{path.name} {when}": path.read_bytes() for path in [*kept, place.outside]}


def _over_http(api):
    paths = ["/metrics", "/health", "/log/checkpoint"]
    size = tlog.parse_checkpoint(
        tlog.parse_note(api.request("GET", "/log/checkpoint", key=False).body.decode()).text
    ).size
    width = min(size, tlog.TILE_WIDTH)
    paths += [f"/log/{tlog.tile_path(level, 0, width)}" for level in (0, "entries")]
    answers = {path: api.request("GET", path) for path in paths}
    wrong = [path for path, answer in answers.items() if answer.status != 200]
    assert not wrong, wrong
    return {path: answer.body for path, answer in answers.items()}


def _dump(place):
    """Every value of every row: also what is cut into pages in the file."""
    connection = sqlite3.connect(place.data_dir / "galerne.db")
    connection.text_factory = bytes
    # The tables behind a virtual one are tables too; itself it need not be one that can be read.
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    try:
        names = [name.decode() for (name,) in connection.execute(tables)]
        rows = (row for name in names for row in connection.execute(f'SELECT * FROM "{name}"'))
        return b"\n".join(_bytes(value) for row in rows for value in row)
    finally:
        connection.close()


def _bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _control(report, searched, canaries):
    with report.check("canary: control: the search finds what is there"):
        marker = Canary("the model's id", MODEL)
        for name in ("galerne.db after it has stopped", "a dump of the database"):
            assert marker.found_in(searched[name]), name
        entries = [data for name, data in searched.items() if "tile/entries" in name]
        assert len(entries) == 2 and all(map(marker.found_in, entries)), searched.keys()
    with report.check("canary: control: trace output is there, and every form is found in it"):
        assert len(searched["standard error"]) > 10_000, "the server did not talk"
        for canary in canaries:
            for form, data in canary.forms.items():
                assert form in canary.found_in(searched["standard error"] + data), form
        progress(f"{len(canaries)} canaries in {sum(map(len, searched.values())) >> 10} KiB")


def _expect_nowhere(canary, searched):
    found = {name: forms for name, data in searched.items() if (forms := canary.found_in(data))}
    assert not found, found
