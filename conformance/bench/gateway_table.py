"""Renders what gateways do as a table."""

from bench import table

NAMES = {
    "upstream": "upstream alone",
    "bare": "bare proxy",
    "litellm": "LiteLLM {litellm}",
    "galerne": "galerne",
}
GATEWAYS = ("litellm", "bare", "galerne")


def render(result, file):
    through, delays = result["throughput"]["summary"], result["latency"]["summary"]
    rows = [
        heading(result),
        "|---|---|---|---|---|---|---|",
        row("requests/s, whole answers", through, "whole", "requests_per_s"),
        row("requests/s, streamed answers", through, "stream", "requests_per_s"),
        row("processor time of a whole answer, ms", through, "whole", "cpu_ms_per_request"),
        row("processor time of a streamed answer, ms", through, "stream", "cpu_ms_per_request"),
    ]
    for kind, what in (("whole", "whole"), ("stream", "streamed, to its end")):
        for share in ("p50", "p99"):
            label = f"added at half of its own load, {what}, {share}, ms"
            rows.append(row(label, delays, kind, f"added_{share}_ms"))
    return "\n".join([*rows, *memory(result), "", *soaked(result), table.origin(result, file)])


def heading(result):
    names = (NAMES[name].format(**result) for name in ("upstream", *GATEWAYS))
    return f"| {result['connections']} connections | {' | '.join(names)} | galerne / LiteLLM | galerne / bare |"


def row(label, found, kind, name):
    cells, medians = [], {}
    for target in ("upstream", *GATEWAYS):
        figures = found.get(target, {}).get(kind, {}).get("spread", {}).get(name)
        cells.append(spread(figures) if figures else "")
        medians[target] = figures["median"] if figures else None
    return line(label, cells, medians)


def memory(result):
    for name, label in (("start", "resident memory at the start, MiB"), ("peak", "at its peak, MiB")):
        found = result["memory_mib"][name]
        cells = ["", *(f"{found[target]:.0f}" for target in GATEWAYS)]
        yield line(label, cells, found)


def line(label, cells, medians):
    ours = medians["galerne"]
    ratios = [f"{ours / medians[other]:.3g}x" if medians[other] else "" for other in GATEWAYS[:2]]
    return f"| {label} | {' | '.join(cells)} | {' | '.join(ratios)} |"


def spread(found):
    return f"**{digits(found['median'])}** ({digits(found['min'])} to {digits(found['max'])})"


def digits(value):
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def soaked(result):
    if "soak" not in result:
        return []
    found = result["soak"]
    before, after = found["before"], found["after"]
    return [
        f"{found['requests']:,} requests one after the other over the same connections took galerne "
        f"from {before['resident_mib']:.0f} to {after['resident_mib']:.0f} MiB of resident memory and "
        f"from {before['files']} to {after['files']} open files. Of {result['rows']['answers']:,} "
        f"answers in this run each has its usage row ({result['rows']['kept']['finished']:,} finished).",
        "",
    ]
