"""The two loads: as many requests as go through, and so many a second."""

import json
import os
import subprocess

from bench.gateways import BENCH, MODEL, body, tools

CONNECTIONS = 64
HANG_GUARD_SECONDS = 3_600


def throughput(target, stream, seconds):
    """wrk over 64 connections: requests a second, and what the target worked for each."""
    root, env = tools()
    command = [
        *(root / "usr/bin/wrk", "--threads", 1, "--connections", CONNECTIONS),
        *("--duration", f"{seconds}s", "--timeout", "60s", "--script", BENCH / "load" / "chat.lua"),
        *(f"http://{target.address}", "--", target.key, MODEL, "true" if stream else "false"),
    ]
    cpu = target.cpu_seconds()
    done = run(command, env)
    worked = target.cpu_seconds() - cpu
    found = json.loads(done.splitlines()[-1])
    if found["failed"] or not found["requests"]:
        raise AssertionError(f"{target.name}: {done[-600:]}")
    return {
        "requests": found["requests"],
        "requests_per_s": found["requests"] / found["seconds"],
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "cpu_ms_per_request": 1000 * worked / found["requests"],
    }


def latency(target, stream, rate, seconds, folder):
    """Requests that are sent on time, whether or not earlier ones are answered."""
    return _open_loop(target, stream, max(1, round(rate)), max(100, round(rate * seconds)), folder)


def many(target, stream, count, folder):
    """So many requests, as fast as answers come."""
    return _open_loop(target, stream, 0, count, folder)


def _open_loop(target, stream, rate, count, folder):
    asked = folder / f"body-{'stream' if stream else 'whole'}.json"
    asked.write_text(json.dumps(body(stream)))
    program = os.environ["GALERNE_OPEN_LOOP"]
    command = [program, target.address, target.key, asked, CONNECTIONS, rate, count]
    found = json.loads(run(command).splitlines()[-1])
    shares = {f"{name}_ms": found[f"{name}_us"] / 1000 for name in ("p50", "p90", "p99", "max")}
    return {"requests": found["requests"], "seconds": found["micros"] / 1e6, "rate": rate, **shares}


def run(command, env=None):
    done = subprocess.run(
        [str(part) for part in command],
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_GUARD_SECONDS,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command[0]}: {done.stderr[-500:] or done.stdout[-500:]}")
    return done.stdout
