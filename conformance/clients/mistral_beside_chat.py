"""What the official Mistral SDK for Python, 1.x or 3.x, asks of models beside one answer to a chat."""

import inspect
import json

from checks import KEY, MODEL, QUESTION, URL, check, expect_usage, finish

try:
    from mistralai.client import Mistral, errors
except ImportError:
    from mistralai import Mistral
    from mistralai import models as errors

client = Mistral(api_key=KEY, server_url=URL)
QUESTIONS = [{"role": "user", "content": QUESTION}]
CATEGORIES = {
    *("sexual", "hate_and_discrimination", "violence_and_threats"),
    *("dangerous_and_criminal_content", "selfharm", "health", "financial", "law", "pii"),
}


def refused(code, call):
    try:
        answer = call()
    except errors.MistralError as error:
        assert json.loads(error.body)["code"] == code, error.body
        return
    raise AssertionError(f"it was answered: {str(answer)[:200]}")


def expect_scores(scores):
    assert all(0 <= score <= 1 for score in scores.values()), scores


with check("several answers, complete and streamed"):
    fields = {"model": MODEL, "messages": QUESTIONS, "max_tokens": 12, "n": 3}
    answer = client.chat.complete(temperature=1.3, random_seed=7, **fields)
    assert [choice.index for choice in answer.choices] == [0, 1, 2], answer
    expect_usage(answer.usage.model_dump())
    answer = client.chat.complete(temperature=0, **fields)
    texts, ends = {}, []
    with client.chat.stream(temperature=0, **fields) as events:
        for event in events:
            for choice in event.data.choices:
                texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
                ends += [choice.index] if choice.finish_reason else []
            last = event.data
    assert sorted(ends) == [0, 1, 2], ends
    assert texts == {choice.index: choice.message.content for choice in answer.choices}, texts
    expect_usage(last.usage.model_dump())
with check("what changes nothing is accepted"):
    fields = {"model": MODEL, "messages": QUESTIONS, "max_tokens": 8, "temperature": 0}
    plain = client.chat.complete(**fields).choices[0].message.content
    more = {"prediction": {"type": "content", "content": "Paris"}, "prompt_mode": "reasoning"}
    assert client.chat.complete(**fields, **more).choices[0].message.content == plain
    client.chat.complete(**fields, safe_prompt=True)
with check("thoughts of earlier turns are left aside"):
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    said = [thought, {"type": "text", "text": "Blue."}]
    messages = [*QUESTIONS, {"role": "assistant", "content": said}, *QUESTIONS]
    answer = client.chat.complete(model=MODEL, messages=messages, max_tokens=4)
    bare = [*QUESTIONS, {"role": "assistant", "content": "Blue."}, *QUESTIONS]
    counted = client.chat.complete(model=MODEL, messages=bare, max_tokens=4)
    assert answer.usage.prompt_tokens == counted.usage.prompt_tokens, answer.usage
with check("a model that fills no holes says so"):
    refused(
        "model.unsuited",
        lambda: client.fim.complete(model=MODEL, prompt="def f():", suffix="return 1"),
    )
with check("texts are judged by category"):
    answer = client.classifiers.moderate(model=MODEL, inputs=["Good morning.", "I will hurt you."])
    assert len(answer.results) == 2 and answer.model == MODEL, answer
    for result in answer.results:
        assert set(result.categories) == set(result.category_scores) == CATEGORIES, result
        expect_scores(result.category_scores)
with check("conversations are judged by category"):
    answer = client.classifiers.moderate_chat(model=MODEL, inputs=[QUESTIONS, QUESTIONS])
    assert len(answer.results) == 2, answer
    assert set(answer.results[0].categories) == CATEGORIES, answer
with check("texts and conversations are classified"):
    answer = client.classifiers.classify(model=MODEL, inputs=["Good morning."])
    assert set(answer.results[0]["moderation"].scores) == CATEGORIES, answer
    expect_scores(answer.results[0]["moderation"].scores)
    # Version 3 calls it otherwise.
    parameters = inspect.signature(client.classifiers.classify_chat).parameters
    chats = {"inputs" if "inputs" in parameters else "input": [{"messages": QUESTIONS}]}
    answer = client.classifiers.classify_chat(model=MODEL, **chats)
    assert set(answer.results[0]["moderation"].scores) == CATEGORIES, answer
finish()
