"""What is to be reached, and whether it was, said as it is."""

from dataclasses import dataclass

from .spread import Estimate

# So many standard errors may be chance.
ERRORS = 2


@dataclass(frozen=True)
class Goal:
    """At least, or at most, so much."""

    bound: float
    is_most: bool = False
    # What has to be so for the goal to have been tried at all, as people read it.
    tried_with: str = ""
    # How it is called, where a number would not be.
    called: str = ""

    def words(self):
        if self.called:
            return self.called
        return f"{'at most' if self.is_most else 'at least'} {self.bound:g}"


NDCG = {
    "CNIL": Goal(0.78),
    "service-public.fr": Goal(0.90),
    "XQuAD ar": Goal(0.96),
    "XQuAD hi": Goal(0.97),
    "XQuAD ar->en": Goal(0.85),
    "XQuAD hi->en": Goal(0.90),
}
PRECISION, RECALL, REFUSAL = Goal(0.90), Goal(0.85), Goal(0.80)
LATENCY_MS = Goal(40, is_most=True, tried_with="1,000,000 passages on 2 cores")
PAGES = Goal(60, tried_with="2 cores")
EMBEDDED_PAGES = Goal(10, tried_with="2 cores")
BYTES = Goal(1600, is_most=True)
LEAKS = Goal(0, is_most=True, tried_with="10,000 searches", called="never")
EXACT = Goal(1, tried_with="10,000 quotes", called="all of them")
WORKER_MIB = Goal(256, is_most=True)

LEAKS_TRIED, QUOTES_TRIED, PASSAGES_TRIED = 10_000, 10_000, 1_000_000


def verdict(goal, measured, is_tried=True):
    """`met`, `missed`, and what has to be said with it; nothing where there is no goal.

    `measured`: a number, an Estimate, or None where nothing could be measured.
    """
    if goal is None:
        return ""
    if measured is None:
        return f"{goal.words()}: not measured"
    value, error = measured, 0.0
    if isinstance(measured, Estimate):
        value, error = measured.value, measured.error
    is_met = value <= goal.bound if goal.is_most else value >= goal.bound
    told = "met" if is_met else "**missed**"
    # Not a word of chance where it cannot vary.
    if error and abs(value - goal.bound) < ERRORS * error:
        told += f", and within {ERRORS} standard errors of the goal"
    if not is_tried:
        condition = f" with {goal.tried_with}" if goal.tried_with else ""
        told = f"not tried{condition}; here {told}"
    return f"{goal.words()}: {told}"


def of_task(task, sets):
    """The goal for a task, and whether the task here is the one that it was set for."""
    return NDCG.get(task.name), sets.is_whole(task)
