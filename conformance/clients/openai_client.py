"""The official OpenAI SDK for Python against a running server."""

import json
import re

import openai
from checks import KEY, MODEL, NAMED, QUESTION, TOOLS, UNICODE, UNICODE_FORM, URL, WEATHER
from checks import a_stop_string, check, expect_calls, expect_logprobs, expect_usage, finish
from checks import result_of

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)


def ask(text, **fields):
    fields = {"temperature": 0, "max_tokens": 24, **fields}
    return client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": text}], **fields
    )


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refused(kind, call):
    """The error that a call ends in."""
    try:
        answer = call()
    except openai.APIStatusError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}: {error}"
        return error
    raise AssertionError(f"it was answered: {answer}")


def basic_checks():
    with check("a complete answer"):
        answer = ask(QUESTION)
        choice = answer.choices[0]
        assert answer.object == "chat.completion" and answer.model == MODEL, answer
        assert "Paris" in choice.message.content, choice
        assert choice.message.role == "assistant" and choice.finish_reason == "stop", choice
        expect_usage(answer.usage.model_dump())
    with check("a streamed answer says the same"):
        fields = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = list(ask(QUESTION, **fields))
        assert text_of(chunks) == ask(QUESTION).choices[0].message.content
        assert len(chunks) > 3, f"only {len(chunks)} events"
        reasons = [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason]
        assert reasons == ["stop"], reasons
        expect_usage(chunks[-1].usage.model_dump())
    with check("fields of other servers are ignored"):
        answer = ask(
            "Say hello.",
            max_tokens=openai.omit,
            max_completion_tokens=5,
            user="somebody",
            store=False,
            extra_body={"some_future_field": {"a": [1]}, "repetition_penalty": 1.1},
        )
        assert answer.usage.completion_tokens <= 5, answer.usage


def sampling_checks():
    with check("max_tokens ends with length"):
        answer = ask("Tell a long story about the sea.", max_tokens=7)
        assert answer.choices[0].finish_reason == "length", answer.choices[0]
        assert answer.usage.completion_tokens == 7, answer.usage
    with check("a stop string ends the answer before it"):
        story = "Tell a long story about the sea."
        piece, before = a_stop_string(ask(story).choices[0].message.content)
        answer = ask(story, stop=piece)
        assert answer.choices[0].message.content == before, answer.choices[0]
        assert answer.choices[0].finish_reason == "stop", answer.choices[0]
        assert text_of(ask(story, stop=[piece], stream=True)) == before
    with check("the same seed gives the same answer"):
        fields = {"temperature": 1.2, "top_p": 0.98}
        first, second, other = (
            ask("Invent a name for a boat and praise it.", seed=seed, **fields)
            for seed in (7, 7, 8)
        )
        assert first.choices[0].message.content == second.choices[0].message.content
        assert first.choices[0].message.content != other.choices[0].message.content
    with check("unicode, streamed and not"):
        fields = {"max_tokens": 96, "response_format": UNICODE_FORM}
        text = ask(UNICODE, **fields).choices[0].message.content
        assert text_of(ask(UNICODE, stream=True, **fields)) == text, text
        assert json.loads(text) == {"words": UNICODE}, text
    with check("log-probabilities"):
        answer = ask(QUESTION, max_tokens=6, logprobs=True, top_logprobs=3)
        content = answer.choices[0].logprobs.model_dump()["content"]
        expect_logprobs(content, answer.usage.completion_tokens)
    with check("a logit bias forbids a token"):
        # In SmolLM2's vocabulary 314 is ` is`.
        assert " is " in ask(QUESTION).choices[0].message.content, "it needs another question"
        biased = ask(QUESTION, logit_bias={"314": -100})
        assert " is " not in biased.choices[0].message.content, biased


SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"enum": ["Paris", "Lyon", "Brest"]},
        "people": {"type": "integer", "minimum": 1, "maximum": 9999999},
        "capital": {"type": "boolean"},
    },
    "required": ["city", "people", "capital"],
    "additionalProperties": False,
}


def described(schema):
    return {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": schema}}


def form_checks():
    def written(**fields):
        answer = ask("Describe the capital of France as JSON.", max_tokens=96, **fields)
        assert answer.choices[0].finish_reason == "stop", answer.choices[0]
        return answer.choices[0].message.content

    with check("JSON of a schema, greedy and varied, streamed and not"):
        text = written(response_format=described(SCHEMA))
        city = json.loads(text)
        assert list(city) == ["city", "people", "capital"], city
        assert city["city"] in ("Paris", "Lyon", "Brest"), city
        assert type(city["people"]) is int and type(city["capital"]) is bool, city
        for seed in range(4):
            varied = {"temperature": 1.5, "seed": seed, "logprobs": True, "top_logprobs": 2}
            assert len(json.loads(written(response_format=described(SCHEMA), **varied))) == 3
        chunks = ask(
            "Describe the capital of France as JSON.",
            **{"max_tokens": 96, "stream": True, "response_format": described(SCHEMA)},
        )
        assert text_of(chunks) == text
    with check("a JSON object, whole or cut"):
        answer = ask("Say hello in JSON.", max_tokens=200, response_format={"type": "json_object"})
        text = answer.choices[0].message.content
        assert text.lstrip().startswith("{"), text
        if answer.choices[0].finish_reason == "stop":
            assert isinstance(json.loads(text), dict), text
    with check("a regular expression and a grammar"):
        forms = [
            ({"regex": "(19|20)[0-9]{2}-(0[1-9]|1[0-2])"}, r"(19|20)\d{2}-(0[1-9]|1[0-2])"),
            ({"grammar": 'start: ("yes" | "no") " " /[a-z]{3,6}/'}, r"(yes|no) [a-z]{3,6}"),
            ({"json": {"enum": ["red", "green"]}}, r'"(red|green)"'),
        ]
        for form, expected in forms:
            text = written(extra_body={"structured_outputs": form})
            assert re.fullmatch(expected, text), f"{form}: {text!r}"
    with check("422 for a form that cannot be kept"):
        for schema in ({"type": "nothing"}, {"type": "string", "minLength": 3, "maxLength": 1}):
            error = refused(
                openai.UnprocessableEntityError,
                lambda schema=schema: ask("Hello", response_format=described(schema)),
            )
            assert error.code == "format.rejected", error.body
        error = refused(
            openai.UnprocessableEntityError,
            lambda: ask("Hello", response_format=described({"description": "x" * 300_000})),
        )
        assert error.code == "request.invalid", error.body


def calls_of(answer):
    assert answer.choices[0].finish_reason == "tool_calls", answer.choices[0]
    return [call.model_dump() for call in answer.choices[0].message.tool_calls]


def streamed_calls(chunks):
    assert [c.choices[0].finish_reason for c in chunks][-1] == "tool_calls", chunks[-1]
    lists = [chunk.choices[0].delta.tool_calls for chunk in chunks]
    lists = [calls for calls in lists if calls]
    assert all(len(calls) == 1 for calls in lists), "one call an event"
    return [calls[0].model_dump() for calls in lists]


def tool_checks():
    fields = {"tools": TOOLS, "max_tokens": 400}
    with check("forced calls keep to their schemas, streamed and not"):
        for choice, names in (
            ("required", ("get_weather", "get_time")),
            (NAMED, ("get_weather",)),
        ):
            for seed in range(3):
                varied = {"temperature": 1.2, "seed": seed, "tool_choice": choice}
                expect_calls(calls_of(ask(WEATHER, **fields, **varied)), names)
            calls = calls_of(ask(WEATHER, **fields, tool_choice=choice))
            expect_calls(calls, names)
            streamed = streamed_calls(
                list(ask(WEATHER, **fields, tool_choice=choice, stream=True))
            )
            expect_calls(streamed, names)
            told = [[call["function"] for call in one] for one in (calls, streamed)]
            assert told[0] == told[1], told
        one = {**fields, "parallel_tool_calls": False, "tool_choice": "required"}
        assert len(calls_of(ask(WEATHER, **one))) == 1
    with check("the result of a call is answered"):
        message = ask(WEATHER, **fields, tool_choice=NAMED).choices[0].message
        results = [result_of(call.model_dump()) for call in message.tool_calls]
        messages = [{"role": "user", "content": WEATHER}, message, *results]
        for choice in ("auto", "none"):
            answer = client.chat.completions.create(
                model=MODEL, messages=messages, tools=TOOLS, tool_choice=choice, max_tokens=48
            )
            choice = answer.choices[0]
            assert choice.message.content or choice.message.tool_calls, answer
    with check("free and forbidden calls"):
        answer = ask(QUESTION, tools=TOOLS)
        if answer.choices[0].finish_reason == "tool_calls":
            expect_calls(calls_of(answer))
        answer = ask(QUESTION, tools=TOOLS, tool_choice="none")
        assert not answer.choices[0].message.tool_calls, answer
        assert answer.usage.prompt_tokens == ask(QUESTION).usage.prompt_tokens, answer
    with check("422 for tools that cannot be offered"):
        def with_schema(schema, **more):
            function = {"name": "f", "parameters": schema, **more}
            tools = [{"type": "function", "function": function}]
            return lambda: ask("Hello", tools=tools)

        kind = openai.UnprocessableEntityError
        impossible = {"type": "object", "properties": {"n": {"type": "nothing"}}}
        assert refused(kind, with_schema(impossible)).code == "tools.rejected"
        unkept = {"type": "object", "properties": {"n": {"not": {"type": "null"}}}}
        assert refused(kind, with_schema(unkept, strict=True)).code == "tools.rejected"
        with_schema(unkept)()
        large = {"type": "object", "description": "x" * (1 << 20)}
        error = refused(kind, with_schema(large))
        assert error.code == "request.invalid" and "262144" in error.message, error.body


def model_checks():
    with check("models are listed"):
        listed = list(client.models.list())
        assert [model.id for model in listed] == [MODEL], listed
    with check("a model is read"):
        model = client.models.retrieve(MODEL)
        assert model.id == MODEL and model.object == "model", model


def refusal_checks():
    with check("401 for a wrong key"):
        stranger = openai.OpenAI(api_key="glr_wrong", base_url=f"{URL}/v1", max_retries=0)
        error = refused(openai.AuthenticationError, lambda: stranger.models.list())
        assert error.code == "auth.invalid", error.code
    with check("404 for an unknown model"):
        error = refused(
            openai.NotFoundError,
            lambda: client.chat.completions.create(
                model="no-such-model", messages=[{"role": "user", "content": "Hi"}]
            ),
        )
        assert error.code == "model.unknown", error.code
        error = refused(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))
        assert error.code == "model.unknown", error.code
    with check("422 for empty messages and for wrong types"):
        error = refused(
            openai.UnprocessableEntityError,
            lambda: client.chat.completions.create(model=MODEL, messages=[]),
        )
        assert error.code == "messages.empty", error.code
        error = refused(
            openai.UnprocessableEntityError, lambda: ask("Hi", extra_body={"max_tokens": "many"})
        )
        assert error.code == "request.invalid", error.code
    with check("400 for a conversation that is too long, streamed and not"):
        for stream in (False, True):
            error = refused(openai.BadRequestError, lambda: ask("sea " * 9000, stream=stream))
            assert error.code == "context.too_long", error.code


basic_checks()
sampling_checks()
form_checks()
tool_checks()
model_checks()
refusal_checks()
finish()
