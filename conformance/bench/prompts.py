"""Prompts of an exact number of tokens, as text for one server and as ids for the other."""

import itertools
import json
import random
import subprocess
from dataclasses import dataclass, replace

from harness import paths

SYSTEM = "Be brief."
BEGINNING = "<bos>"
ATTEMPTS = 100
# Tokens that two prompts may share beyond what is asked for.
SHARED_MORE = 4
# More tokens than an answer has, so that it never gets to the end.
PASSAGE = (
    "The committee met in Lyon on the third of March.",
    "It heard the reports of the four working groups and thanked them.",
    "The minutes of the meeting of January were approved without changes.",
    "The treasurer explained why the costs of heating had risen.",
    "A member proposed to repair the roof of the old library before the winter.",
    "Another member asked who would pay for the new windows of the reading room.",
    "The volunteers who had painted the hall in summer were invited to dinner.",
    "Two teachers offered to show the collection to their classes every Thursday.",
    "The archive of the newspaper will be moved to the second floor in April.",
    "A student asked for longer hours on the evenings before the examinations.",
    "The mayor sent a letter in which he promised a new bridge over the river.",
    "The next meeting was set for the first Monday of May at seven in the evening.",
)
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

    def __init__(self, peer, seed, render=None):
        """`render` is what the model's chat template makes of messages."""
        self.peer, self.render = peer, render or chat
        self.random = random.Random(seed)
        self.made = []
        messages = _messages("Hello")
        template = peer.post("/apply-template", {"messages": messages})["prompt"]
        # It leaves the beginning out of what it tells.
        if template != self.render(messages).removeprefix(BEGINNING):
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

    def copying(self):
        """A prompt that asks for a text word for word: its sentences come in a new order."""
        sentences = self.random.sample(PASSAGE, len(PASSAGE))
        text = f"Repeat this text word for word:\n\n{' '.join(sentences)}"
        self.made.append(self._made(_messages(text)))
        return self.made[-1]

    def compare(self, model):
        """Our tokenizer makes the very ids that the other server was given."""
        example = paths.target() / "examples" / "tokenize"
        done = subprocess.run(
            [str(example), str(model), "--parse-special"],
            input=json.dumps([prompt.rendered for prompt in self.made]).encode(),
            capture_output=True,
            check=True,
        )
        if json.loads(done.stdout) != [prompt.ids for prompt in self.made]:
            raise AssertionError("the two tokenizers disagree on a prompt")

    def _made(self, messages):
        rendered = self.render(messages)
        return Prompt(messages, rendered, self.peer.tokenize(rendered))

    def _attempt(self, tokens, beginning=()):
        """Adds and removes words until the count is right; some beginnings never get there."""
        words = [*beginning, *(self.random.choice(WORDS) for _ in range(tokens - len(beginning)))]
        while words:
            messages = _messages(" ".join(words).capitalize() + "?")
            prompt = self._made(messages)
            ids = prompt.ids
            if len(ids) == tokens:
                return prompt
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


def plain(messages):
    """The text and nothing but its beginning, for a model that knows no turns."""
    return BEGINNING + "".join(each["content"] for each in messages)


def chat(messages):
    turns = [f"<|im_start|>{each['role']}\n{each['content']}<|im_end|>\n" for each in messages]
    return "".join(turns) + "<|im_start|>assistant\n"
