"""Asks several servers the same things in turn, and sums up what each of them took."""

import statistics
import time

from bench import energy
from bench.client import ask
from harness import process
from harness.report import progress

PREFILL, DECODE = 512, 128
# Of the 512 tokens of a prompt, what an earlier one has in common with it.
KNOWN = 496
SHORT, DECODE_PROMPT, CONCURRENT_TOKENS = 20, 40, 64
CONCURRENT = (1, 8, 16)
FIGURES = ("_per_s", "_ms", "_percent", "_joules_per_1000")


def alternate(targets, rounds, plan, one_round):
    """Each round has its own prompts, the same for all; who begins goes round."""
    samples = []
    for number in range(rounds):
        work = plan()
        begin = number % len(targets)
        for target in targets[begin:] + targets[:begin]:
            others = [each.pid for each in targets if each is not target]
            cpu = sum(map(process.cpu_seconds, others))
            record = one_round(target, work)
            record["other_cpu_seconds"] = round(sum(map(process.cpu_seconds, others)) - cpu, 3)
            samples.append({"round": number + 1, "engine": target.name, **record})
            show(samples[-1])
    return {"summary": summary(samples), "samples": samples}


def warm(targets, prompts):
    for target in targets:
        ask(target, [prompts.of(PREFILL)], 8)


def speed_plan(prompts):
    return {"long": prompts.of(PREFILL), "decode": prompts.of(DECODE_PROMPT)}


def speed_round(target, work):
    """One answer after a long prompt and one after a short one, in the units of the table."""
    return {**after_long(target, work["long"]), **after_short(target, work["decode"])}


def after_long(target, prompt):
    (long,), _ = ask(target, [prompt], DECODE)
    return {
        "first_token_512_ms": long.first_text * 1000,
        "prefill_512_tokens_per_s": PREFILL / long.first_text,
        "decode_after_512_tokens_per_s": (DECODE - 1) / (long.end - long.first_text),
    }


def after_short(target, prompt):
    ((short,), _), joules = energy.of(target, lambda: ask(target, [prompt], DECODE))
    return {
        "decode_short_tokens_per_s": (DECODE - 1) / (short.end - short.first_text),
        "decode_short_joules_per_1000": joules / DECODE * 1000,
    }


def main_plan(prompts, limit):
    """What is asked of the two servers that are compared in everything."""
    work = speed_plan(prompts)
    return {
        **work,
        "short": [prompts.of(SHORT) for _ in range(3)],
        "known": prompts.alike(work["long"], KNOWN),
        "prefill": prompts.of(PREFILL),
        "concurrent": {
            count: [prompts.of(CONCURRENT_TOKENS) for _ in range(count)] for count in CONCURRENT
        },
        "limit": limit(),
    }


def main_round(target, work):
    first = [ask(target, [prompt], 4)[0][0].first_text for prompt in work["short"]]
    record = after_long(target, work["long"])
    # Nothing comes between the two prompts that begin alike.
    (known,), _ = ask(target, [work["known"]], 4)
    record |= after_short(target, work["decode"])
    _, joules = energy.of(target, lambda: ask(target, [work["prefill"]], 1))
    record |= {
        "first_token_20_ms": statistics.median(first) * 1000,
        "first_token_20_ms_each": [value * 1000 for value in first],
        "first_token_512_known_496_ms": known.first_text * 1000,
        "prefill_512_joules_per_1000": joules / PREFILL * 1000,
    }
    for count, prompts in work["concurrent"].items():
        record |= together(target, count, prompts)
    return {**record, **shares(record, work["limit"])}


def together(target, count, prompts):
    (_, wall), joules = energy.of(target, lambda: ask(target, prompts, CONCURRENT_TOKENS))
    answered = count * CONCURRENT_TOKENS
    return {
        f"concurrent_{count}_tokens_per_s": answered / wall,
        f"concurrent_{count}_joules_per_1000": joules / answered * 1000,
    }


def shares(record, limit):
    """How near decoding comes to what memory allows, as measured in the same round."""
    tokens_per_s_max = limit["stream_bytes_per_s"] / limit["weight_bytes_per_token"]
    return {
        "limit": limit,
        **{
            f"{name}_memory_percent": 100 * record[f"{name}_tokens_per_s"] / tokens_per_s_max
            for name in ("decode_short", "decode_after_512")
        },
    }


def settle(seconds, targets):
    """Resident KiB of each after loading, before any request."""
    time.sleep(seconds)
    return {target.name: process.memory_kib(target.pid)["VmRSS"] for target in targets}


def summary(samples):
    """Median, least and most of each figure by engine."""
    names = [name for name in samples[0] if name.endswith(FIGURES)]
    found = {}
    for name in names:
        by_engine = {}
        for sample in samples:
            by_engine.setdefault(sample["engine"], []).append(sample[name])
        found[name] = {engine: spread(values) for engine, values in by_engine.items()}
    return found


def spread(values):
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def show(sample):
    figures = [
        f"{name.removesuffix('_tokens_per_s')} {value:.0f}"
        for name, value in sample.items()
        if name.endswith(FIGURES)
    ]
    progress(f"round {sample['round']} {sample['engine']}: {', '.join(figures)}")
