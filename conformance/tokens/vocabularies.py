"""Real vocabularies that packages carry, written as model files without weights."""

import base64
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import gguf
import mistral_common
import numpy
from gguf.vocab import MistralVocab, bytes_to_unicode
from mistral_common.integrations.chat_templates.chat_templates import (
    convert_tokenizer_to_chat_template,
)
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer
from mistral_common.tokens.tokenizers.tekken import Tekkenizer

DATA = Path(mistral_common.__file__).parent / "data"
# The newest of each kind; `v7m1` differs from `v7` in what images need.
MISTRAL = {
    "Mistral v1 (SentencePiece)": "tokenizer.model.v1",
    "Mistral v2 (SentencePiece)": "mistral_instruct_tokenizer_240216.model.v2",
    "Mistral v3 (SentencePiece)": "mistral_instruct_tokenizer_240323.model.v3",
    "Mistral v7 (SentencePiece)": "mistral_instruct_tokenizer_241114.model.v7",
    "Mistral v3 (tekken 240718)": "tekken_240718.json",
    "Mistral v3 (tekken 240911)": "tekken_240911.json",
}


@dataclass
class Mistral:
    """A tokenizer of mistral-common."""

    name: str
    file: Path

    def __post_init__(self):
        self.whole = MistralTokenizer.from_file(self.file)
        self.tokenizer = self.whole.instruct_tokenizer.tokenizer
        self.is_tekken = self.file.suffix == ".json"

    def encode(self, text):
        return self.tokenizer.encode(text, bos=False, eos=False)

    def write(self, path, space_prefix=None, template=None):
        """As llama.cpp's converter writes the vocabulary, which is that of the `gguf` package.

        `space_prefix` is what other conversions say of SentencePiece: without it there is one.
        """
        with tempfile.TemporaryDirectory() as folder:
            # The converter looks for names, and knows only some.
            name = "tekken.json" if self.is_tekken else self.file.name
            (Path(folder) / name).symlink_to(self.file)
            vocabulary = MistralVocab(Path(folder))
        writer = gguf.GGUFWriter(path, "llama")
        tokens, scores, kinds = zip(*vocabulary.all_tokens())
        writer.add_tokenizer_model(vocabulary.gguf_tokenizer_model)
        writer.add_token_list(tokens)
        writer.add_token_scores(scores)
        writer.add_token_types(kinds)
        if self.is_tekken:
            writer.add_tokenizer_pre("tekken")
            writer.add_token_merges(vocabulary.extract_vocab_merges_from_model())
        writer.add_bos_token_id(vocabulary.bos_id)
        writer.add_eos_token_id(vocabulary.eos_id)
        writer.add_add_bos_token(True)
        if space_prefix is not None:
            writer.add_add_space_prefix(space_prefix)
        template = template or convert_tokenizer_to_chat_template(self.file)
        writer.add_chat_template(template)
        _finish(writer)


def mistral():
    return [Mistral(name, DATA / file) for name, file in MISTRAL.items()]


# What later versions have beside the special tokens of the files above, at the places of theirs.
LATER = {
    "v7": {},
    "v11": {32: "[ARGS]", 33: "[CALL_ID]"},
    "v13": {32: "[ARGS]", 33: "[CALL_ID]", 34: "[THINK]", 35: "[/THINK]"},
}


def later_tekken(version, folder):
    """The newest tekken as a later version: no package carries a file of these."""
    stored = json.loads((DATA / MISTRAL["Mistral v3 (tekken 240911)"]).read_text())
    names = [token["token_str"] for token in Tekkenizer.DEPRECATED_SPECIAL_TOKENS]
    for rank in range(len(names), 36):
        filler = Tekkenizer.SPECIAL_TOKEN_TEMPLATE.format(id=rank)
        names.append(LATER[version].get(rank, filler))
    stored["special_tokens"] = [
        {"rank": rank, "token_str": name, "is_control": True} for rank, name in enumerate(names)
    ]
    stored["config"]["version"] = version
    stored.pop("multimodal", None)
    file = Path(folder) / f"tekken-{version}.json"
    file.write_text(json.dumps(stored))
    return Mistral(f"Mistral {version} (tekken)", file)


def hub_tekken(directory, one):
    """A tekken as `tokenizer.json`, the way the library `transformers` converts it."""
    stored = json.loads(one.file.read_text())
    config, letters = stored["config"], bytes_to_unicode()
    specials = one.tokenizer.num_special_tokens
    size = config["default_vocab_size"] - specials

    def spell(data):
        return "".join(letters[byte] for byte in data)

    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in stored["vocab"][:size]}
    merges = []
    for whole in list(ranks)[256:]:
        pairs = [(whole[:at], whole[at:]) for at in range(1, len(whole))]
        known = [pair for pair in pairs if pair[0] in ranks and pair[1] in ranks]
        known.sort(key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))
        merges += [[spell(left), spell(right)] for left, right in known]
    added = [
        {"id": index, "content": one.tokenizer.id_to_piece(index), "special": True}
        | dict.fromkeys(["single_word", "lstrip", "rstrip", "normalized"], False)
        for index in range(specials)
    ]
    model = {"type": "BPE", "ignore_merges": True, "merges": merges}
    model["vocab"] = {piece["content"]: piece["id"] for piece in added}
    model["vocab"] |= {spell(data): rank + specials for data, rank in ranks.items()}
    cut = {"type": "Split", "pattern": {"Regex": config["pattern"]}, "behavior": "Isolated", "invert": False}
    spelled = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    tokenizer = {
        "version": "1.0",
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [cut, spelled]},
        "post_processor": None,
        "decoder": spelled,
        "model": model,
    }
    write_hub(directory, tokenizer, {"bos_token": "<s>", "eos_token": "</s>"})


def write_hub(directory, tokenizer, settings):
    """A directory as Hugging Face publishes models, with next to no weights."""
    directory.mkdir(parents=True)
    config = {
        **{"architectures": ["LlamaForCausalLM"], "hidden_size": 16, "num_hidden_layers": 1},
        **{"intermediate_size": 16, "num_attention_heads": 1, "max_position_embeddings": 16},
        **{"rms_norm_eps": 1e-5, "tie_word_embeddings": True},
        "eos_token_id": tokenizer["added_tokens"][0]["id"],
    }
    for name, content in {
        "config.json": config,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": settings,
    }.items():
        (directory / name).write_text(json.dumps(content))
    header = json.dumps({"model.norm.weight": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}})
    data = len(header).to_bytes(8, "little") + header.encode() + bytes(64)
    (directory / "model.safetensors").write_bytes(data)


def _finish(writer):
    writer.add_tensor("output_norm.weight", numpy.ones(16, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
