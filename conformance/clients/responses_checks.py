"""What clients of Responses share."""

import json

from checks import TOOLS, USAGE_EXTRAS

SCHEMA = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Lyon"]}, "sure": {"type": "boolean"}},
    "required": ["city", "sure"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True}
FLAT_TOOLS = [{"type": "function", **tool["function"]} for tool in TOOLS]
NAMED = {"type": "function", "name": "get_weather"}


def expect_usage(usage):
    """`usage` as a dictionary: counts that add up, and everything about energy and carbon."""
    assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0, usage
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"], usage
    assert usage["input_tokens_details"]["cached_tokens"] >= 0, usage
    missing = [name for name in USAGE_EXTRAS if usage.get(name) is None]
    assert not missing, f"lost on the way: {missing}"


def expect_formed(text):
    written = json.loads(text)
    assert set(written) == {"city", "sure"} and written["city"] in ("Paris", "Lyon"), text
    assert type(written["sure"]) is bool, text


def expect_call(call):
    """A call of `get_weather`, as a dictionary."""
    assert call["type"] == "function_call" and call["name"] == "get_weather", call
    assert len(call["call_id"]) == 9 and call["call_id"].isalnum(), call
    arguments = json.loads(call["arguments"])
    assert arguments["city"] in ("Brest", "Lyon", "Paris"), call
    assert 1 <= arguments["days"] <= 9, call
