"""The official OpenAI SDK for Python, over Responses, against a running server."""

import openai
from checks import KEY, MODEL, QUESTION, URL, WEATHER, check, finish
from responses_checks import FLAT_TOOLS, FORM, NAMED, expect_call, expect_formed, expect_usage

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)


def ask(question, **fields):
    fields = {"temperature": 0, "max_output_tokens": 24, **fields}
    return client.responses.create(model=MODEL, input=question, **fields)


def refused(kind, code, **fields):
    try:
        answer = ask("Hi", **fields)
    except openai.APIStatusError as error:
        assert type(error) is kind and error.code == code, f"{type(error).__name__}: {error}"
        return
    raise AssertionError(f"it was answered: {answer}")


def text_checks():
    with check("an answer, and the same from chat"):
        answer = ask(QUESTION)
        assert answer.status in ("completed", "incomplete") and answer.model == MODEL, answer
        chat = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": QUESTION}],
            temperature=0,
            max_tokens=24,
        )
        assert answer.output_text == chat.choices[0].message.content, answer
        expect_usage(answer.usage.model_dump())
    with check("a streamed answer says the same"):
        events = list(ask(QUESTION, stream=True))
        assert [event.sequence_number for event in events] == list(range(len(events)))
        deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
        whole = events[-1].response
        assert "".join(deltas) == whole.output_text == ask(QUESTION).output_text, events[-1]
        assert len(deltas) > 3, deltas
        expect_usage(whole.usage.model_dump())
    with check("the helper of the SDK gathers a stream"):
        with client.responses.stream(
            model=MODEL, input=QUESTION, temperature=0, max_output_tokens=24
        ) as stream:
            kinds = [event.type for event in stream]
        assert kinds[0] == "response.created", kinds
        assert kinds[-1] in ("response.completed", "response.incomplete"), kinds
    with check("instructions stand before the conversation"):
        items = [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Good day."},
            {"role": "user", "content": QUESTION},
        ]
        plain = ask(items)
        told = ask(items, instructions="Answer in capital letters.")
        assert told.instructions == "Answer in capital letters."
        # Longer or shorter: without instructions the model's template may put its own there.
        assert told.usage.input_tokens != plain.usage.input_tokens, told
    with check("a bound leaves the answer incomplete"):
        answer = ask("Tell a long story about the sea.", max_output_tokens=5)
        assert answer.status == "incomplete", answer
        assert answer.incomplete_details.reason == "max_output_tokens", answer
        assert answer.usage.output_tokens == 5, answer
    with check("log-probabilities"):
        fields = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
        answer = ask(QUESTION, **fields)
        entries = answer.output[0].content[0].logprobs
        assert "".join(entry.token for entry in entries) == answer.output_text, answer
        assert all(len(entry.top_logprobs) == 2 for entry in entries), entries


def form_and_tool_checks():
    with check("a schema is kept"):
        fields = {"text": {"format": FORM}, "max_output_tokens": 64}
        expect_formed(ask("Name a city.", **fields).output_text)
    with check("a forced call, and the answer to its result"):
        fields = {"tools": FLAT_TOOLS, "max_output_tokens": 200}
        answer = ask(WEATHER, tool_choice=NAMED, **fields)
        call = next(item for item in answer.output if item.type == "function_call")
        expect_call(call.model_dump())
        items = [
            {"role": "user", "content": WEATHER},
            *answer.output,
            {"type": "function_call_output", "call_id": call.call_id, "output": "14 degrees"},
        ]
        told = ask(items, tool_choice="none", **fields)
        assert told.status in ("completed", "incomplete"), told
        assert not [item for item in told.output if item.type == "function_call"], told
    with check("a streamed call is the same"):
        fields = {"tools": FLAT_TOOLS, "tool_choice": NAMED, "max_output_tokens": 200}
        events = list(ask(WEATHER, stream=True, **fields))
        done = [e for e in events if e.type == "response.function_call_arguments.done"]
        whole = [item for item in ask(WEATHER, **fields).output if item.type == "function_call"]
        assert [e.arguments for e in done] == [item.arguments for item in whole], done


def refusal_checks():
    with check("what is not offered, and what makes no sense"):
        wrong = openai.UnprocessableEntityError
        refused(wrong, "feature.unsupported", previous_response_id="resp_1")
        refused(wrong, "feature.unsupported", background=True)
        refused(wrong, "feature.unsupported", tools=[{"type": "web_search"}])
        refused(wrong, "request.invalid", temperature=3)
        refused(openai.NotFoundError, "model.unknown", extra_body={"model": "no-such-model"})


text_checks()
form_and_tool_checks()
refusal_checks()
finish()
