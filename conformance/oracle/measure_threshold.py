"""Measures by how much the oracle disagrees with itself, and records it in threshold.json.

The oracle computes the same log-probabilities in two ways: token by token (decode), and all tokens
of a text in one batch (prefill). The arithmetic differs, so the gap between its two best tokens
differs. The 99th percentile of that change is the threshold below which a different arg-max of
ours is a near tie and no error.

    python measure_threshold.py MODEL.gguf        (in the `oracle` environment)
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy  # noqa: E402

from harness.peer import Peer  # noqa: E402
from oracle import answers as oracle_answers  # noqa: E402

THRESHOLD = Path(__file__).with_name("threshold.json")
CANDIDATES = 50


def gap_in_prefill(peer, tokens, first, second):
    """The gap of the same two tokens after one batch over all of `tokens`."""
    found = peer.complete(tokens, 1, CANDIDATES)["completion_probabilities"][0]["top_logprobs"]
    values = {candidate["id"]: candidate["logprob"] for candidate in found}
    if first not in values or second not in values:
        return None
    return values[first] - values[second]


def changes(peer, answers):
    count = len(answers.continuations[0])
    found = []
    for index, (prompt, continuation) in enumerate(zip(answers.prompts, answers.continuations)):
        for place in range(count):
            row = index * count + place
            first, second = (int(token) for token in answers.ids[row, :2])
            in_decode = float(answers.logprobs[row, 0] - answers.logprobs[row, 1])
            in_prefill = gap_in_prefill(peer, prompt + continuation[:place], first, second)
            assert in_prefill is not None, f"a best token fell out of the best {CANDIDATES}"
            found.append(abs(in_prefill - in_decode))
        print(f"-- {index + 1} of {len(answers.prompts)} prompts", flush=True)
    return numpy.array(found)


def main():
    model = Path(sys.argv[1])
    with Peer(model) as peer:
        answers = oracle_answers.ask(
            peer,
            [peer.tokenize(p["text"]) for p in json.loads(oracle_answers.PROMPTS.read_text())],
            oracle_answers.TOKENS_PER_PROMPT,
            CANDIDATES,
        )
        found = changes(peer, answers)
        percentiles = {f"p{rank}": round(float(numpy.percentile(found, rank)), 5) for rank in (50, 90, 99)}
        record = {
            "threshold": percentiles["p99"],
            "unit": "difference of log-probabilities (nats)",
            "method": "99th percentile, over all positions of prompts.json, of the absolute change "
            "of the gap between the oracle's two best tokens when the text is prefilled in one "
            "batch instead of decoded token by token",
            "positions": len(found),
            "percentiles": {**percentiles, "max": round(float(found.max()), 5)},
            "oracle": f"xllamacpp {peer.version}",
            "system": peer.ready["system"].strip(" |"),
            "model": model.name,
            "threads": 2,
        }
    THRESHOLD.write_text(json.dumps(record, indent=2) + "\n")
    print(THRESHOLD.read_text())


if __name__ == "__main__":
    main()
