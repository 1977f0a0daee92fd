"""Kept prompts of one tenant say nothing to another one.

What is measured is the work that was spared, which the server counts, and not the time: the count
decides the time, and does not waver. Prompts that another tenant has just asked must be computed
exactly as far as prompts that nobody has asked. The control is the tenant that did ask.
"""

import random

from harness.server import Server
from suites.conversation_tenants import key_of_another

SEED = 20261123
TRIALS = 20
WORDS = 30


def run(report, bench):
    generator = random.Random(SEED)
    with Server(bench.binary, bench.data_dir()) as server:
        own = server.api
        stranger = key_of_another(server, bench, "organisation").api
        asked, fresh, control = [], [], []
        with report.check(f"prefixes: {TRIALS} prompts are asked by two organisations"):
            asked, fresh, control = _measure(own, stranger, generator)
        with report.check("prefixes: what another organisation asked spares as much as what nobody did"):
            assert len(asked) == TRIALS and set(asked) == set(fresh), (asked, fresh)
        with report.check("prefixes: control: what the own organisation asked spares more"):
            assert min(control) > max(asked), (asked, control)


def _measure(own, stranger, generator):
    """Tokens that were spared: prompts that `own` asked before, prompts of nobody, and `own` again."""
    # The beginning that the template gives to every prompt.
    _spared(stranger, _prompt(generator))
    asked, fresh, control = [], [], []
    for _ in range(TRIALS):
        prompt = _prompt(generator)
        _spared(own, prompt)
        asked.append(_spared(stranger, prompt))
        fresh.append(_spared(stranger, _prompt(generator)))
        control.append(_spared(own, prompt))
    return asked, fresh, control


def _prompt(generator):
    """Differs from every other one with its first word."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join("".join(generator.choices(letters, k=5)) for _ in range(WORDS))


def _spared(api, prompt):
    answer = api.chat(prompt, max_tokens=1)
    assert answer.status == 200, answer.body
    return answer.json()["usage"]["prompt_tokens_details"]["cached_tokens"]
