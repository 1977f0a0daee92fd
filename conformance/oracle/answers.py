"""What the oracle says: its greedy tokens and its best log-probabilities at every position.

The log-probabilities are those of the whole vocabulary before any sampling step. Answers are kept
in the cache under the hash of everything they depend on.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy

from harness.paths import CONFORMANCE, cache
from harness.peer import Peer
from harness.report import progress

PROMPTS = CONFORMANCE / "oracle" / "prompts.json"
TOKENS_PER_PROMPT = 64
CANDIDATES = 1000


@dataclass
class Answers:
    """Position p of prompt i is row i * TOKENS_PER_PROMPT + p."""

    prompts: list
    continuations: list
    ids: numpy.ndarray
    logprobs: numpy.ndarray
    version: str

    def part(self, prompts):
        """The answers to some of the prompts, by index."""
        count = len(self.continuations[0])
        rows = numpy.concatenate([numpy.arange(i * count, (i + 1) * count) for i in prompts])
        return Answers(
            [self.prompts[i] for i in prompts],
            [self.continuations[i] for i in prompts],
            self.ids[rows],
            self.logprobs[rows],
            self.version,
        )

    def sequences(self):
        """What `teacher_force` reads."""
        pairs = zip(self.prompts, self.continuations)
        return [{"prompt": prompt, "continuation": tokens} for prompt, tokens in pairs]


def prompts(peer):
    """The committed prompts as tokens."""
    return [peer.tokenize(prompt["text"]) for prompt in json.loads(PROMPTS.read_text())]


def load(model, version):
    """From the cache, or from the oracle in its most exact setting."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    wanted = f"{digest} {hashlib.sha256(PROMPTS.read_bytes()).hexdigest()} {version} {CANDIDATES} exact"

    def make():
        progress("asking the oracle (once): 20 prompts, 64 tokens each")
        with Peer(model, exact=True) as peer:
            return ask(peer, prompts(peer), TOKENS_PER_PROMPT, CANDIDATES)

    return kept(wanted, make)


def ask(peer, texts, count, candidates, forbidden=()):
    """Lets the oracle continue each prompt by `count` tokens, one at a time."""
    continuations, ids, logprobs = [], [], []
    for tokens in texts:
        answer = peer.complete(tokens, count, candidates, forbidden)
        continuations.append(answer["tokens"])
        assert len(answer["tokens"]) == count, f"{len(answer['tokens'])} tokens, not {count}"
        positions = answer["completion_probabilities"]
        assert len(positions) == count, f"{len(positions)} positions, not {count}"
        for position in positions:
            best = position["top_logprobs"]
            assert len(best) == candidates, f"{len(best)} candidates, not {candidates}"
            ids.append([candidate["id"] for candidate in best])
            logprobs.append([candidate["logprob"] for candidate in best])
    return Answers(
        texts,
        continuations,
        numpy.array(ids, dtype=numpy.int32),
        numpy.array(logprobs, dtype=numpy.float32),
        peer.version,
    )


def follow(peer, answers, candidates):
    """What `peer` thinks at each position of answers that another model wrote."""
    [word] = peer.tokenize("a")[-1:]
    ids, logprobs = [], []
    for prompt, continuation in zip(answers.prompts, answers.continuations):
        for place in range(len(continuation)):
            best = peer.follow(prompt + continuation[:place], word, candidates)
            ids.append([candidate["id"] for candidate in best])
            logprobs.append([candidate["logprob"] for candidate in best])
    return Answers(
        answers.prompts,
        answers.continuations,
        numpy.array(ids, dtype=numpy.int32),
        numpy.array(logprobs, dtype=numpy.float32),
        peer.version,
    )


def kept(wanted, make):
    """What `make` returns, from the cache if it was made before under the same `wanted`."""
    name = hashlib.sha256(wanted.encode()).hexdigest()[:24]
    file = cache() / "oracle" / f"{name}.npz"
    if not file.exists():
        _store(file, make())
    return _read(file)


def _store(file, answers):
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial.npz")
    numpy.savez(
        partial,
        prompts=numpy.array(json.dumps(answers.prompts)),
        continuations=numpy.array(answers.continuations, dtype=numpy.int32),
        ids=answers.ids,
        logprobs=answers.logprobs,
        version=numpy.array(answers.version),
    )
    partial.rename(file)


def _read(file):
    with numpy.load(file) as found:
        return Answers(
            json.loads(str(found["prompts"])),
            found["continuations"].tolist(),
            found["ids"],
            found["logprobs"],
            str(found["version"]),
        )
