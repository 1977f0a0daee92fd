"""What requests are charged adds up to what the process used."""

import threading

from harness import ledger, process
from harness.report import progress
from harness.server import Server
from suites.disconnect import OpenStream

REQUESTS = 8
TOLERANCE = 0.05


def run(report, bench):
    with Server(bench.binary, bench.data_dir()) as server:
        # The first request pays for lazily made things once.
        server.api.chat("Hello", max_tokens=4)
        with report.check("energy: concurrent requests add up to the process within 5 %"):
            _adds_up(server)
        with report.check("energy: joules are CPU-seconds at one documented power"):
            _one_power(server)
        with report.check("energy: an answer says what its usage row says"):
            _answer_equals_row(server)


def _adds_up(server):
    known = {row["request_id"] for row in ledger.usage_rows(server.data_dir)}
    before = process.cpu_seconds(server.pid)
    broken_off = OpenStream(server.api, "Tell a long story about a river.", min_tokens=1000)
    threads = [
        threading.Thread(target=_talk, args=(server.api, number)) for number in range(REQUESTS)
    ]
    for thread in threads:
        thread.start()
    broken_off.read_events(20)
    broken_off.close()
    for thread in threads:
        thread.join()
    ledger.settled_usage(server.data_dir, broken_off.request)
    used = process.cpu_seconds(server.pid) - before
    rows = [
        row for row in ledger.usage_rows(server.data_dir) if row["request_id"] not in known
    ]
    assert len(rows) == REQUESTS + 1, f"{len(rows)} usage rows"
    cancelled = [row for row in rows if row["outcome"] == "cancelled"]
    assert [row["request_id"] for row in cancelled] == [broken_off.request], rows
    assert cancelled[0]["energy_joules"] > 0, "a cancelled request is charged what it used"
    charged = sum(row["cpu_seconds"] for row in rows)
    progress(f"process {used:.2f} CPU-seconds, charged {charged:.2f} ({charged / used:.1%})")
    assert used > 0.5, f"too little work to compare: {used} s"
    assert abs(charged - used) <= TOLERANCE * used, f"charged {charged} of {used} CPU-seconds"


def _talk(api, number):
    question = f"Tell a story about {'a bird and ' * (number % 3)}the number {number}."
    answer = api.chat(question, max_tokens=96, min_tokens=96 - 10 * (number % 4))
    assert answer.status == 200, answer.body


def _one_power(server):
    rows = [row for row in ledger.usage_rows(server.data_dir) if row["cpu_seconds"]]
    methods = {row["energy_method"] for row in rows}
    assert methods <= {"estimated", "measured"}, methods
    for row in rows:
        grams = row["energy_joules"] / 3.6e6 * row["grid_factor_grams_per_kwh"]
        assert abs(row["co2e_grams"] - grams) <= 1e-6 * grams, row
    if methods == {"estimated"}:
        watts = [row["energy_joules"] / row["cpu_seconds"] for row in rows]
        progress(f"estimated at {watts[0]:.3f} W a CPU")
        assert max(watts) - min(watts) <= 1e-6 * max(watts), (min(watts), max(watts))


def _answer_equals_row(server):
    for usage, request in (_complete(server), _streamed(server)):
        row = ledger.settled_usage(server.data_dir, request)
        for name in ("prompt_tokens", "completion_tokens", "energy_method", "site", "grid_zone"):
            assert usage[name] == row[name], (name, usage, row)
        for name in ("energy_joules", "co2e_grams"):
            assert abs(usage[name] - row[name]) <= 1e-6 * row[name], (name, usage, row)


def _complete(server):
    answer = server.api.chat("Hello", max_tokens=8)
    return answer.json()["usage"], ledger.request_id(answer.json()["id"])


def _streamed(server):
    streamed = server.api.stream("Hello", max_tokens=8)
    return streamed.usage, ledger.request_id(streamed.chunks[0]["id"])
