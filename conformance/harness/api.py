"""A plain HTTP client for the server: no SDK, no pooling, nothing hidden."""

import http.client
import json
from dataclasses import dataclass, field

HANG_GUARD_SECONDS = 120


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json().get("code")


@dataclass
class Streamed:
    """A finished event stream."""

    status: int
    headers: dict
    chunks: list = field(default_factory=list)
    comments: int = 0
    done: bool = False

    @property
    def text(self):
        return "".join(
            choice["delta"].get("content") or ""
            for chunk in self.chunks
            for choice in chunk["choices"]
        )

    @property
    def finish_reason(self):
        reasons = [
            choice["finish_reason"]
            for chunk in self.chunks
            for choice in chunk["choices"]
            if choice["finish_reason"] is not None
        ]
        assert len(reasons) == 1, f"{len(reasons)} finish reasons in one stream: {reasons}"
        return reasons[0]

    @property
    def usage(self):
        found = [chunk["usage"] for chunk in self.chunks if chunk.get("usage")]
        assert len(found) == 1, f"{len(found)} chunks with usage in one stream"
        return found[0]


class Api:
    def __init__(self, host, port, key, model):
        self.host, self.port, self.key, self.model = host, port, key, model

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=HANG_GUARD_SECONDS)

    def request(self, method, path, body=None, headers=None, key=True):
        """`body`: bytes as they are, anything else as JSON."""
        connection = self.connect()
        try:
            response = self._send(connection, method, path, body, headers, key)
            return Answer(response.status, _headers(response), response.read())
        finally:
            connection.close()

    def chat_body(self, messages, **fields):
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        return {"model": self.model, "messages": messages, **fields}

    def chat(self, messages, **fields):
        return self.request("POST", "/v1/chat/completions", self.chat_body(messages, **fields))

    def stream(self, messages, **fields):
        body = self.chat_body(messages, stream=True, **fields)
        connection = self.connect()
        try:
            response = self._send(connection, "POST", "/v1/chat/completions", body, None, True)
            if response.status != 200:
                raise AssertionError(f"status {response.status}: {response.read()[:300]}")
            return _read_stream(response)
        finally:
            connection.close()

    def _send(self, connection, method, path, body, headers, key):
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if key:
            sent["Authorization"] = f"Bearer {self.key if key is True else key}"
        sent.update(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, body, sent)
        return connection.getresponse()


def _headers(response):
    return {name.lower(): value for name, value in response.getheaders()}


def _read_stream(response):
    streamed = Streamed(response.status, _headers(response))
    for event in response.read().decode("utf-8").split("\n\n"):
        for line in filter(None, event.split("\n")):
            if line.startswith(":"):
                streamed.comments += 1
            elif line == "data: [DONE]":
                streamed.done = True
            elif line.startswith("data: "):
                assert not streamed.done, f"an event after [DONE]: {line}"
                streamed.chunks.append(json.loads(line[len("data: ") :]))
            else:
                raise AssertionError(f"not a line of an event stream: {line!r}")
    return streamed
