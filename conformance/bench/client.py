"""One client for both servers: plain sockets in one thread, nothing parsed while it measures."""

import json
import re
import selectors
import socket
import time
from dataclasses import dataclass

HANG_GUARD_SECONDS = 600
# The first event with text in it; the event before it may carry the role and empty text.
FIRST_TEXT = re.compile(rb'"content":"[^"]')


@dataclass
class Sample:
    """Times in seconds since the request was sent."""

    first_text: float
    end: float
    prompt_tokens: int
    completion_tokens: int
    text: str


class Target:
    """A server: how it is asked, how its last event looks, where the text of an event is."""

    def __init__(self, name, pid, host, port):
        self.name, self.pid, self.host, self.port = name, pid, host, port

    def request(self, prompt, tokens):
        path, body, headers = self.question(prompt, tokens)
        data = json.dumps(body).encode()
        lines = [f"POST {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += ["Content-Type: application/json", "Connection: close", *headers]
        return "\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data


    def text(self, received):
        """The whole answer, read when nothing is measured any more."""
        head, _, body = received.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            body = _without_chunks(body)
        lines = (line for line in body.split(b"\n") if line.startswith(b"data: {"))
        return "".join(self.text_of(json.loads(line[len(b"data: ") :])) for line in lines)


def _without_chunks(body):
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        parts.append(rest[:count])
        body = rest[count + 2 :] if count else b""
    return b"".join(parts)


class Ours(Target):
    end = re.compile(rb'"finish_reason":"')
    usage = re.compile(rb'"prompt_tokens":(\d+),"completion_tokens":(\d+)')

    def __init__(self, server, name="galerne"):
        super().__init__(name, server.pid, server.host, server.port)
        self.key, self.model = server.key, server.api.model

    def question(self, prompt, tokens):
        body = {
            **{"model": self.model, "messages": prompt.messages, "stream": True},
            **{"temperature": 0, "max_tokens": tokens, "min_tokens": tokens},
        }
        return "/v1/chat/completions", body, [f"Authorization: Bearer {self.key}"]

    def counts(self, received):
        found = self.usage.search(received)
        return int(found.group(1)), int(found.group(2))

    def text_of(self, event):
        return "".join(each["delta"].get("content") or "" for each in event["choices"])


class Theirs(Target):
    end = re.compile(rb'"stop":true')
    evaluated = re.compile(rb'"tokens_evaluated":(\d+)')
    predicted = re.compile(rb'"tokens_predicted":(\d+)')

    def __init__(self, peer, name="xllamacpp"):
        super().__init__(name, peer.pid, peer.host, peer.port)

    def question(self, prompt, tokens):
        body = {
            **{"prompt": prompt.ids, "n_predict": tokens, "stream": True, "temperature": 0},
            **{"samplers": ["top_k"], "top_k": 1, "ignore_eos": True},
            "cache_prompt": prompt.is_known,
        }
        return "/completion", body, []

    def counts(self, received):
        # Earlier events carry counters too.
        event = received[received.rindex(b"data: ", 0, self.end.search(received).start()) :]
        evaluated, predicted = self.evaluated.search(event), self.predicted.search(event)
        return int(evaluated.group(1)), int(predicted.group(1))

    def text_of(self, event):
        return event["content"]


class _Stream:
    def __init__(self, target, prompt, tokens):
        self.target, self.tokens, self.prompt = target, tokens, prompt
        self.received = bytearray()
        self.first_text = self.end = None
        request = target.request(prompt, tokens)
        self.socket = socket.create_connection((target.host, target.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.started = time.perf_counter()
        self.socket.sendall(request)
        self.socket.setblocking(False)

    def read(self):
        """Takes what has arrived; true at the end of the answer."""
        part = self.socket.recv(1 << 16)
        now = time.perf_counter() - self.started
        seen = len(self.received)
        self.received += part
        if self.first_text is None and FIRST_TEXT.search(self.received):
            self.first_text = now
        # An event may be cut in two: look a little back.
        if self.end is None and self.target.end.search(self.received, max(0, seen - 32)):
            self.end = now
        if not part:
            self.socket.close()
        return not part

    def sample(self):
        if self.first_text is None or self.end is None:
            raise AssertionError(f"{self.target.name}: no whole answer: {bytes(self.received[:400])}")
        received = bytes(self.received)
        prompt, completion = self.target.counts(received)
        if completion != self.tokens or prompt != len(self.prompt.ids):
            raise AssertionError(
                f"{self.target.name}: {prompt} + {completion} tokens, not "
                f"{len(self.prompt.ids)} + {self.tokens}"
            )
        text = self.target.text(received)
        return Sample(self.first_text, self.end, prompt, completion, text)


def ask(target, prompts, tokens):
    """Sends all prompts at the same time; returns one sample each."""
    started = time.perf_counter()
    streams = [_Stream(target, prompt, tokens) for prompt in prompts]
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.socket, selectors.EVENT_READ, stream)
        while selector.get_map():
            ready = selector.select(timeout=HANG_GUARD_SECONDS)
            if not ready:
                raise AssertionError(f"{target.name}: nothing came for {HANG_GUARD_SECONDS} s")
            for key, _ in ready:
                descriptor = key.fileobj
                if key.data.read():
                    selector.unregister(descriptor)
    wall = max(stream.started - started + (stream.end or 0) for stream in streams)
    return [stream.sample() for stream in streams], wall
