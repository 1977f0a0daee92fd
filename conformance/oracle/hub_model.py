"""Writes a GGUF model as Hugging Face publishes models: settings, tokenizer and safetensors."""

import json

import gguf
import numpy

# Conversion to GGUF puts the pairs of rotary embeddings side by side for these.
INTERLEAVED = ["llama", "granite", "smollm3"]
CLASSES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "qwen3moe": "Qwen3MoeForCausalLM",
    "granite": "GraniteForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "gemma3": "Gemma3ForCausalLM",
}
PARTS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_gate_inp": "mlp.gate",
}
OWN_PARTS = {
    "phi3": {"ffn_up": "mlp.gate_up_proj"},
    "gemma3": {
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    },
    "mixtral": {"ffn_gate_inp": "block_sparse_moe.gate"},
}
EXPERTS = {"ffn_gate_exps": "gate_proj", "ffn_up_exps": "up_proj", "ffn_down_exps": "down_proj"}
MIXTRAL = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}


class Source:
    """The metadata and the tensors of a GGUF file."""

    def __init__(self, path):
        self.reader = gguf.GGUFReader(path)
        self.architecture = self.get("general.architecture")
        self.mixtral = self.architecture == "llama" and self.own("expert_count", 0) > 0
        self.family = "mixtral" if self.mixtral else self.architecture

    def get(self, key, default=None):
        field = self.reader.get_field(key)
        return default if field is None else field.contents()

    def own(self, key, default=None):
        return self.get(f"{self.architecture}.{key}", default)


def write(directory, path, shards=1):
    """Floating-point weights in BF16 where that loses nothing, in F32 elsewhere."""
    source = Source(path)
    directory.mkdir(parents=True, exist_ok=True)
    tensors = dict(_tensors(source))
    config = _config(source)
    config["tie_word_embeddings"] = "lm_head.weight" not in tensors
    _json(directory / "config.json", config)
    _json(directory / "tokenizer.json", _tokenizer(source))
    template = source.get("tokenizer.chat_template")
    _json(directory / "tokenizer_config.json", {"chat_template": template})
    names = list(tensors)
    if shards == 1:
        write_safetensors(directory / "model.safetensors", tensors)
        return
    places = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        some = {name: tensors[name] for name in names[shard::shards]}
        write_safetensors(directory / file, some)
        places |= dict.fromkeys(some, file)
    _json(directory / "model.safetensors.index.json", {"weight_map": places})


def _json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False))


def _tensors(source):
    whole = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
    parts = PARTS | OWN_PARTS.get(source.family, {})
    for tensor in source.reader.tensors:
        if tensor.name.startswith("rope_factors"):
            continue
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if source.architecture == "gemma3" and tensor.name.endswith("norm.weight"):
            values = values - numpy.float32(1)
        if tensor.name in whole:
            yield whole[tensor.name], values
            continue
        _, layer, part, ending = tensor.name.split(".")
        prefix = f"model.layers.{layer}"
        if part in EXPERTS:
            for expert, matrix in enumerate(values):
                name = EXPERTS[part]
                if source.mixtral:
                    name = f"block_sparse_moe.experts.{expert}.{MIXTRAL[name]}"
                else:
                    name = f"mlp.experts.{expert}.{name}"
                yield f"{prefix}.{name}.{ending}", matrix
            continue
        if part in ("attn_q", "attn_k") and source.architecture in INTERLEAVED:
            heads = "head_count" if part == "attn_q" else "head_count_kv"
            values = apart(values, source.own(f"attention.{heads}"))
        yield f"{prefix}.{parts[part]}.{ending}", values


def apart(values, heads):
    """Pairs that are side by side, half a head apart."""
    pairs = values.reshape(heads, -1, 2, *values.shape[1:])
    return pairs.swapaxes(1, 2).reshape(values.shape)


def _config(source):
    own, architecture = source.own, source.architecture
    heads = own("attention.head_count")
    config = {
        "architectures": ["MixtralForCausalLM" if source.mixtral else CLASSES[architecture]],
        "hidden_size": own("embedding_length"),
        "num_hidden_layers": own("block_count"),
        "intermediate_size": own("feed_forward_length"),
        "num_attention_heads": heads,
        "num_key_value_heads": own("attention.head_count_kv", heads),
        "max_position_embeddings": own("context_length"),
        "rms_norm_eps": own("attention.layer_norm_rms_epsilon"),
        "rope_theta": own("rope.freq_base", 10000.0),
        "hidden_act": "silu",
        "bos_token_id": source.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": source.get("tokenizer.ggml.eos_token_id"),
        "head_dim": own("attention.key_length"),
    }
    if architecture == "granite":
        config |= {
            "embedding_multiplier": own("embedding_scale"),
            "residual_multiplier": own("residual_scale"),
            "attention_multiplier": own("attention.scale"),
            "logits_scaling": own("logit_scale"),
        }
    if architecture == "gemma3":
        config |= {
            "hidden_act": "gelu_pytorch_tanh",
            "sliding_window": own("attention.sliding_window"),
            "rope_local_base_freq": 10000.0,
            "query_pre_attn_scalar": config["head_dim"],
        }
    factors = _factors(source)
    if factors:
        original = own("rope.scaling.original_context_length")
        factors["attention_factor"] = own("rope.scaling.attn_factor")
        config |= {"rope_scaling": factors, "original_max_position_embeddings": original}
    if own("expert_count", 0):
        config |= {
            "num_local_experts": own("expert_count"),
            "num_experts": own("expert_count"),
            "num_experts_per_tok": own("expert_used_count"),
            "moe_intermediate_size": own("expert_feed_forward_length"),
            "norm_topk_prob": True,
        }
    return config


def _factors(source):
    tensors = [one for one in source.reader.tensors if one.name.startswith("rope_factors")]
    names = {"rope_factors_long.weight": "long_factor", "rope_factors_short.weight": "short_factor"}
    if not tensors:
        return None
    return {"type": "longrope"} | {names[one.name]: one.data.tolist() for one in tensors}


def _tokenizer(source):
    """Only the rule of SmolLM: digits by themselves, then words as GPT-2 cuts them."""
    assert source.get("tokenizer.ggml.pre") == "smollm", source.get("tokenizer.ggml.pre")
    tokens = source.get("tokenizer.ggml.tokens")
    kinds = source.get("tokenizer.ggml.token_type")
    special = [index for index, kind in enumerate(kinds) if kind in (3, 4)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    return {
        "added_tokens": [
            {"id": index, "content": tokens[index], "special": kinds[index] == 3}
            for index in special
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, byte_level]},
        "model": {
            "type": "BPE",
            "vocab": {token: index for index, token in enumerate(tokens) if index not in special},
            "merges": source.get("tokenizer.ggml.merges"),
        },
    }


def write_safetensors(path, tensors):
    header, place, chunks = {"__metadata__": {"format": "pt"}}, 0, []
    for name, values in tensors.items():
        numbers = numpy.ascontiguousarray(values, dtype="<f4")
        words = numbers.view("<u4")
        exact = not (words & 0xFFFF).any()
        data = (words >> 16).astype("<u2").tobytes() if exact else numbers.tobytes()
        kind = "BF16" if exact else "F32"
        offsets = [place, place + len(data)]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": offsets}
        place = offsets[1]
        chunks.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for chunk in chunks:
            file.write(chunk)
