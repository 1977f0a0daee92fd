"""A witness as C2SP tlog-witness describes it, with Ed25519 cosignatures, on the loopback.

It knows logs by their keys, keeps the newest checkpoint of each in a file, and cosigns only what
continues that one.
"""

import base64
import hashlib
import http.server
import json
import os
import socket
import threading
import time
from pathlib import Path

from . import ed25519, merkle, tlog

PREFIX = "/witness"
PROOF_LINES_MAX = 63
BODY_BYTES_MAX = 1 << 20


class Refused(Exception):
    def __init__(self, status, text="", content_type="text/plain; charset=utf-8"):
        super().__init__(f"{status} {text}")
        self.status, self.text, self.content_type = status, text, content_type


class Witness:
    """Use as a context manager. `stop` and `start` again on the same port and file."""

    def __init__(self, state, name="witness.example/conformance"):
        seed = hashlib.sha256(name.encode()).digest()
        self.key = tlog.Key(name, tlog.COSIGNATURE, ed25519.public_key(seed), seed)
        self.state = Path(state)
        self.logs = {}
        self.answers = []
        self.port = 0
        self._lock = threading.Lock()
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def trust(self, log):
        """From now on takes checkpoints of the log with this key."""
        self.logs[log.name] = log

    def start(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), _Handler)
        self._server.block_on_close = False
        self._server.witness, self._server.connections = self, set()
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        # A client that keeps its connection must not find the witness there either.
        for connection in list(self._server.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def newest(self, origin):
        """The note that was cosigned last, with all its signatures, or None."""
        if not self.state.exists():
            return None
        return json.loads(self.state.read_text()).get(origin)

    def newest_checkpoint(self, origin):
        note = self.newest(origin)
        return tlog.parse_checkpoint(tlog.parse_note(note).text) if note else None

    def add_checkpoint(self, body):
        """The signature lines for an accepted checkpoint; raises `Refused`."""
        old_size, proof, note_text = _parse_addition(body)
        log, note, checkpoint = self._authenticate(note_text)
        if old_size > checkpoint.size:
            raise Refused(400, "the old size is above the checkpoint's")
        with self._lock:
            held = self.newest_checkpoint(log.name)
            if old_size != (held.size if held else 0):
                size = f"{held.size if held else 0}\n"
                raise Refused(409, size, "text/x.tlog.size")
            _expect_continuation(held, checkpoint, proof)
            line = self._cosignature(checkpoint)
            signed = log.signature_line(note.signature_of(log))
            self._keep(log.name, f"{note.text}\n{signed}{line}")
        return line

    def _authenticate(self, note_text):
        try:
            note = tlog.parse_note(note_text)
            checkpoint = tlog.parse_checkpoint(note.text)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        except tlog.Malformed as error:
            raise Refused(400, str(error)) from None
        log = self.logs.get(checkpoint.origin)
        if log is None:
            raise Refused(404, "no such log is known here")
        try:
            note.verify(log)
        except tlog.Malformed as error:
            raise Refused(403, str(error)) from None
        return log, note, checkpoint

    def _cosignature(self, checkpoint):
        now = int(time.time())
        message = f"cosignature/v1\ntime {now}\n{checkpoint.text}".encode()
        signature = ed25519.sign(self.key.seed, message)
        return self.key.signature_line(now.to_bytes(8, "big") + signature)

    def _keep(self, origin, note):
        held = json.loads(self.state.read_text()) if self.state.exists() else {}
        held[origin] = note
        partial = self.state.with_suffix(".partial")
        with partial.open("w") as file:
            json.dump(held, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.state)


def verify_cosignature(note_text, key):
    """Raises unless the note carries the witness' cosignature; returns its time in seconds."""
    note = tlog.parse_note(note_text)
    data = note.signature_of(key)
    seconds = int.from_bytes(data[:8], "big")
    message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
    tlog.expect(ed25519.verify(key.public, message, data[8:]), "the cosignature is wrong")
    return seconds


def _parse_addition(body):
    try:
        head, blank, note_text = body.decode("utf-8").partition("\n\n")
        first, *lines = head.split("\n")
        word, number = first.split(" ")
        proof = [base64.b64decode(line, validate=True) for line in lines]
        well_formed = (
            word == "old"
            and number == str(int(number))
            and int(number) >= 0
            and blank
            and len(proof) <= PROOF_LINES_MAX
            and all(len(each) == 32 for each in proof)
        )
    except ValueError:
        well_formed = False
    if not well_formed:
        raise Refused(400, "not the body of an add-checkpoint request")
    return int(number), proof, note_text


def _expect_continuation(held, checkpoint, proof):
    if checkpoint.size == 0 and checkpoint.root != merkle.root([]):
        raise Refused(422, "the empty tree has another root")
    try:
        old_size, old_root = (held.size, held.root) if held else (0, merkle.root([]))
        merkle.verify_consistency(old_size, old_root, checkpoint.size, checkpoint.root, proof)
    except merkle.Unproven as error:
        raise Refused(422, str(error)) from None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, BODY_BYTES_MAX))
        witness = self.server.witness
        try:
            if self.path != f"{PREFIX}/add-checkpoint":
                raise Refused(404)
            self._answer(200, witness.add_checkpoint(body))
        except Refused as refusal:
            self._answer(refusal.status, refusal.text, refusal.content_type)

    def do_GET(self):
        witness = self.server.witness
        for origin in witness.logs:
            digest = hashlib.sha256(origin.encode()).hexdigest()
            if self.path == f"{PREFIX}/{digest}/checkpoint" and witness.newest(origin):
                return self._answer(200, witness.newest(origin))
        return self._answer(404, "")

    def _answer(self, status, text, content_type="text/plain; charset=utf-8"):
        self.server.witness.answers.append(status)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
