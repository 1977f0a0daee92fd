"""Files and batches with the official OpenAI SDK for Python."""

import json
import time

import openai
from checks import KEY, MODEL, URL, check, expect_usage, finish

client = openai.OpenAI(api_key=KEY, base_url=f"{URL}/v1", max_retries=0)
HANG_GUARD_SECONDS = 300
ENDED = ("completed", "failed", "expired", "cancelled")


def line(name, text, url="/v1/chat/completions"):
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 4,
        "temperature": 0,
    }
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body})


def until_ended(batch):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while batch.status not in ENDED:
        assert time.monotonic() < deadline, batch
        time.sleep(0.1)
        batch = client.batches.retrieve(batch.id)
    return batch


def refused(kind, call):
    try:
        answer = call()
    except openai.APIStatusError as error:
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        return error
    raise AssertionError(f"it was answered: {answer}")


LINES = [line("one", "Hello."), line("two", "Hello.", url="/v1/embeddings"), "not json"]

with check("a file is uploaded, told, listed, read and deleted"):
    content = "\n".join(LINES).encode()
    file = client.files.create(file=("requests.jsonl", content), purpose="batch")
    assert (file.object, file.bytes, file.status) == ("file", len(content), "processed"), file
    assert client.files.retrieve(file.id).filename == "requests.jsonl"
    assert file.id in [one.id for one in client.files.list(purpose="batch")]
    assert client.files.content(file.id).read() == content
    other = client.files.create(
        file=("o.txt", b"x"),
        purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    assert other.expires_at == other.created_at + 3600, other
    assert client.files.delete(other.id).deleted
    refused(openai.NotFoundError, lambda: client.files.retrieve(other.id))

with check("every page of files is read"):
    ids = [client.files.create(file=("p", b"x"), purpose="evals").id for _ in range(3)]
    listed = [one.id for one in client.files.list(purpose="evals", limit=2)]
    assert listed == ids[::-1], (listed, ids)

with check("a batch answers its requests and tells of broken lines"):
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"team": "météo"},
    )
    batch = until_ended(batch)
    assert batch.status == "completed" and batch.metadata == {"team": "météo"}, batch
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (3, 1, 2), counts
    assert batch.input_file_id == file.id and batch.completed_at >= batch.created_at, batch
    output = client.files.content(batch.output_file_id).text.splitlines()
    answer = json.loads(output[0])
    assert len(output) == 1 and answer["custom_id"] == "one", output
    assert answer["response"]["body"]["model"] == MODEL, answer
    expect_usage(answer["response"]["body"]["usage"])
    errors = client.files.content(batch.error_file_id).text.splitlines()
    told = [(json.loads(one)["line"], json.loads(one)["error"]["code"]) for one in errors]
    assert told == [(2, "request.invalid"), (3, "request.invalid_json")], told

with check("batches are listed, and cancelled"):
    assert batch.id in [one.id for one in client.batches.list(limit=1)]
    many = "\n".join(line(str(number), "Count to one hundred.") for number in range(2000))
    many = client.files.create(file=("m.jsonl", many.encode()), purpose="batch")
    running = client.batches.create(
        input_file_id=many.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    error = refused(openai.ConflictError, lambda: client.files.delete(many.id))
    assert error.code == "file.in_use", error
    asked = client.batches.cancel(running.id)
    assert asked.status in ("cancelling", "cancelled"), asked
    assert until_ended(running).status == "cancelled"

with check("what makes no sense is refused"):
    create = client.batches.create
    fields = {"input_file_id": file.id, "completion_window": "24h"}
    error = refused(
        openai.UnprocessableEntityError, lambda: create(endpoint="/v1/responses", **fields)
    )
    assert error.code == "batch.endpoint_refused", error
    refused(
        openai.NotFoundError,
        lambda: create(
            endpoint="/v1/embeddings", input_file_id="file-none", completion_window="24h"
        ),
    )

finish()
