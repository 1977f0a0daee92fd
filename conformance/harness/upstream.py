"""An upstream on the loopback that behaves as a test wants, down to single bytes and resets.

It speaks HTTP itself: what a well-behaved library would never send is what is tested.
"""

import json
import select
import socket
import struct
import threading
from dataclasses import dataclass

HANG_GUARD_SECONDS = 60
USAGE = {"prompt_tokens": 16, "completion_tokens": 4, "total_tokens": 20}
WORDS = ("The", " capital", " is", " Paris")


@dataclass
class Asked:
    """A request as it came: `raw` is every byte of it."""

    method: str
    path: str
    headers: dict
    body: bytes
    raw: bytes

    def json(self):
        return json.loads(self.body)


class Upstream:
    """Use as a context manager. `behave(exchange)` answers each chat or embedding request, in a
    thread of its own; `alive` says whether it answers when it is asked how it is.
    """

    def __init__(self, behave=None, alive=True):
        self.behave, self.alive = behave or (lambda exchange: exchange.answer()), alive
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._lock, self._asked, self._connections = threading.Lock(), [], 0
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self):
        """How many connections there ever were."""
        with self._lock:
            return self._connections

    @property
    def asked(self):
        """The requests with content so far."""
        with self._lock:
            return list(self._asked)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while (asked := _read(connection)) is not None:
                exchange = Exchange(connection, asked)
                if asked.method == "GET":
                    exchange.json(_models() if self.alive else {}, 200 if self.alive else 500)
                    continue
                with self._lock:
                    self._asked.append(asked)
                if self.behave(exchange) is CLOSE:
                    return
        except OSError:
            # The other side has left; whoever wants to know asks the exchange.
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes the thread that accepts; a close alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


CLOSE = object()


class Exchange:
    """One request and the connection that it came over."""

    def __init__(self, connection, asked):
        self.connection, self.asked = connection, asked

    def send(self, data):
        self.connection.sendall(data)

    def head(self, status, kind, *more):
        lines = [f"HTTP/1.1 {status} Any", f"Content-Type: {kind}", *more, "", ""]
        self.send("\r\n".join(lines).encode())

    def json(self, found, status=200, *more):
        self.whole(json.dumps(found).encode(), status, *more)

    def whole(self, body, status=200, *more):
        self.head(status, "application/json", f"Content-Length: {len(body)}", *more)
        self.send(body)

    def begin_events(self):
        self.head(200, "text/event-stream", "Transfer-Encoding: chunked")

    def event(self, found):
        text = found if isinstance(found, str) else json.dumps(found)
        self.chunk(f"data: {text}\n\n".encode())

    def chunk(self, data):
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end_events(self):
        self.event("[DONE]")
        self.send(b"0\r\n\r\n")

    def answer(self, words=WORDS, usage=USAGE):
        """A good answer, streamed if that was asked for."""
        self.message([{"content": word} for word in words], "stop", usage)

    def message(self, deltas, reason, usage=USAGE):
        """The deltas as they are where a stream was asked for, else put together."""
        if not self.asked.json().get("stream"):
            self.json(_whole(deltas, reason, usage))
            return
        self.begin_events()
        self.event(chunk({"role": "assistant", "content": ""}))
        for delta in deltas:
            self.event(chunk(delta))
        self.event(chunk({}, reason))
        if usage:
            self.event({**_base("chat.completion.chunk"), "choices": [], "usage": usage})
        self.end_events()

    def refuse(self, status, *more):
        told = {"message": "no", "type": "error", "code": status, "object": "error"}
        self.json({**told, "error": told}, status, *more)

    def reset(self):
        """Ends the connection with a reset, not with a close."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        return CLOSE

    def wait_until_left(self):
        """Until the other side closes its end; true if it did."""
        ready, _, _ = select.select([self.connection], [], [], HANG_GUARD_SECONDS)
        try:
            return bool(ready) and self.connection.recv(1) == b""
        except ConnectionResetError:
            return True


def chunk(delta, reason=None):
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    return {**_base("chat.completion.chunk"), "choices": [choice]}


def _base(kind):
    return {"id": "chatcmpl-a", "object": kind, "created": 1763800000, "model": "theirs"}


def _whole(deltas, reason, usage):
    text = "".join(delta.get("content") or "" for delta in deltas)
    message = {"role": "assistant", "content": text or None}
    if calls := put_together(deltas):
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    found = {**_base("chat.completion"), "choices": [choice]}
    return {**found, "usage": usage} if usage else found


def put_together(deltas):
    """The calls that split deltas stand for."""
    calls = {}
    for part in (part for delta in deltas for part in delta.get("tool_calls", [])):
        call = calls.setdefault(part["index"], {"type": "function", "function": {}})
        call["id"] = part.get("id") or call["id"]
        for name, value in part["function"].items():
            call["function"][name] = call["function"].get(name, "") + (value or "")
    return [calls[index] for index in sorted(calls)]


def _models():
    card = {"id": "theirs", "object": "model", "created": 1, "owned_by": "test"}
    return {"object": "list", "data": [card]}


def _read(connection):
    """The next request; None when the connection has ended."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(65536)
        if not part:
            return None
        raw += part
    head, _, rest = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if "chunked" in headers.get("transfer-encoding", ""):
        body, raw = _read_chunks(connection, rest, raw)
    else:
        length = int(headers.get("content-length", 0))
        while len(rest) < length:
            part = connection.recv(65536)
            if not part:
                return None
            rest, raw = rest + part, raw + part
        body = rest
    return Asked(method, path, headers, body, raw)


def _read_chunks(connection, rest, raw):
    while not rest.endswith(b"0\r\n\r\n"):
        part = connection.recv(65536)
        if not part:
            break
        rest, raw = rest + part, raw + part
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :] if count else b""
    return body, raw
