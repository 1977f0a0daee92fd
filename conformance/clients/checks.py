"""Checks inside a client's own environment: each prints one line of JSON."""

import contextlib
import json
import os
import sys
import traceback

URL = os.environ["GALERNE_URL"]
KEY = os.environ["GALERNE_KEY"]
MODEL = os.environ["GALERNE_MODEL"]

# Every answer below is greedy unless its check says otherwise, so it is the same every time.
QUESTION = "What is the capital of France? Answer in one sentence."
UNICODE = "Répète exactement : « déjà vu à Besançon », naïve, Übergröße, 東京, 🦜."
USAGE_EXTRAS = (
    *("energy_joules", "energy_method", "energy_uncertainty_percent"),
    *("co2e_grams", "co2e_method", "co2e_uncertainty_percent"),
    *("grid_factor_grams_per_kwh", "grid_factor_year", "grid_factor_source"),
    *("grid_zone", "site"),
)


@contextlib.contextmanager
def check(name):
    try:
        yield
    except Exception as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if os.path.dirname(frame.filename) == os.path.dirname(os.path.abspath(__file__))
        ]
        place = f" (line {frames[-1].lineno})" if frames else ""
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}{place}"
        _print({"name": name, "status": "failed", "why": why})
    else:
        _print({"name": name, "status": "ok"})


def finish():
    _print({"finished": True})


def _print(record):
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def expect_usage(usage):
    """`usage` as a dictionary: counts that add up, and everything about energy and carbon."""
    assert usage["prompt_tokens"] > 0, usage
    assert usage["completion_tokens"] > 0, usage
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"], usage
    missing = [name for name in USAGE_EXTRAS if usage.get(name) is None]
    assert not missing, f"lost on the way: {missing}"
    assert usage["energy_joules"] > 0, usage
    assert usage["co2e_grams"] > 0, usage
    assert usage["energy_method"] in ("measured", "modelled", "estimated"), usage
    assert usage["site"], usage


def expect_logprobs(content, tokens):
    """`content`: the entries of a choice's logprobs, as dictionaries."""
    assert len(content) == tokens, f"{len(content)} entries for {tokens} tokens"
    for entry in content:
        assert entry["logprob"] <= 0, entry
        assert len(entry["top_logprobs"]) == 3, entry
        values = [candidate["logprob"] for candidate in entry["top_logprobs"]]
        assert values == sorted(values, reverse=True), entry
        # Greedy: what was chosen is the most likely candidate.
        assert abs(entry["logprob"] - values[0]) < 1e-4, entry


def a_stop_string(text):
    """A piece from the middle of `text`, so that it spans tokens and ends the answer early."""
    middle = len(text) // 2
    piece = text[middle : middle + 6]
    assert len(piece) == 6 and piece.strip(), f"the answer is too short: {text!r}"
    return piece, text[: text.index(piece)]
