"""Renders the figures of the engine as a table, and says which goals are met."""

from dataclasses import dataclass

from bench import rounds, table

OURS, THEIRS = "galerne", "xllamacpp"


@dataclass(frozen=True)
class Goal:
    """A bound: of the ratio when its unit is `x`, of our own figure otherwise."""

    word: str
    bound: float
    unit: str
    # A goal for processors with this feature only.
    feature: str = ""

    def verdict(self, ours, ratio, features):
        text = f"{self.word} {self.bound:g}{self.unit}"
        if self.feature and self.feature not in features:
            return f"{text} with AMX, which is not here"
        value = ratio if self.unit == "x" else ours
        met = value >= self.bound if self.word == "at least" else value <= self.bound
        return f"{text}: {'met' if met else '**missed**'}"


def at_least(bound, unit="x", feature=""):
    return Goal("at least", bound, unit, feature)


def at_most(bound, unit="x"):
    return Goal("at most", bound, unit)


@dataclass(frozen=True)
class Row:
    figure: str
    label: str
    goals: tuple = ()
    ours: str = OURS
    theirs: tuple = (THEIRS,)

    def render(self, summary, features):
        found = summary[self.figure]
        mine = found[self.ours]
        # Of several ways in which the other may be run, the one that is best for it.
        other = max((found[name] for name in self.theirs), key=lambda each: each["median"])
        ratio = mine["median"] / other["median"]
        verdicts = [goal.verdict(mine["median"], ratio, features) for goal in self.goals]
        cells = (self.label, table.spread(mine), table.spread(other), f"{ratio:.2f}x")
        return f"| {' | '.join(cells)} | {'; '.join(verdicts)} |"


MAIN = (
    Row(
        *("prefill_512_tokens_per_s", "prefill of 512 tokens, tok/s"),
        (at_least(12, feature="amx_int8"),),
    ),
    Row("decode_short_tokens_per_s", "decode of 128 after 40, tok/s", (at_least(3),)),
    Row(
        *("decode_short_memory_percent", "the same as a share of the memory limit, %"),
        (at_least(60, " %"),),
    ),
    Row("decode_after_512_tokens_per_s", "decode of 128 after 512, tok/s", (at_least(3),)),
    Row("decode_after_512_memory_percent", "the same as a share of the memory limit, %"),
    Row("concurrent_1_tokens_per_s", "1 request of 64 + 64, tok/s end to end"),
    Row("concurrent_8_tokens_per_s", "8 concurrent, total tok/s end to end"),
    Row(
        *("concurrent_16_tokens_per_s", "16 concurrent, total tok/s end to end"),
        (at_least(12, feature="amx_int8"),),
    ),
    Row("first_token_20_ms", "first token of a 20-token prompt, ms", (at_most(0.6),)),
    Row("first_token_512_ms", "first token of a 512-token prompt, ms", (at_most(250, " ms"),)),
    Row(
        *("first_token_512_known_496_ms", "the same when 496 of the 512 are known, ms"),
        (at_most(15, " ms"),),
    ),
    Row("prefill_512_joules_per_1000", "energy of 1,000 tokens of a 512-token prompt, J"),
    Row("decode_short_joules_per_1000", "energy of 1,000 tokens of one answer, J"),
    Row("concurrent_16_joules_per_1000", "energy of 1,000 tokens of 16 answers at once, J"),
)
COPIES = (
    Row(
        *("copy_tokens_per_s", "128 tokens that repeat the prompt, guessed by ours only, tok/s"),
        *((), "galerne_guesses"),
    ),
    Row(
        *("copy_tokens_per_s", "the same, looked up by the other too, tok/s"),
        *((), "galerne_guesses", ("xllamacpp_map_k4v", "xllamacpp_mod")),
    ),
)
AVX2 = (
    Row("decode_short_tokens_per_s", "with AVX2 only: decode after 40, tok/s", (at_least(1.5),)),
    Row(
        *("decode_after_512_tokens_per_s", "with AVX2 only: decode after 512, tok/s"),
        (at_least(1.5),),
    ),
    Row("prefill_512_tokens_per_s", "with AVX2 only: prefill of 512, tok/s"),
)
GEMMA = (
    Row("decode_short_tokens_per_s", "Gemma 3 270M: decode after 40, tok/s", (at_least(1.8),)),
    Row(
        *("decode_after_512_tokens_per_s", "Gemma 3 270M: decode after 512, tok/s"),
        (at_least(1.8),),
    ),
    Row("prefill_512_tokens_per_s", "Gemma 3 270M: prefill of 512, tok/s"),
)
MEMORY = (
    ("peak", "peak resident memory, MiB", at_most(0.7)),
    ("idle", "resident memory after loading, MiB", at_most(200, " MiB")),
)


def render(result, file):
    features = result["machine"]["features"]
    parts = [(MAIN, result), (COPIES, result["copies"]), (AVX2, result["avx2"])]
    parts += [(GEMMA, result["gemma"])] if result["gemma"] else []
    lines = [
        f"| {result['model']}, {result['threads']} threads | galerne | "
        f"xllamacpp {result['peer']['version']} | ratio | goal |",
        "|---|---|---|---|---|",
    ]
    lines += [row.render(part["summary"], features) for rows, part in parts for row in rows]
    lines += [memory(result["memory_kib"], *row) for row in MEMORY]
    return "\n".join([*lines, "", limits(result), "", table.origin(result, file)])


def memory(found, name, label, goal):
    mine, other = (found[engine][name] / 1024 for engine in (OURS, THEIRS))
    verdict = goal.verdict(mine, mine / other, ())
    return f"| {label} | {mine:.0f} | {other:.0f} | {mine / other:.2f}x | {verdict} |"


def limits(result):
    """What the shares and the joules were computed with."""
    each = [sample["limit"] for sample in result["samples"] if sample["engine"] == OURS]
    streamed, again = (
        table.spread(rounds.spread([limit[name] / 1e9 for limit in each]))
        for name in ("stream_bytes_per_s", "again_bytes_per_s")
    )
    factor = result["energy"]
    return (
        f"Memory gave {streamed} GB/s to {result['threads']} threads, and {again} when as many "
        f"bytes as the weights are read again and again; a token reads "
        f"{each[0]['weight_bytes_per_token'] / 1e6:.1f} MB of weights. Energy is estimated: "
        f"processor seconds times {factor['watts_per_busy_core']:g} W, "
        f"give or take {factor['uncertainty_percent']:g} %."
    )
