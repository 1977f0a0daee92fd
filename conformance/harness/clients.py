"""Runs a script of checks in another process; each line it prints is one check as JSON."""

import json
import subprocess
import tempfile
import threading

HANG_GUARD_SECONDS = 600


def run_checks(report, prefix, command, env=None, cwd=None, seconds_max=HANG_GUARD_SECONDS):
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        guard = threading.Timer(seconds_max, process.kill)
        guard.start()
        try:
            finished = _take_lines(report, prefix, process.stdout)
            process.wait()
        finally:
            guard.cancel()
        errors.seek(0)
        tail = " ".join(errors.read().split())[-600:]
    with report.check(f"{prefix}: every check was run"):
        assert finished and process.returncode == 0, f"exit code {process.returncode}: {tail}"


def _take_lines(report, prefix, output):
    finished = False
    for line in output:
        try:
            record = json.loads(line)
        except ValueError:
            print(line.rstrip("\n"), flush=True)
            continue
        if record.get("finished"):
            finished = True
        else:
            report.take(prefix, record)
    return finished
