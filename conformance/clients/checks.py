"""Checks inside a client's own environment: each prints one line of JSON."""

import contextlib
import json
import os
import re
import sys
import traceback

URL = os.environ["GALERNE_URL"]
KEY = os.environ["GALERNE_KEY"]
MODEL = os.environ["GALERNE_MODEL"]

# Every answer below is greedy unless its check says otherwise, so it is the same every time.
QUESTION = "What is the capital of France? Answer in one sentence."
# What a small model makes of such words differs between processors, so the form demands them.
UNICODE = "« déjà vu à Besançon », naïve, Übergröße, 東京, 🦜"
UNICODE_FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "words",
        "schema": {
            "type": "object",
            "properties": {"words": {"const": UNICODE}},
            "required": ["words"],
            "additionalProperties": False,
        },
    },
}
USAGE_EXTRAS = (
    *("energy_joules", "energy_method", "energy_uncertainty_percent"),
    *("co2e_grams", "co2e_method", "co2e_uncertainty_percent"),
    *("grid_factor_grams_per_kwh", "grid_factor_year", "grid_factor_source"),
    *("grid_zone", "site"),
)


# A forced call keeps to this, whatever the model makes of the question.
WEATHER = "What is the weather in Brest, in celsius?"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tells the weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"enum": ["Brest", "Lyon", "Paris"]},
                    "days": {"type": "integer", "minimum": 1, "maximum": 9},
                },
                "required": ["city", "days"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "get_time",
            "description": "Tells the time of a city.",
            "parameters": {"type": "object", "properties": {}},
        },
    },
]
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def expect_calls(calls, names=("get_weather", "get_time")):
    """`calls`: dictionaries. Whole, of declared tools, with arguments of their schemas."""
    assert calls, "no call"
    assert len({call["id"] for call in calls}) == len(calls), calls
    for index, call in enumerate(calls):
        assert re.fullmatch("[a-zA-Z0-9]{9}", call["id"]), call
        assert call["type"] == "function" and call["index"] == index, call
        function = call["function"]
        assert function["name"] in names, call
        arguments = json.loads(function["arguments"])
        if function["name"] == "get_time":
            assert arguments == {}, call
        else:
            assert set(arguments) == {"city", "days"}, call
            assert arguments["city"] in ("Brest", "Lyon", "Paris"), call
            assert type(arguments["days"]) is int and 1 <= arguments["days"] <= 9, call


def result_of(call):
    """The message with the result of a call, which is a dictionary."""
    content = json.dumps({"city": "Brest", "degrees": 14})
    name = call["function"]["name"]
    return {"role": "tool", "tool_call_id": call["id"], "name": name, "content": content}


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
