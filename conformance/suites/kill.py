"""Kill -9 at seeded moments under concurrent streams: what a client has seen is never lost.

A client has seen a request when it has read the head of its answer. After the restart each of
those has its audit entry and exactly one usage row that is no longer running. The log is verified
against every checkpoint that was ever published, after every kill.

The control runs the same check on a build that commits too late, and must fail.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time

from harness import ledger, merkle, paths, tlog
from harness.installation import Installation
from harness.report import progress
from harness.server import Server

SEED = int(os.environ.get("GALERNE_KILL_SEED") or 20261121)
KILLS = 50
STREAMS = 8
CHECKPOINT_SECONDS = 1
FAULT = "fault-late-commit"


class Client(threading.Thread):
    """Asks for one streamed answer after the other until the server is gone."""

    def __init__(self, api, seed, on_first_byte):
        super().__init__(daemon=True)
        self.api, self.random, self.on_first_byte = api, random.Random(seed), on_first_byte
        self.seen = []
        self.unexpected = []

    def run(self):
        try:
            while True:
                self._one_stream()
        except OSError:
            pass

    def _one_stream(self):
        tokens = self.random.randint(1, 40)
        body = json.dumps(
            self.api.chat_body(f"Count to {tokens}.", stream=True, max_tokens=tokens)
        ).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {self.api.host}:{self.api.port}\r\n"
            f"Authorization: Bearer {self.api.key}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((self.api.host, self.api.port), timeout=60) as connection:
            connection.sendall(head.encode() + body)
            self._read_head(connection)
            while connection.recv(4096):
                pass

    def _read_head(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(4096)
            if not part:
                raise ConnectionResetError("closed before the head of the answer")
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        if lines[0].split()[1] == "200":
            self.seen.append(ledger.request_id(headers["x-request-id"]))
            self.on_first_byte()
        else:
            self.unexpected.append(f"{lines[0]} {(body or connection.recv(4096))[:200]}")


class Round:
    """One life of the server: eight clients, killed at a moment that the generator picks.

    A third of the moments are a time, a third the first byte of the n-th answer, at which a late
    commit would be missing, and a third lie around the second checkpoint of this life.
    """

    def __init__(self, server, generator):
        self.server = server
        self.first_bytes = 0
        self.lock = threading.Lock()
        moment = generator.choice(["time", "first byte", "checkpoint"])
        self.kill_at_byte = generator.randint(1, 3 * STREAMS) if moment == "first byte" else None
        any_time, around = (0.0, 0.6), (CHECKPOINT_SECONDS - 0.03, CHECKPOINT_SECONDS + 0.03)
        self.kill_after_seconds = generator.uniform(
            *(around if moment == "checkpoint" else any_time)
        )
        self.clients = [
            Client(server.api, generator.random(), self._on_first_byte) for _ in range(STREAMS)
        ]

    def _on_first_byte(self):
        with self.lock:
            self.first_bytes += 1
            if self.first_bytes == self.kill_at_byte:
                self.server.process.kill()

    def run(self):
        for client in self.clients:
            client.start()
        if self.kill_at_byte is None:
            time.sleep(self.kill_after_seconds)
            self.server.process.kill()
        try:
            self.server.process.wait(timeout=60)
        finally:
            self.server.kill()
            self._expect_answers()
        for client in self.clients:
            client.join(timeout=60)
        self._expect_answers()
        return [request for client in self.clients for request in client.seen]

    def _expect_answers(self):
        unexpected = [line for client in self.clients for line in client.unexpected]
        assert not unexpected, (
            f"answers other than 200: {unexpected[:3]}; the server wrote {self.server.errors[-3:]}"
        )


def lost(data_dir, seen):
    """What is wrong with the books about the requests that clients saw."""
    counts, outcomes = ledger.usage_counts(data_dir)
    audited = ledger.audited_requests(data_dir)
    wrong = []
    for request in seen:
        if audited[request] != 1:
            wrong.append(f"{request} has {audited[request]} audit entries")
        if counts[request] != 1:
            wrong.append(f"{request} has {counts[request]} usage rows")
        elif outcomes[request] == "running":
            wrong.append(f"{request} is still running")
    return wrong


def expect_log_verified(place, published):
    """Verifies the log against the file outside; returns the sizes of its checkpoints.

    `published`: those that were there before. They still are, and only larger ones have come.
    """
    sizes = place.sizes_outside()
    assert sizes[: len(published)] == published, f"{published} was published, now {sizes}"
    assert sizes == sorted(set(sizes)), f"sizes of checkpoints: {sizes}"
    done = place.verify()
    assert done.returncode == 0, done
    return sizes


def rounds(binary, data_dir, kills):
    """Yields after each kill and restart: its number, the requests seen so far, what is wrong."""
    generator = random.Random(SEED)
    seen = []
    server = Server(binary, data_dir)
    try:
        for number in range(1, kills + 1):
            key = server.key
            seen += Round(server, generator).run()
            server = Server(binary, data_dir, key=key)
            yield number, seen, lost(data_dir, seen)
    finally:
        server.kill()


def run(report, bench):
    place = Installation(bench, checkpoint_seconds=CHECKPOINT_SECONDS)
    data_dir = place.data_dir
    name = f"kill: {KILLS} kills under {STREAMS} streams lose nothing (seed {SEED})"
    with report.check(name):
        seen, published = [], []
        for number, seen, wrong in rounds(bench.binary, data_dir, KILLS):
            assert not wrong, f"after kill {number}: {len(wrong)} wrong, first: {wrong[0]}"
            published = expect_log_verified(place, published)
        progress(f"{len(published)} checkpoints up to {published[-1]} entries, each verified")
        progress(f"{len(seen)} answers had begun when the server was killed {KILLS} times")
        assert len(seen) > KILLS, f"only {len(seen)} answers were seen"
    with report.check("kill: every checkpoint ever published fits, by our own arithmetic"):
        leaves = place.leaves()
        for each in tlog.read_checkpoints(place.outside, place.key(), may_be_torn=True):
            assert each.root == merkle.root(leaves[: each.size]), each
    with report.check("kill: every usage row is settled once, the database is whole"):
        counts, outcomes = ledger.usage_counts(data_dir)
        assert set(counts.values()) == {1}, "double usage rows"
        assert set(outcomes.values()) <= {"finished", "cancelled", "interrupted"}, outcomes
        assert "interrupted" in outcomes.values(), "no kill hit a running answer"
        audited = ledger.audited_requests(data_dir)
        assert all(audited[request] == 1 for request in counts), "a row without audit entry"
        assert ledger.integrity(data_dir) == "ok"
    with report.check("kill: control: a build that commits late is caught"):
        _control(fault_binary(bench), bench.data_dir())


def _control(binary, data_dir):
    for number, _, wrong in rounds(binary, data_dir, KILLS):
        if wrong:
            progress(f"caught after {number} kills: {wrong[0]}")
            return
    raise AssertionError(f"{KILLS} kills did not show that the build commits late")


def fault_binary(bench):
    """The binary with the fault switched on: GALERNE_FAULT_BIN, or built here and copied away."""
    given = os.environ.get("GALERNE_FAULT_BIN")
    if given:
        return given
    progress(f"building the binary with the feature {FAULT}")
    copy = bench.folder / "galerne-fault"
    try:
        _build("--features", FAULT)
        shutil.copy2(paths.target() / "galerne", copy)
    finally:
        # Both share a file name: put the real binary back.
        _build()
    return copy


def _build(*options):
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "galerne", *options]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr[-800:]}")
