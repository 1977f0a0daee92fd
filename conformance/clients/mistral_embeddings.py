"""`embeddings.create` of the official Mistral SDK for Python, 1.x or 3.x."""

import json

from checks import KEY, MODEL, URL, check, finish

try:
    from mistralai.client import Mistral, errors
except ImportError:
    from mistralai import Mistral
    from mistralai import models as errors

client = Mistral(api_key=KEY, server_url=URL)
TEXTS = ["query: Where is the town hall?", "passage: La mairie est place de la République."]


def refused(code, call):
    try:
        answer = call()
    except errors.MistralError as error:
        assert json.loads(error.body)["code"] == code, error.body
        return
    raise AssertionError(f"it was answered: {str(answer)[:200]}")


with check("vectors of texts"):
    answer = client.embeddings.create(model=MODEL, inputs=TEXTS)
    assert answer.object == "list" and answer.model == MODEL and answer.id, answer
    assert [item.index for item in answer.data] == [0, 1], answer
    assert all(len(item.embedding) == 384 for item in answer.data)
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10, answer.usage
with check("one text"):
    answer = client.embeddings.create(model=MODEL, inputs=TEXTS[0])
    assert len(answer.data) == 1, answer
with check("other kinds of numbers"):
    whole = {"int8": (384, -127, 127), "uint8": (384, 1, 255)}
    whole |= {"binary": (48, -128, 127), "ubinary": (48, 0, 255)}
    for kind, (count, least, most) in whole.items():
        answer = client.embeddings.create(model=MODEL, inputs=TEXTS, output_dtype=kind)
        for item in answer.data:
            assert len(item.embedding) == count, (kind, len(item.embedding))
            assert all(number == int(number) for number in item.embedding), kind
            assert least <= min(item.embedding) and max(item.embedding) <= most, kind
with check("the dimensions of the model, and no others"):
    client.embeddings.create(model=MODEL, inputs=TEXTS, output_dimension=384)
    refused(
        "feature.unsupported",
        lambda: client.embeddings.create(model=MODEL, inputs=TEXTS, output_dimension=100),
    )
with check("the model is listed"):
    assert MODEL in [card.id for card in client.models.list().data]
finish()
