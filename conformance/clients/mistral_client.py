"""The official Mistral SDK for Python, 1.x or 3.x, against a running server."""

import inspect
import json

from checks import KEY, MODEL, NAMED, QUESTION, TOOLS, UNICODE, UNICODE_FORM, URL, WEATHER
from checks import a_stop_string, check, expect_calls, expect_logprobs, expect_usage, finish
from checks import result_of

try:
    from mistralai.client import Mistral, errors
except ImportError:
    from mistralai import Mistral
    from mistralai import models as errors

client = Mistral(api_key=KEY, server_url=URL)
has_logprobs = "logprobs" in inspect.signature(client.chat.complete).parameters


def ask(text, **fields):
    fields = {"temperature": 0, "max_tokens": 24, **fields}
    return client.chat.complete(
        model=MODEL, messages=[{"role": "user", "content": text}], **fields
    )


def ask_streaming(text, **fields):
    """All chunks of a streamed answer."""
    fields = {"temperature": 0, "max_tokens": 24, **fields}
    messages = [{"role": "user", "content": text}]
    with client.chat.stream(model=MODEL, messages=messages, **fields) as events:
        return [event.data for event in events]


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refused(call):
    """The error that a call ends in."""
    try:
        answer = call()
    except errors.MistralError as error:
        return error
    raise AssertionError(f"it was answered: {answer}")


def expect_refusal(error, kind, status, code):
    assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}"
    assert error.status_code == status, error.status_code
    body = json.loads(error.body)
    assert body["object"] == "error" and body["message"] and body["type"], body
    assert body["code"] == code, body


def basic_checks():
    with check("a complete answer"):
        answer = ask(QUESTION)
        choice = answer.choices[0]
        assert answer.object == "chat.completion" and answer.model == MODEL, answer
        assert choice.index == 0 and choice.message.role == "assistant", choice
        assert "Paris" in choice.message.content, choice.message.content
        assert choice.finish_reason == "stop", choice.finish_reason
        expect_usage(answer.usage.model_dump())
    with check("a streamed answer says the same"):
        chunks = ask_streaming(QUESTION)
        assert text_of(chunks) == ask(QUESTION).choices[0].message.content
        assert len(chunks) > 3, f"only {len(chunks)} events"
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}, chunks[0]
        reasons = [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]
        assert reasons == ["stop"], reasons
        expect_usage(chunks[-1].usage.model_dump())
    with check("a system message and a longer conversation"):
        answer = client.chat.complete(
            model=MODEL,
            messages=[
                {"role": "system", "content": "You answer with one word."},
                {"role": "user", "content": "Name a colour."},
                {"role": "assistant", "content": "Blue."},
                {"role": "user", "content": [{"type": "text", "text": "Name another."}]},
            ],
            temperature=0,
            max_tokens=8,
        )
        assert answer.choices[0].message.content.strip(), answer


def sampling_checks():
    with check("max_tokens ends with length"):
        answer = ask("Tell a long story about the sea.", max_tokens=7)
        assert answer.choices[0].finish_reason == "length", answer.choices[0]
        assert answer.usage.completion_tokens == 7, answer.usage
    with check("a stop string ends the answer before it"):
        story = "Tell a long story about the sea."
        piece, before = a_stop_string(ask(story).choices[0].message.content)
        answer = ask(story, stop=[piece])
        assert answer.choices[0].message.content == before, answer.choices[0]
        assert answer.choices[0].finish_reason == "stop", answer.choices[0]
        assert text_of(ask_streaming(story, stop=piece)) == before
    with check("the same seed gives the same answer"):
        fields = {"temperature": 1.2, "top_p": 0.98}
        first, second, other = (
            ask("Invent a name for a boat and praise it.", random_seed=seed, **fields)
            for seed in (7, 7, 8)
        )
        assert first.choices[0].message.content == second.choices[0].message.content
        assert first.choices[0].message.content != other.choices[0].message.content
    with check("unicode, streamed and not"):
        fields = {"max_tokens": 96, "response_format": UNICODE_FORM}
        text = ask(UNICODE, **fields).choices[0].message.content
        assert text_of(ask_streaming(UNICODE, **fields)) == text, text
        assert json.loads(text) == {"words": UNICODE}, text
    with check("a prefix is continued"):
        prefix = "The capital of France is the city of"
        answer = client.chat.complete(
            model=MODEL,
            messages=[
                {"role": "user", "content": QUESTION},
                {"role": "assistant", "content": prefix, "prefix": True},
            ],
            temperature=0,
            max_tokens=4,
        )
        text = answer.choices[0].message.content
        assert text.removeprefix(prefix).lstrip().startswith("Paris"), text
    if has_logprobs:
        with check("log-probabilities"):
            answer = ask(QUESTION, max_tokens=6, logprobs=True, top_logprobs=3)
            content = answer.choices[0].logprobs.model_dump()["content"]
            expect_logprobs(content, answer.usage.completion_tokens)


def form_checks():
    question = "Describe the capital of France as JSON."
    with check("JSON of a schema"):
        properties = {"city": {"enum": ["Paris", "Brest"]}, "capital": {"type": "boolean"}}
        schema = {"type": "object", "properties": properties, "required": ["city", "capital"]}
        schema["additionalProperties"] = False
        described = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
        answer = ask(question, max_tokens=64, response_format=described)
        city = json.loads(answer.choices[0].message.content)
        assert city["city"] in ("Paris", "Brest") and city["capital"] in (True, False), city
        streamed = ask_streaming(question, max_tokens=64, response_format=described)
        assert json.loads(text_of(streamed)) == city, streamed
    with check("a JSON object"):
        answer = ask(question, max_tokens=200, response_format={"type": "json_object"})
        choice = answer.choices[0]
        assert choice.message.content.lstrip().startswith("{"), choice
        if choice.finish_reason == "stop":
            assert isinstance(json.loads(choice.message.content), dict), choice
    with check("422 for a form that cannot be kept"):
        schema = {"type": "nothing"}
        described = {"type": "json_schema", "json_schema": {"name": "none", "schema": schema}}
        error = refused(lambda: ask(question, response_format=described))
        expect_refusal(error, errors.HTTPValidationError, 422, "format.rejected")


def tool_checks():
    fields = {"tools": TOOLS, "max_tokens": 400}
    with check("forced calls keep to their schemas, streamed and not"):
        for choice, names in (
            ("any", ("get_weather", "get_time")),
            (NAMED, ("get_weather",)),
        ):
            answer = ask(WEATHER, **fields, tool_choice=choice).choices[0]
            assert answer.finish_reason == "tool_calls", answer
            calls = [call.model_dump() for call in answer.message.tool_calls]
            expect_calls(calls, names)
            chunks = ask_streaming(WEATHER, **fields, tool_choice=choice)
            lists = [chunk.choices[0].delta.tool_calls or [] for chunk in chunks]
            assert all(len(calls) <= 1 for calls in lists), "one call an event"
            streamed = [calls[0].model_dump() for calls in lists if calls]
            expect_calls(streamed, names)
            told = [[call["function"] for call in one] for one in (calls, streamed)]
            assert told[0] == told[1], told
            assert chunks[-1].choices[0].finish_reason == "tool_calls", chunks[-1]
    with check("the result of a call is answered"):
        message = ask(WEATHER, **fields, tool_choice=NAMED).choices[0].message
        results = [result_of(call.model_dump()) for call in message.tool_calls]
        question = {"role": "user", "content": WEATHER}
        answer = client.chat.complete(
            model=MODEL, messages=[question, message, *results], tools=TOOLS, max_tokens=48
        )
        choice = answer.choices[0]
        assert choice.message.content or choice.message.tool_calls, answer


def model_checks():
    with check("models are listed"):
        listed = client.models.list().data
        assert [model.id for model in listed] == [MODEL], listed
        assert listed[0].capabilities.completion_chat is True, listed[0]
    with check("a model is read"):
        model = client.models.retrieve(model_id=MODEL)
        assert model.id == MODEL and model.max_context_length == 8192, model


def refusal_checks():
    with check("401 for a wrong key"):
        stranger = Mistral(api_key="glr_wrong", server_url=URL)
        expect_refusal(refused(stranger.models.list), errors.SDKError, 401, "auth.invalid")
    with check("404 for an unknown model"):
        error = refused(
            lambda: client.chat.complete(
                model="no-such-model", messages=[{"role": "user", "content": "Hi"}]
            )
        )
        expect_refusal(error, errors.SDKError, 404, "model.unknown")
        error = refused(lambda: client.models.retrieve(model_id="no-such-model"))
        assert error.status_code == 404, error
    with check("422 for empty messages, with its details"):
        error = refused(lambda: client.chat.complete(model=MODEL, messages=[]))
        expect_refusal(error, errors.HTTPValidationError, 422, "messages.empty")
        assert error.data.detail[0].loc[0] == "body", error.data
    with check("422 for a value out of range"):
        error = refused(lambda: ask("Hi", temperature=-3))
        expect_refusal(error, errors.HTTPValidationError, 422, "request.invalid")
    with check("400 for a conversation that is too long"):
        error = refused(lambda: ask("sea " * 9000))
        expect_refusal(error, errors.SDKError, 400, "context.too_long")
    with check("a refused stream raises the same"):
        error = refused(lambda: ask_streaming("sea " * 9000))
        expect_refusal(error, errors.SDKError, 400, "context.too_long")


basic_checks()
sampling_checks()
form_checks()
tool_checks()
model_checks()
refusal_checks()
finish()
