"""Receipts: an answer, its signed statement, and a verifier that has nothing but that and the key.

The statement is also read and its signature verified here, by code that shares nothing with the
product.
"""

import hashlib
import json
import random

from harness import merkle, tlog
from harness.installation import Installation
from harness.report import progress
from harness.server import MODEL, run_json
from harness.turns import Conversations
from harness.verifier import Verifier
from suites.conversation_tenants import key_of_another
from suites.http import expect_refusal

SEED = 20261122
FLIPS = 60
HEADER = "galerne receipt v1\n"
SITE = """
[site]
name = "Brest"
country = "FR"
operator = "Société d'essai"
operator_country = "FR"
"""


def run(report, bench):
    place = Installation(bench)
    with (place.data_dir / "galerne.toml").open("a") as settings:
        settings.write(SITE)
    with place.serve() as server:
        taken = {}
        with report.check("receipts: answers of every kind have one, asked for once and at once"):
            taken = _take(server)
        with report.check("receipts: they state what the answer said of itself, and what the log has"):
            for asked, receipt in taken.values():
                _compare(place, asked, receipt)
        _verify(report, bench, place, taken)
        with report.check("receipts: `galerne receipt` writes one beside the server"):
            _command(bench, place, taken)
        with report.check("receipts: another tenant, an unknown id and nonsense get the same 404"):
            _strangers(server, bench, taken)
        with report.check("receipts: whoever took one is in the log"):
            actions = [json.loads(entry)["action"] for entry in place.entries()]
            assert actions.count("receipt.read") == len(taken) + 1, actions


def _take(server):
    """Asks in every way, and at once for the receipt: one request, which waits for the log."""
    api, taken = server.api, {}
    whole = api.chat("What is the capital of France?", max_tokens=4)
    taken["a chat"] = whole.json()
    stream = api.stream("Count to five.", max_tokens=4)
    taken["a stream"] = {**stream.chunks[-1], "id": stream.chunks[0]["id"]}
    output = Conversations(api).ask("Hello", completion_args={"max_tokens": 4})["outputs"][0]
    taken["a turn"] = {**output, "id": output["request_id"]}
    for name, asked in taken.items():
        answer = api.request("GET", f"/v1/receipts/{asked['id']}")
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "text/plain; charset=utf-8", answer.headers
        taken[name] = asked, answer.body
    return taken


def _compare(place, asked, receipt):
    key, note = place.key(), tlog.parse_note(receipt.decode())
    note.verify(key)
    assert note.text.startswith(HEADER), note.text
    stated = json.loads(note.text[len(HEADER) :])
    usage = asked["usage"]
    assert stated["response"].endswith(asked["id"].removeprefix("chatcmpl-")), stated["response"]
    assert stated["tokens"] == {
        "prompt": usage["prompt_tokens"],
        "completion": usage["completion_tokens"],
    }, stated["tokens"]
    for part, value, figure in (
        ("energy", "joules", "energy_joules"),
        ("energy", "method", "energy_method"),
        ("energy", "uncertainty_percent", "energy_uncertainty_percent"),
        ("emissions", "grams_co2e", "co2e_grams"),
    ):
        assert stated[part][value] == usage[figure], (part, value)
    file = place.data_dir / "models" / MODEL / "model.gguf"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert stated["model"] == {"id": MODEL, "digest": f"sha256:{digest}"}, stated["model"]
    assert stated["site"]["source"] == "declared", stated["site"]
    assert stated["site"]["operator"] == "Société d'essai", stated["site"]
    assert stated["site"]["parent_country"] is None, stated["site"]
    _compare_with_log(place, key, stated)


def _compare_with_log(place, key, stated):
    """The entry, its place and its proof, by our own arithmetic."""
    log = stated["log"]
    entry = place.entries()[log["index"]]
    assert log["entry"].encode() == entry, log["entry"]
    facts = json.loads(entry)
    assert facts["subject"] == f"request:{stated['request']}", facts
    assert facts["model"] == stated["model"]["digest"] and facts["v"] == 3, facts
    checkpoint = tlog.parse_note(log["checkpoint"])
    checkpoint.verify(key)
    checkpoint = tlog.parse_checkpoint(checkpoint.text)
    leaves = place.leaves()[: checkpoint.size]
    assert merkle.root(leaves) == checkpoint.root, checkpoint
    assert checkpoint.size > log["index"], checkpoint


def _verify(report, bench, place, taken):
    verifier, key = Verifier(bench), place.key().vkey
    for name, (_, receipt) in taken.items():
        with report.check(f"receipts: that of {name} is verified with the key alone"):
            (verifier.folder / "receipt").write_bytes(receipt)
            verdict = verifier.run("receipt", "receipt", "--key", key)
            verdict.expect_verified()
            assert verdict.report["receipt"]["model"]["id"] == MODEL, verdict
    with report.check("receipts: any byte that is changed is named"):
        _, receipt = taken["a chat"]
        generator = random.Random(SEED)
        progress(f"seed {SEED}")
        for _ in range(FLIPS):
            place_of_flip = generator.randrange(len(receipt))
            bad = bytearray(receipt)
            bad[place_of_flip] ^= 1 << generator.randrange(8)
            (verifier.folder / "receipt").write_bytes(bad)
            verdict = verifier.run("receipt", "receipt", "--key", key)
            assert verdict.exit_code == 1 and verdict.codes, f"byte {place_of_flip}: {verdict}"
            assert verdict.codes[0].startswith("receipt."), f"byte {place_of_flip}: {verdict}"
    with report.check("receipts: a statement that was rewritten is named, and so is another key"):
        changed = receipt.replace(b'"country":"FR"', b'"country":"CH"')
        assert changed != receipt
        (verifier.folder / "receipt").write_bytes(changed)
        verifier.run("receipt", "receipt", "--key", key).expect(1, "receipt.signature")
        (verifier.folder / "receipt").write_bytes(receipt)
        other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        verifier.run("receipt", "receipt", "--key", other).expect(1, "receipt.signature")


def _strangers(server, bench, taken):
    (asked, _) = taken["a chat"]
    told = []
    for kind in ("member", "organisation"):
        stranger = key_of_another(server, bench, kind).api
        told.append(stranger.request("GET", f"/v1/receipts/{asked['id']}"))
    for nonsense in ("chatcmpl-" + "0" * 32, "nothing", "%FF"):
        told.append(server.api.request("GET", f"/v1/receipts/{nonsense}"))
    for answer in told:
        expect_refusal(answer, 404, "receipt.not_found")
    bodies = {_without_id(answer) for answer in told}
    assert len(bodies) == 1, bodies


def _without_id(answer):
    return answer.body.decode().replace(answer.headers["x-request-id"], "ID")


def _command(bench, place, taken):
    (asked, over_http) = taken["a stream"]
    done = run_json(bench.binary, "receipt", asked["id"], data_dir=place.data_dir)
    theirs, ours = (
        json.loads(tlog.parse_note(text).text[len(HEADER) :])
        for text in (over_http.decode(), done["receipt"])
    )
    for stated in (theirs, ours):
        # What differs from one receipt to the next.
        del stated["issued_at"], stated["log"]["checkpoint"], stated["log"]["inclusion"]
    assert theirs == ours, (theirs, ours)
