"""The same weights without quantisation: a GGUF file in F32, which no engine rounds further.

A quantised product has two roundings: that of the weights, which the file holds, and that of the
inputs, which each engine makes in its own way. With the weights of the file widened to F32 the
second one is gone, so llama.cpp computes what both engines only approximate.
"""

import gguf

# What the writer adds by itself, or what is no longer true.
OWN = ("GGUF.", "general.architecture", "general.file_type", "general.quantization_version")


def widen(source, target):
    """Writes `target`: the metadata of `source`, its tensors as the numbers that they stand for."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.get_field("general.architecture").contents())
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for name, field in reader.fields.items():
        if name.startswith(OWN):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)
    full = gguf.GGMLQuantizationType.F32
    for tensor in reader.tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        count = int(tensor.n_elements) * 4
        writer.add_tensor_info(tensor.name, shape, "float32", count, raw_dtype=full)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        writer.write_tensor_data(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
    writer.close()
