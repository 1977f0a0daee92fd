"""The llama.cpp server of the `xllamacpp` wheel: numerical oracle and speed baseline."""

import http.client
import json
import subprocess
import urllib.parse

from . import venvs
from .paths import CONFORMANCE

HANG_GUARD_SECONDS = 300


class Peer:
    """A running server; use as a context manager."""

    def __init__(
        self, model, threads=2, context=4096, parallel=1, exact=False, lookup=None, adapter=None
    ):
        command = [
            *(venvs.python("oracle"), CONFORMANCE / "oracle" / "peer_server.py"),
            *("--model", model, "--threads", threads),
            *("--context", context, "--parallel", parallel),
            *(["--exact"] if exact else []),
            *(["--lookup", lookup] if lookup else []),
            *(["--adapter", adapter] if adapter else []),
        ]
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the peer server ended with {self.process.wait()}")
        self.ready = json.loads(line)
        address = urllib.parse.urlsplit(self.ready["address"])
        self.host, self.port = address.hostname, address.port

    @property
    def pid(self):
        return self.process.pid

    @property
    def version(self):
        return self.ready["version"]

    def post(self, path, body):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=HANG_GUARD_SECONDS)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
            if response.status != 200:
                raise AssertionError(f"{path}: {response.status} {answer[:300]}")
            return json.loads(answer)
        finally:
            connection.close()

    def tokenize(self, text):
        """Special tokens in the text are tokens; none are added."""
        body = {"content": text, "add_special": False, "parse_special": True}
        return self.post("/tokenize", body)["tokens"]

    def complete(self, tokens, count, candidates=0, forbidden=()):
        """Greedy, from raw token ids, never ending early, without a prefix cache.

        `forbidden` tokens are not chosen; the log-probabilities are those before that choice.
        """
        return self.post(
            "/completion",
            {
                **{"prompt": tokens, "n_predict": count, "n_probs": candidates},
                **{"temperature": 0, "ignore_eos": True, "cache_prompt": False},
                **{"samplers": ["top_k"], "top_k": 1, "return_tokens": True},
                "logit_bias": [[token, False] for token in forbidden],
            },
        )

    def follow(self, tokens, word, candidates):
        """The best log-probabilities after `tokens`, which are computed as an answer is written:
        only what the request before this one did not have.

        `word` is a token that is text by itself: it is chosen, since nothing is reported of others.
        """
        answer = self.post(
            "/completion",
            {
                **{"prompt": tokens, "n_predict": 1, "n_probs": candidates, "cache_prompt": True},
                **{"temperature": 0, "ignore_eos": True, "samplers": ["top_k"], "top_k": 1},
                "logit_bias": [[word, 1000.0]],
            },
        )
        return answer["completion_probabilities"][0]["top_logprobs"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=HANG_GUARD_SECONDS)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
