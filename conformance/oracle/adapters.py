"""Adapters (LoRA): the same numbers as llama.cpp with the same file, and a server that loads them."""

import json
import tempfile
import threading
import time
from pathlib import Path

import gguf
import numpy
from harness import paths
from harness.peer import Peer
from harness.report import progress
from harness.server import Server, run

from . import answers as oracle_answers
from . import engine, hub_model, tiny_model
from .verdict import MEAN_KL_MAX, kl

DIFFERENCE_MAX = 1e-3
ARCHITECTURES = ["llama", "qwen3", "phi3", "gemma3"]
ATTENTION = ["attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output"]
CHANGED = [*ATTENTION, "ffn_gate", "ffn_up", "ffn_down"]
SERVED_WITHIN_SECONDS = 60
QUESTION = [{"role": "user", "content": "Write one sentence about rivers."}]


class Adapter:
    """Random pairs of thin matrices for the model of a GGUF file."""

    def __init__(self, model, rank, alpha, seed, size=1.0, changed=CHANGED):
        generator = numpy.random.default_rng(seed)
        self.source = hub_model.Source(model)
        self.alpha, self.pairs = alpha, {}
        for tensor in self.source.reader.tensors:
            parts = tensor.name.split(".")
            if len(parts) != 4 or parts[2] not in changed or parts[3] != "weight":
                continue
            columns, rows = (int(length) for length in tensor.shape)
            down = generator.standard_normal((rank, columns)) * size / columns**0.5
            up = generator.standard_normal((rows, rank)) / 2
            self.pairs[tensor.name] = (down.astype(numpy.float32), up.astype(numpy.float32))

    def write(self, path):
        writer = gguf.GGUFWriter(path, self.source.architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", self.alpha)
        for name, (down, up) in self.pairs.items():
            writer.add_tensor(f"{name}.lora_a", down)
            writer.add_tensor(f"{name}.lora_b", up)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def write_peft(self, directory):
        """As the PEFT library does."""
        directory.mkdir()
        rank = len(next(iter(self.pairs.values()))[0])
        settings = {
            **{"peft_type": "LORA", "r": rank, "lora_alpha": self.alpha, "bias": "none"},
            **{"use_rslora": False, "use_dora": False, "fan_in_fan_out": False},
            **{"init_lora_weights": True, "modules_to_save": None, "alpha_pattern": {}},
        }
        (directory / "adapter_config.json").write_text(json.dumps(settings))
        tensors = {}
        for name, (down, up) in self.pairs.items():
            module, up = self._module(name, up)
            tensors[f"{module}.lora_A.weight"] = down
            tensors[f"{module}.lora_B.weight"] = up
        hub_model.write_safetensors(directory / "adapter_model.safetensors", tensors)
        return directory

    def _module(self, name, up):
        source = self.source
        _, layer, part, _ = name.split(".")
        if part in ("attn_q", "attn_k") and source.architecture in hub_model.INTERLEAVED:
            heads = "head_count" if part == "attn_q" else "head_count_kv"
            up = hub_model.apart(up, source.own(f"attention.{heads}"))
        parts = hub_model.PARTS | hub_model.OWN_PARTS.get(source.family, {})
        return f"base_model.model.model.layers.{layer}.{parts[part]}", up


def compare(report, model):
    for architecture in ARCHITECTURES:
        families = [family for family in tiny_model.FAMILIES if not family.experts]
        family = next(one for one in families if one.architecture == architecture)
        with tempfile.TemporaryDirectory() as folder:
            _tiny(report, family, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        _experts(report, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        _real(report, model, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        _served(report, model, Path(folder))


def _answers(model, adapter, size):
    generator = numpy.random.default_rng(tiny_model.SEED)
    prompts = [generator.integers(3, size, length).tolist() for length in (1, 7, 40)]
    with Peer(model, context=tiny_model.CONTEXT, exact=True, adapter=adapter) as peer:
        return oracle_answers.ask(peer, prompts, 48, size, tiny_model.no_text_alone())


def _difference(model, answers, *options):
    ours = engine.log_probabilities(model, answers.sequences(), "--path", "scalar", *options)
    chosen = numpy.take_along_axis(ours, answers.ids, axis=1)
    return float(numpy.abs(chosen - answers.logprobs).max())


def _tiny(report, family, folder):
    name, model = family.architecture, folder / "tiny.gguf"
    size = tiny_model.write(model, family)
    for rank in (3, 24):
        adapter = Adapter(model, rank, 2.0 * rank, rank, size=0.3 / rank**0.5)
        file = adapter.write(folder / f"adapter-{rank}.gguf")
        answers = _answers(model, file, size)
        peft = adapter.write_peft(folder / f"peft-{rank}")
        for what, path in [("file", file), ("PEFT directory", peft)]:
            for mode in ([], ["--batched"]):
                how = " in batches" if mode else ""
                with report.check(f"adapter of rank {rank}, F32 tiny {name}, {what}{how}"):
                    found = _difference(model, answers, "--adapter", path, *mode)
                    progress(f"adapter of rank {rank} of {name}: largest difference {found:.1e}")
                    assert found <= DIFFERENCE_MAX, found
        with report.check(f"control: {name} without its adapter of rank {rank} is another model"):
            found = _difference(model, answers)
            assert found > 100 * DIFFERENCE_MAX, found


def _experts(report, folder):
    families = [family for family in tiny_model.FAMILIES if family.experts]
    family, model = families[0], folder / "tiny.gguf"
    size = tiny_model.write(model, family)
    adapter = Adapter(model, 8, 16.0, 1, size=0.2, changed=ATTENTION)
    file = adapter.write(folder / "adapter.gguf")
    answers = _answers(model, file, size)
    with report.check("adapter of the attention of a model with experts"):
        found = _difference(model, answers, "--adapter", file)
        assert found <= DIFFERENCE_MAX, found


def _real(report, model, folder):
    """Quantised weights: what differs is how inputs and adapters are rounded."""
    file = Adapter(model, 16, 32.0, 3, size=0.1).write(folder / "adapter.gguf")
    prompts = [prompt["text"] for prompt in json.loads(oracle_answers.PROMPTS.read_text())[:4]]
    with Peer(model, adapter=file) as peer:
        prompts = [peer.tokenize(text) for text in prompts]
        answers = oracle_answers.ask(peer, prompts, 32, 64)
    sequences = answers.sequences()
    with report.check(f"adapter of the real model: mean KL under {MEAN_KL_MAX}"):
        adapted = _mean_kl(answers, engine.log_probabilities(model, sequences, "--adapter", file))
        plain = _mean_kl(answers, engine.log_probabilities(model, sequences))
        progress(f"adapter of the real model: mean KL {adapted:.5f}, without it {plain:.3f}")
        assert adapted < MEAN_KL_MAX, adapted
        assert plain > 10 * MEAN_KL_MAX, plain


def _mean_kl(answers, ours):
    return float(kl(answers.logprobs, numpy.take_along_axis(ours, answers.ids, axis=1)).mean())


def _served(report, model, folder):
    """Adapters come and go while the server answers."""
    files = [
        Adapter(model, 8 * seed, 16.0, seed, size=0.12).write(folder / f"{seed}.gguf")
        for seed in (1, 2)
    ]
    peft = Adapter(model, 8, 16.0, 1, size=0.12).write_peft(folder / "peft")
    data_dir = folder / "data"

    def command(*arguments, fails=False):
        done = run(paths.binary(), *arguments, data_dir=data_dir)
        assert (done.returncode != 0) == fails, done
        return done.stderr if fails else done.stdout

    command("model", "import", model, "--id", "base")
    with Server(paths.binary(), data_dir) as server:
        plain = _text(server, "base")
        with report.check("an adapter without its model is refused, and so is a model with one"):
            refused = command("model", "import", files[0], "--id", "x", fails=True)
            assert "--base ID" in refused, refused
            refused = command("model", "import", model, "--id", "x", "--base", "base", fails=True)
            assert "without `--base`" in refused, refused
        with report.check("adapters are served within seconds of their import"):
            for name, file in [("one", files[0]), ("two", files[1]), ("peft", peft)]:
                command("model", "import", file, "--id", name, "--base", "base")
            cards = _wait_for(server, {"base", "one", "two", "peft"})
            assert cards["one"]["root"] == "base" and "root" not in cards["base"], cards
            assert cards["one"]["digest"] != cards["two"]["digest"], cards
        with report.check("each answers by itself, a file as the same directory"):
            texts = {name: _text(server, name) for name in ("base", "one", "two", "peft")}
            assert texts["base"] == plain and texts["one"] == texts["peft"], texts
            assert len({texts["base"], texts["one"], texts["two"]}) == 3, texts
        with report.check("all together answer as alone"):
            names, found = ["base", "one", "two", "peft"] * 3, {}
            threads = [
                threading.Thread(target=lambda at=at, name=name: found.update({at: _text(server, name)}))
                for at, name in enumerate(names)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert all(found[at] == texts[name] for at, name in enumerate(names)), found
        with report.check("a removed adapter is served no longer, and its model is"):
            assert "remove these first" in command("model", "remove", "base", fails=True)
            command("model", "remove", "one")
            _wait_for(server, {"base", "two", "peft"})
            gone = server.api.chat(QUESTION, model="one")
            assert gone.status == 404, gone
            assert _text(server, "base") == plain
        with report.check("an adapter that does not fit is told of and harms nobody"):
            wrong = folder / "wrong.gguf"
            tiny_model.write(folder / "tiny.gguf")
            Adapter(folder / "tiny.gguf", 2, 4.0, 1).write(wrong)
            command("model", "import", wrong, "--id", "wrong", "--base", "base")
            deadline = time.monotonic() + SERVED_WITHIN_SECONDS
            while not any("cannot be served" in line for line in server.errors):
                assert time.monotonic() < deadline, server.errors[-5:]
                time.sleep(0.1)
            assert _text(server, "two") == texts["two"]


def _text(server, model):
    fields = {"model": model, "temperature": 0, "max_tokens": 24}
    answer = server.api.chat(QUESTION, **fields).json()
    return answer["choices"][0]["message"]["content"]


def _wait_for(server, names):
    """The cards, as soon as these models and no others are served."""
    deadline = time.monotonic() + SERVED_WITHIN_SECONDS
    while True:
        cards = {card["id"]: card for card in server.api.request("GET", "/v1/models").json()["data"]}
        if set(cards) == names:
            return cards
        assert time.monotonic() < deadline, f"{set(cards)} are served, not {names}"
        time.sleep(0.1)
