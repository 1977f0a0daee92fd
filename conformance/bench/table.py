"""Renders a result as a table and puts it between the markers of a page."""

ROWS = [
    ("prefill_512_tokens_per_s", "prefill of 512 tokens, tok/s", "at least 2.0x"),
    ("decode_after_512_tokens_per_s", "decode of 128 after 512, tok/s", "at least 1.5x"),
    ("decode_short_tokens_per_s", "decode of 128 after 40, tok/s", ""),
    ("concurrent_1_tokens_per_s", "1 request, tok/s end to end", ""),
    ("concurrent_8_tokens_per_s", "8 concurrent, total tok/s end to end", ""),
    ("concurrent_16_tokens_per_s", "16 concurrent, total tok/s end to end", ""),
    ("first_token_20_ms", "first token of a 20-token prompt, ms", "at most 0.6x"),
    ("first_token_512_ms", "first token of a 512-token prompt, ms", ""),
    ("first_token_512_known_496_ms", "the same when 496 of the 512 are known, ms", ""),
]


def render(result, file):
    ours, theirs = "galerne", "xllamacpp"
    lines = [
        f"| {result['model']}, {result['threads']} threads | galerne | "
        f"xllamacpp {result['peer']['version']} | ratio | goal |",
        "|---|---|---|---|---|",
    ]
    for name, label, goal in ROWS:
        found = result["summary"][name]
        ratio = found[ours]["median"] / found[theirs]["median"]
        lines.append(
            f"| {label} | {spread(found[ours])} | {spread(found[theirs])} | {ratio:.2f}x | {goal} |"
        )
    memory = result["memory_kib"]
    for name, label, goal in (
        ("peak", "peak resident memory, MiB", "below 1x"),
        ("idle", "resident memory after loading, MiB", "under 200 MiB"),
    ):
        mine, other = (memory[engine][name] / 1024 for engine in (ours, theirs))
        lines.append(f"| {label} | {mine:.0f} | {other:.0f} | {mine / other:.2f}x | {goal} |")
    lines += ["", origin(result, file)]
    return "\n".join(lines)


def spread(found):
    digits = 0 if found["median"] >= 100 else 1
    low, high = (f"{found[end]:.{digits}f}" for end in ("min", "max"))
    return f"**{found['median']:.{digits}f}** ({low} to {high})"


def origin(result, file):
    machine = result["machine"]
    changed = " with changes" if result["changed_files"] else ""
    commit = (result["commit"] or "no commit")[:12]
    return (
        f"Median of {result['rounds']} rounds, least and most in brackets. {result['date'][:10]}, "
        f"{machine['cpu'].get('model name', 'unknown CPU')} "
        f"({', '.join(machine['features'])}), {machine['cores']} cores, "
        f"{machine['memory_mib'] // 1024} GiB, Linux {machine['kernel']}, "
        f"commit {commit}{changed}. Every sample: [{file.name}]({file})."
    )


def insert(page, name, text):
    """Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, found, rest = page.read_text().partition(begin)
    old, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise AssertionError(f"{page} has no markers {begin} and {end}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")
