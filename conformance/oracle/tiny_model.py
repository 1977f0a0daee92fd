"""Writes tiny random models of every family in F32: the same bytes for the same seed."""

from dataclasses import dataclass, field

import gguf
import numpy

SEED = 20261121
LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, HIDDEN, CONTEXT = 3, 128, 4, 2, 32, 256, 512
SUPER_BLOCK = 256
# The oracle rounds what it is told up to a multiple of this.
SHORT_CONTEXT = 256


@dataclass
class Family:
    """What a family has beside the Llama family; `controls` change what is its own."""

    architecture: str
    layers: int = LAYERS
    biases: bool = False
    head_norms: bool = False
    output_norms: bool = False
    fused: bool = False
    tied: bool = False
    # Experts of each block, how many a token uses, and their hidden values.
    experts: tuple = ()
    # How matrices are stored; vectors and routers stay in F32.
    stored: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32
    # Rows that are whole super-blocks are stored as Q4_K.
    k_quants: bool = False
    # Factors of the rotary embedding for short and for long contexts.
    longrope: bool = False
    # Method of the writer and its value.
    metadata: list = field(default_factory=list)
    controls: list = field(default_factory=list)


YARN = [
    ("add_rope_scaling_type", gguf.RopeScalingType.YARN),
    ("add_rope_scaling_factor", 4.0),
    ("add_rope_scaling_orig_ctx_len", 24),
]
# llama.cpp reads these for few families.
YARN_TURNS = [
    ("add_rope_scaling_yarn_beta_fast", 4.0),
    ("add_rope_scaling_yarn_beta_slow", 0.5),
]
EXPERTS = [
    "ffn_gate_inp.weight",
    "ffn_down_exps.weight",
    "ffn_up_exps.weight",
    "ffn_gate_exps.weight",
]
FAMILIES = [
    Family("llama"),
    Family("qwen2", biases=True, controls=["scale:blk.1.attn_k.bias:1.2"]),
    Family(
        "qwen3",
        head_norms=True,
        controls=["scale:blk.1.attn_q_norm.weight:1.05", "scale:blk.0.attn_k_norm.weight:1.05"],
    ),
    Family(
        "granite",
        metadata=[
            ("add_embedding_scale", 3.0),
            ("add_residual_scale", 0.4),
            ("add_attention_scale", 0.3),
            ("add_logit_scale", 0.5),
        ],
    ),
    Family("smollm3", layers=5),
    Family("mistral3"),
    Family(
        "mistral3",
        metadata=[
            *YARN,
            *YARN_TURNS,
            ("add_rope_scaling_yarn_log_mul", 1.0),
            ("add_attn_temperature_scale", 0.3),
        ],
    ),
    Family("qwen3", head_norms=True, metadata=YARN),
    Family("llama", experts=(4, 2, HIDDEN), controls=[f"scale:blk.1.{EXPERTS[0]}:1.05"]),
    Family(
        "qwen3moe",
        head_norms=True,
        experts=(16, 4, 64),
        controls=[f"scale:blk.{block}.{name}:1.05" for block, name in enumerate(EXPERTS[:LAYERS])],
    ),
    Family(
        "phi3",
        fused=True,
        longrope=True,
        metadata=[
            ("add_rope_scaling_orig_ctx_len", SHORT_CONTEXT),
            ("add_rope_scaling_attn_factors", 1.19),
        ],
    ),
    Family("phi3", fused=True, controls=["scale:blk.1.ffn_up.weight:1.02"]),
    Family(
        "gemma3",
        layers=7,
        head_norms=True,
        output_norms=True,
        tied=True,
        metadata=[("add_sliding_window", 16)],
        controls=[
            "scale:blk.1.post_attention_norm.weight:1.05",
            "scale:blk.2.post_ffw_norm.weight:1.05",
            # The first pair of the rotary embedding of layers with a window.
            f"rope:{HEAD_WIDTH // 2 + 2}:1.05",
        ],
    ),
]
# Their experts as files have them: rounding of inputs is what two engines differ by.
QUANTIZED = [
    Family("llama", experts=(4, 2, HIDDEN), stored=gguf.GGMLQuantizationType.Q8_0, k_quants=True),
    Family(
        "qwen3moe", head_norms=True, experts=(16, 4, 64), stored=gguf.GGMLQuantizationType.Q8_0
    ),
]
OUTPUT_NORM = 0.125
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = 41


def vocabulary():
    """Three special tokens, the 256 byte tokens of GPT-2's alphabet, and some merges."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters |= {byte: chr(256 + place) for place, byte in enumerate(others)}
    tokens = SPECIAL + [letters[byte] for byte in range(256)]
    frequent = "e t a o i n s h r d l u".split()
    pairs = [f"{first} {second}" for first in frequent for second in frequent if first != second]
    merges = pairs[:MERGES]
    return tokens + [pair.replace(" ", "") for pair in merges], merges


# Every pair of these merges, so that tokens show where words are cut.
SHOWING = [*"aSsTdlé1٣ .!'_", "\n", "\r", "\t", "\u3000"]
SCORES = "scores"
SCORES_WITH_SPACE = "scores, a space before every text"
WORD_RULES = ["gpt-2", "smollm", "refact", "llama-bpe", "qwen2", "tekken", "default", SCORES, SCORES_WITH_SPACE]


def showing_vocabulary():
    """Bytes, the characters of `SHOWING`, and all pairs of these."""
    tokens, _ = vocabulary()
    tokens = tokens[: len(SPECIAL) + 256]
    spelled = ["".join(tokens[len(SPECIAL) + byte] for byte in one.encode()) for one in SHOWING]
    merges = []
    for one in spelled:
        for end in range(1, len(one)):
            merges.append(f"{one[:end]} {one[end]}")
    merges += [f"{first} {second}" for first in spelled for second in spelled]
    made = dict.fromkeys(merge.replace(" ", "") for merge in merges)
    return tokens + [token for token in made if token not in tokens], merges


def sentence_pieces(generator):
    """Names of bytes, most of `SHOWING`, and random texts of these with random scores."""
    texts = [character.replace(" ", "\u2581") for character in SHOWING if character != "é"]
    made = dict.fromkeys(texts)
    for _ in range(600):
        made["".join(generator.choice(texts, generator.integers(2, 5)))] = None
    tokens = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), *made]
    # Few scores, so that some are equal.
    scores = [0.0] * (len(SPECIAL) + 256) + (
        generator.integers(-40, 0, len(made)).astype(float).tolist()
    )
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.BYTE] * 256
    return tokens, scores, kinds + [gguf.TokenType.NORMAL] * len(made)


def q4_k(generator, shape, size):
    """Random blocks of Q4_K, whose values have about this size and the mean zero."""
    blocks = (*shape[:-1], shape[-1] // SUPER_BLOCK)
    made = generator.integers(0, 256, (*blocks, 144), dtype=numpy.uint8)
    # Codes are 7.5 on average: with a minimum as large as that, about half are negative.
    scales = numpy.array([size / 300, 7.5 * size / 300], dtype=numpy.float16)
    made[..., :4] = scales.view(numpy.uint8)
    return made.reshape(*shape[:-1], -1)


def no_text_alone():
    """Tokens that are no text by themselves: the oracle reports nothing at their positions."""
    return [*range(len(SPECIAL)), *(len(SPECIAL) + byte for byte in range(128, 256))]


def write(path, family=FAMILIES[0], words=None):
    """Returns the size of the vocabulary. `words` names a rule whose words its tokens show."""
    generator = numpy.random.default_rng(SEED)
    writer = gguf.GGUFWriter(path, family.architecture)
    if words in (SCORES, SCORES_WITH_SPACE):
        tokens, scores, kinds = sentence_pieces(generator)
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(scores)
        writer.add_token_types(kinds)
        writer.add_add_space_prefix(words == SCORES_WITH_SPACE)
    else:
        tokens, merges = showing_vocabulary() if words else vocabulary()
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(words or "smollm")
        normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
        kinds = [control] * len(SPECIAL) + [normal] * (len(tokens) - len(SPECIAL))
        writer.add_token_types(kinds)
        writer.add_token_merges(merges)
    _metadata(writer, tokens, family)

    def random(name, *shape, scale, stored=family.stored):
        if len(shape) == 1:
            stored = gguf.GGMLQuantizationType.F32
        if family.k_quants and shape[-1] % SUPER_BLOCK == 0:
            stored, values = gguf.GGMLQuantizationType.Q4_K, q4_k(generator, shape, scale)
        else:
            values = generator.standard_normal(shape, dtype=numpy.float32) * numpy.float32(scale)
            values = gguf.quants.quantize(values, stored)
        writer.add_tensor(name, values, raw_dtype=stored)

    def norm(name, width=WIDTH, mean=1.0):
        values = mean * (1 + 0.2 * generator.standard_normal(width, dtype=numpy.float32))
        writer.add_tensor(name, values.astype(numpy.float32))

    heads, kv_heads = HEADS * HEAD_WIDTH, KV_HEADS * HEAD_WIDTH
    random("token_embd.weight", len(tokens), WIDTH, scale=0.5 / WIDTH**0.5 if family.tied else 1.0)
    for layer in range(family.layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm.weight")
        if family.fused:
            random(f"{block}.attn_qkv.weight", heads + 2 * kv_heads, WIDTH, scale=1.0 / WIDTH**0.5)
        else:
            random(f"{block}.attn_q.weight", heads, WIDTH, scale=1.0 / WIDTH**0.5)
            random(f"{block}.attn_k.weight", kv_heads, WIDTH, scale=1.0 / WIDTH**0.5)
            random(f"{block}.attn_v.weight", kv_heads, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.attn_output.weight", WIDTH, heads, scale=1.0 / heads**0.5)
        norm(f"{block}.ffn_norm.weight")
        if family.experts:
            count, _, hidden = family.experts
            full = gguf.GGMLQuantizationType.F32
            name = f"{block}.ffn_gate_inp.weight"
            random(name, count, WIDTH, scale=1.0 / WIDTH**0.5, stored=full)
            random(f"{block}.ffn_gate_exps.weight", count, hidden, WIDTH, scale=1.0 / WIDTH**0.5)
            random(f"{block}.ffn_up_exps.weight", count, hidden, WIDTH, scale=1.0 / WIDTH**0.5)
            random(f"{block}.ffn_down_exps.weight", count, WIDTH, hidden, scale=1.0 / hidden**0.5)
        elif family.fused:
            random(f"{block}.ffn_up.weight", 2 * HIDDEN, WIDTH, scale=1.0 / WIDTH**0.5)
        else:
            random(f"{block}.ffn_gate.weight", HIDDEN, WIDTH, scale=1.0 / WIDTH**0.5)
            random(f"{block}.ffn_up.weight", HIDDEN, WIDTH, scale=1.0 / WIDTH**0.5)
        if not family.experts:
            random(f"{block}.ffn_down.weight", WIDTH, HIDDEN, scale=1.0 / HIDDEN**0.5)
        if family.biases:
            random(f"{block}.attn_q.bias", heads, scale=0.5)
            random(f"{block}.attn_k.bias", kv_heads, scale=0.5)
            random(f"{block}.attn_v.bias", kv_heads, scale=0.5)
        if family.head_norms:
            norm(f"{block}.attn_q_norm.weight", HEAD_WIDTH)
            norm(f"{block}.attn_k_norm.weight", HEAD_WIDTH)
        if family.output_norms:
            # Blocks that add little, so that seven layers round no more than three of others.
            norm(f"{block}.post_attention_norm.weight", mean=OUTPUT_NORM)
            norm(f"{block}.post_ffw_norm.weight", mean=OUTPUT_NORM)
    if family.longrope:
        for reach, most in (("short", 1.5), ("long", 30.0)):
            factors = numpy.geomspace(1.0, most, HEAD_WIDTH // 2, dtype=numpy.float32)
            writer.add_tensor(f"rope_factors_{reach}.weight", factors)
    norm("output_norm.weight")
    if not family.tied:
        random("output.weight", len(tokens), WIDTH, scale=0.5 / WIDTH**0.5)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(tokens)


def _metadata(writer, tokens, family):
    writer.add_name("tiny random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(family.layers)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    if family.head_norms:
        writer.add_key_length(HEAD_WIDTH)
        writer.add_value_length(HEAD_WIDTH)
    if family.experts:
        count, used, hidden = family.experts
        writer.add_expert_count(count)
        writer.add_expert_used_count(used)
        if family.architecture == "qwen3moe":
            writer.add_expert_feed_forward_length(hidden)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    for method, value in family.metadata:
        getattr(writer, method)(value)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_token_list(tokens)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + "
        "message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
