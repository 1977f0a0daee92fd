#!/usr/bin/env python3
"""Plays a batch job of very many requests in front of an upstream that answers at once, kills the
server in the middle of it, and counts: every request must have one answer. See benches/README.md.

    make bench-batch
    cargo xtask bench-batch -- --requests 10000
"""

import argparse
import datetime
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import gateways, machine  # noqa: E402
from harness import ledger, paths, process  # noqa: E402
from harness.report import progress  # noqa: E402
from harness.server import Server  # noqa: E402
from suites.batch import ENDED, upload  # noqa: E402

REQUESTS = 100_000
# As many as a job may have.
REQUESTS_MAX = 100_000
POLL_SECONDS = 0.2
SHOW_SECONDS = 10
# A job that does not go on for so long is broken.
STILL_SECONDS = 600


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    paths.target().mkdir(parents=True, exist_ok=True)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="bench-batch-", dir=paths.target()))
    try:
        measured = measure(folder, options.requests)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write({**facts(options, quiet), **measured})


def arguments():
    parser = argparse.ArgumentParser(description="Measures a batch job that is killed once.")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of the job")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if not 1_000 <= options.requests <= REQUESTS_MAX:
        parser.error(f"a job of 1,000 to {REQUESTS_MAX:,} requests: fewer end before the kill")
    return options


def facts(options, quiet):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **machine.commit(also=("conformance/bench",)),
        "machine": machine.describe(),
        "quiet": quiet,
        "requests": options.requests,
    }


class Upstream(gateways.Upstream):
    """The upstream of the gateways, which keeps what it was asked."""

    name = "upstream"

    def __init__(self, folder):
        self._asked = folder / "upstream" / "asked.log"
        super().__init__(folder)

    def settings(self):
        kept = "log_format asked escape=none '$request_body';\n    access_log asked.log asked;"
        return super().settings().replace("access_log off;", kept)

    def asked(self):
        """How often it was asked each request, by its number. Call it when it has stopped."""
        text = self._asked.read_text(errors="replace")
        return Counter(int(number) for number in re.findall(r"Say the number (\d+)\.", text))


def measure(folder, count):
    data_dir = folder / "galerne"
    data_dir.mkdir(mode=0o700)
    with Upstream(folder) as upstream:
        (data_dir / "galerne.toml").write_text(gateways.galerne_settings(upstream))
        server = Server(paths.binary(), data_dir)
        try:
            job, uploaded = begin(server, count)
            before = follow(server, job, lambda now: now["completed_requests"] >= count // 2)
            assert before["status"] not in ENDED, f"it ended before it was killed: {before}"
        finally:
            server.kill()
        progress(f"killed with {before['completed_requests']:,} results recorded")
        with Server(paths.binary(), data_dir, key=server.key) as again:
            after = follow(again, job, lambda now: now["status"] in ENDED)
            answers = expect_each_once(again.api, after, count)
    asked = upstream.asked()
    never = [number for number in range(count) if not asked[number]]
    assert not never, f"{len(never)} answers to requests that nobody was asked: {never[:5]}"
    return {
        "upload_s": uploaded,
        "until_killed": phase(before, 0),
        "until_ended": phase(after, before["completed_requests"]),
        "answers": answers,
        "requests_per_s": count / (before["seconds"] + after["seconds"]),
        "peak_mib": max(before["peak_mib"], after["peak_mib"]),
        "asked_twice": sum(times == 2 for times in asked.values()),
        "asked_more_often": sum(times > 2 for times in asked.values()),
        "usage_rows": dict(ledger.outcomes(data_dir)),
    }


def begin(server, count):
    """Uploads the requests and makes the job: its id, and how long the upload took."""
    lines = (json.dumps(line(number)) for number in range(count))
    text = "\n".join(lines)
    progress(f"{count:,} requests, {len(text) >> 20} MiB")
    began = time.monotonic()
    file = upload(server.api, text)
    assert file["num_lines"] == count, file
    uploaded = time.monotonic() - began
    body = {"endpoint": "/v1/chat/completions", "input_files": [file["id"]], "model": gateways.MODEL}
    made = server.api.request("POST", "/v1/batch/jobs", body)
    assert made.status == 200, made.body
    return made.json()["id"], uploaded


def line(number):
    message = {"role": "user", "content": f"Say the number {number}."}
    return {"custom_id": f"request-{number}", "body": {"messages": [message], "max_tokens": 32}}


def follow(server, job, is_enough):
    """Reads the progress until it is enough: the job then, how long it took, the memory meanwhile."""
    began = moved = shown = time.monotonic()
    completed = -1
    while True:
        answer = server.api.request("GET", f"/v1/batch/jobs/{job}")
        assert answer.status == 200, answer.body
        found, now = answer.json(), time.monotonic()
        if found["completed_requests"] != completed:
            completed, moved = found["completed_requests"], now
        if is_enough(found):
            peak = process.memory_kib(server.pid)["VmHWM"] / 1024
            return {**found, "seconds": now - began, "peak_mib": round(peak, 1)}
        assert now - moved < STILL_SECONDS, f"nothing goes on: {found}"
        if now - shown >= SHOW_SECONDS:
            shown = now
            progress(f"{completed:,} of {found['total_requests']:,}")
        time.sleep(POLL_SECONDS)


def phase(found, already):
    done = found["completed_requests"] - already
    seconds = found["seconds"]
    return {
        "requests": done,
        "seconds": seconds,
        "requests_per_s": done / seconds,
        "peak_mib": found["peak_mib"],
    }


def expect_each_once(api, ended, count):
    """The output has an answer to each request, once; there are no errors."""
    assert ended["status"] == "SUCCESS" and not ended["error_file"], ended
    counts = [ended[f"{name}_requests"] for name in ("total", "completed", "succeeded", "failed")]
    assert counts == [count, count, count, 0], ended
    output = api.request("GET", f"/v1/files/{ended['output_file']}/content")
    assert output.status == 200, output.status
    results = [json.loads(text) for text in output.body.splitlines()]
    names = Counter(result["custom_id"] for result in results)
    twice = [name for name, times in names.items() if times > 1]
    assert not twice, f"{len(twice)} have more than one answer: {twice[:5]}"
    missing = {f"request-{number}" for number in range(count)} - names.keys()
    assert not missing and len(names) == count, f"{len(missing)} have none: {sorted(missing)[:5]}"
    wrong = [one for one in results if one["response"]["status_code"] != 200]
    assert not wrong, wrong[:2]
    return len(results)


def write(result):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-batch.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    first, second = result["until_killed"], result["until_ended"]
    print(f"requests                {result['requests']:,}, each with one answer")
    print(f"requests/s              {result['requests_per_s']:.0f}")
    print(f"  until it was killed   {first['requests_per_s']:.0f} ({first['requests']:,})")
    print(f"  from then to the end  {second['requests_per_s']:.0f} ({second['requests']:,})")
    print(f"memory at its peak      {result['peak_mib']:.0f} MiB")
    print(f"asked twice upstream    {result['asked_twice']:,}")
    print(f"asked more often        {result['asked_more_often']:,}")


if __name__ == "__main__":
    main()
