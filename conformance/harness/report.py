"""Counts and prints checks: `ok NAME`, `FAILED NAME: why`, `skipped NAME: why`.

A script that another process runs prints them as JSON instead, one a line.
"""

import contextlib
import json
import os
import sys
import time
import traceback


class Skip(Exception):
    """Raised inside a check that cannot run here; the text says why."""


class Report:
    def __init__(self, as_json=False):
        self.as_json = as_json
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []

    def ok(self, name):
        self.passed += 1
        self._print(name, "ok")

    def fail(self, name, why):
        self.failed += 1
        self.failures.append(name)
        self._print(name, "failed", why)

    def skip(self, name, why):
        self.skipped += 1
        self._print(name, "skipped", why)

    def _print(self, name, status, why=""):
        if self.as_json:
            print(json.dumps({"name": name, "status": status, "why": why}), flush=True)
        else:
            word = "FAILED" if status == "failed" else status
            print(f"{word} {name}" + (f": {why}" if why else ""), flush=True)

    @contextlib.contextmanager
    def check(self, name):
        """Runs its block as one check; an exception fails it and the run goes on."""
        started = time.monotonic()
        try:
            yield
        except Skip as reason:
            self.skip(name, str(reason))
        except Exception as error:
            if os.environ.get("GALERNE_TRACEBACK"):
                traceback.print_exc(file=sys.stdout)
            self.fail(name, describe(error))
        else:
            self.ok(name)
        if os.environ.get("GALERNE_TIMES"):
            progress(f"{time.monotonic() - started:.1f} s")

    def take(self, prefix, record):
        """Counts a check that another process reported."""
        name = f"{prefix}: {record['name']}"
        if record["status"] == "ok":
            self.ok(name)
        elif record["status"] == "skipped":
            self.skip(name, record.get("why", ""))
        else:
            self.fail(name, record.get("why", ""))

    def finish(self):
        """Prints the last line and returns the exit code."""
        if self.as_json:
            print(json.dumps({"finished": True}), flush=True)
            return 0
        for name in self.failures:
            print(f"failed: {name}", flush=True)
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def describe(error):
    """One line: the kind, the text, and the line of ours where it came from."""
    place = ""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "conformance" in frame.filename and not frame.filename.endswith("report.py"):
            place = f" ({os.path.basename(frame.filename)}:{frame.lineno})"
            break
    text = " ".join(str(error).split()) or "no message"
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    return f"{kind}{text[:600]}{place}"


def progress(text):
    print(f"-- {text}", flush=True)
