"""The official Mistral SDK, over Responses, against a running server.

Its version 3.7.0 reads `text` and does not send it, so no form of an answer is asked for here.
"""

from checks import KEY, MODEL, QUESTION, URL, WEATHER, check, finish
from mistralai.client import Mistral
from responses_checks import FLAT_TOOLS, NAMED, expect_call, expect_usage

client = Mistral(api_key=KEY, server_url=URL)


def ask(question, **fields):
    fields = {"temperature": 0, "max_output_tokens": 24, **fields}
    return client.responses.create(model=MODEL, input=question, **fields)


def text_of(answer):
    parts = [part for item in answer.output if item.type == "message" for part in item.content]
    return "".join(part.text for part in parts)


with check("an answer"):
    answer = ask(QUESTION)
    assert answer.status in ("completed", "incomplete") and answer.model == MODEL, answer
    assert text_of(answer), answer
    expect_usage(answer.usage.model_dump())

with check("a streamed answer says the same"):
    with ask(QUESTION, stream=True) as stream:
        events = list(stream)
    deltas = [e.data.delta for e in events if e.event == "response.output_text.delta"]
    assert "".join(deltas) == text_of(ask(QUESTION)), deltas
    assert text_of(events[-1].data.response) == "".join(deltas), events[-1]

with check("a forced call"):
    answer = ask(WEATHER, tools=FLAT_TOOLS, tool_choice=NAMED, max_output_tokens=200)
    calls = [item for item in answer.output if item.type == "function_call"]
    expect_call(calls[0].model_dump())

finish()
