"""The wrapping key in a PKCS#11 token: SoftHSM in the place of a device."""

import json
import os
import signal
import time
from pathlib import Path

from harness import server as binary
from harness.server import HANG_GUARD_SECONDS, Server
from harness.softhsm import Token
from harness.turns import Conversations
from suites.http import expect_refusal

PIN = "314159"
FILE = '[encryption]\nkey_file = "{file}"\ncheck_seconds = 1\n'
TOKEN = """[encryption]
check_seconds = 1

[encryption.pkcs11]
module = "{module}"
token = "galerne test"
pin_file = "{pin}"
"""


class Place:
    """A data directory, a file of a key, a token, and the settings that name either."""

    def __init__(self, bench):
        self.bench = bench
        self.data_dir = bench.data_dir()
        folder = bench.folder / "pkcs11"
        folder.mkdir(mode=0o700)
        self.file = folder / "wrapping.key"
        self.pin = folder / "pin"
        self.write_pin(PIN)
        self.token = Token(folder, "galerne test", PIN)

    def write_pin(self, pin):
        beside = self.pin.with_suffix(".new")
        beside.write_text(f"{pin}\n")
        beside.chmod(0o600)
        os.rename(beside, self.pin)

    def use(self, settings, **changed):
        values = {"file": self.file, "module": self.token.module, "pin": self.pin, **changed}
        (self.data_dir / "galerne.toml").write_text(settings.format(**values))

    def run(self, *words):
        return binary.run(
            self.bench.binary, *words, data_dir=self.data_dir, env=self.token.environment
        )

    def command(self, *words):
        done = self.run("encryption", *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def server(self, key=None):
        return Server(self.bench.binary, self.data_dir, key=key, env=self.token.environment)

    def refused(self):
        done = self.run("serve", "--listen", "127.0.0.1:0")
        assert done.returncode != 0 and "hint: " in done.stderr, done
        return done.stderr


def run(report, bench):
    place = Place(bench)
    place.use(FILE)
    with place.server() as server:
        key = server.key
        Conversations(server.api).ask("heron lagoon", completion_args={"max_tokens": 2})
    place.use(TOKEN)
    with report.check("pkcs11: without its keys in the token the server does not start, and says why"):
        stderr = place.refused()
        assert "galerne encryption move" in stderr, stderr
    with report.check("pkcs11: the keys are taken from the file to the token"):
        moved = place.command("move", "--from-file", str(place.file))
        shown = place.command("show")
        assert {row["wrapping_key"] for row in shown["data_keys"]} == {moved["wrapping_key"]}
        assert shown["token"]["token"] == "galerne test" and shown["file"] is None, shown
        assert PIN not in json.dumps(shown), shown
    server = place.server(key)
    client = Conversations(server.api)
    with report.check("pkcs11: a confined server reads what was written before"):
        assert len(client.get("?search=heron")) == 1
    _taken_away(report, place, client)
    with report.check("pkcs11: the wrapping key is rotated beside the server"):
        rotated = place.command("rotate-wrapping-key")
        assert rotated["wrapping_key"] != moved["wrapping_key"]
        _wait(lambda: client.api.request("GET", "/v1/conversations").status == 200)
        assert len(client.get("?search=heron")) == 1
        assert place.command("show")["wrapping_key"] == rotated["wrapping_key"]
    with report.check("pkcs11: without the process that asks the token, the texts are locked"):
        os.kill(_keeper(server.process.pid), signal.SIGKILL)
        _wait(lambda: client.api.request("GET", "/v1/conversations").status == 503)
        expect_refusal(client.api.request("GET", "/v1/conversations"), 503, "encryption.locked")
    server.stop()
    _wrong(report, place)
    with report.check("pkcs11: the keys are taken back to a file"):
        place.use(TOKEN)
        back = place.bench.folder / "pkcs11" / "back.key"
        place.command("move", "--to-file", str(back))
        place.use(FILE)
        assert "wrapping key" in place.refused(), "the file of before opens nothing any more"
        place.use(FILE, file=back)
        with place.server(key) as server:
            assert len(Conversations(server.api).get("?search=heron")) == 1


def _taken_away(report, place, client):
    away = place.token.folder.with_name("away")

    def status():
        return client.api.request("GET", "/v1/conversations").status

    with report.check("pkcs11: once the token is taken away, conversations are locked"):
        os.rename(place.token.folder, away)
        _wait(lambda: status() == 503)
        expect_refusal(client.api.request("GET", "/v1/conversations"), 503, "encryption.locked")
        os.rename(away, place.token.folder)
        _wait(lambda: status() == 200)
    with report.check("pkcs11: a wrong PIN locks them, and the right one opens them again"):
        place.write_pin("271828")
        _wait(lambda: status() == 503)
        place.write_pin(PIN)
        _wait(lambda: status() == 200)
        assert len(client.get("?search=heron")) == 1


def _wrong(report, place):
    cases = {
        "a library that is none": ({"module": "/bin/true"}, "could not be loaded"),
        "a library that is not there": ({"module": "/nowhere.so"}, "could not be loaded"),
        "a PIN file that is not there": ({"pin": "/nowhere"}, "PIN could not be read"),
    }
    for name, (changed, expected) in cases.items():
        with report.check(f"pkcs11: {name} is named"):
            place.use(TOKEN, **changed)
            stderr = place.refused()
            assert expected in stderr, stderr
    with report.check("pkcs11: a PIN that others may read is refused"):
        place.use(TOKEN)
        place.pin.chmod(0o644)
        assert "mode 644" in place.refused()
        place.pin.chmod(0o600)
    with report.check("pkcs11: a token that nobody knows is named"):
        place.use(TOKEN.replace("galerne test", "another"))
        assert "no token is named `another`" in place.refused()
    with report.check("pkcs11: a file and a token at once are refused"):
        (place.data_dir / "galerne.toml").write_text(
            TOKEN.format(module=place.token.module, pin=place.pin).replace(
                "check_seconds = 1", f'check_seconds = 1\nkey_file = "{place.file}"'
            )
        )
        assert "key_file" in place.refused()


def _keeper(parent):
    """The process that this one has started to ask the token."""
    keepers = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold anything: the state, then the parent.
            fields = stat.read_text().rpartition(") ")[2].split()
            is_keeper = b"token-keeper" in (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and is_keeper:
            keepers.append(int(stat.parent.name))
    assert len(keepers) == 1, keepers
    return keepers[0]


def _wait(holds):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {HANG_GUARD_SECONDS} s"
        time.sleep(0.1)
