"""LiteLLM as a client, as `mistral/` and as `openai/`, against a running server."""

import json
import os

# Prices come from the package, and nothing else is fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from checks import KEY, MODEL, QUESTION, TOOLS, UNICODE, UNICODE_FORM, URL, WEATHER
from checks import check, expect_calls, expect_usage, finish, result_of

litellm.telemetry = False
litellm.suppress_debug_info = True


def of(family):
    """How this family is asked."""

    def ask(text, **fields):
        messages = [{"role": "user", "content": text}]
        fields = {"temperature": 0, "max_tokens": 24, "messages": messages, **fields}
        told = {"model": f"{family}/{MODEL}", "api_key": KEY, "num_retries": 0, "max_retries": 0}
        return litellm.completion(**{**told, **fields, "api_base": f"{URL}/v1"})

    return ask


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refused(kind, words, call):
    """Codes are lost on the way; the message is not."""
    try:
        answer = call()
    except Exception as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        assert words in str(error), error
        return
    raise AssertionError(f"it was answered: {answer}")


def answer_checks(family, ask):
    with check(f"{family}/: a complete answer"):
        answer = ask(QUESTION)
        assert answer.object == "chat.completion", answer
        assert "Paris" in answer.choices[0].message.content, answer
        assert answer.choices[0].finish_reason == "stop", answer
        expect_usage(answer.usage.model_dump())
    with check(f"{family}/: a streamed answer says the same"):
        chunks = list(ask(QUESTION, stream=True, stream_options={"include_usage": True}))
        assert text_of(chunks) == ask(QUESTION).choices[0].message.content
        reasons = [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]
        assert reasons == ["stop"], reasons
        usage = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
        assert usage and usage[-1].completion_tokens > 0, chunks[-1]
    with check(f"{family}/: unicode in JSON of a schema"):
        fields = {"max_tokens": 96, "response_format": UNICODE_FORM}
        text = ask(UNICODE, **fields).choices[0].message.content
        assert json.loads(text) == {"words": UNICODE}, text
        assert text_of(ask(UNICODE, stream=True, **fields)) == text


def tool_checks(family, ask):
    # The choice of one function gets lost on the way of `mistral/`.
    fields = {"tools": TOOLS, "max_tokens": 400, "tool_choice": "required"}
    with check(f"{family}/: forced calls, streamed and not, and their results"):
        message = ask(WEATHER, **fields).choices[0].message
        calls = [call.model_dump() for call in message.tool_calls]
        expect_calls([{**call, "index": n} for n, call in enumerate(calls)])
        chunks = list(ask(WEATHER, stream=True, **fields))
        whole = litellm.stream_chunk_builder(chunks).choices[0].message.tool_calls
        told = [call.function.model_dump() for call in whole]
        assert told == [call["function"] for call in calls], told
        question = {"role": "user", "content": WEATHER}
        messages = [question, message.model_dump(), *map(result_of, calls)]
        answer = ask("", messages=messages, tools=TOOLS, max_tokens=48).choices[0].message
        assert answer.content or answer.tool_calls, answer


def refusal_checks(family, ask):
    with check(f"{family}/: 401 for a wrong key"):
        kind, words = litellm.AuthenticationError, "the API key is not known here"
        refused(kind, words, lambda: ask("Hi", api_key="glr_wrong"))
    with check(f"{family}/: 404 for an unknown model"):
        kind, words = litellm.NotFoundError, "`no-such-model` is not served here"
        refused(kind, words, lambda: ask("Hi", model=f"{family}/no-such-model"))
    with check(f"{family}/: 422 for a value out of range"):
        words = "must be between 0 and 2"
        refused(litellm.BadRequestError, words, lambda: ask("Hi", temperature=-3))
    with check(f"{family}/: 400 for a conversation that is too long"):
        words = "the conversation needs"
        refused(litellm.BadRequestError, words, lambda: ask("sea " * 9000))


for each in ("mistral", "openai"):
    asked = of(each)
    answer_checks(each, asked)
    tool_checks(each, asked)
    refusal_checks(each, asked)
finish()
