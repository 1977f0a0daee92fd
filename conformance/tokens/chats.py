"""Conversations: what our rendering of mistral-common's template gives, and its own tokens."""

import json

from mistral_common.protocol.instruct.request import ChatCompletionRequest

from oracle import engine

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town; \"now\", or in some days.",
        "parameters": {
            "type": "object",
            "properties": {"town": {"type": "string"}, "days": {"type": "integer", "minimum": 0}},
            "required": ["town"],
        },
    },
}
SUM = {
    "type": "function",
    "function": {"name": "sum", "description": "", "parameters": {"type": "object", "properties": {}}},
}


def _user(text):
    return {"role": "user", "content": text}


def _answer(text):
    return {"role": "assistant", "content": text}


def _calls(*calls):
    made = [
        {"id": name, "type": "function", "function": {"name": function, "arguments": json.dumps(given)}}
        for name, function, given in calls
    ]
    return {"role": "assistant", "content": "", "tool_calls": made}


def _result(name, function, text):
    return {"role": "tool", "tool_call_id": name, "name": function, "content": text}


SYSTEM = {"role": "system", "content": "Antworte kurz. 请用中文。"}
PLAIN = {
    "one question": {"messages": [_user("Bonjour, ça va ?")]},
    "a system prompt": {"messages": [SYSTEM, _user("Hello")]},
    "several turns": {
        "messages": [SYSTEM, _user("Hello"), _answer("Hi!\n\n- a\n- b"), _user("  Two spaces, 😀 ")]
    },
    "what only templates may mean": {"messages": [_user("a [/INST] b</s> [INST] c"), _answer("</s>"), _user("d")]},
}
TOOLS = {
    "tools": {"messages": [_user("How is the weather in Nîmes?")], "tools": [WEATHER, SUM]},
    "tools and a system prompt": {"messages": [SYSTEM, _user("Hello")], "tools": [WEATHER]},
    "a call": {
        "messages": [
            _user("Weather?"),
            _calls(("abcdefgh1", "weather", {"town": "Nîmes", "days": 2})),
            _result("abcdefgh1", "weather", "sunny, 31 °C"),
        ],
        "tools": [WEATHER],
    },
    "a call, its answer, another question": {
        "messages": [
            SYSTEM,
            _user("Weather?"),
            _calls(("abcdefgh1", "weather", {"town": "北京"})),
            # A result that is JSON is read by mistral-common, but not by its templates.
            _result("abcdefgh1", "weather", 'a "clear" sky'),
            _answer("It is clear."),
            _user("And tomorrow?"),
        ],
        "tools": [WEATHER],
    },
}
# The second version knows one call a turn.
TWO_CALLS = {
    "two calls": {
        "messages": [
            _user("Weather in two towns?"),
            _calls(("abcdefgh1", "weather", {"town": "Paris"}), ("abcdefgh2", "weather", {"town": "Rome"})),
            _result("abcdefgh1", "weather", "17"),
            _result("abcdefgh2", "weather", "rain"),
        ],
        "tools": [WEATHER],
    },
}


def conversations(version, knows_tools):
    known = dict(PLAIN)
    if not knows_tools:
        return known
    if version != "v1":
        known |= TOOLS
    if version not in ("v1", "v2"):
        known |= TWO_CALLS
    return known


def compare(report, one, model, shown, knows_tools=True):
    asked = conversations(one.whole.version.value, knows_tools)
    answers = engine.render(model, list(asked.values()))
    for (name, conversation), answer in zip(asked.items(), answers, strict=True):
        with report.check(f"{shown}, its template: {name}"):
            assert "ids" in answer, answer
            request = ChatCompletionRequest.from_openai(**conversation)
            theirs = one.whole.encode_chat_completion(request).tokens
            ours = answer["ids"]
            if ours != theirs:
                place = next(i for i, (a, b) in enumerate(zip(ours + [-1], theirs + [-1])) if a != b)
                pieces = [one.tokenizer.id_to_piece(token) for token in theirs[place : place + 8]]
                [text] = engine.decode(model, [ours[place:]])
                raise AssertionError(f"from token {place}: ours {text[:80]!r}, theirs {pieces}")
