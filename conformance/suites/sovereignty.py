"""`galerne sovereignty assess` on a fresh deployment with a real server, its evidence offline."""

import json
import time

from harness import tlog
from harness.installation import Installation
from harness.report import progress
from harness.server import run as run_command
from harness.verifier import Verifier

TENDER = 'name = "Essai"\n[minimum]\nSOV-3 = 3\nSOV-5 = 1\n'
# What a fresh deployment has not got, whatever the machine.
OPEN = [
    *("owner.declared", "site.operator_named", "residency.region_said", "residency.ranges_fresh"),
    *("drill.disconnect", "models.signed", "accounts.auditor", "accounts.data_officer", "keys.end"),
]
GOOD = [
    *("residency.hyperscalers_denied", "egress.undeclared_refused", "egress.flows_declared"),
    *("key.installation_private", "key.log_private", "data.directory_private"),
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


def _frameworks(place):
    known = set(_verdicts(_report(place)[1]))
    for name in ("csf", "c3a", "secnumcloud", "eds", "aiact", "nis2", "dora"):
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
