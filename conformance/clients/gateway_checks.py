"""What the upstreams of the suite `gateway` say, for the clients in front of it."""

import json
import re

TEXT = "The capital is Paris"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tells the weather of a city.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]


def expect_call(calls):
    """`calls`: dictionaries. One, whole, under an id that Mistral's clients take."""
    assert len(calls) == 1, calls
    assert re.fullmatch("[a-zA-Z0-9]{9}", calls[0]["id"]), calls
    assert calls[0]["function"]["name"] == "get_weather", calls
    assert json.loads(calls[0]["function"]["arguments"]) == {"city": "Brest"}, calls
