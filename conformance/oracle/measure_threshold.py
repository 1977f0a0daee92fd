"""Measures by how much the oracle disagrees with itself, and records it in threshold.json.

The oracle computes the same log-probabilities in two ways: token by token (decode), and all tokens
of a text in one batch (prefill). The arithmetic differs, so the gap between its two best tokens
differs. The 99th percentile of that change, but never more than 0.2, is the threshold below which
a different arg-max of ours is a near tie and no error.

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
THRESHOLD_MAX = 0.2
CANDIDATES = 50


def positions(peer, answers):
    """For every position: the gap in decode, the same gap in prefill, and prefill's best token."""
    count = len(answers.continuations[0])
    for index, (prompt, continuation) in enumerate(zip(answers.prompts, answers.continuations)):
        for place in range(count):
            row = index * count + place
            first, second = (int(token) for token in answers.ids[row, :2])
            answer = peer.complete(prompt + continuation[:place], 1, CANDIDATES)
            found = answer["completion_probabilities"][0]["top_logprobs"]
            values = {candidate["id"]: candidate["logprob"] for candidate in found}
            in_decode = float(answers.logprobs[row, 0] - answers.logprobs[row, 1])
            # A second-best token with next to no probability may fall out of the list.
            in_prefill = values[first] - values[second] if second in values else None
            yield in_decode, in_prefill, found[0]["id"] == first
        print(f"-- {index + 1} of {len(answers.prompts)} prompts", flush=True)


def main():
    model = Path(sys.argv[1])
    with Peer(model, exact=True) as peer:
        texts = oracle_answers.prompts(peer)
        answers = oracle_answers.ask(peer, texts, oracle_answers.TOKENS_PER_PROMPT, CANDIDATES)
        found = list(positions(peer, answers))
        version, system = peer.version, peer.ready["system"].strip(" |")
    changes = numpy.array([abs(decode - prefill) for decode, prefill, _ in found if prefill])
    ranks = numpy.percentile(changes, (50, 90, 99))
    percentiles = {name: round(float(rank), 5) for name, rank in zip(("p50", "p90", "p99"), ranks)}
    threshold = min(percentiles["p99"], THRESHOLD_MAX)
    contradictions = sum(not same and decode >= threshold for decode, _, same in found)
    record = {
        "threshold": threshold,
        "unit": "difference of log-probabilities (nats)",
        "method": "99th percentile of the absolute change of the gap between the oracle's two best "
        "tokens when the text is prefilled in one batch instead of decoded token by token, over "
        "all positions of prompts.json; never more than 0.2",
        "measured": {**percentiles, "max": round(float(changes.max()), 5)},
        "positions": len(found),
        "oracle_contradicts_itself": contradictions,
        "oracle": f"xllamacpp {version}, KV cache in F32, no flash attention",
        "system": system,
        "model": model.name,
        "threads": 2,
    }
    THRESHOLD.write_text(json.dumps(record, indent=2) + "\n")
    print(THRESHOLD.read_text())


if __name__ == "__main__":
    main()
