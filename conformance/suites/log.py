"""The log from end to end: requests, a checkpoint kept outside, an export, a verifier that has
nothing else. Every hash, root and proof is also computed here, by code that shares nothing with
the product.
"""

import hashlib
import json
import random
import time
from collections import Counter

from harness import ed25519, ledger, merkle, tlog
from harness.installation import Installation, ask_often
from harness.report import progress
from harness.server import MODEL, Server
from harness.verifier import Verifier
from suites import log_witness

SEED = 20261121
FLIPS = 40
# A full tile and a partial one.
ENTRIES_MIN = 300
CHECKPOINT_SECONDS_MAX = 10


def run(report, bench):
    _vectors(report)
    with Server(bench.binary, bench.data_dir()) as plain:
        ask_often(plain.api, 1)
        asked_at = time.time()
        _chain(report, bench)
        log_witness.run(report, bench)
        with report.check("log: without settings checkpoints are in the data directory in 10 s"):
            written = plain.data_dir / "checkpoints"
            assert written.stat().st_mtime - asked_at < CHECKPOINT_SECONDS_MAX, written.stat()
            newest = tlog.split_notes(written.read_text())[-1]
            size = tlog.parse_checkpoint(tlog.parse_note(newest).text).size
            assert size == len(ledger.audit_entries(plain.data_dir)), size


def _chain(report, bench):
    place = Installation(bench)
    asked = Counter()
    with place.serve() as server:
        known = {}
        with report.check("log: requests of every kind are answered"):
            known = _ask(server.api, asked)
        with report.check("log: a checkpoint appears within 10 s without any action"):
            _appears(place)
        _over_http(report, place, server, asked)
        _proofs(report, bench, place, known)
        with report.check("log: an export that is taken while the server runs is verified"):
            verifier = Verifier(bench)
            verifier.take(place.export(bench.folder / "export-of-the-running"), "export")
            verifier.take(place.outside, "kept")
            command = ("export", "export", "--key", place.key().vkey, "--checkpoint", "kept")
            verifier.run(*command).expect_verified()
        with report.check("log: some last requests"):
            ask_often(server.api, 5)
            asked["model.list ok"] += 5
    _leaves(report, place, known, asked)
    _export(report, bench, place, known)


def _vectors(report):
    """Published numbers: our own code is right before it judges."""
    with report.check("log: control: our own hashes and signatures give the published vectors"):
        # The eight leaves and the root of the tests of Certificate Transparency.
        leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
        leaves = [bytes.fromhex(leaf) for leaf in [*leaves, "606162636465666768696a6b6c6d6e6f"]]
        root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves]).hex()
        assert root == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328", root
        # The example of C2SP signed-note.
        key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        text, signer = "This is an example message.\n", "\u2014 example.com/foo "
        line = (
            "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu7"
            "2IneyaQM=\n"
        )
        tlog.parse_note(f"{text}\n{signer}{line}").verify(tlog.parse_vkey(key))
        try:
            tlog.parse_note(f"{text.upper()}\n{signer}{line}").verify(tlog.parse_vkey(key))
        except tlog.Malformed:
            return
        raise AssertionError("a wrong signature was verified")


def _ask(api, asked):
    """Asks everything once; returns the chats that were answered by their names."""
    known = {}
    for name, answer in (
        ("a chat", api.chat("What is the capital of France?", max_tokens=4)),
        ("a stream", api.stream("Count to five.", max_tokens=4)),
        ("a second chat", api.chat("Hello", max_tokens=2)),
    ):
        assert answer.status == 200, name
        known[name] = ledger.request_id(answer.headers["x-request-id"])
        asked["chat.complete ok"] += 1
    unknown_model = {**api.chat_body("Hello"), "model": "none"}
    for method, path, body, key, action, outcome in (
        ("POST", "/v1/chat/completions", b"{", True, None, "request.invalid_json"),
        ("POST", "/v1/chat/completions", unknown_model, True, None, "model.unknown"),
        ("GET", "/v1/models", None, "glr_nonsense", None, "auth.invalid"),
        ("GET", "/v1/models", None, False, None, "auth.missing"),
        ("GET", "/v1/nothing", None, True, None, "route.unknown"),
        ("GET", f"/v1/models/{MODEL}", None, True, "model.read", "ok"),
    ):
        answer = api.request(method, path, body, key=key)
        assert answer.status == 200 if outcome == "ok" else answer.code == outcome, answer.body
        asked[f"{action} ok" if outcome == "ok" else outcome] += 1
    ask_often(api, ENTRIES_MIN)
    asked["model.list ok"] += ENTRIES_MIN
    return known


def _appears(place):
    started = time.monotonic()
    place.wait_for_checkpoint(len(place.rows()))
    seconds = time.monotonic() - started
    assert seconds < CHECKPOINT_SECONDS_MAX, f"{seconds} s"


def _over_http(report, place, server, asked):
    api = server.api
    leaves, entries = place.leaves(), place.entries()
    checkpoint = None
    with report.check("log: /log/checkpoint is signed, and its root is that of our own tree"):
        answer = api.request("GET", "/log/checkpoint", key=False)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8", answer.headers
        checkpoint = tlog.open_checkpoint(answer.body.decode(), place.key())
        assert checkpoint.size > tlog.TILE_WIDTH, checkpoint
        assert checkpoint.root == merkle.root(leaves[: checkpoint.size]), checkpoint
    with report.check("log: every tile of every checkpoint is served, byte by byte as we make it"):
        wanted = {}
        for each in place.checkpoints():
            wanted.update(tlog.tiles(leaves[: each.size]))
        assert any(".p/" in path for path in wanted) and "tile/0/000" in wanted, wanted.keys()
        for path, data in wanted.items():
            answer = api.request("GET", f"/log/{path}", key=False)
            assert answer.status == 200 and answer.body == data, f"{path}: {answer.status}"
            assert answer.headers["content-type"] == "application/octet-stream", answer.headers
    with report.check("log: entries are served to keys, and that is an entry again"):
        for path, data in tlog.bundles(entries[: checkpoint.size]).items():
            answer = api.request("GET", f"/log/{path}")
            assert answer.status == 200 and answer.body == data, f"{path}: {answer.status}"
            asked["log.read ok"] += 1
    with report.check("log: entries without a key -> 401, and that is an entry too"):
        for key, code in ((False, "auth.missing"), ("glr_nonsense", "auth.invalid")):
            answer = api.request("GET", "/log/tile/entries/000", key=key)
            assert answer.status == 401 and answer.code == code, answer.body
            asked[code] += 1
    with report.check("log: what is no tile of a signed tree is not there"):
        missing = ["0/999", "0/x001/000", "5/000", "0/000.p/0", "0/000.p/256", "0/000.p/257"]
        missing += ["00/000", "0/0", "0/0000", "0/00a", "64/000", "-1/000", "0/000.p/01"]
        missing += [f"0/001.p/{tlog.TILE_WIDTH - 1}", "0/../0/000", "0/x000/000", ""]
        for path in missing:
            answer = api.request("GET", f"/log/tile/{path}", key=False)
            assert answer.status == 404, f"{path}: {answer.status}"
            assert answer.code in ("log.not_found", "route.unknown"), f"{path}: {answer.code}"
            asked[answer.code] += 1


def _proofs(report, bench, place, known):
    verifier, key = Verifier(bench), place.key()
    for name, request in known.items():
        with report.check(f"log: {name}: the proof for its request id is right"):
            proof, path = _prove(place, request.hex)
            row = place.rows()[proof.index]
            assert row["request_id"] == request.bytes, (proof.index, row)
            assert proof.extra == row["canonical"], proof.extra
            proof.verify(row["canonical"], key)
    with report.check("log: `galerne-verify proof` verifies it, and no proof that was changed"):
        verifier.take(path, "proof")
        command = ("proof", "proof", "--key", key.vkey)
        verifier.run(*command).expect_verified()
        true_text = path.read_text()
        for number, line in enumerate(true_text.split("\n\n")[0].split("\n")):
            if number == 0:
                continue
            changed = _other_line(line)
            (verifier.folder / "proof").write_text(true_text.replace(line, changed, 1))
            verdict = verifier.run(*command)
            assert verdict.exit_code == 1, f"{line} changed to {changed}: {verdict}"
    with report.check("log: the salt opens the content hash to whoever has the messages, only"):
        _opens(place, verifier, known["a second chat"].hex, [{"role": "user", "content": "Hello"}])
    with report.check("log: a proof is found by every name of the entry"):
        entry = json.loads(row["canonical"])
        for name in (f"chatcmpl-{request.hex}", str(request), entry["id"], proof.index):
            assert _prove(place, name)[0].index == proof.index, name
        assert place.audit("prove", "f" * 32).returncode == 1


def _opens(place, verifier, name, messages):
    proof, path = _prove(place, name)
    salt = json.loads(place.audit("prove", name, "--json").stdout)["salt"]
    canonical = json.dumps(
        messages, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode()
    inner = hashlib.sha256(canonical).digest()
    content = hashlib.sha256(bytes.fromhex(salt) + inner).hexdigest()
    assert json.loads(proof.extra)["content"] == f"sha256:{content}", proof.extra
    verifier.take(path, "proof")
    command = ("proof", "proof", "--key", place.key().vkey, "--messages", "messages", "--salt")
    (verifier.folder / "messages").write_bytes(canonical)
    verifier.run(*command, salt).expect_verified()
    verifier.run(*command, "00" * 32).expect(1, "content.differs")
    (verifier.folder / "messages").write_bytes(canonical.replace(b"Hello", b"Hallo"))
    verifier.run(*command, salt).expect(1, "content.differs")


def _prove(place, name):
    path = place.bench.folder / "one.tlog-proof"
    path.unlink(missing_ok=True)
    done = place.audit("prove", name, "--out", path)
    assert done.returncode == 0, done
    return tlog.parse_proof(path.read_text()), path


def _other_line(line):
    """The same line of a proof with one character of its value changed."""
    place = len(line) - 1 if line.startswith("index ") else len(line) // 2 + 3
    other = "1" if line[place] != "1" else "2"
    return line[:place] + other + line[place + 1 :]


def _leaves(report, place, known, asked):
    rows = place.rows()
    entries = [json.loads(row["canonical"]) for row in rows]
    with report.check("log: every request that a client saw has exactly one leaf"):
        found = Counter()
        for entry in entries:
            kind = f"{entry['action']} ok" if entry["outcome"] == "ok" else entry["outcome"]
            found[kind] += 1
        wrong = {kind: (found[kind], asked[kind]) for kind in asked if found[kind] != asked[kind]}
        assert not wrong, f"kind: (leaves, requests) {wrong}"
        ids = Counter(row["request_id"] for row in rows if row["request_id"])
        assert all(ids[request.bytes] == 1 for request in known.values()), ids
    with report.check("log: entries are canonical JSON and hold nothing but what is documented"):
        fields = ["action", "actor", "at", "content", "id", "model"]
        fields += ["organisation", "outcome", "policy", "subject", "v"]
        for row, entry in zip(rows, entries):
            text = json.dumps(entry, separators=(",", ":"), sort_keys=True)
            assert row["canonical"] == text.encode(), row["canonical"]
            assert list(entry) == fields and entry["v"] == 3, entry
            assert len(entry["policy"]) == len("sha256:") + 64, entry
    with report.check("log: a checkpoint at shutdown covers every entry"):
        newest = place.checkpoints()[-1]
        assert newest.size == len(rows), f"{newest.size} of {len(rows)}"
    with report.check("log: each checkpoint continues the one before, by our own arithmetic"):
        leaves = place.leaves()
        checkpoints = place.checkpoints()
        for older, newer in zip(checkpoints, checkpoints[1:]):
            assert older.size < newer.size, (older, newer)
            proof = merkle.consistency_proof(older.size, leaves[: newer.size])
            merkle.verify_consistency(older.size, older.root, newer.size, newer.root, proof)
        assert len(checkpoints) >= 2, checkpoints
        progress(f"{len(leaves)} leaves, checkpoints of {[each.size for each in checkpoints]}")


def _export(report, bench, place, known):
    verifier, key = Verifier(bench), place.key()
    folder = bench.folder / "export"
    with report.check("log: `audit checkpoint` hands out the newest checkpoint"):
        done = place.audit("checkpoint")
        outside = tlog.open_checkpoint(done.stdout, key)
        (verifier.folder / "kept").write_text(done.stdout)
        assert outside.size >= len(place.rows()) - 1, outside
    with report.check("log: an export is laid out as C2SP tlog-tiles says, byte by byte"):
        place.export(folder)
        text, entries = tlog.read_export(folder)
        checkpoint = tlog.open_checkpoint(text, key)
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        assert checkpoint.root == merkle.root(leaves), checkpoint
        assert entries == place.entries()[: checkpoint.size]
        for path, data in {**tlog.tiles(leaves), **tlog.bundles(entries)}.items():
            assert (folder / path).read_bytes() == data, path
        assert (folder / "log.vkey").read_text().strip() == key.vkey
    network = "and without a network" if verifier.without_network else "(no namespace here)"
    command = ("export", "export", "--key", key.vkey, "--checkpoint", "kept")
    with report.check(f"log: `galerne-verify` alone in an empty directory {network} verifies it"):
        verifier.take(folder, "export")
        here = sorted(path.name for path in verifier.folder.iterdir())
        assert here == ["export", "galerne-verify", "kept"], here
        verifier.run(*command).expect_verified()
        assert verifier.run_plain(*command).returncode == 0
    _flipped(report, verifier, command, place, known)
    _wrong_usage(report, verifier, key)


def _flipped(report, verifier, command, place, known):
    export = verifier.folder / "export"
    ids = [row["request_id"] for row in place.rows()]
    for name, request in known.items():
        with report.check(f"log: {name}: one byte flipped in its entry: that leaf is named"):
            leaf = ids.index(request.bytes)
            entry = place.entries()[leaf]
            with _one_byte(_file_of(export, "entries", leaf), entry, len(entry) // 2):
                verifier.run(*command).expect(1, "log.edited", leaf)
    with report.check("log: one byte flipped in a tile is named"):
        with _one_byte(export / "tile/0/000", place.leaves()[7], 5):
            verifier.run(*command).expect(1, "log.tiles_altered")
    with report.check("log: one byte flipped in the checkpoint is named"):
        with _one_byte(export / "checkpoint", b"\n", 2):
            verdict = verifier.run(*command)
            assert verdict.exit_code == 1, verdict
            assert set(verdict.codes) & {"checkpoint.signature", "checkpoint.malformed"}, verdict
    with report.check(f"log: {FLIPS} bits flipped anywhere in the export: never verified"):
        generator = random.Random(SEED)
        files = [path for path in export.rglob("*") if path.is_file() and path.name != "log.vkey"]
        for _ in range(FLIPS):
            path = generator.choice(sorted(files))
            with _flip(path, generator.randrange(path.stat().st_size), generator.randrange(8)):
                verdict = verifier.run(*command)
                assert verdict.exit_code == 1 and verdict.codes, f"{path.name}: {verdict}"
        verifier.run(*command).expect_verified()
    with report.check("log: a file that is missing in the export is named"):
        for path in files:
            data = path.read_bytes()
            path.unlink()
            verdict = verifier.run(*command)
            path.write_bytes(data)
            assert verdict.exit_code in (1, 3), f"without {path.name}: {verdict}"


def _file_of(export, level, leaf):
    found = sorted((export / "tile" / level).rglob("*"))
    return [path for path in found if path.is_file()][leaf // tlog.TILE_WIDTH]


def _one_byte(path, near, offset):
    """Flips a bit of the byte that stands `offset` after the start of `near` in the file."""
    return _flip(path, path.read_bytes().index(near) + offset, 0)


class _flip:
    """One bit of a file, the other way round for as long as the block runs."""

    def __init__(self, path, place, bit):
        self.path, self.data = path, path.read_bytes()
        other = bytes([self.data[place] ^ 1 << bit])
        path.write_bytes(self.data[:place] + other + self.data[place + 1 :])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.path.write_bytes(self.data)


def _wrong_usage(report, verifier, key):
    with report.check("log: `galerne-verify`: wrong usage -> 2, no such file -> 3, wrong key -> 1"):
        assert verifier.run("export", "export").exit_code == 2
        assert verifier.run("nonsense").exit_code == 2
        assert verifier.run("export", "nowhere", "--key", key.vkey).exit_code == 3
        stranger = tlog.Key(key.name, key.algorithm, ed25519.public_key(bytes(32))).vkey
        verifier.run("export", "export", "--key", stranger).expect(1, "checkpoint.signature")
