"""The tables of a result, as Markdown: what was found, beside what is to be reached."""

from bench import table
from harness.libraries import MODES

from . import goals
from .retrieval import PLAIN
from .spread import Estimate

MODE_GOAL = "hybrid"


def render(result, file):
    parts = [_retrieval(result), _differences(result)]
    parts += [_answers(result)] if result.get("answers") else []
    parts += [_work(result), _origin(result, file)]
    return "\n\n".join(parts)


def _rows(head, rows):
    lines = [_row(head), _row(["---"] * len(head))]
    return "\n".join(lines + [_row(row) for row in rows])


def _row(cells):
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _estimate(told):
    return Estimate(**told) if told else None


def _figure(told, digits=3):
    return f"{told['value']:.{digits}f} ± {told['error']:.{digits}f}" if told else "none"


def _retrieval(result):
    names = (PLAIN, *MODES)
    head = ["nDCG@10", "documents, questions", *names, "Recall@10, hybrid", "goal, for hybrid"]
    rows = []
    for one in result["retrieval"]:
        modes = one["modes"]
        best = modes[MODE_GOAL]
        goal = goals.NDCG.get(one["task"])
        told = goals.verdict(goal, _estimate(best["ndcg"]))
        if told and not one["is_whole"]:
            told += f"; {one['whole']}"
        rows.append(
            [one["task"], f"{one['documents']:,}, {one['questions']:,}"]
            + [_figure(modes[name]["ndcg"]) for name in names]
            + [_figure(best["recall"]), told]
        )
    return _rows(head, rows)


def _differences(result):
    names = list(result["retrieval"][0]["differences"])
    rows = [
        [one["task"], *(_difference(one["differences"][name]) for name in names)]
        for one in result["retrieval"]
    ]
    return _rows(["difference of nDCG@10 on the same questions", *names], rows)


def _difference(told):
    sure = abs(told["value"]) > goals.ERRORS * told["error"]
    text = f"{told['value']:+.3f} ± {told['error']:.3f}"
    return f"**{text}**" if sure else text


def _answers(result):
    head = ["answers of " + result["model"], "questions, of which not answerable"]
    head += ["citation precision", "citation recall", "refusal F1", "quotes exact"]
    rows = [
        [
            one["task"],
            f"{one['answerable'] + one['unanswerable']}, {one['unanswerable']}",
            *(_judged(one, name) for name in ("precision", "recall", "refusal_f1")),
            f"{one['quotes_exact']} of {one['quotes']}",
        ]
        for one in result["answers"]
    ]
    return _rows(head, rows)


GOAL_OF = {"precision": goals.PRECISION, "recall": goals.RECALL, "refusal_f1": goals.REFUSAL}


def _judged(one, name):
    told = one[name]
    return f"{_figure(told)} ({goals.verdict(GOAL_OF[name], _estimate(told))})"


def _work(result):
    rows = [*_exactness(result), *_leaks(result), *_speeds(result)]
    return _rows(["", "here", "goal"], rows)


def _exactness(result):
    answers, passages = result.get("answers") or [], result["passages_exact"]
    quotes = sum(one["quotes"] for one in answers)
    exact = sum(one["quotes_exact"] for one in answers)
    tried = quotes >= goals.QUOTES_TRIED
    found = sum(one["passages"] for one in passages)
    same = sum(one["exact"] for one in passages)
    share = exact / quotes if quotes else None
    gone = sum(one["citations_of_removed"] for one in answers)
    return [
        ["quotes that are what stands at their place", f"{exact:,} of {quotes:,}",
         goals.verdict(goals.EXACT, share, tried)],
        ["passages found that are what stands at their place", f"{same:,} of {found:,}", ""],
        ["citations of documents that were deleted", gone, "none"],
    ]


def _leaks(result):
    told = result.get("leaks")
    if not told:
        return []
    tried = told["searches"] >= goals.LEAKS_TRIED
    here = f"{told['leaks']:,} in {told['searches']:,} searches with {told['changes']:,} changes"
    return [["told to whom it is not shared with", here,
             goals.verdict(goals.LEAKS, told["leaks"], tried)]]


def _speeds(result):
    rows = []
    for mode, of in (result.get("latency") or {}).items():
        here = f"{of['p50_ms']:.1f} and {of['p95_ms']:.1f} ms, {result['passages']:,} passages"
        tried = result["passages"] >= goals.PASSAGES_TRIED
        goal = goals.verdict(goals.LATENCY_MS, of["p95_ms"], tried) if mode == MODE_GOAL else ""
        rows.append([f"search, {mode}, p50 and p95 at the client", here, goal])
    for name, words in (("words_only", "without vectors"), ("ingestion", "with vectors")):
        told = (result.get("speed") or {}).get(name)
        if told:
            rows += _pages(told, words, name)
    told = result.get("index")
    if told:
        merged = "" if told["is_settled"] else ", merges not over"
        here = f"{told['bytes_per_passage']:,.0f} for {told['passages']:,} passages{merged}"
        rows.append(["bytes of index a passage", here,
                     goals.verdict(goals.BYTES, told["bytes_per_passage"])])
    return rows


def _pages(told, words, name):
    rate = told["searchable_pages_per_s"]
    shown = f"{rate:.1f}" if rate else "not told by the API"
    goal = goals.verdict(goals.PAGES, rate) if name == "words_only" else ""
    rows = [[f"pages of PDF a second, found by their words, {words}", shown, goal]]
    if name == "ingestion":
        ready, peak = told["ready_pages_per_s"], told["workers"]["peak_mib"]
        rows.append(["pages of PDF a second, found by their meaning", f"{ready:.1f}",
                     goals.verdict(goals.EMBEDDED_PAGES, ready)])
        shown = f"{peak:.0f}" if peak else "none was seen"
        rows.append(["most memory of a process that reads, MiB", shown,
                     goals.verdict(goals.WORKER_MIB, peak)])
    return rows


def _origin(result, file):
    seed = f"Standard errors behind ±; seed {result['seed']}."
    return f"{seed} {table.facts(result, file)}"
