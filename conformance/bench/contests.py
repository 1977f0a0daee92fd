"""What is measured beside the main comparison, each with servers of its own."""

import contextlib
import difflib
import os
from functools import partial
from pathlib import Path

from bench import gguf, rounds
from bench.client import Ours, Theirs, ask
from bench.prompts import Prompts, plain
from harness import paths
from harness.peer import Peer
from harness.report import progress
from harness.server import Bench, Server

PEER_CONTEXT = 4096
# Of the ways in which llama.cpp looks up what an answer repeats, the two that gained most.
LOOKUPS = ("map_k4v", "mod")
# Ours guesses only where guesses are what is measured.
LIKE_FOR_LIKE = {"guesses": "false"}
GEMMA_TEMPLATE = "<bos>{% for message in messages %}{{ message['content'] }}{% endfor %}"


def serve(bench, threads, engine=None):
    """Our server with these settings of the engine, in the spelling of TOML."""
    data_dir = bench.data_dir()
    lines = [f"{name} = {value}" for name, value in (engine or LIKE_FOR_LIKE).items()]
    (data_dir / "galerne.toml").write_text("\n".join(["[engine]", *lines, ""]))
    return Server(bench.binary, data_dir, threads=threads)


def peer_of(model, threads, lookup=None):
    return Peer(model, threads, PEER_CONTEXT, max(rounds.CONCURRENT), lookup=lookup)


def narrow(bench, peer, prompts, options):
    """Our server without the instructions that not every processor has."""
    progress("with AVX2 only")
    settings = {**LIKE_FOR_LIKE, "cpu_path": '"avx2"'}
    with serve(bench, options.threads, settings) as server:
        targets = [Ours(server), Theirs(peer)]
        rounds.warm(targets, prompts)
        plan = partial(rounds.speed_plan, prompts)
        return rounds.alternate(targets, options.rounds, plan, rounds.speed_round)


def copies(bench, main, prompts, options):
    """An answer that repeats its prompt: both with and without guesses."""
    progress("answers that repeat their prompt")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serve(bench, options.threads, {"guesses": "true"}))
        targets = [Ours(server, "galerne_guesses"), *main]
        for lookup in LOOKUPS:
            peer = stack.enter_context(peer_of(paths.model_file(), options.threads, lookup))
            targets.append(Theirs(peer, f"xllamacpp_{lookup}"))
        rounds.warm(targets, prompts)
        return rounds.alternate(targets, options.rounds, prompts.copying, copy_round)


def copy_round(target, prompt):
    (sample,), _ = ask(target, [prompt], rounds.DECODE)
    return {
        "copy_tokens_per_s": (rounds.DECODE - 1) / (sample.end - sample.first_text),
        "repeated_percent": 100 * repeated(sample.text, prompt.messages[-1]["content"]),
    }


def repeated(answer, prompt):
    """The share of the answer's words that stand in the prompt, runs of five or more."""
    words, given = answer.split(), prompt.split()
    matcher = difflib.SequenceMatcher(None, words, given, autojunk=False)
    runs = [block.size for block in matcher.get_matching_blocks() if block.size >= 5]
    return sum(runs) / max(1, len(words))


def gemma(options):
    """The same speeds with another family of models; None if its file is not there."""
    file = os.environ.get("GALERNE_GEMMA_FILE")
    if not file or not Path(file).is_file():
        progress("Gemma 3 is not measured: GALERNE_GEMMA_FILE names no file")
        return None
    progress("Gemma 3")
    bench = Bench()
    try:
        # Our server answers conversations only, and the file has no template for them.
        bench.model_file = bench.folder / Path(file).name
        gguf.with_template(file, bench.model_file, GEMMA_TEMPLATE)
        return {"model": Path(file).name, **gemma_rounds(bench, options)}
    finally:
        bench.remove()


def gemma_rounds(bench, options):
    with peer_of(bench.model_file, options.threads) as peer:
        with serve(bench, options.threads) as server:
            targets, prompts = [Ours(server), Theirs(peer)], Prompts(peer, options.seed, plain)
            rounds.warm(targets, prompts)
            plan = partial(rounds.speed_plan, prompts)
            found = rounds.alternate(targets, options.rounds, plan, rounds.speed_round)
    prompts.compare(bench.model_file)
    return found
