"""Rules of the customer with the real binary: applied, obeyed at once, told in log and receipts.

Whoever edits, exchanges or deletes the file, or writes rules that cannot be evaluated, gets less
than before and never more. The control is an installation without rules, where all is answered.
"""

import json

from harness import tlog
from harness.installation import Installation
from harness.server import MODEL, run as run_command, run_json
from harness.verifier import Verifier

ALL = '@id("all")\npermit (principal, action, resource);\n'
NO_INFERENCE = ALL + '@id("no-inference")\nforbid (principal, action == Action::"infer", resource);\n'
# The sum is larger than any number: the rule cannot be evaluated, whatever the hour is.
FAILS = (
    ALL
    + '@id("overflow")\nforbid (principal, action == Action::"infer", resource)\n'
    + "when { 9223372036854775807 + context.hour + 1 > 0 };\n"
)


def run(report, bench):
    place = Installation(bench)
    rules = Rules(bench, place)
    with place.serve() as server:
        digests = {}
        with report.check("policy: control: without rules everything is answered"):
            digests["none"] = rules.show()["policy"]
            _expect_answered(server.api)
        _checked(report, rules)
        _obeyed(report, rules, server, digests)
        _edited(report, rules, server)
        _failing(report, rules, server)
        _explained(report, rules)
        with report.check("policy: receipts state the policy and its decision, and are verified"):
            _receipts(bench, place, server, rules)
    _started(report, place, rules)
    with report.check("policy: every entry tells the policy in force, every change both digests"):
        _told(place, digests)
    with report.check("policy: an export of that log is verified by `galerne-verify` alone"):
        _exported(bench, place)


class Rules:
    """The commands of one installation, and its file of rules."""

    def __init__(self, bench, place):
        self.binary, self.data_dir, self.folder = bench.binary, place.data_dir, bench.folder
        self.file = place.data_dir / "rules.cedar"

    def written(self, text):
        file = self.folder / "customer.cedar"
        file.write_text(text)
        return file

    def run(self, *arguments):
        return run_command(self.binary, "policy", *arguments, data_dir=self.data_dir)

    def apply(self, text):
        return run_json(
            self.binary, "policy", "apply", self.written(text), data_dir=self.data_dir
        )

    def show(self):
        return run_json(self.binary, "policy", "show", data_dir=self.data_dir)

    def explain(self, *arguments):
        return run_json(
            *(self.binary, "policy", "explain", "--account", "owner", *arguments),
            data_dir=self.data_dir,
        )


def _expect_answered(api):
    assert api.request("GET", "/v1/models").status == 200
    answer = api.chat("Hello", max_tokens=1)
    assert answer.status == 200, answer.body


def _expect(api, status, code):
    answer = api.chat("Hello", max_tokens=1)
    assert (answer.status, answer.code) == (status, code), answer.body
    return answer.json()


def _checked(report, rules):
    with report.check("policy: rules that are none are refused with file, line and hint"):
        for text, line in (
            (ALL + "\npermit (principal, action, resource);\n", 4),
            (ALL + '@id("b")\nforbid (principal in Role::"boss", action, resource);\n', 4),
            (ALL + '@id("b")\nforbid (principal, action, resource)\nwhen { context.colour };\n', 5),
        ):
            for command in ("check", "apply"):
                done = rules.run(command, rules.written(text))
                assert done.returncode == 64, done
                assert f"customer.cedar: line {line}: " in done.stderr, done.stderr
                assert "hint: " in done.stderr, done.stderr
        assert not rules.file.exists(), "refused rules were kept"
    with report.check("policy: `check` tells what never applies, what is shadowed, and the table"):
        text = (
            NO_INFERENCE
            + '@id("gone")\nforbid (principal, action, resource == Model::"gone");\n'
            + '@id("twice")\npermit (principal, action == Action::"log", resource);\n'
        )
        told = run_json(
            rules.binary, "policy", "check", rules.written(text), data_dir=rules.data_dir
        )
        found = {(each["finding"], each["rule"]) for each in told["findings"]}
        assert found == {("never_applies", "gone"), ("shadowed", "twice")}, found
        table = {(row["action"], row["resource"]): row["verdicts"] for row in told["table"]}
        assert table["infer", MODEL] == ["no", "no", "-", "no", "no", "no"], table
        assert table["log", None] == ["yes", "-", "yes", "yes", "-", "-"], table


def _obeyed(report, rules, server, digests):
    with report.check("policy: the request after `apply` obeys, and the one after the next too"):
        for _ in range(3):
            changed = rules.apply(NO_INFERENCE)
            digests["no inference"] = changed["policy"]
            told = _expect(server.api, 403, "policy.denied")
            assert "no-inference" in told["message"], told
            assert server.api.request("GET", "/v1/models").status == 200
            changed = rules.apply(ALL)
            assert changed["policy_before"] == digests["no inference"], changed
            digests["all"] = changed["policy"]
            _expect_answered(server.api)
        assert len(set(digests.values())) == 3, digests
    with report.check("policy: what no rule permits is denied"):
        rules.apply('@id("log")\npermit (principal, action == Action::"log", resource);\n')
        for path in ("/v1/models", "/v1/conversations"):
            answer = server.api.request("GET", path)
            assert (answer.status, answer.code) == (403, "policy.denied"), (path, answer.body)
    with report.check("policy: rules that permit everything give a key nothing that it has not"):
        rules.apply(ALL)
        made = ("key", "create", "--allow", "models")
        key = run_json(rules.binary, *made, data_dir=rules.data_dir)["key"]
        assert server.api.request("GET", "/v1/models", key=key).status == 200
        answer = server.api.request("GET", "/v1/conversations", key=key)
        assert (answer.status, answer.code) == (403, "auth.forbidden"), answer.body


def _edited(report, rules, server):
    rules.apply(NO_INFERENCE)
    applied = rules.file.read_bytes()
    edits = {
        "edited": lambda: rules.file.write_bytes(applied.replace(b'"infer"', b'"embed"')),
        "exchanged for others": lambda: rules.file.write_text(ALL),
        "emptied": lambda: rules.file.write_text(""),
        "cut": lambda: rules.file.write_bytes(applied[:-5]),
        "deleted": lambda: rules.file.unlink(),
    }
    for name, edit in edits.items():
        with report.check(f"policy: rules that are {name} while the server runs: 503 for all"):
            _expect(server.api, 403, "policy.denied")
            edit()
            for _ in range(2):
                told = _expect(server.api, 503, "policy.unavailable")
                assert str(rules.file) not in json.dumps(told), "a stranger is told the place"
            assert server.api.request("GET", "/v1/models").status == 503
            if name == "deleted":
                # Only a process that has seen them knows; rules that are applied again count.
                rules.apply(ALL)
                _expect_answered(server.api)
                continue
            done = rules.run("show")
            assert done.returncode != 0 and "policy.unavailable" in done.stderr, done
            rules.file.write_bytes(applied)
            _expect(server.api, 403, "policy.denied")
    with report.check("policy: an earlier file of rules is not taken again; `apply` heals it"):
        early = applied
        rules.apply(NO_INFERENCE)
        rules.file.write_bytes(early)
        _expect(server.api, 503, "policy.unavailable")
        rules.apply(ALL)
        _expect_answered(server.api)


def _failing(report, rules, server):
    with report.check("policy: a rule that cannot be evaluated denies what it is about: 503"):
        rules.apply(FAILS)
        for _ in range(2):
            _expect(server.api, 503, "policy.unavailable")
        assert server.api.request("GET", "/v1/models").status == 200
        told = run_json(
            rules.binary, "policy", "check", rules.written(FAILS), data_dir=rules.data_dir
        )
        assert [each["finding"] for each in told["findings"]] == ["fails"], told
        rules.apply(ALL)
        _expect_answered(server.api)


def _explained(report, rules):
    with report.check("policy: `explain` names the rules that make a decision"):
        rules.apply(NO_INFERENCE)
        told = rules.explain("--action", "infer", "--model", MODEL)
        assert (told["decision"], told["permits"], told["forbids"]) == (
            *("deny", ["all"], ["no-inference"]),
        ), told
        assert rules.explain("--action", "log")["decision"] == "allow"
        schema = rules.run("schema")
        assert schema.returncode == 0 and 'action "infer", "embed"' in schema.stdout, schema


def _receipts(bench, place, server, rules):
    in_force = rules.apply(ALL)["policy"]
    answer = server.api.chat("Hello", max_tokens=1)
    receipt = server.api.request("GET", f"/v1/receipts/{answer.json()['id']}")
    assert receipt.status == 200, receipt.body
    text = tlog.parse_note(receipt.body.decode()).text
    stated = json.loads(text.split("\n", 1)[1])
    assert stated["policy"] == {"decision": "allow", "digest": in_force}, stated["policy"]
    verifier = Verifier(bench)
    (verifier.folder / "receipt").write_bytes(receipt.body)
    key = place.key().vkey
    verifier.run("receipt", "receipt", "--key", key).expect_verified()
    told = verifier.run_plain("receipt", "receipt", "--key", key)
    assert f"policy: allow, {in_force}" in told.stdout, told.stdout


def _started(report, place, rules):
    rules.apply(ALL)
    whole = rules.file.read_bytes()
    with report.check("policy: a server does not start with rules that were not applied"):
        for changed in (whole + b"\n", b"permit (principal, action, resource);", b"\xff"):
            rules.file.write_bytes(changed)
            _expect_no_start(place, "policy.unavailable", str(rules.file))
        rules.file.write_bytes(whole)
        with place.serve() as server:
            _expect_answered(server.api)
    with report.check("policy: `rules.required` starts no server without rules"):
        settings = place.data_dir / "galerne.toml"
        before = settings.read_text()
        settings.write_text(f"{before}\n[rules]\nrequired = true\n")
        with place.serve() as server:
            _expect_answered(server.api)
        rules.file.unlink()
        _expect_no_start(place, "policy.unavailable")
        settings.write_text(before)
        rules.file.write_bytes(whole)
    with report.check("policy: `remove` ends the use of rules"):
        removed = rules.run("remove")
        assert removed.returncode == 0, removed
        with place.serve() as server:
            _expect_answered(server.api)


def _expect_no_start(place, *told):
    try:
        server = place.serve()
    except AssertionError as error:
        assert "ended with 64" in str(error), error
        assert all(each in str(error) for each in told), error
        return
    with server:
        raise AssertionError("the server started")


def _told(place, digests):
    entries = [json.loads(entry) for entry in place.entries()]
    changes = 0
    for entry in entries:
        assert entry["policy"].startswith("sha256:") and len(entry["policy"]) == 71, entry
        if entry["action"] == "policy.apply":
            old, new = entry["subject"].removeprefix("policy:").split("->")
            assert old == entry["policy"], entry
            assert new.startswith("sha256:") and len(new) == 71, entry
            changes += 1
    assert changes > 10, changes
    told = {entry["policy"] for entry in entries}
    assert set(digests.values()) <= told, "a policy in force is in no entry"
    # Chats that were let through: under rules that forbid them there is none.
    answered = [
        entry for entry in entries
        if entry["action"] == "chat.complete" and entry["outcome"] == "ok"
    ]
    assert digests["no inference"] not in {entry["policy"] for entry in answered}
    denied = {
        entry["policy"] for entry in entries
        if entry["action"] == "chat.complete" and entry["outcome"] == "policy.denied"
    }
    assert denied == {digests["no inference"]}, denied


def _exported(bench, place):
    with place.serve():
        place.wait_for_checkpoint(len(place.rows()))
    folder = place.export(bench.folder / "export-of-policies")
    verifier = Verifier(bench)
    verifier.take(folder, "export")
    key = place.key().vkey
    verifier.run("export", "export", "--key", key).expect_verified()
