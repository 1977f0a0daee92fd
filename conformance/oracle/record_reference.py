"""Writes reference.json: the oracle's tokens and its best five candidates at every position.

    python record_reference.py MODEL.gguf        (in the `oracle` environment)
"""

import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from oracle import answers as oracle_answers  # noqa: E402
from oracle.compare import installed_version  # noqa: E402

KEPT = 5


def main():
    model = Path(sys.argv[1])
    answers = oracle_answers.load(model, installed_version())
    count = len(answers.continuations[0])
    names = [prompt["name"] for prompt in json.loads(oracle_answers.PROMPTS.read_text())]
    lines = []
    for index, name in enumerate(names):
        rows = range(index * count, (index + 1) * count)
        entry = {
            "name": name,
            "prompt": answers.prompts[index],
            "continuation": answers.continuations[index],
            "best": [
                [
                    [int(token), round(float(value), 4)]
                    for token, value in zip(answers.ids[row, :KEPT], answers.logprobs[row, :KEPT])
                ]
                for row in rows
            ],
        }
        lines.append(json.dumps(entry, separators=(",", ":")))
    head = {
        "oracle": f"xllamacpp {answers.version}",
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "best": f"the {KEPT} most likely tokens before each token: id, log-probability",
    }
    text = json.dumps(head)[:-1] + ', "answers": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(__file__).with_name("reference.json").write_text(text)


if __name__ == "__main__":
    main()
