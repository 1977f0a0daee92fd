"""Files and batch jobs with the official Mistral SDK."""

import json
import time
import urllib.request

from checks import KEY, MODEL, URL, check, expect_usage, finish
from mistralai.client import Mistral

client = Mistral(api_key=KEY, server_url=URL)
HANG_GUARD_SECONDS = 300
ENDED = ("SUCCESS", "FAILED", "TIMEOUT_EXCEEDED", "CANCELLED")


def line(name, text):
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 4, "temperature": 0}
    return json.dumps({"custom_id": name, "body": body})


LINES = [line("one", "Hello."), "{", line("two", "Bonjour."), line("one", "again")]


def until_ended(job):
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while job.status not in ENDED:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
        job = client.batch.jobs.get(job_id=job.id)
    return job


def read(file):
    return client.files.download(file_id=file).read()


with check("a file is uploaded, told, listed, read and deleted"):
    content = "\n".join(LINES).encode()
    file = client.files.upload(
        file={"file_name": "requests é.jsonl", "content": content}, purpose="batch"
    )
    assert (file.size_bytes, file.num_lines, file.purpose) == (len(content), 4, "batch"), file
    assert file.filename == "requests é.jsonl" and file.sample_type == "batch_request", file
    told = client.files.retrieve(file_id=file.id)
    assert told.id == file.id and told.deleted is False, told
    assert file.id in [one.id for one in client.files.list().data]
    assert read(file.id) == content
    other = client.files.upload(file={"file_name": "o", "content": b"x"}, purpose="ocr", expiry=2)
    assert other.expires_at == other.created_at + 7200, other
    assert client.files.delete(file_id=other.id).deleted is True
    assert other.id not in [one.id for one in client.files.list().data]

with check("a link opens the file without a key"):
    link = client.files.get_signed_url(file_id=file.id, expiry=1)
    with urllib.request.urlopen(link.url, timeout=HANG_GUARD_SECONDS) as answer:
        assert answer.read() == content

with check("a job answers its requests and tells of broken lines"):
    job = client.batch.jobs.create(
        endpoint="/v1/chat/completions",
        input_files=[file.id],
        model=MODEL,
        metadata={"team": "météo"},
        timeout_hours=2,
    )
    assert job.status in ("QUEUED", "RUNNING", "SUCCESS") and job.total_requests == 4, job
    job = until_ended(job)
    assert job.status == "SUCCESS" and job.metadata == {"team": "météo"}, job
    assert (job.succeeded_requests, job.failed_requests, job.completed_requests) == (2, 2, 4), job
    answers = [json.loads(one) for one in read(job.output_file).splitlines()]
    assert [one["custom_id"] for one in answers] == ["one", "two"], answers
    for answer in answers:
        assert answer["response"]["status_code"] == 200 and answer["error"] is None, answer
        expect_usage(answer["response"]["body"]["usage"])
    errors = [json.loads(one) for one in read(job.error_file).splitlines()]
    told = [(one["line"], one["error"]["code"]) for one in errors]
    assert told == [(2, "request.invalid_json"), (4, "batch.name_taken")], told

with check("results come along where they are asked for"):
    inline = client.batch.jobs.get(job_id=job.id, inline=True)
    assert [one["custom_id"] for one in inline.outputs][:2] == ["one", "two"], inline.outputs

with check("requests may come with the job"):
    requests = [{"custom_id": "a", "body": json.loads(line("a", "Hello."))["body"]}]
    inline = client.batch.jobs.create(
        endpoint="/v1/chat/completions", requests=requests, model=MODEL
    )
    inline = until_ended(inline)
    assert inline.status == "SUCCESS" and inline.succeeded_requests == 1, inline

with check("jobs are listed, and deleted once they have ended"):
    listed = client.batch.jobs.list(page_size=1, status=["SUCCESS"])
    assert listed.total == 2 and [one.id for one in listed.data] == [inline.id], listed
    assert client.batch.jobs.delete(job_id=inline.id).deleted is True
    assert client.batch.jobs.list().total == 1

with check("a job is cancelled"):
    many = "\n".join(line(str(number), "Count to one hundred.") for number in range(2000))
    many = client.files.upload(file={"file_name": "m", "content": many.encode()}, purpose="batch")
    job = client.batch.jobs.create(
        endpoint="/v1/chat/completions", input_files=[many.id], model=MODEL
    )
    asked = client.batch.jobs.cancel(job_id=job.id)
    assert asked.status in ("CANCELLATION_REQUESTED", "CANCELLED"), asked
    job = until_ended(job)
    assert job.status == "CANCELLED" and job.completed_requests < 2000, job

finish()
