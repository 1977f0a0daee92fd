"""`galerne sovereignty assess` on a fresh deployment with a real server, its evidence offline."""

import hashlib
import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

from harness import tlog
from harness.installation import Installation
from harness.report import progress
from harness.server import run as run_command
from harness.verifier import Verifier

TENDER = 'name = "Essai"\n[minimum]\nSOV-3 = 3\nSOV-5 = 1\n'
FRAMEWORKS = ("csf", "c3a", "secnumcloud", "eds", "aiact", "nis2", "dora")
# What a fresh deployment has not got, whatever the machine.
OPEN = [
    *("owner.declared", "site.operator_named", "residency.region_said", "residency.ranges_fresh"),
    *("drill.disconnect", "models.signed", "accounts.auditor", "accounts.data_officer", "keys.end"),
    "key.wrapping_outside",
]
GOOD = [
    *("residency.hyperscalers_denied", "egress.undeclared_refused", "egress.flows_declared"),
    *("key.installation_private", "key.log_private", "data.directory_private"),
    *("texts.sealed", "key.wrapping_private", "key.data_fresh"),
    *("models.intact", "models.no_pickle", "log.verified", "log.tampering_noticed"),
    *("process.memory_closed", "process.no_core", "routes.audited", "api.portable"),
]


def run(report, bench):
    place = Installation(bench)
    verifier = Verifier(bench)
    with place.serve() as server:
        with report.check("sovereignty: a fresh deployment answers"):
            assert server.api.chat("Hello", max_tokens=2).status == 200
        with report.check("sovereignty: a fresh deployment is assessed beside its server"):
            _fresh(place)
        with report.check("sovereignty: a tender that asks for more ends with exit code 2"):
            _gate(bench, place)
        with report.check("sovereignty: the route answers what the command prints, and logs it"):
            _route(place, server)
        with report.check("sovereignty: one assessment at a time, and answers meanwhile"):
            _together(server)
        with report.check("sovereignty: a key without the permission `log` assesses nothing"):
            _denied(bench, place, server)
        with report.check("sovereignty: a tender in the data directory is compared with"):
            _tender_beside(place, server)
        with report.check("sovereignty: every framework gives the same checks another index"):
            _frameworks(place)
        with report.check("sovereignty: the log names the report, and the evidence proves it"):
            _evidence(bench, place, verifier, "beside")
    with report.check("sovereignty: it works without a server, and says so"):
        folder = _evidence(bench, place, verifier, "alone")
        assert not json.loads((folder / "report.json").read_text())["server"]
    with report.check("sovereignty: every file that is changed is named offline"):
        _tamper(place, verifier, folder)
    with report.check("sovereignty: another history at the witness is a knock-out"):
        _knock_out(place)
    with report.check("sovereignty: a text in clear is a knock-out, and in no report"):
        _in_clear(place)
    with report.check("sovereignty: where nothing is deployed, nothing is measured"):
        empty = bench.folder / "nothing-here"
        done = run_command(bench.binary, "sovereignty", "assess", data_dir=empty)
        assert done.returncode == 4 and not empty.exists(), (done.returncode, done.stderr)


def _assess(place, *arguments):
    started = time.monotonic()
    done = run_command(
        place.bench.binary, "sovereignty", "assess", *arguments, data_dir=place.data_dir
    )
    progress(f"an assessment took {time.monotonic() - started:.1f} s")
    return done


def _report(place, *arguments):
    done = _assess(place, "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def _verdicts(found):
    return {check["id"]: check["verdict"] for check in found["checks"]}


def _fresh(place):
    code, found = _report(place)
    verdicts = _verdicts(found)
    assert code == 0 and found["exit_code"] == 0, (code, found["conclusion"], found["knock_outs"])
    assert found["server"] and not found["knock_outs"], found["knock_outs"]
    looked = [check for check in found["checks"] if check["kind"] in ("probe", "inspect")]
    assert len(found["checks"]) >= 40 and len(looked) >= 25
    for name in OPEN:
        assert verdicts[name] == "failed", (name, verdicts[name])
    for name in GOOD:
        assert verdicts[name] == "passed", (name, verdicts[name])
    assert 0 < found["score"]["proved"] <= found["score"]["with_assisted"] < 100
    text = _assess(place).stdout
    for name in OPEN:
        assert name in text, name
    told = [line for line in text.splitlines() if line.startswith(("failed: ", "not measured: "))]
    assert len(told) >= len(OPEN) and text.count("  hint: ") == len(told), text
    assert "certified" not in text.lower() and "no certification" in text


def _gate(bench, place):
    tender = bench.folder / "tender.toml"
    tender.write_text(TENDER)
    code, found = _report(place, "--min", tender)
    gates = {row["id"]: row["gate"] for row in found["objectives"]}
    assert code == 2 and found["conclusion"] == "gate failed", (code, found["conclusion"])
    assert gates["SOV-3"] == {"minimum": 3, "result": "FAIL"}, gates
    assert gates["SOV-5"] == {"minimum": 1, "result": "ok"}, gates
    tender.write_text("name = 'x'\n[minimum]\nSOV-9 = 1\n")
    assert _assess(place, "--min", tender).returncode == 64


PATH = "/v1/sovereignty/assessment"


def _route(place, server):
    answer = server.api.request("GET", f"{PATH}?framework=c3a")
    assert answer.status == 200, answer
    printed = _report(place, "--framework", "c3a")[1]
    found = answer.json()
    assert _shape(found) == _shape(printed), (found, printed)
    assert {it["id"] for it in found["frameworks"]} == set(FRAMEWORKS)
    digest = hashlib.sha256(answer.body).hexdigest()
    logged = [json.loads(entry) for entry in place.entries()]
    subjects = [it.get("subject") for it in logged if it["action"] == "sovereignty.assess"]
    assert f"report:sha256:{digest}" in subjects, subjects
    unknown = server.api.request("GET", f"{PATH}?framework=iso")
    assert unknown.status == 422 and unknown.code == "request.invalid", unknown


def _shape(found):
    """Members and names; what was seen may have changed between the two."""
    named = [(check["id"], check["expected"], sorted(check)) for check in found["checks"]]
    rows = [(row["id"], row["weight_percent"], sorted(row)) for row in found["objectives"]]
    texts = [(it["id"], [one["checks"] for one in it["criteria"]]) for it in found["frameworks"]]
    return sorted(found), named, rows, texts, found["framework"]["id"], found["policy"]


def _together(server):
    def ask(number):
        if number == 0:
            return server.api.chat("Hello", max_tokens=4)
        return server.api.request("GET", PATH)

    with ThreadPoolExecutor(max_workers=6) as pool:
        chat, *assessed = pool.map(ask, range(6))
    assert chat.status == 200, chat
    for answer in assessed:
        is_told = answer.status == 409 and answer.code == "assessment.running"
        assert answer.status == 200 or is_told, answer
    assert any(answer.status == 200 for answer in assessed)


def _denied(bench, place, server):
    done = run_command(
        bench.binary, "key", "create", "--allow", "models", "--json", data_dir=place.data_dir
    )
    key = json.loads(done.stdout)["key"]
    headers = {"Authorization": f"Bearer {key}"}
    answer = server.api.request("GET", PATH, headers=headers, key=False)
    assert answer.status == 403 and answer.code == "auth.forbidden", answer


def _tender_beside(place, server):
    tender = place.data_dir / "tender.toml"
    tender.write_text(TENDER)
    found = server.api.request("GET", PATH).json()
    assert found["tender"] == "Essai" and found["conclusion"] == "gate failed", found
    assert _assess(place).returncode == 2
    tender.write_text("name = 3")
    broken = server.api.request("GET", PATH)
    assert broken.status == 500 and broken.code == "assessment.failed", broken
    assert _assess(place).returncode == 64
    tender.unlink()


def _in_clear(place):
    """A draft as a version before the encryption wrote it."""
    connection = sqlite3.connect(place.data_dir / "galerne.db", timeout=30)
    with connection:
        connection.execute(
            "INSERT INTO draft (organisation_id, account_id, conversation_id, updated_at, text)"
            " SELECT organisation_id, id, x'', 0, CAST('c' || ? AS BLOB) FROM account LIMIT 1",
            ("a canary in clear",),
        )
    code, found = _report(place)
    assert code == 3 and found["knock_outs"] == ["texts.sealed"], (code, found["knock_outs"])
    assert "canary" not in json.dumps(found)
    with connection:
        connection.execute("DELETE FROM draft WHERE substr(text, 1, 1) = x'63'")
    connection.close()
    assert _report(place)[1]["knock_outs"] == []


def _frameworks(place):
    known = set(_verdicts(_report(place)[1]))
    for name in FRAMEWORKS:
        framework = _report(place, "--framework", name)[1]["framework"]
        assert framework["id"] == name and framework["revision"], framework
        for criterion in framework["criteria"]:
            assert set(criterion["checks"]) <= known, criterion
    assert _assess(place, "--framework", "iso").returncode == 64


def _evidence(bench, place, verifier, name):
    folder = bench.folder / f"evidence-{name}"
    done = _assess(place, "--evidence", folder)
    assert done.returncode == 0 and str(folder) in done.stdout, done.stderr
    verifier.take(folder, name)
    verdict = verifier.run("evidence", name, "--key", place.key().vkey)
    verdict.expect_verified()
    assert verdict.report["conclusion"] == "passed", verdict
    # Once more by code that shares nothing with the product.
    note = tlog.parse_note((folder / "evidence.txt").read_text())
    note.verify(place.key())
    actions = [json.loads(entry)["action"] for entry in place.entries()]
    assert "sovereignty.assess" in actions
    return folder


def _tamper(place, verifier, folder):
    key = place.key().vkey
    copy = verifier.take(folder, "tampered")
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        verdict = verifier.run("evidence", "tampered", "--key", key)
        assert verdict.exit_code == 1, (path, verdict)
        if path.name == "evidence.txt":
            assert set(verdict.codes) & {"evidence.signature", "evidence.malformed"}, verdict
        else:
            named = [it["message"] for it in verdict.findings if it["code"] == "evidence.changed"]
            assert any(str(path.relative_to(copy)) in message for message in named), verdict
        path.write_bytes(whole)
    verifier.run("evidence", "tampered", "--key", key).expect_verified()


def _knock_out(place):
    """The witness holds a checkpoint of the same size with another root, under a changed line."""
    text = place.outside.read_text()
    lines = text.split("\n")
    # The root of the last note: a byte of it changed, so that the key did not sign this.
    roots = [at for at, line in enumerate(lines) if len(line) == 44 and line.endswith("=")]
    last = roots[-1]
    lines[last] = ("B" if lines[last][0] == "A" else "A") + lines[last][1:]
    place.outside.write_text("\n".join(lines))
    code, found = _report(place)
    place.outside.write_text(text)
    assert code == 3 and found["knock_outs"] == ["log.verified"], (code, found["knock_outs"])
    capped = {row["id"]: row["evidenced"] for row in found["objectives"]}
    assert (capped["SOV-7"] or 0) <= 1 and (capped["SOV-3"] or 0) <= 1, capped
