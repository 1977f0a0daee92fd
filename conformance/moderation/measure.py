"""Measures a judge on labelled sentences, and prints the bounds of its categories: see README.md."""

import json
import os
import sys
import urllib.request
from pathlib import Path

SENTENCES = Path(__file__).with_name("sentences.jsonl")
INPUTS_MAX = 16


def ask(model, texts):
    body = json.dumps({"model": model, "input": texts}).encode()
    headers = {
        "Authorization": f"Bearer {os.environ['GALERNE_KEY']}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(os.environ["GALERNE_URL"] + "/v1/moderations", body, headers)
    with urllib.request.urlopen(request, timeout=600) as answer:
        return [result["category_scores"] for result in json.load(answer)["results"]]


def area(inside, outside):
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    return sum(pairs) / len(pairs)


def bound(inside, outside):
    """Between two scores, so that both shares together are highest; the highest of several."""
    scores = sorted({*inside, *outside})
    tried = [(low + high) / 2 for low, high in zip(scores, scores[1:])] or [0.5]

    def worth(at):
        found = sum(score >= at for score in inside) / len(inside)
        return found + sum(score < at for score in outside) / len(outside)

    return max(tried, key=lambda at: (worth(at), at))


def others(scores, index):
    return scores[:index] + scores[index + 1 :]


def main():
    model = sys.argv[1]
    file = Path(sys.argv[2]) if len(sys.argv) > 2 else SENTENCES
    sentences = [json.loads(line) for line in file.read_text().splitlines()]
    scores = []
    for start in range(0, len(sentences), INPUTS_MAX):
        scores += ask(model, [one["text"] for one in sentences[start : start + INPUTS_MAX]])
    print(f"{'category':32} {'area':>6} {'bound':>7} {'found':>6} {'let through':>12}")
    for category in scores[0]:
        labelled = list(zip(sentences, scores))
        inside = [found[category] for one, found in labelled if one["category"] == category]
        outside = [found[category] for one, found in labelled if one["category"] != category]
        found = [
            score >= bound(others(inside, at), outside) for at, score in enumerate(inside)
        ]
        through = [
            score < bound(inside, others(outside, at)) for at, score in enumerate(outside)
        ]
        shares = f"{sum(found) / len(found):6.2f} {sum(through) / len(through):12.2f}"
        at = bound(inside, outside)
        print(f"{category:32} {area(inside, outside):6.2f} {at:7.4f} {shares}")


if __name__ == "__main__":
    main()
