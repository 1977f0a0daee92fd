"""Asks every question in every mode, and compares what is found with what answers it."""

import time
from concurrent.futures import ThreadPoolExecutor

from harness.libraries import MODES, Libraries
from harness.report import progress

from . import ranking, spread
from .bm25 import Bm25

# As many passages as a search gives: several may be of one document.
LIMIT = 50
ASKING = 4
PLAIN = "BM25, plain words"
# Which of these is compared with which, on the same questions.
PAIRS = (("hybrid", "lexical"), ("hybrid", "dense"), ("lexical", PLAIN))


def measure(libraries, task, corpus, filled):
    """What each mode comes to, and the differences between them, question by question."""
    rankings = {mode: _ranked(libraries, task, filled, mode) for mode in MODES}
    peer = Bm25({document.name: document.text for document in corpus.documents})
    rankings[PLAIN] = [peer.rank(question.text, LIMIT) for question in task.questions]
    scores = {name: _scores(task, found) for name, found in rankings.items()}
    told = {
        "task": task.name,
        "documents": len(corpus.documents),
        "questions": len(task.questions),
        "modes": {name: _estimates(of) for name, of in scores.items()},
        "differences": {
            f"{left} - {right}": spread.paired(scores[left]["ndcg"], scores[right]["ndcg"]).told()
            for left, right in PAIRS
        },
    }
    show(told)
    samples = {name: [round(one, 4) for one in of["ndcg"]] for name, of in scores.items()}
    return {**told, "samples_ndcg": samples}


def _ranked(libraries, task, filled, mode):
    def name_of(hit):
        return filled.names[hit["document_id"]]

    def ask(question):
        answer = libraries.search(question.text, [filled.id], mode=mode, limit=LIMIT)
        # Without a vector a search goes by words alone, and would be counted as what it is not.
        assert answer["mode"] == mode, f"asked for {mode}, and it was {answer['mode']}"
        return ranking.of_documents(answer["data"], name_of)

    with ThreadPoolExecutor(ASKING) as pool:
        return list(pool.map(ask, task.questions))


def _scores(task, rankings):
    pairs = list(zip(task.questions, rankings))
    return {
        "ndcg": [ranking.ndcg(found, question.gold) for question, found in pairs],
        "recall": [ranking.recall(found, question.gold) for question, found in pairs],
    }


def _estimates(scores):
    return {metric: spread.mean(values).told() for metric, values in scores.items()}


def show(told):
    figures = ", ".join(f"{name} {of['ndcg']['value']:.3f}" for name, of in told["modes"].items())
    progress(f"{told['task']}: nDCG@10 {figures}")


def latency(server, tasks, filled, count, rounds):
    """Milliseconds of searches, one after the other over one connection, modes in turn.

    As a client sees them: the whole answer is read. Each round begins with another mode.
    """
    libraries = Libraries(server.api, keeps_alive=True)
    questions = _spread_over(tasks, count)
    for mode in MODES:
        for task, question in questions[: count // 10]:
            libraries.search(question.text, [filled[task.corpus].id], mode=mode)
    times = {mode: [] for mode in MODES}
    for number in range(rounds):
        turn = MODES[number % len(MODES) :] + MODES[: number % len(MODES)]
        for mode in turn:
            times[mode] += _timed(libraries, questions, filled, mode)
    told = {
        mode: {
            "p50_ms": spread.percentile(values, 0.50),
            "p95_ms": spread.percentile(values, 0.95),
            "max_ms": max(values),
            "searches": len(values),
        }
        for mode, values in times.items()
    }
    for mode, of in told.items():
        progress(f"{mode}: p50 {of['p50_ms']:.1f} ms, p95 {of['p95_ms']:.1f} ms")
    return told


def _timed(libraries, questions, filled, mode):
    found = []
    for task, question in questions:
        began = time.perf_counter()
        libraries.search(question.text, [filled[task.corpus].id], mode=mode)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _spread_over(tasks, count):
    """As many questions of each task, those between the first and the last alike."""
    each = max(1, count // len(tasks))
    chosen = []
    for task in tasks:
        step = max(1, len(task.questions) // each)
        chosen += [(task, question) for question in task.questions[::step][:each]]
    return chosen
