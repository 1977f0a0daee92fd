"""The official OpenAI SDK for Python while another engine answers (suite `gateway`)."""

import openai
from checks import KEY, URL, check, finish
from gateway_checks import TEXT, TOOLS, expect_call

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)


def ask(model, **fields):
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    return client.chat.completions.create(model=model, messages=messages, **fields)


def streamed(model, **fields):
    return list(ask(model, stream=True, stream_options={"include_usage": True}, **fields))


def refused(kind, code, call):
    try:
        answer = call()
    except openai.APIStatusError as error:
        assert type(error) is kind and error.code == code, f"{type(error).__name__}: {error}"
        return
    raise AssertionError(f"it was answered: {answer}")


with check("an answer, whole and streamed"):
    answer = ask("good")
    assert answer.choices[0].message.content == TEXT, answer
    chunks = streamed("good")
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT, chunks
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens == 20, chunks[-1]
with check("a call that vLLM sends in pieces"):
    answer = ask("split", tools=TOOLS)
    expect_call([call.model_dump() for call in answer.choices[0].message.tool_calls])
    chunks = streamed("split", tools=TOOLS)
    lists = [c.choices[0].delta.tool_calls or [] for c in chunks if c.choices]
    expect_call([call.model_dump() for calls in lists for call in calls])
with check("a busy upstream is 429, one that may not be asked 503"):
    for call in (ask, streamed):
        refused(openai.RateLimitError, "capacity.exhausted", lambda: call("status-429"))
        kind = openai.InternalServerError
        refused(kind, "residency.no_eligible_upstream", lambda: call("abroad"))
with check("an answer that breaks off ends with an error"):
    reasons = [c.choices[0].finish_reason for c in streamed("after-0") if c.choices]
    assert reasons[-1] == "error", reasons
finish()
