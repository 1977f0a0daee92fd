"""Reads the database of a data directory: usage rows and audit entries of requests."""

import contextlib
import json
import sqlite3
import time
import uuid
from collections import Counter
from pathlib import Path

HANG_GUARD_SECONDS = 60


@contextlib.contextmanager
def _open(data_dir):
    address = f"file:{Path(data_dir) / 'galerne.db'}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


def request_id(text):
    """The id in an `x-request-id` header or in the `id` of an answer."""
    return uuid.UUID(text.removeprefix("chatcmpl-"))


def usage_rows(data_dir):
    """All usage rows as dictionaries with their request's id as UUID."""
    with _open(data_dir) as connection:
        rows = [dict(row) for row in connection.execute("SELECT * FROM usage")]
    for row in rows:
        row["request_id"] = uuid.UUID(bytes=row["request_id"])
    return rows


def usage_counts(data_dir):
    """How many usage rows each request has, and the outcome of its last one."""
    rows = usage_rows(data_dir)
    return Counter(row["request_id"] for row in rows), {
        row["request_id"]: row["outcome"] for row in rows
    }


def outcomes(data_dir):
    """How many usage rows ended how."""
    with _open(data_dir) as connection:
        found = connection.execute("SELECT outcome, count(*) FROM usage GROUP BY outcome")
        return Counter(dict(found.fetchall()))


def settled_usage(data_dir, request):
    """The usage row of a request, awaited until it is no longer running."""
    deadline = time.monotonic() + HANG_GUARD_SECONDS
    while True:
        rows = [row for row in usage_rows(data_dir) if row["request_id"] == request]
        assert len(rows) <= 1, f"{len(rows)} usage rows for request {request}"
        if rows and rows[0]["outcome"] != "running":
            return rows[0]
        if time.monotonic() > deadline:
            raise AssertionError(f"the usage row of {request} is not settled: {rows}")
        time.sleep(0.02)


def audit_entries(data_dir):
    """All audit entries in order: the canonical JSON, decoded."""
    with _open(data_dir) as connection:
        found = connection.execute("SELECT canonical FROM audit ORDER BY sequence")
        return [json.loads(row[0]) for row in found]


def audited_requests(data_dir):
    """How many audit entries each request has."""
    counts = Counter()
    for entry in audit_entries(data_dir):
        subject = entry["subject"] or ""
        if subject.startswith("request:"):
            counts[uuid.UUID(subject.removeprefix("request:"))] += 1
    return counts


def integrity(data_dir):
    with _open(data_dir) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
