"""The official Mistral SDK for Python while another engine answers (suite `gateway`)."""

import json

from checks import KEY, URL, check, finish
from gateway_checks import TEXT, TOOLS, expect_call

try:
    from mistralai.client import Mistral, errors
except ImportError:
    from mistralai import Mistral
    from mistralai import models as errors

client = Mistral(api_key=KEY, server_url=URL)
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def streamed(model, **fields):
    with client.chat.stream(model=model, messages=QUESTION, **fields) as events:
        return [event.data for event in events]


def refused(status, code, call):
    try:
        answer = call()
    except errors.MistralError as error:
        assert error.status_code == status, error
        assert json.loads(error.body)["code"] == code, error.body
        return
    raise AssertionError(f"it was answered: {answer}")


with check("an answer, whole and streamed"):
    answer = client.chat.complete(model="good", messages=QUESTION)
    assert answer.choices[0].message.content == TEXT, answer
    chunks = streamed("good")
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT, chunks
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens == 20, chunks[-1]
with check("a call that vLLM sends in pieces"):
    answer = client.chat.complete(model="split", messages=QUESTION, tools=TOOLS)
    expect_call([call.model_dump() for call in answer.choices[0].message.tool_calls])
    chunks = streamed("split", tools=TOOLS)
    lists = [c.choices[0].delta.tool_calls or [] for c in chunks if c.choices]
    expect_call([call.model_dump() for calls in lists for call in calls])
with check("a busy upstream is 429, one that may not be asked 503"):
    for call in (lambda model: client.chat.complete(model=model, messages=QUESTION), streamed):
        refused(429, "capacity.exhausted", lambda: call("status-429"))
        refused(503, "residency.no_eligible_upstream", lambda: call("abroad"))
with check("an answer that breaks off ends with an error"):
    reasons = [c.choices[0].finish_reason for c in streamed("after-0") if c.choices]
    assert reasons[-1] == "error", reasons
finish()
