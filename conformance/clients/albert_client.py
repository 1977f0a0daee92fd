"""What clients of the Albert API (OpenGateLLM) ask: models, an answer, and what they used.

They are the official OpenAI SDK for Python, and plain requests for what it has no method for.
"""

import json
import urllib.error
import urllib.request

import openai
from checks import KEY, MODEL, QUESTION, URL, check, finish

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)
# The environment's proxies are for other servers.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(path, key=KEY):
    """The status and the body of an answer."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{URL}{path}", headers=headers)
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def told(path):
    status, body = get(path)
    assert status == 200, f"{status}: {body}"
    return body


def refused(path, status, code, key=KEY):
    got, body = get(path, key)
    assert (got, body.get("code")) == (status, code), f"{got}: {body}"


def row_of(answer):
    identifier = answer.id.rpartition("-")[2]
    rows = [row for row in told("/v1/me/usage")["data"] if row["id"] == identifier]
    assert len(rows) == 1, rows
    return rows[0]


with check("models have what a client chooses by"):
    models = client.models.list().data
    model = next(model for model in models if model.id == MODEL).model_dump()
    assert model["capabilities"]["completion_chat"], model
    assert model["max_context_length"] > 0 and model["owned_by"], model
    assert isinstance(model["aliases"], list), model
    costs = model["costs"]
    assert costs["prompt_tokens"] >= 0 and costs["completion_tokens"] >= 0, costs
    assert client.models.retrieve(MODEL).model_dump() == model
with check("whoever asks is told who it is"):
    me = told("/v1/me/info")
    assert me["object"] == "userInfo" and me["name"], me
    for member in ("id", "organization", "priority", "created", "updated"):
        assert type(me[member]) is int, (member, me)
    for member in ("email", "budget", "expires"):
        assert member in me, (member, me)
    for limit in me["limits"]:
        assert limit["type"] in ("rpm", "tpm") and limit["value"] >= 0, limit
    assert me["permissions"] == [] and "models" in me["caller"]["permissions"], me
with check("an answer has its row, with what it used"):
    message = {"role": "user", "content": QUESTION}
    answer = client.chat.completions.create(
        model=MODEL, messages=[message], max_tokens=8, temperature=0
    )
    row = row_of(answer)
    assert row["object"] == "me.usage" and row["model"] == MODEL, row
    assert row["endpoint"] == "/v1/chat/completions" and row["status"] == 200, row
    assert row["key"] == told("/v1/me/info")["caller"]["key"], row
    usage = row["usage"]
    for member in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert usage[member] == getattr(answer.usage, member), (member, row)
    assert usage["cost"] >= 0 and usage["metrics"]["latency"] >= 0, usage
    assert usage["impacts"]["kWh"] > 0 and usage["impacts"]["kgCO2eq"] > 0, usage
    assert abs(row["created"] - answer.created) < 600, (row, answer)
with check("rows come in pages, the newest first"):
    rows = told("/v1/me/usage?limit=100")["data"]
    created = [row["created"] for row in rows]
    assert created == sorted(created, reverse=True), created
    assert told("/v1/me/usage?limit=1")["data"] == rows[:1]
    assert told("/v1/me/usage?limit=1&offset=1")["data"] == rows[1:2]
    assert told("/v1/me/usage?endpoint=/v1/chat/completions&limit=1")["data"] == rows[:1]
    assert told("/v1/me/usage?start_time=1&end_time=2")["data"] == []
with check("what makes no sense, and nobody, is refused"):
    refused("/v1/me/usage?limit=101", 422, "request.invalid")
    refused("/v1/me/usage?endpoint=/v1/nothing", 422, "request.invalid")
    refused("/v1/me/usage?start_time=2&end_time=1", 422, "request.invalid")
    refused("/v1/me/info", 401, "auth.missing", key=None)
    refused("/v1/me/usage", 401, "auth.missing", key=None)
finish()
