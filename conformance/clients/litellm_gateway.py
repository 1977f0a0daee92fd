"""LiteLLM as a client while another engine answers (suite `gateway`)."""

import os

# Prices come from the package, and nothing else is fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from checks import KEY, URL, check, finish
from gateway_checks import TEXT, TOOLS, expect_call

litellm.telemetry = False
litellm.suppress_debug_info = True


def ask(model, **fields):
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    told = {"api_base": f"{URL}/v1", "api_key": KEY, "num_retries": 0, "max_retries": 0}
    return litellm.completion(model=model, messages=messages, **told, **fields)


def refused(kind, call):
    try:
        answer = call()
    except Exception as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        return
    raise AssertionError(f"it was answered: {answer}")


for family in ("mistral", "openai"):
    with check(f"{family}/: an answer, whole and streamed"):
        answer = ask(f"{family}/good")
        assert answer.choices[0].message.content == TEXT, answer
        assert answer.usage.total_tokens == 20, answer
        chunks = list(ask(f"{family}/good", stream=True))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == TEXT, chunks
    with check(f"{family}/: a call that vLLM sends in pieces"):
        calls = ask(f"{family}/split", tools=TOOLS).choices[0].message.tool_calls
        expect_call([call.model_dump() for call in calls])
        chunks = list(ask(f"{family}/split", tools=TOOLS, stream=True))
        calls = litellm.stream_chunk_builder(chunks).choices[0].message.tool_calls
        expect_call([call.model_dump() for call in calls])
    with check(f"{family}/: a busy upstream is 429"):
        refused(litellm.RateLimitError, lambda: ask(f"{family}/status-429"))
finish()
