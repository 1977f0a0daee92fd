"""A data directory whose checkpoints are kept outside of it, and what can be asked of its log."""

import json
import shutil
import sqlite3
import time

from . import merkle, tlog
from .server import Server, run as run_command

HANG_GUARD_SECONDS = 30


class Installation:
    """`outside` is the file that the server publishes its checkpoints to."""

    def __init__(self, bench, data_dir=None, outside=None, **settings):
        self.bench = bench
        self.data_dir = data_dir or bench.data_dir()
        self.outside = outside or bench.folder / f"outside-{self.data_dir.name}" / "checkpoints"
        self.outside.parent.mkdir(exist_ok=True)
        self.api_key = None
        self.settings = {"checkpoint_seconds": 1, "witness": str(self.outside), **settings}
        self.configure()

    def configure(self, **settings):
        """Writes the settings file, with these settings of the log beside those before."""
        self.settings.update(settings)
        # Strings and integers look the same in JSON and in TOML.
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.settings.items()]
        text = "\n".join(["[log]", *lines, ""])
        (self.data_dir / "galerne.toml").write_text(text)

    def copy(self):
        """The stopped installation once more, checkpoints outside included."""
        settings = {name: self.settings[name] for name in self.settings if name != "witness"}
        twin = Installation(self.bench, **settings)
        twin.api_key = self.api_key
        copy_data(self.data_dir, twin.data_dir)
        shutil.copy2(self.outside, twin.outside)
        return twin

    def serve(self, **options):
        """Starts a server; the key that the first start printed is known to the later ones."""
        server = Server(self.bench.binary, self.data_dir, key=self.api_key, **options)
        self.api_key = server.key
        return server

    def expect_not_served(self, code):
        """The server ends before it is ready, or it is red and answers nothing; both name why."""
        try:
            server = self.serve()
        except AssertionError as error:
            assert "before `ready`" in str(error) and code in str(error), error
            return
        with server:
            expect_closed(server.api, code)

    def audit(self, *arguments):
        """Runs `galerne audit …` to its end."""
        return run_command(self.bench.binary, "audit", *arguments, data_dir=self.data_dir)

    def verify(self, *arguments):
        """`galerne audit verify` against the checkpoints outside."""
        return self.audit("verify", "--checkpoint", self.outside, *arguments)

    def export(self, folder):
        done = self.audit("export", folder)
        assert done.returncode == 0, f"export ended with {done.returncode}: {done.stderr}"
        return folder

    def key(self):
        """The log's verifier key, as the operator hands it to an auditor."""
        done = self.audit("key")
        assert done.returncode == 0, f"audit key ended with {done.returncode}: {done.stderr}"
        return tlog.parse_vkey(done.stdout)

    def secret_key(self):
        return tlog.parse_secret_key((self.data_dir / "log.key").read_text())

    def open(self):
        connection = sqlite3.connect(
            self.data_dir / "galerne.db", timeout=30, isolation_level=None
        )
        connection.row_factory = sqlite3.Row
        return connection

    def rows(self):
        """The audit rows in order, as dictionaries."""
        connection = self.open()
        try:
            found = connection.execute("SELECT * FROM audit ORDER BY sequence")
            return [dict(row) for row in found]
        finally:
            connection.close()

    def entries(self):
        return [row["canonical"] for row in self.rows()]

    def leaves(self):
        return [merkle.leaf_hash(entry) for entry in self.entries()]

    def checkpoints(self):
        """The checkpoints kept outside, their signatures verified."""
        return tlog.read_checkpoints(self.outside, self.key())

    def sizes_outside(self):
        """The sizes of the checkpoints outside as they stand there, while somebody may write."""
        text = self.outside.read_text() if self.outside.exists() else ""
        notes = tlog.split_notes(text, may_be_torn=True)
        return [tlog.parse_checkpoint(tlog.parse_note(note).text).size for note in notes]

    def wait_for_checkpoint(self, size):
        """Waits until a checkpoint of at least this size is outside."""
        wait_for(
            f"a checkpoint of {size} entries outside",
            lambda: any(found >= size for found in self.sizes_outside()),
        )


def expect_closed(api, code):
    """Health turns red for this reason, and data routes are refused."""
    wait_for(f"health red with {code}", lambda: code in reasons(api))
    for answer in (api.request("GET", "/v1/models"), api.chat("Hello", max_tokens=1)):
        assert answer.status == 503 and answer.code == "audit.unavailable", answer.body
    assert api.request("GET", "/ready", key=False).status == 503


def reasons(api):
    """What `/health` says is wrong; nothing when it is green."""
    answer = api.request("GET", "/health", key=False)
    assert answer.status in (200, 503), answer.body
    found = answer.json()["reasons"]
    assert (answer.status == 503) == bool(found), answer.body
    return found


def wait_for(what, holds):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {HANG_GUARD_SECONDS} s: {what}"
        time.sleep(0.02)


def copy_data(source, target):
    """Everything but the models and the settings; nothing else stays in the target."""
    for path in target.iterdir():
        if path.is_file() and path.name != "galerne.toml":
            path.unlink()
    for path in source.iterdir():
        if path.is_file() and path.name != "galerne.toml":
            shutil.copy2(path, target / path.name)


def ask_often(api, count):
    """`count` cheap requests over one connection: one entry each."""
    connection = api.connect()
    for _ in range(count):
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {api.key}"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, f"{response.status} {body[:200]}"
    connection.close()
