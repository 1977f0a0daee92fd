"""Prompts of an exact number of tokens, as text for one server and as ids for the other."""

import itertools
import random
from dataclasses import dataclass, replace

SYSTEM = "Be brief."
ATTEMPTS = 100
# Tokens that two prompts may share beyond what is asked for.
SHARED_MORE = 4
WORDS = (
    "river stone bread winter garden letter window market island summer forest kitchen "
    "teacher bridge silver morning paper village mountain sailor engine harbor doctor music"
).split()


@dataclass(frozen=True)
class Prompt:
    messages: list
    rendered: str
    ids: list
    # A server may use what it computed for an earlier prompt.
    is_known: bool = False


class Prompts:
    """Makes prompts that have never been used before, so that no cache can help but where one is
    asked for that begins like another."""

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

    def alike(self, prompt, shared):
        """A prompt of the same length whose first `shared` tokens are the same, and few more."""
        text = prompt.messages[-1]["content"]
        words = text.removesuffix("?").split()
        for _ in range(ATTEMPTS):
            other = self._attempt(len(prompt.ids), words[: -self.random.randrange(4, 20)])
            if other is not None and 0 <= _common(prompt.ids, other.ids) - shared < SHARED_MORE:
                self.made.append(other)
                return replace(other, is_known=True)
        raise AssertionError(f"no other prompt begins with {shared} tokens of the first")

    def _attempt(self, tokens, beginning=()):
        """Adds and removes words until the count is right; some beginnings never get there."""
        words = [*beginning, *(self.random.choice(WORDS) for _ in range(tokens - len(beginning)))]
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


def _common(one, other):
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other))
    return sum(1 for _ in same)


def _messages(text):
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def _render(messages):
    turns = [f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in messages]
    return "".join(turns) + "<|im_start|>assistant\n"
