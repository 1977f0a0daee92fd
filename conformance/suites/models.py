"""Models that are signed, changed, waived, refused and carried: against the tool `model_signing`."""

import hashlib
import io
import json
import pickle
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

from harness import ledger, lora, paths, venvs
from harness.report import Skip
from harness.server import Server, run as run_command, run_json

HANG_GUARD_SECONDS = 60
HIDDEN = 576
MODEL = "small"
ADAPTER = "small-adapter"


def run(report, bench):
    place = Place(bench)
    _formats(report, place)
    _pickles(report, place)
    _policy(report, place)
    _changed(report, place)
    _bundles(report, place)


class Place:
    """Keys, a model, an adapter, and data directories that hold them."""

    def __init__(self, bench):
        if shutil.which("openssl") is None:
            raise Skip("openssl is not installed")
        self.bench = bench
        self.folder = bench.folder / "signed-models"
        self.folder.mkdir()
        self.model = paths.model_file()
        self.adapter = lora.write(self.folder / "adapter", HIDDEN)
        self.keys = {curve: self._key(curve) for curve in ("P-256", "P-384", "P-521")}
        self.key, self.public = self.keys["P-256"]
        self._count = 0

    def _key(self, curve):
        key, public = self.folder / f"{curve}.key", self.folder / f"{curve}.pub"
        option = f"ec_paramgen_curve:{curve}"
        _checked("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", option, "-out", key)
        _checked("openssl", "pkey", "-in", key, "-pubout", "-out", public)
        return key, public

    def data_dir(self, signatures=None, trusted=False):
        self._count += 1
        made = self.folder / f"data-{self._count}"
        made.mkdir(mode=0o700)
        if signatures:
            self.require(made, signatures)
        if trusted:
            self.trust(made)
        return made

    def require(self, data_dir, signatures="required"):
        (data_dir / "galerne.toml").write_text(f'[models]\nsignatures = "{signatures}"\n')

    def trust(self, data_dir):
        keys = data_dir / "keys" / "models"
        keys.mkdir(parents=True)
        shutil.copy(self.public, keys / "lab.pub")

    def command(self, data_dir, *arguments):
        return run_command(self.bench.binary, *arguments, data_dir=data_dir)

    def json(self, data_dir, *arguments):
        return run_json(self.bench.binary, *arguments, data_dir=data_dir)

    def states(self, data_dir):
        return {one["id"]: one["state"] for one in self.json(data_dir, "model", "list")}


def _checked(*command):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=HANG_GUARD_SECONDS
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def _tool(*arguments):
    """The tool of the OpenSSF."""
    return subprocess.run(
        [str(venvs.python("models")), "-m", "model_signing", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=HANG_GUARD_SECONDS,
    )


def _flip(path, at=-1):
    """One bit of a file, in place."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def _formats(report, place):
    data_dir = place.data_dir()
    folder = place.folder / "tree"
    shutil.copytree(place.adapter, folder)
    (folder / "nested").mkdir()
    (folder / "nested" / "note.txt").write_text("beside it")
    (folder / "nested.txt").write_text("comes after it")
    for curve, (key, public) in place.keys.items():
        with report.check(f"models: what galerne signs with {curve} is verified by model_signing"):
            for target in (folder, place.model):
                ours = place.folder / f"ours-{curve}-{target.name}.sig"
                signed = place.command(
                    data_dir, "model", "sign", target, "--key", key, "--out", ours
                )
                assert signed.returncode == 0, signed
                done = _tool("verify", "key", target, "--public_key", public, "--signature", ours)
                assert done.returncode == 0, done
        with report.check(f"models: what model_signing signs with {curve} is verified by galerne"):
            for target in (folder, place.model):
                theirs = place.folder / f"theirs-{curve}-{target.name}.sig"
                done = _tool("sign", "key", target, "--private_key", key, "--signature", theirs)
                assert done.returncode == 0, done
                named = ("--key", public, "--signature", theirs)
                done = place.command(data_dir, "model", "verify", target, *named)
                assert done.returncode == 0, done
    with report.check("models: both find a changed, a missing and a new file"):
        named = ("--key", place.public, "--signature", place.folder / "theirs-P-256-tree.sig")
        for change in (
            lambda at: _flip(at / "adapter_model.safetensors"),
            lambda at: (at / "nested" / "note.txt").unlink(),
            lambda at: (at / "new.txt").write_text("new"),
        ):
            copy = place.folder / "changed"
            shutil.copytree(folder, copy)
            change(copy)
            done = place.command(data_dir, "model", "verify", copy, *named)
            assert done.returncode == 1 and "not what was signed" in done.stderr, done
            ours = place.folder / "ours-P-256-tree.sig"
            done = _tool("verify", "key", copy, "--public_key", place.public, "--signature", ours)
            assert done.returncode != 0, done
            shutil.rmtree(copy)
    with report.check("models: the signature of an imported model is one for model_signing too"):
        place.json(data_dir, "model", "import", place.model, "--id", MODEL)
        place.json(data_dir, "model", "sign", MODEL, "--key", place.key)
        kept = data_dir / "models" / MODEL
        named = ("--public_key", place.public, "--signature", kept / "model.sig")
        done = _tool("verify", "key", kept / "model.gguf", *named)
        assert done.returncode == 0, done
    with report.check("models: a signature beside a model comes with it, and is verified first"):
        beside = place.folder / "beside"
        shutil.copytree(place.adapter, beside)
        done = _tool(
            *("sign", "key", beside, "--private_key", place.key),
            *("--signature", beside / "model.sig"),
        )
        assert done.returncode == 0, done
        place.trust(data_dir)
        base = ("--id", ADAPTER, "--base", MODEL)
        place.json(data_dir, "model", "import", beside, *base)
        assert place.states(data_dir) == {MODEL: "signed", ADAPTER: "signed"}
        signature = ("--signature", place.folder / f"theirs-P-256-{place.model.name}.sig")
        place.json(data_dir, "model", "import", place.model, "--id", "again", *signature)
        assert place.states(data_dir)["again"] == "signed"
        assert place.command(data_dir, "model", "verify", "again").returncode == 0
        _flip(beside / "adapter_model.safetensors")
        done = place.command(data_dir, "model", "import", beside, *base)
        assert done.returncode == 1 and "were signed" in done.stderr, done


class Harmful:
    def __reduce__(self):
        return (print, ("a pickle ran",))


def _pickles(report, place):
    data_dir = place.data_dir()

    def refused(path):
        done = place.command(data_dir, "model", "import", path, "--id", "harmful")
        assert done.returncode == 1 and "pickle" in done.stderr, (path, done)
        assert "a pickle ran" not in done.stdout + done.stderr
        assert "hint:" in done.stderr, done
        assert place.states(data_dir) == {}

    with report.check("models: pickles are refused, whatever they are called"):
        for protocol in range(6):
            content = pickle.dumps(Harmful(), protocol=protocol)
            for name in ("model.safetensors", "model.gguf", "pytorch_model.bin", "a.pt", "a.ckpt"):
                path = place.folder / f"harmful-{protocol}-{name}"
                path.write_bytes(content)
                refused(path)
    with report.check("models: so are archives with pickles in them"):
        archive = place.folder / "archive.safetensors"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("archive/data.pkl", pickle.dumps(Harmful()))
        refused(archive)
    with report.check("models: so are directories whose weights are one"):
        for name in ("adapter_model.safetensors", "adapter_model.bin"):
            folder = place.folder / f"harmful-{name}"
            shutil.copytree(place.adapter, folder)
            (folder / "adapter_model.safetensors").unlink()
            (folder / name).write_bytes(pickle.dumps(Harmful()))
            refused(folder)


def _alarms(data_dir, action):
    entries = ledger.audit_entries(data_dir)
    return [(entry["outcome"], entry["subject"]) for entry in entries if entry["action"] == action]


def _wait(what, condition):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"no {what}"
        time.sleep(0.05)


def _served(server):
    answer = server.api.request("GET", "/v1/models")
    return sorted(card["id"] for card in answer.json()["data"])


def _policy(report, place):
    data_dir = place.data_dir()
    place.json(data_dir, "model", "import", place.model, "--id", MODEL)
    place.json(data_dir, "model", "import", place.adapter, "--id", ADAPTER, "--base", MODEL)
    digest = hashlib.sha256(place.model.read_bytes()).hexdigest()
    with report.check("models: imports are in the log with their digests"):
        found = _alarms(data_dir, "model.import")
        assert found[0] == ("ok", f"model:{MODEL}@sha256:{digest}"), found
        assert len(found) == 2, found
    with report.check("models: unsigned ones are served unless the settings say otherwise"):
        with Server(place.bench.binary, data_dir) as server:
            key = server.key
            assert _served(server) == [MODEL, ADAPTER], _served(server)
            assert server.api.request("GET", "/health").json()["status"] == "ok"
        assert place.states(data_dir) == {MODEL: "unsigned", ADAPTER: "unsigned"}
    place.require(data_dir)
    place.json(data_dir, "model", "sign", MODEL, "--key", place.key)
    place.trust(data_dir)
    with Server(place.bench.binary, data_dir, key=key) as server:
        with report.check("models: an unsigned adapter is refused where signatures are required"):
            assert _served(server) == [MODEL], _served(server)
            health = server.api.request("GET", "/health")
            assert health.status == 200, health.body
            assert health.json() == {"status": "degraded", "reasons": ["model.refused"]}, health.body
            (outcome, subject), *rest = _alarms(data_dir, "model.refuse")
            assert outcome == "model.unsigned" and subject.startswith(f"model:{ADAPTER}@"), subject
            assert not rest and place.states(data_dir) == {MODEL: "signed", ADAPTER: "refused"}
        with report.check("models: a waiver is in the log, and serves it within seconds"):
            reason = "made here, CANARY-OF-A-WAIVER"
            place.json(data_dir, "model", "waive", ADAPTER, "--reason", reason)
            _wait("served adapter", lambda: _served(server) == [MODEL, ADAPTER])
            assert server.api.request("GET", "/health").json()["status"] == "ok"
            assert place.states(data_dir)[ADAPTER] == "waived"
            (outcome, subject), *_ = _alarms(data_dir, "model.waive")
            assert outcome == "ok" and subject.startswith(f"model:{ADAPTER}@"), subject
            assert "CANARY" not in json.dumps(ledger.audit_entries(data_dir))
        with report.check("models: a waiver that somebody else wrote counts for nothing"):
            path = data_dir / "models" / ADAPTER / "waiver.json"
            forged = {**json.loads(path.read_text()), "reason": "forged"}
            path.write_text(json.dumps(forged))
            _wait("refused adapter", lambda: _served(server) == [MODEL])
        with report.check("models: a key that is taken away takes its models with it"):
            (data_dir / "keys" / "models" / "lab.pub").unlink()
            _wait("refused model", lambda: _served(server) == [])
            codes = lambda: [outcome for outcome, _ in _alarms(data_dir, "model.refuse")]
            _wait("alarm", lambda: "model.untrusted" in codes())
            shutil.copy(place.public, data_dir / "keys" / "models" / "lab.pub")
            _wait("served model", lambda: _served(server) == [MODEL])
        with report.check("models: a removal is in the log"):
            place.json(data_dir, "model", "remove", ADAPTER)
            (outcome, subject), *_ = _alarms(data_dir, "model.remove")
            assert outcome == "ok" and subject.startswith(f"model:{ADAPTER}@"), subject


def _changed(report, place):
    data_dir = place.data_dir(trusted=True)
    place.json(data_dir, "model", "import", place.model, "--id", MODEL)
    place.json(data_dir, "model", "import", place.adapter, "--id", ADAPTER, "--base", MODEL)
    place.json(data_dir, "model", "sign", ADAPTER, "--key", place.key)
    kept = data_dir / "models" / ADAPTER
    key = None
    for name, code in (
        ("model/adapter_model.safetensors", "model.damaged"),
        ("model/adapter_config.json", "model.damaged"),
        ("model.sig", "model.signature_invalid"),
    ):
        with report.check(f"models: one bit of {name}: not loaded, an alarm, the others served"):
            good = (kept / name).read_bytes()
            # The last byte but one of JSON stands inside of it.
            _flip(kept / name, at=-2 if name != "model.sig" else len(good) // 2)
            with Server(place.bench.binary, data_dir, key=key) as server:
                key = server.key
                assert _served(server) == [MODEL], _served(server)
                assert server.api.chat("Hello", max_tokens=2, model=MODEL).status == 200
                assert server.api.request("GET", "/health").json()["reasons"] == ["model.refused"]
                assert any(ADAPTER in line and code in line for line in server.printed)
                outcome, subject = _alarms(data_dir, "model.refuse")[-1]
                assert outcome == code and subject.startswith(f"model:{ADAPTER}@"), subject
            listed = place.json(data_dir, "model", "list")
            assert {one["id"]: one.get("refusal") for one in listed} == {MODEL: None, ADAPTER: code}
            (kept / name).write_bytes(good)
    with report.check("models: a manifest that was made to fit does not help"):
        weights = kept / "model" / "adapter_model.safetensors"
        good = weights.read_bytes()
        _flip(weights)
        names = ("adapter_config.json", "adapter_model.safetensors")
        digests = [hashlib.sha256((kept / "model" / name).read_bytes()) for name in names]
        lines = [f"{one.hexdigest()}  {name}\n" for one, name in zip(digests, names)]
        manifest = json.loads((kept / "manifest.json").read_text())
        manifest["sha256"] = hashlib.sha256("".join(lines).encode()).hexdigest()
        (kept / "manifest.json").write_text(json.dumps(manifest))
        with Server(place.bench.binary, data_dir, key=key) as server:
            assert _served(server) == [MODEL], _served(server)
            assert _alarms(data_dir, "model.refuse")[-1][0] == "model.damaged"
        weights.write_bytes(good)


def _bundles(report, place):
    source = place.data_dir()
    place.json(source, "model", "import", place.model, "--id", MODEL)
    licensed = place.folder / "licensed"
    shutil.copytree(place.adapter, licensed)
    (licensed / "LICENSE").write_text("Do what is right.\n")
    place.json(source, "model", "import", licensed, "--id", ADAPTER, "--base", MODEL)
    bundle = place.folder / "models.tar"
    with report.check("models: a bundle of an adapter holds its model, licences and signatures"):
        place.json(source, "bundle", "export", ADAPTER, "--out", bundle, "--key", place.key)
        with tarfile.open(bundle) as archive:
            names = archive.getnames()
            unpacked = place.folder / "unpacked"
            archive.extractall(unpacked, filter="data")
        for name in (f"models/{MODEL}/model.gguf", f"models/{ADAPTER}/licences/LICENSE"):
            assert name in names, names
        assert names[-1] == "bundle.sig" and f"models/{ADAPTER}/model.sig" in names, names
        _checked("sh", "-c", f"cd {unpacked} && sha256sum --check --quiet SHA256SUMS")
        assert not list(place.folder.glob("*.partial"))
    with report.check("models: imported into an empty data directory, it serves signed models only"):
        target = place.data_dir(signatures="required", trusted=True)
        done = place.json(target, "bundle", "import", bundle)
        assert done["imported"] == [MODEL, ADAPTER], done
        licence = target / "models" / ADAPTER / "licences" / "LICENSE"
        assert licence.read_text() == "Do what is right.\n"
        with Server(place.bench.binary, target) as server:
            assert _served(server) == [MODEL, ADAPTER], _served(server)
            assert server.api.chat("Hello", max_tokens=2, model=ADAPTER).status == 200
        again = place.json(target, "bundle", "import", bundle)
        assert again == {"imported": [], "there_already": [MODEL, ADAPTER]}, again
    with report.check("models: a bundle with one changed bit is refused, and nothing of it is there"):
        good = bundle.read_bytes()
        steps = [0, 600, 3000, len(good) // 2, len(good) - 3000, len(good) - 700]
        for at in steps:
            bad = place.folder / "bad.tar"
            changed = bytearray(good)
            changed[at] ^= 1
            bad.write_bytes(changed)
            empty = place.data_dir(signatures="required", trusted=True)
            done = place.command(empty, "bundle", "import", bad)
            assert done.returncode == 1 and done.stderr.startswith("error: "), (at, done)
            assert place.states(empty) == {}, at
            assert [path for path in (empty / "models").iterdir() if path.name[0] != "."] == []
            shutil.rmtree(empty)
    with report.check("models: a bundle that was cut off is refused"):
        bad.write_bytes(good[: len(good) // 2])
        assert place.command(place.data_dir(), "bundle", "import", bad).returncode == 1
    with report.check("models: bundles of strangers with links, devices and `..` are refused"):
        for make in _hostile_members():
            with tarfile.open(bad, "w", format=tarfile.USTAR_FORMAT) as archive:
                member = make()
                archive.addfile(member, io.BytesIO(b"x" * member.size))
            empty = place.data_dir()
            done = place.command(empty, "bundle", "import", bad)
            assert done.returncode == 1 and "error:" in done.stderr, done
            assert not (place.folder / "escaped").exists() and not Path("/tmp/escaped").exists()
            shutil.rmtree(empty)
    with report.check("models: an import that is killed leaves nothing, and the next one works"):
        _killed(place, bundle)


def _hostile_members():
    def member(name, kind=tarfile.REGTYPE, link="", size=1):
        made = tarfile.TarInfo(name)
        made.type, made.linkname = kind, link
        made.size = size if kind == tarfile.REGTYPE else 0
        return made

    yield lambda: member("../../escaped")
    yield lambda: member("/tmp/escaped")
    yield lambda: member("models/a/../../../escaped")
    yield lambda: member("models/a/model.gguf", tarfile.SYMTYPE, "/etc/passwd")
    yield lambda: member("models/a/model.gguf", tarfile.LNKTYPE, "../../galerne.db")
    yield lambda: member("models/a/model.gguf", tarfile.CHRTYPE)
    yield lambda: member("models/a", tarfile.DIRTYPE)
    yield lambda: member("galerne.toml")
    yield lambda: member("models/a/manifest.json")


def _killed(place, bundle):
    for delay in (0.02, 0.05, 0.1, 0.2):
        target = place.data_dir(trusted=True)
        process = subprocess.Popen(
            [
                *(str(place.bench.binary), "bundle", "import", str(bundle)),
                *("--data-dir", str(target)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        process.kill()
        process.wait(timeout=HANG_GUARD_SECONDS)
        for one in place.states(target):
            assert place.command(target, "model", "verify", one).returncode == 0, one
        place.json(target, "bundle", "import", bundle)
        assert place.states(target) == {MODEL: "signed", ADAPTER: "signed"}
        assert not (target / "models" / ".incoming").exists()
        shutil.rmtree(target)
