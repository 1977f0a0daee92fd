"""Prompts of an exact number of tokens, as text for one server and as ids for the other."""

import random
from dataclasses import dataclass

SYSTEM = "Be brief."
ATTEMPTS = 100
WORDS = (
    "river stone bread winter garden letter window market island summer forest kitchen "
    "teacher bridge silver morning paper village mountain sailor engine harbor doctor music"
).split()


@dataclass(frozen=True)
class Prompt:
    messages: list
    rendered: str
    ids: list


class Prompts:
    """Makes prompts that have never been used before, so that no cache can help."""

    def __init__(self, peer, seed):
        self.peer = peer
        self.random = random.Random(seed)
        self.made = []
        messages = _messages("Hello")
        template = peer.post("/apply-template", {"messages": messages})["prompt"]
        if template != _render(messages):
            raise AssertionError(f"the model's chat template renders otherwise: {template!r}")

    def of(self, tokens):
        for _ in range(ATTEMPTS):
            prompt = self._attempt(tokens)
            if prompt is not None:
                self.made.append(prompt)
                return prompt
        raise AssertionError(f"no prompt of {tokens} tokens can be made")

    def _attempt(self, tokens):
        """Adds and removes words until the count is right; some beginnings never get there."""
        words = [self.random.choice(WORDS) for _ in range(tokens)]
        while words:
            messages = _messages(" ".join(words).capitalize() + "?")
            rendered = _render(messages)
            ids = self.peer.tokenize(rendered)
            if len(ids) == tokens:
                return Prompt(messages, rendered, ids)
            if len(ids) < tokens:
                words += [self.random.choice(WORDS) for _ in range(tokens - len(ids))]
            else:
                del words[-max(1, (len(ids) - tokens) // 2) :]
        return None


def _messages(text):
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def _render(messages):
    turns = [f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in messages]
    return "".join(turns) + "<|im_start|>assistant\n"
