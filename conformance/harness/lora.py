"""Writes small LoRA adapters as the PEFT library saves them, with nothing but the standard library."""

import json
import random
import struct


def write(folder, hidden, seed=0, rank=4):
    """An adapter of the first query projection of a model with this hidden size."""
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "lora_alpha": 8, "r": rank, "bias": "none"}
    settings["target_modules"] = ["q_proj"]
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    shapes = {name.format("A"): [rank, hidden], name.format("B"): [hidden, rank]}
    numbers = random.Random(seed)
    header, data = {}, b""
    for tensor, shape in shapes.items():
        values = [numbers.gauss(0, 0.01) for _ in range(shape[0] * shape[1])]
        packed = struct.pack(f"<{len(values)}f", *values)
        place = [len(data), len(data) + len(packed)]
        header[tensor] = {"dtype": "F32", "shape": shape, "data_offsets": place}
        data += packed
    text = json.dumps(header).encode()
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    return folder
