"""Conversations with the official Mistral SDK for Python, 1.x or 3.x: every method there is."""

import json

from checks import KEY, MODEL, QUESTION, URL, check, finish

try:
    from mistralai.client import Mistral, errors, models
except ImportError:
    from mistralai import Mistral, models
    from mistralai import models as errors

conversations = Mistral(api_key=KEY, server_url=URL).beta.conversations
GREEDY = {"temperature": 0.0, "max_tokens": 24}


def start(inputs=QUESTION, **fields):
    return conversations.start(
        inputs=inputs, model=MODEL, **{"completion_args": GREEDY, **fields}
    )


def text_of(response):
    assert len(response.outputs) == 1, response
    return response.outputs[0].content


def read(stream):
    """The text of a streamed answer and its first event; the order of events is checked."""
    with stream as events:
        events = list(events)
    names = [event.event for event in events]
    assert names[0] == "conversation.response.started", names
    assert names[-1] == "conversation.response.done", names
    assert set(names[1:-1]) == {"message.output.delta"}, names
    assert [event.data.type for event in events] == names
    expect_usage(events[-1].data.usage)
    for index, event in enumerate(events[1:-1]):
        assert event.data.role == "assistant" and event.data.model == MODEL, event
        assert event.data.output_index == event.data.content_index == 0, event
        assert event.data.created_at.tzinfo is not None, event
        assert event.data.id == events[1].data.id, (index, event)
    return "".join(event.data.content for event in events[1:-1]), events[0].data


def expect_usage(usage):
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage


def refused(call, status, code):
    try:
        answer = call()
    except errors.MistralError as error:
        assert error.status_code == status, error
        assert json.loads(error.body)["code"] == code, error.body
        return error
    raise AssertionError(f"it was answered: {answer}")


def begin_checks():
    with check("start"):
        answer = start(name="Capitals", description="d", metadata={"a": [1]})
        assert answer.object == "conversation.response", answer
        assert answer.conversation_id.startswith("conv_"), answer
        output = answer.outputs[0]
        assert isinstance(output, models.MessageOutputEntry), output
        assert output.role == "assistant" and output.model == MODEL, output
        assert output.id.startswith("msg_") and output.completed_at, output
        assert "Paris" in text_of(answer), answer
        expect_usage(answer.usage)
    with check("start with a message and with instructions"):
        message = {"role": "user", "content": [{"type": "text", "text": QUESTION}]}
        answer = start([{**message, "type": "message.input"}], instructions="Be brief.")
        assert text_of(answer).strip(), answer
    with check("start_stream says the same"):
        text, started = read(
            conversations.start_stream(inputs=QUESTION, model=MODEL, completion_args=GREEDY)
        )
        assert text == text_of(start()), text
        assert started.conversation_id.startswith("conv_"), started


def continue_checks():
    with check("append and append_stream"):
        first = start()
        fields = {"conversation_id": first.conversation_id, "completion_args": GREEDY}
        second = conversations.append(inputs="And of Italy?", **fields)
        assert second.conversation_id == first.conversation_id, second
        assert "Rome" in text_of(second), second
        text, started = read(conversations.append_stream(inputs="And of Spain?", **fields))
        assert started.conversation_id == first.conversation_id and text.strip(), started
    with check("restart and restart_stream"):
        first = start(metadata={"a": 1})
        fields = {
            "conversation_id": first.conversation_id,
            "from_entry_id": first.outputs[0].id,
            "completion_args": GREEDY,
        }
        other = conversations.restart(inputs="And of Italy?", **fields)
        assert other.conversation_id != first.conversation_id, other
        text, started = read(conversations.restart_stream(inputs="And of Italy?", **fields))
        assert text == text_of(other), text
        assert started.conversation_id not in (first.conversation_id, other.conversation_id)
        copied = conversations.get_history(conversation_id=other.conversation_id).entries
        assert len(copied) == 4 and copied[1].content == text_of(first), copied
        kept = conversations.get_history(conversation_id=first.conversation_id).entries
        assert len(kept) == 2, kept
    with check("sampling reaches the model"):
        answer = start("Tell a long story about the sea.", completion_args={"max_tokens": 7})
        assert answer.usage.completion_tokens == 7, answer.usage
        seeded = {"temperature": 1.2, "random_seed": 7, "max_tokens": 16}
        first, second = (text_of(start(completion_args=seeded)) for _ in range(2))
        assert first == second, (first, second)


def browse_checks():
    with check("get, list, get_history, get_messages, delete"):
        started = start(name="To be read", description="d", metadata={"a": [1]})
        place = {"conversation_id": started.conversation_id}
        found = conversations.get(**place)
        assert isinstance(found, models.ModelConversation), type(found)
        assert (found.id, found.object) == (started.conversation_id, "conversation"), found
        assert (found.name, found.description) == ("To be read", "d"), found
        assert found.metadata == {"a": [1]} and found.tools == [], found
        assert found.model == MODEL and found.created_at <= found.updated_at, found
        assert found.completion_args.max_tokens == GREEDY["max_tokens"], found
        listed = conversations.list(page=0, page_size=1)
        assert [each.id for each in listed] == [found.id], listed
        assert len(conversations.list()) > 1
        history = conversations.get_history(**place)
        assert history.object == "conversation.history", history
        question, answer = history.entries
        assert isinstance(question, models.MessageInputEntry), question
        assert isinstance(answer, models.MessageOutputEntry), answer
        assert (question.role, question.content) == ("user", QUESTION), question
        assert answer.content == text_of(started), answer
        messages = conversations.get_messages(**place)
        assert messages.object == "conversation.messages", messages
        assert [each.id for each in messages.messages] == [question.id, answer.id], messages
        assert conversations.delete(**place) is None
        refused(lambda: conversations.get(**place), 404, "conversation.not_found")


def refusal_checks():
    with check("what is not offered raises"):
        hello = {"inputs": "Hello", "model": MODEL}
        unsupported = [
            {"store": False},
            {"tools": [{"type": "web_search"}]},
            {"handoff_execution": "client"},
            {"completion_args": {"response_format": {"type": "json_object"}}},
        ]
        for fields in unsupported:
            error = refused(
                lambda fields=fields: conversations.start(**hello, **fields),
                *(422, "feature.unsupported"),
            )
            assert isinstance(error, errors.HTTPValidationError), type(error)
        error = refused(
            lambda: conversations.start(inputs="Hello", agent_id="ag_1"),
            *(422, "feature.unsupported"),
        )
        assert error.data.detail[0].loc == ["body", "agent_id"], error.data
    with check("an unknown conversation, entry or model raises"):
        refused(
            lambda: conversations.append(conversation_id="conv_1", inputs="Hello"),
            *(404, "conversation.not_found"),
        )
        place = {"conversation_id": start().conversation_id, "inputs": "Hello"}
        refused(
            lambda: conversations.restart(from_entry_id="msg_1", **place), 404, "entry.not_found"
        )
        refused(
            lambda: conversations.start(inputs="Hello", model="no-such"), 404, "model.unknown"
        )
    with check("a refused stream raises the same"):
        refused(
            lambda: conversations.start_stream(inputs="sea " * 9000, model=MODEL),
            *(400, "context.too_long"),
        )


begin_checks()
continue_checks()
browse_checks()
refusal_checks()
finish()
