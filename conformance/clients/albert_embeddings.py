"""Vectors and the order of documents, as clients of the Albert API (OpenGateLLM) ask for them."""

import json
import urllib.request

import openai
from checks import KEY, MODEL, URL, check, finish

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)
# The environment's proxies are for other servers.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}{path}", data, headers)
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


def row_of(identifier):
    bare = identifier.rpartition("-")[2]
    rows = [row for row in ask("/v1/me/usage?endpoint=/v1/embeddings")["data"] if row["id"] == bare]
    assert len(rows) == 1, rows
    return rows[0]


with check("the model says that it makes vectors"):
    model = client.models.retrieve(MODEL).model_dump()
    assert model["capabilities"]["embeddings"] and model["embedding_dimensions"] == 384, model
with check("vectors have their row"):
    answer = client.embeddings.create(model=MODEL, input=["query: a", "passage: b"])
    identifier = answer.model_dump()["id"]
    assert answer.object == "list" and len(answer.data) == 2, answer
    row = row_of(identifier)
    assert row["model"] == MODEL and row["endpoint"] == "/v1/embeddings", row
    assert row["usage"]["prompt_tokens"] == answer.usage.prompt_tokens, row
with check("documents are put in order, in both shapes"):
    documents = ["Die Katze schläft.", "La mairie est place de la République.", "Bonjour"]
    body = {"model": MODEL, "query": "Où est la mairie ?", "documents": documents, "top_n": 2}
    answer = ask("/v1/rerank", body)
    assert answer["object"] == "list" and answer["id"] and answer["model"] == MODEL, answer
    results = [(one["index"], one["relevance_score"]) for one in answer["results"]]
    assert len(results) == 2 and results[0][1] >= results[1][1], answer
    assert [(one["index"], one["score"]) for one in answer["data"]] == results, answer
    assert all(one["object"] == "rerank" for one in answer["data"]), answer
    older = {"model": MODEL, "prompt": body["query"], "input": documents}
    assert ask("/v1/rerank", older)["data"][0]["index"] == results[0][0], "in the older words"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] > 0, usage
    assert row_of(answer["id"])["usage"]["total_tokens"] == usage["total_tokens"]
finish()
