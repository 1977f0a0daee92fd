"""Renders what the guards of a request cost as tables."""

import statistics

from bench import table

GOAL_MS = 1.0

SCENES = [
    ("chat", "chat, a model that answers at once"),
    ("chat_busy", "chat, a model that keeps every core busy for {busy_ms:.0f} ms first"),
    ("turn", "turn of a conversation, a model that answers at once"),
]

MOMENTS = [("first_byte", "first byte"), ("first_text", "first text"), ("end", "end")]

SHARES = [
    (("alone", "key_looked_up"), "the key is looked up"),
    (("alone", "rules_asked_twice"), "10 rules are asked twice, the account read for each"),
    (("alone", "entry_put_together"), "the entry is put together (in both)"),
    (("row_and_entry_made_durable",), "row and entry are made durable, before the first byte"),
    (("usage_settled",), "the usage is made durable, before the end"),
    (("alone", "bare_flush_of_the_disk"), "32 KiB into a file and a flush: the disk alone"),
    (("alone", "texts_sealed_and_tokens_made"), "texts of a turn sealed, tokens of words made"),
    (("receipt_read_afterwards",), "the receipt is read afterwards, with its entry"),
]


def render(result, file):
    guarded = result["guarded"]
    lines = [*added(guarded), "", *shares(guarded)]
    if "search" in result:
        lines += ["", *searches(result["search"])]
    return "\n".join([*lines, "", origin(result, file)])


def added(guarded):
    lines = [
        "| ms | bare p50 | guarded p50 | bare p99 | guarded p99 | added p50 | added p99 "
        "(95 % interval; rounds) | goal |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scene, label in SCENES:
        for moment, name in MOMENTS:
            found = guarded[scene][moment]
            bare, ours = found["bare"], found["guarded"]
            goal = verdict(found["added_p99"]) if scene != "turn" else ""
            lines.append(
                f"| {label.format(**guarded)}: {name} | {ms(bare['p50'])} | {ms(ours['p50'])} "
                f"| {ms(bare['p99'])} | {ms(ours['p99'])} | **{ms(found['added_p50']['all'])}** "
                f"| {spread(found['added_p99'])} | {goal} |"
            )
    return lines


def spread(found):
    low, high = found["interval_95"]
    rounds = found["rounds"]
    return (
        f"**{ms(found['all'])}** ({ms(low)} to {ms(high)}; {ms(min(rounds))} to "
        f"{ms(max(rounds))}, median {ms(statistics.median(rounds))})"
    )


def verdict(found):
    """Met or missed only where the whole interval says so."""
    low, high = found["interval_95"]
    if high < GOAL_MS:
        return "under 1: met"
    return "under 1: **missed**" if low >= GOAL_MS else "under 1: not decided"


def shares(guarded):
    lines = ["| one by one, ms | p50 | p95 | p99 |", "|---|---|---|---|"]
    for path, label in SHARES:
        found = guarded["shares_ms"]
        for name in path:
            found = found[name]
        figures = " | ".join(ms(found[share]) for share in ("p50", "p95", "p99"))
        lines.append(f"| {label} | {figures} |")
    alone = guarded["bare_alone_ms"]["end"]
    figures = " | ".join(ms(alone[share]) for share in ("p50", "p95", "p99"))
    lines.append(f"| the whole bare request while the guarded one does nothing | {figures} |")
    return lines


def searches(search):
    lines = [
        f"| search among {search['conversations']:,} sealed conversations | found | median, ms "
        "| 99th percentile, ms |",
        "|---|---|---|---|",
    ]
    for asked in search["searches"]:
        lines.append(
            f"| {asked['name']} | {asked['found']:,} | **{asked['p50']:.1f}** | {asked['p99']:.1f} |"
        )
    return lines


def origin(result, file):
    guarded = result["guarded"]
    text = (
        f"{guarded['rounds']} rounds of {guarded['pairs']:,} pairs "
        f"({guarded['busy_pairs']:,} where cores are kept busy), in turn."
    )
    if "search" in result:
        search = result["search"]
        text += (
            f" The conversations were written in {search['seconds_to_fill']:.0f} s and take "
            f"{search['bytes'] / 1e6:,.0f} MB; 300 searches each."
        )
    return f"{text} {table.facts(result, file)}"


def ms(value):
    return f"{value:.3f}" if abs(value) < 0.1 else f"{value:.2f}"
