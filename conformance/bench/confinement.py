"""What confinement costs: the same server with it and without, in turn.

    cd conformance && GALERNE_BIN=… GALERNE_MODEL_FILE=… python3 -m bench.confinement --rounds 15

Prints medians of each, and the median of the differences within rounds. Processor time says more than
elapsed time on a machine that others use.
"""

import argparse
import statistics
import time

from harness import process
from harness.server import Bench, Server

REQUESTS, TOKENS = 1000, 64


def measure(bench, data_dir):
    began = time.perf_counter()
    with Server(bench.binary, data_dir) as server:
        figures = {"start_ms": (time.perf_counter() - began) * 1000}
        figures["start_cpu_ms"] = process.cpu_seconds(server.pid) * 1000
        server.api.chat("Warm up.", max_tokens=4)
        began = time.perf_counter()
        answer = server.api.chat("Tell of the sea.", max_tokens=TOKENS, temperature=0)
        assert answer.status == 200, answer.body
        figures["chat_ms"] = (time.perf_counter() - began) * 1000
        spent = process.cpu_seconds(server.pid)
        figures["request_ms"] = _many(server.api)
        spent = process.cpu_seconds(server.pid) - spent
        figures["request_cpu_ms"] = spent * 1000 / REQUESTS
    return figures


def _many(api):
    """One cheap request over an open connection, with its audit entry."""
    connection = api.connect()
    began = time.perf_counter()
    for _ in range(REQUESTS):
        headers = {"Authorization": f"Bearer {api.key}"}
        connection.request("GET", "/v1/models", headers=headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
    taken = time.perf_counter() - began
    connection.close()
    return taken * 1000 / REQUESTS


def main():
    parser = argparse.ArgumentParser(description="Measures what confinement costs.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    bench = Bench()
    samples = {True: [], False: []}
    try:
        for number in range(rounds):
            for confined in (True, False) if number % 2 else (False, True):
                data_dir = bench.data_dir()
                text = f"[confinement]\nserver = {str(confined).lower()}\n"
                (data_dir / "galerne.toml").write_text(text)
                samples[confined].append(measure(bench, data_dir))
    finally:
        bench.remove()
    for name in samples[True][0]:
        pairs = [(a[name], b[name]) for a, b in zip(samples[True], samples[False])]
        confined, free = (statistics.median(column) for column in zip(*pairs))
        difference = statistics.median(a - b for a, b in pairs)
        print(f"{name}: confined {confined:.3f}, free {free:.3f}, difference {difference:+.3f}")


if __name__ == "__main__":
    main()
