"""Tool calls of upstreams: split as vLLM sends them, whole as every client can read them."""

import json
import re

from harness.upstream import put_together

LONG_ID = "chatcmpl-tool-0123456789abcdef0123456789abcdef"
ARGUMENTS = ['{"ci', 'ty": "Br', 'est"}']
TOOL = {
    "name": "get_weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
QUESTION = "What is the weather in Brest?"


def checks(scene):
    return [
        ("a call in pieces comes out whole, with an id of nine letters", _split(scene)),
        ("two calls in turn come out as two", _two_calls(scene)),
        ("the result of a call goes back under the same id", _result(scene)),
        ("vLLM gets no `strict`", _strict(scene)),
    ]


def _first(index, id, name):
    """The name comes in the first delta alone, with empty arguments."""
    function = {"name": name, "arguments": ""}
    return {"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}


def _more(index, text):
    return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}


def _pieces(index=0, id=LONG_ID, name="get_weather"):
    return [_first(index, id, name), *(_more(index, text) for text in ARGUMENTS)]


def _ask(server, model, **fields):
    tools = [{"type": "function", "function": TOOL}]
    body = {**server.api.chat_body(QUESTION, tools=tools, **fields), "model": model}
    answer = server.api.request("POST", "/v1/chat/completions", body)
    assert answer.status == 200, answer.body
    return answer.json()["choices"][0]


def _stream(server, model):
    tools = [{"type": "function", "function": TOOL}]
    streamed = server.api.stream(QUESTION, model=model, tools=tools)
    assert streamed.finish_reason == "tool_calls", streamed
    deltas = [choice["delta"] for chunk in streamed.chunks for choice in chunk["choices"]]
    return [call for delta in deltas for call in delta.get("tool_calls") or []]


def expect_whole(calls, names):
    """Each call once and whole: no client puts pieces together in the same way."""
    assert [call["function"]["name"] for call in calls] == names, calls
    assert len({call["id"] for call in calls}) == len(calls), calls
    for call in calls:
        assert re.fullmatch("[a-zA-Z0-9]{9}", call["id"]), call
        assert json.loads(call["function"]["arguments"]) == {"city": "Brest"}, call


def _split(scene):
    scene.add("split", lambda exchange: exchange.message(_pieces(), "tool_calls"), kind="vllm")

    def check(server):
        choice = _ask(server, "split")
        assert choice["finish_reason"] == "tool_calls", choice
        expect_whole(choice["message"]["tool_calls"], ["get_weather"])
        expect_whole(_stream(server, "split"), ["get_weather"])

    return check


def _two_calls(scene):
    one, other = _pieces(0, LONG_ID), _pieces(1, LONG_ID[:-1] + "0", "get_time")
    mixed = [delta for pair in zip(one, other) for delta in pair]
    assert len(put_together(mixed)) == 2
    # Some say `stop` although they call.
    scene.add("two-calls", lambda exchange: exchange.message(mixed, "stop"), kind="vllm")

    def check(server):
        names = ["get_weather", "get_time"]
        expect_whole(_ask(server, "two-calls")["message"]["tool_calls"], names)
        expect_whole(_stream(server, "two-calls"), names)

    return check


def _result(scene):
    def behave(exchange):
        if any(message["role"] == "tool" for message in exchange.asked.json()["messages"]):
            return exchange.answer()
        return exchange.message(_pieces(), "tool_calls")

    upstream = scene.add("result", behave, kind="vllm")

    def check(server):
        message = _ask(server, "result")["message"]
        id = message["tool_calls"][0]["id"]
        result = {"role": "tool", "tool_call_id": id, "name": "get_weather", "content": "14"}
        question = {"role": "user", "content": QUESTION}
        body = {**server.api.chat_body([question, message, result]), "model": "result"}
        body["tools"] = [{"type": "function", "function": TOOL}]
        answer = server.api.request("POST", "/v1/chat/completions", body)
        assert answer.status == 200, answer.body
        sent = upstream.asked[-1].json()["messages"]
        called = [message for message in sent if message.get("tool_calls")]
        results = [message for message in sent if message["role"] == "tool"]
        assert called[0]["tool_calls"][0]["id"] == results[0]["tool_call_id"], sent
        assert called[0]["tool_calls"][0]["function"]["name"] == "get_weather", sent
        assert results[0]["content"] == "14", sent

    return check


def _strict(scene):
    upstream = scene.add("strict", kind="vllm")

    def check(server):
        tools = [{"type": "function", "function": {**TOOL, "strict": True}}]
        body = {**server.api.chat_body(QUESTION, tools=tools), "model": "strict"}
        answer = server.api.request("POST", "/v1/chat/completions", body)
        assert answer.status == 200, answer.body
        sent = upstream.asked[-1].json()["tools"][0]["function"]
        assert "strict" not in sent, sent
        assert sent["parameters"] == TOOL["parameters"], sent

    return check
