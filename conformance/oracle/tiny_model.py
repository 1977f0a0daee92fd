"""Writes a tiny random model of the Llama family in F32: the same bytes for the same seed."""

import gguf
import numpy

SEED = 20261121
LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, HIDDEN, CONTEXT = 3, 128, 4, 2, 32, 256, 512
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


def no_text_alone():
    """Tokens that are no text by themselves: the oracle reports nothing at their positions."""
    return [*range(len(SPECIAL)), *(len(SPECIAL) + byte for byte in range(128, 256))]


def write(path):
    """Returns the size of the vocabulary."""
    generator = numpy.random.default_rng(SEED)
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    _metadata(writer, tokens, merges)

    def random(name, *shape, scale):
        values = generator.standard_normal(shape, dtype=numpy.float32) * numpy.float32(scale)
        writer.add_tensor(name, values)

    def norm(name):
        values = 1 + 0.2 * generator.standard_normal(WIDTH, dtype=numpy.float32)
        writer.add_tensor(name, values.astype(numpy.float32))

    heads, kv_heads = HEADS * HEAD_WIDTH, KV_HEADS * HEAD_WIDTH
    random("token_embd.weight", len(tokens), WIDTH, scale=1.0)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm.weight")
        random(f"{block}.attn_q.weight", heads, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.attn_k.weight", kv_heads, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.attn_v.weight", kv_heads, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.attn_output.weight", WIDTH, heads, scale=1.0 / heads**0.5)
        norm(f"{block}.ffn_norm.weight")
        random(f"{block}.ffn_gate.weight", HIDDEN, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.ffn_up.weight", HIDDEN, WIDTH, scale=1.0 / WIDTH**0.5)
        random(f"{block}.ffn_down.weight", WIDTH, HIDDEN, scale=1.0 / HIDDEN**0.5)
    norm("output_norm.weight")
    random("output.weight", len(tokens), WIDTH, scale=0.5 / WIDTH**0.5)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(tokens)


def _metadata(writer, tokens, merges):
    writer.add_name("tiny random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    normal, control = gguf.TokenType.NORMAL, gguf.TokenType.CONTROL
    writer.add_token_types([control] * len(SPECIAL) + [normal] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + "
        "message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
