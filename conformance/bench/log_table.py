"""Renders the figures of the log as a table."""

from bench import table

ROWS = [
    ("append_p50_ms", "append at 500 requests/s, p50, ms", ""),
    ("append_p99_ms", "append at 500 requests/s, p99, ms", "under 1 ms"),
    ("append_max_ms", "append at 500 requests/s, slowest, ms", ""),
    ("batch_128_entries_per_s", "128 waiting, entries/s durable", ""),
    ("batch_512_entries_per_s", "512 waiting, entries/s durable", "20,000"),
    ("batch_512_signed_per_s", "512 waiting, entries/s under a checkpoint", ""),
    ("verify_s", "1,000,000 entries verified, s", "under 10 s"),
]


def render(result, file):
    lines = ["| | log | plain hash chain | goal |", "|---|---|---|---|"]
    for name, label, goal in ROWS:
        found = result["summary"][name]
        lines.append(f"| {label} | {_spread(found['log'])} | {_spread(found['chain'])} | {goal} |")
    for name, label, goal in (
        ("p50_ms", "inclusion proof in 10,000,000 leaves, p50, ms", ""),
        ("p99_ms", "inclusion proof in 10,000,000 leaves, p99, ms", "under 5 ms"),
        ("proof_bytes", "its hashes, bytes", "under 1 KiB"),
        ("text_bytes_without_entry", "its text with the signed checkpoint, bytes", ""),
    ):
        values = [proof[name] for proof in result["proofs"]]
        lines.append(f"| {label} | **{_digits(max(values))}** | has none | {goal} |")
    return "\n".join([*lines, "", table.origin(result, file)])


def _spread(found):
    low, high = _digits(found["min"]), _digits(found["max"])
    return f"**{_digits(found['median'])}** ({low} to {high})"


def _digits(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
