"""`embeddings.create` of the official OpenAI SDK for Python against a running server."""

import math

import openai
from checks import KEY, MODEL, URL, check, finish

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)

TEXTS = [
    "query: Where is the town hall?",
    "passage: La mairie se trouve place de la République.",
    "passage: Die Katze schläft auf dem Sofa.",
]


def create(texts, **fields):
    return client.embeddings.create(model=MODEL, input=texts, **fields)


def vectors(answer):
    assert [item.index for item in answer.data] == list(range(len(answer.data))), answer
    return [item.embedding for item in answer.data]


def alike(left, right):
    return sum(a * b for a, b in zip(left, right))


def refused(kind, code, call):
    try:
        answer = call()
    except openai.APIStatusError as error:
        assert type(error) is kind and error.code == code, f"{type(error).__name__}: {error}"
        return
    raise AssertionError(f"it was answered: {str(answer)[:200]}")


with check("vectors of texts, as lists and in base64"):
    # Unless it is told otherwise, this client asks for base64 and takes it apart.
    coded = create(TEXTS)
    plain = create(TEXTS, encoding_format="float")
    assert coded.object == "list" and coded.model == MODEL, coded
    for left, right in zip(vectors(coded), vectors(plain)):
        assert len(left) == len(right) == 384, len(left)
        assert max(abs(a - b) for a, b in zip(left, right)) < 1e-6
        assert math.isclose(alike(left, left), 1, abs_tol=1e-4)
with check("a question is nearest to its answer, in another language too"):
    question, answer, other = vectors(create(TEXTS))
    assert alike(question, answer) > alike(question, other) + 0.02
with check("one text, and tokens"):
    assert len(create(TEXTS[0]).data) == 1
    assert len(create([6, 7, 8]).data) == 1
    assert len(create([[6, 7], [8]]).data) == 2
with check("the usage is told"):
    usage = create(TEXTS).usage.model_dump()
    assert usage["prompt_tokens"] == usage["total_tokens"] > 20, usage
    assert usage["energy_joules"] > 0 and usage["co2e_grams"] > 0 and usage["site"], usage
with check("the number of dimensions must be that of the model"):
    assert len(create("query: a", dimensions=384).data) == 1
    refused(
        openai.UnprocessableEntityError,
        "feature.unsupported",
        lambda: create("query: a", dimensions=100),
    )
with check("what is too long is refused, or cut when that is asked for"):
    long = "sea " * 2000
    refused(openai.BadRequestError, "input.rejected", lambda: create(long))
    assert create(long, extra_body={"truncate": True}).usage.prompt_tokens == 512
with check("the model is listed with what it does, and answers no conversation"):
    card = client.models.retrieve(MODEL).model_dump()
    assert card["capabilities"]["embeddings"] and not card["capabilities"]["completion_chat"], card
    assert card["embedding_dimensions"] == 384, card
    refused(
        openai.BadRequestError,
        "model.unsuited",
        lambda: client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": "Hello"}]
        ),
    )
    refused(
        openai.NotFoundError,
        "model.unknown",
        lambda: client.embeddings.create(model="nobody", input="a"),
    )
finish()
