"""What every table of a result has, and its place between the markers of a page."""


def spread(found):
    digits = 0 if found["median"] >= 100 else 1
    low, high = (f"{found[end]:.{digits}f}" for end in ("min", "max"))
    return f"**{found['median']:.{digits}f}** ({low} to {high})"


def origin(result, file):
    median = f"Median of {result['rounds']} rounds, least and most in brackets."
    return f"{median} {facts(result, file)}"


def facts(result, file):
    """When, on what, of which commit, and where every figure is."""
    machine = result["machine"]
    changed = " with changes" if result["changed_files"] else ""
    commit = (result["commit"] or "no commit")[:12]
    return (
        f"{result['date'][:10]}, "
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
