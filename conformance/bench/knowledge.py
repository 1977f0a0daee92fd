#!/usr/bin/env python3
"""Measures how well documents are found and cited, how fast, and whether anything leaks.

One server, one run: every question in every mode, beside BM25 of our own over plain words. See
docs/concepts/evaluation.md for what is measured and how.

    make eval-knowledge
    cargo xtask eval-knowledge smollm2 -- --tasks CNIL --answers 10
"""

import argparse
import datetime
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from bench import machine, table  # noqa: E402
from bench.knowledge import (  # noqa: E402
    answering,
    ingestion,
    leaks,
    place,
    retrieval,
    sets,
    tables,
)
from harness import paths  # noqa: E402
from harness.libraries import MARKDOWN, Libraries, of_another  # noqa: E402
from harness.report import progress  # noqa: E402

SEED = 20261123
# Those whose answers are asked of a model, which takes seconds each.
ANSWERED = ("XQuAD en", "XQuAD ar", "XQuAD hi", "CNIL")


def main():
    options = arguments()
    quiet = machine.quiet(options.force)
    found = chosen(sets.load(sets.folder(), options.seed), options.tasks)
    paths.target().mkdir(parents=True, exist_ok=True)
    # On a disk: a file system in memory, as /tmp often is, would flush nothing.
    folder = Path(tempfile.mkdtemp(prefix="eval-knowledge-", dir=paths.target()))
    try:
        measured = measure(folder, found, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write({**facts(options, quiet, found), **measured}, options)


def arguments():
    parser = argparse.ArgumentParser(description="Measures how documents are found and cited.")
    parser.add_argument("--tasks", help="comma-separated, by name; all that are there if absent")
    parser.add_argument("--answers", type=int, default=50, help="answerable questions of a task")
    parser.add_argument("--leaks", type=int, default=10_000, help="searches of two accounts")
    parser.add_argument("--pages", type=int, default=600, help="pages of PDF to be read")
    parser.add_argument("--searches", type=int, default=200, help="that are timed, a round")
    parser.add_argument("--rounds", type=int, default=5, help="of timed searches, at least 5")
    parser.add_argument("--seed", type=int, default=SEED, help="of everything that is drawn")
    parser.add_argument("--name", default="knowledge", help="name of the result file")
    parser.add_argument("--force", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.rounds < 5 and not options.force:
        parser.error("fewer than 5 rounds say nothing")
    return options


def chosen(found, names):
    """The tasks with these names, and the corpora that they are about."""
    if names:
        wanted = names.split(",")
        unknown = set(wanted) - {task.name for task in found.tasks}
        if unknown:
            known = ", ".join(task.name for task in found.tasks)
            raise SystemExit(f"no task {', '.join(sorted(unknown))}; there are {known}")
        found.tasks = [task for task in found.tasks if task.name in wanted]
        about = {task.corpus for task in found.tasks}
        found.corpora = {name: one for name, one in found.corpora.items() if name in about}
    return found


def facts(options, quiet, found):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **machine.commit(also=("conformance/bench", "conformance/harness")),
        "machine": machine.describe(),
        "quiet": quiet,
        "seed": options.seed,
        "rounds": options.rounds,
        "sets": sorted(found.corpora),
        "is_whole": all(found.is_whole(task) for task in found.tasks) and not options.tasks,
        "model": paths.model_file().name,
        "embedding_model": place.embedding_model_file().name,
    }


def measure(folder, found, options):
    result = {"speed": {"words_only": words_only(folder / "words", found, options)}}
    data_dir = place.prepare(folder / "galerne")
    with place.serve(data_dir) as server:
        libraries = Libraries(server.api)
        filled = fill_all(libraries, found)
        result["speed"]["ingestion"] = ingestion.measure(server, found, options.pages)
        result["filled"] = {name: one.told() for name, one in filled.items()}
        passages = sum(one.passages for one in filled.values())
        result["passages"] = passages + result["speed"]["ingestion"]["passages"]
        result["index"] = ingestion.index(data_dir, result["passages"])
        result["retrieval"] = [retrieve(libraries, task, found, filled) for task in found.tasks]
        result["latency"] = retrieval.latency(
            server, found.tasks, filled, options.searches, options.rounds
        )
        result["passages_exact"] = exact(libraries, found, filled)
        result["leaks"] = permissions(server, options)
        # The last: it deletes documents.
        result["answers"] = answers(libraries, found, filled, options)
    return result


def words_only(data_dir, found, options):
    """Pages that are read by a server without a model for vectors: words alone."""
    with place.serve(place.prepare(data_dir, embeds=False)) as server:
        return ingestion.words_only(server, found, options.pages)


def fill_all(libraries, found):
    filled = {}
    for name, corpus in found.corpora.items():
        files = [(one.name, one.content(), MARKDOWN) for one in corpus.documents]
        filled[name] = place.fill(libraries, name, files)
        progress(f"{name}: {filled[name].told()}")
    return filled


def retrieve(libraries, task, found, filled):
    corpus = found.corpora[task.corpus]
    told = retrieval.measure(libraries, task, corpus, filled[task.corpus])
    whole = (
        f"the goal is for {task.documents_whole:,} documents and {task.questions_whole:,} questions"
    )
    return {**told, "is_whole": found.is_whole(task), "whole": whole}


def exact(libraries, found, filled):
    """Passages of every task, compared with the text at their places."""
    seen, told = set(), []
    for task in found.tasks:
        if task.corpus not in seen:
            seen.add(task.corpus)
            told.append(answering.exact_passages(libraries, task, filled[task.corpus], 200))
    return told


def permissions(server, options):
    if not options.leaks:
        return None
    owner, host = of_another(server, paths.binary(), "eval-host", keeps_alive=True)
    other, guest = of_another(server, paths.binary(), "eval-guest", keeps_alive=True)
    accounts = {"owner": host, "other": guest}
    return leaks.measure(owner, other, accounts, options.leaks, options.seed)


def answers(libraries, found, filled, options):
    if not options.answers:
        return []
    return [
        answering.measure(
            libraries,
            task,
            found.corpora[task.corpus],
            filled[task.corpus],
            options.answers,
            options.seed,
        )
        for task in found.tasks
        if task.name in ANSWERED
    ]


def write(result, options):
    folder = paths.ROOT / "benches" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['date'][:10]}-{options.name}.json"
    file.write_text(readable(result) + "\n")
    progress(f"wrote {file.relative_to(paths.ROOT)}")
    text = tables.render(result, file.relative_to(paths.ROOT / "benches"))
    # The extract of the repository shows that everything works, and is no record.
    is_record = options.name == "knowledge" and not options.tasks and "cnil" in result["sets"]
    if is_record and "forced" not in result["quiet"]:
        table.insert(paths.ROOT / "benches" / "README.md", "knowledge", text)
    print(text)


def readable(result):
    """JSON with a line for each member, and one for a list of numbers."""
    text = json.dumps(result, indent=1, ensure_ascii=False)
    return re.sub(r"\[[-+0-9.e,\s]+\]", lambda found: "".join(found.group(0).split()), text)


if __name__ == "__main__":
    main()
