"""Renders the figures of the page as tables."""

from bench import table

LOAD = {
    "js_brotli_bytes": ("JavaScript before it shows, brotli, kB", 1000, "at most 180"),
    "js_all_brotli_bytes": ("all JavaScript of the first load, brotli, kB", 1000, ""),
    "css_brotli_bytes": ("CSS, brotli, kB", 1000, "at most 25"),
    "sent_bytes": ("JavaScript and CSS as the server sends them, kB", 1000, ""),
    "interactive_ms": ("until the field takes a letter, ms", 1, "under 1,000"),
    "rows_ms": ("until the list of 100,000 is drawn, ms", 1, ""),
}

STREAM = {
    "longest_task_ms": ("longest task, ms", "at most 100"),
    "keystroke_p50_ms": ("keystroke to paint, p50, ms", ""),
    "keystroke_p95_ms": ("keystroke to paint, p95, ms", ""),
    "keystroke_max_ms": ("keystroke to paint, slowest, ms", "under 50"),
    "asking_ms": ("the key that asks, to paint, ms", ""),
    "inp_ms": ("INP, ms", ""),
    "layout_shift": ("layout shift (CLS)", "at most 0.02"),
    "opening_longest_task_ms": ("longest task of opening it, ms", ""),
}

SCENES = {"opened": "as it opens", "whole": "every turn drawn", "one_block": "one long list"}


def render(result, file):
    summary = result["summary"]
    lines = ["| first load, signed in, nothing cached | | goal |", "|---|---|---|"]
    for name, (label, scale, goal) in LOAD.items():
        lines.append(f"| {label} | {_spread(summary['load'][name], scale)} | {goal} |")
    lines += ["", *_stream(summary["stream"]), "", *_lists(summary["lists"])]
    return "\n".join([*lines, "", table.origin(result, file)])


def _stream(scenes):
    names = " | ".join(SCENES.values())
    lines = [f"| 100 tokens/s into 2,000 messages, CPU slowed 4x | {names} | goal |"]
    lines.append("|---|" + "---|" * (len(SCENES) + 1))
    for name, (label, goal) in STREAM.items():
        cells = " | ".join(_spread(scenes[scene][name]) for scene in SCENES)
        lines.append(f"| {label} | {cells} | {goal} |")
    return lines


def _lists(lists):
    lines = [
        "| 100,000 conversations | found | store alone, ms | server, ms | seen by a person, ms | goal |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in lists.items():
        is_search = name not in ("list", "archived")
        label = f"search: {name}" if is_search else f"{name} opens".replace("archived", "archive")
        cells = " | ".join(_spread(found[kind]) for kind in ("store_ms", "server_ms", "page_ms"))
        goal = "under 200" if is_search else "under 300"
        lines.append(f"| {label} | {found['found']:,} | {cells} | {goal} |")
    return lines


def _spread(found, scale=1):
    low, high = _digits(found["min"] / scale), _digits(found["max"] / scale)
    middle = f"**{_digits(found['median'] / scale)}**"
    return middle if low == high else f"{middle} ({low} to {high})"


def _digits(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.4f}".rstrip("0").rstrip(".")
