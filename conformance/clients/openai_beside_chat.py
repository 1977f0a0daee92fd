"""What the official OpenAI SDK for Python asks of models beside one answer to a chat."""

import openai
from checks import KEY, MODEL, QUESTION, URL, check, expect_usage, finish

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)
TEXT = "The days of the week are Monday, Tuesday,"


def go_on(prompt=TEXT, **fields):
    fields = {"temperature": 0, "max_tokens": 8, **fields}
    return client.completions.create(model=MODEL, prompt=prompt, **fields)


def refused(kind, code, call):
    try:
        answer = call()
    except openai.APIStatusError as error:
        assert type(error) is kind and error.code == code, error
        return
    raise AssertionError(f"it was answered: {str(answer)[:200]}")


with check("several answers, complete and streamed"):
    fields = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}]}
    fields |= {"n": 2, "max_tokens": 12, "temperature": 0, "seed": 7}
    answer = client.chat.completions.create(**fields)
    assert [choice.index for choice in answer.choices] == [0, 1], answer
    expect_usage(answer.usage.model_dump())
    texts = {}
    for chunk in client.chat.completions.create(**fields, stream=True):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
    assert texts == {choice.index: choice.message.content for choice in answer.choices}, texts
    one = client.chat.completions.create(**{**fields, "n": 1})
    assert one.choices[0].message.content == answer.choices[0].message.content, one
    assert one.usage.prompt_tokens == answer.usage.prompt_tokens, answer.usage
with check("a text goes on, complete and streamed"):
    answer = go_on()
    assert answer.object == "text_completion" and answer.id.startswith("cmpl-"), answer
    assert answer.choices[0].finish_reason == "length" and answer.choices[0].text, answer
    expect_usage(answer.usage.model_dump())
    chunks = list(go_on(stream=True))
    text = "".join(chunk.choices[0].text for chunk in chunks)
    assert text == answer.choices[0].text, text
    expect_usage(chunks[-1].usage.model_dump())
with check("texts, echoes and log-probabilities in the older shape"):
    answer = go_on([TEXT, "One, two,"], n=2, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3], answer
    assert [choice.text.startswith(TEXT) for choice in answer.choices] == [True, True, False, False]
    assert answer.choices[0].text == TEXT + go_on().choices[0].text, answer
    logprobs = go_on(logprobs=2, max_tokens=4).choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == 4, logprobs
    assert all(len(top) <= 2 for top in logprobs.top_logprobs), logprobs
    assert logprobs.text_offset[0] == 0, logprobs
with check("what is not offered is refused"):
    refused(openai.UnprocessableEntityError, "feature.unsupported", lambda: go_on(best_of=2))
    refused(openai.BadRequestError, "model.unsuited", lambda: go_on(suffix="Sunday"))
    refused(openai.BadRequestError, "input.rejected", lambda: go_on([4_000_000_000]))
with check("texts are judged by category"):
    answer = client.moderations.create(model=MODEL, input="Good morning.")
    scores = answer.results[0].model_dump()["category_scores"]
    assert 0 <= scores["violence_and_threats"] <= 1, answer
with check("tokens of Responses are counted"):
    counted = client.responses.input_tokens.count(model=MODEL, input=QUESTION)
    assert counted.object == "response.input_tokens", counted
    answer = client.responses.create(model=MODEL, input=QUESTION, max_output_tokens=4)
    assert counted.input_tokens == answer.usage.input_tokens, (counted, answer.usage)
finish()
