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
with check("other numbers and other dimensions are refused"):
    refused(
        "feature.unsupported",
        lambda: client.embeddings.create(model=MODEL, inputs=TEXTS, output_dtype="binary"),
    )
    refused(
        "feature.unsupported",
        lambda: client.embeddings.create(model=MODEL, inputs=TEXTS, output_dimension=100),
    )
with check("the model is listed"):
    assert MODEL in [card.id for card in client.models.list().data]
finish()
