"""Erasure with the real binary: a person goes, the log stays whole, and a certificate says so.

What is searched for afterwards is found before: the name in clear, and the sealed texts by their
bytes. The certificate is checked by the verifier that has nothing but it and the key.
"""

import http.client
import json
import random
import sqlite3
import threading
import time

from harness import tlog
from harness.api import Api
from harness.canary import Canary
from harness.installation import Installation
from harness.report import progress
from harness.server import HANG_GUARD_SECONDS, MODEL, run as run_command, run_json
from harness.turns import Conversations
from harness.verifier import Verifier
from suites.accounts import Browser

SEED = 20261123
FLIPS = 60
HEADER = "galerne erasure v1\n"
KILLS = 3


def run(report, bench):
    _settings(report, bench)
    place = Installation(bench)
    verifier = Verifier(bench)
    with place.serve() as server:
        officer = _invited(bench, server, "officer", "data_officer")[1]
        anne = Person(bench, server, "heron7x3fa@ministere.example")
        before = _before(report, place, server, anne)
        _held(report, bench, server, officer, anne)
        certificate = _erased(report, server, officer, anne)
        _gone(report, place, server, anne, before)
    _proofs(report, bench, place, verifier, before)
    _certificate(report, place, verifier, certificate)
    _killed(report, bench, place, verifier)
    _commands(report, bench, place, verifier)


def _settings(report, bench):
    with report.check("erasure: a term that the law does not want is refused at the start"):
        for line in ("usage_days = 30", "log_days = 30", "sign_ins_days = 366"):
            data_dir = bench.data_dir()
            (data_dir / "galerne.toml").write_text(f"[retention]\n{line}\n")
            done = run_command(bench.binary, "config", "check", data_dir=data_dir)
            assert done.returncode == 64, done
            assert "AI Act" in done.stderr and "hint: " in done.stderr, done
        (data_dir / "galerne.toml").write_text("[retention]\nusage_days = 183\n")
        done = run_command(bench.binary, "config", "check", data_dir=data_dir)
        assert done.returncode == 0 and "retention.usage_days = 183" in done.stdout, done


def _invited(bench, server, name, role):
    made = run_json(
        bench.binary, "account", "create", name, "--role", role, data_dir=server.data_dir
    )
    browser = Browser(server)
    assert browser.sign_in(token=made["url"].split("#token=")[1])[0] == 204
    return made["id"], browser


class Person:
    """Somebody with a key, conversations and a draft."""

    def __init__(self, bench, server, name, conversations=2):
        self.name = name
        self.id, self.browser = _invited(bench, server, name, "developer")
        wanted = {"name": f"laptop of {name}", "permissions": ["models", "conversations"]}
        status, made = self.browser.send("POST", "/v1/keys", wanted)
        assert status == 201, made
        self.key = made["key"]
        self.api = Api(server.host, server.port, self.key, MODEL)
        self.client = Conversations(self.api)
        self.asked = [self._ask(number) for number in range(conversations)]
        draft = {"text": "typed by a heron", "attachments": [], "model": None}
        assert self.api.request("PUT", "/v1/conversations/new/draft", draft).status == 204

    def _ask(self, number):
        few = {"temperature": 0, "max_tokens": 4}
        return self.client.ask(
            f"lagoon{number}k9 quiet heron",
            name=f"heron{number}x7",
            completion_args=few,
        )


def _rows(data_dir, statement, *values):
    connection = sqlite3.connect(data_dir / "galerne.db", timeout=30)
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def _sealed(data_dir, person):
    """The bytes under which its texts lie; each is random and stands nowhere else."""
    account = bytes.fromhex(person.id)
    statements = (
        "SELECT text FROM entry WHERE account_id = ?",
        "SELECT name FROM conversation WHERE account_id = ?",
        "SELECT text FROM draft WHERE account_id = ?",
    )
    texts = [text for one in statements for (text,) in _rows(data_dir, one, account)]
    assert len(texts) >= 5 and all(len(text) > 16 for text in texts), texts
    return texts


def _files(data_dir):
    return {
        path.name: path.read_bytes()
        for path in data_dir.rglob("*")
        if path.is_file() and path.suffix != ".gguf"
    }


def _before(report, place, server, anne):
    found = {}
    with report.check("erasure: control: before it, name and sealed texts are in the files"):
        found["sealed"] = _sealed(place.data_dir, anne)
        data = b"".join(_files(place.data_dir).values())
        assert Canary("the name", anne.name).found_in(data)
        assert all(text in data for text in found["sealed"])
    with report.check("erasure: a receipt and a checkpoint are taken before"):
        request = anne.asked[0]["outputs"][0]["request_id"]
        receipt = anne.api.request("GET", f"/v1/receipts/{request}")
        assert receipt.status == 200, receipt.body
        found["receipt"] = receipt.body
        found["checkpoint"] = server.api.request("GET", "/log/checkpoint").body
    return found


def _held(report, bench, server, officer, anne):
    with report.check("erasure: a hold keeps account and conversations, and names itself"):
        body = {"account": anne.id, "reason": "litigation", "reference": "RG 26/01234"}
        status, hold = officer.send("POST", "/v1/holds", body)
        assert status == 201 and hold["lifted_at"] is None, hold
        status, refused = _order(officer, anne)
        assert (status, refused["code"]) == (409, "hold.in_force"), refused
        assert hold["id"] in refused["message"], refused
        conversation = anne.asked[0]["conversation_id"]
        refused = anne.api.request("DELETE", f"/v1/conversations/{conversation}")
        assert (refused.status, refused.code) == (409, "hold.in_force"), refused.body
        listed = run_json(bench.binary, "hold", "list", data_dir=server.data_dir)
        assert [one["id"] for one in listed] == [hold["id"]], listed
        assert officer.send("DELETE", f"/v1/holds/{hold['id']}")[0] == 204
        status, listed = officer.send("GET", "/v1/holds")
        assert status == 200 and listed["data"][0]["lifted_at"] is not None, listed
    with report.check("erasure: whoever may not protect data orders none"):
        status, refused = _order(anne.browser, anne)
        assert (status, refused["code"]) == (403, "auth.forbidden"), refused


def _order(browser, person, reason="request_of_person"):
    return browser.send("POST", f"/v1/accounts/{person.id}/erasure", {"reason": reason})


def _done(browser, erasure):
    """Waits for the certificate."""
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while erasure["state"] != "done":
        assert time.monotonic() < deadline, f"not within {HANG_GUARD_SECONDS} s: {erasure}"
        time.sleep(0.1)
        status, erasure = browser.send("GET", f"/v1/erasures/{erasure['id']}")
        assert status == 200, erasure
    return erasure


def _erased(report, server, officer, anne):
    certificate = {}
    with report.check("erasure: the data officer orders it, and it is done"):
        status, erasure = _order(officer, anne)
        assert status in (200, 202), erasure
        erasure = _done(officer, erasure)
        counts = {one["class"]: one["count"] for one in erasure["erased"]}
        assert counts["conversations"] == 2 and counts["entries"] == 4, counts
        assert counts["api_keys"] == 1 and counts["accounts"] == 1, counts
        # Of the account, its key, its session and the link with which it came.
        assert counts["pseudonym_keys"] == 4, counts
        certificate.update(erasure)
        status, listed = officer.send("GET", "/v1/erasures")
        assert [one["id"] for one in listed["data"]] == [erasure["id"]], listed
    with report.check("erasure: nobody is let in as that person any more"):
        assert anne.browser.send("GET", "/v1/session")[0] == 401
        answer = anne.api.request("GET", "/v1/models")
        assert (answer.status, answer.code) == (401, "auth.invalid"), answer.body
        status, missing = _order(officer, anne)
        assert (status, missing["code"]) == (404, "account.unknown"), missing
        assert server.api.chat("Hello.", max_tokens=2).status == 200, "others go on"
    return certificate


def _gone(report, place, server, anne, before):
    with report.check("erasure: no file holds the name, while the server runs"):
        for name, data in _files(place.data_dir).items():
            assert not Canary("the name", anne.name).found_in(data), name
            assert b"heron7x3fa" not in data, name
    with report.check("erasure: no file holds a sealed text, the log of writes neither"):
        for name, data in _files(place.data_dir).items():
            assert not any(text in data for text in before["sealed"]), name
    with report.check("erasure: accounting stays, and does not say whose it was"):
        request = bytes.fromhex(anne.asked[0]["outputs"][0]["request_id"])
        statement = "SELECT account_id, principal_id FROM usage WHERE request_id = ?"
        assert _rows(place.data_dir, statement, request) == [(None, bytes(16))]


def _proofs(report, bench, place, verifier, before):
    key = place.key().vkey
    (verifier.folder / "checkpoint").write_bytes(before["checkpoint"])
    with report.check("erasure: the receipt of before is verified, and fits the checkpoint of before"):
        (verifier.folder / "receipt").write_bytes(before["receipt"])
        verdict = verifier.run("receipt", "receipt", "--key", key, "--checkpoint", "checkpoint")
        verdict.expect_verified()
    with report.check("erasure: the whole log is verified, and goes on from the checkpoint of before"):
        run_json(bench.binary, "audit", "checkpoint", data_dir=place.data_dir)
        run_json(bench.binary, "audit", "verify", data_dir=place.data_dir)
        export = bench.folder / "export-after-erasure"
        run_json(bench.binary, "audit", "export", export, data_dir=place.data_dir)
        verifier.take(export, "export")
        verdict = verifier.run("export", "export", "--key", key, "--checkpoint", "checkpoint")
        verdict.expect_verified()
        # That of before, and the one of the export itself.
        assert verdict.report["checkpoints_matched"] == 2, verdict


def _verify(verifier, key, certificate):
    (verifier.folder / "certificate").write_bytes(certificate)
    return verifier.run("erasure", "certificate", "--key", key)


def _certificate(report, place, verifier, erasure):
    key, certificate = place.key(), erasure["certificate"].encode()
    with report.check("erasure: the certificate is verified with the key alone, and names nobody"):
        _verify(verifier, key.vkey, certificate).expect_verified()
        note = tlog.parse_note(certificate.decode())
        note.verify(key)
        stated = json.loads(note.text[len(HEADER) :])
        assert note.text.startswith(HEADER) and b"heron" not in certificate, note.text
        assert stated["ordered_by"] == "data_officer", stated
        assert stated["erased"]["conversations"] == 2, stated
        assert [one["what"] for one in stated["kept"]][0] == "log_entries", stated
        entry = json.loads(place.entries()[stated["log"]["index"]])
        assert entry["action"] == "erasure.complete", entry
        assert entry["subject"] == stated["subject"] == erasure["subject"], entry
    with report.check("erasure: any byte of the certificate that is changed is named"):
        generator = random.Random(SEED)
        progress(f"seed {SEED}")
        for _ in range(FLIPS):
            at = generator.randrange(len(certificate))
            bad = bytearray(certificate)
            bad[at] ^= 1 << generator.randrange(8)
            verdict = _verify(verifier, key.vkey, bytes(bad))
            assert verdict.exit_code == 1 and verdict.codes, f"byte {at}: {verdict}"
            assert verdict.codes[0].startswith("erasure."), f"byte {at}: {verdict}"
    with report.check("erasure: another time, person or count is named, and so is another key"):
        bad = certificate.replace(stated["subject"].encode(), b"account:" + b"0" * 32, 1)
        verdict = _verify(verifier, key.vkey, bad)
        verdict.expect(1, "erasure.signature")
        bad = certificate.replace(f'"at":{stated["at"]}'.encode(), b'"at":1', 1)
        verdict = _verify(verifier, key.vkey, bad)
        verdict.expect(1, "erasure.signature")
        verdict.expect(1, "erasure.differs", leaf=stated["log"]["index"])
        bad = certificate.replace(b'"conversations":2', b'"conversations":3', 1)
        assert bad != certificate
        _verify(verifier, key.vkey, bad).expect(1, "erasure.signature")
        other = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        _verify(verifier, other, certificate).expect(1, "erasure.signature")


def _killed(report, bench, place, verifier):
    """Whatever the moment of the kill: the next start finishes what was ordered."""
    for number in range(KILLS):
        with report.check(f"erasure: kill -9 in the middle, and the next start finishes, {number + 1}"):
            name = f"crane{number}q5d@ministere.example"
            server = place.serve()
            try:
                officer = _owner(server)
                person = Person(bench, server, name, conversations=4)
                sealed = _sealed(place.data_dir, person)
                order = threading.Thread(target=_order_and_lose, args=(officer, person))
                order.start()
                ordered = _wait_for_order(place.data_dir, person)
            finally:
                server.kill()
            order.join(timeout=HANG_GUARD_SECONDS)
            with place.serve() as server:
                erasure = {"id": ordered, "state": "under_way"}
                erasure = _done(_owner(server), erasure)
                files = _files(place.data_dir)
            for file, data in files.items():
                assert name.split("@")[0].encode() not in data, file
                assert not any(text in data for text in sealed), file
            verdict = _verify(verifier, place.key().vkey, erasure["certificate"].encode())
            verdict.expect_verified()
            counts = {one["class"]: one["count"] for one in erasure["erased"]}
            assert counts["conversations"] == 4 and counts["accounts"] == 1, counts


def _owner(server):
    browser = Browser(server)
    assert browser.sign_in(token=server.link_token)[0] == 204
    return browser


def _order_and_lose(officer, person):
    try:
        _order(officer, person)
    except (OSError, http.client.HTTPException):
        # The server died while it was asked: that is the point.
        pass


def _wait_for_order(data_dir, person):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    newest = "SELECT hex(id) FROM erasure ORDER BY ordered_at DESC LIMIT 1"
    first = "SELECT count(*) FROM account WHERE id = ? AND disabled_at IS NULL"
    while _rows(data_dir, first, bytes.fromhex(person.id)) == [(1,)]:
        assert time.monotonic() < deadline, f"not ordered within {HANG_GUARD_SECONDS} s"
        time.sleep(0.002)
    return _rows(data_dir, newest)[0][0].lower()


def _commands(report, bench, place, verifier):
    data_dir = place.data_dir
    with report.check("erasure: `galerne account erase` does it without a server"):
        run_json(bench.binary, "account", "create", "ibis3n8", data_dir=data_dir)
        hold = run_json(
            *(bench.binary, "hold", "place", "--reason", "audit", "--reference", "2026/7"),
            data_dir=data_dir,
        )
        words = ("account", "erase", "ibis3n8", "--reason", "end_of_purpose")
        refused = run_command(bench.binary, *words, data_dir=data_dir)
        assert refused.returncode == 1 and hold["id"] in refused.stderr, refused
        run_json(bench.binary, "hold", "lift", hold["id"], data_dir=data_dir)
        erased = run_json(bench.binary, *words, data_dir=data_dir)
        _verify(verifier, place.key().vkey, erased["certificate"].encode()).expect_verified()
        for name, data in _files(data_dir).items():
            assert b"ibis3n8" not in data, name
    with report.check("erasure: `galerne account erase` has the server beside it do it"):
        with place.serve():
            run_json(bench.binary, "account", "create", "stork4m6", data_dir=data_dir)
            file = bench.folder / "certificate"
            words = ("account", "erase", "stork4m6", "--reason", "order", "--out", file)
            run_json(bench.binary, *words, data_dir=data_dir)
            for name, data in _files(data_dir).items():
                assert b"stork4m6" not in data, name
        _verify(verifier, place.key().vkey, file.read_bytes()).expect_verified()
    with report.check("erasure: the last owner stays"):
        refused = run_command(
            bench.binary, "account", "erase", "owner", "--reason", "order", data_dir=data_dir
        )
        assert refused.returncode == 1 and "hint: " in refused.stderr, refused
